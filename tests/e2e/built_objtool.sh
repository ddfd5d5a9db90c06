#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A distribution may ship no objtool: built from the source it must make the same module, byte for byte.
# usage: built_objtool.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"
mkdir "$work/shipped" "$work/built"
"${kpatch_build[@]}" -a "$release" -n e2e-objtool -o "$work/shipped" "$(file patches meminfo-string.patch)"

# Of the kernel there is nothing but the image, and its package of build tools has lost objtool.
kernel=$(readlink -f "$(cached kernel)")
mkdir -p "$work/cache/downloads" "$work/cache/kernels/${kernel##*/}"
ln -s "$(readlink -f "$cache/sources")" "$work/cache"
ln -s "$kernel/image" "$work/cache/kernels/${kernel##*/}"
ln -s "$(readlink -f "$cache/downloads")"/*.deb "$work/cache/downloads"
tools=$(echo "$work/cache/downloads/linux-kbuild-${release%-cloud-amd64}"_*.deb)
dpkg-deb -R "$tools" "$work/tools"
find "$work/tools" -path '*/tools/objtool*' -delete
rm "$tools"
dpkg-deb --root-owner-group -b "$work/tools" "$tools" >/dev/null

CACHEDIR=$work/cache "${kpatch_build[@]}" -a "$release" --offline -n e2e-objtool -o "$work/built" "$(file patches meminfo-string.patch)"
[ -x "$(echo "$work"/cache/kernels/*/objects*/tools/objtool/objtool)" ] || { echo "no objtool was built"; exit 1; }
cmp "$work/shipped/e2e-objtool.ko" "$work/built/e2e-objtool.ko"
