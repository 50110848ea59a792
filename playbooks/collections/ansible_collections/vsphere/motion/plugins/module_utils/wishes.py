# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that a move can change beside the host, in the library's words."""

from __future__ import annotations

PLACES = (
    "destination_cluster",
    "destination_datastore",
    "destination_datastore_cluster",
    "destination_resourcepool",
    "destination_vapp",
    "destination_folder",
    "config_datastore",
    "disks",
    "disk_format",
    "storage_policy",
    "networks",
)
"""Options that say by themselves where a virtual machine goes, so that no host has to be named."""

FORMATS = ["thin", "thick", "eager"]


def wishes_spec():
    """The argument spec."""
    disk = {
        "disk": {"type": "str", "required": True},
        "datastore": {"type": "str"},
        "format": {"type": "str", "choices": FORMATS},
    }
    return {
        "destination_cluster": {"type": "str"},
        "destination_datastore": {"type": "str", "aliases": ["datastore"]},
        "destination_datastore_cluster": {"type": "str"},
        "destination_datacenter": {"type": "str"},
        "destination_resourcepool": {"type": "str", "aliases": ["resource_pool"]},
        "destination_vapp": {"type": "str"},
        "destination_folder": {"type": "str"},
        "create_folder": {"type": "bool"},
        "config_datastore": {"type": "str"},
        "disks": {"type": "list", "elements": "dict", "options": disk},
        "disk_format": {"type": "str", "choices": FORMATS},
        "storage_policy": {"type": "str"},
        "datastore_placement": {"type": "str", "choices": ["sdrs", "ours"], "default": "sdrs"},
        "networks": {"type": "dict"},
        "priority": {"type": "str", "choices": ["default", "high", "low"], "default": "default"},
        "encryption": {"type": "str", "choices": ["disabled", "opportunistic", "required"]},
    }


def wishes_of(params):
    """What is asked for beside the host."""
    from vsphere_motion.model.move import DiskFormat, Encryption, Priority
    from vsphere_motion.model.request import NetworkWish, Placing, Wishes

    return Wishes(
        to_cluster=params["destination_cluster"],
        to_datacenter=params["destination_datacenter"],
        to_pool=params["destination_resourcepool"],
        to_vapp=params["destination_vapp"],
        to_folder=params["destination_folder"],
        create_folder=bool(params["create_folder"]),
        to_datastore=params["destination_datastore"] or params["destination_datastore_cluster"],
        to_config=params["config_datastore"],
        disks=tuple(disk_wish(**disk) for disk in params["disks"] or ()),
        format=DiskFormat(params["disk_format"]) if params["disk_format"] else None,
        policy=params["storage_policy"],
        placing=Placing(params["datastore_placement"]),
        networks=tuple(NetworkWish(old=old, new=str(new)) for old, new in (params["networks"] or {}).items()),
        priority=Priority(params["priority"]),
        encryption=Encryption(params["encryption"]) if params["encryption"] else None,
    )


def disk_wish(disk, datastore, format):  # noqa: A002 - the option's name
    """What is asked for one disk."""
    from vsphere_motion.model.move import DiskFormat
    from vsphere_motion.model.request import DiskWish

    return DiskWish(disk=disk, datastore=datastore, format=DiskFormat(format) if format else None)


def wishes_beside_cluster(params):
    """Whether more than a cluster is asked for."""
    from dataclasses import replace

    from vsphere_motion.model.request import NO_WISHES

    return replace(wishes_of(params), to_cluster=None) != NO_WISHES
