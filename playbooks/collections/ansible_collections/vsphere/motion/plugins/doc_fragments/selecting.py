# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of what names virtual machines."""

from __future__ import annotations


class ModuleDocFragment:
    """Options that name virtual machines."""

    DOCUMENTATION = r"""
options:
  vm_name:
    description:
      - Name or inventory path of one virtual machine, taken as it is; one that several share is an error that lists
        them.
    type: str
    aliases: [vm]
  vm_uuid:
    description:
      - BIOS UUID of one virtual machine, or its instance UUID with O(use_instance_uuid).
    type: str
    aliases: [uuid]
  use_instance_uuid:
    description:
      - Whether O(vm_uuid) is an instance UUID.
    type: bool
    default: false
  moid:
    description:
      - Managed object identifier of one virtual machine.
    type: str
  vms:
    description:
      - What names the virtual machines, in the words of the command line, such as V(web01), V(web*), V(moid:vm-42),
        V(tag:env/prod), V(host:esx01.example.com), V(cluster:Production), V(folder:Web), V(pool:Silver),
        V(datastore:san-1) or V(re:web[0-9]+).
    type: list
    elements: str
  exclude:
    description:
      - What names virtual machines to leave out, in the words of O(vms).
    type: list
    elements: str
    default: []
"""
