"""Starting the moves that may start now: read them, write what is about to be asked for, ask, and see what came of it.

Rules of this file: what is about to start is read right before; the journal has the intent before a relocation is asked
for; a relocation is asked for once. As many as there are submitters are asked for at the same time, no more, so that a
killed process leaves few intents without a task.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime

from vsphere_motion.errors import AccessRefused, OutcomeUnknown, PermissionMissing, VCenterFault, VCenterUnavailable
from vsphere_motion.model.current import CurrentState, RunningTask
from vsphere_motion.model.event import Event, MoveEnded
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.schedule import Slot
from vsphere_motion.model.task import Fault
from vsphere_motion.run.before import Adopt, Follow, Settle, Start, judge, not_started, task_in_progress, who_started
from vsphere_motion.run.flights import Flights
from vsphere_motion.run.locks import words_of
from vsphere_motion.run.lost_answers import LostAnswers
from vsphere_motion.run.others import LOOK_S, units_of
from vsphere_motion.run.ports import Ports
from vsphere_motion.run.recorder import Recorder
from vsphere_motion.run.records import JournaledMove
from vsphere_motion.run.submitters import Submitters

FRESH_S = 0.5
"""How old a reading may be when the start of a move begins; the call itself is sent within a second of the reading."""

BATCH = 20
"""Most VMs that are read together before they start: so many start before those that run are looked after again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What was read for the moves that start next, and when, on the run's monotonic clock and on vCenter's."""

    state: CurrentState
    vms: frozenset[MoRef]
    at_s: float
    at: datetime

    def has(self, items: Sequence[JournaledMove]) -> bool:
        """Whether it is about all of these moves."""
        return all(item.move.vm.ref in self.vms for item in items)


@dataclass(slots=True, kw_only=True)
class Starts:
    """The moves of one run that wait to be started.

    Args:
        is_watching: whether somebody waits for what is started.
        counts_others: whether what may start depends on what others do.
        others: the units that relocations of others took when they were last looked at.
        waiting: by their position, in the order in which they wait.
    """

    run: str
    ports: Ports
    recorder: Recorder
    flights: Flights
    lost: LostAnswers
    is_watching: bool
    counts_others: bool = False
    others: Mapping[Slot, int] = field(default_factory=dict)
    waiting: dict[int, JournaledMove] = field(default_factory=dict)
    _submitters: Submitters = field(init=False)
    _rivals: set[MoRef] = field(default_factory=set)
    _last: _Reading | None = None
    _looked_s: float = float("-inf")

    def __post_init__(self) -> None:
        self._submitters = Submitters(self.ports.submitters)

    def close(self) -> None:
        """Let the submitters go."""
        self._submitters.close()

    def take_back(self) -> None:
        """Let those wait again, before all others, whose VM somebody else tried to move and left where it was."""
        if self.flights.returned:
            self.forget_reading()
            self.waiting = {item.position: item for item in self.flights.returned} | self.waiting
            self.flights.returned.clear()

    def forget_reading(self) -> None:
        """What was read is no longer to be relied on."""
        self._last = None
        self._looked_s = float("-inf")

    def look_around(self) -> None:
        """See what others do, where nothing may start because of it; no more often than that changes."""
        if self.waiting and self._must_look(self.ports.monotonic_s()):
            self._see_others(self.ports.states.read_before_start((), (), own=self.flights.own_tasks))

    def start(self, ready: Sequence[JournaledMove], *, may_go_on: Callable[[], bool]) -> Iterator[Event]:
        """Start these moves, for each of which there is room.

        Args:
            may_go_on: asked before each few of them.

        Raises:
            VCenterUnavailable, AccessRefused: vCenter turned out to be away before a call was sent; that move waits on.
        """
        left = list(ready)
        while left and may_go_on():
            chunk, left = left[: self._submitters.count], left[self._submitters.count :]
            before = self.others
            now = self._read_before_start(chunk, left)
            if self.others != before:
                return  # what may start depends on it
            asked: list[JournaledMove] = []
            for item in chunk:
                match judge(item, now.state, run=self.run):
                    case Start():
                        asked.append(item)
                    case Settle(outcome=outcome):
                        yield self.settle(item, outcome)
                    case Follow(running=running):
                        yield from self._follow(item, running)
                    case Adopt(running=running):
                        yield from self._adopt(item, running, at=now.at)
            yield from self._ask(asked, at=now.at)

    def settle(self, item: JournaledMove, outcome: Outcome) -> MoveEnded:
        """End a move that is not started."""
        del self.waiting[item.position]
        return self.flights.end(item, outcome)

    def _read_before_start(self, chunk: Sequence[JournaledMove], later: Sequence[JournaledMove]) -> _Reading:
        """How things are for these moves, read with those that start right after them."""
        now_s, last = self.ports.monotonic_s(), self._last
        if last is None or now_s - last.at_s > FRESH_S or not last.has(chunk):
            batch = [item.move for item in (*chunk, *later)[:BATCH]]
            vms = tuple(dict.fromkeys(move.vm.ref for move in batch))
            hosts = tuple(dict.fromkeys(move.destination.host.ref for move in batch if move.destination.host))
            at = self.ports.clock.now()
            closely = {move.vm.ref for move in batch if move.destination.disks or move.destination.nics}
            own = self.flights.own_tasks if self._must_look(now_s) else None
            state = self.ports.states.read_before_start(vms, hosts, with_devices=closely, own=own)
            self._see_others(state)
            self._last = last = _Reading(state=state, vms=frozenset(vms), at_s=now_s, at=at)
        return last

    def _must_look(self, now_s: float) -> bool:
        return self.counts_others and now_s - self._looked_s >= LOOK_S

    def _see_others(self, state: CurrentState) -> None:
        if state.others is not None:
            self._looked_s = self.ports.monotonic_s()
            self.others = units_of(state.others, run=self.run, own=self.flights.own_tasks)

    def _ask(self, items: Sequence[JournaledMove], *, at: datetime) -> Iterator[Event]:
        """Ask for relocations, a few at the same time; first the journal has their intents."""
        if not items:
            return
        asked = {item.position: self._asked(item, at) for item in items}
        op_ids = {position: item.op_id for position, item in asked.items() if item.op_id is not None}
        taken = self.recorder.write_intents(self.run, op_ids, at=at)
        sent = [asked[position] for position in asked if position in taken]
        answers = self._submitters.do([functools.partial(self._relocate, item) for item in sent])
        yield from self._took_off(list(zip(sent, answers, strict=True)))
        for item in items:
            if item.position not in taken:
                yield from self._not_taken(item)

    def _asked(self, item: JournaledMove, at: datetime) -> JournaledMove:
        """The move with the intent by which it is asked for; the same move's next one has another reading's time."""
        op_id = f"vsphere-motion-{self.run}-{item.position}-{int(at.timestamp() * 1000):x}"
        return replace(item, op_id=op_id, intent_at=at)

    def _relocate(self, item: JournaledMove) -> MoRef:
        assert item.op_id is not None
        with self.ports.relocator.burst():
            return self.ports.relocator.start_relocation(item.move, op_id=item.op_id)

    def _took_off(self, answers: Sequence[tuple[JournaledMove, Future[MoRef]]]) -> Iterator[Event]:
        """What came of the calls: first the tasks are written, then all is told."""
        tasks = [(item, answer.result()) for item, answer in answers if answer.exception() is None]
        for item, _ in tasks:
            del self.waiting[item.position]
        yield from self.flights.launch_all(tasks)
        away: Exception | None = None
        for item, answer in answers:
            match answer.exception():
                case None:
                    pass
                case VCenterFault() | PermissionMissing() as error:
                    yield from self._refused(item, error)
                case OutcomeUnknown() as error:
                    del self.waiting[item.position]
                    self.lost.add(item, error)
                case VCenterUnavailable() | AccessRefused() as error:
                    self.recorder.withdraw_intent(self.run, item.position)
                    away = error
                case BaseException() as error:
                    raise error
        if away is not None:
            raise away

    def _refused(self, asked: JournaledMove, error: VCenterFault | PermissionMissing) -> Iterator[Event]:
        """The call itself was refused, so nothing was started; if that is because the VM moves already, follow that."""
        item = self.waiting[asked.position]
        kind = error.fault_kind if isinstance(error, VCenterFault) else "NoPermission"
        other = task_in_progress(kind, error.details)
        if other is not None:
            self.recorder.withdraw_intent(self.run, item.position)
            yield from self._follow(item, RunningTask(task=other))
            return
        fault = Fault(kind=kind, message=error.message, details=error.details)
        note = "vCenter refused to start the move"
        yield self.settle(
            item, Outcome(move=asked.move, state=OutcomeState.FAILED, fault=fault, note=note, operation_id=asked.op_id)
        )

    def _follow(self, item: JournaledMove, running: RunningTask) -> Iterator[Event]:
        """Watch what somebody else started for this VM; where nobody watches, the move is given up."""
        if self.is_watching:
            del self.waiting[item.position]
            yield from self.flights.follow(item, running)
        else:
            words = f"{who_started(running)} is moving it already ({running.task.moid})"
            yield self.settle(item, not_started(item.move, words))

    def _adopt(self, item: JournaledMove, running: RunningTask, *, at: datetime) -> Iterator[Event]:
        """Watch a relocation that this very move was asked for with before; the journal gets its intent back."""
        assert running.operation_id is not None
        op_id = running.operation_id
        if not self.recorder.write_intents(self.run, {item.position: op_id}, at=at):
            yield from self._not_taken(item)
            return
        del self.waiting[item.position]
        yield from self.flights.launch(replace(item, op_id=op_id, intent_at=at), running.task, resumed=True)

    def _not_taken(self, item: JournaledMove) -> Iterator[Event]:
        """The intent is not in the journal, because another process was first: follow its task once, or say who it is.

        Where it cannot be written at all, `recorder.failure` says so, and the move waits on; also where another run has
        moved the VM since it was read, and it is read again.
        """
        if self.recorder.failure is not None:
            return
        rival = self.recorder.find_rival(self.run, item.position)
        if rival is None and self.recorder.is_planned(self.run, item.position):
            self.forget_reading()
            return
        if rival is None:
            del self.waiting[item.position]
            yield self.flights.leave_open(item, "another process has taken this move of the run")
            return
        task = rival.item.task
        if task is None or task in self._rivals:
            yield self.settle(item, not_started(item.move, words_of(rival, self.ports.clock.now())))
            return
        self._rivals.add(task)
        yield from self._follow(item, RunningTask(task=task, operation_id=rival.item.op_id))
