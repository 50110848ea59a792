# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of how moves are run."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of a run."""

    DOCUMENTATION = r"""
options:
  partial:
    description:
      - Move what can be moved where something stops some of the virtual machines.
      - Otherwise one that is blocked means that nothing starts.
    type: bool
    default: false
  skip_checks:
    description:
      - Ids of checks whose blockers are overridden, such as V(devices.cdrom).
    type: list
    elements: str
    default: []
  max_concurrent:
    description:
      - Moves at once. Without it 4 where virtual machines are named, and as many as the plan says where there is one.
    type: int
  max_per_host:
    description:
      - Moves at once that a host takes part in. 1 gives each guest the shortest standstill.
    type: int
  wait:
    description:
      - V(false) starts every move and leaves; vCenter queues what it cannot run yet.
      - The result has the run in C(run), with which M(vsphere.motion.migration_info) tells how it goes on.
    type: bool
    default: true
  timeout:
    description:
      - Seconds after which the moves that still run are no longer waited for, and the module fails.
      - Without it there is no limit; a large virtual machine may move for hours.
    type: int
  on_timeout:
    description:
      - What is done with moves that still run then. V(leave) lets them go on in vCenter; V(cancel) asks vCenter to
        cancel them and waits until it has.
    type: str
    choices: [leave, cancel]
    default: leave
  outage_limit:
    description:
      - Seconds for which a vCenter that is away is waited for. Without it 3600.
    type: int
  stall_after:
    description:
      - Seconds without progress after which a running move is warned of. Without it 150.
    type: int
  on_stall:
    description:
      - What is done with such a move.
    type: str
    choices: [report, cancel]
    default: report
  max_stun:
    description:
      - Seconds. Nothing more starts once a guest stood still for longer. It needs O(logs).
    type: float
  canary:
    description:
      - So many moves go first, alone, and have to end well before any other starts.
    type: int
  drs_override:
    description:
      - Keep DRS away from the virtual machines while the run lasts.
    type: bool
    default: false
  logs:
    description:
      - Whether the hosts' logs are read after each move. V(summary) keeps what was measured, V(full) the lines as well.
    type: str
    choices: [none, summary, full]
    default: summary
  report:
    description:
      - Files to write the report of the run to, where the module runs. C(.html), C(.json), C(.txt), C(.md), C(.csv) or
        C(.xml) is the format.
    type: list
    elements: path
    default: []
"""
