#!/usr/bin/python
# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a plan."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: plan_apply
short_description: Run a plan of moves
version_added: 0.1.0
author:
  - The vsphere-motion maintainers (@vsphere-motion)
description:
  - Runs a plan that M(vsphere.motion.plan_info) or the command line has made. First it is compared with how things are;
    where something that it relies on is different, nothing starts and the differences are named.
  - A virtual machine that is already where the plan brings it is done.
options:
  plan:
    description:
      - The plan, as M(vsphere.motion.plan_info) has returned it.
    type: dict
  path:
    description:
      - A file with the plan, where the module runs.
    type: path
  replan:
    description:
      - Make the plan again where what it relies on has changed, instead of refusing it.
    type: bool
    default: false
extends_documentation_fragment:
  - vsphere.motion.vcenter
  - vsphere.motion.attributes
  - vsphere.motion.running
seealso:
  - module: vsphere.motion.plan_info
"""

EXAMPLES = r"""
- name: Run what was approved
  vsphere.motion.plan_apply:
    path: /srv/plans/esx03.json
"""

RETURN = r"""
results:
  description:
    - One entry for each virtual machine, as M(vsphere.motion.vm_migrate) returns it, with a C(message) that says in a
      sentence what became of it.
  returned: always
  type: list
  elements: dict
plan:
  description: The plan as C(vsphere-motion apply --dry-run -o json) prints it.
  returned: always
  type: dict
done:
  description: How many of the plan's moves were done before.
  returned: always
  type: int
run:
  description: The run's id in the journal.
  returned: when something was started
  type: str
  sample: r-7f3a9c
is_finished:
  description: Whether nothing of the run still runs or waits.
  returned: when something was started
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vsphere.motion.plugins.module_utils import placing
from ansible_collections.vsphere.motion.plugins.module_utils.running import finish, places_of, running_spec
from ansible_collections.vsphere.motion.plugins.module_utils.vcenter import connection_spec, open_vcenter


def argument_spec():
    """The options of this module."""
    return {
        **connection_spec(),
        **running_spec(),
        "plan": {"type": "dict"},
        "path": {"type": "path"},
        "replan": {"type": "bool", "default": False},
    }


def apply_plan(module, vcenter):
    """Compare, and run what is left where that is wanted."""
    from vsphere_motion.service.apply import prepare
    from vsphere_motion.service.plan_files import plan_document

    params, plan = module.params, placing.given_plan(module.params)
    ready = prepare(vcenter, plan, replan=params["replan"], partial=params["partial"], places=places_of(params))
    if ready.file != plan:
        placing.refuse_stuck(module, ready.file)
    document = plan_document(ready.file)
    ready = without_known(ready, plan)
    act = placing.preview_ready(ready) if module.check_mode else placing.perform(module, vcenter, ready)
    return {**act, "plan": document, "done": len(ready.done)}


def without_known(ready, plan):
    """The same without what could not go when the plan was made: it is no part of it, and no failure now."""
    from dataclasses import replace

    return replace(ready, file=replace(plan, stuck=())) if ready.file == plan else ready


def main():
    """Read the arguments, act, answer."""
    module = AnsibleModule(
        argument_spec=argument_spec(),
        required_one_of=[("plan", "path")],
        mutually_exclusive=[("plan", "path")],
        supports_check_mode=True,
    )
    with open_vcenter(module) as vcenter:
        finish(module, apply_plan(module, vcenter), is_left=not module.params["wait"])


if __name__ == "__main__":
    main()
