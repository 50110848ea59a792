# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the connection options that every module shares."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of the connection to vCenter."""

    DOCUMENTATION = r"""
options:
  hostname:
    description:
      - Name or address of the vCenter.
      - If not given, the environment variable E(VMWARE_HOST) is used.
    type: str
  username:
    description:
      - Account to log in with.
      - If not given, the environment variable E(VMWARE_USER) is used.
    type: str
    aliases: [user, admin]
  password:
    description:
      - Its password.
      - If not given, the environment variable E(VMWARE_PASSWORD) is used.
    type: str
    aliases: [pass, pwd]
  port:
    description:
      - TCP port of the vCenter.
      - If not given, the environment variable E(VMWARE_PORT) is used.
    type: int
    default: 443
  validate_certs:
    description:
      - Whether the vCenter's certificate must be signed by a trusted authority.
      - If not given, the environment variable E(VMWARE_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_file:
    description:
      - PEM file of the authorities to trust instead of the system's.
      - If not given, the environment variable E(VSPHERE_MOTION_CA_FILE) is used.
    type: path
  thumbprint:
    description:
      - SHA-256 of the vCenter's certificate; it must match whatever an authority says.
      - If not given, the environment variable E(VSPHERE_MOTION_THUMBPRINT) is used.
    type: str
  call_timeout:
    description:
      - Seconds after which a single call to vCenter is given up. It says nothing about how long a move may take.
    type: float
    default: 60.0
  proxy_host:
    description:
      - Taken because other collections have it; a value is refused, because the library connects without a proxy.
      - If not given, the environment variable E(VMWARE_PROXY_HOST) is used.
    type: str
  proxy_port:
    description:
      - Taken because other collections have it; see O(proxy_host).
      - If not given, the environment variable E(VMWARE_PROXY_PORT) is used.
    type: int
  state_dir:
    description:
      - Directory of the journal of runs, which the command line reads as well.
      - If not given, the environment variable E(VSPHERE_MOTION_STATE_DIR) is used, then the platform's state directory.
    type: path
requirements:
  - vsphere-motion, for the Python that runs the module
"""
