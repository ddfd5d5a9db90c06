// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which tasks would come back to code that is being taken out of use. All processors but
 * this one wait in stop_machine(), so that no task but the stopper threads runs, and the
 * stack of every other one lies still below where it was switched out.
 *
 * A walk along the frames leaves functions out on most processors: one that was
 * interrupted before it had made its frame, or that called one which makes none. So every
 * word of the stack counts that can be a return address into such code, be it one or not:
 * what is found too much costs another try, what is missed may cost the system. The walk
 * finds what the words do not show: return addresses that the function graph tracer and
 * return probes keep elsewhere.
 *
 * The idle tasks of all processors but the first are not to be had. All of them stand in
 * the same functions now, as they are switched out at one place only; the first one's is
 * looked at.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "core.h"
#include "processor.h"

#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/stacktrace.h>

#define DEEPEST_TRACE 256

/* All others stand still, so one will do. */
static unsigned long trace[DEEPEST_TRACE];

static const struct code_range *find_range(const struct stack_check *check,
					   unsigned long word)
{
	size_t i;

	for (i = 0; i < check->range_count; i++)
		if (word > check->ranges[i].from && word <= check->ranges[i].to)
			return &check->ranges[i];
	return NULL;
}

static const struct code_range *range_in_words(const struct stack_check *check,
					       struct task_struct *task)
{
	const unsigned long *word = (const unsigned long *)(saved_stack_pointer(task) &
							    -sizeof(long));
	const unsigned long *end = task_stack_page(task) + THREAD_SIZE;
	const struct code_range *found = NULL;

	for (; word < end && !found; word++)
		found = find_range(check, strip_return_address(*word));
	return found;
}

static const struct code_range *range_in_trace(const struct stack_check *check,
					       unsigned int depth)
{
	static const struct code_range too_deep = {.name = "a stack that is too deep"};
	const struct code_range *found = NULL;
	unsigned int i;

	for (i = 0; i < depth && !found; i++)
		found = find_range(check, trace[i]);
	return found ?: depth == DEEPEST_TRACE ? &too_deep : NULL;
}

/* Nothing else runs now, and all of them stand in the same functions as this one. */
static bool is_stopper(const struct task_struct *task)
{
#ifdef CONFIG_SMP
	return READ_ONCE(task->on_cpu);
#else
	return false;
#endif
}

static const struct code_range *range_on_stack(const struct stack_check *check,
					       struct task_struct *task)
{
	const struct code_range *found;

	if (task == current)
		return range_in_trace(check, stack_trace_save(trace, DEEPEST_TRACE, 0));
	if (!task_stack_page(task) || is_stopper(task))
		return NULL;
	found = range_in_words(check, task);
	return found ?: range_in_trace(check, stack_trace_save_tsk(task, trace,
								    DEEPEST_TRACE, 0));
}

static void note(struct stack_check *check, struct task_struct *task,
		 const struct code_range *range)
{
	if (check->count < MOST_BLOCKERS) {
		struct blocker *blocker = &check->blockers[check->count];

		blocker->pid = task->pid;
		memcpy(blocker->comm, task->comm, sizeof(blocker->comm));
		blocker->comm[sizeof(blocker->comm) - 1] = 0;
		blocker->name = range->name;
	}
	check->count++;
}

static void look_at(struct stack_check *check, struct task_struct *task)
{
	const struct code_range *range = range_on_stack(check, task);

	if (range)
		note(check, task, range);
}

bool stacks_are_free(struct stack_check *check)
{
	struct task_struct *process, *task;

	check->count = 0;
	look_at(check, &init_task);
	for_each_process_thread(process, task)
		look_at(check, task);
	return !check->count;
}
