#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The shell snippets of README, CONTRIBUTING and docs.

snippets.py list [PAGE...]      prints "page:line<TAB>command" of each command in them
snippets.py check BIN-DIRECTORY reads every one of them as bash does, without running it, and looks whether the programs,
                                their commands and options, and the files of this project that it names are there
"""
import json
import pathlib
import re
import shlex
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
PAGES = ["README.md", "CONTRIBUTING.md", *sorted(str(p.relative_to(TOP)) for p in (TOP / "docs").glob("*.md"))]

# Programs of others that snippets use. A word that is neither here nor ours is a mistake.
OTHERS = {"ansible-galaxy", "ansible-playbook", "cat", "cd", "cmake", "cp", "ctest", "dpkg", "echo", "grep", "ls", "mokutil", "openssl",
          "reboot", "systemctl"}
OURS = {"kpatch-build", "kpatch", "create-diff-object", "create-klp-module"}
# Where a snippet shows files of this project under their installed name.
INSTALLED = {"share/kpatch/monitoring": "contrib/monitoring", "share/kpatch/ansible": "contrib/ansible"}


def blocks(text):
    """Lists of (line number, line) of fenced and of indented blocks."""
    block, fenced = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            yield block
            block, fenced = [], not fenced
        elif fenced:
            block.append((number, line))
        elif line.startswith("    "):
            block.append((number, line[4:]))
        elif block:
            yield block
            block = []
    yield block


def is_command(line):
    word = line.split(" ")[0]
    return (word in OTHERS | OURS or word.startswith(("./run", "tests/"))) and "[options]" not in line


def commands(page):
    """(line number, command) of each; a block with prompts has commands behind prompts only, else every line of it is one."""
    for block in blocks((TOP / page).read_text()):
        prompts = any(re.match(r"[$#] \S", line) for _, line in block)
        if not block or not (prompts or is_command(block[0][1])):
            continue
        lines = iter(block)
        for number, line in lines:
            if prompts:
                if not re.match(r"[$#] \S", line):
                    continue
                line = line[2:]
            while line.endswith("\\"):
                line = line[:-1].rstrip() + " " + next(lines)[1].strip()
            yield number, re.sub(r"\s+# .*", "", line).rstrip()


def said(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


class Checker:
    def __init__(self, programs):
        self.programs = pathlib.Path(programs).resolve()
        self.run_commands = set(re.findall(r"^  ([a-z-]+)(?: |$)", said(str(TOP / "run"), "help"), re.M))
        self.helps = {}

    def help_of(self, *words):
        if words not in self.helps:
            text = said(str(self.programs / words[0]), *words[1:], "--help")
            if len(words) > 1 and f"usage: {' '.join(words)}" not in text:
                text = said(str(self.programs / words[0]), "--help")
            self.helps[words] = text
        return self.helps[words]

    def options(self, words, text):
        long_ones = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) | {"--help", "--version"}
        short_ones = set(re.findall(r"(?<![\w-])-[A-Za-z](?![\w-])", text))
        for word in words:
            if word == "--":
                return
            name = word.split("=")[0]
            if name.startswith("--") and name not in long_ones or re.fullmatch(r"-[A-Za-z]", name) and name not in short_ones:
                yield f"no option {name}"

    def ours(self, words):
        program = words[0]
        if program == "kpatch":
            command = words[1] if len(words) > 1 else ""
            if not re.search(rf"^  {re.escape(command)}( |$)", self.help_of("kpatch"), re.M):
                yield f"kpatch has no command {command}"
                return
            yield from self.options(words[2:], self.help_of("kpatch", command))
        else:
            yield from self.options(words[1:], self.help_of(program))

    def others(self, words):
        program = words[0]
        if program == "./run" and words[1] not in self.run_commands:
            yield f"./run has no command {words[1]}"
        if program == "ansible-playbook":
            yield from self.playbook(words[1:])
        presets = json.loads((TOP / "CMakePresets.json").read_text())["configurePresets"]
        for option, value in zip(words, words[1:]):
            if option == "--preset" and value not in {preset["name"] for preset in presets}:
                yield f"no preset {value}"

    def playbook(self, words):
        galaxy = (TOP / "contrib/ansible/galaxy.yml").read_text()
        collection = ".".join(re.search(rf"^{key}: (\S+)", galaxy, re.M)[1] for key in ("namespace", "name"))
        books = [word for word in words if word.startswith(collection + ".")]
        if not books:
            yield f"no playbook of {collection}"
        for book in books:
            file = TOP / "contrib/ansible/playbooks" / (book[len(collection) + 1:] + ".yml")
            if not file.exists():
                yield f"no playbook {book}"
                continue
            for option, value in zip(words, words[1:]):
                if option == "-e" and value.split("=")[0] not in file.read_text():
                    yield f"{book} has no variable {value.split('=')[0]}"

    def files(self, words):
        """Those that are below a folder which the source has, or installed by it."""
        for word in words:
            for installed, source in INSTALLED.items():
                if f"/{installed}/" in word:
                    word = source + "/" + word.split(f"/{installed}/")[1]
            word = word.removeprefix("./")
            top = word.split("/")[0]
            if "/" in word and top in {"contrib", "demo", "docs", "examples", "kmod", "src", "tests"} and not (TOP / word).exists():
                yield f"no file {word}"

    def faults(self, command):
        """One by one, of the parts between pipes and the like."""
        parsed = subprocess.run(["bash", "-n", "-c", command], capture_output=True, text=True, check=False)
        if parsed.returncode:
            yield parsed.stderr.strip()
            return
        for part in re.split(r"\s*(?:&&|\|\||[|;])\s+", command):
            # Braces as bash spells them out; nothing else is expanded.
            words = [piece for word in shlex.split(part) for piece in self.spelled(word)]
            program = words[0]
            if program in OURS:
                yield from self.ours(words)
            elif program in OTHERS or program == "./run" or program.startswith("tests/"):
                yield from self.others(words)
            else:
                yield f"unknown program {program}"
            yield from self.files(words)

    @staticmethod
    def spelled(word):
        found = re.fullmatch(r"(.*)\{([^{}]*,[^{}]*)\}(.*)", word)
        return [found[1] + each + found[3] for each in found[2].split(",")] if found else [word]


def main():
    if sys.argv[1] == "list":
        for page in sys.argv[2:] or PAGES:
            for number, command in commands(page):
                print(f"{page}:{number}\t{command}")
        return 0
    checker, count, status = Checker(sys.argv[2]), 0, 0
    for page in PAGES:
        for number, command in commands(page):
            count += 1
            for fault in checker.faults(command):
                print(f"{page}:{number}: {fault}: {command}")
                status = 1
    if count < 50:
        print(f"only {count} commands found: are snippets written otherwise now?")
        status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
