#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A kernel of another release of Debian, with the compiler it was built with: both come from that release's archive into
# the cache, and what is made so loads and works.
# usage: fetched_compiler.sh BIN-DIRECTORY
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
bin=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

release=$("$here/newest.sh" "$bin" '6.12.*+deb13-cloud-amd64')

"$bin/kpatch-build" --no-isolate -a "$release" --compiler fetched -n e2e-fetched -o "$work" --json "$work/json" \
	"$here/patches/meminfo-string.patch"
grep -q '"from": "fetched"' "$work/json"
grep -q '"version": ".*gcc-14 (Debian ' "$work/json"
"$bin/kpatch-build" cache list | grep ' toolchains/gcc-14_'

# All of it is there now; root or not, it is found in namespaces of its own.
"$bin/kpatch-build" --no-isolate -a "$release" --compiler fetched --offline -n e2e-again -o "$work" "$here/patches/meminfo-string.patch"
"$bin/kpatch" rehearse --kernel "$release" --check "$here/checks/meminfo-string.sh" "$work/e2e-fetched.ko"
