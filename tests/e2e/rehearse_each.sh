#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds several patch modules and rehearses them one after the other, each with its own check, in one machine;
# with $KPATCH_TEST_AGAIN in a second one with those options too. A module is given by its check and the patches
# in it, one patch named like the check if there are none. With $KPATCH_TEST_GO_ON the others are rehearsed although
# one cannot be built. $KPATCH_TEST_COMPILER: where the compiler comes from, fetched or installed.
# usage: rehearse_each.sh BIN-DIRECTORY CHECK[:PATCH,...]... [-- REHEARSE-OPTION...]
. "$(dirname "$(readlink -f "$0")")/common.sh"
shift

mkdir "$work/checks"

# make_module CHECK PATCH...: it is named after the first patch.
make_module() {
	local check=$1 name=$2 patch patches=()
	shift
	for patch in "$@"; do
		patches+=("$(file patches "$patch.patch")")
	done
	if ! "${kpatch_build[@]}" -a "$release" ${KPATCH_TEST_COMPILER:+--compiler "$KPATCH_TEST_COMPILER"} -n "$name" -o "$work" \
		"${patches[@]}"; then
		failed+=("$name")
		[ -n "${KPATCH_TEST_GO_ON:-}" ]
		return
	fi
	modules+=("$work/$name.ko")
	# In the machine modules are known with underscores.
	cp "$(file checks "$check.sh")" "$work/checks/check-${name//-/_}"
	checks+=(--program "$work/checks/check-${name//-/_}")
}

modules=() checks=() failed=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	listed=${1#*:}
	# shellcheck disable=SC2086 # these are words
	make_module "${1%%:*}" ${listed//,/ }
	shift
done
[ $# -eq 0 ] || shift
echo 'sh "/bin/check-$KPATCH_MODULES"' >"$work/check"

rehearse() {
	"$bin/kpatch" rehearse --kernel "$release" --check "$work/check" --each --timeout 900 \
		"${checks[@]}" "$@" "${modules[@]}"
}

rehearse "$@"
if [ -n "${KPATCH_TEST_AGAIN:-}" ]; then
	# shellcheck disable=SC2086 # these are words
	rehearse "$@" $KPATCH_TEST_AGAIN
fi
if [ ${#failed[@]} -gt 0 ]; then
	echo "not built: ${failed[*]}"
	exit 1
fi
