"""What is changed before a move because it was asked for: folders that are made, encrypted vMotion that is set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyVmomi import vim

from vsphere_motion.errors import VCenterFault
from vsphere_motion.model.move import Encryption
from vsphere_motion.model.refs import MoRef, NamedRef, VmIdentity
from vsphere_motion.vcenter.collector import managed_object, read_objects, ref_of
from vsphere_motion.vcenter.faults import translated
from vsphere_motion.vcenter.maintenance import wait_for_task

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session


def make_folders(session: Session, parent: NamedRef, path: str) -> NamedRef:
    """The folder at the end of a path below another one; the steps that are not there are made.

    Calls: CreateFolder, RetrievePropertiesEx.
    Needs: Folder.Create on the parent.

    Raises:
        VCenterFault, PermissionMissing: vCenter refused.
    """
    at = parent
    for name in path.split("/"):
        at = _child(session, at.ref, name) or _made(session, at, name)
    return at


def set_encryption(session: Session, vm: VmIdentity, mode: Encryption) -> None:
    """Set when the memory of a VM travels encrypted, and wait until it is set.

    Calls: ReconfigVM_Task, and those of `wait_for_task`.
    Needs: VirtualMachine.Config.Settings on the VM.

    Raises:
        VCenterFault, PermissionMissing: vCenter refused, or its task failed.
    """
    what = f"set encrypted vMotion of {vm} to {mode.value}"
    with translated(what, changing=True):
        spec = vim.vm.ConfigSpec(migrateEncryption=mode.value)
        task = managed_object(session, vm.ref).ReconfigVM_Task(spec=spec)
    wait_for_task(session, ref_of(task), what)


def _made(session: Session, parent: NamedRef, name: str) -> NamedRef:
    with translated(f"make the folder {name} in {parent}", changing=True):
        made = managed_object(session, parent.ref).CreateFolder(name=name)
    return NamedRef(ref=ref_of(made), name=name)


def _child(session: Session, parent: MoRef, name: str) -> NamedRef | None:
    """The folder of this name in another one, which somebody may have made since it was looked for."""
    reading = read_objects(session, [parent], ("childEntity",)).get(parent)
    if reading is None:
        raise VCenterFault(f"the folder {parent} no longer exists", fault_kind="ManagedObjectNotFound")
    folders = [ref for ref in reading.refs("childEntity") or () if ref.kind == "Folder"]
    names = read_objects(session, folders, ("name",))
    found = next((ref for ref, one in names.items() if one.get("name") == name), None)
    return None if found is None else NamedRef(ref=found, name=name)
