"""Whether the VM has a device that ties it to its host or to somebody's client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import BackingKind, Device, DeviceKind, PowerState
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.preflight import storage
from vsphere_motion.preflight.check import About, Check
from vsphere_motion.preflight.subject import Subject, VmSubject
from vsphere_motion.preflight.vmknic import HOST_LINKS
from vsphere_motion.vmotion.vgpu import STUN_LIMIT_S, best_stun_s, worst_stun_s

VM_DEVICES = "config.hardware.device"
VGPU_SIZE = "config.hardware.device.backing.vgpuMigrateDataSizeMB"
VGPU_MIGRATES = "config.hardware.device.backing.migrateSupported"
HOST_PROFILES = "config.sharedPassthruGpuTypes"

TIED = frozenset({BackingKind.HOST_DEVICE, BackingKind.CLIENT})
BACKING_WORDS = {
    BackingKind.HOST_DEVICE: "a device of its host",
    BackingKind.CLIENT: "a client's device",
    BackingKind.FILE: "a file",
}


def check_attached(
    subject: VmSubject, check: Check, devices: Iterable[Device], tied: frozenset[BackingKind]
) -> Iterator[Finding]:
    """Connected ones of these devices whose backing stays behind when the VM moves.

    A running VM is refused (API: RemoteDeviceNotSupported, CannotAccessVmDevice, FileBackedPortNotSupported); one that
    is off would miss the device when it is powered on.
    """
    yield from _unread_devices(subject, check)
    for device in devices:
        if device.connected is False or (device.backing is not None and device.backing not in tied):
            continue
        if device.backing is None or device.connected is None:
            part = "backing" if device.backing is None else "connectable.connected"
            yield check.unknown(subject.named_vm, f"{VM_DEVICES}.{part} of {device.label}")
            continue
        what = f"{device.label} of {subject.vm.name} is connected to {BACKING_WORDS[device.backing]}"
        yield _found(subject, check, device, f"{what}{_detail(device)}")


def check_cdrom(subject: Subject) -> Iterator[Finding]:
    """Connected CD-ROM drives backed by the host or a client, and drives whose image the destination cannot read."""
    yield from _drives(subject, CDROM, DeviceKind.CDROM)


def check_floppy(subject: Subject) -> Iterator[Finding]:
    """Connected floppy drives backed by the host or a client, and drives whose image the destination cannot read."""
    yield from _drives(subject, FLOPPY, DeviceKind.FLOPPY)


def _drives(subject: Subject, check: Check, kind: DeviceKind) -> Iterator[Finding]:
    drives = [drive for drive in subject.of_vm.drives if drive.kind is kind]
    if drives or subject.vm.devices is None:
        yield from check_attached(subject.of_vm, check, drives, TIED)
    for drive in drives:
        if drive.datastore is not None:
            yield from _image(subject, check, drive, drive.datastore)


def has_used_drive(subject: VmSubject) -> bool:
    """Whether a drive is connected or has an image; true if the devices were not read."""
    used = (drive.connected is not False or drive.datastore is not None for drive in subject.drives)
    return subject.vm.devices is None or any(used)


def _image(subject: Subject, check: Check, drive: Device, ref: MoRef) -> Iterator[Finding]:
    """An image is only read, so a read-only mount is enough; of a disconnected drive its absence is a warning."""
    lack = storage.find_lack(subject, ref, to_write=False)
    if lack is None:
        named = subject.inventory.name_of(ref) or NamedRef(ref=ref, name=ref.moid)
        yield check.unknown(named, storage.unread_path(subject, ref))
    elif lack:
        host = subject.destination
        what = f"the image in {drive.label} of {subject.vm.name}{_detail(drive)}"
        is_refused = subject.is_live and drive.connected is not False
        severity = Severity.BLOCKER if is_refused else Severity.WARNING
        evidence = _evidence(drive) | {"datastore": ref.moid, "lack": lack}
        message = f"{what} is on a datastore that {lack} on {host.name}"
        yield check.found(subject.named_vm, message, severity=severity, evidence=evidence)


def check_port(subject: VmSubject) -> Iterator[Finding]:
    """Connected serial and parallel ports backed by the host, a client or a file."""
    ports = subject.of_kind(DeviceKind.SERIAL, DeviceKind.PARALLEL)
    yield from check_attached(subject, PORT, ports, TIED | {BackingKind.FILE})


def check_usb(subject: VmSubject) -> Iterator[Finding]:
    """Connected USB devices of the host or a client.

    A host's USB device may move if it was added with vMotion support, which no property read here tells; so it counts
    as one that may not.
    """
    yield from check_attached(subject, USB, subject.of_kind(DeviceKind.USB), TIED)


def check_passthrough(subject: VmSubject) -> Iterator[Finding]:
    """PCI and SCSI passthrough devices, connected or not: they are part of the host."""
    yield from _part_of_host(subject, PASSTHROUGH, DeviceKind.PASSTHROUGH, "passthrough device")


def check_sriov(subject: VmSubject) -> Iterator[Finding]:
    """A network adapter that is a slice of the host's own."""
    yield from _part_of_host(subject, SRIOV, DeviceKind.SRIOV, "SR-IOV network adapter")


