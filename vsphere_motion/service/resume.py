"""The story of a resume: watch again what runs, find what was asked for, then start what was not started."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from vsphere_motion.model.event import Event, RunStarted
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.move import Move
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.plan import Plan
from vsphere_motion.model.request import MoveRequest
from vsphere_motion.run.journal import Journal, JournaledMove, JournaledRun, MoveState
from vsphere_motion.run.ports import Control
from vsphere_motion.service.check import check_moves, with_facts
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.migrate import (
    DEFAULT_OPTIONS,
    NEVER_STOP,
    RunOptions,
    blocked_outcome,
    run_open_moves,
    utc_now,
)
from vsphere_motion.service.status import find_run

SETTLE = timedelta(seconds=30)
"""How long a task may take to become visible after its call; vm-operator waits as long."""


def resume(
    vcenter: VCenter,
    journal: Journal,
    run: str | None = None,
    *,
    control: Control = NEVER_STOP,
    options: RunOptions = DEFAULT_OPTIONS,
) -> Iterator[Event]:
    """Go on with a run; the last event is `RunEnded`. No event at all: there is no unfinished run.

    Raises:
        NotFound, Ambiguous: no run, or several runs, begin with this id.
        BadInput: the run belongs to another vCenter.
    """
    journaled = find_run(vcenter, journal, run)
    if journaled is None:
        return
    run_id = journaled.info.run
    reconcile(vcenter, journal, journaled)
    journaled = journal.load_run(run_id)
    inventory = vcenter.snapshot()
    _settle_planned(vcenter, journal, journaled, inventory)
    journaled = journal.load_run(run_id)
    planned = tuple(with_facts(inventory, item.planned) for item in journaled.moves)
    yield RunStarted(at=utc_now(), run=run_id)
    yield from run_open_moves(vcenter, journaled, planned, journal=journal, control=control, options=options)


def reconcile(vcenter: VCenter, journal: Journal, journaled: JournaledRun) -> None:
    """Find the task of each relocation that was asked for without an answer.

    One that vCenter does not know after the settle time was never submitted: it becomes `planned` again.
    """
    from vsphere_motion.vcenter.tasks import VCenterTaskFinder

    finder = VCenterTaskFinder(vcenter.session)
    now = vcenter.session.now()
    for item in journaled.moves:
        if item.state is not MoveState.INTENT or item.op_id is None or item.intent_at is None:
            continue
        task = finder.find_relocation(item.move.vm.ref, op_id=item.op_id, since=item.intent_at)
        if task is not None:
            journal.write_task(journaled.info.run, item.position, task)
        elif now - item.intent_at > SETTLE:
            journal.withdraw_intent(journaled.info.run, item.position)


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
            journal.write_outcome(run_id, item.position, outcome)
    for item, planned in zip(to_check, _check_again(vcenter, inventory, to_check).moves, strict=True):
        if planned.blockers:
            journal.write_outcome(run_id, item.position, blocked_outcome(planned))


def _overtaken(inventory: Inventory, move: Move) -> Outcome | None:
    """The outcome of a move that something else has made needless or impossible since it was planned."""
    vm = inventory.find_vm(move.vm.ref)
    if vm is None:
        return Outcome(move=move, state=OutcomeState.FAILED, note="the VM no longer exists")
    if move.destination.host is not None and vm.host == move.destination.host.ref:
        return Outcome(move=move, state=OutcomeState.UNCHANGED, note="it is already there")
    return None


def _check_again(vcenter: VCenter, inventory: Inventory, items: Sequence[JournaledMove]) -> Plan:
    skipped = tuple(dict.fromkeys(check for item in items for check in item.planned.skipped))
    request = MoveRequest(selectors=(), to_host="", skip_checks=skipped, partial=True)
    return check_moves(vcenter, inventory, [_from_here(inventory, item.move) for item in items], request)


def _from_here(inventory: Inventory, move: Move) -> Move:
    """The same move, from the host the VM is on now."""
    vm = inventory.find_vm(move.vm.ref)
    host = inventory.name_of(vm.host) if vm else None
    return replace(move, source=replace(move.source, host=host))
