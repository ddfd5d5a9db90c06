// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /sys/kernel/kpatch/ looks as /sys/kernel/livepatch/ does
 * (Documentation/ABI/testing/sysfs-kernel-livepatch), so that programs read both alike:
 *
 *   <patch>/enabled transition replace blockers
 *   <patch>/vmlinux/patched
 *   <patch>/vmlinux/<function,position>/
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "core.h"

#include <linux/kstrtox.h>
#include <linux/sysfs.h>

static struct kobject *root;

#define define_flag(name, which)                                                         \
	static ssize_t name##_show(struct kobject *dir, struct kobj_attribute *attribute, \
				   char *text)                                           \
	{                                                                                \
		int state = patch_state(dir, which);                                     \
                                                                                         \
		return state < 0 ? state : sysfs_emit(text, "%d\n", state);              \
	}

define_flag(enabled, PATCH_ENABLED)
define_flag(transition, PATCH_IN_TRANSITION)
define_flag(replace, PATCH_REPLACES)

static ssize_t enabled_store(struct kobject *dir, struct kobj_attribute *attribute,
			     const char *text, size_t size)
{
	bool enabled;
	int ret = kstrtobool(text, &enabled);

	if (!ret)
		ret = set_enabled(dir, enabled);
	return ret ?: size;
}

static ssize_t blockers_show(struct kobject *dir, struct kobj_attribute *attribute,
			     char *text)
{
	return show_blockers(dir, text);
}

static ssize_t patched_show(struct kobject *dir, struct kobj_attribute *attribute,
			    char *text)
{
	int state = patch_state(dir->parent, PATCH_ENABLED);

	return state < 0 ? state : sysfs_emit(text, "%d\n", state);
}

static struct kobj_attribute enabled_attribute = __ATTR_RW(enabled);
static struct kobj_attribute transition_attribute = __ATTR_RO(transition);
static struct kobj_attribute replace_attribute = __ATTR_RO(replace);
static struct kobj_attribute blockers_attribute = __ATTR_RO(blockers);
static struct kobj_attribute patched_attribute = __ATTR_RO(patched);

static const struct attribute *patch_attributes[] = {
	&enabled_attribute.attr, &transition_attribute.attr, &replace_attribute.attr,
	&blockers_attribute.attr, NULL};

static int make_function_dirs(struct patch *patch)
{
	size_t i;

	for (i = 0; i < patch->count; i++) {
		const struct kpatch_core_func *func = &patch->funcs[i].func;
		char name[KSYM_NAME_LEN + 8];

		snprintf(name, sizeof(name), "%s,%lu", func->name, func->sympos ?: 1);
		patch->funcs[i].dir = kobject_create_and_add(name, patch->object_dir);
		if (!patch->funcs[i].dir)
			return -ENOMEM;
	}
	return 0;
}

int make_patch_dir(struct patch *patch)
{
	int ret;

	patch->dir = kobject_create_and_add(patch->mod->name, root);
	patch->object_dir = patch->dir ? kobject_create_and_add("vmlinux", patch->dir) : NULL;
	if (!patch->object_dir)
		return -ENOMEM;
	ret = sysfs_create_files(patch->dir, patch_attributes);
	if (!ret)
		ret = sysfs_create_file(patch->object_dir, &patched_attribute.attr);
	return ret ?: make_function_dirs(patch);
}

/* Waits for those who are reading or writing there; what was not made is no matter. */
void remove_patch_dir(struct patch *patch)
{
	size_t i;

	for (i = 0; i < patch->count; i++)
		kobject_put(patch->funcs[i].dir);
	kobject_put(patch->object_dir);
	kobject_put(patch->dir);
}

int make_root_dir(void)
{
	root = kobject_create_and_add("kpatch", kernel_kobj);
	return root ? 0 : -ENOMEM;
}

void remove_root_dir(void)
{
	kobject_put(root);
}
