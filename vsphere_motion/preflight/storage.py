"""Whether the destination sees the VM's files."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import Datastore, DatastoreMount, DeviceKind, Vm
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.preflight.check import Check, unknown
from vsphere_motion.preflight.subject import Subject

REACHABLE = "storage.reachable"
DISK = "storage.disk"
SPACE = "storage.space"
SWAP = "storage.swap"

VM_DATASTORES = "datastore"
VM_DEVICES = "config.hardware.device"
DATASTORE_HOSTS = "host"
DATASTORE_MOUNT = "host.mountInfo"

MEDIA = frozenset({DeviceKind.CDROM, DeviceKind.FLOPPY})


def check_reachable(subject: Subject) -> Iterator[Finding]:
    """Every datastore the VM uses must be mounted, accessible and writable on the destination.

    A datastore that holds nothing but images of disconnected drives is a warning: they cannot be connected there.
    """
    if subject.vm.datastores is None:
        yield unknown(REACHABLE, subject.named_vm, VM_DATASTORES)
        return
    for ref in subject.vm.datastores:
        named = subject.inventory.name_of(ref) or NamedRef(ref=ref, name=ref.moid)
        lack = _find_lack(subject, ref)
        if lack is None:
            yield unknown(REACHABLE, named, _unread_path(subject, ref))
        elif lack:
            yield _unreachable(subject, named, lack)


def _find_lack(subject: Subject, ref: MoRef) -> str | None:
    """What the destination lacks of a datastore in words; empty if nothing; None if it could not be read."""
    datastore, attached = subject.inventory.find_datastore(ref), subject.destination.datastores
    if attached is not None and ref not in attached:
        return "is not mounted"
    if datastore is None or datastore.mounts is None:
        return None
    for mount in datastore.mounts:
        if mount.host == subject.destination.ref:
            return _lack_of_mount(datastore, mount)
    return "is not mounted"


def _lack_of_mount(datastore: Datastore, mount: DatastoreMount) -> str | None:
    """An unset `mounted` means true, and the summary stands in for an unset `accessible` (API: HostMountInfo)."""
    if mount.mounted is False:
        return "is not mounted"
    is_accessible = datastore.accessible if mount.accessible is None else mount.accessible
    if is_accessible is False:
        return "is not accessible"
    if mount.access_mode == "readOnly":
        return "is mounted read-only"
    return None if is_accessible is None or mount.access_mode is None else ""


def _unread_path(subject: Subject, ref: MoRef) -> str:
    datastore = subject.inventory.find_datastore(ref)
    return DATASTORE_HOSTS if datastore is None or datastore.mounts is None else DATASTORE_MOUNT


def _unreachable(subject: Subject, datastore: NamedRef, lack: str) -> Finding:
    vm, host = subject.vm, subject.destination
    is_idle = _holds_idle_media_only(vm, datastore)
    return Finding(
        id=REACHABLE,
        severity=Severity.WARNING if is_idle else Severity.BLOCKER,
        subject=datastore,
        message=f"datastore {datastore.name} of {vm.name} {lack} on {host.name}",
        remedy=f"remove the drive's image from {vm.name}"
        if is_idle
        else f"mount {datastore.name} read-write on {host.name}, choose a host that has it, or move the files first",
        evidence=(("host", host.ref.moid), ("lack", lack)),
    )


def _holds_idle_media_only(vm: Vm, datastore: NamedRef) -> bool:
    users = [device for device in vm.devices or () if device.datastore == datastore.ref]
    is_home = vm.vmx_path is None or vm.vmx_path.startswith(f"[{datastore.name}]")
    return bool(users) and not is_home and all(d.kind in MEDIA and d.connected is False for d in users)


CHECKS = (
    Check(
        id=REACHABLE,
        severity=Severity.BLOCKER,
        title="every datastore of the VM read-write on the destination",
        function=check_reachable,
        reads=(VM_DATASTORES, VM_DEVICES, DATASTORE_HOSTS),
        source="vSphere API 8.0: CannotAccessVmDisk, CannotAccessVmConfig, DatastoreNotWritableOnHost, HostMountInfo",
    ),
    Check(
        id=DISK,
        severity=Severity.BLOCKER,
        title="disks of a kind and mode that can move",
        source="vSphere API 8.0: RDMNotSupported, NonPersistentDisksNotSupported, SharedBusControllerNotSupported",
    ),
    Check(
        id=SPACE,
        severity=Severity.BLOCKER,
        title="free space where files have to move",
        source="vSphere API 8.0: NoDiskSpace, InsufficientStorageSpace",
    ),
    Check(
        id=SWAP,
        severity=Severity.BLOCKER,
        title="a place for the swap file on the destination",
        source="vSphere API 8.0: UnsharedSwapVMotionNotSupported, SwapDatastoreNotWritableOnHost",
    ),
)
