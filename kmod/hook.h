/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the hooks of both kinds of patch modules begin with: what the module says of itself,
 * and the tables that the builder has left in it, bounded by symbols of kpatch.lds.
 */
#include "kpatch-records.h"

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>

#ifndef KLP_REPLACE_ENABLE
#define KLP_REPLACE_ENABLE true
#endif

MODULE_LICENSE("GPL");
#ifndef KPATCH_IS_DESCRIBED /* by the builder, who knows what the patch is for */
MODULE_DESCRIPTION("Live patch");
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

#define for_each_callback(kind, record)                                                  \
	for ((record) = __kpatch_callbacks_##kind;                                       \
	     (record) < __kpatch_callbacks_##kind##_end; (record)++)
