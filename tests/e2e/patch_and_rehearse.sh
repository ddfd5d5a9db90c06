#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds a patch module from one or more patches and rehearses it on the stock kernel.
# usage: patch_and_rehearse.sh BIN-DIRECTORY CHECK PATCH... [-- REHEARSE-OPTION...]
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
bin=$1 check=$2
shift 2

patches=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	patches+=("$here/patches/$1.patch")
	shift
done
[ $# -eq 0 ] || shift

release=$("$here/release.sh")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$bin/kpatch-build" -a "$release" -n "e2e-$check" -o "$work" "${patches[@]}"
"$bin/kpatch" rehearse --kernel "$release" --check "$here/checks/$check.sh" "$@" "$work/e2e-$check.ko"
