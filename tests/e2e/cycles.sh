#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Loads and unloads a patch a hundred times while the machine is busy.
# usage: cycles.sh BIN-DIRECTORY
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
bin=$1
release=$("$here/release.sh")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$bin/kpatch-build" -a "$release" -n e2e-cycles -o "$work" "$here/patches/meminfo-string.patch"
"$bin/kpatch" rehearse --kernel "$release" --cycles 100 --timeout 2400 \
	--check "$here/checks/cycles.sh" "$work/e2e-cycles.ko" >"$work/report" || { cat "$work/report"; exit 1; }
grep -c ' unload e2e_cycles *succeeds ' "$work/report"
tail -n 2 "$work/report"
