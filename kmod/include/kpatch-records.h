/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the builder leaves in the module for the hook to find. The layout of a function
 * record is src/klp/records.h's `.kpatch.funcs`; callbacks come from kpatch-macros.h, with
 * `objname` filled in by the builder.
 */

#include <linux/livepatch.h>
#include <linux/version.h>

#ifndef RHEL_RELEASE_CODE
#define RHEL_RELEASE_CODE 0
#define RHEL_RELEASE_VERSION(major, minor) 1
#endif

/* Without it kpatch.ko takes the patch. */
#ifdef CONFIG_LIVEPATCH
#define KPATCH_HAS_LIVEPATCH 1
#else
#define KPATCH_HAS_LIVEPATCH 0
#endif

/* Callbacks of an object: 4.15, and Red Hat's 3.10 of RHEL 7.5 and later. */
#define KPATCH_HAS_CALLBACKS                                                             \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(4, 15, 0) ||                               \
	 RHEL_RELEASE_CODE >= RHEL_RELEASE_VERSION(7, 5))

/* States of the system that patches tell each other of: 5.5. */
#define KPATCH_HAS_STATES                                                                \
	(KPATCH_HAS_LIVEPATCH && LINUX_VERSION_CODE >= KERNEL_VERSION(5, 5, 0))

/* What callbacks are given where kpatch.ko calls them: nothing but vmlinux. */
#if !KPATCH_HAS_LIVEPATCH
struct klp_object {
	const char *name;
	struct module *mod;
};
#endif

struct kpatch_func_record {
	unsigned long new_addr;
	unsigned long new_size;
	unsigned long old_addr;
	unsigned long old_size;
	unsigned long sympos;
	const char *name;
	const char *objname;
};

struct kpatch_pre_patch_callback {
	int (*callback)(struct klp_object *obj);
	const char *objname;
};

struct kpatch_post_patch_callback {
	void (*callback)(struct klp_object *obj);
	const char *objname;
};

struct kpatch_pre_unpatch_callback {
	void (*callback)(struct klp_object *obj);
	const char *objname;
};

struct kpatch_post_unpatch_callback {
	void (*callback)(struct klp_object *obj);
	const char *objname;
};

/* A word of live data (src/elf/word_record.h). */
struct kpatch_word_record {
	void *place;
	unsigned long before;
	unsigned long after;
	unsigned long size;
	const char *name;
	const char *objname;
	unsigned long is_set; /* kept by the hook */
};

struct kpatch_state_record {
	unsigned long id;
	unsigned int version;
	struct klp_patch *patch; /* filled in by the hook */
};
