"""Whether the destination sees the VM's files, and whether they are fit to move."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import Datastore, DatastoreMount, Device
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.preflight.check import About, Check
from vsphere_motion.preflight.space import room_of
from vsphere_motion.preflight.subject import Subject, VmSubject

VM_DATASTORES = "datastore"
VM_DEVICES = "config.hardware.device"
VM_UNCOMMITTED = "summary.storage.uncommitted"
VM_COMMITTED = "summary.storage.committed"
DATASTORE_HOSTS = "host"
DATASTORE_MOUNT = "host.mountInfo"
DATASTORE_MODE = "summary.maintenanceMode"
DATASTORE_FREE = "summary.freeSpace"
HOST_LUNS = "config.storageDevice.scsiLun"

MULTI_WRITERS = "sharingMultiWriter"
FORGETFUL = frozenset({"independent_nonpersistent", "nonpersistent", "undoable"})
MIB = 1024 * 1024


def check_reachable(subject: Subject) -> Iterator[Finding]:
    """Every datastore the VM's files are on after the move must be mounted, accessible and writable on the destination.

    A datastore with nothing but an image in a drive is the business of that drive's check.
    """
    datastores = subject.datastores_after
    if datastores is None:
        yield REACHABLE.unknown(subject.named_vm, VM_DATASTORES)
        return
    for ref in datastores:
        lack = find_lack(subject, ref)
        if lack is None:
            yield REACHABLE.unknown(_named(subject, ref), unread_path(subject, ref))
        elif lack:
            yield _unreachable(subject, _named(subject, ref), lack)


def find_lack(subject: Subject, ref: MoRef, *, to_write: bool = True) -> str | None:
    """What the destination lacks of a datastore in words; empty if nothing; None if it could not be read."""
    attached = subject.there.datastores
    if attached is not None and ref not in attached:
        return "is not mounted"
    datastore = subject.inventory.find_datastore(ref)
    if datastore is None or datastore.mounts is None:
        return None
    mount = subject.site.mounts.get((ref, subject.destination.ref))
    return "is not mounted" if mount is None else _lack_of_mount(datastore, mount, to_write=to_write)


def _lack_of_mount(datastore: Datastore, mount: DatastoreMount, *, to_write: bool) -> str | None:
    """An unset `mounted` means true, and the summary stands in for an unset `accessible` (API: HostMountInfo)."""
    if mount.mounted is False:
        return "is not mounted"
    is_accessible = datastore.accessible if mount.accessible is None else mount.accessible
    if is_accessible is False:
        return "is not accessible"
    if to_write and mount.access_mode == "readOnly":
        return "is mounted read-only"
    return None if is_accessible is None or (to_write and mount.access_mode is None) else ""


def unread_path(subject: Subject, ref: MoRef) -> str:
    """The property that would have said how the destination sees a datastore."""
    datastore = subject.inventory.find_datastore(ref)
    return DATASTORE_HOSTS if datastore is None or datastore.mounts is None else DATASTORE_MOUNT


def _named(subject: Subject | VmSubject, ref: MoRef) -> NamedRef:
    return subject.site.inventory.name_of(ref) or NamedRef(ref=ref, name=ref.moid)


def _unreachable(subject: Subject, datastore: NamedRef, lack: str) -> Finding:
    host = subject.destination
    message = f"datastore {datastore.name} {_whose(subject)} {lack} on {host.name}"
    return REACHABLE.found(datastore, message, host=host.ref.moid, lack=lack)


def _whose(subject: Subject) -> str:
    return f"{'for the files of' if subject.arrivals else 'of'} {subject.vm.name}"


def check_maintenance(subject: Subject) -> Iterator[Finding]:
    """A datastore on its way out of service must not gain work; what leaves it may go."""
    for ref in subject.datastores_after or ():
        datastore = subject.inventory.find_datastore(ref)
        if datastore is None or datastore.maintenance_mode is None:
            yield MAINTENANCE.unknown(_named(subject, ref), DATASTORE_MODE)
        elif datastore.maintenance_mode != "normal":
            message = f"datastore {datastore.name} {_whose(subject)} is in {datastore.maintenance_mode}"
            yield MAINTENANCE.found(_named(subject, ref), message, maintenance_mode=datastore.maintenance_mode)
    if subject.datastores_after is None:
        yield MAINTENANCE.unknown(subject.named_vm, VM_DATASTORES)


def check_growth(subject: VmSubject) -> Iterator[Finding]:
    """What thin disks and snapshots of the VM can still grow by, against the free space where its files are."""
    vm = subject.vm
    if vm.uncommitted_bytes is None or vm.datastores is None:
        readings = (vm, VM_UNCOMMITTED, vm.uncommitted_bytes), (vm, VM_DATASTORES, vm.datastores)
        yield from GROWTH.unread(*readings)
        return
    yield from _too_small(subject, GROWTH, vm.uncommitted_bytes, tuple(_named(subject, ref) for ref in vm.datastores))


def check_space(subject: Subject) -> Iterator[Finding]:
    """Where files come to a datastore, it must hold them: disks, snapshots and swap file together.

    What they take at once decides; what thin disks and snapshots may still grow by is a warning.
    """
    for arrival in subject.arrivals:
        room = room_of(subject.vm, arrival.disks, has_config=arrival.has_config, thick=arrival.thick)
        stores = (arrival.datastore,)
        if room.now_bytes is None:
            yield SPACE.unknown(subject.named_vm, VM_COMMITTED)
            continue
        lacking = [*_too_small(subject, SPACE, room.now_bytes, stores)]
        yield from lacking or _too_small(subject, SPACE, room.grown_bytes or 0, stores, severity=Severity.WARNING)


def _too_small(
    subject: Subject | VmSubject,
    check: Check,
    needed_bytes: int,
    datastores: tuple[NamedRef, ...],
    *,
    severity: Severity | None = None,
) -> Iterator[Finding]:
    """One finding if all of the datastores together are too small, or unknown for each whose space was not read."""
    free_bytes = 0
    unread: list[Finding] = []
    for named in datastores if needed_bytes else ():
        datastore = subject.site.inventory.find_datastore(named.ref)
        if datastore is None or datastore.free_bytes is None:
            unread.append(check.unknown(named, DATASTORE_FREE))
        else:
            free_bytes += datastore.free_bytes
    if unread or not datastores:
        yield from unread
    elif needed_bytes > free_bytes:
        names = ", ".join(named.name for named in datastores)
        message = f"{subject.vm.name} may need {-(-needed_bytes // MIB)} MiB, {names} has {free_bytes // MIB} MiB free"
        yield check.found(datastores[0], message, severity=severity, needed_bytes=needed_bytes, free_bytes=free_bytes)


def check_rdm(subject: Subject) -> Iterator[Finding]:
    """The destination must see the LUN behind every raw device mapping."""
    host = subject.destination
    if subject.vm.devices is None:
        yield RDM.unknown(subject.named_vm, VM_DEVICES)
    for disk in subject.of_vm.rdms:
        if disk.lun is None:
            yield RDM.unknown(subject.named_vm, f"{VM_DEVICES}.backing.lunUuid of {disk.label}")
        elif host.luns is None:
            yield RDM.unknown(host.named, HOST_LUNS)
        elif disk.lun not in host.luns:
            message = f"{host.name} does not see the LUN behind {disk.label} of {subject.vm.name}"
            yield RDM.found(subject.named_vm, message, device=disk.label, lun=disk.lun, host=host.ref.moid)


def check_rdm_physical(subject: VmSubject) -> Iterator[Finding]:
    """A mapping in physical mode hides the LUN's commands from ESXi, and often belongs to a guest cluster."""
    if subject.vm.devices is None:
        yield RDM_PHYSICAL.unknown(subject.named_vm, VM_DEVICES)
    for disk in subject.rdms:
        if disk.rdm_mode == "physicalMode":
            message = f"{disk.label} of {subject.vm.name} is a raw device mapping in physical mode"
            yield RDM_PHYSICAL.found(subject.named_vm, message, device=disk.label)