def _part_of_host(subject: VmSubject, check: Check, kind: DeviceKind, what: str) -> Iterator[Finding]:
    yield from _unread_devices(subject, check)
    for device in subject.of_kind(kind):
        yield _found(subject, check, device, f"{subject.vm.name} has the {what} {device.label}{_detail(device)}")


def check_shared_bus(subject: VmSubject) -> Iterator[Finding]:
    """A SCSI controller that shares its bus: the guest is part of a cluster."""
    yield from _unread_devices(subject, SHARED_BUS)
    for device in subject.of_kind(DeviceKind.CONTROLLER):
        if device.bus_sharing is not None:
            message = f"{device.label} of {subject.vm.name} shares its bus ({device.bus_sharing})"
            yield _found(subject, SHARED_BUS, device, message)


def check_vgpu(subject: VmSubject) -> Iterator[Finding]:
    """Shared vGPUs can move between equal cards if they say so, and a running VM stands still meanwhile.

    A vCenter since 7.0.2 has the word for it, and one that does not say it means no; an older one cannot tell.
    """
    yield from _unread_devices(subject, VGPU)
    for device in subject.vgpus:
        message = f"{subject.vm.name} has the vGPU {device.label}{_detail(device)}"
        if device.migratable is None and subject.site.tells_of_vgpus:
            yield _found(subject, VGPU, device, f"{message}, which does not say that it can migrate")
        elif device.migratable is None:
            yield VGPU.unknown(subject.named_vm, f"{VGPU_MIGRATES} of {device.label}")
        elif device.migratable:
            yield VGPU.found(subject.named_vm, message, severity=Severity.WARNING, evidence=_evidence(device))
        else:
            yield _found(subject, VGPU, device, f"{message}, which cannot migrate")


def check_vgpu_profile(subject: Subject) -> Iterator[Finding]:
    """The destination must offer the profile of the vGPU; a VM that is off needs it when it is powered on."""
    host = subject.destination
    if subject.vm.devices is None:
        yield VGPU_PROFILE.unknown(subject.named_vm, VM_DEVICES)
    for device in subject.of_vm.vgpus:
        if host.vgpu_profiles is None:
            yield VGPU_PROFILE.unknown(host.named, HOST_PROFILES)
        elif device.detail is not None and device.detail not in host.vgpu_profiles:
            message = f"{host.name} does not offer the vGPU profile {device.detail} of {subject.vm.name}"
            is_off = subject.vm.power_state is PowerState.OFF
            severity = Severity.WARNING if is_off else Severity.BLOCKER
            yield VGPU_PROFILE.found(host.named, message, severity=severity, profile=device.detail)


