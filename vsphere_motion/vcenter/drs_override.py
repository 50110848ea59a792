"""DRS overrides of single VMs: read as they are, set, and put back exactly.

UNVERIFIED: pyVmomi writes the VM of a `removeKey` with xsi:type="ManagedObject"; seen accepted by the simulator alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from vsphere_motion.model.refs import MoRef
from vsphere_motion.run.workbook import Override
from vsphere_motion.vcenter.collector import managed_object, plain, read_objects, ref_of
from vsphere_motion.vcenter.faults import translated
from vsphere_motion.vcenter.maintenance import wait_for_task

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

_PATHS = ("configurationEx.drsVmConfig", "configurationEx.drsConfig.enableVmBehaviorOverrides")
_ADD, _EDIT, _REMOVE = "add", "edit", "remove"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """The overrides of a cluster.

    Args:
        are_used: whether DRS heeds them; False where overrides are switched off for the cluster.
    """

    by_vm: Mapping[MoRef, Override]
    are_used: bool


def read_overrides(session: Session, cluster: MoRef) -> Overrides:
    """The DRS overrides of a cluster as they are now; none of a cluster that no longer exists.

    Calls: RetrievePropertiesEx.
    Needs: System.View, System.Read on the cluster.
    """
    reading = read_objects(session, [cluster], _PATHS).get(cluster)
    found = (reading.get(_PATHS[0], unset=()) if reading else ()) or ()
    by_vm = {ref_of(one.key): Override(enabled=one.enabled, behavior=plain(one.behavior)) for one in found}
    return Overrides(by_vm=by_vm, are_used=reading is not None and reading.get(_PATHS[1]) is not False)


def write_overrides(
    session: Session, cluster: MoRef, wanted: Mapping[MoRef, Override | None], present: Mapping[MoRef, Override]
) -> None:
    """Give VMs of a cluster these overrides, or none, in one call, and wait until it is done.

    Args:
        present: the overrides that there are now, as `read_overrides` gave them.

    Calls: ReconfigureComputeResource_Task, and those of `wait_for_task`.
    Needs: Host.Inventory.EditCluster on the cluster.

    Raises:
        VCenterFault, PermissionMissing: vCenter refused, or its task failed.
    """
    specs = [spec for vm, override in wanted.items() if (spec := _spec(session, vm, override, present.get(vm)))]
    if not specs:
        return
    what = f"change the DRS overrides of cluster {cluster}"
    with translated(what, changing=True):
        task = managed_object(session, cluster).ReconfigureComputeResource_Task(
            vim.cluster.ConfigSpecEx(drsVmConfigSpec=specs), modify=True
        )
    wait_for_task(session, ref_of(task), what)


def members_of(session: Session, cluster: MoRef, vms: Sequence[MoRef]) -> frozenset[MoRef]:
    """Which of these VMs still exist and are in the cluster: an override of another cannot be changed there.

    Calls: RetrievePropertiesEx.
    Needs: System.View, System.Read on the VMs and hosts.
    """
    hosts = {ref: one.ref_at("runtime.host") for ref, one in read_objects(session, vms, ["runtime.host"]).items()}
    known = [host for host in dict.fromkeys(hosts.values()) if host is not None]
    parents = {ref: one.ref_at("parent") for ref, one in read_objects(session, known, ["parent"]).items()}
    return frozenset(vm for vm, host in hosts.items() if host is not None and parents.get(host) == cluster)


def _spec(session: Session, vm: MoRef, override: Override | None, present: Override | None) -> Any:
    key = managed_object(session, vm)
    if override is None:
        return None if present is None else vim.cluster.DrsVmConfigSpec(operation=_REMOVE, removeKey=key)
    info = vim.cluster.DrsVmConfigInfo(key=key, enabled=override.enabled, behavior=override.behavior)
    return vim.cluster.DrsVmConfigSpec(operation=_ADD if present is None else _EDIT, info=info)
