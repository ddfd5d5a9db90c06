#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A rehearsal must not pass when it proves nothing or when the kernel complains.
# usage: verdicts.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"
"${kpatch_build[@]}" -a "$release" -n e2e-verdicts -o "$work" "$here/patches/meminfo-string.patch"

# expect VERDICT CHECK-TEXT
expect() {
	echo "$2" >"$work/check"
	local status=0
	"$bin/kpatch" rehearse --kernel "$release" --check "$work/check" --timeout 60 \
		"$work/e2e-verdicts.ko" >"$work/report" || status=$?
	cat "$work/report"
	[ "$status" -eq 1 ] && grep -q "^FAILED ($1)" "$work/report" || { echo "expected the verdict $1"; exit 1; }
}
expect check-before 'true'
expect check-patched 'false'
expect check-after '[ "$KPATCH_PHASE" != before ]'
expect log 'echo "<4>WARNING: pretended" >/dev/kmsg; grep -q VMALLOCCHUNK /proc/meminfo'
expect crashed 'echo c >/proc/sysrq-trigger'

# One after the other: a patch of a function that is not there does not keep the next from its turn.
"${kpatch_build[@]}" -a "$release" -n e2e-good -o "$work" "$here/patches/meminfo-string.patch"
sed -i 's/meminfo_proc_show/meminfo_proc_shoo/g' "$work/e2e-verdicts.ko"
status=0
"$bin/kpatch" rehearse --kernel "$release" "$work/e2e-verdicts.ko" >"$work/refusal" 2>&1 || status=$?
cat "$work/refusal"
[ "$status" -eq 1 ] && grep -q KP5008 "$work/refusal" ||
	{ echo "a module without its function was not refused before"; exit 1; }
status=0
"$bin/kpatch" rehearse --kernel "$release" --skip-checks --each --cpus 1 --timeout 60 \
	"$work/e2e-verdicts.ko" "$work/e2e-good.ko" >"$work/report" || status=$?
cat "$work/report"
[ "$status" -eq 1 ]
grep -q '^FAILED (load): cycle 1: e2e_verdicts does not load' "$work/report"
grep -q ' unload e2e_good * succeeds ' "$work/report"
