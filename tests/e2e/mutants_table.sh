#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes docs/mutants.md: builds five modules, makes a mutant of each fault and each module, and tries one of each fault in the
# kernel. Takes about an hour without KVM and goes on where it was stopped: faults that the table has are not tried again.
# usage: mutants_table.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"

mkdir "$work/good" "$work/mutants"
while read -r name patch; do
	"${kpatch_build[@]}" -a "$release" -n "$name" -o "$work/good" "$(file patches "$patch.patch")"
done <<-END
	special special-sections
	both vmlinux-and-module
	callbacks callbacks
	newsym new-symbols
	syscall system-call
END
image=$(cached image)
"$bin/mutants" "$release" "$image/boot/vmlinuz-$release" "$image" "$work/mutants" "$work"/good/*.ko >"$work/said"
tail -n 1 "$work/said"
"$here/../mutants/try_in_kernel.py" "$bin/kpatch" "$release" "$work/said" "$work/mutants" "$here/../../docs/mutants.md"
