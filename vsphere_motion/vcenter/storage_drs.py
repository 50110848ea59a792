"""What Storage DRS recommends: the datastore of a cluster of datastores for a virtual machine that comes to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from vsphere_motion.model.move import Change, Move
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.vcenter.collector import managed_object, ref_of
from vsphere_motion.vcenter.faults import translated

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

_drs = vim.storageDrs


def recommended_datastore(session: Session, move: Move, cluster: NamedRef) -> MoRef | None:
    """The datastore that Storage DRS would take for all files of a VM; None if it recommends none.

    Calls: RecommendDatastores.
    Needs: System.Read on the cluster of datastores.

    Raises:
        VCenterFault: vCenter refused to say, such as where Storage DRS is off.
    """
    relocation = vim.vm.RelocateSpec()
    if Change.HOST in move.changes and move.destination.host is not None:
        relocation.host = managed_object(session, move.destination.host.ref)
    if Change.POOL in move.changes and move.destination.pool is not None:
        relocation.pool = managed_object(session, move.destination.pool.ref)
    spec = _drs.StoragePlacementSpec(
        type="relocate",
        vm=managed_object(session, move.vm.ref),
        podSelectionSpec=_drs.PodSelectionSpec(storagePod=managed_object(session, cluster.ref)),
        relocateSpec=relocation,
    )
    content: Any = session.content
    with translated(f"ask Storage DRS where {move.vm} goes in {cluster}"):
        result = content.storageResourceManager.RecommendDatastores(storageSpec=spec)
    actions = [action for one in result.recommendations or () for action in one.action or ()]
    return next((ref_of(action.destination) for action in actions if getattr(action, "destination", None)), None)
