# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which virtual machines a module is about, in the library's words."""

from __future__ import annotations

ONE_OF = ("vm_name", "vm_uuid", "moid", "vms")


def selecting_spec():
    """The argument spec of what names virtual machines."""
    return {
        "vm_name": {"type": "str", "aliases": ["vm"]},
        "vm_uuid": {"type": "str", "aliases": ["uuid"]},
        "use_instance_uuid": {"type": "bool", "default": False},
        "moid": {"type": "str"},
        "vms": {"type": "list", "elements": "str"},
        "exclude": {"type": "list", "elements": "str", "default": []},
    }


def selectors_of(params):
    """The virtual machines; a name is taken as it is, whatever characters it has."""
    if params["moid"]:
        return ("moid:" + params["moid"],)
    if params["vm_uuid"]:
        return (("instance-uuid:" if params["use_instance_uuid"] else "bios-uuid:") + params["vm_uuid"],)
    if params["vm_name"]:
        return ("name:" + params["vm_name"],)
    return tuple(params["vms"] or ())
