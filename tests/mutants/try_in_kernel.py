#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tries mutants in the real kernel, a few in each virtual machine, one after the other, and prints
what became of each: refused, loaded and unloaded, killed the machine, or with complaints of the
kernel (those of all mutants of one machine are printed together).
usage: try_in_kernel.py KPATCH RELEASE MUTANT.ko...
"""
import json
import os
import subprocess
import sys
import tempfile

TOGETHER = 5


def name_of(path):
    """The name in struct module, as the table of mutants gives it."""
    data = open(path, "rb").read()
    at = data.find(b"mutant")
    return data[at:data.index(b"\0", at)].decode() if at >= 0 else os.path.basename(path)


def rehearse(kpatch, release, mutants):
    with tempfile.TemporaryDirectory() as directory:
        report = os.path.join(directory, "report.json")
        outcome = subprocess.run(
            [kpatch, "rehearse", "--skip-checks", "--each", "--cpus", "1", "--kernel", release, "--timeout",
             "200", "--json", report, *mutants], capture_output=True, text=True, check=False)
        if not os.path.exists(report):
            return None, outcome.stderr.strip()
        with open(report, encoding="utf-8") as stream:
            return json.load(stream), ""


def what_became(report, mutant):
    steps = [step for step in report["steps"] if step["subject"] == name_of(mutant)]
    if not steps:
        return None
    for step in steps:
        if step.get("status") is None:
            return step["action"] + " did not end"
        if step["status"] != 0:
            return f'{step["action"]} failed: ' + " ".join(step["said"][1:2]).split("failed to")[-1][-60:]
    return "loaded and unloaded" if len(steps) > 1 else "loaded"


def main():
    kpatch, release, *rest = sys.argv[1:]
    while rest:
        group, rest = rest[:TOGETHER], rest[TOGETHER:]
        report, why = rehearse(kpatch, release, group)
        if report is None and len(group) > 1:
            rest = group[1:] + rest  # one of them is refused before; find out which
            group = group[:1]
            report, why = rehearse(kpatch, release, group)
        for index, mutant in enumerate(group):
            became = what_became(report, mutant) if report else "refused before: " + why[-70:]
            if became is None:  # the machine died before
                rest = group[index:] + rest if index else group[1:] + rest
                if not index:
                    print(f"{os.path.basename(mutant):<60} not tried: {report['verdict']}")
                break
            print(f"{os.path.basename(mutant):<60} {became}", flush=True)
        for line in (report or {}).get("complaints", []):
            print("    complaint: " + line, flush=True)


main()
