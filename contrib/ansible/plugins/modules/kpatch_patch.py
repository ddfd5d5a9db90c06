#!/usr/bin/python
# SPDX-License-Identifier: GPL-2.0-or-later
"""Brings a live patch into force on a machine, or takes it back."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: kpatch_patch
short_description: Bring a kernel live patch into force, or take it back
description:
  - With C(present) the patch is loaded on trial, in the place of those that are loaded, and installed so that each boot
    loads it. If its check fails, or the kernel complains meanwhile, kpatch takes it back and nothing has changed.
  - With C(absent) it is unloaded and uninstalled. With C(rolled_back) the patches that it had replaced come back; if
    there were none it is as C(absent).
options:
  src:
    description: The module on the machine, built for the kernel that runs there.
    type: path
    required: true
  state:
    description: What is wanted.
    type: str
    choices: [present, absent, rolled_back]
    default: present
  check:
    description: A script on the machine that must succeed once the patch is in force.
    type: path
  watch:
    description: For so many seconds the kernel must not complain.
    type: int
    default: 0
  timeout:
    description: How many seconds a transition may take.
    type: int
    default: 75
attributes:
  check_mode:
    description: Says whether something would change.
    support: full
author:
  - kpatch-ng maintainers (@kpatch-ng)
"""

EXAMPLES = r"""
- name: Bring the patch into force, watch it for a minute
  kpatch_ng.kpatch.kpatch_patch:
    src: /var/cache/kpatch/livepatch-2-0.ko
    check: /var/cache/kpatch/check.sh
    watch: 60

- name: Go back
  kpatch_ng.kpatch.kpatch_patch:
    src: /var/cache/kpatch/livepatch-2-0.ko
    state: rolled_back
"""

RETURN = r"""
name:
  description: What the kernel calls the module.
  returned: always
  type: str
commands:
  description: The calls of kpatch that were made.
  returned: always
  type: list
  elements: str
taken_back:
  description: Whether the patch was loaded on trial and taken back.
  returned: failure
  type: bool
"""

import json
import os

from ansible.module_utils.basic import AnsibleModule

TAKEN_BACK = 11  # exit status of kpatch load


class Machine:
    """The live patches of the machine, as kpatch shows and changes them."""

    def __init__(self, module):
        self.module = module
        self.commands = []
        self.program = module.get_bin_path("kpatch", required=True, opt_dirs=["/usr/local/sbin", "/usr/sbin"])
        self.source = module.params["src"]
        self.file = os.path.basename(self.source)
        self.name = self.file.split(".ko")[0].replace("-", "_")
        _status, text, _errors = module.run_command([self.program, "status", "--json"], check_rc=True)
        self.status = json.loads(text)

    def run(self, *words):
        """Runs kpatch, unless this is only a rehearsal, and ends the module if it fails."""
        self.commands.append("kpatch " + " ".join(words))
        if self.module.check_mode:
            return
        status, text, errors = self.module.run_command([self.program] + list(words))
        if status != 0:
            self.module.fail_json(
                msg="kpatch %s: %s" % (words[0], (errors or text).strip()),
                rc=status,
                name=self.name,
                commands=self.commands,
                taken_back=status == TAKEN_BACK,
            )

    def patch(self):
        """The loaded patch, or None."""
        return next((patch for patch in self.status["patches"] if patch["name"] == self.name), None)

    def is_in_force(self):
        patch = self.patch()
        return patch is not None and patch["state"] == "enabled"

    def installed(self):
        """The file that the next boot loads, or None."""
        for entry in self.status["installed"]:
            if entry["name"] == self.name and entry["release"] == self.status["release"]:
                return entry["path"]
        return None

    def is_installed(self):
        path = self.installed()
        if path is None:
            return False
        if not os.path.exists(self.source):  # a rehearsal does not copy it
            return True
        return self.module.sha256(path) == self.module.sha256(self.source)


def make_present(machine, params):
    if not machine.is_in_force():
        words = ["load", "--timeout", str(params["timeout"])]
        if params["check"]:
            words += ["--check", params["check"]]
        if params["watch"]:
            words += ["--watch", str(params["watch"])]
        machine.run(*(words + [machine.source]))
    if not machine.is_installed():
        machine.run("install", machine.source)


def make_absent(machine, params):
    if machine.patch() is not None:
        machine.run("unload", "--timeout", str(params["timeout"]), machine.name)
    if machine.installed() is not None:
        machine.run("uninstall", machine.file)


def roll_back(machine, params):
    patch = machine.patch()
    if patch is not None and patch["replaced"]:
        machine.run("rollback", "--timeout", str(params["timeout"]))
    else:
        make_absent(machine, params)


STATES = {"present": make_present, "absent": make_absent, "rolled_back": roll_back}


def main():
    module = AnsibleModule(
        argument_spec={
            "src": {"type": "path", "required": True},
            "state": {"type": "str", "choices": sorted(STATES), "default": "present"},
            "check": {"type": "path"},
            "watch": {"type": "int", "default": 0},
            "timeout": {"type": "int", "default": 75},
        },
        supports_check_mode=True,
    )
    machine = Machine(module)
    STATES[module.params["state"]](machine, module.params)
    module.exit_json(changed=bool(machine.commands), name=machine.name, commands=machine.commands)


if __name__ == "__main__":
    main()
