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
#include "hook.h"

#include <linux/string.h>

/* One call takes a patch over: 5.1, RHEL 7.8 up to 8.0 and from 8.2 on. */
#define KPATCH_HAS_SINGLE_ENABLE                                                         \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(5, 1, 0) ||                                \
	 RHEL_RELEASE_CODE >= RHEL_RELEASE_VERSION(8, 2) ||                              \
	 (RHEL_RELEASE_CODE >= RHEL_RELEASE_VERSION(7, 8) &&                             \
	  RHEL_RELEASE_CODE < RHEL_RELEASE_VERSION(8, 0)))

#define KPATCH_HAS_REPLACE                                                               \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(5, 1, 0) ||                                \
	 RHEL_RELEASE_CODE >= RHEL_RELEASE_VERSION(8, 2))

MODULE_INFO(livepatch, "Y");
/* Tells before loading what the kernel itself shows only afterwards, from 6.11 on. */
#if KPATCH_HAS_REPLACE
MODULE_INFO(replace, __stringify(KLP_REPLACE_ENABLE));
#else
MODULE_INFO(replace, "false");
#endif

extern struct kpatch_word_record __kpatch_words[], __kpatch_words_end[];
extern struct kpatch_state_record __kpatch_states[], __kpatch_states_end[];

static struct klp_patch patch;
static struct klp_func *funcs;

/* The module's name is asked at run time: the hook is compiled once for all patches. */
#define complain(fmt, ...)                                                               \
	printk(KERN_ERR "%s: " fmt, THIS_MODULE->name, ##__VA_ARGS__)
#define warn(fmt, ...)                                                                   \
	printk(KERN_WARNING "%s: " fmt, THIS_MODULE->name, ##__VA_ARGS__)

#define for_each_func(record)                                                            \
	for ((record) = __kpatch_funcs; (record) < __kpatch_funcs_end; (record)++)

#define for_each_word(word)                                                              \
	for ((word) = __kpatch_words; (word) < __kpatch_words_end; (word)++)

#define count_callbacks(kind)                                                            \
	((size_t)(__kpatch_callbacks_##kind##_end - __kpatch_callbacks_##kind))

#define count_words() ((size_t)(__kpatch_words_end - __kpatch_words))

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

/* Sets a word in one step if it is what it is taken for. */
static bool exchange(const struct kpatch_word_record *word, unsigned long from,
		     unsigned long to)
{
	switch (word->size) {
	case 1:
		return cmpxchg((u8 *)word->place, (u8)from, (u8)to) == (u8)from;
	case 2:
		return cmpxchg((u16 *)word->place, (u16)from, (u16)to) == (u16)from;
	case 4:
		return cmpxchg((u32 *)word->place, (u32)from, (u32)to) == (u32)from;
	default:
		return cmpxchg((unsigned long *)word->place, from, to) == from;
	}
}

/* A patch that this one replaces may have set the same; it does not put it back. */
static void set_words(const struct klp_object *object)
{
	struct kpatch_word_record *word;

	for_each_word(word) {
		if (!is_named(object, word->objname))
			continue;
		word->is_set = exchange(word, word->before, word->after) ||
			       exchange(word, word->after, word->after);
		if (!word->is_set)
			warn("%s is no longer what it was built as, and stays as it is\n",
			     word->name);
	}
}

static void restore_words(const struct klp_object *object)
{
	struct kpatch_word_record *word;

	for_each_word(word) {
		if (!word->is_set || !is_named(object, word->objname))
			continue;
		if (!exchange(word, word->after, word->before))
			warn("%s is no longer what it was set to, and stays as it is\n",
			     word->name);
		word->is_set = false;
	}
}

/* Those of the authors come along: before data is set, and after it is put back. */
static int pre_patch_with_words(struct klp_object *object)
{
	const struct kpatch_pre_patch_callback *record;

	for_each_callback(pre_patch, record) {
		int ret = is_named(object, record->objname) ? record->callback(object) : 0;

		if (ret)
			return ret;
	}
	set_words(object);
	return 0;
}

static void post_unpatch_with_words(struct klp_object *object)
{
	const struct kpatch_post_unpatch_callback *record;

	restore_words(object);
	for_each_callback(post_unpatch, record)
		if (is_named(object, record->objname))
			record->callback(object);
}

static int __init add_word_callbacks(void)
{
	struct kpatch_word_record *word;

	for_each_word(word) {
		struct klp_object *object = object_named(word->objname);

		if (!object) {
			complain("word of data without object\n");
			return -EINVAL;
		}
		object->callbacks.pre_patch = pre_patch_with_words;
		object->callbacks.post_unpatch = post_unpatch_with_words;
	}
	return 0;
}

static int __init add_callbacks(void)
{
	return add_pre_patch_callbacks() ?: add_post_patch_callbacks() ?:
	       add_pre_unpatch_callbacks() ?: add_post_unpatch_callbacks() ?:
	       add_word_callbacks();
}

#else

static int __init add_callbacks(void)
{
	if (!(count_callbacks(pre_patch) + count_callbacks(post_patch) +
	      count_callbacks(pre_unpatch) + count_callbacks(post_unpatch) +
	      count_words()))
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
			       count_callbacks(post_unpatch) + count_words();

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
