#!/usr/bin/python
# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cancel what is left of a run."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: migration_cancel
short_description: Cancel what is left of a run of moves
version_added: 0.1.0
author:
  - The vsphere-motion maintainers (@vsphere-motion)
description:
  - Takes back what was not started, asks vCenter to cancel what runs, and waits until it has ended.
  - Only moves of the run itself are cancelled. A virtual machine in its switch-over may still arrive; the result says
    so.
options:
  run:
    description:
      - The run's id, or the beginning of it. Without it the newest unfinished run of this vCenter.
    type: str
extends_documentation_fragment:
  - vsphere.motion.vcenter
  - vsphere.motion.attributes
seealso:
  - module: vsphere.motion.migration_info
"""

EXAMPLES = r"""
- name: Stop a run
  vsphere.motion.migration_cancel:
    run: r-7f3a9c
"""

RETURN = r"""
results:
  description:
    - One entry for each virtual machine, as M(vsphere.motion.vm_migrate) returns it, with a C(message) that says in a
      sentence what became of it.
  returned: always
  type: list
  elements: dict
run:
  description: The run's id; none where there is no unfinished run and none is named.
  returned: always
  type: str
status:
  description: The run as it was before, as C(vsphere-motion status -o json) prints it.
  returned: always
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vsphere.motion.plugins.module_utils.running import journal_of, run_result, warn
from ansible_collections.vsphere.motion.plugins.module_utils.vcenter import connection_spec, open_vcenter


def argument_spec():
    """The options of this module."""
    return {**connection_spec(), "run": {"type": "str"}}


def cancelled(module, vcenter, journal):
    """Cancel what is open, where something is."""
    from vsphere_motion.service.cancel import cancel
    from vsphere_motion.service.follow import follow
    from vsphere_motion.service.report import load_report
    from vsphere_motion.service.results import status_results
    from vsphere_motion.service.settle import read_settled
    from vsphere_motion.service.status import status_document

    status = read_settled(vcenter, journal, module.params["run"])
    shared = {"run": status.info.run if status else None, "status": status_document(status)}
    before = status_results(status, load_report(journal, status.info.run), {}) if status else []
    if status is None or status.is_finished:
        return {"changed": False, "results": before, **shared}
    if module.check_mode:
        after = [{**one, "state": "cancelled"} for one in before]
        return {"changed": True, "results": before, "diff": difference(before, after), **shared}
    result = run_result(module, follow(cancel(vcenter, journal, status.info.run), lambda line: None))
    if not result["is_finished"]:
        warn(module, ["something of the run still runs: see vsphere.motion.migration_info"])
    return {"changed": True, "results": result["results"], "diff": difference(before, result["results"]), **shared}


def difference(before, after):
    """What becomes of what was open."""
    begins = {key(one): one["state"] for one in before if one["state"] in OPEN}
    ends = {key(one): one["state"] for one in after}
    return {"before": begins, "after": {name: ends.get(name, state) for name, state in begins.items()}}


def key(one):
    """A virtual machine by its name and what tells it from others of that name."""
    return "{name} ({moid})".format(**one["vm"])


OPEN = ("planned", "asked_for", "queued", "running", "unknown", "not_started")


def main():
    """Read the arguments, act, answer."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    with open_vcenter(module) as vcenter, journal_of(module.params) as journal:
        module.exit_json(**cancelled(module, vcenter, journal))


if __name__ == "__main__":
    main()
