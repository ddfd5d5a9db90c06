// SPDX-License-Identifier: GPL-2.0-or-later
/* Uses a function in the way that kind= names, and counts the calls that it sees. */
#include <linux/fprobe.h>
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/module.h>

#define FUNCTION "security_task_getpgid"

static char *kind = "";
module_param(kind, charp, 0444);
static int hits;
module_param(hits, int, 0444);

static int at_kprobe(struct kprobe *probe, struct pt_regs *regs)
{
	hits++;
	return 0;
}

static void after_kprobe(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}

static int at_return(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	hits++;
	return 0;
}

static void notrace at_entry(unsigned long ip, unsigned long parent, struct ftrace_ops *ops, struct ftrace_regs *regs)
{
	hits++;
}

static struct kprobe kprobe = { .symbol_name = FUNCTION, .pre_handler = at_kprobe };
static struct kretprobe kretprobe = { .kp.symbol_name = FUNCTION, .handler = at_return };
static struct ftrace_ops ops = { .func = at_entry };

static int add_kprobe(void)
{
	return register_kprobe(&kprobe);
}

static int add_kprobe_with_post_handler(void)
{
	kprobe.post_handler = after_kprobe;
	return register_kprobe(&kprobe);
}

static void remove_kprobe(void)
{
	unregister_kprobe(&kprobe);
}

static int add_kretprobe(void)
{
	return register_kretprobe(&kretprobe);
}

static void remove_kretprobe(void)
{
	unregister_kretprobe(&kretprobe);
}

static int add_ops(void)
{
	int error = ftrace_set_filter(&ops, FUNCTION, strlen(FUNCTION), 1);

	return error ? error : register_ftrace_function(&ops);
}

static int add_redirecting_ops(void)
{
	ops.flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY;
	return add_ops();
}

static void remove_ops(void)
{
	unregister_ftrace_function(&ops);
}

#ifdef CONFIG_FPROBE
static int at_fprobe(struct fprobe *probe, unsigned long entry, unsigned long back, struct pt_regs *regs, void *data)
{
	hits++;
	return 0;
}

static void after_fprobe(struct fprobe *probe, unsigned long entry, unsigned long back, struct pt_regs *regs, void *data)
{
}

static struct fprobe fprobe = { .entry_handler = at_fprobe };

static int add_fprobe(void)
{
	return register_fprobe(&fprobe, FUNCTION, NULL);
}

static int add_fprobe_with_exit_handler(void)
{
	fprobe.exit_handler = after_fprobe;
	return add_fprobe();
}

static void remove_fprobe(void)
{
	unregister_fprobe(&fprobe);
}
#endif

static const struct {
	const char *name;
	int (*add)(void);
	void (*remove)(void);
} kinds[] = {
	{ "kprobe", add_kprobe, remove_kprobe },
	{ "kprobe-post", add_kprobe_with_post_handler, remove_kprobe },
	{ "kretprobe", add_kretprobe, remove_kretprobe },
	{ "ftrace", add_ops, remove_ops },
	{ "ftrace-redirecting", add_redirecting_ops, remove_ops },
#ifdef CONFIG_FPROBE
	{ "fprobe", add_fprobe, remove_fprobe },
	{ "fprobe-exit", add_fprobe_with_exit_handler, remove_fprobe },
#endif
};

static int find_kind(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].name, kind))
			return i;
	return -ENOENT;
}

static int __init others_init(void)
{
	const int found = find_kind();

	return found < 0 ? found : kinds[found].add();
}

static void __exit others_exit(void)
{
	kinds[find_kind()].remove();
}

module_init(others_init);
module_exit(others_exit);
MODULE_DESCRIPTION("Uses a function that a patch wants");
MODULE_LICENSE("GPL");
