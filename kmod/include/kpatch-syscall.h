/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * To change the body of a system call, replace SYSCALL_DEFINEn by KPATCH_SYSCALL_DEFINEn.
 *
 * The body is an inline function for the compiler, and the kernel makes everything inline
 * untraceable; where the compiler keeps it out of line all the same, nothing can redirect
 * it. Here the body becomes an ordinary new function, which the system call's own wrapper
 * calls: the wrapper is what changes, and it can be traced.
 */

#include <linux/syscalls.h>

#define KPATCH_SYSCALL_DEFINE1(name, ...) KPATCH_SYSCALL_DEFINEx(1, _##name, __VA_ARGS__)
#define KPATCH_SYSCALL_DEFINE2(name, ...) KPATCH_SYSCALL_DEFINEx(2, _##name, __VA_ARGS__)
#define KPATCH_SYSCALL_DEFINE3(name, ...) KPATCH_SYSCALL_DEFINEx(3, _##name, __VA_ARGS__)
#define KPATCH_SYSCALL_DEFINE4(name, ...) KPATCH_SYSCALL_DEFINEx(4, _##name, __VA_ARGS__)
#define KPATCH_SYSCALL_DEFINE5(name, ...) KPATCH_SYSCALL_DEFINEx(5, _##name, __VA_ARGS__)
#define KPATCH_SYSCALL_DEFINE6(name, ...) KPATCH_SYSCALL_DEFINEx(6, _##name, __VA_ARGS__)

#define KPATCH_SYSCALL_DEFINEx(count, name, ...)                                         \
	static noinline long __kpatch_do_sys##name(__MAP(count, __SC_DECL, __VA_ARGS__)); \
	SYSCALL_DEFINEx(count, name, __VA_ARGS__)                                        \
	{                                                                                \
		return __kpatch_do_sys##name(__MAP(count, __SC_ARGS, __VA_ARGS__));      \
	}                                                                                \
	static noinline long __kpatch_do_sys##name(__MAP(count, __SC_DECL, __VA_ARGS__))
