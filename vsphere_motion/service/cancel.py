"""The story of a cancel: take back what was not started, ask vCenter to cancel what runs, watch how it ends.

Rule of this file: only tasks of the run itself are cancelled; how a move ended is read from vCenter, never assumed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace

from vsphere_motion.errors import OutcomeUnknown, PermissionMissing, RunLocked, VCenterFault
from vsphere_motion.model.event import Event, RunStarted
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.run.journal import Journal, JournaledRun, MoveState
from vsphere_motion.run.limits import OnInterrupt
from vsphere_motion.run.locks import is_alive, watching
from vsphere_motion.run.ports import Control
from vsphere_motion.service.check import with_facts
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.migrate import end_run, watch_open_moves
from vsphere_motion.service.options import DEFAULT_OPTIONS, NEVER_STOP, RunOptions
from vsphere_motion.service.put_back import put_back, put_back_left
from vsphere_motion.service.run_ports import utc_now
from vsphere_motion.service.status import find_run


@dataclass(frozen=True, slots=True)
class _Halting:
    """The person's control, with no move started from the beginning on."""

    control: Control
    is_halting: bool = True

    @property
    def is_detaching(self) -> bool:
        return self.control.is_detaching

    def may_go_on(self) -> bool:
        return False


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
    A run that another process of this machine watches is cancelled too: that process sees its moves end.

    Raises:
        NotFound, Ambiguous: no run, or several runs, begin with this id.
        BadInput: the run belongs to another vCenter.
        RunLocked: another machine may be watching the run.
    """
    journaled = find_run(vcenter, journal, run)
    if journaled is None:
        yield from put_back_left(vcenter, journal)
        return
    run_id = journaled.info.run
    with ExitStack() as stack:
        try:
            stack.enter_context(watching(journal, run_id, now=vcenter.session.now()))
        except RunLocked:
            if not is_alive(journal, run_id):
                raise
        yield RunStarted(at=utc_now(), run=run_id)
        yield from _cancel_open(vcenter, journal, run_id, control=control, options=options)


def _cancel_open(
    vcenter: VCenter, journal: Journal, run_id: str, *, control: Control, options: RunOptions
) -> Iterator[Event]:
    _take_back(journal, run_id)
    journaled = journal.load_run(run_id)
    _ask_at_once(vcenter, journaled)
    inventory = vcenter.snapshot()
    planned = tuple(with_facts(inventory, item.planned) for item in journaled.moves)
    yield from watch_open_moves(
        vcenter,
        journaled,
        planned,
        journal=journal,
        control=_Halting(control),
        options=replace(options, on_interrupt=OnInterrupt.CANCEL),
    )
    _take_back(journal, run_id)
    yield from put_back(vcenter, journal, run_id)
    yield end_run(vcenter, journaled, journal)


def _ask_at_once(vcenter: VCenter, journaled: JournaledRun) -> None:
    """Ask vCenter to cancel what runs before anything else is read; the loop asks again, and says what is refused."""
    from vsphere_motion.vcenter.relocate import VCenterRelocator

    relocator = VCenterRelocator(vcenter.session)
    for item in journaled.moves:
        if item.outcome is None and item.task is not None:
            with suppress(VCenterFault, PermissionMissing, OutcomeUnknown):
                relocator.cancel_task(item.task)


def _take_back(journal: Journal, run_id: str) -> None:
    """Write that what was not started never will be; also what turned out never to have reached vCenter."""
    for item in journal.load_run(run_id).moves:
        if item.state is MoveState.PLANNED:
            note = "cancelled before it was started"
            outcome = Outcome(move=item.move, state=OutcomeState.CANCELLED, note=note)
            journal.settle(run_id, item.position, outcome)
