"""What virtual machines and hosts are made of: devices, CPU features, network interfaces.

Rules of this file: as `inventory.py`: a field that could not be read is None; sizes are bytes, rates bits per second.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from vsphere_motion.model.move import DiskFormat
from vsphere_motion.model.refs import MoRef


class DeviceKind(Enum):
    """What a virtual device is, as far as a migration cares."""

    CDROM = "cdrom"
    FLOPPY = "floppy"
    DISK = "disk"
    NIC = "nic"
    PASSTHROUGH = "passthrough"
    SRIOV = "sriov"
    VGPU = "vgpu"
    USB = "usb"
    SERIAL = "serial"
    PARALLEL = "parallel"
    CONTROLLER = "controller"
    TPM = "tpm"
    VIDEO = "video"
    OTHER = "other"


class BackingKind(Enum):
    """Where a device's backing lives."""

    FILE = "file"
    HOST_DEVICE = "host_device"
    CLIENT = "client"
    NETWORK = "network"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A virtual device of a VM.

    Args:
        key: the device key, unique within the VM.
        label: the label vCenter shows, such as `CD/DVD drive 1`.
        backing: None if the backing's type is unknown to this program.
        connected: whether it is connected now; None where the device has no such state.
        detail: file path, host device name or network name, for messages.
        network: the network or distributed portgroup a NIC is attached to.
        datastore: the datastore that holds a file backing.
        capacity_bytes: size of a disk.
        disk_mode: mode of a disk, such as `independent_nonpersistent`.
        sharing: `sharingNone` or `sharingMultiWriter` of a disk; None if the server does not say.
        rdm_mode: `physicalMode` or `virtualMode` of a raw device mapping; None for any other device.
        lun: unique identifier of the LUN behind a raw device mapping.
        is_first_class: whether a disk is a First Class Disk, such as a container volume.
        bus_sharing: `physicalSharing` or `virtualSharing` of a controller that shares its bus.
        migratable: whether a vGPU says that it can migrate; None if it does not say.
        migrate_bytes: the most a vGPU has to send while the VM stands still.
        is_raw: whether a disk is a whole disk or partition of its host, without a mapping file.
        delta_format: format of a disk's snapshots, such as `nativeFormat`; None where the server does not say.
        is_legacy: whether a NIC names its network in the way of the first ESX releases.
        switch_uuid: UUID of the distributed switch that a NIC is attached to.
        port_key: its port there; one that begins with `c-` is temporary and exists on one host alone.
        reserved_bps: the bandwidth that a NIC reserves; None where the server does not say.
        video_bytes: video memory of a graphics card.
        disk_format: how the blocks of a disk come to be; None for any other device, and where the server does not say.
    """

    key: int
    kind: DeviceKind
    label: str
    backing: BackingKind | None = None
    connected: bool | None = None
    detail: str | None = None
    network: MoRef | None = None
    datastore: MoRef | None = None
    capacity_bytes: int | None = None
    disk_mode: str | None = None
    sharing: str | None = None
    rdm_mode: str | None = None
    lun: str | None = None
    is_first_class: bool = False
    bus_sharing: str | None = None
    migratable: bool | None = None
    migrate_bytes: int | None = None
    is_raw: bool = False
    delta_format: str | None = None
    is_legacy: bool = False
    switch_uuid: str | None = None
    port_key: str | None = None
    reserved_bps: int | None = None
    video_bytes: int | None = None
    disk_format: DiskFormat | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A CPU feature that a VM needs (`Bool:Min:1`) or a host offers (`1`), in the words of the vSphere API."""

    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VmkNic:
    """A vmknic that is enabled for vMotion.

    Args:
        device: its name on the host, such as `vmk1`.
        address: IPv4 or IPv6 address, or None if it has none.
        prefix_length: length of the subnet prefix.
        mtu_bytes: maximum transmission unit.
        net_stack: key of its TCP/IP stack, such as `defaultTcpipStack` or `vmotion`.
        link_bps: speed of the fastest live uplink of its switch; 0 if none is live, None if unread.
        switch_mtu_bytes: maximum transmission unit of its switch.
    """

    device: str
    address: str | None
    prefix_length: int | None
    mtu_bytes: int | None
    net_stack: str | None
    link_bps: int | None = None
    switch_mtu_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPortgroup:
    """A port group of a standard switch on one host.

    Args:
        vlan: VLAN ID; 0 for none, 4095 for all.
        uplink_count: physical adapters of its switch; None if unread.
        free_ports: ports of its switch that nothing is attached to; None if unread.
        promiscuous, mac_changes, forged_transmits: what its security policy allows; None where it does not say.
    """

    name: str
    switch: str
    vlan: int | None
    uplink_count: int | None
    free_ports: int | None = None
    promiscuous: bool | None = None
    mac_changes: bool | None = None
    forged_transmits: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSwitch:
    """A host's part of a distributed switch.

    Args:
        uuid: UUID of the switch, in small letters.
        ports, free_ports: how many ports the host has of it, and how many of them nothing is attached to.
        reservation_supported: whether adapters can reserve bandwidth there; None where it does not say.
        ens_enabled: whether it is in enhanced data path mode.
    """

    uuid: str
    name: str
    ports: int
    free_ports: int
    reservation_supported: bool | None = None
    ens_enabled: bool = False
