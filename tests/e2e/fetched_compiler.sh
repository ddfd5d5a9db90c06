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

# The message for a kernel that there is not names the newest that there is.
message=$("$bin/kpatch-build" -a 6.12.9999+deb13-cloud-amd64 "$here/patches/meminfo-string.patch" 2>&1) || true
release=$(grep -o '6\.12\.[0-9]*+deb13-cloud-amd64' <<<"$message" | sort -V | tail -n 2 | head -n 1)
[ -n "$release" ] || { echo "$message"; exit 1; }
[ "$release" != 6.12.9999+deb13-cloud-amd64 ] || { echo "$message"; exit 1; }

"$bin/kpatch-build" -a "$release" --compiler fetched -n e2e-fetched -o "$work" --json "$work/json" \
	"$here/patches/meminfo-string.patch"
grep -q '"from": "fetched"' "$work/json"
grep -q '"version": ".*gcc-14 (Debian ' "$work/json"
"$bin/kpatch-build" cache list | grep ' toolchains/gcc-14_'

# All of it is there now; root or not, it is found in namespaces of its own.
"$bin/kpatch-build" -a "$release" --compiler fetched --offline -n e2e-again -o "$work" "$here/patches/meminfo-string.patch"
"$bin/kpatch" rehearse --kernel "$release" --check "$here/checks/meminfo-string.sh" "$work/e2e-fetched.ko"