def check_multi_writer(subject: Subject) -> Iterator[Finding]:
    """Several VMs write to the disk; a cluster in the guests may take a standstill for a failure.

    vCenter refuses to move the disk's file while the VM runs, and any such disk of a fault tolerant VM.
    """
    if subject.vm.devices is None:
        yield MULTI_WRITER.unknown(subject.named_vm, VM_DEVICES)
    for disk in subject.of_vm.disks:
        if disk.sharing == MULTI_WRITERS:
            is_refused = _leaves_while_on(subject, disk) or bool(subject.vm.ft_instance_uuids)
            yield MULTI_WRITER.found(
                subject.named_vm,
                f"{disk.label} of {subject.vm.name} is shared with other VMs (multi-writer){_but(subject, disk)}",
                severity=Severity.BLOCKER if is_refused else Severity.WARNING,
                device=disk.label,
            )


def check_independent(subject: Subject) -> Iterator[Finding]:
    """A disk that forgets at power-off, whose file vCenter does not move while the VM runs.

    A disk in undoable mode keeps what is written in a redo log that stays behind, so vCenter refuses any move.
    """
    if subject.vm.devices is None:
        yield INDEPENDENT.unknown(subject.named_vm, VM_DEVICES)
    for disk in subject.of_vm.disks:
        if disk.disk_mode in FORGETFUL:
            is_refused = disk.disk_mode == "undoable" or _leaves_while_on(subject, disk)
            yield INDEPENDENT.found(
                subject.named_vm,
                f"{disk.label} of {subject.vm.name} is {disk.disk_mode}{_but(subject, disk)}",
                severity=Severity.BLOCKER if is_refused else Severity.WARNING,
                device=disk.label,
                disk_mode=disk.disk_mode,
            )


