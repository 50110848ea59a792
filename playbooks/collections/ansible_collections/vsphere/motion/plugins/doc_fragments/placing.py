# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of how virtual machines are placed."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of a placement."""

    DOCUMENTATION = r"""
options:
  cordoned:
    description:
      - Hosts that nothing is placed on.
    type: list
    elements: str
    default: []
  exclude:
    description:
      - What names virtual machines that stay where they are, in the words of the command line, such as V(tag:env/prod).
    type: list
    elements: str
    default: []
  use_ha_reserve:
    description:
      - Use what vSphere HA keeps free for failed hosts, too.
    type: bool
    default: false
"""

    EVENNESS = r"""
options:
  goal:
    description:
      - What is to be even.
    type: str
    choices: [memory, cpu, both]
    default: both
  max_moves:
    description:
      - Moves at most.
    type: int
    default: 20
  min_gain:
    description:
      - Percentage points by which a move must bring two hosts nearer to each other.
    type: float
    default: 2.0
"""
