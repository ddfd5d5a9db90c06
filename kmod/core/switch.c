// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From one set of functions to another in one moment: all processors stop, and if no task
 * is on its way back to code that goes out of use, every redirect gets its new target
 * before any goes on. Else all go on as they were, and it is tried once more later.
 *
 * Nothing of this is done in the task that asks for it, whose stack would be in the way
 * of patches of what it asks through.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "core.h"

#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/stop_machine.h>
#include <linux/version.h>
#include <linux/workqueue.h>

#define FIRST_TRIES 10 /* a tenth of a second apart, the others a second */

static unsigned int patience = 60;
module_param(patience, uint, 0644);
MODULE_PARM_DESC(patience, "seconds until a switch that tasks stand in the way of is given up");

static void try_to_switch(struct work_struct *work);
static DECLARE_DELAYED_WORK(next_try, try_to_switch);

/* The switch that goes on, if `patch` is set. */
static struct {
	struct patch *patch;
	unsigned int tries;
	unsigned long last; /* jiffies: not tried after that */
	bool is_cancelled;
	struct stack_check check;
} now;

bool is_switching(const struct patch *patch)
{
	return now.patch && (!patch || now.patch == patch);
}

static void choose_targets(void)
{
	struct redirect *redirect;
	struct patch *patch;
	size_t i;

	list_for_each_entry(redirect, &redirects, list)
		redirect->next = 0;
	list_for_each_entry(patch, &patches, list) {
		if (!patch->enabled)
			continue;
		if (patch->replace)
			list_for_each_entry(redirect, &redirects, list)
				redirect->next = 0;
		for (i = 0; i < patch->count; i++)
			patch->funcs[i].redirect->next = patch->funcs[i].func.new_addr;
	}
}

static bool is_leaving(const struct patch *patch)
{
	if (!now.patch->enabled)
		return patch == now.patch;
	return now.patch->replace && patch != now.patch;
}

static struct code_range text_of(const struct module *mod)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	unsigned long base = (unsigned long)mod->mem[MOD_TEXT].base;
	unsigned long size = mod->mem[MOD_TEXT].size;
#else
	unsigned long base = (unsigned long)mod->core_layout.base;
	unsigned long size = mod->core_layout.text_size;
#endif
	return (struct code_range){base - 1, base + size, mod->name};
}

/* Of a patch that stays, only what another one takes the place of. */
static size_t add_functions(struct code_range *ranges, const struct patch *patch)
{
	size_t count = 0, i;

	for (i = 0; i < patch->count; i++) {
		const struct kpatch_core_func *func = &patch->funcs[i].func;
		const struct redirect *redirect = patch->funcs[i].redirect;

		if (redirect->target == func->new_addr && redirect->next != func->new_addr)
			ranges[count++] = (struct code_range){
				func->new_addr - 1, func->new_addr + func->new_size,
				func->name};
	}
	return count;
}

/* An address of the kernel's function itself may be kept anywhere and does no harm. */
static size_t add_originals(struct code_range *ranges)
{
	struct redirect *redirect;
	size_t count = 0;

	list_for_each_entry(redirect, &redirects, list)
		if (!redirect->target && redirect->next)
			ranges[count++] = (struct code_range){
				redirect->old_addr,
				redirect->old_addr + redirect->old_size, redirect->name};
	return count;
}

static size_t most_ranges(void)
{
	struct redirect *redirect;
	struct patch *patch;
	size_t count = 0;

	list_for_each_entry(redirect, &redirects, list)
		count++;
	list_for_each_entry(patch, &patches, list)
		count += patch->count + 1;
	return count;
}

static struct code_range *leaving_code(size_t *count)
{
	struct code_range *ranges = kcalloc(most_ranges(), sizeof(*ranges), GFP_KERNEL);
	struct patch *patch;

	if (!ranges)
		return NULL;
	*count = add_originals(ranges);
	list_for_each_entry(patch, &patches, list) {
		if (is_leaving(patch))
			ranges[(*count)++] = text_of(patch->mod);
		else
			*count += add_functions(ranges + *count, patch);
	}
	return ranges;
}

