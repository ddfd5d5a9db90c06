#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The safety review must see a planted hazard of each kind, and let their harmless neighbours pass.
# usage: review.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"
patches=$here/patches/review story=$here/../../demo/ipvs

# review RESULT PATCH...: builds them into one module, if the review lets them.
review() {
	local status=0
	"${kpatch_build[@]}" -a "$release" --review=error -n e2e-review -o "$work" "${@:2}" >"$work/log" 2>&1 || status=$?
	cat "$work/log"
	[ "$status" -eq "$1" ] || { echo "exit status $status instead of $1"; exit 1; }
}

review 1 "$story/v2.patch" "$patches"/*-hazard.patch
for finding in 'ip_vs_est.o: estimation_timer: .*mod_timer.*KP4001' \
	"timerfd.o: struct timerfd_ctx: field 'missed' is new at byte .*KP4002" \
	'version.o: version_proc_show: it only takes a reference to an inode.*KP4003' \
	'journal.o: kjournald2: .*KP4004' 'printk.o: vprintk_emit: .*printk.*KP4005'; do
	grep -Eq "$finding" "$work/log" || { echo "not found: $finding"; exit 1; }
done
review 0 "$story/v4.patch" "$patches"/*-harmless.patch
! grep KP4 "$work/log"
