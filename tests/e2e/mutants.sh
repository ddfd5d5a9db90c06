#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds two modules and does one fault after the other to each: `kpatch verify` must find all of them, and nothing in
# the modules as they were built. Boots nothing.
# usage: mutants.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"

"${kpatch_build[@]}" -a "$release" -n mutant-special -o "$work" "$(file patches special-sections.patch)"
"${kpatch_build[@]}" -a "$release" -n mutant-several -o "$work" "$(file patches vmlinux-and-module.patch)"
image=$(cached image)
"$bin/mutants" "$release" "$image/boot/vmlinuz-$release" "$image" - "$work"/*.ko
for module in "$work"/*.ko; do
	"$bin/kpatch" verify "$module"
done
