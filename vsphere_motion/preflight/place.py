"""Whether the VM has a place where it goes: its name is free in the folder, its identity is free in the vCenter."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.move import Change
from vsphere_motion.model.refs import NamedRef
from vsphere_motion.preflight.check import Check
from vsphere_motion.preflight.subject import Subject

VM_NAME = "name"
VM_FOLDER = "parent"
VM_UUID = "config.instanceUuid"


def check_name(subject: Subject) -> Iterator[Finding]:
    """A folder holds no two virtual machines of one name, whatever the case of its letters."""
    folder = subject.folder
    if folder is None:
        return
    for other in subject.site.namesakes.get(subject.vm.name.casefold(), ()):
        if other.folder is None and VM_FOLDER in other.unread:
            yield NAME.unknown(NamedRef(ref=other.ref, name=other.name), VM_FOLDER)
        elif other.ref != subject.vm.ref and other.folder == folder.ref:
            message = f"the folder {folder.name} has a virtual machine {other.name} already ({other.ref.moid})"
            yield NAME.found(subject.named_vm, message, folder=folder.ref.moid, other=other.ref.moid)


def check_identity(subject: Subject) -> Iterator[Finding]:
    """A VM keeps its instance UUID in another vCenter, where none may have it."""
    if Change.VCENTER not in subject.changes:
        return
    uuid = subject.vm.instance_uuid
    if uuid is None:
        yield IDENTITY.unknown(subject.named_vm, VM_UUID)
        return
    for other in subject.site.by_identity.get(uuid, ()):
        if other.ref != subject.vm.ref:
            words = f"{other.name} ({other.ref.moid})"
            message = f"the other vCenter has a virtual machine of the same instance UUID: {words}"
            yield IDENTITY.found(subject.named_vm, message, instance_uuid=uuid, other=other.ref.moid)


NAME = Check(
    id="place.name",
    severity=Severity.BLOCKER,
    title="a virtual machine of the same name in the folder that this one goes to",
    source="vSphere API 8.0: DuplicateName; vSphere Virtual Machine Administration 8.0: names are not case-sensitive",
    remedy="rename one of the two, or name another folder with --to-folder",
    reads=(VM_NAME, VM_FOLDER),
    on_pair=check_name,
    on_stay=True,
)
IDENTITY = Check(
    id="place.identity",
    severity=Severity.BLOCKER,
    title="a virtual machine of the same instance UUID in the other vCenter",
    source="vSphere API 8.0: VirtualMachineConfigInfo.instanceUuid; which fault refuses it is UNVERIFIED",
    remedy="remove the copy there, or give it another instance UUID",
    reads=(VM_UUID,),
    on_pair=check_identity,
    moves_files=True,
)

CHECKS = (NAME, IDENTITY)
