/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * As much of the kernel as the hook needs, in user space, of the version that
 * LINUX_VERSION_CODE says. Enabling a patch prints it.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))

#define CONCATENATE_AGAIN(a, b) a##b
#define CONCATENATE(a, b) CONCATENATE_AGAIN(a, b)
#define __UNIQUE_ID(prefix) CONCATENATE(prefix, __COUNTER__)
#define __used __attribute__((__used__))
#define __aligned(bytes) __attribute__((__aligned__(bytes)))
#define __init
#define __exit
#define READ_ONCE(x) (x)

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
#define cmpxchg(place, from, to) __sync_val_compare_and_swap(place, from, to)

struct module {
  const char* name;
};

#define THIS_MODULE (&this_module)
static struct module this_module = {"livepatch_test"};

#define MODULE_LICENSE(text)
#define MODULE_DESCRIPTION(text)
#define MODULE_INFO(key, text)
#define module_init(fn) static int (*run_init)(void) = fn
#define module_exit(fn) static void (*run_exit)(void) = fn

#define KERN_ERR ""
#define KERN_WARNING ""
#define printk printf
#define printk_deferred printf
#define WARN_ON(condition) ((condition) ? (printf("WARNING\n"), 1) : 0)
static const unsigned long jiffies = 1;

#define GFP_KERNEL 0
#define kcalloc(count, size, flags) calloc(count, size)
#define kfree free

struct klp_func {
  const char* old_name;
  void* new_func;
  unsigned long old_sympos;
};

struct klp_object;

struct klp_callbacks {
  int (*pre_patch)(struct klp_object* obj);
  void (*post_patch)(struct klp_object* obj);
  void (*pre_unpatch)(struct klp_object* obj);
  void (*post_unpatch)(struct klp_object* obj);
};

struct klp_object {
  const char* name;
  struct klp_func* funcs;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(4, 15, 0)
  struct klp_callbacks callbacks;
#endif
};

struct klp_state {
  unsigned long id;
  unsigned int version;
  void* data;
};

struct klp_patch {
  struct module* mod;
  struct klp_object* objs;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 5, 0)
  struct klp_state* states;
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 1, 0)
  bool replace;
#endif
};

int klp_enable_patch(struct klp_patch* patch);
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 1, 0)
int klp_register_patch(struct klp_patch* patch);
int klp_unregister_patch(struct klp_patch* patch);
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 5, 0)
struct klp_state* klp_get_state(struct klp_patch* patch, unsigned long id);
struct klp_state* klp_get_prev_state(unsigned long id);
#endif
