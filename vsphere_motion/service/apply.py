"""The story of a plan that is run: what it relies on is compared first, what is done is left out, the rest is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vsphere_motion.errors import BadInput, StalePlan
from vsphere_motion.model.finding import Finding
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.move import Move
from vsphere_motion.model.plan import Plan, PlannedMove
from vsphere_motion.model.plan_file import PlanFile, PlanMove
from vsphere_motion.model.plan_request import request_of
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.request import MoveRequest
from vsphere_motion.model.site import Step
from vsphere_motion.planning.facts import Standing, compare
from vsphere_motion.planning.placement.of_inventory import ANSWERED_BY_PLACEMENT, SiteRules, site_of
from vsphere_motion.planning.plan import planned_move
from vsphere_motion.planning.resolve import move_to
from vsphere_motion.planning.selectors import find_host
from vsphere_motion.planning.steps import shortfalls, slots_of
from vsphere_motion.service.check import check_moves, with_facts
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.forecasts import read_past, with_forecasts
from vsphere_motion.service.placing import Findings, make_plan
from vsphere_motion.service.surroundings import NOWHERE, Places

MAKE_AGAIN = "look at the differences; --replan makes the plan again from how things are now and shows it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A plan that may be run now.

    Args:
        plan: what is left of it, for `service.migrate.run`.
        file: the plan as it is now; another one than was read where it was made again.
        done: moves, by their place in the file, whose VM is there already.
    """

    plan: Plan
    file: PlanFile
    done: frozenset[int] = frozenset()


def require_server(vcenter: VCenter, plan: PlanFile) -> None:
    """Refuse a plan of another vCenter.

    Raises:
        BadInput: it was made for another.
    """
    if plan.server != vcenter.identity.instance_uuid:
        raise BadInput(
            f"the plan was made for the vCenter {plan.server}, and this is {vcenter.identity.instance_uuid}",
            hint="connect to the vCenter of the plan with --server or --context",
        )


def prepare(
    vcenter: VCenter, plan: PlanFile, *, replan: bool = False, partial: bool = False, places: Places = NOWHERE
) -> Ready:
    """Compare what a plan relies on with how things are, and check again what is left of it.

    Args:
        replan: make the plan again where something is different, instead of refusing it.
        partial: run what can be run where the checks stop a move.

    Raises:
        BadInput: the plan is for another vCenter.
        StalePlan: something that the plan relies on is different; the details say what.
    """
    require_server(vcenter, plan)
    inventory = vcenter.snapshot()
    standing = standing_of(plan, inventory)
    if standing.differences and not replan:
        raise stale(standing.differences)
    if standing.differences:
        made = make_plan(inventory, request_of(plan.kind, plan.choices), vcenter=vcenter, places=places)
        again = runnable_plan(vcenter, inventory, made.file, partial=partial, places=places, findings=made.findings)
        return Ready(plan=again, file=made.file)
    return Ready(
        plan=runnable_plan(vcenter, inventory, plan, standing.done, partial=partial, places=places),
        file=plan,
        done=standing.done,
    )


def stale(differences: tuple[str, ...]) -> StalePlan:
    """The error for a plan with these differences."""
    count = len(differences)
    return StalePlan(
        f"{count} of the facts that the plan relies on {'is' if count == 1 else 'are'} different now; "
        "nothing was changed",
        hint=MAKE_AGAIN,
        details=differences,
    )


def standing_of(plan: PlanFile, inventory: Inventory) -> Standing:
    """How far a plan has come, with what does not fit any more where all its facts are as they were."""
    standing = compare(plan, inventory)
    if standing.differences:
        return standing
    left = [move for number, move in enumerate(plan.moves) if number not in standing.done]
    return replace(standing, differences=_shortfalls(plan, inventory, left))


