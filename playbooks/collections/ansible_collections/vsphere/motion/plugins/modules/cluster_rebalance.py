#!/usr/bin/python
# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Even out the hosts of a cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: cluster_rebalance
short_description: Even out the hosts of a cluster with few moves
version_added: 0.1.0
author:
  - The vsphere-motion maintainers (@vsphere-motion)
description:
  - Evens out how full the hosts of a cluster are, by what their virtual machines are measured to use, whether DRS is on
    or not. Rules, checks and limits are kept.
options:
  cluster:
    description:
      - Name or V(moid:domain-c9) of the cluster.
    type: str
    required: true
extends_documentation_fragment:
  - vsphere.motion.vcenter
  - vsphere.motion.attributes
  - vsphere.motion.running
  - vsphere.motion.placing
  - vsphere.motion.placing.evenness
seealso:
  - module: vsphere.motion.plan_info
"""

EXAMPLES = r"""
- name: Even out memory with ten moves at most
  vsphere.motion.cluster_rebalance:
    cluster: Production
    goal: memory
    max_moves: 10
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
  description: The plan as C(vsphere-motion rebalance --dry-run -o json) prints it.
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
        **placing.evenness_spec(),
        "cluster": {"type": "str", "required": True},
    }


def rebalance(module, vcenter):
    """Plan, and run that where it is wanted."""
    request = placing.plan_request("rebalance", (module.params["cluster"],), module.params)
    ready = placing.plan_now(module, vcenter, request)
    placing.refuse_stuck(module, ready.file)
    if module.check_mode:
        return placing.preview(ready.file)
    return placing.perform(module, vcenter, ready)


def main():
    """Read the arguments, act, answer."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    with open_vcenter(module) as vcenter:
        finish(module, rebalance(module, vcenter), is_left=not module.params["wait"])


if __name__ == "__main__":
    main()
