"""From virtual devices of the vSphere API to the model's."""

from __future__ import annotations

from typing import Any

import pytest
from pyVmomi import vim

from tests.unit.vcenter.things import a_device, device, managed
from vsphere_motion.model.inventory import BackingKind, Device, DeviceKind
from vsphere_motion.model.refs import MoRef
from vsphere_motion.vcenter.current_devices import disconnected_nic_labels
from vsphere_motion.vcenter.devices import NetworkIndex, devices_from, has_raw_mapping

DATASTORE = managed(vim.Datastore, "datastore-7")
DATASTORE_REF = MoRef(kind="Datastore", moid="datastore-7")
STANDARD = MoRef(kind="Network", moid="network-6")
PORTGROUP = MoRef(kind="DistributedVirtualPortgroup", moid="dvportgroup-9")
OPAQUE = MoRef(kind="OpaqueNetwork", moid="network-o5")
NETWORKS = NetworkIndex(
    names={STANDARD: "VM Network", PORTGROUP: "prod", OPAQUE: "segment-1"},
    by_portgroup={"dvportgroup-9": PORTGROUP},
    by_opaque_id={"opaque-id-1": OPAQUE},
)

cdrom = device.VirtualCdrom
floppy = device.VirtualFloppy
passthrough = device.VirtualPCIPassthrough
card = device.VirtualEthernetCard


def convert(one: Any) -> Device:
    (converted,) = devices_from([one], NETWORKS)
    return converted


@pytest.mark.parametrize(
    ("backing", "expected", "detail"),
    [
        pytest.param(
            cdrom.IsoBackingInfo(fileName="[ds1] tools.iso", datastore=DATASTORE),
            BackingKind.FILE,
            "[ds1] tools.iso",
            id="ISO file",
        ),
        pytest.param(cdrom.AtapiBackingInfo(deviceName="cdrom0"), BackingKind.HOST_DEVICE, "cdrom0", id="host, ATAPI"),
        pytest.param(
            cdrom.PassthroughBackingInfo(deviceName="cdrom1", exclusive=False),
            BackingKind.HOST_DEVICE,
            "cdrom1",
            id="host, passthrough",
        ),
        pytest.param(cdrom.RemoteAtapiBackingInfo(deviceName=""), BackingKind.CLIENT, None, id="client, ATAPI"),
        pytest.param(
            cdrom.RemotePassthroughBackingInfo(deviceName="D:", exclusive=False),
            BackingKind.CLIENT,
            "D:",
            id="client, passthrough",
        ),
        pytest.param(None, None, None, id="no backing"),
        pytest.param(device.VirtualDevice.BackingInfo(), None, None, id="a backing this program does not know"),
    ],
)
def test_a_cdrom_says_where_its_disc_is(backing: Any, expected: BackingKind | None, detail: str | None) -> None:
    found = convert(a_device(cdrom, backing=backing, connected=True))
    assert (found.kind, found.backing, found.detail) == (DeviceKind.CDROM, expected, detail)


@pytest.mark.parametrize(
    ("backing", "expected"),
    [
        pytest.param(floppy.ImageBackingInfo(fileName="[ds1] a.flp"), BackingKind.FILE, id="image"),
        pytest.param(floppy.DeviceBackingInfo(deviceName="fd0"), BackingKind.HOST_DEVICE, id="host"),
        pytest.param(floppy.RemoteDeviceBackingInfo(deviceName="A:"), BackingKind.CLIENT, id="client"),
    ],
)
def test_a_floppy_says_where_its_disc_is(backing: Any, expected: BackingKind) -> None:
    found = convert(a_device(floppy, backing=backing))
    assert (found.kind, found.backing) == (DeviceKind.FLOPPY, expected)


@pytest.mark.parametrize("connected", [True, False])
def test_a_drive_says_whether_it_is_connected(connected: bool) -> None:
    assert convert(a_device(cdrom, connected=connected)).connected is connected


def test_a_device_that_cannot_be_disconnected_has_no_such_state() -> None:
    assert convert(a_device(cdrom, connected=None)).connected is None


