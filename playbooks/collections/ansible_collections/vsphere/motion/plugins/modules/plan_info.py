#!/usr/bin/python
# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a plan, or look at one."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: plan_info
short_description: Make a plan of moves, or look at one
version_added: 0.1.0
author:
  - The vsphere-motion maintainers (@vsphere-motion)
description:
  - Makes a plan that somebody can look at and approve before M(vsphere.motion.plan_apply) runs it.
  - vCenter is only read.
  - With O(plan) or O(path) it says whether what that plan relies on is still so, and what of it is done.
options:
  kind:
    description:
      - What the plan is for. V(evacuate) needs O(hosts), V(rebalance) and V(spread) need O(cluster), V(migrate) needs
        O(vms) with O(destination_host) or O(destination_cluster).
    type: str
    choices: [evacuate, rebalance, spread, migrate]
  hosts:
    description:
      - Hosts to empty.
    type: list
    elements: str
  cluster:
    description:
      - Cluster to even out, or whose rules are to hold again.
    type: str
  vms:
    description:
      - Virtual machines to move, in the words of M(vsphere.motion.vm_migrate).
    type: list
    elements: str
  destination_host:
    description:
      - The host to move to.
    type: str
  destination_cluster:
    description:
      - The cluster to move to.
    type: str
  powered_off:
    description:
      - What an evacuation does with virtual machines that are powered off.
    type: str
    choices: [move, leave]
    default: move
  skip_checks:
    description:
      - Ids of checks whose blockers are overridden, such as V(devices.cdrom).
    type: list
    elements: str
    default: []
  plan:
    description:
      - A plan to look at, as this module has returned it.
    type: dict
  path:
    description:
      - A file with a plan to look at, where the module runs.
    type: path
extends_documentation_fragment:
  - vsphere.motion.vcenter
  - vsphere.motion.attributes.info
  - vsphere.motion.placing
  - vsphere.motion.placing.evenness
seealso:
  - module: vsphere.motion.plan_apply
"""

EXAMPLES = r"""
- name: Plan how to empty esx03
  vsphere.motion.plan_info:
    kind: evacuate
    hosts: [esx03.example.com]
  register: planned

- name: Keep the plan for whoever approves it
  ansible.builtin.copy:
    content: "{{ planned.plan | to_nice_json }}"
    dest: /srv/plans/esx03.json
    mode: "0600"

- name: Is it still good?
  vsphere.motion.plan_info:
    path: /srv/plans/esx03.json
  register: seen
  failed_when: seen.differences | length > 0
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
  description: The plan as C(vsphere-motion plan -o json) prints it.
  returned: always
  type: dict
blocked:
  description: Names of the virtual machines that should move and cannot.
  returned: always
  type: list
  elements: str
differences:
  description: What the plan relies on and is different now, in words; none where it may be run.
  returned: with O(plan) or O(path)
  type: list
  elements: str
done:
  description: How many of the plan's moves are done.
  returned: with O(plan) or O(path)
  type: int
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vsphere.motion.plugins.module_utils import placing
from ansible_collections.vsphere.motion.plugins.module_utils.running import places_of
from ansible_collections.vsphere.motion.plugins.module_utils.vcenter import connection_spec, open_vcenter

WORDS = {"evacuate": "hosts", "rebalance": "cluster", "spread": "cluster", "migrate": "vms"}
"""The option that each kind of plan is about."""


def argument_spec():
    """The options of this module."""
    return {
        **connection_spec(),
        **placing.placing_spec(),
        **placing.evenness_spec(),
        "kind": {"type": "str", "choices": list(WORDS)},
        "hosts": {"type": "list", "elements": "str"},
        "cluster": {"type": "str"},
        "vms": {"type": "list", "elements": "str"},
        "destination_host": {"type": "str"},
        "destination_cluster": {"type": "str"},
        "powered_off": {"type": "str", "choices": ["move", "leave"], "default": "move"},
        "skip_checks": {"type": "list", "elements": "str", "default": []},
        "plan": {"type": "dict"},
        "path": {"type": "path"},
    }


def made(vcenter, params):
    """A new plan."""
    from vsphere_motion.service.placing import make_plan_file

    words = params[WORDS[params["kind"]]]
    request = placing.plan_request(params["kind"], [words] if isinstance(words, str) else words, params)
    return make_plan_file(vcenter.snapshot(), request, vcenter=vcenter, places=places_of(params)), {}


def looked_at(vcenter, params):
    """A plan that was made before, and how far it has come."""
    from vsphere_motion.service.apply import standing_now

    plan = placing.given_plan(params)
    standing = standing_now(vcenter, plan)
    return plan, {"differences": list(standing.differences), "done": len(standing.done)}


def main():
    """Read the arguments, look, answer."""
    module = AnsibleModule(
        argument_spec=argument_spec(),
        required_one_of=[("kind", "plan", "path")],
        mutually_exclusive=[("kind", "plan", "path"), ("destination_host", "destination_cluster")],
        required_if=[
            ("kind", "evacuate", ["hosts"]),
            ("kind", "rebalance", ["cluster"]),
            ("kind", "spread", ["cluster"]),
            ("kind", "migrate", ["vms"]),
            ("kind", "migrate", ["destination_host", "destination_cluster"], True),
        ],
        supports_check_mode=True,
    )
    with open_vcenter(module) as vcenter:
        plan, more = (made if module.params["kind"] else looked_at)(vcenter, module.params)
        result = placing.preview(plan)
        blocked = [one["vm"]["name"] for one in result["results"] if one["state"] == "blocked"]
        module.exit_json(changed=False, plan=result["plan"], results=result["results"], blocked=blocked, **more)


if __name__ == "__main__":
    main()
