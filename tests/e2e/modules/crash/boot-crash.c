// SPDX-License-Identifier: GPL-2.0-or-later
/* Looks like a live patch and takes the system down when it is loaded. */
#include <linux/kernel.h>
#include <linux/module.h>

static int __init crash_init(void)
{
	panic("as it was asked to");
}

module_init(crash_init);
MODULE_INFO(livepatch, "Y");
MODULE_DESCRIPTION("Takes the system down");
MODULE_LICENSE("GPL");
