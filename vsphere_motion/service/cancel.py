"""The story of a cancel: take back what was not started, ask vCenter to cancel what runs, watch how it ends."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.event import Event, RunStarted
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.run.journal import Journal, MoveState
from vsphere_motion.run.ports import Control
from vsphere_motion.service.check import with_facts
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.migrate import DEFAULT_OPTIONS, NEVER_STOP, RunOptions, run_open_moves, utc_now
from vsphere_motion.service.resume import reconcile
from vsphere_motion.service.status import find_run


def cancel(
    vcenter: VCenter,
    journal: Journal,
    run: str | None = None,
    *,
    control: Control = NEVER_STOP,
    options: RunOptions = DEFAULT_OPTIONS,
) -> Iterator[Event]:
    """Cancel the open moves of a run; the last event is `RunEnded`. No event at all: there is no unfinished run.

    vCenter cancels in its own time, and a move in its switch-over may still complete: the outcome says how it ended.

    Raises:
        NotFound, Ambiguous: no run, or several runs, begin with this id.
        BadInput: the run belongs to another vCenter.
    """
    from vsphere_motion.vcenter.relocate import VCenterRelocator

    journaled = find_run(vcenter, journal, run)
    if journaled is None:
        return
    run_id = journaled.info.run
    reconcile(vcenter, journal, journaled)
    relocator = VCenterRelocator(vcenter.session)
    for item in journal.load_run(run_id).moves:
        if item.state is MoveState.PLANNED:
            note = "cancelled before it was started"
            outcome = Outcome(move=item.move, state=OutcomeState.CANCELLED, note=note)
            journal.write_outcome(run_id, item.position, outcome)
        elif item.state is MoveState.SUBMITTED and item.task is not None:
            relocator.cancel_task(item.task)
    journaled = journal.load_run(run_id)
    inventory = vcenter.snapshot()
    planned = tuple(with_facts(inventory, item.planned) for item in journaled.moves)
    yield RunStarted(at=utc_now(), run=run_id)
    yield from run_open_moves(vcenter, journaled, planned, journal=journal, control=control, options=options)
