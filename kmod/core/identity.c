// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A patch names what it uses of the kernel by its distance from something that the kernel
 * exports, as the boot image has it. It must be that very image that runs. Where the
 * image has its build ID the running kernel must have the same; and where a function is
 * to be redirected one must begin. It may have several names, of which one is printed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "core.h"

#include <linux/kallsyms.h>
#include <linux/uaccess.h>
#include <linux/utsname.h>

#define LONGEST_BUILD_ID 64

int check_identity(const struct kpatch_core_identity *identity, const char *patch)
{
	u8 found[LONGEST_BUILD_ID];

	if (!identity->size || identity->size > sizeof(found))
		return -EINVAL;
	if (!copy_from_kernel_nofault(found, identity->place, identity->size) &&
	    !memcmp(found, identity->build_id, identity->size))
		return 0;
	pr_err("%s: is for a kernel with the build ID %*phN, which is not this one; build it for this one: kpatch-build -a %s\n",
	       patch, (int)identity->size, identity->build_id, init_utsname()->release);
	return -EXDEV;
}

/* From what sprint_symbol() writes of the kernel's symbol table: "name+0x0/0x978". */
unsigned long function_size(const struct kpatch_core_func *func)
{
	char text[KSYM_SYMBOL_LEN];
	unsigned long offset, size;
	const char *numbers;

	sprint_symbol(text, func->old_addr);
	numbers = strrchr(text, '+');
	if (numbers && sscanf(numbers, "+0x%lx/0x%lx", &offset, &size) == 2 && !offset)
		return size;
	pr_err("%s: is taken to be where this kernel has %s; build the patch for this kernel: kpatch-build -a %s\n",
	       func->name, text, init_utsname()->release);
	return 0;
}
