"""From `VirtualDevice` of the vSphere API to `model.inventory.Device`; the same rules for every kind of device.

What a device is comes from its class, where its backing lives from the class of its backing. Controllers, keyboards and
other devices without a backing say nothing about a migration and are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pyVmomi import vim

from vsphere_motion.model.inventory import BackingKind, Device, DeviceKind
from vsphere_motion.model.move import DiskFormat
from vsphere_motion.model.refs import MoRef
from vsphere_motion.vcenter.collector import plain, ref_of

_device = vim.vm.device
_card = _device.VirtualEthernetCard
_any = _device.VirtualDevice

_MAPPED = _device.VirtualDisk.RawDiskMappingVer1BackingInfo
_RAW = (_device.VirtualDisk.RawDiskVer2BackingInfo, _device.VirtualDisk.PartitionedRawDiskVer2BackingInfo)
_KIB = 1024
_MIB = 1024 * 1024
_MBIT = 1_000_000

_KINDS: tuple[tuple[Any, DeviceKind], ...] = (
    (_device.VirtualCdrom, DeviceKind.CDROM),
    (_device.VirtualFloppy, DeviceKind.FLOPPY),
    (_device.VirtualDisk, DeviceKind.DISK),
    (_device.VirtualSriovEthernetCard, DeviceKind.SRIOV),
    (_card, DeviceKind.NIC),
    (_device.VirtualPCIPassthrough, DeviceKind.PASSTHROUGH),
    (_device.VirtualSCSIPassthrough, DeviceKind.PASSTHROUGH),
    (_device.VirtualUSB, DeviceKind.USB),
    (_device.VirtualSerialPort, DeviceKind.SERIAL),
    (_device.VirtualParallelPort, DeviceKind.PARALLEL),
    (_device.VirtualSCSIController, DeviceKind.CONTROLLER),
    (_device.VirtualTPM, DeviceKind.TPM),
    (_device.VirtualVideoCard, DeviceKind.VIDEO),
)
"""The first row whose class matches decides; a derived class stands before its base."""

_BACKINGS: tuple[tuple[Any, BackingKind], ...] = (
    (_card.NetworkBackingInfo, BackingKind.NETWORK),
    (_card.LegacyNetworkBackingInfo, BackingKind.NETWORK),
    (_card.DistributedVirtualPortBackingInfo, BackingKind.NETWORK),
    (_card.OpaqueNetworkBackingInfo, BackingKind.NETWORK),
    (_any.RemoteDeviceBackingInfo, BackingKind.CLIENT),
    (_any.FileBackingInfo, BackingKind.FILE),
    (_any.DeviceBackingInfo, BackingKind.HOST_DEVICE),
    (_device.VirtualPCIPassthrough.PluginBackingInfo, BackingKind.HOST_DEVICE),
    (_device.VirtualPCIPassthrough.DvxBackingInfo, BackingKind.HOST_DEVICE),
    (_device.VirtualSriovEthernetCard.SriovBackingInfo, BackingKind.HOST_DEVICE),
    (_any.PipeBackingInfo, BackingKind.OTHER),
    (_any.URIBackingInfo, BackingKind.OTHER),
)

_DETAILS = ("fileName", "deviceName", "pipeName", "serviceURI", "vgpu", "deviceClass", "opaqueNetworkId")
"""Fields of a backing that people know it by; the first that is set counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkIndex:
    """What leads from a NIC's backing to its network.

    Args:
        names: name of each network.
        by_portgroup: distributed portgroups by their key.
        by_opaque_id: opaque networks by their opaque network ID.
    """

    names: Mapping[MoRef, str] = field(default_factory=dict)
    by_portgroup: Mapping[str, MoRef] = field(default_factory=dict)
    by_opaque_id: Mapping[str, MoRef] = field(default_factory=dict)

    def find(self, backing: Any) -> MoRef | None:
        """The network of a NIC's backing, or None if it names none that was read."""
        if isinstance(backing, _card.DistributedVirtualPortBackingInfo):
            return self.by_portgroup.get(backing.port.portgroupKey or "")
        if isinstance(backing, _card.OpaqueNetworkBackingInfo):
            return self.by_opaque_id.get(backing.opaqueNetworkId)
        if isinstance(backing, _card.NetworkBackingInfo) and backing.network is not None:
            return ref_of(backing.network)
        return None


def devices_from(devices: Iterable[Any], networks: NetworkIndex) -> tuple[Device, ...]:
    """The devices that matter for a migration, in vCenter's order."""
    return tuple(_device_from(one, networks) for one in devices if _matters(one))


def _matters(device: Any) -> bool:
    kind = _kind_of(device)
    if kind is DeviceKind.CONTROLLER:
        return _bus_sharing(device) is not None
    if kind is not DeviceKind.OTHER:
        return True
    return device.backing is not None and not isinstance(device, _device.VirtualPointingDevice)


