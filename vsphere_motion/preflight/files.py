"""Whether the VM's files can go to another datastore along with it.

Rules of this file: where the files stay, nothing here has anything to say. Whether the new datastore is there and has
room is the business of `storage.reachable`, `storage.maintenance` and `storage.space`, which look at it in place of the
old one.
"""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import Datastore, Device
from vsphere_motion.model.refs import NamedRef
from vsphere_motion.preflight.check import About, Check
from vsphere_motion.preflight.storage import VM_DEVICES
from vsphere_motion.preflight.subject import Subject

VM_MEMORY = "config.hardware.memoryMB"
VM_SNAPSHOT = "snapshot.rootSnapshotList"
HOST_MAINTENANCE = "runtime.inMaintenanceMode"
HOST_STORAGE_VMOTION = "capability.storageVMotionSupported"
HOST_FULL = "capability.vmotionWithStorageVMotionSupported"
HOST_DELTAS = "capability.deltaDiskBackingsSupported"
HOST_RELAYOUT = "capability.snapshotRelayoutSupported"
DATASTORE_TYPE = "summary.type"
DATASTORE_FILE = "info.maxFileSize"
DATASTORE_DISK = "info.maxVirtualDiskCapacity"
DATASTORE_SWAP = "info.maxMemoryFileSize"

MIB = 1024 * 1024
NATIVE = "nativeFormat"


def check_vmotion(subject: Subject) -> Iterator[Finding]:
    """Both hosts must be able to move files of a running VM, and to do so while the VM changes host."""
    if not subject.arrivals or not subject.is_live:
        return
    names = ", ".join(arrival.datastore.name for arrival in subject.arrivals)
    for host in dict.fromkeys(subject.hosts):
        for path, is_able, what in (
            (HOST_STORAGE_VMOTION, host.storage_vmotion_supported, "the files of a running VM"),
            (HOST_FULL, subject.stays or host.full_storage_vmotion_supported, "a running VM and its files together"),
        ):
            if is_able is None:
                yield VMOTION.unknown(host.named, path)
            elif not is_able:
                message = f"{host.name} cannot move {what}, here {subject.vm.name} to {names}"
                yield VMOTION.found(host.named, message, property=path)


def check_source(subject: Subject) -> Iterator[Finding]:
    """A host in maintenance mode lets a VM go, and does not copy its files."""
    host = subject.source
    if not subject.arrivals or host is None:
        return
    if host.in_maintenance_mode is None:
        yield SOURCE.unknown(host.named, HOST_MAINTENANCE)
    elif host.in_maintenance_mode:
        message = f"{host.name} is in maintenance mode and sends no files of {subject.vm.name} to another datastore"
        yield SOURCE.found(host.named, message, in_maintenance_mode=True)


def check_snapshots(subject: Subject) -> Iterator[Finding]:
    """Files of a VM with snapshots need a destination that takes delta disks and lays the snapshots out anew.

    Snapshots that the storage array makes (native) stay on their datastore whatever the destination can do.
    """
    moved = subject.moved_disks
    if not subject.arrivals:
        return
    yield from (_native(subject, disk) for disk in moved if disk.delta_format == NATIVE)
    if subject.vm.snapshot_count is None:
        yield SNAPSHOTS.unknown(subject.named_vm, VM_SNAPSHOT)
    elif subject.vm.snapshot_count and (moved or subject.vm.devices is None):
        yield from _snapshots(subject, subject.vm.snapshot_count)


def _native(subject: Subject, disk: Device) -> Finding:
    message = f"{disk.label} of {subject.vm.name} has snapshots of its storage array, which stay on their datastore"
    return SNAPSHOTS.found(subject.named_vm, message, device=disk.label, delta_format=disk.delta_format)


def _snapshots(subject: Subject, count: int) -> Iterator[Finding]:
    host = subject.destination
    for path, is_able, what in (
        (HOST_DELTAS, host.delta_disks_supported, "take disks with snapshots"),
        (HOST_RELAYOUT, host.snapshot_relayout_supported, "lay snapshots out on another datastore"),
    ):
        if is_able is None:
            yield SNAPSHOTS.unknown(host.named, path)
        elif not is_able:
            message = f"{host.name} cannot {what}, and {subject.vm.name} has {count}"
            yield SNAPSHOTS.found(host.named, message, snapshots=count, property=path)


def check_rdm(subject: Subject) -> Iterator[Finding]:
    """The mapping file of a raw device lies on VMFS; no other kind of datastore can hold one."""
    if subject.arrivals and subject.vm.devices is None:
        yield RDM.unknown(subject.named_vm, VM_DEVICES)
    for arrival in subject.arrivals:
        for disk in arrival.disks:
            if disk.rdm_mode is not None:
                yield from _mapping(subject, arrival.datastore, disk)


def _mapping(subject: Subject, to: NamedRef, disk: Device) -> Iterator[Finding]:
    target = subject.inventory.find_datastore(to.ref)
    kind = target.kind if target else None
    if kind is None or kind.upper() == "OTHER":
        yield RDM.unknown(to, DATASTORE_TYPE)
    elif kind.upper() != "VMFS":
        message = f"{disk.label} of {subject.vm.name} is a raw device mapping, and {to.name} ({kind}) holds none"
        yield RDM.found(to, message, device=disk.label, datastore_type=kind)


