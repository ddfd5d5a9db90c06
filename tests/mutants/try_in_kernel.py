#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tries one mutant of each fault in the real kernel, a few in each virtual machine, one after the other, and writes the
table fault, what the kernel does, what `kpatch verify` says. A machine is trusted up to the first mutant that makes its
kernel complain; those behind are tried again in a fresh one.
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

TOGETHER = 14
# Faults that the kernel refuses cleanly go first: one machine does for many of them.
LAST = re.compile(r"name-|init-|exit-|struct-|text-|orc-|mcount-|fentry|labels|alternatives|boot-|call-")
COMPLAINT = re.compile(r"WARNING: CPU|BUG:|Oops|general protection|invalid opcode|ftrace bug|Kernel panic|stack guard"
                       r"|bad relocation|int3|unable to handle|Unable to handle|Bad or missing|corrupt", re.I)
STAMP = re.compile(r"^(<\d+>)?\[ *\d+\.\d+\](\[.*?\])? *")

Mutant = collections.namedtuple("Mutant", "fault module codes path name")


def name_of(path):
    """The name in struct module, as the generator gave it."""
    with open(path, "rb") as stream:
        found = re.search(rb"\0(mutant\d+)\0", stream.read())
    return found.group(1).decode() if found else None


def read_mutants(said, directory):
    """The first of each fault."""
    mutants = {}
    with open(said, encoding="utf-8", errors="replace") as stream:
        for line in stream:
            words = line.split()
            path = os.path.join(directory, ".".join(words[:2]) + ".ko") if len(words) > 2 else ""
            if os.path.exists(path) and words[0] not in mutants:
                codes = sorted(set(re.findall(r"KP5\d\d\d", line))) or [" ".join(words[2:3])]
                mutants[words[0]] = Mutant(words[0], words[1], ", ".join(codes), path, name_of(path))
    return list(mutants.values())


def rehearse(kpatch, release, mutants):
    with tempfile.TemporaryDirectory() as directory:
        report = os.path.join(directory, "report.json")
        outcome = subprocess.run(
            ["nice", kpatch, "rehearse", "--skip-checks", "--each", "--cpus", "1", "--kernel", release, "--timeout", "100",
             "--json", report, *[mutant.path for mutant in mutants]], capture_output=True, text=True, check=False)
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
                    and "taint" not in line), "") or said[-90:]
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
            yield mutant, *became[:2]
            if not became[2]:
                rest = group[index + 1:] + rest
                break


def cell(text):
    return re.sub(r"[|`]", "'", "".join(c if c.isprintable() else "?" for c in text))[:100]


def main():
    kpatch, release, said, directory, table = sys.argv[1:]
    mutants = sorted(read_mutants(said, directory), key=lambda mutant: bool(LAST.match(mutant.fault)))
    counts = collections.Counter()
    rows = []
    for mutant, outcome, detail in try_all(kpatch, release, mutants):
        found = "KP" in mutant.codes or mutant.codes == "unreadable:"
        counts[outcome, found] += 1
        rows.append(f"| {mutant.fault} | {outcome}{': ' if detail else ''}{cell(detail)} | {mutant.codes} |")
        print(rows[-1], flush=True)
        with open(table, "w", encoding="utf-8") as stream:
            stream.write(f"{len(rows)} faults on {release}. ")
            stream.write("; ".join(f"{outcome}: {number}, {'found' if found else 'not found'} before"
                                   for (outcome, found), number in sorted(counts.items())) + ".\n\n")
            stream.write("| fault | the kernel | `kpatch verify` |\n|---|---|---|\n")
            stream.write("\n".join(sorted(rows)) + "\n")


main()
