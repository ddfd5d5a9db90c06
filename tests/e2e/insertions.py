#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints a patch that puts a statement into a function of each of these files: of one kind and into one function that the
seed chooses. The statements bring what code of the kernel brings (variables in sections of their own, entries of tables,
checked accesses, messages) and do nothing that shows.

usage: insertions.py SEED SOURCE FILE...
"""
import difflib
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
    "memset": "static char ins_b[300]; static int ins_n; if (READ_ONCE(ins_n)) memset(ins_b, ins_n, sizeof(ins_b));",
}

# A definition that stays after boot, that a tracer may redirect, and that is no inline function for certain.
NEVER = r"__init|__exit|__meminit|inline|noinstr|notrace|__sched|__cpuidle|__kprobes|SYSCALL_DEFINE|COMPAT|DEFINE"
DEFINITION = re.compile(
    rf"^(?!.*\b(?:{NEVER}))[a-z][^;{{}}#\n]*?\b(\w+)\([^;{{}}#]*?\)\n{{\n", re.MULTILINE)
LEAST = 500  # bytes of its text


def main():
    chance = random.Random(int(sys.argv[1]))
    source = pathlib.Path(sys.argv[2])
    for file in sys.argv[3:]:
        if not (source / file).exists():
            continue
        text = (source / file).read_text()
        found = [one for one in DEFINITION.finditer(text) if text.find("\n}\n", one.end()) - one.end() > LEAST]
        if not found:
            continue
        function, kind = chance.choice(found), chance.choice(sorted(KINDS))
        changed = f"{text[:function.end()]}\t{{ {KINDS[kind]} }}\n{text[function.end():]}"
        print(f"{file} {function.group(1)} {kind}", file=sys.stderr)
        sys.stdout.writelines(difflib.unified_diff(text.splitlines(True), changed.splitlines(True), f"a/{file}", f"b/{file}"))


if __name__ == "__main__":
    main()
