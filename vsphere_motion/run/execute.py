"""The one loop over moves: start what fits, watch all of it through one filter, judge what ended.

Rules of this file: the journal has the intent before a relocation is asked for and the outcome before it is shown; a
relocation is asked for once and never again by itself; progress never falls; nothing polls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from vsphere_motion.errors import AccessRefused, OutcomeUnknown, VCenterFault, VCenterUnavailable
from vsphere_motion.model.event import Event, MoveEnded, MoveProgressed, MoveStarted, RunHalted
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import Fault, TaskStatus
from vsphere_motion.run.journal import Journal, JournaledMove
from vsphere_motion.run.ports import Control, PlacementReader, Relocator, ServerClock, TaskFinder, TaskWatcher
from vsphere_motion.run.verify import verify

DEFAULT_MAX_CONCURRENT = 4
WAIT_S = 2.0
"""Longest single wait for updates: the time within which a Ctrl-C is noticed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The world, as this loop needs it.

    Args:
        now: this machine's clock in UTC, for people.
        monotonic_s: seconds on a clock that never jumps, for the time limit.
        explain: the same outcome with what the hosts' logs say of it.
    """

    relocator: Relocator
    watcher: TaskWatcher
    finder: TaskFinder
    placements: PlacementReader
    clock: ServerClock
    now: Callable[[], datetime]
    monotonic_s: Callable[[], float]
    explain: Callable[[Outcome], Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many moves run at once, and how long the run may be watched.

    Args:
        max_concurrent: relocations in flight at once; 4 is half of what vCenter lets one host do (8, vSphere 6.7 docs).
        timeout_s: after this the running moves are left alone; None: no limit.
    """

    max_concurrent: int = DEFAULT_MAX_CONCURRENT
    timeout_s: float | None = None


@dataclass(slots=True)
class _Flight:
    """A relocation that is being watched."""

    item: JournaledMove
    task: MoRef
    progress_percent: int = -1


