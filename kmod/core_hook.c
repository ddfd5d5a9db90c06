// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The hook of patches for kernels without livepatch: it hands to kpatch.ko what hook.c
 * hands to the kernel. The builder knows addresses as the kernel's image has them; how
 * far the running kernel has moved from there is seen from a function that it exports.
 */
#include "hook.h"

#include "kpatch-core.h"

#include <linux/init.h>
#include <linux/kallsyms.h>
#include <linux/stringify.h>

MODULE_INFO(kpatch, "Y");
MODULE_INFO(replace, __stringify(KLP_REPLACE_ENABLE));

/* src/klp/core_identity.h */
extern const struct kpatch_identity_record {
	u64 anchor;	  /* sprint_symbol */
	u64 build_id_at;  /* the bytes that are `build_id` */
	u64 build_id_size;
	u8 build_id[64];
} kpatch_identity;

static unsigned long running(u64 image_address)
{
	return (unsigned long)sprint_symbol + (image_address - kpatch_identity.anchor);
}

static struct klp_object vmlinux;

static int pre_patch(void *unused)
{
	const struct kpatch_pre_patch_callback *record;
	int ret = 0;

	for_each_callback(pre_patch, record)
		ret = ret ?: record->callback(&vmlinux);
	return ret;
}

#define define_callback(kind)                                                            \
	static void kind(void *unused)                                                   \
	{                                                                                \
		const struct kpatch_##kind##_callback *record;                           \
                                                                                         \
		for_each_callback(kind, record)                                          \
			record->callback(&vmlinux);                                      \
	}

define_callback(post_patch)
define_callback(pre_unpatch)
define_callback(post_unpatch)

static struct kpatch_core_func *functions(size_t count)
{
	struct kpatch_core_func *funcs = kcalloc(count, sizeof(*funcs), GFP_KERNEL);
	size_t i;

	for (i = 0; i < count && funcs; i++) {
		const struct kpatch_func_record *record = &__kpatch_funcs[i];

		funcs[i].name = record->name;
		funcs[i].sympos = record->sympos;
		funcs[i].old_addr = running(record->old_addr);
		funcs[i].new_addr = record->new_addr;
		funcs[i].new_size = record->new_size;
	}
	return funcs;
}

static int __init patch_init(void)
{
	struct kpatch_core_patch patch = {
		.mod = THIS_MODULE,
		.count = __kpatch_funcs_end - __kpatch_funcs,
		.identity = { .place = (const void *)running(kpatch_identity.build_id_at),
			      .build_id = kpatch_identity.build_id,
			      .size = kpatch_identity.build_id_size },
		.callbacks = { .pre_patch = pre_patch,
			       .post_patch = post_patch,
			       .pre_unpatch = pre_unpatch,
			       .post_unpatch = post_unpatch },
		.replace = KLP_REPLACE_ENABLE,
	};
	int ret = -ENOMEM;

	patch.funcs = functions(patch.count);
	if (patch.funcs)
		ret = kpatch_core_enable(&patch);
	kfree(patch.funcs);
	return ret;
}

static void __exit patch_exit(void)
{
}

module_init(patch_init);
module_exit(patch_exit);
