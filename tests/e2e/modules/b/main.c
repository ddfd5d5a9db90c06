// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include "b.h"
static int b_show(struct seq_file *m, void *v) { seq_printf(m, "plain %d\n", b_twice(20)); return 0; }
static int __init b_init(void) { return proc_create_single("b", 0, NULL, b_show) ? 0 : -ENOMEM; }
module_init(b_init);
int b_unchanged(int x);
int b_unchanged(int x) { WARN_ON(x); return x; }
static void __exit b_exit(void) { remove_proc_entry("b", NULL); }
module_exit(b_exit);
MODULE_LICENSE("GPL");