@pytest.mark.parametrize("connected", [True, False])
def test_a_usb_device_has_its_own_word_for_connected(connected: bool) -> None:
    assert convert(device.VirtualUSB(key=7000, connected=connected)).connected is connected


def test_a_file_backing_names_its_datastore() -> None:
    backing = cdrom.IsoBackingInfo(fileName="[ds1] tools.iso", datastore=DATASTORE)
    assert convert(a_device(cdrom, backing=backing)).datastore == DATASTORE_REF


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        pytest.param({"capacityInKB": 1024, "capacityInBytes": 1024**2 + 512}, 1024**2 + 512, id="bytes are exact"),
        pytest.param({"capacityInKB": 1024}, 1024**2, id="an old server has KB alone"),
    ],
)
def test_the_size_of_a_disk_is_in_bytes(fields: dict[str, int], size: int) -> None:
    backing = device.VirtualDisk.FlatVer2BackingInfo(
        fileName="[ds1] a.vmdk", datastore=DATASTORE, diskMode="persistent"
    )
    found = convert(a_device(device.VirtualDisk, backing=backing, **fields))
    assert (found.kind, found.capacity_bytes, found.datastore) == (DeviceKind.DISK, size, DATASTORE_REF)
    assert type(found.capacity_bytes) is int


@pytest.mark.parametrize(
    ("backing", "network", "detail"),
    [
        pytest.param(
            card.NetworkBackingInfo(deviceName="VM Network", network=managed(vim.Network, "network-6")),
            STANDARD,
            "VM Network",
            id="standard",
        ),
        pytest.param(
            card.DistributedVirtualPortBackingInfo(
                port=vim.dvs.PortConnection(switchUuid="50 01", portgroupKey="dvportgroup-9")
            ),
            PORTGROUP,
            "prod",
            id="distributed",
        ),
        pytest.param(
            card.OpaqueNetworkBackingInfo(opaqueNetworkId="opaque-id-1", opaqueNetworkType="nsx.LogicalSwitch"),
            OPAQUE,
            "segment-1",
            id="opaque",
        ),
        pytest.param(
            card.DistributedVirtualPortBackingInfo(
                port=vim.dvs.PortConnection(switchUuid="50 01", portgroupKey="dvportgroup-1")
            ),
            None,
            None,
            id="a portgroup that was not read",
        ),
        pytest.param(
            card.NetworkBackingInfo(deviceName="gone"), None, "gone", id="a standard network vCenter has no object for"
        ),
    ],
)
def test_a_nic_leads_to_its_network(backing: Any, network: MoRef | None, detail: str | None) -> None:
    found = convert(a_device(device.VirtualVmxnet3, backing=backing, connected=True))
    assert found.kind is DeviceKind.NIC
    assert (found.backing, found.network, found.detail) == (BackingKind.NETWORK, network, detail)


