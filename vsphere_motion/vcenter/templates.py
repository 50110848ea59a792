"""Templates: vCenter relocates none, so a template becomes a virtual machine for its move and a template after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vsphere_motion.errors import VCenterFault
from vsphere_motion.model.refs import MoRef, VmIdentity
from vsphere_motion.run.failpoints import passing
from vsphere_motion.vcenter.collector import managed_object, read_objects
from vsphere_motion.vcenter.faults import translated

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

_TEMPLATE = "config.template"


def which_are_templates(session: Session, vms: Sequence[MoRef]) -> dict[MoRef, bool]:
    """Of each VM that still exists whether it is a template.

    Calls: RetrievePropertiesEx.
    Needs: System.View, System.Read.
    """
    return {ref: bool(one.get(_TEMPLATE)) for ref, one in read_objects(session, vms, (_TEMPLATE,)).items()}


def make_virtual_machine(session: Session, vm: VmIdentity) -> None:
    """Make a template a VM on its host, in the root pool there; one that is no template is left alone.

    Calls: MarkAsVirtualMachine, RetrievePropertiesEx.
    Needs: VirtualMachine.Provisioning.MarkAsVM on the template, Resource.AssignVMToPool on the pool.

    Raises:
        VCenterFault, PermissionMissing: vCenter refused.
    """
    reading = read_objects(session, [vm.ref], (_TEMPLATE, "runtime.host")).get(vm.ref)
    if reading is None or not reading.get(_TEMPLATE):
        return
    host = reading.ref_at("runtime.host")
    pool = _root_pool(session, host) if host is not None else None
    if pool is None:
        raise VCenterFault(f"the resource pool for the template {vm} could not be read", fault_kind="Unreadable")
    with translated(f"make the template {vm} a virtual machine", changing=True):
        managed_object(session, vm.ref).MarkAsVirtualMachine(pool=pool, host=None)
    passing("after_unmark")


def make_template(session: Session, vm: VmIdentity) -> None:
    """Make a VM that is off a template.

    Calls: MarkAsTemplate.
    Needs: VirtualMachine.Provisioning.MarkAsTemplate on the VM.

    Raises:
        VCenterFault, PermissionMissing: vCenter refused.
    """
    with translated(f"make {vm} a template again", changing=True):
        managed_object(session, vm.ref).MarkAsTemplate()
    passing("after_mark")


def _root_pool(session: Session, host: MoRef) -> Any:
    parents = read_objects(session, [host], ("parent",)).get(host)
    compute = parents.ref_at("parent") if parents else None
    reading = read_objects(session, [compute], ("resourcePool",)).get(compute) if compute else None
    pool = reading.ref_at("resourcePool") if reading else None
    return None if pool is None else managed_object(session, pool)
