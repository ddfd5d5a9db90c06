#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints a patch that puts a statement into a function of each of these files: of one kind and into one function that the
seed chooses. The statements bring what code of the kernel brings (variables in sections of their own, entries of tables,
checked accesses, messages, functions of its own) and do nothing that shows.

usage: insertions.py SEED SOURCE FILE...; with $KPATCH_TEST_KINDS (names, with spaces between) only these
"""
import difflib
import os
import pathlib
import random
import re
import sys

KINDS = {
    "array": "static int ins_table[8]; static unsigned int ins_i; ins_table[ins_i++ & 15 ? 3 : ins_i]++;",
    "warn-once": "static int ins_n; WARN_ON_ONCE(READ_ONCE(ins_n) == 5);",
    "warn": 'static int ins_n; WARN(READ_ONCE(ins_n), "inserted %d\\n", ins_n);',
    "bug": "static int ins_n; BUG_ON(READ_ONCE(ins_n) == 5);",
    "ratelimited": 'static int ins_n; if (READ_ONCE(ins_n)) pr_info_ratelimited("inserted %d\\n", ins_n);',
    "once": 'static int ins_n; if (READ_ONCE(ins_n)) pr_warn_once("inserted\\n");',
    "debug": 'pr_debug("inserted %s\\n", __func__);',
    "lock": "static DEFINE_SPINLOCK(ins_lock); static int ins_n; "
            "if (spin_trylock(&ins_lock)) { ins_n++; spin_unlock(&ins_lock); }",
    "key": "static DEFINE_STATIC_KEY_FALSE(ins_key); static int ins_n; if (static_branch_unlikely(&ins_key)) ins_n++;",
    "read-mostly": 'static int ins_n __read_mostly = 4; if (READ_ONCE(ins_n) == 7) pr_info("inserted\\n");',
    "ro-after-init": 'static int ins_n __ro_after_init = 4; if (READ_ONCE(ins_n) == 7) pr_info("inserted\\n");',
    "cache-line": "static int ins_n __cacheline_aligned_in_smp = 4; ins_n++;",
    "per-cpu": "static DEFINE_PER_CPU(int, ins_n); this_cpu_inc(ins_n);",
    "time": "static unsigned long ins_t; if (time_after(jiffies, READ_ONCE(ins_t) + 500000UL * HZ)) ins_t = jiffies;",
    "task": 'if (unlikely(current->pid == -5)) pr_info("inserted %s\\n", current->comm);',
    "switch": 'static int ins_n; switch (READ_ONCE(ins_n)) { case 1: pr_info("one\\n"); break; case 2: pr_warn("two\\n"); '
              'break; case 3: pr_err("three\\n"); break; case 4: ins_n++; break; case 5: ins_n = 9; break; }',
    "texts": 'static const char *const ins_t[] = { "alpha", "beta", "gamma" }; static unsigned int ins_n; '
             'if (READ_ONCE(ins_n) && ins_n < 3) pr_info("%s\\n", ins_t[ins_n]);',
    "memory": "static int ins_n; if (READ_ONCE(ins_n)) kfree(kmalloc(ins_n, GFP_ATOMIC));",
    "rcu": 'static void __rcu *ins_p; rcu_read_lock(); if (rcu_dereference(ins_p)) pr_info("inserted\\n"); rcu_read_unlock();',
    "interrupts": "unsigned long ins_f; static int ins_n; local_irq_save(ins_f); ins_n++; local_irq_restore(ins_f);",
    "atomic": 'static atomic64_t ins_a = ATOMIC64_INIT(7); atomic64_inc(&ins_a); if (atomic64_read(&ins_a) == 5) pr_info("5\\n");',
    "resched": "static int ins_n; if (READ_ONCE(ins_n)) cond_resched();",
    "feature": 'static int ins_n; if (cpu_feature_enabled(X86_FEATURE_SMAP) && READ_ONCE(ins_n)) pr_info("inserted\\n");',
    "user": "static int ins_n; if (READ_ONCE(ins_n)) { int ins_v; if (!get_user(ins_v, (int __user *)8)) ins_n = ins_v; }",
    "copy": "static int ins_n; if (READ_ONCE(ins_n)) { char ins_b[40]; "
            "if (!copy_from_user(ins_b, (char __user *)8, sizeof(ins_b))) ins_n = ins_b[3]; }",
    "mutex": "static DEFINE_MUTEX(ins_m); static int ins_n; "
             "if (READ_ONCE(ins_n) && mutex_trylock(&ins_m)) mutex_unlock(&ins_m);",
    "wait": "static DECLARE_WAIT_QUEUE_HEAD(ins_w); static int ins_n; if (READ_ONCE(ins_n)) wake_up(&ins_w);",
    "xarray": "static DEFINE_XARRAY(ins_x); static int ins_n; if (READ_ONCE(ins_n) && xa_load(&ins_x, 3)) ins_n = 0;",
    "rate-state": "static DEFINE_RATELIMIT_STATE(ins_r, HZ, 1); static int ins_n; "
                  'if (READ_ONCE(ins_n) && __ratelimit(&ins_r)) pr_info("inserted\\n");',
    "exchange": "static int ins_n; cmpxchg(&ins_n, 4, 5); if (xchg(&ins_n, 2) == 9) ins_n = 1;",
    "weight": "static unsigned long ins_n; static int ins_w; ins_w += hweight_long(READ_ONCE(ins_n));",
    "records": 'static const struct { const char *name; int value; } ins_r[] = { { "one", 1 }, { "two", 2 }, { "three", 3 } }; '
               'static unsigned int ins_n; if (READ_ONCE(ins_n) && ins_n < 3) pr_info("%s %d\\n", ins_r[ins_n].name, ins_r[ins_n].value);',
    "copy-text": 'static int ins_n; if (READ_ONCE(ins_n)) { char ins_b[16]; snprintf(ins_b, sizeof(ins_b), "%d of %s", ins_n, __func__); '
                 "ins_n = strcmp(ins_b, \"4\"); }",
    "warn-rate": 'static int ins_n; WARN_RATELIMIT(READ_ONCE(ins_n) == 5, "inserted\\n");',
    "event": "static int ins_n; if (READ_ONCE(ins_n)) trace_kfree(_RET_IP_, &ins_n);",
    "page": "static int ins_n; if (READ_ONCE(ins_n)) free_page(get_zeroed_page(GFP_ATOMIC));",
    "function": "static int ins_n; if (READ_ONCE(ins_n)) ins_n = ins_function(ins_n);",
    "inline-warn": "static int ins_n; ins_inline(READ_ONCE(ins_n));",
    "operations": "static int ins_n; if (READ_ONCE(ins_n)) ins_n = ins_operations.one(ins_n) + ins_operations.other(3);",
    "shared": "ins_counter++;",
    "caller": "static int ins_n; if (READ_ONCE(ins_n)) dump_stack();",
    "memset": "static char ins_b[300]; static int ins_n; if (READ_ONCE(ins_n)) memset(ins_b, ins_n, sizeof(ins_b));",
}

# What stands before the function for some of them, and the header that others need.
FUNCTION = "static noinline int {name}(int n)\n{{\n\treturn n < 3 ? n : {name}(n - 1) + n;\n}}\n\n"
BEFORE = {
    "function": FUNCTION.format(name="ins_function"),
    "inline-warn": "static inline void ins_inline(int n)\n{\n\tWARN_ON_ONCE(n == 5);\n\tWARN_ON(n == 6);\n}\n\n",
    "operations": FUNCTION.format(name="ins_one") + FUNCTION.format(name="ins_other") +
                  "static const struct { int (*one)(int n); int (*other)(int n); } ins_operations = { ins_one, ins_other };\n\n",
    "shared": "static unsigned long ins_counter;\n\n",
}
HEADERS = {"event": "trace/events/kmem.h", "resched": "linux/sched.h", "user": "linux/uaccess.h", "copy": "linux/uaccess.h",
           "wait": "linux/wait.h", "xarray": "linux/xarray.h", "page": "linux/gfp.h"}

# A definition that stays after boot, that a tracer may redirect, and that is no inline function for certain.
NEVER = r"__init|__exit|__meminit|inline|noinstr|notrace|__sched|__cpuidle|__kprobes|SYSCALL_DEFINE|COMPAT|DEFINE"
DEFINITION = re.compile(
    rf"(?:(?<=\n\n)|(?<=\*/\n)|(?<=\}}\n)|(?<=;\n))(?!.*\b(?:{NEVER}))[a-z][^;{{}}#\n]*?\b(\w+)\([^;{{}}#]*?\)\n{{\n", re.MULTILINE)
LEAST = 500  # bytes of its text


def with_header(text, header):
    """The text with this header after the first that it has of them."""
    if f"<{header}>" in text:
        return text
    first = re.search(r"^#include <linux/.*\n", text, re.MULTILINE)
    place = first.end() if first else 0
    return f"{text[:place]}#include <{header}>\n{text[place:]}"


def main():
    kinds = os.environ.get("KPATCH_TEST_KINDS", "").split() or sorted(KINDS)
    chance = random.Random(int(sys.argv[1]))
    source = pathlib.Path(sys.argv[2])
    for file in sys.argv[3:]:
        if not (source / file).exists():
            continue
        text = (source / file).read_text()
        found = [one for one in DEFINITION.finditer(text) if text.find("\n}\n", one.end()) - one.end() > LEAST]
        if not found:
            continue
        function, kind = chance.choice(found), chance.choice(kinds)
        changed = (f"{text[:function.start()]}{BEFORE.get(kind, '')}{function.group(0)}\t{{ {KINDS[kind]} }}\n"
                   f"{text[function.end():]}")
        if kind in HEADERS:
            changed = with_header(changed, HEADERS[kind])
        print(f"{file} {function.group(1)} {kind}", file=sys.stderr)
        sys.stdout.writelines(difflib.unified_diff(text.splitlines(True), changed.splitlines(True), f"a/{file}", f"b/{file}"))


if __name__ == "__main__":
    main()
