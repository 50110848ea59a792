"""DRS asked where virtual machines should run. Nothing is changed: recommendations are read, never applied or renewed.

Rule of this file: DRS knows of each VM alone; what a plan moves besides is for whoever merges the answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from vsphere_motion.model.drs import RecommendedHosts, RecommendedMove
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.vcenter.collector import managed_object, read_objects, ref_of
from vsphere_motion.vcenter.faults import translated

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

_RECOMMENDATION = "recommendation"


def recommend_hosts(session: Session, cluster: NamedRef, vm: NamedRef, *, is_member: bool) -> RecommendedHosts:
    """The hosts of a cluster that DRS recommends for a VM, the best first.

    Args:
        is_member: whether the VM runs in this cluster. DRS ranks all hosts for such a VM; for one that comes from
            elsewhere it names a few (`PlaceVm`).

    Calls: RecommendHostsForVm, PlaceVm.
    Needs: System.Read on the cluster (RecommendHostsForVm), System.View (PlaceVm).

    Raises:
        VCenterFault, PermissionMissing: vCenter refused.
    """
    target, machine = managed_object(session, cluster.ref), managed_object(session, vm.ref)
    with translated(f"ask DRS of {cluster} for hosts for {vm}"):
        ranked = target.RecommendHostsForVm(vm=machine, pool=None) if is_member else ()
        if ranked:
            best = sorted(ranked, key=lambda one: -one.rating)
            return RecommendedHosts(hosts=tuple(dict.fromkeys(ref_of(one.host) for one in best)))
        spec = vim.cluster.PlacementSpec(vm=machine, placementType="relocate", relocateSpec=vim.vm.RelocateSpec())
        found = target.PlaceVm(spec)
    hosts = tuple(dict.fromkeys(_targets(found.recommendations or ())))
    return RecommendedHosts(hosts=hosts, why_none="" if hosts else _why_none(found.drsFault))


def read_recommended_moves(session: Session, cluster: MoRef) -> tuple[RecommendedMove, ...]:
    """The moves that DRS recommends at the moment and leaves to a person, the most pressing first.

    Calls: RetrievePropertiesEx.
    Needs: System.View, System.Read on the cluster.
    """
    reading = read_objects(session, [cluster], [_RECOMMENDATION]).get(cluster)
    found = (reading.get(_RECOMMENDATION, unset=()) if reading else ()) or ()
    moves = [move for one in found for move in _moves(one)]
    return tuple(sorted(moves, key=lambda move: (-move.rating, move.vm)))


def _targets(recommendations: Any) -> Iterator[MoRef]:
    for one in sorted(recommendations, key=lambda each: -each.rating):
        for action in one.action or ():
            if getattr(action, "targetHost", None) is not None:
                yield ref_of(action.targetHost)


def _moves(recommendation: Any) -> Iterator[RecommendedMove]:
    for action in recommendation.action or ():
        if isinstance(action, vim.cluster.MigrationAction) and action.drsMigration is not None:
            migration = action.drsMigration
            yield RecommendedMove(
                vm=ref_of(migration.vm),
                destination=ref_of(migration.destination),
                words=recommendation.reasonText or "",
                rating=recommendation.rating,
            )


def _why_none(fault: Any) -> str:
    """The first reasons that DRS gives for finding no place."""
    if fault is None:
        return ""
    words = [one.localizedMessage for by_vm in fault.faultsByVm or () for one in by_vm.fault or ()]
    return "; ".join(dict.fromkeys(word for word in words if word))
