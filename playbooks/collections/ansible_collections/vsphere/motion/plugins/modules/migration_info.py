#!/usr/bin/python
# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say how runs go on, and how they ended."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: migration_info
short_description: Say how a run of moves goes on or ended, and why
version_added: 0.1.0
author:
  - The vsphere-motion maintainers (@vsphere-motion)
description:
  - Says how each move of a run is now, and once it has ended its outcome, what the hosts' logs say of it, and what a
    failure may come from and what to do.
  - A run that was started with C(wait=false) is verified here once its last move has ended. Nothing is started and
    nothing is cancelled; the journal on the machine that runs the module is the only thing that is written.
options:
  run:
    description:
      - The run's id, or the beginning of it. Without it the newest unfinished run of this vCenter.
    type: str
  gather:
    description:
      - What is told besides the results.
      - V(report) is the whole report, V(logs) fetches what the hosts' logs still have and the journal lacks, V(lines)
        adds the lines themselves.
      - V(current) lists every move that the vCenter runs now, whoever has started it.
    type: list
    elements: str
    choices: [report, logs, lines, current]
    default: []
extends_documentation_fragment:
  - vsphere.motion.vcenter
  - vsphere.motion.attributes.info
seealso:
  - module: vsphere.motion.vm_migrate
  - module: vsphere.motion.migration_cancel
"""

EXAMPLES = r"""
- name: Wait until a run has ended
  vsphere.motion.migration_info:
    run: "{{ started.run }}"
  register: run
  until: run.is_finished
  retries: 240
  delay: 30

- name: Show what became of each
  ansible.builtin.debug:
    msg: "{{ run.results | map(attribute='message') }}"

- name: What does this vCenter move now?
  vsphere.motion.migration_info:
    gather: [current]
  register: now
"""

RETURN = r"""
run:
  description: The run's id; none where there is no unfinished run and none is named.
  returned: always
  type: str
is_finished:
  description: Whether every move has its outcome.
  returned: always
  type: bool
results:
  description:
    - One entry for each virtual machine, as M(vsphere.motion.vm_migrate) returns it, with its C(state),
      C(progress_percent), C(motion), C(diagnoses) and a C(message).
  returned: always
  type: list
  elements: dict
status:
  description: The run as C(vsphere-motion status -o json) prints it.
  returned: always
  type: dict
failed_vms:
  description: Names of the virtual machines that did not move.
  returned: always
  type: list
  elements: str
report:
  description: The report as C(vsphere-motion report -o json) prints it.
  returned: with O(gather=report)
  type: dict
current:
  description: Each move that the vCenter runs or has queued, as C(vsphere-motion watch --once -o jsonl) prints it.
  returned: with O(gather=current)
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vsphere.motion.plugins.module_utils.running import journal_of
from ansible_collections.vsphere.motion.plugins.module_utils.vcenter import connection_spec, open_vcenter

FINE = ("moved", "unchanged", "running", "queued", "planned")


def argument_spec():
    """The options of this module."""
    return {
        **connection_spec(),
        "run": {"type": "str"},
        "gather": {
            "type": "list",
            "elements": "str",
            "choices": ["report", "logs", "lines", "current"],
            "default": [],
        },
    }


def of_run(vcenter, params):
    """A run as it is now."""
    from vsphere_motion.service.report import load_report
    from vsphere_motion.service.results import status_results
    from vsphere_motion.service.settle import read_settled
    from vsphere_motion.service.status import status_document

    with journal_of(params) as journal:
        status = read_settled(vcenter, journal, params["run"])
        report = load_report(journal, status.info.run) if status else None
        motions = motions_of(vcenter, journal, status, params["gather"])
    results = status_results(status, report, motions) if status else []
    return report, {
        "run": status.info.run if status else None,
        "is_finished": status.is_finished if status else True,
        "results": results,
        "status": status_document(status),
        "failed_vms": [one["vm"]["name"] for one in results if one["state"] not in FINE],
    }


def motions_of(vcenter, journal, status, gather):
    """What the hosts' logs say of each move that has ended, where that is asked for."""
    from vsphere_motion.service.logs import read_motions

    if status is None or not status.is_finished or not {"logs", "lines"} & set(gather):
        return {}
    return read_motions(vcenter, journal, status.info.run, keep_lines="lines" in gather)


def main():
    """Read the arguments, look, answer."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    params = module.params
    with open_vcenter(module) as vcenter:
        report, result = of_run(vcenter, params)
        if "report" in params["gather"] and report is not None:
            from vsphere_motion.service.documents import report_document

            result["report"] = report_document(report)
        if "current" in params["gather"]:
            from vsphere_motion.service.watch import motion_document, watch_motions

            result["current"] = [motion_document(one) for one in watch_motions(vcenter, once=True) if not one.is_over]
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
