#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tries a mutant of each fault in the real kernel, a few in each virtual machine, one after the other, and writes the
table fault, module, what the kernel does, what `kpatch verify` says. A machine is trusted up to the first mutant that
makes its kernel complain; those behind are tried again in a fresh one, and so is one that does not end behind others.
Faults that TABLE has already are not tried again.
usage: try_in_kernel.py KPATCH RELEASE SAID DIRECTORY TABLE
  SAID is what tests/mutants prints while it makes the mutants in DIRECTORY.
"""
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

INTRO = """# Modules with one fault each

What {release} does with finished modules that carry one fault each, made by `tests/mutants` out of modules that
`kpatch-build` made (of the patches `special-sections`, `vmlinux-and-module`, `callbacks`, `new-symbols` and `system-call` of `tests/e2e`),
and what `kpatch verify` says of them before. Many a fault loads without a word: it does its harm when the
code runs that it is in, or when a processor has the feature that it is about. Codes are explained in [problems.md](problems.md).
Faults of `tests/mutants` that the table lacks were not tried; that each of them is found is what `e2e.mutants` checks.

To make the table again:

```
tests/e2e/mutants_table.sh build/release/bin
```

It takes about an hour on a machine without KVM. It goes on where it was stopped: take the rows away that are to
be tried again.

