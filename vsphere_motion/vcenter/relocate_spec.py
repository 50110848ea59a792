"""The relocate spec of a move: the host, and only what else differs from where the VM is.

Rules of this file: a pool or datastore that is named again would be a placement of its own to vCenter. Where files
move, every disk is named with its place, those that stay as well: what vCenter does with a disk that is not named
beside others that are is not documented (vSphere API 8.0, VirtualMachineRelocateSpec.disk).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from vsphere_motion.errors import VCenterFault
from vsphere_motion.model.move import (
    Change,
    DiskFormat,
    DiskPlacement,
    Move,
    NicPlacement,
    Priority,
    StoragePolicy,
    disk_differs,
    moves_config,
    nic_differs,
)
from vsphere_motion.model.refs import NamedRef
from vsphere_motion.vcenter.collector import managed_object, read_objects

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

_DEVICES = "config.hardware.device"
_card = vim.vm.device.VirtualEthernetCard
_disk = vim.vm.device.VirtualDisk
_PRIORITIES = {
    Priority.DEFAULT: vim.VirtualMachine.MovePriority.defaultPriority,
    Priority.HIGH: vim.VirtualMachine.MovePriority.highPriority,
    Priority.LOW: vim.VirtualMachine.MovePriority.lowPriority,
}


def relocate_spec(session: Session, move: Move) -> Any:
    """The RelocateSpec of a move.

    Calls: RetrievePropertiesEx, only where adapters change their network or disks their format.
    """
    source, destination, changes = move.source, move.destination, move.changes
    spec = vim.vm.RelocateSpec()
    spec.pool = _target(session, _changed(source.pool, destination.pool))
    # a pool alone is refused where its cluster has no DRS; a host alone, where its cluster is another
    spec.host = _target(session, destination.host) if _needs_host(move) else None
    spec.folder = _target(session, _changed(source.folder, destination.folder))
    devices = _read_devices(session, move)
    if Change.STORAGE in changes:
        spec.datastore = _target(session, destination.config) if moves_config(move) else None
        spec.profile = profile_of(destination.config_policy)
        spec.disk = [locator_of(session, move, disk, devices) for disk in destination.disks]
    spec.deviceChange = [_nic_change(session, nic, devices) for nic in destination.nics if nic_differs(move, nic)]
    return spec


def move_priority(move: Move) -> Any:
    """The priority in vCenter's words."""
    return _PRIORITIES[move.manner.priority]


def _needs_host(move: Move) -> bool:
    only = move.changes & {Change.STORAGE, Change.FOLDER, Change.NETWORK}
    return not only or bool(move.changes & {Change.HOST, Change.POOL})


def _read_devices(session: Session, move: Move) -> dict[int, Any]:
    """The devices of the VM by their keys, where the spec repeats some of them."""
    reshaped = any(disk.format is not None and disk_differs(move, disk) for disk in move.destination.disks)
    if not reshaped and Change.NETWORK not in move.changes:
        return {}
    found = read_objects(session, [move.vm.ref], (_DEVICES,))
    devices = found[move.vm.ref].get(_DEVICES) if move.vm.ref in found else None
    if devices is None:
        raise VCenterFault(
            f"the devices of {move.vm} could not be read, so the move cannot be asked for", fault_kind="Unreadable"
        )
    return {device.key: device for device in devices}


def locator_of(session: Session, move: Move, disk: DiskPlacement, devices: dict[int, Any]) -> Any:
    """The locator of a disk: its place, and what else changes of it."""
    locator = vim.vm.RelocateSpec.DiskLocator(diskId=disk.key, datastore=_target(session, disk.datastore))
    if disk_differs(move, disk):
        locator.profile = profile_of(disk.policy)
        if disk.format is not None and disk.key in devices:
            locator.diskBackingInfo = _reshaped(disk.format, devices[disk.key].backing)
    return locator


def _reshaped(form: DiskFormat, backing: Any) -> Any:
    """The backing of a disk of another format; its name is left to vCenter."""
    return _disk.FlatVer2BackingInfo(
        fileName="",
        diskMode=backing.diskMode,
        thinProvisioned=form is DiskFormat.THIN,
        eagerlyScrub=form is DiskFormat.EAGER,
    )


def profile_of(policy: StoragePolicy | None) -> list[Any]:
    """The storage policy as a spec has it; empty where none is asked for."""
    return [] if policy is None else [vim.vm.DefinedProfileSpec(profileId=policy.id)]


def _nic_change(session: Session, nic: NicPlacement, devices: dict[int, Any]) -> Any:
    """The adapter as it is, attached to its new network."""
    card = devices.get(nic.key)
    if card is None:
        raise VCenterFault(f"{nic.label} is no longer an adapter of the VM", fault_kind="DeviceGone")
    card.backing = new_backing(session, nic)
    return vim.vm.device.VirtualDeviceSpec(operation="edit", device=card)


def new_backing(session: Session, nic: NicPlacement) -> Any:
    """What attaches an adapter to its network."""
    assert nic.network is not None, "an adapter that changes its network has one to go to"
    if nic.backing.portgroup_key is not None:
        port = vim.dvs.PortConnection(portgroupKey=nic.backing.portgroup_key, switchUuid=nic.backing.switch_uuid)
        return _card.DistributedVirtualPortBackingInfo(port=port)
    if nic.backing.opaque_id is not None:
        return _card.OpaqueNetworkBackingInfo(
            opaqueNetworkId=nic.backing.opaque_id, opaqueNetworkType=nic.backing.opaque_type
        )
    return _card.NetworkBackingInfo(deviceName=nic.network.name, network=_target(session, nic.network))


def _changed(source: NamedRef | None, destination: NamedRef | None) -> NamedRef | None:
    if destination is None or (source is not None and source.ref == destination.ref):
        return None
    return destination


def _target(session: Session, named: NamedRef | None) -> Any:
    return None if named is None else managed_object(session, named.ref)
