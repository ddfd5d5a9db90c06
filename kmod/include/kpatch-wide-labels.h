/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gives every jump label five bytes. Kernels since 5.14 have objtool make of each the shortest
 * instruction that reaches its target, mostly two bytes, which leave no room for a jump to a test
 * of the key. Included before the source file, so that it finds the processor's header read.
 */
#ifndef KPATCH_WIDE_LABELS_H
#define KPATCH_WIDE_LABELS_H

#include <linux/types.h>

struct static_key;
struct jump_entry;

#define arch_static_branch kpatch_short_branch
#define arch_static_branch_jump kpatch_short_branch_jump
#include <asm/jump_label.h>
#undef arch_static_branch
#undef arch_static_branch_jump

#ifdef ARCH_STATIC_BRANCH_ASM /* since 6.16 the entry has parameters */
#define KPATCH_JUMP_ENTRY JUMP_TABLE_ENTRY("%c0 + %c1", "%l[l_yes]")
#else
#define KPATCH_JUMP_ENTRY JUMP_TABLE_ENTRY
#endif

/* A jump whose entry has bit 1 of the key becomes a NOP of its own length by objtool. */
static __always_inline bool arch_static_branch(struct static_key *const key, const bool branch)
{
	asm goto("1: %{disp32%} jmp %l[l_yes]\n\t"
		 KPATCH_JUMP_ENTRY
		 : : "i" (key), "i" (2 | branch) : : l_yes);
	return false;
l_yes:
	return true;
}

static __always_inline bool arch_static_branch_jump(struct static_key *const key,
						    const bool branch)
{
	asm goto("1: %{disp32%} jmp %l[l_yes]\n\t"
		 KPATCH_JUMP_ENTRY
		 : : "i" (key), "i" (branch) : : l_yes);
	return false;
l_yes:
	return true;
}

#endif
