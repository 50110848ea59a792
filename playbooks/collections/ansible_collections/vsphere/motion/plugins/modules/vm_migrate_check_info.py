#!/usr/bin/python
# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what would stop or hurt moving virtual machines."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vm_migrate_check_info
short_description: Say what would stop or hurt moving virtual machines
version_added: 0.1.0
author:
  - The vsphere-motion maintainers (@vsphere-motion)
description:
  - Makes every pre-flight check of M(vsphere.motion.vm_migrate), vCenter's and the library's, and says how long each
    move is expected to take.
  - With O(destination_cluster) or O(all_hosts) each virtual machine is held against each host. With O(to_vcenter) both
    vCenters are looked at, and O(destination_cluster) is the cluster there of which a host is chosen.
  - What is blocked is a result, not a failure.
options:
  destination_host:
    description:
      - Name, inventory path or V(moid:host-21) of the host to move to.
    type: str
    aliases: [destination]
  destination_cluster:
    description:
      - Look at every host of this cluster.
    type: str
  all_hosts:
    description:
      - Look at every host.
    type: bool
  strict:
    description:
      - Let warnings and unknown findings block as well.
    type: bool
    default: false
  skip_checks:
    description:
      - Ids of checks whose blockers are overridden, such as V(devices.cdrom).
    type: list
    elements: str
    default: []
  checks:
    description:
      - Whose checks are made, the library's, vCenter's own, or both.
    type: str
    choices: [client, vcenter, both]
    default: both
extends_documentation_fragment:
  - vsphere.motion.vcenter
  - vsphere.motion.attributes.info
  - vsphere.motion.selecting
  - vsphere.motion.across
seealso:
  - module: vsphere.motion.vm_migrate
"""

EXAMPLES = r"""
- name: Can these go to esx05?
  vsphere.motion.vm_migrate_check_info:
    vms: ["web*", "tag:tier/front"]
    destination_host: esx05.example.com
  register: check

- name: Stop where one cannot
  ansible.builtin.assert:
    that: check.blocked | length == 0
    fail_msg: "{{ check.results | map(attribute='message') | join('; ') }}"

- name: Can they go to another vCenter, with their tags?
  vsphere.motion.vm_migrate_check_info:
    vms: ["web*"]
    destination_cluster: Compute
    to_vcenter:
      hostname: vc-b.example.com
      username: mover@vsphere.local
      password: "{{ other_password }}"
      ca_file: /etc/vsphere-motion/zurich.pem
      mapping:
        datastores: {san-1: flash-1}
      keep_tags: true
  register: across

- name: Who can leave the cluster's hosts, and where to?
  vsphere.motion.vm_migrate_check_info:
    vms: ["cluster:Production"]
    destination_cluster: Production
  register: matrix
"""

RETURN = r"""
plan:
  description: The plan as C(vsphere-motion check -o json) prints it.
  returned: with O(destination_host) or O(to_vcenter)
  type: dict
matrix:
  description: Each virtual machine on each host, as C(vsphere-motion check --to-cluster CLUSTER -o json) prints it.
  returned: with O(destination_cluster) or O(all_hosts)
  type: dict
results:
  description:
    - One entry for each virtual machine, as M(vsphere.motion.vm_migrate) returns it in check mode, with its
      C(findings), C(expected_duration_s) and a C(message).
  returned: with O(destination_host) or O(to_vcenter)
  type: list
  elements: dict
blocked:
  description: Names of the virtual machines that cannot be moved, or can go to none of the other hosts.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vsphere.motion.plugins.module_utils.across import across_spec, meeting, with_vcenter
from ansible_collections.vsphere.motion.plugins.module_utils.running import places_of
from ansible_collections.vsphere.motion.plugins.module_utils.selecting import ONE_OF, selecting_spec, selectors_of
from ansible_collections.vsphere.motion.plugins.module_utils.vcenter import connection_spec, open_vcenter


def argument_spec():
    """The options of this module."""
    return {
        **connection_spec(),
        **selecting_spec(),
        **across_spec(),
        "destination_host": {"type": "str", "aliases": ["destination"]},
        "destination_cluster": {"type": "str"},
        "all_hosts": {"type": "bool"},
        "strict": {"type": "bool", "default": False},
        "skip_checks": {"type": "list", "elements": "str", "default": []},
        "checks": {"type": "str", "choices": ["client", "vcenter", "both"], "default": "both"},
    }


def asked(params):
    """What is asked for of either kind, in the library's words."""
    from vsphere_motion.model.request import Opinions
    from vsphere_motion.service.checks import require_known

    for check_id in params["skip_checks"]:
        require_known("skip_checks", check_id)
    return {
        "selectors": selectors_of(params),
        "exclude": tuple(params["exclude"]),
        "skip_checks": tuple(params["skip_checks"]),
        "strict": params["strict"],
        "opinions": Opinions(params["checks"]),
    }


def check_host(vcenter, params):
    """Each virtual machine on one host, or on its way to another vCenter."""
    from vsphere_motion.model.request import MoveRequest, Wishes
    from vsphere_motion.service.check import check
    from vsphere_motion.service.documents import plan_document
    from vsphere_motion.service.results import planned_results

    wishes = with_vcenter(Wishes(to_cluster=params["destination_cluster"]), params)
    request = MoveRequest(to_host=params["destination_host"] or "", wishes=wishes, **asked(params))
    plan = check(vcenter, request, places_of(params))
    results = planned_results(plan)
    blocked = [one["vm"]["name"] for one in results if one["state"] == "blocked"]
    return {"plan": plan_document(plan), "results": results, "blocked": blocked}


def check_hosts(vcenter, params):
    """Each virtual machine on each host of a cluster, or of all."""
    from vsphere_motion.model.request import MatrixRequest
    from vsphere_motion.service.documents import matrix_as_document
    from vsphere_motion.service.matrix import check_matrix

    request = MatrixRequest(to_cluster=params["destination_cluster"], **asked(params))
    matrix = matrix_as_document(check_matrix(vcenter, request, places_of(params)))
    return {"matrix": matrix, "blocked": [row["vm"]["name"] for row in matrix["vms"] if row["stuck"]]}


def main():
    """Read the arguments, look, answer."""
    module = AnsibleModule(
        argument_spec=argument_spec(),
        required_one_of=[ONE_OF, ("destination_host", "destination_cluster", "all_hosts", "to_vcenter")],
        mutually_exclusive=[
            ONE_OF,
            ("destination_host", "destination_cluster", "all_hosts"),
            ("all_hosts", "to_vcenter"),
        ],
        supports_check_mode=True,
    )
    with open_vcenter(module) as vcenter, meeting(module, vcenter):
        is_one = module.params["destination_host"] or module.params["to_vcenter"]
        look = check_host if is_one else check_hosts
        module.exit_json(changed=False, **look(vcenter, module.params))


if __name__ == "__main__":
    main()