def _leaves_while_on(subject: Subject, disk: Device) -> bool:
    return subject.is_live and disk in subject.moved_disks


def _but(subject: Subject, disk: Device) -> str:
    target = next((one.datastore for one in subject.arrivals if disk in one.disks), None)
    return f", and cannot go to {target.name} while it runs" if target and _leaves_while_on(subject, disk) else ""


def has_odd_disk(subject: VmSubject) -> bool:
    """Whether a disk has several writers or forgets what is written; true if the disks were not read."""
    odd = (disk.sharing == MULTI_WRITERS or disk.disk_mode in FORGETFUL for disk in subject.disks)
    return subject.vm.devices is None or any(odd)


def check_first_class(subject: VmSubject) -> Iterator[Finding]:
    """A First Class Disk, such as a container volume, has an owner who keeps track of where it is attached."""
    if subject.vm.devices is None:
        yield FIRST_CLASS.unknown(subject.named_vm, VM_DEVICES)
    for disk in subject.disks:
        if disk.is_first_class:
            message = f"{disk.label} of {subject.vm.name} is a First Class Disk (container volume)"
            yield FIRST_CLASS.found(subject.named_vm, message, device=disk.label)


def check_disk(subject: VmSubject) -> Iterator[Finding]:
    """A whole disk or partition of the host without a mapping file: another host does not have it under that name."""
    if subject.vm.devices is None:
        yield DISK.unknown(subject.named_vm, VM_DEVICES)
    for disk in subject.disks:
        if disk.is_raw:
            message = f"{disk.label} of {subject.vm.name} is a raw disk of its host without a mapping file"
            severity = Severity.BLOCKER if subject.is_live else Severity.WARNING
            yield DISK.found(subject.named_vm, message, severity=severity, device=disk.label)


