#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: klp_arch.sh CREATE-DIFF-OBJECT CREATE-KLP-MODULE
# Kernels before 5.8 want alternatives and paravirt sites of each patched object apart, in
# .klp.arch.OBJECT..SECTION, with the sites of the patch and no others. From the compiler to the
# module, with gcc and, if it is there, clang.
set -euo pipefail
differ=$1 converter=$2
[ "$(uname -m)" = x86_64 ] || { echo "skipped: the compiler here makes code for another processor"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export ALT_STRUCT_SIZE=13 PARA_STRUCT_SIZE=16 # struct alt_instr, struct paravirt_patch_site of 5.4

# Sites as the macros of arch/x86/include/asm/alternative.h and paravirt_types.h write them.
cat >unit.c <<'END'
#define SITE                                                                 \
	asm volatile("771: nop\n"                                            \
		     ".pushsection .altinstructions,\"a\"\n"                 \
		     ".long 771b - .\n.long 772f - .\n.word 1\n.byte 1\n"    \
		     ".byte 1\n.byte 0\n.popsection\n"                       \
		     ".pushsection .altinstr_replacement,\"ax\"\n"           \
		     "772: cld\n.popsection\n"                               \
		     ".pushsection .parainstructions,\"a\"\n.balign 8\n"     \
		     ".quad 771b\n.byte 3\n.byte 1\n.short 0\n.popsection\n")
int before(int n) { SITE; return n; }
int patched(int n) { SITE; return n + STEP; }
int after(int n) { SITE; return n; }
END

fail() { echo "$compiler: $*" >&2; exit 1; }
size_of() { readelf -SW "$1" | sed -n "s/.* $2 *PROGBITS *[0-9a-f]* [0-9a-f]* \([0-9a-f]*\) .*/\1/p"; }

for compiler in gcc clang; do
	command -v "$compiler" >/dev/null || { echo "$compiler is not here: not tried"; continue; }
	flags=(-c -O2 -fno-asynchronous-unwind-tables -pg -mfentry -fno-pic -mcmodel=kernel -ffunction-sections -fdata-sections)
	"$compiler" "${flags[@]}" -DSTEP=1 unit.c -o original.o
	"$compiler" "${flags[@]}" -DSTEP=2 unit.c -o patched.o
	for parent in vmlinux ext4; do
		readelf -sW original.o >symtab
		rm -f output.o module.ko plain.ko
		"$differ" --klp-arch original.o patched.o "$parent" symtab /dev/null livepatch-x output.o >log ||
			fail "no object: $(cat log)"
		ld -r output.o -o linked.ko
		"$converter" linked.ko module.ko
		for section in altinstructions parainstructions; do
			name=.klp.arch.$parent..$section
			readelf -SW module.ko | grep -qF " $name " || fail "no $name"
			readelf -SW module.ko | grep -q " \.$section " && fail ".$section is still there"
			readelf -rW module.ko | sed -n "/'.rela$name'/,/^\$/p" >entries
			grep -q ' patched + ' entries || fail "$name is not of the patched function: $(cat entries)"
			grep -qE ' (before|after) \+ ' entries && fail "$name has sites of others: $(cat entries)"
		done
		[ $((16#$(size_of module.ko "\.klp\.arch\.$parent\.\.altinstructions"))) -eq 13 ] ||
			fail "not one alternative"
		[ $((16#$(size_of module.ko "\.klp\.arch\.$parent\.\.parainstructions"))) -eq 16 ] ||
			fail "not one whole paravirt site"
		readelf -SW module.ko | grep -q 'kpatch\.arch' && fail "records are left"
		"$converter" --no-klp-arch-sections linked.ko plain.ko
		readelf -SW plain.ko | grep -q ' \.altinstructions ' || fail "moved without being asked to"
	done
	# With other kernels they stay, and one size that is not known is an error.
	(unset PARA_STRUCT_SIZE && "$converter" linked.ko none.ko 2>log) && fail "no size, no error"
	grep -q 'PARA_STRUCT_SIZE not set' log || fail "$(cat log)"
	[ ! -e none.ko ] || fail "an output in spite of an error"
done
exit 0
