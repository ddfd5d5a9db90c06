// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Part of every patch module. The builder leaves tables of functions and callbacks in the
 * module, bounded by symbols of kpatch.lds; this turns them into the kernel's own
 * description of a live patch and hands it over when the module is loaded:
 *
 *   record {f, "vmlinux"}, {g, "ip_vs"}, {h, "vmlinux"}
 *   objects: NULL (that is vmlinux) -> funcs f, h, end;  "ip_vs" -> funcs g, end;  end
 *
 * The kernel lets the module go only after the patch is disabled and every task has left
 * it, so module exit has nothing to undo but memory.
 */
#include "kpatch-records.h"

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#ifndef KLP_REPLACE_ENABLE
#define KLP_REPLACE_ENABLE true
#endif

/* One call takes a patch over: 5.1, RHEL 7.8 up to 8.0 and from 8.2 on. */
#define KPATCH_HAS_SINGLE_ENABLE                                                         \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(5, 1, 0) ||                                \
	 RHEL_RELEASE_CODE >= RHEL_RELEASE_VERSION(8, 2) ||                              \
	 (RHEL_RELEASE_CODE >= RHEL_RELEASE_VERSION(7, 8) &&                             \
	  RHEL_RELEASE_CODE < RHEL_RELEASE_VERSION(8, 0)))

#define KPATCH_HAS_REPLACE                                                               \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(5, 1, 0) ||                                \
	 RHEL_RELEASE_CODE >= RHEL_RELEASE_VERSION(8, 2))

MODULE_LICENSE("GPL");
#ifndef KPATCH_IS_DESCRIBED /* by the builder, who knows what the patch is for */
MODULE_DESCRIPTION("Live patch");
#endif
MODULE_INFO(livepatch, "Y");
/* Tells before loading what the kernel itself shows only afterwards, from 6.11 on. */
#if KPATCH_HAS_REPLACE
MODULE_INFO(replace, __stringify(KLP_REPLACE_ENABLE));
#else
MODULE_INFO(replace, "false");
#endif

extern const struct kpatch_func_record __kpatch_funcs[], __kpatch_funcs_end[];
extern const struct kpatch_pre_patch_callback __kpatch_callbacks_pre_patch[],
	__kpatch_callbacks_pre_patch_end[];
extern const struct kpatch_post_patch_callback __kpatch_callbacks_post_patch[],
	__kpatch_callbacks_post_patch_end[];
extern const struct kpatch_pre_unpatch_callback __kpatch_callbacks_pre_unpatch[],
	__kpatch_callbacks_pre_unpatch_end[];
extern const struct kpatch_post_unpatch_callback __kpatch_callbacks_post_unpatch[],
	__kpatch_callbacks_post_unpatch_end[];
extern struct kpatch_state_record __kpatch_states[], __kpatch_states_end[];

static struct klp_patch patch;
static struct klp_func *funcs;

