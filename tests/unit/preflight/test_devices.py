"""Devices that tie the VM to its host or to somebody's client."""

from __future__ import annotations

from typing import Any

import pytest

from tests import build
from tests.unit.preflight.looking import brief, look
from vsphere_motion.model.inventory import BackingKind, Device, DeviceKind, Inventory, PowerState
from vsphere_motion.preflight.devices import CHECKS

CDROM, FLOPPY = DeviceKind.CDROM, DeviceKind.FLOPPY
TIED = {BackingKind.HOST_DEVICE, BackingKind.CLIENT}
DRIVES = [
    pytest.param("devices.cdrom", DeviceKind.CDROM, TIED, id="cdrom"),
    pytest.param("devices.floppy", DeviceKind.FLOPPY, TIED, id="floppy"),
    pytest.param("devices.port", DeviceKind.SERIAL, TIED | {BackingKind.FILE}, id="serial"),
    pytest.param("devices.port", DeviceKind.PARALLEL, TIED | {BackingKind.FILE}, id="parallel"),
    pytest.param("devices.usb", DeviceKind.USB, TIED, id="usb"),
]


def _device(kind: DeviceKind, **changes: Any) -> Device:
    given: dict[str, Any] = {"key": 7000, "label": "device 1", "backing": BackingKind.HOST_DEVICE, "connected": True}
    return Device(**given | {"kind": kind} | changes)


def _severities(check_id: str, *devices: Device, **vm: Any) -> list[str]:
    return [finding[0] for finding in brief(check_id, build.site(vm=build.vm(devices=devices, **vm)))]


@pytest.mark.parametrize(("check_id", "kind", "tied"), DRIVES)
@pytest.mark.parametrize("backing", list(BackingKind))
def test_a_connected_device_blocks_where_its_backing_stays_behind(
    check_id: str, kind: DeviceKind, tied: set[BackingKind], backing: BackingKind
) -> None:
    expected = ["blocker"] if backing in tied else []
    assert _severities(check_id, _device(kind, backing=backing)) == expected


@pytest.mark.parametrize(("check_id", "kind", "tied"), DRIVES)
def test_a_disconnected_device_moves(check_id: str, kind: DeviceKind, tied: set[BackingKind]) -> None:
    assert [_severities(check_id, _device(kind, backing=one, connected=False)) for one in tied] == [[]] * len(tied)


@pytest.mark.parametrize(("check_id", "kind", "tied"), DRIVES)
def test_a_vm_that_is_off_is_warned(check_id: str, kind: DeviceKind, tied: set[BackingKind]) -> None:
    assert _severities(check_id, _device(kind), power_state=PowerState.OFF) == ["warning"]


@pytest.mark.parametrize(("check_id", "kind", "tied"), DRIVES)
def test_what_is_not_known_of_a_device_is_said(check_id: str, kind: DeviceKind, tied: set[BackingKind]) -> None:
    site = build.site(vm=build.vm(devices=(_device(kind, backing=None), _device(kind, connected=None))))
    assert [(f.severity.value, f.evidence) for f in look(check_id, site)] == [
        ("unknown", (("property", "config.hardware.device.backing of device 1"),)),
        ("unknown", (("property", "config.hardware.device.connectable.connected of device 1"),)),
    ]


@pytest.mark.parametrize("check_id", [check.id for check in CHECKS if check.function])
def test_unread_devices_are_unknown_to_every_check(check_id: str) -> None:
    assert brief(check_id, build.site(vm=build.vm(devices=None))) == [("unknown", "vm1")]


@pytest.mark.parametrize("check_id", [check.id for check in CHECKS if check.function])
def test_a_usual_vm_has_none_of_these(check_id: str) -> None:
    assert brief(check_id, build.site()) == []


@pytest.mark.parametrize(
    ("check_id", "kind", "power_state", "severity"),
    [
        ("devices.passthrough", DeviceKind.PASSTHROUGH, PowerState.ON, "blocker"),
        ("devices.passthrough", DeviceKind.PASSTHROUGH, PowerState.OFF, "warning"),
        ("devices.sriov", DeviceKind.SRIOV, PowerState.ON, "blocker"),
        ("devices.sriov", DeviceKind.SRIOV, PowerState.OFF, "warning"),
    ],
)
def test_a_part_of_the_host(check_id: str, kind: DeviceKind, power_state: PowerState, severity: str) -> None:
    assert _severities(check_id, _device(kind, connected=None), power_state=power_state) == [severity]


