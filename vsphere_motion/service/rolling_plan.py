"""The story of a rolling that is planned before it is begun: how each host would be emptied if it were its turn now.

Rule of this file: each host is planned with all others filled, because its VMs are back before the next one is begun;
so no VM is in the plans of two hosts, unless it is pushed aside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vsphere_motion.errors import BadInput
from vsphere_motion.model.inventory import ConnectionState, Host, Inventory
from vsphere_motion.model.plan_file import PlanFile, PlanHost, PlanKind, PlanMove, PlanTimes
from vsphere_motion.model.plan_request import PlanRequest
from vsphere_motion.model.rolling import RollingRequest
from vsphere_motion.planning.facts import facts_of, fingerprint_of
from vsphere_motion.planning.selectors import find_cluster
from vsphere_motion.run.host_command import require_name
from vsphere_motion.service.apply import require_server, stale, standing_of
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.placing import make_plan_file
from vsphere_motion.service.surroundings import NOWHERE, Places

THERE_AND_BACK = 2


def hosts_to_work_on(inventory: Inventory, request: RollingRequest) -> tuple[tuple[Host, ...], tuple[str, ...]]:
    """The hosts of a cluster in the order of their names, and which are left out, and why.

    Raises:
        NotFound, Ambiguous: the cluster is not there, or not the only one.
        BadInput: a host's name is unsafe in a command, or there is no host to work on.
    """
    cluster = find_cluster(inventory, request.cluster)
    hosts = sorted(
        (host for host in inventory.hosts if host.compute_resource == cluster.ref), key=lambda one: (one.name, one.ref)
    )
    left = tuple(f"{host.name} is left out: {why}" for host in hosts if (why := _why_left_out(host)))
    chosen = tuple(host for host in hosts if _why_left_out(host) is None)
    for host in chosen:
        require_name(host.name)
    if not chosen:
        raise BadInput(f"{cluster.name} has no host to work on", details=left)
    return chosen, left


def emptying(request: RollingRequest, hosts: Sequence[str]) -> PlanRequest:
    """The request that empties these hosts together, by their managed object identifiers."""
    return PlanRequest(
        kind=PlanKind.EVACUATE,
        words=tuple(f"moid:{moid}" for moid in hosts),
        moves_powered_off=request.moves_powered_off,
        skip_checks=request.skip_checks,
        keeps_ha_reserve=request.keeps_ha_reserve,
    )


def make_rolling_plan(
    inventory: Inventory, request: RollingRequest, *, vcenter: VCenter | None = None, places: Places = NOWHERE
) -> PlanFile:
    """One plan with the moves off each host, host after host; what brings them back is planned when it is its turn.

    Args:
        vcenter: as of `make_plan`.

    Raises:
        NotFound, Ambiguous, BadInput: as `hosts_to_work_on`.
    """
    hosts, left = hosts_to_work_on(inventory, request)
    plans = [
        make_plan_file(inventory, emptying(request, [host.ref.moid]), vcenter=vcenter, places=places) for host in hosts
    ]
    moves = tuple(_joined(plans, request))
    facts = facts_of(inventory, moves)
    times = [plan.estimate for plan in plans if plan.estimate is not None]
    return PlanFile(
        kind=PlanKind.ROLLING,
        server=inventory.vcenter.instance_uuid,
        fingerprint=fingerprint_of(facts),
        moves=moves,
        created_at=inventory.taken_at,
        stuck=tuple(stuck for plan in plans for stuck in plan.stuck),
        left=tuple(one for plan in plans for one in plan.left),
        hosts=tuple(PlanHost(name=host.name, moid=host.ref.moid) for host in hosts),
        estimate=PlanTimes(
            makespan_s=round(THERE_AND_BACK * sum(one.makespan_s for one in times), 1),
            bound_s=round(THERE_AND_BACK * sum(one.bound_s for one in times) / max(1, request.parallel), 1),
        ),
        facts=facts,
        choices=replace(plans[0].choices, words=(request.cluster,), rolling=request, window=request.window),
        note="; ".join(left),
    )


def _joined(plans: Sequence[PlanFile], request: RollingRequest) -> list[PlanMove]:
    """The moves of all plans, with the numbers that they have then, and the host whose turn it is."""
    moves: list[PlanMove] = []
    start_s = 0.0
    waves = 0
    for stage, plan in enumerate(plans):
        first = len(moves)
        moves += [
            replace(
                move,
                stage=stage,
                wave=waves + move.wave,
                relies_on=tuple(first + other for other in move.relies_on),
                estimate=replace(move.estimate, start_s=round(start_s + move.estimate.start_s, 1)),
                window=request.window,
            )
            for move in plan.moves
        ]
        waves = 1 + max((move.wave for move in moves), default=-1)
        start_s += THERE_AND_BACK * plan.estimate.makespan_s if plan.estimate else 0.0
    return moves


def _why_left_out(host: Host) -> str | None:
    if host.connection_state is not ConnectionState.CONNECTED:
        return "it is not connected"
    return "it is in maintenance mode already" if host.in_maintenance_mode else None


def without_stuck(plan: PlanFile) -> tuple[PlanHost, ...]:
    """The hosts of a plan that every VM can leave."""
    kept = {stuck.host.moid for stuck in plan.stuck}
    return tuple(host for host in plan.hosts if host.moid not in kept)


def prepare_rolling(vcenter: VCenter, plan: PlanFile, *, replan: bool = False, places: Places = NOWHERE) -> PlanFile:
    """Compare what a plan of a rolling relies on with how things are.

    Args:
        replan: make it again where something is different, instead of refusing it.

    Raises:
        BadInput: the plan is for another vCenter.
        StalePlan: something is different; the details say what.
    """
    require_server(vcenter, plan)
    inventory = vcenter.snapshot()
    differences = differences_of(plan, inventory)
    if not differences:
        return plan
    if not replan:
        raise stale(differences)
    assert plan.choices.rolling is not None, "the plan was checked"
    return make_rolling_plan(inventory, plan.choices.rolling, vcenter=vcenter, places=places)


def differences_of(plan: PlanFile, inventory: Inventory) -> tuple[str, ...]:
    """What a plan of a rolling relies on that is no longer so, and what does not fit any more, host by host.

    No move of it is done where its VM is on its destination: it was to be back by now.
    """
    lines = list(dict.fromkeys(line for stage in _stages(plan) for line in standing_of(stage, inventory).differences))
    there = {move.vm.moid: move for move in plan.moves}
    for fact in plan.facts.vms:
        vm, move = inventory.find_vm(fact.vm.ref), there.get(fact.vm.moid)
        if vm is not None and vm.host is not None and move is not None and vm.host.moid == move.destination.moid:
            lines.append(f"{fact.vm.name} is on {move.destination.name} and was on {move.source.name}")
    return tuple(dict.fromkeys(lines))


def _stages(plan: PlanFile) -> list[PlanFile]:
    """The moves of each host as a plan of their own; the rules about other VMs are none of its facts."""
    stages = []
    for stage in range(len(plan.hosts)):
        moves = tuple(move for move in plan.moves if move.stage == stage)
        vms = {move.vm.moid for move in moves}
        rules = tuple(rule for rule in plan.facts.rules if vms & set(rule.vms))
        stages.append(replace(plan, kind=PlanKind.EVACUATE, moves=moves, facts=replace(plan.facts, rules=rules)))
    return stages