def check_size(subject: Subject) -> Iterator[Finding]:
    """The largest file and the largest virtual disk that the datastore can hold, against each disk that comes."""
    if subject.arrivals and subject.vm.devices is None:
        yield SIZE.unknown(subject.named_vm, VM_DEVICES)
    for arrival in subject.arrivals:
        limits = _limits(subject.inventory.find_datastore(arrival.datastore.ref))
        for path, limit_bytes in limits:
            if limit_bytes is None:
                yield SIZE.unknown(arrival.datastore, path)
        known = [limit_bytes for _, limit_bytes in limits if limit_bytes]
        for disk in arrival.disks:
            if disk.rdm_mode is None and known and (disk.capacity_bytes or 0) > min(known):
                yield _too_large(subject, arrival.datastore, disk, min(known))


def _limits(target: Datastore | None) -> tuple[tuple[str, int | None], ...]:
    """The limits by property; 0 is no limit."""
    return (
        (DATASTORE_FILE, target.max_file_bytes if target else None),
        (DATASTORE_DISK, target.max_disk_bytes if target else None),
    )


def _too_large(subject: Subject, to: NamedRef, disk: Device, limit_bytes: int) -> Finding:
    size = -(-(disk.capacity_bytes or 0) // MIB)
    message = f"{disk.label} of {subject.vm.name} has {size} MiB, {to.name} holds files up to {limit_bytes // MIB} MiB"
    return SIZE.found(to, message, device=disk.label, disk_bytes=disk.capacity_bytes, limit_bytes=limit_bytes)


def check_swap(subject: Subject) -> Iterator[Finding]:
    """The swap file comes with the VM's configuration, and is as large as its memory."""
    to = next((arrival.datastore for arrival in subject.arrivals if arrival.has_config), None)
    if to is None:
        return
    target, memory_bytes = subject.inventory.find_datastore(to.ref), subject.vm.memory_bytes
    limit_bytes = target.max_swap_bytes if target else None
    if limit_bytes is None:
        yield SWAP.unknown(to, DATASTORE_SWAP)
    elif memory_bytes is None:
        yield SWAP.unknown(subject.named_vm, VM_MEMORY)
    elif 0 < limit_bytes < memory_bytes:
        yield SWAP.found(
            to,
            f"{subject.vm.name} has {-(-memory_bytes // MIB)} MiB of memory, {to.name} holds swap files "
            f"up to {limit_bytes // MIB} MiB",
            memory_bytes=memory_bytes,
            limit_bytes=limit_bytes,
        )


VMOTION = Check(
    id="files.vmotion",
    severity=Severity.BLOCKER,
    title="hosts that can move a running VM's files",
    about=About.HOSTS,
    on_pair=check_vmotion,
    on_stay=True,
    moves_files=True,
    reads=(HOST_STORAGE_VMOTION, HOST_FULL),
    source="vSphere API 8.0: StorageVMotionNotSupported, FullStorageVMotionNotSupported, HostCapability",
    remedy="move the VM and its files one after the other, or while the VM is off, or choose another host",
)
SOURCE = Check(
    id="files.source",
    severity=Severity.BLOCKER,
    title="a source that is not in maintenance mode where files move",
    about=About.SOURCE,
    on_pair=check_source,
    on_stay=True,
    moves_files=True,
    reads=(HOST_MAINTENANCE,),
    source="vSphere API 8.0: MaintenanceModeFileMove",
    remedy="leave the files where they are, or exit maintenance mode on the source first",
)
SNAPSHOTS = Check(
    id="files.snapshots",
    severity=Severity.BLOCKER,
    title="snapshots that can go to another datastore",
    on_pair=check_snapshots,
    on_stay=True,
    moves_files=True,
    reads=(VM_DEVICES, VM_SNAPSHOT, HOST_DELTAS, HOST_RELAYOUT),
    source="vSphere API 8.0: CannotMoveVmWithDeltaDisk, CannotMoveVmWithNativeDeltaDisk, SnapshotMoveNotSupported",
    remedy="delete the snapshots, leave the files where they are, or choose another host",
)
RDM = Check(
    id="files.rdm",
    severity=Severity.BLOCKER,
    title="a datastore that can hold the VM's raw device mappings",
    about=About.DATASTORE,
    on_pair=check_rdm,
    on_stay=True,
    moves_files=True,
    reads=(VM_DEVICES, DATASTORE_TYPE),
    source="vSphere API 8.0: RDMNotSupportedOnDatastore; vSphere Storage 8.0, Raw Device Mapping",
    remedy="choose a VMFS datastore, or leave the mapping where it is",
)
SIZE = Check(
    id="files.size",
    severity=Severity.BLOCKER,
    title="a datastore that can hold disks of that size",
    about=About.DATASTORE,
    on_pair=check_size,
    on_stay=True,
    moves_files=True,
    reads=(VM_DEVICES, DATASTORE_FILE, DATASTORE_DISK),
    source="vSphere API 8.0: FileTooLarge, DatastoreInfo.maxFileSize, DatastoreInfo.maxVirtualDiskCapacity",
    remedy="choose a datastore that holds larger files, such as VMFS 6",
)
SWAP = Check(
    id="files.swap",
    severity=Severity.BLOCKER,
    title="a datastore that can hold a swap file of that size",
    about=About.DATASTORE,
    on_pair=check_swap,
    on_stay=True,
    moves_files=True,
    reads=(VM_MEMORY, DATASTORE_SWAP),
    source="vSphere API 8.0: MemorySizeNotSupportedByDatastore, DatastoreInfo.maxMemoryFileSize",
    remedy="choose a datastore that holds larger files, or power the VM off and give it less memory",
)

CHECKS = (VMOTION, SOURCE, SNAPSHOTS, RDM, SIZE, SWAP)
