#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# All who can use a function that a patch replaces, before it and after it, in one boot.
# usage: others.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"

"${kpatch_build[@]}" -a "$release" -R -n e2e-others -o "$work" "$(file patches others.patch)"
# The same with names of its own.
"${kpatch_build[@]}" -a "$release" -R --unique-names -n e2e-unique -o "$work" "$(file patches others.patch)"
objects=$(cached objects)
source=$(cached source)
cp -r "$here/modules/others" "$work/others"
make -s --no-print-directory -C "$objects" -f "$source/Makefile" -o tools/objtool may-sync-config= need-compiler=1 \
	CONFIG_DEBUG_INFO_BTF= CONFIG_DEBUG_INFO_BTF_MODULES= M="$work/others" modules
"$bin/kpatch" rehearse --kernel "$release" --check "$here/checks/others.sh" --program "$work/others/others.ko" \
	--program "$work/e2e-unique.ko" --program "$bin/soak_tracer" --timeout 600 "$work/e2e-others.ko"