def _device_from(device: Any, networks: NetworkIndex) -> Device:
    network = _network_of(device, networks)
    return Device(
        key=device.key,
        kind=_kind_of(device),
        label=_label_of(device),
        backing=_backing_of(device.backing),
        connected=_connected(device),
        detail=(networks.names.get(network) if network else None) or _detail_of(device.backing),
        network=network,
        datastore=_datastore_of(device.backing),
        capacity_bytes=_capacity_of(device),
        bus_sharing=_bus_sharing(device),
        video_bytes=_video_bytes(device),
        **_disk_traits(device),
        **_nic_traits(device),
        **_vgpu_traits(device.backing),
    )


def has_raw_mapping(devices: Iterable[Any]) -> bool:
    """Whether one of the devices is a raw device mapping."""
    return any(isinstance(one.backing, _MAPPED) for one in devices)


def _disk_traits(device: Any) -> dict[str, Any]:
    """The fields of a disk; none for another device."""
    if not isinstance(device, _device.VirtualDisk):
        return {}
    backing: Any = device.backing
    is_mapped = isinstance(backing, _MAPPED)
    return {
        "disk_mode": plain(getattr(backing, "diskMode", None)),
        "sharing": plain(getattr(backing, "sharing", None)),
        "rdm_mode": plain(backing.compatibilityMode) or "virtualMode" if is_mapped else None,
        "lun": plain(backing.lunUuid) if is_mapped else None,
        "is_first_class": device.vDiskId is not None,
        "is_raw": isinstance(backing, _RAW),
        "delta_format": plain(getattr(backing, "deltaDiskFormat", None)),
        "disk_format": disk_format(backing),
    }


def disk_format(backing: Any) -> DiskFormat | None:
    """How the blocks of a disk come to be; None for a raw device mapping, and where the server does not say.

    Source: vSphere API 8.0, VirtualDiskFlatVer2BackingInfo: thinProvisioned and eagerlyScrub.
    """
    if isinstance(backing, _device.VirtualDisk.SeSparseBackingInfo):
        return DiskFormat.THIN
    if not isinstance(backing, _device.VirtualDisk.FlatVer2BackingInfo) or backing.thinProvisioned is None:
        return None
    if backing.thinProvisioned:
        return DiskFormat.THIN
    return DiskFormat.EAGER if backing.eagerlyScrub else DiskFormat.THICK


def _nic_traits(device: Any) -> dict[str, Any]:
    """The fields of a network adapter; none for another device."""
    if not isinstance(device, _card):
        return {}
    port = device.backing.port if isinstance(device.backing, _card.DistributedVirtualPortBackingInfo) else None
    allocation = device.resourceAllocation
    return {
        "is_legacy": isinstance(device.backing, _card.LegacyNetworkBackingInfo),
        "switch_uuid": None if port is None else str(port.switchUuid).lower(),
        "port_key": None if port is None else plain(port.portKey),
        "reserved_bps": None if allocation is None else plain(allocation.reservation or 0) * _MBIT,
    }


def _video_bytes(device: Any) -> int | None:
    size_kib = getattr(device, "videoRamSizeInKB", None)
    return None if size_kib is None else int(size_kib) * _KIB


def _vgpu_traits(backing: Any) -> dict[str, Any]:
    if not isinstance(backing, _device.VirtualPCIPassthrough.VmiopBackingInfo):
        return {}
    size_mib = backing.vgpuMigrateDataSizeMB
    return {
        "migratable": backing.migrateSupported,
        "migrate_bytes": None if size_mib is None else int(size_mib) * _MIB,
    }


def _bus_sharing(device: Any) -> str | None:
    """How a SCSI controller shares its bus; None if it does not."""
    sharing = getattr(device, "sharedBus", None) if isinstance(device, _device.VirtualSCSIController) else None
    return None if sharing in {None, "noSharing"} else str(sharing)


def _kind_of(device: Any) -> DeviceKind:
    if isinstance(getattr(device, "backing", None), _device.VirtualPCIPassthrough.PluginBackingInfo):
        return DeviceKind.VGPU
    return next((kind for known, kind in _KINDS if isinstance(device, known)), DeviceKind.OTHER)


def _label_of(device: Any) -> str:
    if device.deviceInfo is not None and device.deviceInfo.label:
        return str(device.deviceInfo.label)
    return f"{type(device)._wsdlName} {device.key}"


def _backing_of(backing: Any) -> BackingKind | None:
    return next((kind for known, kind in _BACKINGS if isinstance(backing, known)), None)


def _connected(device: Any) -> bool | None:
    if device.connectable is not None:
        return bool(device.connectable.connected)
    return bool(device.connected) if isinstance(device, _device.VirtualUSB) else None


def _detail_of(backing: Any) -> str | None:
    fields = (getattr(backing, name, None) for name in _DETAILS)
    return next((str(value) for value in fields if value), None)


def _network_of(device: Any, networks: NetworkIndex) -> MoRef | None:
    return networks.find(device.backing) if isinstance(device, _card) else None


def _datastore_of(backing: Any) -> MoRef | None:
    if isinstance(backing, _any.FileBackingInfo) and backing.datastore is not None:
        return ref_of(backing.datastore)
    return None


def _capacity_of(device: Any) -> int | None:
    if not isinstance(device, _device.VirtualDisk):
        return None
    size: int = device.capacityInKB * 1024 if device.capacityInBytes is None else plain(device.capacityInBytes)
    return size
