// SPDX-License-Identifier: GPL-2.0-or-later
/* A kprobe with a post handler: it has its function for itself. */
#include <linux/kprobes.h>
#include <linux/module.h>

static void after(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe holder = {
	.symbol_name = "hrtimer_nanosleep",
	.post_handler = after,
};

static int __init holder_init(void)
{
	return register_kprobe(&holder);
}

static void __exit holder_exit(void)
{
	unregister_kprobe(&holder);
}

module_init(holder_init);
module_exit(holder_exit);
MODULE_DESCRIPTION("Holds a function that a patch wants");
MODULE_LICENSE("GPL");
