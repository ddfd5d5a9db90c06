/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * For authors of patches: include this in a patched source file. The builder finds what
 * these macros leave behind by section name.
 *
 *   static int before(patch_object *obj) { ...; return 0; }
 *   KPATCH_PRE_PATCH_CALLBACK(before);
 */

#include "kpatch-records.h"
#include "kpatch-syscall.h"

#include <linux/compiler.h>
#include <linux/jiffies.h>
#include <linux/printk.h>

/* The attribute itself: what the kernel's __section() takes differs between versions. */
#define KPATCH_SECTION(name) __attribute__((__section__(name)))

/* --- Things that the comparison of original and patched code is to leave alone. --- */

/* Changes in this section are not taken into the patch and are not an error. */
#define KPATCH_IGNORE_SECTION(section)                                                   \
	char *__UNIQUE_ID(kpatch_ignore_section_)                                        \
		KPATCH_SECTION(".kpatch.ignore.sections") = section

/* Changes in this function are not taken into the patch. */
#define KPATCH_IGNORE_FUNCTION(fn)                                                       \
	void *__kpatch_ignore_func_##fn KPATCH_SECTION(".kpatch.ignore.functions") = fn

/* Accepted for old patches; the kernel's livepatch code has no stack check to skip. */
#define KPATCH_FORCE_UNSAFE(fn)                                                          \
	void *__kpatch_force_func_##fn KPATCH_SECTION(".kpatch.force") = fn

/*
 * --- Callbacks: one of each kind in a source file. ---
 *
 * Called for the object (vmlinux or a module) that the source file belongs to, before and
 * after it is patched and unpatched. A pre-patch callback that returns an error keeps the
 * patch from being applied.
 */

typedef struct klp_object patch_object;

/* The initialiser checks the type of the function. */
#define KPATCH_CALLBACK(kind, fn)                                                        \
	static struct kpatch_##kind##_callback kpatch_##kind##_data __used KPATCH_SECTION( \
		".kpatch.callbacks." #kind) = { .callback = (fn), .objname = NULL }

#define KPATCH_PRE_PATCH_CALLBACK(fn) KPATCH_CALLBACK(pre_patch, fn)
#define KPATCH_POST_PATCH_CALLBACK(fn) KPATCH_CALLBACK(post_patch, fn)
#define KPATCH_PRE_UNPATCH_CALLBACK(fn) KPATCH_CALLBACK(pre_unpatch, fn)
#define KPATCH_POST_UNPATCH_CALLBACK(fn) KPATCH_CALLBACK(post_unpatch, fn)

/*
 * --- What a patch did to the system besides replacing functions. ---
 *
 *   KPATCH_STATE(timer_stopped, 0x1234, 1);
 *
 * names a state by a number that no other state has. A patch that replaces this one must
 * declare the same state, in this version or a later one, or the kernel refuses it: only
 * the callbacks of the new patch are called then, so that it has to know. Where it asks,
 * in callbacks, kpatch_previous_state() is the state as the replaced patch left it, or
 * NULL; kpatch_state() is the patch's own. `data` of both is the authors' to use.
 */
#define KPATCH_STATE(name, number, revision)                                             \
	static struct kpatch_state_record name __used KPATCH_SECTION(".kpatch.states")   \
		__aligned(__alignof__(struct kpatch_state_record)) = {                   \
			.id = (number), .version = (revision) }

#if KPATCH_HAS_STATES
static inline struct klp_state *kpatch_state(const struct kpatch_state_record *record)
{
	return klp_get_state(record->patch, record->id);
}

static inline struct klp_state *
kpatch_previous_state(const struct kpatch_state_record *record)
{
	return klp_get_prev_state(record->id);
}
#endif

/*
 * --- Messages. ---
 *
 * printk() is marked cold, so the compiler moves the code around a call out of the
 * function, and with it code that did not change. A condition that it cannot see through
 * keeps everything in place.
 */
#define KPATCH_PRINTK_IF_BOOTED(print, fmt, ...)                                         \
	do {                                                                             \
		if (jiffies)                                                             \
			print(fmt, ##__VA_ARGS__);                                       \
	} while (0)

#define KPATCH_PRINTK(fmt, ...) KPATCH_PRINTK_IF_BOOTED(printk, fmt, ##__VA_ARGS__)

/* Where taking the console lock could deadlock. */
#define KPATCH_PRINTK_DEFERRED(fmt, ...)                                                 \
	KPATCH_PRINTK_IF_BOOTED(printk_deferred, fmt, ##__VA_ARGS__)

/*
 * static_call() with an ordinary indirect call through the key: for a key that belongs to
 * a module, whose static calls are set up before its addresses are known.
 */
#define KPATCH_STATIC_CALL(name)                                                         \
	((typeof(STATIC_CALL_TRAMP(name)) *)READ_ONCE(STATIC_CALL_KEY(name).func))