REACHABLE = Check(
    id="storage.reachable",
    severity=Severity.BLOCKER,
    title="every datastore of the VM's files read-write on the destination",
    about=About.DATASTORE,
    on_pair=check_reachable,
    on_stay=True,
    reads=(VM_DATASTORES, VM_DEVICES, DATASTORE_HOSTS),
    source="vSphere API 8.0: CannotAccessVmDisk, CannotAccessVmConfig, DatastoreNotWritableOnHost, HostMountInfo",
    remedy="mount the datastore read-write on the destination, choose a host that has it, or move the files first",
)
MAINTENANCE = Check(
    id="storage.maintenance",
    severity=Severity.BLOCKER,
    title="no datastore of the VM's files in maintenance mode",
    about=About.DATASTORE,
    on_pair=check_maintenance,
    on_stay=True,
    reads=(VM_DATASTORES, DATASTORE_MODE),
    source="vSphere API 8.0: InvalidDatastoreState, DatastoreSummary.maintenanceMode",
    remedy="exit maintenance mode on the datastore, or move the VM's files to another one first",
)
GROWTH = Check(
    id="storage.growth",
    severity=Severity.WARNING,
    title="free space for what the VM's thin disks and snapshots may still grow by",
    about=About.DATASTORE,
    on_vm=check_growth,
    reads=(VM_UNCOMMITTED, VM_DATASTORES, DATASTORE_FREE),
    source="vSphere Storage 8.0, Storage Thin Provisioning; VirtualMachineStorageSummary.uncommitted",
    remedy="free or add space on the datastore: a VM whose disk cannot grow stands still with a question",
)
SPACE = Check(
    id="storage.space",
    severity=Severity.BLOCKER,
    title="free space where files have to move",
    about=About.DATASTORE,
    on_pair=check_space,
    on_stay=True,
    moves_files=True,
    reads=(VM_COMMITTED, DATASTORE_FREE),
    source="vSphere API 8.0: NoDiskSpace, InsufficientStorageSpace",
    remedy="free space on the datastore, or choose another",
)
RDM = Check(
    id="storage.rdm",
    severity=Severity.BLOCKER,
    title="the LUN of every raw device mapping on the destination",
    on_pair=check_rdm,
    concerns=lambda subject: subject.vm.devices is None or bool(subject.rdms),
    reads=(VM_DEVICES, HOST_LUNS),
    source="vSphere API 8.0: RDMPointsToInaccessibleDisk, VirtualDiskRawDiskMappingVer1BackingInfo.lunUuid",
    remedy="present the LUN to the destination and rescan its storage, or choose a host that sees it",
)
RDM_PHYSICAL = Check(
    id="storage.rdm-physical",
    severity=Severity.INFO,
    title="no raw device mapping in physical mode",
    on_vm=check_rdm_physical,
    reads=(VM_DEVICES,),
    source="vSphere API 8.0: PhysCompatRDMNotSupported, RDMConversionNotSupported",
    remedy="check whether the guest is part of a cluster before you move it; its files cannot be converted on the way",
)
MULTI_WRITER = Check(
    id="storage.multi-writer",
    severity=Severity.BLOCKER,
    title="no disk that several VMs write to",
    on_pair=check_multi_writer,
    on_stay=True,
    concerns=has_odd_disk,
    reads=(VM_DEVICES,),
    source="KB 1034165: multi-writer disks; vSphere API 8.0: MultiWriterNotSupported",
    remedy="make sure that the cluster in the guests bears a standstill of some seconds, and move one node at a time",
)
INDEPENDENT = Check(
    id="storage.independent",
    severity=Severity.BLOCKER,
    title="no disk whose changes are not kept",
    on_pair=check_independent,
    on_stay=True,
    concerns=has_odd_disk,
    reads=(VM_DEVICES,),
    source="vSphere API 8.0: NonPersistentDisksNotSupported, UncommittedUndoableDisk",
    remedy="leave the disk where it is while the VM runs, or power the VM off to move its files",
)
FIRST_CLASS = Check(
    id="storage.first-class",
    severity=Severity.INFO,
    title="no First Class Disk",
    on_vm=check_first_class,
    reads=(VM_DEVICES,),
    source="vSphere API 8.0: VirtualDisk.vDiskId; vSphere Container Storage",
    remedy="a change of host is harmless; let the container platform move the volume to another datastore",
)
DISK = Check(
    id="storage.disk",
    severity=Severity.BLOCKER,
    title="no raw disk of the host",
    on_vm=check_disk,
    reads=(VM_DEVICES,),
    source="vSphere API 8.0: RawDiskNotSupported, VirtualDiskRawDiskVer2BackingInfo",
    remedy="give the VM the device by a raw device mapping, or power it off to move it",
)

CHECKS = (
    REACHABLE,
    MAINTENANCE,
    GROWTH,
    SPACE,
    RDM,
    RDM_PHYSICAL,
    MULTI_WRITER,
    INDEPENDENT,
    FIRST_CLASS,
    DISK,
)
