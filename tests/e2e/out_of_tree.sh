#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Patches two modules from outside the kernel's tree, one of which uses the other and gets a new file, and
# rehearses it. The modules in use and their sources must stay as they are.
# usage: out_of_tree.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"

# The modules in use, built against the kernel as their author would.
objects=$(cached objects)
source=$(cached source)
cp -r "$here/modules" "$work/used"
symbols=
for module in a b; do
	make -s --no-print-directory -C "$objects" -f "$source/Makefile" -o tools/objtool may-sync-config= need-compiler=1 \
		CONFIG_DEBUG_INFO_BTF= CONFIG_DEBUG_INFO_BTF_MODULES= KBUILD_EXTRA_SYMBOLS="$symbols" M="$work/used/$module" modules
	symbols=$work/used/$module/Module.symvers
done
cp -r "$here/modules" "$work/source"

(cd "$work" && find used source -type f -exec sha256sum {} + | sort) >"$work/before"
"${kpatch_build[@]}" -n e2e-out-of-tree -o "$work" -e "$work/used/a/a.ko" --oot-module-src "$work/source/a" \
	-e "$work/used/b/b.ko" --oot-module-src "$work/source/b" "$here/patches/out-of-tree.patch" | tee "$work/output"
# The name of its file in a warning is no change.
if grep b_unchanged "$work/output"; then exit 1; fi
(cd "$work" && find used source -type f -exec sha256sum {} + | sort) >"$work/after"
diff "$work/before" "$work/after"
"$bin/kpatch" rehearse --kernel "$release" --with "$work/used/a/a.ko" --with "$work/used/b/b.ko" \
	--check "$here/checks/out-of-tree.sh" "$work/e2e-out-of-tree.ko"

# A module of another kernel is refused by name.
sed 's/vermagic=6/vermagic=7/' "$work/used/a/a.ko" >"$work/a.ko"
! "${kpatch_build[@]}" -a "$release" -e "$work/a.ko" --oot-module-src "$work/source/a" "$here/patches/out-of-tree.patch" 2>"$work/log"
grep -q 'Kernel version mismatch: .*a.ko is for 7' "$work/log" || { cat "$work/log"; exit 1; }