def check_vgpu_stun(subject: Subject) -> Iterator[Finding]:
    """What all vGPUs have to send while the VM stands still, against the longest switch-over that vMotion allows."""
    if not subject.is_live:
        return
    if subject.vm.devices is None:
        yield VGPU_STUN.unknown(subject.named_vm, VM_DEVICES)
    if not subject.of_vm.vgpus:
        return
    sizes = [device.migrate_bytes for device in subject.of_vm.vgpus]
    known = [size for size in sizes if size is not None]
    link_bps = subject.there.link_bps
    if len(known) < len(sizes):
        yield VGPU_STUN.unknown(subject.named_vm, VGPU_SIZE)
    elif link_bps is None:
        yield VGPU_STUN.unknown(subject.destination.named, HOST_LINKS)
    else:
        yield from _stun(subject, sum(known), link_bps)


def _stun(subject: Subject, data_bytes: int, link_bps: int) -> Iterator[Finding]:
    best, worst = best_stun_s(data_bytes, link_bps), worst_stun_s(data_bytes, link_bps)
    if best is None or worst is None:
        yield VGPU_STUN.unknown(subject.destination.named, HOST_LINKS)
        return
    if worst <= STUN_LIMIT_S:
        return
    yield VGPU_STUN.found(
        subject.named_vm,
        f"{subject.vm.name} would stand still for {best:.0f} s at least and {worst:.0f} s at worst while its vGPU data "
        f"is sent; vMotion gives up after {STUN_LIMIT_S:.0f} s",
        severity=Severity.BLOCKER if best > STUN_LIMIT_S else Severity.WARNING,
        vgpu_bytes=data_bytes,
        link_bps=link_bps,
        at_least_s=round(best, 1),
        at_worst_s=round(worst, 1),
        limit_s=STUN_LIMIT_S,
    )


def _found(subject: VmSubject, check: Check, device: Device, message: str) -> Finding:
    severity = Severity.BLOCKER if subject.is_live else Severity.WARNING
    return check.found(subject.named_vm, message, severity=severity, evidence=_evidence(device))


def _unread_devices(subject: VmSubject, check: Check) -> Iterator[Finding]:
    if subject.vm.devices is None:
        yield check.unknown(subject.named_vm, VM_DEVICES)


def _detail(device: Device) -> str:
    return f" ({device.detail})" if device.detail else ""


def _evidence(device: Device) -> dict[str, str | int | bool | None]:
    return {
        "device": device.label,
        "key": device.key,
        "backing": device.backing.value if device.backing else None,
        "connected": device.connected,
        "detail": device.detail,
    }


