#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: refuse_hostile.sh CREATE-DIFF-OBJECT
# Damaged objects end with status 1, a message that names the object, and no output file.
set -euo pipefail
program=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

echo 'int f(int x) { return x + 1; }' >original.c
echo 'int f(int x) { return x + 2; }' >patched.c
for unit in original patched; do
	gcc -c -O2 -ffunction-sections -fdata-sections "$unit.c" -o "$unit.o"
done
: >symtab
: >symvers

# refuses WHAT NAME-IN-THE-MESSAGE ORIGINAL PATCHED
refuses() {
	local status=0
	timeout 20 "$program" "./$3" "./$4" vmlinux symtab symvers module output.o \
		>stdout 2>stderr || status=$?
	if [ "$status" -ne 1 ] || [ -e output.o ] || ! grep -qF "create-diff-object: ERROR: $2: " stderr; then
		echo "$1: status $status, $(cat stderr)" >&2
		exit 1
	fi
}

head -c 700 patched.o >cut.o
refuses "a cut object" "original.o (patched)" original.o cut.o
head -c 40 original.o >header.o
refuses "a cut header" header.o header.o header.o
echo "no object" >text.o
refuses "text" text.o text.o patched.o

# Offset and count of the section headers: far outside the file.
cp patched.o far.o
printf '\xff\xff\xff\xff\xff\xff\xff\x7f' | dd of=far.o bs=1 seek=40 conv=notrunc status=none
refuses "section headers outside the file" far.o far.o far.o

# More sections than sixteen bits count are no error.
awk 'BEGIN { print ".globl first; first:"; for (i = 0; i < 66000; i++) printf ".section .s%d,\"a\"\n.byte 1\n", i }' >many.s
gcc -c many.s -o many.o
status=0
timeout 20 "$program" many.o many.o vmlinux symtab symvers module output.o >stdout 2>stderr ||
	status=$?
[ "$status" -eq 3 ] || { echo "66,000 sections: status $status, $(cat stderr)" >&2; exit 1; }
