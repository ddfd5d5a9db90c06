#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Stalls, replacement, roll-back and inspection on the stock kernel, in one boot.
# usage: operations.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"

for name in v1 v2 sleep; do
	option=()
	[ "$name" != sleep ] || option=(-R)
	[ "$name" != v2 ] || option=(--cve CVE-2026-1111 --patch-version 2.1)
	"${kpatch_build[@]}" -a "$release" "${option[@]}" -n "operations-$name" -o "$work" \
		"$here/patches/operations-$name.patch"
done
# A module that has a function for itself.
objects=$(cached objects)
source=$(cached source)
cp -r "$here/modules/holder" "$work/holder"
make -s --no-print-directory -C "$objects" -f "$source/Makefile" -o tools/objtool may-sync-config= need-compiler=1 \
	CONFIG_DEBUG_INFO_BTF= CONFIG_DEBUG_INFO_BTF_MODULES= M="$work/holder" modules
"$bin/kpatch" rehearse --kernel "$release" --check "$here/checks/operations.sh" \
	--program "$work/operations-v2.ko" --program "$work/operations-sleep.ko" \
	--program "$work/holder/holder.ko" --timeout 480 "$work/operations-v1.ko"