CDROM = Check(
    id="devices.cdrom",
    severity=Severity.BLOCKER,
    title="no connected CD-ROM drive that the destination cannot serve",
    on_pair=check_cdrom,
    concerns=has_used_drive,
    reads=(VM_DEVICES, storage.DATASTORE_HOSTS),
    source="vSphere API 8.0: CannotAccessVmDevice, RemoteDeviceNotSupported",
    remedy="disconnect the drive, or use an image on a datastore that both hosts have",
)
FLOPPY = Check(
    id="devices.floppy",
    severity=Severity.BLOCKER,
    title="no connected floppy drive that the destination cannot serve",
    on_pair=check_floppy,
    concerns=has_used_drive,
    reads=(VM_DEVICES, storage.DATASTORE_HOSTS),
    source="vSphere API 8.0: CannotAccessVmDevice, RemoteDeviceNotSupported",
    remedy="disconnect the drive, or use an image on a datastore that both hosts have",
)
PORT = Check(
    id="devices.port",
    severity=Severity.BLOCKER,
    title="no connected serial or parallel port backed by the host, a client or a file",
    on_vm=check_port,
    reads=(VM_DEVICES,),
    source="vSphere API 8.0: FileBackedPortNotSupported, CannotAccessVmDevice",
    remedy="disconnect the port, or back a serial port by the network",
)
USB = Check(
    id="devices.usb",
    severity=Severity.BLOCKER,
    title="no connected USB device of the host or a client",
    on_vm=check_usb,
    reads=(VM_DEVICES,),
    source="vCenter Server and Host Management 8.0, USB passthrough with vMotion; RemoteDeviceNotSupported",
    remedy="disconnect the USB device, or skip this check if the device was added with vMotion support",
)
PASSTHROUGH = Check(
    id="devices.passthrough",
    severity=Severity.BLOCKER,
    title="no PCI passthrough device",
    on_vm=check_passthrough,
    reads=(VM_DEVICES,),
    source="vCenter Server and Host Management 8.0, Virtual Machine Conditions and Limitations for vSphere vMotion",
    remedy="power the VM off and remove the device, or move it while it is off to a host with an equal device",
)
SRIOV = Check(
    id="devices.sriov",
    severity=Severity.BLOCKER,
    title="no SR-IOV network adapter",
    on_vm=check_sriov,
    reads=(VM_DEVICES,),
    source="vSphere Networking 8.0, SR-IOV Support: vMotion is not available",
    remedy="replace the adapter by a VMXNET3 one, or move the VM while it is off",
)
SHARED_BUS = Check(
    id="devices.shared-bus",
    severity=Severity.BLOCKER,
    title="no SCSI controller that shares its bus",
    on_vm=check_shared_bus,
    reads=(VM_DEVICES,),
    source="vSphere API 8.0: SharedBusControllerNotSupported",
    remedy="move the VM while it is off, or let the guest cluster use disks that need no bus sharing",
)
VGPU = Check(
    id="devices.vgpu",
    severity=Severity.BLOCKER,
    title="no vGPU",
    on_vm=check_vgpu,
    reads=(VM_DEVICES, VGPU_MIGRATES),
    source="vCenter Server and Host Management 8.0, Using vMotion to Migrate vGPU Virtual Machines",
    remedy="make sure that the destination has the same GPU free and that vgpu.hotmigrate.enabled is set in vCenter",
)
VGPU_PROFILE = Check(
    id="devices.vgpu-profile",
    severity=Severity.BLOCKER,
    title="the vGPU's profile on the destination",
    about=About.DESTINATION,
    on_pair=check_vgpu_profile,
    concerns=lambda subject: subject.vm.devices is None or bool(subject.vgpus),
    reads=(VM_DEVICES, HOST_PROFILES),
    source="vSphere API 8.0: HostConfigInfo.sharedPassthruGpuTypes, InsufficientGraphicsResourcesFault",
    remedy="choose a host whose GPU offers the profile",
)
VGPU_STUN = Check(
    id="devices.vgpu-stun",
    severity=Severity.BLOCKER,
    title="vGPU data that is sent before vMotion gives up",
    on_pair=check_vgpu_stun,
    concerns=lambda subject: subject.vm.devices is None or bool(subject.vgpus),
    reads=(VM_DEVICES, VGPU_SIZE, HOST_LINKS),
    source="vCenter Server and Host Management 8.0, stun times of vGPU VMs; vmotion.maxSwitchoverSeconds is 100",
    remedy="give vMotion a faster network, a smaller vGPU profile, or move the VM while it is off",
    override="VM: vmotion.maxSwitchoverSeconds",
)
SUPPORTED = Check(
    id="devices.supported",
    severity=Severity.BLOCKER,
    title="devices that the destination supports",
    source="vSphere API 8.0: DeviceNotSupported, DisallowedMigrationDeviceAttached",
    remedy="disconnect or remove the device, or choose a host that supports it",
)

CHECKS = (
    CDROM,
    FLOPPY,
    PORT,
    USB,
    PASSTHROUGH,
    SRIOV,
    SHARED_BUS,
    VGPU,
    VGPU_PROFILE,
    VGPU_STUN,
    SUPPORTED,
)