@pytest.mark.parametrize(
    ("check_id", "device", "message"),
    [
        ("devices.cdrom", build.cdrom(connected=True), "CD/DVD drive 1 of vm1 is connected to a client's device"),
        (
            "devices.cdrom",
            build.cdrom(connected=True, backing=BackingKind.HOST_DEVICE, detail="/vmfs/devices/cdrom/mpx"),
            "CD/DVD drive 1 of vm1 is connected to a device of its host (/vmfs/devices/cdrom/mpx)",
        ),
        ("devices.passthrough", _device(DeviceKind.PASSTHROUGH), "vm1 has the passthrough device device 1"),
        (
            "devices.passthrough",
            _device(DeviceKind.PASSTHROUGH, detail="NIC"),
            "vm1 has the passthrough device device 1 (NIC)",
        ),
        ("devices.vgpu", _device(DeviceKind.VGPU, migratable=True), "vm1 has the vGPU device 1"),
        (
            "devices.vgpu",
            _device(DeviceKind.VGPU, detail="grid_v100-8q", migratable=True),
            "vm1 has the vGPU device 1 (grid_v100-8q)",
        ),
    ],
)
def test_the_message_names_the_device(check_id: str, device: Device, message: str) -> None:
    assert look(check_id, build.site(vm=build.vm(devices=(device,))))[0].message == message


def _image(kind: DeviceKind = DeviceKind.CDROM, **changes: Any) -> Device:
    """A drive with an image on datastore2."""
    given: dict[str, Any] = {"backing": BackingKind.FILE, "datastore": build.datastore_ref(2), "detail": "[d] a.iso"}
    return _device(kind, **given | changes)


def _with(drive: Device, *, datastores: tuple[Any, ...], **changes: Any) -> Inventory:
    """vm1 with this drive alone; `datastores` are those of the site."""
    refs = tuple(one.ref for one in datastores)
    vm = build.vm(devices=(drive,), **changes)
    return build.site(vm=vm, datastores=datastores, destination=build.host(2, datastores=refs))


BOTH = (build.datastore(1), build.datastore(2))
NOT_THERE = (build.datastore(1), build.datastore(2, mounts=(build.mount(1),)))
READ_ONLY = (build.datastore(1), build.datastore(2, mounts=(build.mount(2, access_mode="readOnly"),)))
UNTOLD = (build.datastore(1), build.datastore(2, mounts=(build.mount(2, access_mode=None),)))


@pytest.mark.parametrize(("check_id", "kind"), [("devices.cdrom", CDROM), ("devices.floppy", FLOPPY)])
@pytest.mark.parametrize(
    ("drive", "datastores", "vm", "expected"),
    [
        pytest.param({}, BOTH, {}, [], id="an image that the destination has"),
        pytest.param({}, READ_ONLY, {}, [], id="an image is only read"),
        pytest.param({}, UNTOLD, {}, [], id="whether it can be written does not matter"),
        pytest.param({}, NOT_THERE, {}, ["blocker"], id="an image that the destination lacks"),
        pytest.param({"connected": None}, NOT_THERE, {}, ["blocker"], id="perhaps connected"),
        pytest.param({"connected": False}, NOT_THERE, {}, ["warning"], id="disconnected"),
        pytest.param({}, NOT_THERE, {"power_state": PowerState.OFF}, ["warning"], id="off"),
    ],
)
def test_an_image_has_to_be_where_the_destination_reads_it(
    check_id: str, kind: DeviceKind, drive: Any, datastores: Any, vm: Any, expected: list[str]
) -> None:
    site = _with(_image(kind, **drive), datastores=datastores, **vm)
    assert [severity for severity, _ in brief(check_id, site)] == expected


def test_the_image_and_what_the_destination_lacks_of_it_are_named() -> None:
    (finding,) = look("devices.cdrom", _with(_image(), datastores=NOT_THERE))
    assert finding.message == "the image in device 1 of vm1 ([d] a.iso) is on a datastore that is not mounted on host2"
    assert dict(finding.evidence)["datastore"] == "datastore-2"


@pytest.mark.parametrize(
    ("power_state", "severity"),
    [(PowerState.ON, "blocker"), (PowerState.SUSPENDED, "blocker"), (PowerState.OFF, "warning")],
)
def test_a_profile_is_needed_by_what_runs_or_is_suspended(power_state: PowerState, severity: str) -> None:
    gpu = _device(DeviceKind.VGPU, detail="grid_a40-8q", migratable=True)
    assert _severities("devices.vgpu-profile", gpu, power_state=power_state) == [severity]


@pytest.mark.parametrize(
    ("api_version", "severity"),
    [("8.0.3.0", "blocker"), ("7.0.2.0", "blocker"), ("7.0.1.1", "unknown"), ("6.7.3", "unknown"), ("", "unknown")],
)
def test_a_vgpu_that_does_not_say_cannot_migrate_where_it_could_say(api_version: str, severity: str) -> None:
    vm = build.vm(devices=(_device(DeviceKind.VGPU),))
    site = build.site(vm=vm, vcenter=build.identity(api_version=api_version))
    assert [found for found, _ in brief("devices.vgpu", site)] == [severity]
