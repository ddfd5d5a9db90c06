#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds a patch module from one or more patches and rehearses it on the stock kernel; with
# $KPATCH_TEST_AGAIN a second time with those options too.
# usage: patch_and_rehearse.sh BIN-DIRECTORY CHECK PATCH... [-- REHEARSE-OPTION...]
. "$(dirname "$(readlink -f "$0")")/common.sh"
check=$2
shift 2

patches=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	patches+=("$(file patches "$1.patch")")
	shift
done
[ $# -eq 0 ] || shift


rehearse() {
	"$bin/kpatch" rehearse --kernel "$release" --check "$(file checks "$check.sh")" "$@" "$work/e2e-$check.ko"
}

"${kpatch_build[@]}" -a "$release" -n "e2e-$check" -o "$work" "${patches[@]}"
rehearse "$@"
if [ -n "${KPATCH_TEST_AGAIN:-}" ]; then
	# shellcheck disable=SC2086 # these are words
	rehearse "$@" $KPATCH_TEST_AGAIN
fi
