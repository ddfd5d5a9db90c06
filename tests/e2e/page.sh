#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The web pages that kpatch-build --report writes, of a build that goes well, of one that leaves something out, and of one that is
# refused, are looked at in Chromium. Its tools are brought by: npm install --prefix DIRECTORY axe-core puppeteer-core
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
build=("$bin/kpatch-build" --no-isolate -a "$release" -o "$work")
"${build[@]}" --cve CVE-2026-1111 --report "$pages/built.html" "$here/patches/meminfo-string.patch"
mkdir "$work/series"
cp "$here/patches/meminfo-string.patch" "$work/series/1-good.patch"
cp "$here/patches/library.patch" "$work/series/2-library.patch"
"${build[@]}" -n page-series --series "$work/series" --leave-out-refused --report "$pages/left-out.html"
! "${build[@]}" --report "$pages/refused.html" "$here/patches/library.patch" 2>/dev/null || exit 1
node "$here/../page.js" "$chromium" "$(realpath "$modules")" "$pages"/*.html
