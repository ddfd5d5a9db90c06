// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/module.h>
int a_value(int x);
int a_value(int x) { return x + 1; }
EXPORT_SYMBOL(a_value);
static int __init a_init(void) { return 0; }
module_init(a_init);
static void __exit a_exit(void) { }
module_exit(a_exit);
MODULE_LICENSE("GPL");
