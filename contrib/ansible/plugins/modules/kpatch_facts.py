#!/usr/bin/python
# SPDX-License-Identifier: GPL-2.0-or-later
"""Facts about the live patches of a machine."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: kpatch_facts
short_description: Facts about kernel live patches
description:
  - Asks kpatch on the machine which patches are loaded and installed, and what they fix.
  - The facts are below C(kpatch); without kpatch on the machine C(kpatch.available) is false.
options: {}
author:
  - kpatch-ng maintainers (@kpatch-ng)
"""

EXAMPLES = r"""
- name: Ask for live patches
  kpatch_ng.kpatch.kpatch_facts:

- name: Show what is fixed live
  ansible.builtin.debug:
    var: ansible_facts.kpatch.cves
"""

RETURN = r"""
ansible_facts:
  description: What kpatch says.
  returned: always
  type: dict
  contains:
    kpatch:
      description:
        - C(available), C(release), C(effective_version), C(health) (0 ok, 1 warning, 2 critical, 3 unknown),
          C(health_line), C(in_force), C(cves), C(patches) and C(installed) as kpatch status --json has them.
      type: dict
      returned: always
"""

import json
import os

from ansible.module_utils.basic import AnsibleModule


def facts_of(status, health, line):
    """What playbooks ask for, from the answer of kpatch status --json."""
    in_force = [patch for patch in status["patches"] if patch["state"] == "enabled"]
    cves = set()
    for patch in in_force:
        cves.update((patch["says"] or {}).get("cves", []))
    return {
        "available": True,
        "release": status["release"],
        "effective_version": status["effective_version"],
        "health": health,
        "health_line": line.strip(),
        "in_force": [patch["name"] for patch in in_force],
        "cves": sorted(cves),
        "patches": status["patches"],
        "installed": status["installed"],
    }


def main():
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    program = module.get_bin_path("kpatch", opt_dirs=["/usr/local/sbin", "/usr/sbin"])
    if program is None:
        module.exit_json(ansible_facts={"kpatch": {"available": False, "release": os.uname()[2]}})
    _status, text, _errors = module.run_command([program, "status", "--json"], check_rc=True)
    health, line, _errors = module.run_command([program, "check"])
    module.exit_json(ansible_facts={"kpatch": facts_of(json.loads(text), health, line)})


if __name__ == "__main__":
    main()
