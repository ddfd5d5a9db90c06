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

/* Callbacks of an object: 4.15, and Red Hat's 3.10 of RHEL 7.5 and later. */
#define KPATCH_HAS_CALLBACKS                                                             \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(4, 15, 0) ||                               \
	 RHEL_RELEASE_CODE >= RHEL_RELEASE_VERSION(7, 5))

/* States of the system that patches tell each other of: 5.5. */
#define KPATCH_HAS_STATES (LINUX_VERSION_CODE >= KERNEL_VERSION(5, 5, 0))

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

struct kpatch_state_record {
	unsigned long id;
	unsigned int version;
	struct klp_patch *patch; /* filled in by the hook */
};
