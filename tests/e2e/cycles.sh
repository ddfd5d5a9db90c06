#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Loads and unloads a patch a hundred times while the machine is busy. With a second processor there is
# always a task that runs while the kernel moves tasks over, for which the kernel waits a second each
# time; so most of the cycles are done with one.
# usage: cycles.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"
"${kpatch_build[@]}" -a "$release" -n e2e-cycles -o "$work" "$here/patches/several-3.patch"
# cycles NUMBER PROCESSORS
cycles() {
	"$bin/kpatch" rehearse --kernel "$release" --cycles "$1" --cpus "$2" --with brd --timeout 600 \
		--check "$here/checks/cycles.sh" "$work/e2e-cycles.ko" >"$work/report" || { tail -n 60 "$work/report"; exit 1; }
	tail -n 2 "$work/report"
	[ "$(grep -c ' unload e2e_cycles *succeeds ' "$work/report")" -eq "$1" ]
}
cycles 88 1
cycles 12 2