"""
TOGETHER = 14
# Faults that the kernel refuses cleanly go first: one machine does for many of them.
LAST = re.compile(r"name-|init-|exit-|struct-|text-|orc-|mcount-|fentry|labels|alternatives|boot-|call-")
COMPLAINT = re.compile(r"WARNING: CPU|BUG:|Oops|general protection|invalid opcode|ftrace bug|Kernel panic|stack guard"
                       r"|bad relocation|int3|unable to handle|Unable to handle|Bad or missing|corrupt", re.I)
ANSWER = re.compile(r"Invalid argument|Exec format error|No such file or directory|Invalid module format|Killed"
                    r"|Segmentation fault")
STAMP = re.compile(r"^(<\d+>)?\[ *\d+\.\d+\](\[.*?\])? *")

Mutant = collections.namedtuple("Mutant", "fault module codes path name")


def name_of(path):
    """The name in struct module, as the generator gave it."""
    with open(path, "rb") as stream:
        found = re.search(rb"\0(mutant\d+)\0", stream.read())
    return found.group(1).decode() if found else None


def read_mutants(said, directory):
    """One of each fault; of the modules that have it, the one that least was taken of so far."""
    faults = collections.defaultdict(list)
    with open(said, encoding="utf-8", errors="replace") as stream:
        for line in stream:
            words = line.split()
            path = os.path.join(directory, ".".join(words[:2]) + ".ko") if len(words) > 2 else ""
            if os.path.exists(path):
                codes = sorted(set(re.findall(r"KP5\d\d\d", line))) or [" ".join(words[2:3])]
                faults[words[0]].append(Mutant(words[0], words[1], ", ".join(codes), path, name_of(path)))
    taken = collections.Counter()
    mutants = []
    for candidates in sorted(faults.values(), key=len):
        mutants.append(min(candidates, key=lambda mutant: taken[mutant.module]))
        taken[mutants[-1].module] += 1
    return mutants


def rehearse(kpatch, release, mutants):
    with tempfile.TemporaryDirectory() as directory:
        report = os.path.join(directory, "report.json")
        outcome = subprocess.run(
            [kpatch, "rehearse", "--skip-checks", "--each", "--cpus", "1", "--kernel", release,
             "--timeout", str(100 + 15 * len(mutants)), "--json", report, *[mutant.path for mutant in mutants]], capture_output=True, text=True, check=False)
        if not os.path.exists(report):
            return None, outcome.stderr.strip().splitlines()[-1:] or [""]
        with open(report, encoding="utf-8") as stream:
            return json.load(stream), ""


def messages(report, name):
    """What the kernel said while this mutant was tried."""
    lines, mine = [], False
    for line in report["kernel_log"] or report["console"]:
        text = STAMP.sub("", line)
        if re.search(r": mutant\d+$", text):
            mine = text.endswith(": " + name)
        elif mine:
            lines.append(text)
    return lines


def first_complaint(lines):
    return next((re.sub(r"^.*?(WARNING: CPU: \d+ PID: \d+ at )", "WARNING at ", line) for line in lines
                 if COMPLAINT.search(line)), None)


def what_became(report, mutant):
    """(outcome, detail, whether the machine can still be trusted); None: it never came to it."""
    steps = [step for step in report["steps"] if step["subject"] == mutant.name]
    if not steps:
        return None
    lines = messages(report, mutant.name)
    complaint = first_complaint(lines)
    if steps[-1].get("status") is None:
        said = complaint or first_complaint(STAMP.sub("", line) for line in report["console"])
        return ("crashes" if said else "hangs", said or steps[-1]["action"] + " does not end", False)
    if complaint:
        return "warns", complaint, False
    failed = next((step for step in steps if step["status"] != 0), None)
    if failed:
        said = " ".join(failed["said"])
        why = next((line for line in lines if ("mutant" in line or "Unknown symbol" in line)
                    and "taint" not in line), "") or (ANSWER.findall(said) or [said[-90:]])[-1]
        if why in ("Segmentation fault", "Killed"):  # what ran into the kernel's mistake
            return "crashes", "the program that loads it is killed", False
        verb = "refuses" if failed["action"] == "load" else failed["action"] + " fails"
        return verb, why.replace(mutant.name + ": ", ""), failed["action"] == "load" and len(steps) == 1
    return "loads", "", True


def try_all(kpatch, release, rest):
    while rest:
        group, rest = rest[:TOGETHER], rest[TOGETHER:]
        report, why = rehearse(kpatch, release, group)
        if report is None and len(group) > 1:  # one of them is refused before; find out which
            middle = len(group) // 2
            for part in (group[:middle], group[middle:]):
                yield from try_all(kpatch, release, part)
            continue
        for index, mutant in enumerate(group):
            became = what_became(report, mutant) if report else ("never gets it", why[0], True)
            if became is None:
                if index == 0:
                    yield mutant, "ends before", report["reason"]
                rest = group[max(index, 1):] + rest
                break
            if became[0] == "hangs" and index > 0:  # the machine may only have run out of time
                rest = group[index:] + rest
                break
            yield mutant, *became[:2]
            if not became[2]:
                rest = group[index + 1:] + rest
                break


def cell(text):
    return re.sub(r"[|`]", "'", "".join(c if c.isprintable() else "?" for c in text))[:100]


def counts_of(rows):
    """What the kernel did, and how often it was said before."""
    counts = collections.Counter()
    for row in rows:
        _, _, outcome, codes = (part.strip() for part in row.strip("| ").split(" | "))
        counts[outcome.split(":")[0], "KP" in codes or codes == "unreadable:"] += 1
    return "; ".join(f"{outcome}: {number}{'' if found else ', not found before'}"
                     for (outcome, found), number in sorted(counts.items()))


def write_table(table, release, rows):
    with open(table, "w", encoding="utf-8") as stream:
        stream.write(INTRO.format(release=release))
        stream.write(f"{len(rows)} faults. {counts_of(rows)}.\n\n")
        stream.write("| fault | module | the kernel | `kpatch verify` |\n|---|---|---|---|\n")
        stream.write("\n".join(sorted(rows)) + "\n")


def rows_of(table):
    if not os.path.exists(table):
        return []
    with open(table, encoding="utf-8") as stream:
        return [line.rstrip("\n") for line in stream if line.startswith("| ") and not line.startswith("| fault ")]


def main():
    kpatch, release, said, directory, table = sys.argv[1:]
    rows = rows_of(table)
    known = {row.split(" | ")[0][2:] for row in rows}
    mutants = sorted(read_mutants(said, directory), key=lambda mutant: bool(LAST.match(mutant.fault)))
    for mutant, outcome, detail in try_all(kpatch, release, [mutant for mutant in mutants if mutant.fault not in known]):
        rows.append(f"| {mutant.fault} | {mutant.module} | {outcome}{': ' if detail else ''}{cell(detail)} | {mutant.codes} |")
        print(rows[-1], flush=True)
        write_table(table, release, rows)
    write_table(table, release, rows)


main()
