"""Whether the VM has a device that ties it to its host or to somebody's client."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import BackingKind, Device, DeviceKind
from vsphere_motion.preflight.check import Check, CheckFunction, unknown
from vsphere_motion.preflight.subject import Subject

CDROM = "devices.cdrom"
FLOPPY = "devices.floppy"
PORT = "devices.port"
USB = "devices.usb"
PASSTHROUGH = "devices.passthrough"
VGPU = "devices.vgpu"
SUPPORTED = "devices.supported"

VM_DEVICES = "config.hardware.device"

TIED = frozenset({BackingKind.HOST_DEVICE, BackingKind.CLIENT})
BACKING_WORDS = {
    BackingKind.HOST_DEVICE: "a device of its host",
    BackingKind.CLIENT: "a client's device",
    BackingKind.FILE: "a file",
}


def check_attached(
    subject: Subject, check_id: str, kinds: frozenset[DeviceKind], tied: frozenset[BackingKind]
) -> Iterator[Finding]:
    """Connected devices of these kinds whose backing stays behind when the VM moves.

    A running VM is refused (API: RemoteDeviceNotSupported, CannotAccessVmDevice, FileBackedPortNotSupported); one that
    is off would miss the device when it is powered on.
    """
    for device in _devices_of(subject, kinds):
        if device.connected is False or (device.backing is not None and device.backing not in tied):
            continue
        if device.backing is None or device.connected is None:
            part = "backing" if device.backing is None else "connectable.connected"
            yield unknown(check_id, subject.named_vm, f"{VM_DEVICES}.{part} of {device.label}")
            continue
        yield Finding(
            id=check_id,
            severity=Severity.BLOCKER if subject.is_live else Severity.WARNING,
            subject=subject.named_vm,
            message=f"{device.label} of {subject.vm.name} is connected to {BACKING_WORDS[device.backing]}"
            + (f" ({device.detail})" if device.detail else ""),
            remedy=f"disconnect {device.label} of {subject.vm.name}, or back it by something both hosts reach",
            evidence=_evidence(device),
        )


def check_cdrom(subject: Subject) -> Iterator[Finding]:
    """Connected CD-ROM drives backed by the host or a client; an image is the business of `storage.reachable`."""
    yield from _unread_devices(subject, CDROM)
    yield from check_attached(subject, CDROM, frozenset({DeviceKind.CDROM}), TIED)


def check_floppy(subject: Subject) -> Iterator[Finding]:
    """Connected floppy drives backed by the host or a client."""
    yield from _unread_devices(subject, FLOPPY)
    yield from check_attached(subject, FLOPPY, frozenset({DeviceKind.FLOPPY}), TIED)


def check_port(subject: Subject) -> Iterator[Finding]:
    """Connected serial and parallel ports backed by the host, a client or a file."""
    yield from _unread_devices(subject, PORT)
    kinds = frozenset({DeviceKind.SERIAL, DeviceKind.PARALLEL})
    yield from check_attached(subject, PORT, kinds, TIED | {BackingKind.FILE})


def check_usb(subject: Subject) -> Iterator[Finding]:
    """Connected USB devices of the host or a client.

    A host's USB device may move if it was added with vMotion support, which no property read here tells; so it counts
    as one that may not.
    """
    yield from _unread_devices(subject, USB)
    yield from check_attached(subject, USB, frozenset({DeviceKind.USB}), TIED)


def check_passthrough(subject: Subject) -> Iterator[Finding]:
    """PCI passthrough devices, connected or not: they are part of the host."""
    yield from _unread_devices(subject, PASSTHROUGH)
    for device in _devices_of(subject, frozenset({DeviceKind.PASSTHROUGH})):
        yield Finding(
            id=PASSTHROUGH,
            severity=Severity.BLOCKER if subject.is_live else Severity.WARNING,
            subject=subject.named_vm,
            message=f"{subject.vm.name} has the passthrough device {device.label}"
            + (f" ({device.detail})" if device.detail else ""),
            remedy=f"power {subject.vm.name} off and remove {device.label}, or move it while it is off to a host "
            "with an equal device",
            evidence=_evidence(device),
        )


def check_vgpu(subject: Subject) -> Iterator[Finding]:
    """Shared vGPUs can move between equal cards, and a running VM stands still for long meanwhile."""
    yield from _unread_devices(subject, VGPU)
    for device in _devices_of(subject, frozenset({DeviceKind.VGPU})):
        yield Finding(
            id=VGPU,
            severity=Severity.WARNING,
            subject=subject.named_vm,
            message=f"{subject.vm.name} has the vGPU {device.label}" + (f" ({device.detail})" if device.detail else ""),
            remedy=f"make sure that {subject.destination.name} has the same GPU and profile free, that "
            "vgpu.hotmigrate.enabled is set in vCenter, and that the guest may stand still for some seconds",
            evidence=_evidence(device),
        )


def _devices_of(subject: Subject, kinds: frozenset[DeviceKind]) -> Iterator[Device]:
    return (device for device in subject.vm.devices or () if device.kind in kinds)


def _unread_devices(subject: Subject, check_id: str) -> Iterator[Finding]:
    if subject.vm.devices is None:
        yield unknown(check_id, subject.named_vm, VM_DEVICES)


def _evidence(device: Device) -> tuple[tuple[str, str | int | bool | None], ...]:
    return (
        ("device", device.label),
        ("key", device.key),
        ("backing", device.backing.value if device.backing else None),
        ("connected", device.connected),
        ("detail", device.detail),
    )


def _row(check_id: str, severity: Severity, title: str, function: CheckFunction, source: str) -> Check:
    return Check(id=check_id, severity=severity, title=title, function=function, reads=(VM_DEVICES,), source=source)


CHECKS = (
    _row(
        CDROM,
        Severity.BLOCKER,
        "no connected CD-ROM drive backed by the host or a client",
        check_cdrom,
        "vSphere API 8.0: CannotAccessVmDevice, RemoteDeviceNotSupported",
    ),
    _row(
        FLOPPY,
        Severity.BLOCKER,
        "no connected floppy drive backed by the host or a client",
        check_floppy,
        "vSphere API 8.0: CannotAccessVmDevice, RemoteDeviceNotSupported",
    ),
    _row(
        PORT,
        Severity.BLOCKER,
        "no connected serial or parallel port backed by the host, a client or a file",
        check_port,
        "vSphere API 8.0: FileBackedPortNotSupported, CannotAccessVmDevice",
    ),
    _row(
        USB,
        Severity.BLOCKER,
        "no connected USB device of the host or a client",
        check_usb,
        "vCenter Server and Host Management 8.0, USB passthrough with vMotion; RemoteDeviceNotSupported",
    ),
    _row(
        PASSTHROUGH,
        Severity.BLOCKER,
        "no PCI passthrough device",
        check_passthrough,
        "vCenter Server and Host Management 8.0, Virtual Machine Conditions and Limitations for vSphere vMotion",
    ),
    _row(
        VGPU,
        Severity.WARNING,
        "no vGPU",
        check_vgpu,
        "vCenter Server and Host Management 8.0, Using vMotion to Migrate vGPU Virtual Machines",
    ),
    Check(
        id=SUPPORTED,
        severity=Severity.BLOCKER,
        title="devices that the destination supports",
        source="vSphere API 8.0: DeviceNotSupported, DisallowedMigrationDeviceAttached",
    ),
)
