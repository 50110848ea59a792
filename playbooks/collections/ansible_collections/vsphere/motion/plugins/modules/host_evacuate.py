#!/usr/bin/python
# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Empty hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: host_evacuate
short_description: Empty hosts, and put them into maintenance mode
version_added: 0.1.0
author:
  - The vsphere-motion maintainers (@vsphere-motion)
description:
  - Spreads the virtual machines of hosts over the other hosts of the cluster, so that reservations fit, rules hold and
    what vSphere HA keeps free stays free, whether DRS is on or not.
  - Every virtual machine that cannot leave is named, with the reason for each host, before anything starts.
  - Templates and system virtual machines are left.
options:
  hosts:
    description:
      - Names, inventory paths or V(moid:host-21) of the hosts to empty.
    type: list
    elements: str
    required: true
    aliases: [host]
  destination_cluster:
    description:
      - Where the virtual machines go. Without it the cluster of their host.
    type: str
  maintenance_mode:
    description:
      - Put each host into maintenance mode once it is empty.
    type: bool
    default: false
  powered_off:
    description:
      - What is done with virtual machines that are powered off.
    type: str
    choices: [move, leave]
    default: move
extends_documentation_fragment:
  - vsphere.motion.vcenter
  - vsphere.motion.attributes
  - vsphere.motion.running
  - vsphere.motion.placing
seealso:
  - module: vsphere.motion.host_restore
  - module: vsphere.motion.plan_info
"""

EXAMPLES = r"""
- name: Empty esx03 for its patches
  vsphere.motion.host_evacuate:
    hosts: [esx03.example.com]
    maintenance_mode: true
  register: evacuation

- name: Say what would be done
  vsphere.motion.host_evacuate:
    hosts: [esx03.example.com]
  check_mode: true
  diff: true
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
  description: The plan as C(vsphere-motion evacuate --dry-run -o json) prints it.
  returned: always
  type: dict
run:
  description: The run's id in the journal.
  returned: when something was started
  type: str
  sample: r-7f3a9c
is_finished:
  description: Whether nothing of the run still runs or waits.
  returned: when something was started
  type: bool
maintenance:
  description: What came of maintenance mode of each host.
  returned: with O(maintenance_mode)
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vsphere.motion.plugins.module_utils import placing
from ansible_collections.vsphere.motion.plugins.module_utils.running import finish, running_spec
from ansible_collections.vsphere.motion.plugins.module_utils.vcenter import connection_spec, open_vcenter


def argument_spec():
    """The options of this module."""
    return {
        **connection_spec(),
        **running_spec(),
        **placing.placing_spec(),
        "hosts": {"type": "list", "elements": "str", "required": True, "aliases": ["host"]},
        "destination_cluster": {"type": "str"},
        "maintenance_mode": {"type": "bool", "default": False},
        "powered_off": {"type": "str", "choices": ["move", "leave"], "default": "move"},
    }


def evacuate(module, vcenter):
    """Plan, and run that where it is wanted."""
    params = module.params
    ready = placing.plan_now(module, vcenter, placing.plan_request("evacuate", params["hosts"], params))
    placing.refuse_stuck(module, ready.file)
    if module.check_mode:
        result = placing.preview(ready.file)
        return with_entering(vcenter, ready.file, result) if params["maintenance_mode"] else result
    result = placing.perform(module, vcenter, ready)
    return entered(vcenter, ready.file, result) if params["maintenance_mode"] else result


def with_entering(vcenter, file, result):
    """The same preview, with the hosts that would enter maintenance mode."""
    from vsphere_motion.service.planned import hosts_to_enter

    names = [host.name for host in hosts_to_enter(vcenter, file)]
    return shown(result, names)


def entered(vcenter, file, result):
    """The same result, with the hosts in maintenance mode where every virtual machine has left."""
    from vsphere_motion.service.planned import enter_emptied

    if file.stuck or [one for one in result["results"] if one["state"] not in ("moved", "unchanged")]:
        return {**result, "maintenance": []}
    found = enter_emptied(vcenter, file, result["run"])
    return {
        **shown(result, [one["host"] for one in found if one["in_maintenance_mode"]]),
        "maintenance": found,
    }


def shown(result, names):
    """The same result; these hosts enter maintenance mode, which is a change."""
    before = {name: {"in_maintenance_mode": False} for name in names}
    after = {name: {"in_maintenance_mode": True} for name in names}
    difference = result["diff"]
    return {
        **result,
        "changed": result["changed"] or bool(names),
        "diff": {"before": {**difference["before"], **before}, "after": {**difference["after"], **after}},
    }


def main():
    """Read the arguments, act, answer."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    if module.params["maintenance_mode"] and not module.params["wait"]:
        module.fail_json(msg="maintenance_mode needs empty hosts, and wait is false: nobody would wait until they are")
    with open_vcenter(module) as vcenter:
        result = evacuate(module, vcenter)
        refused = [one for one in result.get("maintenance", ()) if not one["in_maintenance_mode"]]
        if refused:
            words = "; ".join(
                "{host} is empty, and is not in maintenance mode: {note}".format(**one) for one in refused
            )
            module.fail_json(msg=words, **result)
        finish(module, result, is_left=not module.params["wait"])


if __name__ == "__main__":
    main()