@dataclass(slots=True)
class Execution:
    """One run's moves on their way; `events()` drives them, the journal has how they ended.

    Args:
        run: the run's id; operationIDs begin with it.
        items: the open moves, in the order in which they are to start; those that have a task are watched again.
    """

    run: str
    items: Sequence[JournaledMove]
    ports: Ports
    journal: Journal
    control: Control
    limits: Limits = field(default_factory=Limits)
    _waiting: list[JournaledMove] = field(default_factory=list)
    _flights: dict[MoRef, _Flight] = field(default_factory=dict)
    _deadline_s: float | None = None

    def events(self) -> Iterator[Event]:
        """Run the moves to their end, or until the person or the time limit stops it."""
        if self.limits.timeout_s is not None:
            self._deadline_s = self.ports.monotonic_s() + self.limits.timeout_s
        self._waiting = [item for item in self.items if item.task is None]
        try:
            yield from self._watch_running()
            yield from self._loop()
        finally:
            self.ports.watcher.close()

    def _loop(self) -> Iterator[Event]:
        halted = False
        while self._flights or (self._waiting and not halted):
            if self.control.is_detaching or self._is_late():
                yield RunHalted(at=self.ports.now(), reason=self._halt_reason(), detached=True)
                return
            if self.control.is_halting and not halted:
                halted = True
                yield RunHalted(at=self.ports.now(), reason="no further moves start", detached=False)
            if not halted:
                yield from self._start_more()
            yield from self._take_updates()

    def _is_late(self) -> bool:
        return self._deadline_s is not None and self.ports.monotonic_s() >= self._deadline_s

    def _halt_reason(self) -> str:
        return "no longer watching" if self.control.is_detaching else "the time limit was reached"

    def _watch_running(self) -> Iterator[Event]:
        for item in self.items:
            if item.task is not None:
                yield self._launch(item, item.task, resumed=True)

    def _start_more(self) -> Iterator[Event]:
        while self._waiting and len(self._flights) < self.limits.max_concurrent and not self.control.is_halting:
            yield from self._start(self._waiting.pop(0))

    def _start(self, item: JournaledMove) -> Iterator[Event]:
        at = self.ports.clock.now()
        op_id = f"vsphere-motion-{self.run}-{item.position}-{int(at.timestamp() * 1000):x}"
        if not self.journal.write_intent(self.run, item.position, op_id=op_id, at=at):
            yield self._leave_open(item, "another process has taken this move of the run")
            return
        item = replace(item, op_id=op_id, intent_at=at)
        try:
            task = self.ports.relocator.start_relocation(item.move, op_id=op_id)
        except (VCenterFault, AccessRefused) as error:
            yield self._end(item, _refused(item, error))
        except OutcomeUnknown as error:
            yield from self._adopt(item, error)
        except VCenterUnavailable:
            self.journal.withdraw_intent(self.run, item.position)
            raise
        else:
            yield self._launch(item, task)

    def _adopt(self, item: JournaledMove, error: OutcomeUnknown) -> Iterator[Event]:
        """The answer was lost: find the task by its operationID, or leave the intent open for `resume`."""
        assert item.op_id is not None
        assert item.intent_at is not None
        task = self.ports.finder.find_relocation(item.move.vm.ref, op_id=item.op_id, since=item.intent_at)
        if task is not None:
            yield self._launch(item, task)
        else:
            yield self._leave_open(item, error.message)

    def _leave_open(self, item: JournaledMove, note: str) -> MoveEnded:
        """Say that the end of a move is not known; its row in the journal stays open."""
        outcome = Outcome(move=item.move, state=OutcomeState.UNKNOWN, note=note)
        return MoveEnded(at=self.ports.now(), outcome=outcome)

    def _launch(self, item: JournaledMove, task: MoRef, *, resumed: bool = False) -> MoveStarted:
        self.journal.write_task(self.run, item.position, task)
        self._flights[task] = _Flight(item=item, task=task)
        self.ports.watcher.watch([task])
        return MoveStarted(
            at=self.ports.now(), move=item.move, task=task.moid, memory_bytes=item.memory_bytes, resumed=resumed
        )

    def _take_updates(self) -> Iterator[Event]:
        if not self._flights:
            return
        ended: dict[MoRef, TaskStatus] = {}
        for status in self.ports.watcher.wait_for_updates(timeout_s=self._wait_s()):
            flight = self._flights.get(status.task)
            if flight is None:
                continue
            yield from self._note_progress(flight, status)
            if status.is_gone or (status.state is not None and status.state.is_final):
                ended[status.task] = status
        if ended:
            yield from self._land(tuple(ended.values()))

    def _wait_s(self) -> float:
        if self._deadline_s is None:
            return WAIT_S
        return min(WAIT_S, max(0.0, self._deadline_s - self.ports.monotonic_s()))

    def _note_progress(self, flight: _Flight, status: TaskStatus) -> Iterator[Event]:
        percent = status.progress_percent
        if percent is None or percent <= flight.progress_percent:
            return
        flight.progress_percent = percent
        yield MoveProgressed(
            at=self.ports.now(), move=flight.item.move, task=flight.task.moid, progress_percent=percent
        )

    def _land(self, ended: Sequence[TaskStatus]) -> Iterator[Event]:
        self.ports.watcher.forget([status.task for status in ended])
        flights = [self._flights.pop(status.task) for status in ended]
        seen = self.ports.placements.read_placements([flight.item.move.vm.ref for flight in flights])
        for status, flight in zip(ended, flights, strict=True):
            outcome = verify(flight.item.move, status, seen.get(flight.item.move.vm.ref))
            outcome = replace(outcome, operation_id=flight.item.op_id)
            yield self._end(flight.item, self.ports.explain(outcome))

    def _end(self, item: JournaledMove, outcome: Outcome) -> MoveEnded:
        self.journal.write_outcome(self.run, item.position, outcome)
        return MoveEnded(at=self.ports.now(), outcome=outcome)


def _refused(item: JournaledMove, error: VCenterFault | AccessRefused) -> Outcome:
    kind = error.fault_kind if isinstance(error, VCenterFault) else "NoPermission"
    fault = Fault(kind=kind, message=error.message, details=error.details)
    return Outcome(move=item.move, state=OutcomeState.FAILED, fault=fault, note="vCenter refused to start the move")
