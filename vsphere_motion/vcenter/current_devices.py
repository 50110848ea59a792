"""Disks and network adapters of a virtual machine as they are right now, for verification."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pyVmomi import vim

from vsphere_motion.model.current import CurrentDisk, CurrentNic
from vsphere_motion.model.inventory import DeviceKind
from vsphere_motion.model.refs import MoRef
from vsphere_motion.vcenter.collector import plain, ref_of
from vsphere_motion.vcenter.devices import NetworkIndex, devices_from

_card = vim.vm.device.VirtualEthernetCard
_STORE = re.compile(r"\[(?P<name>.*?)\]")


def disconnected_nic_labels(devices: Iterable[Any]) -> tuple[str, ...]:
    """Labels of the NICs that are not connected."""
    nics = [one for one in devices_from(devices, NetworkIndex()) if one.kind is DeviceKind.NIC]
    return tuple(nic.label for nic in nics if nic.connected is False)


def current_disks(devices: Iterable[Any]) -> tuple[CurrentDisk, ...]:
    """Where the disks are, and their formats."""
    disks = (one for one in devices_from(devices, NetworkIndex()) if one.kind is DeviceKind.DISK)
    return tuple(CurrentDisk(key=one.key, datastore=one.datastore, format=one.disk_format) for one in disks)


def current_nics(devices: Iterable[Any]) -> tuple[CurrentNic, ...]:
    """What the network adapters are attached to, and whether they are connected."""
    return tuple(_current_nic(one) for one in devices if isinstance(one, _card))


def store_name(path: str) -> str | None:
    """The name of the datastore that a datastore path begins with, such as `[san01] web01/web01.vmx`."""
    match = _STORE.match(path)
    return None if match is None else match["name"]


def _current_nic(card: Any) -> CurrentNic:
    backing = card.backing
    is_switched = isinstance(backing, _card.DistributedVirtualPortBackingInfo)
    is_opaque = isinstance(backing, _card.OpaqueNetworkBackingInfo)
    return CurrentNic(
        key=card.key,
        label=str(card.deviceInfo.label) if card.deviceInfo is not None else str(card.key),
        network=_standard(backing),
        portgroup_key=plain(backing.port.portgroupKey) if is_switched else None,
        opaque_id=plain(backing.opaqueNetworkId) if is_opaque else None,
        connected=None if card.connectable is None else bool(card.connectable.connected),
    )


def _standard(backing: Any) -> MoRef | None:
    is_standard = isinstance(backing, _card.NetworkBackingInfo)
    return ref_of(backing.network) if is_standard and backing.network is not None else None
