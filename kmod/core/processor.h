/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What differs between processors: where a task that does not run has its stack, and what
 * of a return address on it is not the address. A processor that is not here cannot be
 * served.
 */

#include <linux/compiler.h>
#include <linux/sched.h>

#if defined(CONFIG_ARM64)

#include <asm/compiler.h>
#include <asm/thread_info.h>

static inline unsigned long saved_stack_pointer(const struct task_struct *task)
{
	return thread_saved_sp(task);
}

/* Signed with the stack pointer, in the bits that addresses do not use. */
static inline unsigned long strip_return_address(unsigned long word)
{
	return ptrauth_strip_kernel_insn_pac(word);
}

#elif defined(CONFIG_X86_64)

static inline unsigned long saved_stack_pointer(const struct task_struct *task)
{
	return task->thread.sp;
}

static inline unsigned long strip_return_address(unsigned long word)
{
	return word;
}

#else
#error "stacks of this processor are not known"
#endif