/* The module's name is asked at run time: the hook is compiled once for all patches. */
#define complain(fmt, ...)                                                               \
	printk(KERN_ERR "%s: " fmt, THIS_MODULE->name, ##__VA_ARGS__)

#define for_each_func(record)                                                            \
	for ((record) = __kpatch_funcs; (record) < __kpatch_funcs_end; (record)++)

#define for_each_callback(kind, record)                                                  \
	for ((record) = __kpatch_callbacks_##kind;                                       \
	     (record) < __kpatch_callbacks_##kind##_end; (record)++)

#define count_callbacks(kind)                                                            \
	((size_t)(__kpatch_callbacks_##kind##_end - __kpatch_callbacks_##kind))

static bool is_named(const struct klp_object *object, const char *objname)
{
	return !strcmp(object->name ? object->name : "vmlinux", objname);
}

/*
 * The object of that name, made if there is none. patch.objs is large enough for one
 * object a record; an object counts from the moment `funcs` is set.
 */
static struct klp_object *__init object_named(const char *objname)
{
	struct klp_object *object;

	if (!objname)
		return NULL;
	for (object = patch.objs; object->funcs; object++)
		if (is_named(object, objname))
			return object;
	object->name = strcmp(objname, "vmlinux") ? objname : NULL;
	object->funcs = funcs;
	return object;
}

/*
 * Each object's functions stand in one row of `funcs`, ended by an empty entry; the rows
 * follow each other.
 */
static void __init fill_funcs(void)
{
	const struct kpatch_func_record *record;
	struct klp_func *next = funcs;
	struct klp_object *object;

	for (object = patch.objs; object->funcs; object++) {
		object->funcs = next;
		for_each_func(record) {
			if (!is_named(object, record->objname))
				continue;
			next->old_name = record->name;
			next->new_func = (void *)record->new_addr;
			next->old_sympos = record->sympos;
			next++;
		}
		next++;
	}
}

static int __init find_objects(void)
{
	const struct kpatch_func_record *record;

	for_each_func(record) {
		if (!object_named(record->objname)) {
			complain("function without object: %s\n", record->name);
			return -EINVAL;
		}
	}
	return 0;
}

#if KPATCH_HAS_CALLBACKS

#define define_add_callbacks(kind, text)                                                 \
	static int __init add_##kind##_callbacks(void)                                   \
	{                                                                                \
		const struct kpatch_##kind##_callback *record;                           \
                                                                                         \
		for_each_callback(kind, record) {                                        \
			struct klp_object *object = object_named(record->objname);       \
                                                                                         \
			if (!object) {                                                   \
				complain(text " callback without object\n");               \
				return -EINVAL;                                          \
			}                                                                \
			if (object->callbacks.kind) {                                    \
				complain("extra " text " callback for object: %s\n",       \
				       record->objname);                                 \
				return -EINVAL;                                          \
			}                                                                \
			object->callbacks.kind = record->callback;                       \
		}                                                                        \
		return 0;                                                                \
	}

define_add_callbacks(pre_patch, "pre-patch")
define_add_callbacks(post_patch, "post-patch")
define_add_callbacks(pre_unpatch, "pre-unpatch")
define_add_callbacks(post_unpatch, "post-unpatch")

static int __init add_callbacks(void)
{
	return add_pre_patch_callbacks() ?: add_post_patch_callbacks() ?:
	       add_pre_unpatch_callbacks() ?: add_post_unpatch_callbacks();
}

#else

static int __init add_callbacks(void)
{
	if (!(count_callbacks(pre_patch) + count_callbacks(post_patch) +
	      count_callbacks(pre_unpatch) + count_callbacks(post_unpatch)))
		return 0;
	complain("patch callbacks are not supported\n");
	return -EINVAL;
}

#endif

#if KPATCH_HAS_STATES

/* The kernel's list ends with a state whose number is 0. */
static int __init add_states(void)
{
	struct kpatch_state_record *record;
	struct klp_state *next;

	next = kcalloc(__kpatch_states_end - __kpatch_states + 1, sizeof(*next),
		       GFP_KERNEL);
	if (!next)
		return -ENOMEM;
	patch.states = next;
	for (record = __kpatch_states; record < __kpatch_states_end; record++) {
		if (!record->id || klp_get_state(&patch, record->id)) {
			complain("state %#lx is 0 or declared twice\n", record->id);
			return -EINVAL;
		}
		record->patch = &patch;
		next->id = record->id;
		next->version = record->version;
		next++;
	}
	return 0;
}

static void free_states(void)
{
	kfree(patch.states);
}

#else

static int __init add_states(void)
{
	if (__kpatch_states == __kpatch_states_end)
		return 0;
	complain("states of the system are not supported\n");
	return -EINVAL;
}

static void free_states(void)
{
}

#endif

static int __init enable_patch(void)
{
#if KPATCH_HAS_SINGLE_ENABLE
	return klp_enable_patch(&patch);
#else
	int ret = klp_register_patch(&patch);

	if (ret)
		return ret;
	ret = klp_enable_patch(&patch);
	if (ret)
		WARN_ON(klp_unregister_patch(&patch));
	return ret;
#endif
}

static void free_patch(void)
{
	kfree(funcs);
	kfree(patch.objs);
	free_states();
}

static int __init describe_patch(void)
{
	const size_t functions = __kpatch_funcs_end - __kpatch_funcs;
	const size_t records = functions + count_callbacks(pre_patch) +
			       count_callbacks(post_patch) + count_callbacks(pre_unpatch) +
			       count_callbacks(post_unpatch);

	/* One more object, and one more function an object, end the lists. */
	patch.objs = kcalloc(records + 1, sizeof(*patch.objs), GFP_KERNEL);
	funcs = kcalloc(functions + records + 1, sizeof(*funcs), GFP_KERNEL);
	if (!patch.objs || !funcs)
		return -ENOMEM;
	patch.mod = THIS_MODULE;
#if KPATCH_HAS_REPLACE
	patch.replace = KLP_REPLACE_ENABLE;
#endif
	return 0;
}

static int __init patch_init(void)
{
	int ret = describe_patch();

	if (!ret)
		ret = find_objects();
	if (!ret)
		ret = add_callbacks();
	if (!ret)
		ret = add_states();
	if (!ret) {
		fill_funcs();
		ret = enable_patch();
	}
	if (ret)
		free_patch();
	return ret;
}

static void __exit patch_exit(void)
{
#if !KPATCH_HAS_SINGLE_ENABLE
	WARN_ON(klp_unregister_patch(&patch));
#endif
	free_patch();
}

module_init(patch_init);
module_exit(patch_exit);