def runnable_plan(
    vcenter: VCenter,
    inventory: Inventory,
    file: PlanFile,
    done: frozenset[int] = frozenset(),
    *,
    partial: bool = False,
    places: Places = NOWHERE,
    findings: Findings | None = None,
) -> Plan:
    """What is left of a plan, with its findings; who waits for whom is renumbered.

    Args:
        findings: what was found of the moves a moment ago; None: they are checked now.
    """
    numbers = [number for number in range(len(file.moves)) if number not in done]
    place = {number: position for position, number in enumerate(numbers)}
    moves = [file.moves[number] for number in numbers]
    if findings is None:
        findings = _found(vcenter, inventory, file, moves, places)
    request = _request(file)
    checked = [_without_answered(_planned(inventory, move, findings, request), move) for move in moves]
    planned = tuple(
        replace(
            one,
            relies_on=tuple(place[other] for other in move.relies_on if other in place),
            costs=slots_of(move.costs),
            wave=move.wave,
            window=move.window,
        )
        for one, move in zip(checked, moves, strict=True)
    )
    past = read_past(places.state_dir, vcenter.identity.instance_uuid)
    return Plan(moves=with_forecasts(inventory, planned, past), skip_checks=file.choices.skip_checks, partial=partial)


def _found(
    vcenter: VCenter, inventory: Inventory, file: PlanFile, moves: Sequence[PlanMove], places: Places
) -> Findings:
    """What both sides' checks say of each move."""
    found: dict[tuple[MoRef, MoRef], tuple[Finding, ...]] = {}
    for batch in _batches(moves):
        wanted = [_move(inventory, moves[number]) for number in batch]
        plan = check_moves(vcenter, inventory, wanted, _request(file), places)
        for number, planned in zip(batch, plan.moves, strict=True):
            found[moves[number].vm.ref, moves[number].destination.ref] = planned.findings
    return found


def _request(file: PlanFile) -> MoveRequest:
    return MoveRequest(
        selectors=(), to_host="", skip_checks=file.choices.skip_checks, strict=file.choices.strict, partial=True
    )


def _planned(inventory: Inventory, move: PlanMove, findings: Findings, request: MoveRequest) -> PlannedMove:
    found = findings.get((move.vm.ref, move.destination.ref), ())
    return with_facts(inventory, planned_move(_move(inventory, move), found, request))


def _batches(moves: Sequence[PlanMove]) -> list[list[int]]:
    """The moves by their numbers, no VM twice in one batch."""
    batches: list[list[int]] = []
    times: dict[str, int] = {}
    for number, move in enumerate(moves):
        place = times.get(move.vm.moid, 0)
        times[move.vm.moid] = place + 1
        if place == len(batches):
            batches.append([])
        batches[place].append(number)
    return batches


def _move(inventory: Inventory, move: PlanMove) -> Move:
    vm, host = inventory.find_vm(move.vm.ref), inventory.find_host(move.destination.ref)
    assert vm is not None, "the facts were compared"
    assert host is not None, "the facts were compared"
    return move_to(inventory, vm, host)


def _without_answered(planned: PlannedMove, move: PlanMove) -> PlannedMove:
    """A VM that was parked goes on from there, whatever the snapshot says of where it is."""
    findings = tuple(finding for finding in planned.findings if finding.id not in ANSWERED_BY_PLACEMENT)
    source = replace(planned.move.source, host=move.source.named)
    return replace(planned, findings=findings, move=replace(planned.move, source=source))


def _shortfalls(plan: PlanFile, inventory: Inventory, left: Sequence[PlanMove]) -> tuple[str, ...]:
    """What of the rest does not fit where other VMs have come or grown since."""
    ends = {end.ref for move in left for end in (move.source, move.destination)}
    homes = {host.compute_resource for host in inventory.hosts if host.ref in ends}
    hosts = [host for host in inventory.hosts if host.compute_resource in homes]
    cordoned = frozenset(find_host(inventory, word).ref for word in plan.choices.cordoned)
    rules = SiteRules(cordoned=cordoned, keeps_ha_reserve=plan.choices.keeps_ha_reserve, keeps_wishes=False)
    seen = site_of(inventory, hosts, {}, rules)
    steps = [
        Step(
            load=seen.loads[move.vm.ref],
            source=seen.rooms[move.source.ref],
            destination=seen.rooms[move.destination.ref],
            wave=move.wave,
        )
        for move in left
    ]
    return shortfalls(seen, steps)