/* While all other processors stand still. */
static int switch_if_free(void *unused)
{
	struct redirect *redirect;

	if (!stacks_are_free(&now.check))
		return -EAGAIN;
	list_for_each_entry(redirect, &redirects, list)
		WRITE_ONCE(redirect->target, redirect->next);
	return 0;
}

static int switch_at_once(void)
{
	struct code_range *ranges;
	int ret;

	choose_targets();
	ranges = leaving_code(&now.check.range_count);
	if (!ranges)
		return -ENOMEM;
	now.check.ranges = ranges;
	ret = stop_machine(switch_if_free, NULL, NULL);
	now.check.ranges = NULL;
	kfree(ranges);
	return ret;
}

static void finish(struct list_head *retired)
{
	struct patch *patch = now.patch, *other, *next;

	pr_info("%s: %s\n", patch->mod->name, patch->enabled ? "in effect" : "taken back");
	if (patch->enabled && patch->callbacks.post_patch)
		patch->callbacks.post_patch(patch->callbacks.data);
	list_for_each_entry_safe(other, next, &patches, list)
		if (is_leaving(other))
			retire_patch(other, retired);
	if (!patch->enabled && patch->callbacks.post_unpatch)
		patch->callbacks.post_unpatch(patch->callbacks.data);
	now.patch = NULL;
}

static void warn_of_blockers(void)
{
	size_t i;

	for (i = 0; i < min_t(size_t, now.check.count, MOST_BLOCKERS); i++)
		pr_warn("%s: in the way: %s[%d], on whose stack is %s\n",
			now.patch->mod->name, now.check.blockers[i].comm,
			now.check.blockers[i].pid, now.check.blockers[i].name);
	if (now.check.count > MOST_BLOCKERS)
		pr_warn("%s: and %zu more tasks\n", now.patch->mod->name,
			now.check.count - MOST_BLOCKERS);
}

/* All is as it was before; nothing has been switched. */
static void give_up(struct list_head *retired)
{
	struct patch *patch = now.patch;

	pr_warn("%s: %s is %s after %u tries; %s it again when the tasks named here have gone on\n",
		patch->mod->name, patch->enabled ? "enabling" : "disabling",
		now.is_cancelled ? "cancelled" : "given up", now.tries,
		patch->enabled ? "load" : "unload");
	warn_of_blockers();
	patch->enabled = !patch->enabled;
	now.patch = NULL;
	if (patch->enabled)
		return;
	if (patch->callbacks.post_unpatch)
		patch->callbacks.post_unpatch(patch->callbacks.data);
	retire_patch(patch, retired);
}

static void try_later(void)
{
	schedule_delayed_work(&next_try, now.tries < FIRST_TRIES ? HZ / 10 : HZ);
}

static void try_to_switch(struct work_struct *work)
{
	LIST_HEAD(retired);

	mutex_lock(&core_lock);
	if (now.patch) {
		now.tries++;
		if (now.is_cancelled)
			give_up(&retired);
		else if (!switch_at_once())
			finish(&retired);
		else if (time_after(jiffies, now.last))
			give_up(&retired);
		else
			try_later();
	}
	mutex_unlock(&core_lock);
	release_patches(&retired);
}

void begin_switch(struct patch *patch)
{
	pr_info("%s: starting to %s\n", patch->mod->name,
		patch->enabled ? "take effect" : "be taken back");
	now.patch = patch;
	now.tries = 0;
	now.is_cancelled = false;
	now.check.count = 0;
	now.last = jiffies + patience * HZ;
	schedule_delayed_work(&next_try, 0);
}

/* Not here: who asks for it stands in a directory that is then removed. */
void cancel_switch(void)
{
	now.is_cancelled = true;
	mod_delayed_work(system_wq, &next_try, 0);
}

ssize_t print_blockers(char *text)
{
	ssize_t size = 0;
	size_t i;

	for (i = 0; i < min_t(size_t, now.check.count, MOST_BLOCKERS); i++)
		size += sysfs_emit_at(text, size, "%d %s %s\n", now.check.blockers[i].pid,
				      now.check.blockers[i].comm,
				      now.check.blockers[i].name);
	return size;
}

void stop_switching(void)
{
	cancel_delayed_work_sync(&next_try);
}
