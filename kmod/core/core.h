/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "kpatch-core.h"

#include <linux/ftrace.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>

/*
 * One for each function of the kernel that some patch has replaced. `target` is what
 * callers get; 0: the function itself. It is written while all processors stand still.
 */
struct redirect {
	struct list_head list;
	struct ftrace_ops ops;
	unsigned long old_addr;
	unsigned long old_size;
	unsigned long target;
	unsigned long next; /* what `target` is to become */
	const char *name;
	unsigned int users; /* functions of patches */
};

struct patched_func {
	struct kpatch_core_func func;
	struct redirect *redirect;
	struct kobject *dir;
};

struct patch {
	struct list_head list; /* in the order in which they were enabled */
	struct module *mod;
	struct kpatch_core_callbacks callbacks;
	bool replace;
	bool enabled; /* or about to be; what sysfs says */
	struct kobject *dir;
	struct kobject *object_dir;
	size_t count;
	struct patched_func funcs[];
};

/* Code that is not to be on any stack when it is taken out of use: from < word <= to. */
struct code_range {
	unsigned long from;
	unsigned long to;
	const char *name;
};

#define MOST_BLOCKERS 8

/* A task in the way of a switch. */
struct blocker {
	pid_t pid;
	char comm[TASK_COMM_LEN];
	const char *name; /* of the code range */
};

struct stack_check {
	const struct code_range *ranges;
	size_t range_count;
	struct blocker blockers[MOST_BLOCKERS];
	size_t count; /* of all tasks in the way; those beyond MOST_BLOCKERS have no entry */
};

/* redirect.c */
struct redirect *take_redirect(const struct kpatch_core_func *func);
void put_redirect(struct redirect *redirect);
extern struct list_head redirects;

/* stacks.c: with all other processors standing still */
bool stacks_are_free(struct stack_check *check);

/* identity.c */
int check_identity(const struct kpatch_core_identity *identity, const char *patch);
unsigned long function_size(const struct kpatch_core_func *func); /* 0: none is there */

/* sysfs.c */
int make_root_dir(void);
void remove_root_dir(void);
int make_patch_dir(struct patch *patch);
void remove_patch_dir(struct patch *patch);

/* switch.c: one switch at a time; under the lock of registry.c */
bool is_switching(const struct patch *patch); /* NULL: any */
void begin_switch(struct patch *patch);
void cancel_switch(void);
ssize_t print_blockers(char *text);
void stop_switching(void);

/* registry.c */
extern struct mutex core_lock;
extern struct list_head patches;

/* For sysfs.c, which finds the patch by its directory. */
enum patch_state { PATCH_ENABLED, PATCH_IN_TRANSITION, PATCH_REPLACES };
int patch_state(const struct kobject *dir, enum patch_state which);
int set_enabled(const struct kobject *dir, bool enabled);
ssize_t show_blockers(const struct kobject *dir, char *text);

/* With the lock held: takes the patch off the list. Then without it: lets the module go. */
void retire_patch(struct patch *patch, struct list_head *retired);
void release_patches(struct list_head *retired);
