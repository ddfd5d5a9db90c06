#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The web pages that kpatch-build --report writes, of a build that goes well, of one that leaves something out, of one that is
# refused, and of several kernels, and those of kpatch rehearse --report, of a rehearsal that passes and of one that fails, are looked at in Chromium. Its tools are brought by: npm install --prefix DIRECTORY axe-core puppeteer-core
# usage: page.sh BIN-DIRECTORY [DIRECTORY-OF-PICTURES [NODE-MODULES]]
. "$(dirname "$(readlink -f "$0")")/common.sh"
pages=${2:-$work/pages}
modules=${3:-${KPATCH_NODE_MODULES:-$here/../../build/page/node_modules}}
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || { echo "skipped: chromium is missing"; exit 77; }
command -v node >/dev/null || { echo "skipped: node is missing"; exit 77; }
if [ ! -d "$modules/axe-core" ] || [ ! -d "$modules/puppeteer-core" ]; then
	echo "skipped: npm install --prefix build/page axe-core puppeteer-core brings what it needs"
	exit 77
fi
mkdir -p "$pages"
build=("${kpatch_build[@]}" -a "$release" -o "$work")
"${build[@]}" --cve CVE-2026-1111 --report "$pages/built.html" "$here/patches/meminfo-string.patch"
mkdir "$work/series"
cp "$here/patches/meminfo-string.patch" "$work/series/1-good.patch"
cp "$here/patches/library.patch" "$work/series/2-library.patch"
"${build[@]}" -n page-series --series "$work/series" --max-callers 0 --leave-out-refused --report "$pages/left-out.html"
! "${build[@]}" --report "$pages/refused.html" --max-callers 0 "$here/patches/library.patch" 2>/dev/null || exit 1
grep -q '<del>-.*VmallocChunk' "$pages/built.html" || { echo "the page of a build does not show the source"; exit 1; }
# Several kernels: one that is there, one that nobody has, and another release that the cache may have. The patch has a path that
# no phone is wide enough for.
deep=$work/a-folder-with-a-name-that-is-wider/than-any-telephone/that-anybody-owns
mkdir -p "$work/several" "$deep"
cp "$here/patches/meminfo-string.patch" "$deep/meminfo-string.patch"
several=(-a "$release" -a 9.9.9-1-cloud-amd64)
other=$(find "$cache/kernels" -mindepth 1 -maxdepth 1 -name '6.1.0-*-cloud-amd64_*' ! -name "${release}_*" -printf '%f\n' | sed 's/_.*//' | sort -V | tail -n 1)
[ -z "$other" ] || several+=(-a "$other")
! "${kpatch_build[@]}" --offline "${several[@]}" -o "$work/several" --report "$pages/kernels.html" "$deep/meminfo-string.patch" || exit 1
grep -qE "<th scope=\"row\">$release</th><td[^>]*>✓ built</td><td[^>]*>1 function</td>" "$pages/kernels.html"
grep -qE '<th scope="row">9.9.9-1-cloud-amd64</th><td[^>]*>✗ failed</td>' "$pages/kernels.html"
test -s "$work/several/$release/kernels.html"
module=$work/livepatch-meminfo-string.ko
"$bin/kpatch" rehearse --check "$here/checks/meminfo-string.sh" --report "$pages/rehearsed.html" "$module"
echo 'echo "this <check> fails"; false' >"$work/fails.sh"
! "$bin/kpatch" rehearse --check "$work/fails.sh" --cycles 2 --report "$pages/failed.html" "$module" || exit 1
"$bin/kpatch" rehearse --report "$work/rehearsed.txt" "$module" >"$work/said"
cmp "$work/rehearsed.txt" "$work/said"
node "$here/../page.js" "$chromium" "$(realpath "$modules")" "$pages"/*.html
