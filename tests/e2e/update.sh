#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Brings a stock kernel to a later version of its series by one live patch: builds the module, judges it, loads it in a
# virtual machine and works under it for so many minutes, unloads it, and shows the figures. Modules that the machine
# cannot load, mostly as their hardware is missing, stay out. The report is left in the directory.
# usage: update.sh BIN-DIRECTORY RELEASE VERSION DIRECTORY [MINUTES]
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
bin=$1 release=$2 version=$3 out=$4 minutes=${5:-10}
mkdir -p "$out"
rm -f "$out"/*.ko

/usr/bin/time -o "$out/cost" -f '%e s, %U s of user and %S s of system time, at most %M KiB in one process' \
	"$bin/kpatch-build" --no-isolate -a "$release" --to "$version" -n update -o "$out" --json "$out/build.json" --report "$out/report.html"
"$bin/kpatch" verify "$out/update.ko"

{
	echo "UPDATE_SECONDS=$((minutes * 60))"
	cat "$here/checks/update.sh"
} >"$out/check.sh"
without=()
rehearse() {
	"$bin/kpatch" rehearse --kernel "$release" --check "$out/check.sh" --timeout $((minutes * 60 + 900)) \
		--json "$out/rehearsal.json" "${without[@]}" "$out/update.ko" | tee "$out/rehearsal"
}
until rehearse; do
	mapfile -t missing < <(sed -n 's/.*the kernel module \([^ ]*\) does not load.*/--without=\1/p' "$out/rehearsal" | sort -u)
	[ ${#missing[@]} -gt 0 ] || exit 1
	without+=("${missing[@]}")
done

echo
jq -r '.totals | "in the module: \(.units_in) units, \(.functions) functions of \(.objects) objects",
	"no effect here: \(.units_without_effect) units",
	"needs a reboot: \(.needs_reboot) changes",
	"not in this kernel: \(.not_in_kernel) files"' "$out/build.json"
jq -r '[.needs_reboot[] | .code // "does not compile or apply, or was named"] | group_by(.)[] | "  \(length) \(.[0])"' "$out/build.json"
[ ${#without[@]} -eq 0 ] || echo "not loaded in the machine: ${without[*]#--without=}"
echo "built in $(cat "$out/cost")"
grep -E '^ *(load|unload|check)' "$out/rehearsal" || true
