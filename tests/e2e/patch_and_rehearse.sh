#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds a patch module from one or more patches and rehearses it on the stock kernel; with
# $KPATCH_TEST_AGAIN a second time with those options too. A file in a folder named after the kernel's series
# goes before one for all series.
# usage: patch_and_rehearse.sh BIN-DIRECTORY CHECK PATCH... [-- REHEARSE-OPTION...]
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
bin=$1 check=$2
series=${KPATCH_TEST_SERIES:-6.1}
shift 2

# file FOLDER NAME
file() {
	if [ -e "$here/$1/$series/$2" ]; then echo "$here/$1/$series/$2"; else echo "$here/$1/$2"; fi
}

patches=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	patches+=("$(file patches "$1.patch")")
	shift
done
[ $# -eq 0 ] || shift

release=$("$here/release.sh")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

rehearse() {
	"$bin/kpatch" rehearse --kernel "$release" --check "$(file checks "$check.sh")" "$@" "$work/e2e-$check.ko"
}

"$bin/kpatch-build" -a "$release" -n "e2e-$check" -o "$work" "${patches[@]}"
rehearse "$@"
if [ -n "${KPATCH_TEST_AGAIN:-}" ]; then
	# shellcheck disable=SC2086 # these are words
	rehearse "$@" $KPATCH_TEST_AGAIN
fi
