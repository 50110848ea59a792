#!/usr/bin/python
# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Move a virtual machine to another host."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vm_migrate
short_description: Move a virtual machine to another host
version_added: 0.1.0
author:
  - The vsphere-motion maintainers (@vsphere-motion)
description:
  - Moves one virtual machine to a host, live where it is powered on, and verifies that it arrived.
  - All pre-flight checks run first, vCenter's and the library's; one blocker and nothing is changed.
  - A name that matches several virtual machines is an error that lists them.
options:
  vm_name:
    description:
      - Name or inventory path of the virtual machine.
    type: str
    aliases: [vm]
  vm_uuid:
    description:
      - Instance or BIOS UUID of the virtual machine.
    type: str
    aliases: [uuid]
  moid:
    description:
      - Managed object identifier of the virtual machine.
    type: str
  destination_host:
    description:
      - Name, inventory path or C(moid:...) of the host to move to.
      - A host of another cluster means that cluster's root resource pool.
    type: str
    required: true
    aliases: [destination]
  skip_checks:
    description:
      - Ids of checks whose blockers are overridden, such as C(devices.cdrom).
    type: list
    elements: str
    default: []
  state_dir:
    description:
      - Directory of the journal of runs.
      - If not given, the environment variable E(VSPHERE_MOTION_STATE_DIR) is used, then the platform's state directory.
    type: path
attributes:
  check_mode:
    description: Predicts C(changed) and lists the findings; the server is only read.
    support: full
  diff_mode:
    description: Shows the host before and after.
    support: full
  action_group:
    description: Use C(group/vsphere.motion.vmware) in C(module_defaults) to set the connection once.
    support: full
extends_documentation_fragment:
  - vsphere.motion.vcenter
"""

EXAMPLES = r"""
- name: Move web01 to esx05
  vsphere.motion.vm_migrate:
    hostname: vc01.example.com
    username: administrator@vsphere.local
    password: "{{ vcenter_password }}"
    vm_name: web01
    destination_host: esx05.example.com

- name: Move a machine although its CD-ROM is connected
  vsphere.motion.vm_migrate:
    moid: vm-42
    destination_host: esx05.example.com
    skip_checks:
      - devices.cdrom
"""

RETURN = r"""
running_host:
  description: Name of the host the virtual machine is on now, or would be on after the move in check mode.
  returned: success
  type: str
  sample: esx05.example.com
outcome:
  description: The move's outcome as in the command line's C(run/v1) document; in check mode its C(check/v1) entry.
  returned: success
  type: dict
run:
  description: The run's id in the journal.
  returned: when not in check mode
  type: str
findings:
  description: What the checks found.
  returned: always
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible_collections.vsphere.motion.plugins.module_utils.vcenter import connection_spec, open_vcenter


def argument_spec():
    """The options of this module."""
    return {
        **connection_spec(),
        "vm_name": {"type": "str", "aliases": ["vm"]},
        "vm_uuid": {"type": "str", "aliases": ["uuid"]},
        "moid": {"type": "str"},
        "destination_host": {"type": "str", "required": True, "aliases": ["destination"]},
        "skip_checks": {"type": "list", "elements": "str", "default": []},
        "state_dir": {"type": "path", "fallback": (env_fallback, ["VSPHERE_MOTION_STATE_DIR"])},
    }


def selector(params):
    """The virtual machine in the library's words."""
    if params["moid"]:
        return "moid:" + params["moid"]
    if params["vm_uuid"]:
        return "uuid:" + params["vm_uuid"]
    return params["vm_name"]


def preview(module, vcenter):
    """What a run would do, as a module result."""
    from vsphere_motion.service.documents import move_document

    params = module.params
    plan = vcenter.check(selector(params), to_host=params["destination_host"], skip_checks=tuple(params["skip_checks"]))
    return result_of(module, move_document(plan), changed=bool(plan.runnable()), blocked=bool(plan.blocked()))


def perform(module, vcenter):
    """Run the move, as a module result."""
    from vsphere_motion.service.documents import report_document

    params = module.params
    report = vcenter.migrate(
        selector(params),
        to_host=params["destination_host"],
        skip_checks=tuple(params["skip_checks"]),
        state_dir=params["state_dir"],
    )
    document = report_document(report)
    outcome = document["outcomes"][0]
    state = outcome["state"]
    result = result_of(module, outcome, changed=state == "moved", blocked=state == "blocked")
    if state not in ("moved", "unchanged", "blocked"):
        fault = outcome["fault"] or {}
        module.fail_json(
            msg="{0} {1}: {2}".format(outcome["vm"]["name"], state, fault.get("message") or outcome["note"])
        )
    return {**result, "run": document["run"]}


def result_of(module, entry, *, changed, blocked):
    """The keys both modes share; a blocked move ends the module."""
    findings = entry["findings"]
    if blocked:
        reasons = [finding for finding in findings if finding["severity"] == "blocker"]
        words = "; ".join("{message} [{id}]".format(**finding) for finding in reasons)
        module.fail_json(msg="{0} cannot be moved: {1}".format(entry["vm"]["name"], words), findings=findings)
    before, after = host_name(entry["source"]), host_name(entry["destination"])
    return {
        "changed": changed,
        "running_host": after if changed else before,
        "outcome": entry,
        "findings": findings,
        "diff": {"before": {"host": before}, "after": {"host": after}},
    }


def host_name(placement):
    """The name of a placement's host, or None."""
    return placement["host"]["name"] if placement["host"] else None


def main():
    """Read the arguments, act, answer."""
    module = AnsibleModule(
        argument_spec=argument_spec(),
        required_one_of=[("vm_name", "vm_uuid", "moid")],
        mutually_exclusive=[("vm_name", "vm_uuid", "moid")],
        supports_check_mode=True,
    )
    with open_vcenter(module) as vcenter:
        result = preview(module, vcenter) if module.check_mode else perform(module, vcenter)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
