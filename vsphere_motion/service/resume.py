"""The story of a resume: watch again what runs, find what was asked for, then start what was not started.

Rule of this file: one process at a time goes on with a run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from vsphere_motion.model.event import Event, RunStarted
from vsphere_motion.model.finding import Finding
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.move import Change, Move, OtherVCenter
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.plan import Plan, PlannedMove
from vsphere_motion.model.plan_request import request_of
from vsphere_motion.model.request import MoveRequest
from vsphere_motion.planning.destinations import from_here
from vsphere_motion.planning.joined import JoinedInventory, has_arrived, joined
from vsphere_motion.planning.placement.of_inventory import ANSWERED_BY_PLACEMENT
from vsphere_motion.run.journal import Journal, JournaledMove, JournaledRun, MoveState
from vsphere_motion.run.locks import watching
from vsphere_motion.run.ports import Control
from vsphere_motion.run.workbook import Workbook
from vsphere_motion.service.across import check_moves_across, require_side, requires_other
from vsphere_motion.service.check import check_moves, with_facts
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.forecasts import with_forecasts
from vsphere_motion.service.migrate import blocked_outcome, end_run, watch_open_moves
from vsphere_motion.service.once_more import Replan, with_replans
from vsphere_motion.service.options import DEFAULT_OPTIONS, NEVER_STOP, RunOptions
from vsphere_motion.service.put_back import put_back, put_back_left
from vsphere_motion.service.run_ports import utc_now
from vsphere_motion.service.status import find_run
from vsphere_motion.service.surroundings import Places
from vsphere_motion.service.truce import continue_truce


def resume(
    vcenter: VCenter,
    journal: Journal,
    run: str | None = None,
    *,
    control: Control = NEVER_STOP,
    options: RunOptions = DEFAULT_OPTIONS,
) -> Iterator[Event]:
    """Go on with a run; the last event is `RunEnded`. No event at all: there is no unfinished run.

    A relocation that was asked for without an answer is looked for until the settle time is over; only then it counts
    as never submitted, and starts. What vCenter has refused is planned again where the run's plan chose hosts, as the
    run itself would have done; otherwise it stays refused.

    Raises:
        NotFound, Ambiguous: no run, or several runs, begin with this id.
        BadInput: the run belongs to another vCenter.
        RunLocked: another process watches the run.
    """
    uuid = vcenter.identity.instance_uuid
    journaled = find_run(vcenter, journal, run)
    left = Workbook(journal).find_left_to_plan(vcenter_uuid=uuid) if journaled is None else None
    journaled = journal.load_run(left) if left else journaled
    if journaled is None:
        yield from put_back_left(vcenter, journal)
        return
    run_id = journaled.info.run
    if run is not None:
        Workbook(journal).reopen_keepsakes(run_id)
    yield from put_back_left(vcenter, journal, besides=run_id)
    with watching(journal, run_id, now=vcenter.session.now()):
        inventory = _snapshot(vcenter, journal.load_run(run_id))
        _settle_planned(vcenter, journal, journal.load_run(run_id), inventory)
        journaled = _as_it_is(journal.load_run(run_id), inventory)
        past = journal.past_moves(vcenter_uuid=vcenter.identity.instance_uuid)
        counts = any(Change.STORAGE in item.move.changes for item in journaled.moves)
        known = (with_facts(inventory, item.planned, counts=counts) for item in journaled.moves)
        planned = with_forecasts(inventory, known, past)
        asked_for = sum(1 for item in journaled.moves if item.state is MoveState.INTENT)
        yield RunStarted(at=utc_now(), run=run_id, asked_for=asked_for)
        yield from continue_truce(vcenter, journal, journaled, begins=options.drs_override)

        def go_on(row: JournaledRun, moves: tuple[PlannedMove, ...]) -> Iterator[Event]:
            return watch_open_moves(vcenter, row, moves, journal=journal, control=control, options=options)

        replan = _replan(vcenter, journal, journaled) if options.is_watching else None
        yield from with_replans(go_on(journaled, planned), replan, run=run_id, journal=journal, watch=go_on)
        yield from put_back(vcenter, journal, run_id)
        yield end_run(vcenter, journaled, journal)


def _replan(vcenter: VCenter, journal: Journal, journaled: JournaledRun) -> Replan | None:
    """What plans again what vCenter has refused; None where the run has ended, or its plan left no choice."""
    asked = None if journaled.info.ended_at else Workbook(journal).find_asked(journaled.info.run)
    if asked is None:
        return None
    from vsphere_motion.service.next_best import NextBest

    request = request_of(asked.kind, asked.choices)
    return NextBest(vcenter, request, Places(state_dir=journal.path.parent), tries=asked.tries)


def vcenter_of_run(vcenter: VCenter, journal: Journal, run: str | None) -> OtherVCenter | None:
    """The other vCenter that open moves of a run go to; None if there is no such run, or they stay.

    Raises:
        NotFound, Ambiguous, BadInput: as `resume`.
    """
    journaled = find_run(vcenter, journal, run)
    return None if journaled is None else requires_other([item.move for item in journaled.moves])


def _snapshot(vcenter: VCenter, journaled: JournaledRun) -> Inventory:
    """How things are; of both vCenters where moves of the run go to another."""
    side = require_side(vcenter, [item.move for item in journaled.moves])
    if side is None:
        return vcenter.snapshot()
    return joined(vcenter.snapshot(), side.vcenter.snapshot())


def _settle_planned(vcenter: VCenter, journal: Journal, journaled: JournaledRun, inventory: Inventory) -> None:
    """Write an outcome for each planned move that need not, or must not, start any more."""
    run_id = journaled.info.run
    to_check = []
    for item in journaled.moves:
        if item.state is not MoveState.PLANNED:
            continue
        outcome = _overtaken(inventory, item.move)
        if outcome is None:
            to_check.append(item)
        else:
            journal.settle(run_id, item.position, outcome)
    for item, planned in zip(to_check, _check_again(vcenter, inventory, to_check).moves, strict=True):
        if any(not _waits_for_room(item, finding) for finding in planned.blockers):
            journal.settle(run_id, item.position, blocked_outcome(planned))


def _waits_for_room(item: JournaledMove, finding: Finding) -> bool:
    """Whether it is about room that others are to leave first."""
    return bool(item.planned.relies_on) and finding.id in ANSWERED_BY_PLACEMENT


def _as_it_is(journaled: JournaledRun, inventory: Inventory) -> JournaledRun:
    """The run, with each move that may still start beginning where its VM is now: from there it was checked again."""
    moves = tuple(
        replace(item, planned=replace(item.planned, move=from_here(inventory, item.move)))
        if item.state is MoveState.PLANNED
        else item
        for item in journaled.moves
    )
    return replace(journaled, moves=moves)


def _overtaken(inventory: Inventory, move: Move) -> Outcome | None:
    """The outcome of a move that something else has made needless or impossible since it was planned."""
    vm = inventory.find_vm(move.vm.ref)
    if vm is None and isinstance(inventory, JoinedInventory) and has_arrived(inventory, move):
        return Outcome(move=move, state=OutcomeState.UNCHANGED, note="it is already there")
    if vm is None:
        return Outcome(move=move, state=OutcomeState.FAILED, note="the VM no longer exists")
    if from_here(inventory, move).is_noop:
        return Outcome(move=move, state=OutcomeState.UNCHANGED, note="it is already there")
    return None


def _check_again(vcenter: VCenter, inventory: Inventory, items: Sequence[JournaledMove]) -> Plan:
    skipped = tuple(dict.fromkeys(check for item in items for check in item.planned.skipped))
    request = MoveRequest(selectors=(), to_host="", skip_checks=skipped, partial=True)
    moves = [from_here(inventory, item.move) for item in items]
    if isinstance(inventory, JoinedInventory):
        side = require_side(vcenter, moves)
        return check_moves_across(vcenter, side, inventory, moves, request) if side else Plan(moves=())
    return check_moves(vcenter, inventory, moves, request)
