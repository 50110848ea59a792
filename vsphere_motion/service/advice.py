"""The story of asking DRS: which clusters are asked about which VMs of a plan, and what they say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from vsphere_motion.errors import BadInput
from vsphere_motion.model.inventory import Cluster, Inventory, Vm
from vsphere_motion.model.plan_file import Placement, PlanKind
from vsphere_motion.model.plan_request import PlanRequest
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.planning.advice import NO_ADVICE, Advice
from vsphere_motion.planning.scope import Scope
from vsphere_motion.service.connection import VCenter

OWN_INSTEAD = "leave --placement drs away: our own placement needs no DRS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advised:
    """What a plan is about, with what DRS says of it.

    Args:
        note: what is to be said of the plan as a whole.
    """

    scope: Scope
    advice: Advice = NO_ADVICE
    note: str = ""


def advised(vcenter: VCenter | None, inventory: Inventory, request: PlanRequest, scope: Scope) -> Advised:
    """Ask DRS where that is wanted.

    Raises:
        BadInput: there is no DRS to ask: it is off, the hosts are in no cluster, or there is no vCenter.
        VCenterFault, PermissionMissing: vCenter refused.
    """
    if request.placement is not Placement.DRS:
        return Advised(scope=scope)
    if vcenter is None:
        raise BadInput("DRS has to be asked, and a snapshot has none", hint=OWN_INSTEAD)
    if request.kind is PlanKind.REBALANCE:
        return _moves_of(vcenter, inventory, request, scope)
    return _hosts_of(vcenter, inventory, scope)


def _hosts_of(vcenter: VCenter, inventory: Inventory, scope: Scope) -> Advised:
    """The hosts that DRS recommends for each VM to which the plan leaves a choice."""
    from vsphere_motion.vcenter.drs_placement import recommend_hosts

    asked = [(vm, cluster) for vm in scope.wanted if (cluster := _destination(inventory, scope, vm)) is not None]
    _require_drs(cluster for _, cluster in asked)
    ranked: dict[MoRef, tuple[MoRef, ...]] = {}
    words: dict[MoRef, str] = {}
    for vm, cluster in asked:
        home = inventory.find_host(vm.host)
        is_member = home is not None and home.compute_resource == cluster.ref
        found = recommend_hosts(
            vcenter.session,
            NamedRef(ref=cluster.ref, name=cluster.name),
            NamedRef(ref=vm.ref, name=vm.name),
            is_member=is_member,
        )
        ranked[vm.ref], words[vm.ref] = found.hosts, found.why_none
    return Advised(scope=scope, advice=Advice(ranked=ranked, words=words))


def _destination(inventory: Inventory, scope: Scope, vm: Vm) -> Cluster | None:
    """The cluster that a VM goes to, where it has several hosts to go to."""
    home = inventory.find_host(vm.host)
    if scope.targets is not None:
        hosts = scope.targets[vm.ref]
    else:
        hosts = scope.to.get(home.compute_resource, ()) if home and home.compute_resource else ()
    return inventory.cluster_of(hosts[0]) if len(hosts) > 1 else None


def _moves_of(vcenter: VCenter, inventory: Inventory, request: PlanRequest, scope: Scope) -> Advised:
    """The moves that DRS recommends for a cluster take the place of ours."""
    from vsphere_motion.vcenter.drs_placement import read_recommended_moves

    homes = {host.compute_resource for host in scope.hosts}
    clusters = [cluster for cluster in inventory.clusters if cluster.ref in homes]
    _require_drs(clusters)
    known, hosts = {vm.ref: vm for vm in scope.wanted}, {host.ref: host for host in scope.hosts}
    moves = [move for cluster in clusters for move in read_recommended_moves(vcenter.session, cluster.ref)]
    chosen = [move for move in moves if move.vm in known and move.destination in hosts][: request.max_moves]
    narrowed = replace(
        scope,
        wanted=tuple(known[move.vm] for move in chosen),
        targets={move.vm: (hosts[move.destination],) for move in chosen},
    )
    advice = Advice(
        ranked={move.vm: (move.destination,) for move in chosen}, words={move.vm: move.words for move in chosen}
    )
    note = "" if chosen else f"DRS of {', '.join(cluster.name for cluster in clusters)} recommends no move now"
    return Advised(scope=narrowed, advice=advice, note=note)


def _require_drs(clusters: Iterable[Cluster]) -> None:
    """Refuse clusters without DRS, all of them at once."""
    without = [one for one in dict.fromkeys(clusters) if not one.is_cluster or one.drs_enabled is False]
    if without:
        names = ", ".join(one.name for one in without)
        verb = "has" if len(without) == 1 else "have"
        raise BadInput(
            f"{names} {verb} no DRS that is on, so nobody recommends hosts there",
            hint=f"{OWN_INSTEAD}, or switch DRS on (manual automation is enough)",
        )
