// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A function is redirected by a handler of ftrace at its entry, which sets where the
 * processor goes on. The kernel allows one such handler a function (IPMODIFY), and with
 * PERMANENT it refuses to switch ftrace off (kernel.ftrace_enabled) while there is one.
 *
 * The handlers are in place before anything is switched, and let everything pass until
 * their target is set.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "core.h"

#include <linux/slab.h>
#include <linux/trace_recursion.h>

#ifndef CONFIG_HAVE_DYNAMIC_FTRACE_WITH_ARGS
#error "this kernel's ftrace does not let a handler say where to go on"
#endif

LIST_HEAD(redirects);

static void notrace go_to_target(unsigned long ip, unsigned long parent_ip,
				 struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	const struct redirect *redirect = container_of(ops, struct redirect, ops);
	int bit = ftrace_test_recursion_trylock(ip, parent_ip);
	unsigned long target;

	if (WARN_ON_ONCE(bit < 0))
		return;
	target = READ_ONCE(redirect->target);
	if (target)
		ftrace_regs_set_instruction_pointer(fregs, target);
	ftrace_test_recursion_unlock(bit);
}

static int put_in_place(struct redirect *redirect)
{
	int ret;

	redirect->ops.func = go_to_target;
	redirect->ops.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT;
	ret = ftrace_set_filter_ip(&redirect->ops, redirect->old_addr, 0, 0);
	if (ret) {
		pr_err("%s: ftrace has no entry where it begins (error %d); see /sys/kernel/tracing/available_filter_functions\n",
		       redirect->name, ret);
		return ret;
	}
	ret = register_ftrace_function(&redirect->ops);
	if (ret) {
		pr_err("%s: ftrace refuses the redirection (error %d); who else redirects it has the flag I in /sys/kernel/tracing/enabled_functions\n",
		       redirect->name, ret);
		ftrace_free_filter(&redirect->ops);
	}
	return ret;
}

static struct redirect *find_redirect(unsigned long old_addr)
{
	struct redirect *redirect;

	list_for_each_entry(redirect, &redirects, list)
		if (redirect->old_addr == old_addr)
			return redirect;
	return NULL;
}

static struct redirect *make_redirect(const struct kpatch_core_func *func)
{
	struct redirect *redirect = kzalloc(sizeof(*redirect), GFP_KERNEL);
	int ret;

	if (!redirect)
		return ERR_PTR(-ENOMEM);
	redirect->old_addr = func->old_addr;
	redirect->old_size = function_size(func);
	redirect->name = kstrdup(func->name, GFP_KERNEL);
	ret = !redirect->old_size ? -EINVAL :
	      redirect->name	  ? put_in_place(redirect) :
				    -ENOMEM;
	if (ret) {
		kfree(redirect->name);
		kfree(redirect);
		return ERR_PTR(ret);
	}
	list_add(&redirect->list, &redirects);
	return redirect;
}

struct redirect *take_redirect(const struct kpatch_core_func *func)
{
	struct redirect *redirect = find_redirect(func->old_addr) ?: make_redirect(func);

	if (!IS_ERR(redirect))
		redirect->users++;
	return redirect;
}

/* unregister_ftrace_function() returns when no processor is in the handler any more. */
void put_redirect(struct redirect *redirect)
{
	if (--redirect->users)
		return;
	WARN_ON(unregister_ftrace_function(&redirect->ops));
	ftrace_free_filter(&redirect->ops);
	list_del(&redirect->list);
	kfree(redirect->name);
	kfree(redirect);
}
