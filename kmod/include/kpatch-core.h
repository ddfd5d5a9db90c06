/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What kpatch.ko gives to patch modules for kernels that have no livepatch code of their
 * own. docs/core.md says what it guarantees.
 */

#include <linux/types.h>

struct module;

/* A function that the kernel has and what takes its place. */
struct kpatch_core_func {
	const char *name;
	unsigned long sympos; /* which of several of that name, from 1; 0: the only one */
	unsigned long old_addr;
	unsigned long new_addr;
	unsigned long new_size;
};

/*
 * The kernel that the addresses are of: its build ID, and where that kernel has it in its
 * memory (in its .notes).
 */
struct kpatch_core_identity {
	const void *place;
	const u8 *build_id;
	size_t size;
};

/*
 * Where there is a callback it is called as the kernel's livepatch code would do
 * (Documentation/livepatch/callbacks.rst), with `data`.
 */
struct kpatch_core_callbacks {
	int (*pre_patch)(void *data);
	void (*post_patch)(void *data);
	void (*pre_unpatch)(void *data);
	void (*post_unpatch)(void *data);
	void *data;
};

/* All of it is copied but the names and what the callbacks use. */
struct kpatch_core_patch {
	struct module *mod;
	const struct kpatch_core_func *funcs;
	size_t count;
	struct kpatch_core_identity identity;
	struct kpatch_core_callbacks callbacks;
	bool replace; /* takes over from all patches before it */
};

/*
 * Checks the patch against the running kernel and begins to switch to it. The module
 * cannot be removed from then on until the patch is disabled again by writing 0 to
 * /sys/kernel/kpatch/<module>/enabled. Whether the switch is over can be read there.
 *
 * -EBUSY: another switch is going on. -EXDEV: this is not the kernel that the patch is
 * for. -EINVAL: a function cannot be redirected. What a pre-patch callback returns.
 */
int kpatch_core_enable(const struct kpatch_core_patch *patch);
