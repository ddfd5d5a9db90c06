// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The patches that there are. One holds its module from the moment it is enabled until it
 * has been taken back or another one has replaced it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "core.h"

#include <linux/slab.h>

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Live patches for kernels without livepatch");

DEFINE_MUTEX(core_lock);
LIST_HEAD(patches);

static void put_redirects(struct patch *patch)
{
	size_t i;

	for (i = 0; i < patch->count && patch->funcs[i].redirect; i++)
		put_redirect(patch->funcs[i].redirect);
}

static int take_redirects(struct patch *patch)
{
	size_t i;

	for (i = 0; i < patch->count; i++) {
		struct redirect *redirect = take_redirect(&patch->funcs[i].func);

		if (IS_ERR(redirect))
			return PTR_ERR(redirect);
		patch->funcs[i].redirect = redirect;
	}
	return 0;
}

static struct patch *make_patch(const struct kpatch_core_patch *given)
{
	struct patch *patch = kzalloc(struct_size(patch, funcs, given->count), GFP_KERNEL);
	size_t i;

	if (!patch)
		return NULL;
	INIT_LIST_HEAD(&patch->list);
	patch->mod = given->mod;
	patch->callbacks = given->callbacks;
	patch->replace = given->replace;
	patch->count = given->count;
	for (i = 0; i < given->count; i++)
		patch->funcs[i].func = given->funcs[i];
	return patch;
}

void retire_patch(struct patch *patch, struct list_head *retired)
{
	put_redirects(patch);
	list_move(&patch->list, retired);
}

static void free_patch(struct patch *patch)
{
	remove_patch_dir(patch);
	module_put(patch->mod);
	kfree(patch);
}

void release_patches(struct list_head *retired)
{
	struct patch *patch, *next;

	list_for_each_entry_safe(patch, next, retired, list)
		free_patch(patch);
}

static int start(struct patch *patch)
{
	int ret = take_redirects(patch);

	if (!ret)
		ret = make_patch_dir(patch);
	if (!ret && patch->callbacks.pre_patch)
		ret = patch->callbacks.pre_patch(patch->callbacks.data);
	if (ret) {
		put_redirects(patch);
		return ret;
	}
	list_add_tail(&patch->list, &patches);
	patch->enabled = true;
	begin_switch(patch);
	return 0;
}

int kpatch_core_enable(const struct kpatch_core_patch *given)
{
	struct patch *patch;
	int ret = check_identity(&given->identity, given->mod->name);

	if (ret)
		return ret;
	if (!try_module_get(given->mod))
		return -ENODEV;
	patch = make_patch(given);
	if (!patch) {
		module_put(given->mod);
		return -ENOMEM;
	}
	mutex_lock(&core_lock);
	ret = is_switching(NULL) ? -EBUSY : start(patch);
	mutex_unlock(&core_lock);
	if (ret)
		free_patch(patch);
	return ret;
}
EXPORT_SYMBOL_GPL(kpatch_core_enable);

static struct patch *find_patch(const struct kobject *dir)
{
	struct patch *patch;

	list_for_each_entry(patch, &patches, list)
		if (patch->dir == dir)
			return patch;
	return NULL;
}

static int state_of(const struct patch *patch, enum patch_state which)
{
	switch (which) {
	case PATCH_ENABLED:
		return patch->enabled;
	case PATCH_IN_TRANSITION:
		return is_switching(patch);
	case PATCH_REPLACES:
		return patch->replace;
	}
	return -EINVAL;
}

int patch_state(const struct kobject *dir, enum patch_state which)
{
	const struct patch *patch;
	int state = -ENODEV;

	mutex_lock(&core_lock);
	patch = find_patch(dir);
	if (patch)
		state = state_of(patch, which);
	mutex_unlock(&core_lock);
	return state;
}

static int disable(struct patch *patch)
{
	if (is_switching(NULL))
		return -EBUSY;
	if (patch->callbacks.pre_unpatch)
		patch->callbacks.pre_unpatch(patch->callbacks.data);
	patch->enabled = false;
	begin_switch(patch);
	return 0;
}

static int change(struct patch *patch, bool enabled)
{
	if (!patch)
		return -ENODEV;
	if (patch->enabled == enabled)
		return -EINVAL;
	if (!is_switching(patch))
		return disable(patch);
	cancel_switch();
	return 0;
}

int set_enabled(const struct kobject *dir, bool enabled)
{
	int ret;

	mutex_lock(&core_lock);
	ret = change(find_patch(dir), enabled);
	mutex_unlock(&core_lock);
	return ret;
}

ssize_t show_blockers(const struct kobject *dir, char *text)
{
	const struct patch *patch;
	ssize_t ret = -ENODEV;

	mutex_lock(&core_lock);
	patch = find_patch(dir);
	if (patch)
		ret = is_switching(patch) ? print_blockers(text) : 0;
	mutex_unlock(&core_lock);
	return ret;
}

static int __init core_init(void)
{
	return make_root_dir();
}

static void __exit core_exit(void)
{
	stop_switching();
	remove_root_dir();
}

module_init(core_init);
module_exit(core_exit);
