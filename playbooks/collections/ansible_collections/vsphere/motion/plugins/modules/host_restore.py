#!/usr/bin/python
# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring virtual machines back to where a run found them."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: host_restore
short_description: Bring virtual machines back to where a run found them
version_added: 0.1.0
author:
  - The vsphere-motion maintainers (@vsphere-motion)
description:
  - Brings back what an evacuation or another run has moved, as far as nobody else has changed it since and it fits.
    That is the host of each virtual machine, its pool, vApp and folder, its files and its networks.
  - Each thing is judged for itself. What somebody else has changed stays as it is, and the result says so.
options:
  host:
    description:
      - The host whose newest evacuation is undone.
    type: str
  run:
    description:
      - The run that is undone, by its id or the beginning of it.
    type: str
  exit_maintenance:
    description:
      - Take the hosts out of maintenance mode first.
    type: bool
    default: false
  use_ha_reserve:
    description:
      - Use what vSphere HA keeps free for failed hosts, too.
    type: bool
    default: false
extends_documentation_fragment:
  - vsphere.motion.vcenter
  - vsphere.motion.attributes
  - vsphere.motion.running
seealso:
  - module: vsphere.motion.host_evacuate
"""

EXAMPLES = r"""
- name: Fill esx03 again
  vsphere.motion.host_restore:
    host: esx03.example.com
    exit_maintenance: true

- name: Undo one run
  vsphere.motion.host_restore:
    run: "{{ evacuation.run }}"
"""

RETURN = r"""
results:
  description:
    - One entry for each virtual machine, as M(vsphere.motion.vm_migrate) returns it, with a C(message) that says in a
      sentence what became of it.
  returned: always
  type: list
  elements: dict
restoration:
  description:
    - Which virtual machine goes back, and why one does not, as C(vsphere-motion restore --dry-run -o json) prints it.
      C(things) has each thing that the run has changed of it.
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
from ansible_collections.vsphere.motion.plugins.module_utils.running import (
    finish,
    journal_of,
    options_of,
    places_of,
    plan_result,
    run,
    running_spec,
)
from ansible_collections.vsphere.motion.plugins.module_utils.vcenter import connection_spec, open_vcenter


def argument_spec():
    """The options of this module."""
    return {
        **connection_spec(),
        **running_spec(),
        "host": {"type": "str"},
        "run": {"type": "str"},
        "exit_maintenance": {"type": "bool", "default": False},
        "use_ha_reserve": {"type": "bool", "default": False},
    }


def wanted_of(vcenter, params):
    """What is to go back."""
    from dataclasses import replace

    from vsphere_motion.service.checks import require_known
    from vsphere_motion.service.restore import find_wanted

    for check_id in params["skip_checks"]:
        require_known("skip_checks", check_id)
    with journal_of(params) as journal:
        return replace(
            find_wanted(vcenter, journal, params["run"] or params["host"], may_be_empty=params["exit_maintenance"]),
            exits=params["exit_maintenance"],
            skip_checks=tuple(params["skip_checks"]),
            keeps_ha_reserve=not params["use_ha_reserve"],
        )


def prepared(vcenter, params, wanted):
    """The difference between where the virtual machines were and where they are."""
    from vsphere_motion.service.restore import prepare_restore

    with journal_of(params) as journal:
        return prepare_restore(vcenter, journal, wanted, places_of(params))


def bring_back(module, vcenter):
    """Make the difference, and undo it where that is wanted and there is one."""
    from vsphere_motion.service.maintenance_exit import leave_maintenance
    from vsphere_motion.service.restore import restoration_document, restore
    from vsphere_motion.service.results import restoration_results

    params, wanted = module.params, wanted_of(vcenter, module.params)
    restoration = prepared(vcenter, params, wanted)
    leaving, document = restoration.leaving, {"restoration": restoration_document(restoration)}
    preview = {**with_leaving(plan_result(restoration_results(restoration)), leaving), **document}
    if module.check_mode or not preview["changed"]:
        return preview
    for host in leaving:
        leave_maintenance(vcenter, host)
    if leaving:
        restoration = prepared(vcenter, params, wanted)
    options = options_of(params)
    result = run(
        module,
        vcenter,
        lambda journal, control: restore(vcenter, journal, restoration, control=control, options=options),
    )
    return {**with_leaving(result, leaving), **document}


def with_leaving(result, hosts):
    """The same result; these hosts leave maintenance mode, which is a change."""
    before = {host.name: {"in_maintenance_mode": True} for host in hosts}
    after = {host.name: {"in_maintenance_mode": False} for host in hosts}
    difference = result["diff"]
    return {
        **result,
        "changed": result["changed"] or bool(hosts),
        "diff": {"before": {**difference["before"], **before}, "after": {**difference["after"], **after}},
    }


def main():
    """Read the arguments, act, answer."""
    module = AnsibleModule(
        argument_spec=argument_spec(),
        required_one_of=[("host", "run")],
        mutually_exclusive=[("host", "run")],
        supports_check_mode=True,
    )
    with open_vcenter(module) as vcenter:
        finish(module, bring_back(module, vcenter), is_left=not module.params["wait"])


if __name__ == "__main__":
    main()
