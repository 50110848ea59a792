# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of moves to another vCenter."""

from __future__ import annotations


class ModuleDocFragment:
    """The option for another vCenter."""

    DOCUMENTATION = r"""
options:
  to_vcenter:
    description:
      - Another vCenter that the virtual machines go to, with their disks. Hosts, clusters, datastores, networks, pools
        and folders are then those of the other one.
      - The vCenter of O(hostname) logs in there with this account, so the certificate there has to be trusted, by its
        authority or by O(to_vcenter.thumbprint).
    type: dict
    suboptions:
      hostname:
        description: Name or address of the other vCenter.
        type: str
        required: true
      port:
        description: Its TCP port.
        type: int
        default: 443
      username:
        description:
          - Account to log in with there.
          - If not given, the environment variable E(VSPHERE_MOTION_TO_USER) is used.
        type: str
        aliases: [user]
      password:
        description:
          - Its password.
          - If not given, the environment variable E(VSPHERE_MOTION_TO_PASSWORD) is used.
        type: str
        aliases: [pass, pwd]
      ca_file:
        description:
          - PEM file of the authorities to trust there instead of the system's.
          - If not given, the environment variable E(VSPHERE_MOTION_TO_CA_FILE) is used.
        type: path
      thumbprint:
        description:
          - SHA-256 of the only certificate that it may present.
          - If not given, the environment variable E(VSPHERE_MOTION_TO_THUMBPRINT) is used.
        type: str
      mapping:
        description:
          - What things are called there, with the keys C(hosts), C(clusters), C(datastores), C(networks), C(folders)
            and C(pools), each with pairs of the name here and the name there.
        type: dict
      keep_tags:
        description: Attach the virtual machines' tags again there, by name.
        type: bool
        default: false
      keep_attributes:
        description: Set their custom attributes again there, by name.
        type: bool
        default: false
"""
