# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of what modules support, word for word the same wherever it is the same."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes of modules."""

    DOCUMENTATION = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/vsphere.motion.vmware) in C(module_defaults) to set the connection once.
    support: full
    membership:
      - vsphere.motion.vmware
  check_mode:
    description: Says what would be done, with the plan and its findings; vCenter is only read.
    support: full
  diff_mode:
    description: Shows where each virtual machine is before and after.
    support: full
"""

    INFO = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/vsphere.motion.vmware) in C(module_defaults) to set the connection once.
    support: full
    membership:
      - vsphere.motion.vmware
  check_mode:
    description: The module changes nothing, so that it does the same in check mode.
    support: full
  diff_mode:
    description: The module changes nothing, so that there is no difference to show.
    support: N/A
"""
