/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The macros of the kernel's own <linux/livepatch_helpers.h> (6.19) for kernels that have
 * no such header, so that one patch builds for all. The compiler looks here last: where the
 * kernel has one, it is taken.
 */

#include "../kpatch-syscall.h"

#include <linux/compiler.h>
#include <linux/livepatch.h>

#ifdef MODULE
#define KLP_OBJNAME __KBUILD_MODNAME
#else
#define KLP_OBJNAME vmlinux
#endif

/*
 * Called for the object that the source file belongs to. The builder takes the kind of a
 * callback from the name of the pointer. The attribute is spelled out because what
 * __section() takes differs between versions.
 */
#define KLP_CALLBACK_PTRS ".discard.klp_callback_ptrs"
#define KLP_JOIN_(prefix, object) prefix##object
#define KLP_JOIN(prefix, object) KLP_JOIN_(prefix, object)
#define KLP_CALLBACK(kind, result, fn)                                                   \
	result (*KLP_JOIN(__klp_##kind##_callback_, KLP_OBJNAME))(struct klp_object *)   \
		__used __attribute__((__section__(KLP_CALLBACK_PTRS))) = (fn)

#define KLP_PRE_PATCH_CALLBACK(fn) KLP_CALLBACK(pre_patch, int, fn)
#define KLP_POST_PATCH_CALLBACK(fn) KLP_CALLBACK(post_patch, void, fn)
#define KLP_PRE_UNPATCH_CALLBACK(fn) KLP_CALLBACK(pre_unpatch, void, fn)
#define KLP_POST_UNPATCH_CALLBACK(fn) KLP_CALLBACK(post_unpatch, void, fn)

/* An ordinary indirect call, for a key that belongs to a module. */
#define KLP_STATIC_CALL(name)                                                            \
	((typeof(STATIC_CALL_TRAMP(name)) *)(STATIC_CALL_KEY(name).func))

/* Replace SYSCALL_DEFINEn; kpatch-syscall.h says why. */
#define KLP_SYSCALL_DEFINE1(name, ...) KLP_SYSCALL_DEFINEx(1, _##name, __VA_ARGS__)
#define KLP_SYSCALL_DEFINE2(name, ...) KLP_SYSCALL_DEFINEx(2, _##name, __VA_ARGS__)
#define KLP_SYSCALL_DEFINE3(name, ...) KLP_SYSCALL_DEFINEx(3, _##name, __VA_ARGS__)
#define KLP_SYSCALL_DEFINE4(name, ...) KLP_SYSCALL_DEFINEx(4, _##name, __VA_ARGS__)
#define KLP_SYSCALL_DEFINE5(name, ...) KLP_SYSCALL_DEFINEx(5, _##name, __VA_ARGS__)
#define KLP_SYSCALL_DEFINE6(name, ...) KLP_SYSCALL_DEFINEx(6, _##name, __VA_ARGS__)
#define KLP_SYSCALL_DEFINEx(count, name, ...)                                            \
	KPATCH_SYSCALL_DEFINEx(count, name, __VA_ARGS__)
