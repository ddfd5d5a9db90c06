#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The compiler knows nothing of static calls: objtool finds the calls of __SCT__ trampolines and makes
# .static_call_sites of them, behind everything else in the object. The kernel's own objtool does that
# here; the site of the patched function must travel, at its place, and no other.
# usage: static_call.sh BIN-DIRECTORY [SHAPE...]
. "$(dirname "$(readlink -f "$0")")/common.sh"
objtool=$(find -L "$(cached objects)/tools/objtool" -name 'objtool*' -type f -perm -1 -print |
	sort | tail -n 1)
[ -n "$objtool" ] || { echo "no objtool in the cache" >&2; exit 1; }
cd "$work"

cat >unit.c <<'END'
extern long __SCK__hook;
extern int __SCT__hook(int);
static void *known __attribute__((used, section(".discard.addressable"))) = &__SCK__hook;
int before(int n) { return __SCT__hook(n) + 1; }
int patched(int n) { return __SCT__hook(n + STEP) + STEP; }
int jumping(int n) { return __SCT__hook(n); }
END
for step in 1 2; do
	gcc -c -O2 -fno-asynchronous-unwind-tables -pg -mfentry -fno-pic -mcmodel=kernel -fcf-protection=none \
		-ffunction-sections -fdata-sections -DSTEP=$step unit.c -o $step.o
	readelf -SW $step.o | grep -q static_call_sites && { echo "made too early" >&2; exit 1; }
	"$objtool" --static-call $step.o
done
[ "$(readelf -rW 1.o | sed -n '/rela.static_call_sites/,/^$/p' | grep -c R_X86_64_PC32)" -eq 6 ] # three sites

readelf -sW 1.o >symtab
printf '0x0\t__SCK__hook\tvmlinux\tEXPORT_SYMBOL\t\n0x0\t__SCT__hook\tvmlinux\tEXPORT_SYMBOL\t\n' >symvers
STATIC_CALL_STRUCT_SIZE=8 "$bin/create-diff-object" 1.o 2.o vmlinux symtab symvers livepatch-x output.o
readelf -rW output.o | sed -n '/rela.static_call_sites/,/^$/p' | grep R_X86_64 >sites
cat sites
[ "$(wc -l <sites)" -eq 2 ] || { echo "not one site" >&2; exit 1; }
grep -q '^0*4 .* __SCK__hook + 0' sites || { echo "the key is missing" >&2; exit 1; }
site=$(sed -n 's/^0* .* patched + \([0-9a-f]*\)$/\1/p' sites | head -n 1)
call=$(readelf -rW output.o | sed -n "/'.rela.text.patched'/,/^\$/p" | sed -n 's/^\([0-9a-f]*\) .* __SCT__hook .*/\1/p')
[ -n "$site" ] && [ $((16#$site + 1)) -eq $((16#$call)) ] || { echo "the site is at $site, the call's field at $call" >&2; exit 1; }
