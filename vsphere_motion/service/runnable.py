"""What is left of a plan as moves that can be run now: looked up and checked again, who waits for whom renumbered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from vsphere_motion.model.finding import Finding
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.move import Move
from vsphere_motion.model.plan import Plan, PlannedMove
from vsphere_motion.model.plan_file import PlanFile, PlanMove
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.request import MoveRequest
from vsphere_motion.planning.destinations import move_to
from vsphere_motion.planning.joined import JoinedInventory
from vsphere_motion.planning.placement.of_inventory import ANSWERED_BY_PLACEMENT
from vsphere_motion.planning.plan import planned_move
from vsphere_motion.planning.plan_order import answered_by_order
from vsphere_motion.planning.plan_places import PlannedMoves
from vsphere_motion.planning.steps import slots_of
from vsphere_motion.service.check import check_moves, with_facts
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.forecasts import read_past, with_forecasts
from vsphere_motion.service.keepsakes import with_keepsakes
from vsphere_motion.service.made import Findings
from vsphere_motion.service.storage import with_policies
from vsphere_motion.service.surroundings import NOWHERE, Places


def moves_of(vcenter: VCenter, inventory: Inventory, file: PlanFile) -> dict[int, Move]:
    """The moves of a plan that decide more than the host, from how things are now, by their places.

    Those whose VM, host or whatever else they need is gone are not among them.
    """
    planned = PlannedMoves(inventory, file.to_vcenter)
    found = {
        number: move
        for number, one in enumerate(file.moves)
        if one.place is not None and (move := planned.find(one)) is not None
    }
    wishes = file.choices.wishes
    moves = with_keepsakes(vcenter, with_policies(vcenter, tuple(found.values()), wishes), wishes)
    return dict(zip(found, moves, strict=True))


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
    placed = moves_of(vcenter, inventory, file)
    now = [placed.get(number) or _to_host(inventory, file.moves[number]) for number in numbers]
    if findings is None:
        findings = _found(vcenter, inventory, file, now, places)
    request = _request(file)
    checked = [
        _without_answered(_planned(inventory, move, findings, request), one)
        for move, one in zip(now, moves, strict=True)
    ]
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
    vcenter: VCenter, inventory: Inventory, file: PlanFile, moves: Sequence[Move], places: Places
) -> Mapping[tuple[MoRef, MoRef], tuple[Finding, ...]]:
    """What both sides' checks say of each move."""
    found: dict[tuple[MoRef, MoRef], tuple[Finding, ...]] = {}
    for batch in _batches(moves):
        for planned in _checked(vcenter, inventory, batch, file, places).moves:
            host = planned.move.destination.host
            assert host is not None, "a move of a plan has a destination"
            found[planned.move.vm.ref, host.ref] = planned.findings
    return found


def _checked(vcenter: VCenter, inventory: Inventory, moves: Sequence[Move], file: PlanFile, places: Places) -> Plan:
    if file.to_vcenter is None:
        return check_moves(vcenter, inventory, moves, _request(file), places)
    from vsphere_motion.service.across import check_moves_across, require_other

    assert isinstance(inventory, JoinedInventory), "the snapshot is of both vCenters"
    other = require_other(vcenter, file.to_vcenter.context)
    return check_moves_across(vcenter, other, inventory, moves, _request(file), places)


def _request(file: PlanFile) -> MoveRequest:
    return MoveRequest(
        selectors=(), to_host="", skip_checks=file.choices.skip_checks, strict=file.choices.strict, partial=True
    )


def _planned(inventory: Inventory, move: Move, findings: Findings, request: MoveRequest) -> PlannedMove:
    host = move.destination.host
    assert host is not None, "a move of a plan has a destination"
    return with_facts(inventory, planned_move(move, findings.get((move.vm.ref, host.ref), ()), request))


def _batches(moves: Sequence[Move]) -> list[list[Move]]:
    """The moves, no VM twice in one batch."""
    batches: list[list[Move]] = []
    times: dict[MoRef, int] = {}
    for move in moves:
        place = times.get(move.vm.ref, 0)
        times[move.vm.ref] = place + 1
        if place == len(batches):
            batches.append([])
        batches[place].append(move)
    return batches


def _to_host(inventory: Inventory, move: PlanMove) -> Move:
    vm, host = inventory.find_vm(move.vm.ref), inventory.find_host(move.destination.ref)
    assert vm is not None, "the facts were compared"
    assert host is not None, "the facts were compared"
    return move_to(inventory, vm, host)


def _without_answered(planned: PlannedMove, move: PlanMove) -> PlannedMove:
    """Without what the plan answers; a VM that was parked goes on from there, whatever the snapshot says."""
    answered = ANSWERED_BY_PLACEMENT if move.place is None else answered_by_order(planned.move)
    found = replace(planned, findings=tuple(one for one in planned.findings if one.id not in answered))
    if move.place is not None:
        return found
    source = replace(found.move.source, host=move.source.named)
    return replace(found, move=replace(found.move, source=source))