@pytest.mark.parametrize(
    ("one", "kind", "backing"),
    [
        pytest.param(
            a_device(
                passthrough,
                backing=passthrough.DeviceBackingInfo(
                    deviceName="Tesla", id="00:1", deviceId="1", systemId="s", vendorId=1
                ),
            ),
            DeviceKind.PASSTHROUGH,
            BackingKind.HOST_DEVICE,
            id="PCI passthrough",
        ),
        pytest.param(
            a_device(passthrough, backing=passthrough.DynamicBackingInfo(deviceName="")),
            DeviceKind.PASSTHROUGH,
            BackingKind.HOST_DEVICE,
            id="dynamic PCI passthrough",
        ),
        pytest.param(
            a_device(passthrough, backing=passthrough.DvxBackingInfo(deviceClass="class-a")),
            DeviceKind.PASSTHROUGH,
            BackingKind.HOST_DEVICE,
            id="device virtualization extension",
        ),
        pytest.param(
            a_device(passthrough, backing=passthrough.VmiopBackingInfo(vgpu="grid_v100-8q")),
            DeviceKind.VGPU,
            BackingKind.HOST_DEVICE,
            id="vGPU",
        ),
        pytest.param(a_device(device.VirtualSriovEthernetCard), DeviceKind.SRIOV, None, id="SR-IOV is a host's device"),
        pytest.param(
            a_device(
                device.VirtualSCSIPassthrough,
                backing=device.VirtualSCSIPassthrough.DeviceBackingInfo(deviceName="tape0"),
            ),
            DeviceKind.PASSTHROUGH,
            BackingKind.HOST_DEVICE,
            id="SCSI passthrough",
        ),
        pytest.param(
            a_device(
                device.VirtualUSB,
                backing=device.VirtualUSB.USBBackingInfo(deviceName="path:0/1"),
                connected=True,
            ),
            DeviceKind.USB,
            BackingKind.HOST_DEVICE,
            id="USB of the host",
        ),
        pytest.param(
            a_device(
                device.VirtualUSB,
                backing=device.VirtualUSB.RemoteClientBackingInfo(deviceName="stick", hostname="desk"),
            ),
            DeviceKind.USB,
            BackingKind.CLIENT,
            id="USB of a client",
        ),
        pytest.param(
            a_device(
                device.VirtualSerialPort,
                backing=device.VirtualSerialPort.URIBackingInfo(serviceURI="telnet://:1", direction="server"),
            ),
            DeviceKind.SERIAL,
            BackingKind.OTHER,
            id="serial port on the network",
        ),
        pytest.param(
            a_device(
                device.VirtualParallelPort, backing=device.VirtualParallelPort.DeviceBackingInfo(deviceName="/dev/lp0")
            ),
            DeviceKind.PARALLEL,
            BackingKind.HOST_DEVICE,
            id="parallel port",
        ),
        pytest.param(
            a_device(
                device.VirtualEnsoniq1371, backing=device.VirtualSoundCard.DeviceBackingInfo(deviceName="/dev/audio")
            ),
            DeviceKind.OTHER,
            BackingKind.HOST_DEVICE,
            id="sound card",
        ),
    ],
)
def test_what_ties_a_vm_to_a_host_is_told_apart(one: Any, kind: DeviceKind, backing: BackingKind | None) -> None:
    found = convert(one)
    assert (found.kind, found.backing) == (kind, backing)


def test_the_profile_of_a_vgpu_is_its_detail() -> None:
    assert convert(a_device(passthrough, backing=passthrough.VmiopBackingInfo(vgpu="grid_v100-8q"))).detail == (
        "grid_v100-8q"
    )


def test_devices_without_a_backing_say_nothing_about_a_move() -> None:
    mouse = a_device(
        device.VirtualPointingDevice,
        backing=device.VirtualPointingDevice.DeviceBackingInfo(deviceName="", hostPointingDevice="autodetect"),
    )
    controller = a_device(device.ParaVirtualSCSIController, busNumber=0, sharedBus="noSharing")
    assert devices_from([mouse, controller, a_device(device.VirtualKeyboard)], NETWORKS) == ()


def test_a_device_without_a_label_is_called_by_its_class_and_key() -> None:
    assert convert(cdrom(key=3001)).label == "VirtualCdrom 3001"


def test_only_nics_that_are_not_connected_are_named() -> None:
    nics = [
        a_device(device.VirtualVmxnet3, label="Network adapter 1", connected=True),
        a_device(device.VirtualVmxnet3, label="Network adapter 2", connected=False),
        a_device(cdrom, label="CD/DVD drive 1", connected=False),
    ]
    assert disconnected_nic_labels(nics) == ("Network adapter 2",)


def _disk(backing: Any, **fields: Any) -> Device:
    return convert(a_device(device.VirtualDisk, backing=backing, capacityInKB=1024, **fields))


@pytest.mark.parametrize("mode", ["physicalMode", "virtualMode"])
def test_a_raw_device_mapping_names_its_lun(mode: str) -> None:
    raw = device.VirtualDisk.RawDiskMappingVer1BackingInfo(
        fileName="[ds1] a.vmdk", compatibilityMode=mode, lunUuid="u-1", diskMode="independent_persistent"
    )
    found = _disk(raw)
    assert (found.rdm_mode, found.lun, found.disk_mode) == (mode, "u-1", "independent_persistent")
    assert has_raw_mapping([device.VirtualDisk(backing=raw)])


