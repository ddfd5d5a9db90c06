#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: refuse_hostile.sh CREATE-DIFF-OBJECT CREATE-KLP-MODULE
# Damaged objects end both programs with status 1, a message that names the object and the place, and
# no output file.
set -euo pipefail
differ=$1 linker=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

echo 'int g(int); int f(int x) { return g(x) + 1; }' >original.c
echo 'int g(int); int f(int x) { return g(x) + 2; }' >patched.c
for unit in original patched; do
	gcc -c -O2 -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections "$unit.c" -o "$unit.o"
done
: >symtab
: >symvers

# ends PROGRAM MESSAGE COMMAND...
ends() {
	local program=$1 message=$2 status=0
	shift 2
	timeout 20 "$@" >stdout 2>stderr || status=$?
	if [ "$status" -ne 1 ] || [ -e output.o ] || ! grep -qF "$program: ERROR: $message" stderr; then
		echo "$*: status $status instead of '$message': $(cat stderr)" >&2
		exit 1
	fi
}

# refuses OBJECT WHAT: as the original, as the patched one, and as a module
refuses() {
	ends create-diff-object "$1: $2" "$differ" "$1" patched.o vmlinux symtab symvers module output.o
	ends create-diff-object "original.o (patched): $2" "$differ" original.o "$1" vmlinux symtab symvers module output.o
	ends create-klp-module "$1: $2" "$linker" "$1" output.o
}

# Where the header of a section is, and its fields in that (Elf64_Shdr).
header() { echo $((table + 64 * $(readelf -SW original.o | sed -n "s/^ *\[ *\([0-9]*\)\] $1 .*/\1/p"))); }
table=$(readelf -hW original.o | sed -n 's/.*Start of section headers: *\([0-9]*\).*/\1/p')
readonly table type=4 offset=24 size=32 link=40 info=44 alignment=48 entry=56

# damaged NAME OFFSET WIDTH VALUE: a copy of patched.o with a number at an offset
damaged() {
	local i bytes=
	for ((i = 0; i < $3; i++)); do
		bytes+=$(printf '\\x%02x' $((($4 >> (8 * i)) & 255)))
	done
	cp patched.o "$1"
	printf "$bytes" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
[ "$(stat -c %s original.o)" -eq "$(stat -c %s patched.o)" ] # so both have one layout
text=$(header '\.text\.f')
relocations=$(header '\.rela\.text\.f')
symbols=$(header '\.symtab')

# Truncated.
head -c 700 patched.o >cut.o
refuses cut.o "section headers at "
head -c 40 patched.o >header.o
refuses header.o ""
echo "no object" >text.o
refuses text.o "not an ELF object file"
: >empty.o
refuses empty.o ""
damaged short.o $((text + size)) 8 $((1 << 44))
refuses short.o "section .text.f: contents lie outside the file"
damaged far.o 40 8 $((0x7fffffffffffffff))
refuses far.o "section headers at 0x7fffffffffffffff lie outside the file"

# Looping.
damaged itself.o $((relocations + info)) 4 $(((relocations - table) / 64))
refuses itself.o "can't find base section for rela section .rela.text.f"
damaged names.o $((symbols + link)) 4 $(((symbols - table) / 64))
refuses names.o "symbol 1: name lies outside the string table"

# Overlapping.
damaged shared.o $((relocations + offset)) 8 64
refuses shared.o "section "
grep -q 'overlaps .* in the file, at 0x40' stderr
damaged start.o $((text + offset)) 8 0
refuses start.o "section .text.f: overlaps the ELF header in the file, at 0x0"

# Contradictory.
damaged tables.o $((text + type)) 4 2
refuses tables.o "has two symbol tables"
damaged entries.o $((relocations + entry)) 8 16
refuses entries.o "section .rela.text.f: entry size 16 instead of 24"
damaged aligned.o $((text + alignment)) 8 24
refuses aligned.o "section .text.f: impossible alignment 0x18"
damaged old.o $((relocations + type)) 4 9
refuses old.o "section .rela.text.f: relocations without addends (SHT_REL)"
table_at=$(readelf -SW original.o | sed -n 's/.* \.symtab *SYMTAB *[0-9a-f]* \([0-9a-f]*\) .*/\1/p')
damaged nowhere.o $((16#$table_at + 24 + 6)) 2 4000
refuses nowhere.o "symbol 1 "
rela_at=$(readelf -SW original.o | sed -n 's/.* \.rela\.text\.f *RELA *[0-9a-f]* \([0-9a-f]*\) .*/\1/p')
damaged outside.o $((16#$rela_at)) 8 4096
refuses outside.o "section .rela.text.f: relocation 0 at 0x1000"
damaged symbol.o $((16#$rela_at + 12)) 4 4096
refuses symbol.o "section .rela.text.f: refers to symbol 4096"

# More sections than sixteen bits count are not an error, unless the number is a lie.
awk 'BEGIN { print ".globl first; first:"; for (i = 0; i < 66000; i++) printf ".section .s%d,\"a\"\n.byte 1\n", i }' >many.s
gcc -c many.s -o many.o
status=0
timeout 20 "$differ" many.o many.o vmlinux symtab symvers module output.o >stdout 2>stderr || status=$?
[ "$status" -eq 3 ] || { echo "66,000 sections: status $status, $(cat stderr)" >&2; exit 1; }
cp many.o lie.o
many=$(readelf -hW many.o | sed -n 's/.*Start of section headers: *\([0-9]*\).*/\1/p')
printf '\xff\xff\xff\x7f\0\0\0\0' | dd of=lie.o bs=1 seek=$((many + size)) conv=notrunc status=none
refuses lie.o "section table cannot be read"