def test_an_ordinary_disk_is_no_raw_device_mapping() -> None:
    flat = device.VirtualDisk.FlatVer2BackingInfo(
        fileName="[ds1] a.vmdk", diskMode="persistent", sharing="sharingMultiWriter"
    )
    found = _disk(flat)
    assert (found.rdm_mode, found.lun, found.sharing, found.is_first_class) == (None, None, "sharingMultiWriter", False)
    assert not has_raw_mapping([device.VirtualDisk(backing=flat)])


def test_a_container_volume_is_a_first_class_disk() -> None:
    flat = device.VirtualDisk.FlatVer2BackingInfo(fileName="[ds1] a.vmdk", diskMode="persistent")
    assert _disk(flat, vDiskId=vim.vslm.ID(id="fcd-1")).is_first_class


@pytest.mark.parametrize(("size_mb", "size_bytes"), [(None, None), (512, 512 * 1024**2)])
def test_a_vgpu_says_whether_and_how_much_it_migrates(size_mb: int | None, size_bytes: int | None) -> None:
    backing = passthrough.VmiopBackingInfo(vgpu="grid_v100-8q", migrateSupported=True, vgpuMigrateDataSizeMB=size_mb)
    found = convert(a_device(passthrough, backing=backing))
    assert (found.kind, found.migratable, found.migrate_bytes) == (DeviceKind.VGPU, True, size_bytes)


def test_a_controller_matters_where_it_shares_its_bus() -> None:
    private, shared = (
        a_device(device.ParaVirtualSCSIController, sharedBus=word, busNumber=0)
        for word in ("noSharing", "physicalSharing")
    )
    assert devices_from([private], NETWORKS) == ()
    assert (convert(shared).kind, convert(shared).bus_sharing) == (DeviceKind.CONTROLLER, "physicalSharing")


def test_a_virtual_tpm_is_told_apart() -> None:
    assert convert(a_device(device.VirtualTPM)).kind is DeviceKind.TPM


def test_a_disk_without_a_mapping_file_is_raw() -> None:
    whole = device.VirtualDisk.RawDiskVer2BackingInfo(deviceName="vml.02", descriptorFileName="")
    flat = device.VirtualDisk.FlatVer2BackingInfo(diskMode="persistent", deltaDiskFormat="nativeFormat")
    assert [(one.is_raw, one.delta_format) for one in map(_disk, (whole, flat))] == [
        (True, None),
        (False, "nativeFormat"),
    ]


def test_a_nic_names_its_port_and_what_it_reserves() -> None:
    port = vim.dvs.PortConnection(switchUuid="50 3C", portgroupKey="dvportgroup-9", portKey="c-1")
    share = card.ResourceAllocation(reservation=100, share=vim.SharesInfo(shares=50, level="normal"), limit=-1)
    found = convert(
        a_device(
            device.VirtualVmxnet3, backing=card.DistributedVirtualPortBackingInfo(port=port), resourceAllocation=share
        )
    )
    assert (found.switch_uuid, found.port_key, found.reserved_bps) == ("50 3c", "c-1", 100_000_000)
    assert not found.is_legacy


def test_a_nic_of_the_first_releases_is_told_apart() -> None:
    found = convert(a_device(device.VirtualE1000, backing=card.LegacyNetworkBackingInfo(deviceName="VM Network")))
    assert (found.is_legacy, found.network, found.switch_uuid, found.reserved_bps) == (True, None, None, None)


def test_a_graphics_card_says_how_much_memory_it_has() -> None:
    found = convert(a_device(device.VirtualVideoCard, videoRamSizeInKB=4096))
    assert (found.kind, found.video_bytes) == (DeviceKind.VIDEO, 4096 * 1024)
    assert convert(a_device(device.VirtualVideoCard)).video_bytes is None
