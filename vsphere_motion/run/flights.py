"""The relocations in flight: watch them all through one filter, judge those that ended, speak of those that hang.

Rules of this file: a flight stays in flight until its VM was read after its end, so that an outage in between loses
nothing; a task that somebody else started is watched, never cancelled; waits for news are rationed (`pace.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from vsphere_motion.errors import OutcomeUnknown, PermissionMissing, VCenterFault
from vsphere_motion.model.current import RunningTask
from vsphere_motion.model.event import (
    Event,
    MoveAsks,
    MoveEnded,
    MoveFollowed,
    MoveProgressed,
    MoveStalled,
    MoveStarted,
)
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import Fault, TaskStatus
from vsphere_motion.run.aftermath import Aftermath
from vsphere_motion.run.before import task_in_progress, who_started
from vsphere_motion.run.flight import Flight, Stall
from vsphere_motion.run.limits import OnStall, Patience
from vsphere_motion.run.pace import Pace
from vsphere_motion.run.ports import Control, Ports, SeenPlacement
from vsphere_motion.run.recorder import Recorder
from vsphere_motion.run.records import JournaledMove
from vsphere_motion.run.verify import verify, verify_followed

ASLEEP_S = 30.0
"""Longer than this no turn of the loop takes: this machine slept, or the process was stopped."""

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Flights:
    """What is watched for one run.

    Args:
        returned: moves whose VM somebody else tried to move and left where it was; they may start again.
        ended: how each move of the run ended that has, by its position.
    """

    run: str
    ports: Ports
    recorder: Recorder
    control: Control
    patience: Patience
    returned: list[JournaledMove] = field(default_factory=list)
    ended: dict[int, OutcomeState] = field(default_factory=dict)
    _flights: dict[MoRef, Flight] = field(default_factory=dict)
    _ended: dict[MoRef, TaskStatus] = field(default_factory=dict)
    _seen: Mapping[MoRef, SeenPlacement] = field(default_factory=dict)
    _aftermath: Aftermath = field(default_factory=Aftermath)
    _pace: Pace = field(default_factory=Pace)
    _looked_s: float = float("inf")

    def __len__(self) -> int:
        return len(self._flights)

    @property
    def positions(self) -> frozenset[int]:
        """The moves of the run that are in flight, also those that are only followed."""
        return frozenset(flight.item.position for flight in self._flights.values())

    @property
    def own_positions(self) -> frozenset[int]:
        """Those of them that take room at vCenter because of us: their relocation is ours, and its task runs."""
        return frozenset(flight.item.position for flight in self._own)

    @property
    def own(self) -> int:
        """How many these are; one that is only followed does not count, nor one whose task has ended."""
        return sum(1 for _ in self._own)

    @property
    def own_tasks(self) -> frozenset[MoRef]:
        """The tasks in flight that are ours."""
        return frozenset(task for task, flight in self._flights.items() if flight.followed is None)

    @property
    def _own(self) -> Iterator[Flight]:
        return (one for task, one in self._flights.items() if one.followed is None and task not in self._ended)

    @property
    def untold(self) -> tuple[OutcomeState, ...]:
        """How those moves ended whose end is not told yet, because their logs are still being read."""
        return self._aftermath.states

    @property
    def is_explaining(self) -> bool:
        """Whether moves have ended whose logs are still being read; they hold up nothing that starts."""
        return len(self._aftermath) > 0

    def launch(self, item: JournaledMove, task: MoRef, *, resumed: bool = False) -> Iterator[Event]:
        """Watch a relocation of ours from now on."""
        yield from self.launch_all([(item, task)], resumed=resumed)

    def launch_all(self, tasks: Sequence[tuple[JournaledMove, MoRef]], *, resumed: bool = False) -> Iterator[Event]:
        """Watch relocations of ours from now on; the journal has their tasks first."""
        if not tasks:
            return
        self.recorder.write_tasks(self.run, {item.position: (task, item.move.vm.ref) for item, task in tasks})
        for item, task in tasks:
            self._flights[task] = Flight(item=item, task=task, progress_s=self.ports.monotonic_s())
            self.ports.watcher.watch([task], vms=[item.move.vm.ref])
        for item, task in tasks:
            yield MoveStarted(
                at=self.ports.now(), move=item.move, task=task.moid, memory_bytes=item.memory_bytes, resumed=resumed
            )

    def follow(self, item: JournaledMove, running: RunningTask, *, fault: Fault | None = None) -> Iterator[Event]:
        """Watch what somebody else started for this VM."""
        task, who = running.task, who_started(running)
        self._flights[task] = Flight(
            item=item, task=task, followed=running, fault=fault, progress_s=self.ports.monotonic_s()
        )
        yield MoveFollowed(at=self.ports.now(), move=item.move, task=task.moid, started_by=who)
        self.ports.watcher.watch([task], vms=[item.move.vm.ref])

    def watch(self, *, timeout_s: float) -> Iterator[Event]:
        """Wait once for updates, and say what they, the VMs and the clock bring."""
        if not self._flights:
            return
        if self._has_slept():
            yield from self.reread()
        pause_s = self._pace.pause_s(self.ports.monotonic_s())
        if pause_s > 0:
            self.ports.pause(pause_s)
        statuses = self.ports.watcher.wait_for_updates(timeout_s=timeout_s)
        if self._has_slept():
            yield from self.reread()
        yield from self._process(statuses)
        yield from self._note_questions()
        yield from self._note_stalls()

    def _has_slept(self) -> bool:
        """Whether nobody looked for so long that this machine must have slept, or the process was stopped."""
        now_s = self.ports.monotonic_s()
        slept_s, self._looked_s = now_s - self._looked_s, now_s
        return slept_s > ASLEEP_S

    def reread(self) -> Iterator[Event]:
        """Read everything in flight again, after nobody watched for a while; the filter is made anew."""
        self.ports.watcher.close()
        self._looked_s = self.ports.monotonic_s()
        for flight in self._flights.values():
            flight.restart_clock(self.ports.monotonic_s())
        if self._flights:
            statuses = self.ports.finder.read_tasks(list(self._flights))
            yield from self._process(tuple(statuses.values()))

    def cancel_own(self, reason: str) -> None:
        """Ask vCenter once to cancel each task of ours; how the moves end is seen later."""
        for flight in self._flights.values():
            self._cancel(flight, reason)

    def end(self, item: JournaledMove, outcome: Outcome) -> MoveEnded:
        """Write an outcome, then tell it."""
        (told,) = self.end_all([(item, outcome)])
        return told

    def end_all(self, ends: Sequence[tuple[JournaledMove, Outcome]]) -> Iterator[MoveEnded]:
        """Write outcomes, then tell them."""
        if not ends:
            return
        self.recorder.write_outcomes(self.run, {item.position: outcome for item, outcome in ends})
        for item, outcome in ends:
            self.ended[item.position] = outcome.state
        for _, outcome in ends:
            yield MoveEnded(at=self.ports.now(), outcome=outcome)

    def leave_open(self, item: JournaledMove, note: str) -> MoveEnded:
        """Say that the end of a move is not known; its row in the journal stays open."""
        outcome = Outcome(move=item.move, state=OutcomeState.UNKNOWN, note=note)
        self.ended[item.position] = outcome.state
        return MoveEnded(at=self.ports.now(), outcome=outcome)

    def end_explained(self, *, wait_s: float) -> Iterator[Event]:
        """Tell the ends whose logs have been read by now."""
        yield from self.end_all(tuple(self._aftermath.take(wait_s=wait_s)))

    def end_unexplained(self) -> Iterator[Event]:
        """Tell every end that waits for its logs, with or without them."""
        yield from self.end_all(tuple(self._aftermath.give_up()))

    def _process(self, statuses: Sequence[TaskStatus]) -> Iterator[Event]:
        for status in statuses:
            flight = self._flights.get(status.task)
            if flight is None:
                continue
            if flight.take(status, self.ports.monotonic_s()):
                yield self._progressed(flight)
            if _is_over(status):
                self._ended[status.task] = status

    def _progressed(self, flight: Flight) -> MoveProgressed:
        return MoveProgressed(
            at=self.ports.now(),
            move=flight.item.move,
            task=flight.task.moid,
            progress_percent=flight.progress_percent,
        )

    def land(self) -> Iterator[Event]:
        """Read the tasks that have ended, with their VMs, and say how those moves ended."""
        over = {task: status for task, status in self._read_landings().items() if _is_over(status)}
        self.ports.watcher.forget(list(over), vms=[self._flights[task].vm for task in over])
        ends: list[tuple[JournaledMove, Outcome]] = []
        for task, status in over.items():
            flight = self._flights[task]
            del self._ended[task]
            if flight.followed is None and self._find_other(flight, status) is None:
                del self._flights[task]
                outcome = verify(flight.item.move, status, self._seen.get(flight.vm))
                ends += self._explained(flight, self._annotated(flight, outcome))
            else:
                yield from self._land_followed(flight, status)
        yield from self.end_all(ends)

    def _read_landings(self) -> dict[MoRef, TaskStatus]:
        """The tasks that have ended, read whole; `_seen` has where their VMs are."""
        if not self._ended:
            return {}
        known = [task for task, status in self._ended.items() if not status.is_gone]
        vms = [self._flights[task].vm for task in self._ended]
        read, self._seen = self.ports.placements.read_landings(known, vms)
        return {task: self._or_history(self._flights[task], read.get(task, one)) for task, one in self._ended.items()}

    def _land_followed(self, flight: Flight, status: TaskStatus) -> Iterator[Event]:
        """Say how a flight ended that was another's, or which turns out to be another's."""
        del self._flights[flight.task]
        other = self._find_other(flight, status)
        if flight.followed is None and other is not None:
            yield from self.follow(flight.item, other, fault=status.fault)
            return
        assert flight.followed is not None
        who, move, seen = who_started(flight.followed), flight.item.move, self._seen.get(flight.vm)
        followed = verify_followed(move, seen, task=flight.task, who=who, fault=flight.fault)
        yield from self._end_followed(flight, followed)

    def _or_history(self, flight: Flight, status: TaskStatus) -> TaskStatus:
        """The reading of a task, or what the history has of it where vCenter has forgotten it."""
        if not status.is_gone or flight.item.intent_at is None or flight.followed is not None:
            return status
        found = self.ports.finder.find_ended(flight.vm, task=flight.task, since=flight.item.intent_at)
        return found if found is not None and found.state is not None and found.state.is_final else status

    def _find_other(self, flight: Flight, status: TaskStatus) -> RunningTask | None:
        """The relocation because of which our own task ended with TaskInProgress."""
        if status.fault is None:
            return None
        other = task_in_progress(status.fault.kind, status.fault.details)
        if other is None or other == flight.task or other in self._flights:
            return None
        return RunningTask(task=other)

    def _end_followed(self, flight: Flight, outcome: Outcome | None) -> Iterator[Event]:
        if outcome is None:
            self.returned.append(flight.item)
        else:
            yield self.end(flight.item, outcome)

    def _annotated(self, flight: Flight, outcome: Outcome) -> Outcome:
        outcome = replace(outcome, operation_id=flight.item.op_id)
        if flight.cancel_reason is not None and outcome.state is OutcomeState.CANCELLED:
            outcome = replace(outcome, note="; ".join(filter(None, (flight.cancel_reason, outcome.note))))
        return outcome

    def _explained(self, flight: Flight, outcome: Outcome) -> Iterator[tuple[JournaledMove, Outcome]]:
        """Have the hosts' logs read, unless somebody waits for the program to leave; what can be told at once."""
        explained = outcome if self.control.is_detaching else self.ports.explain(outcome)
        if isinstance(explained, Future):
            self._aftermath.add(flight.item, outcome, explained)
        else:
            yield flight.item, explained

    def _note_questions(self) -> Iterator[Event]:
        questions = self.ports.watcher.questions
        for flight in self._flights.values():
            question = questions.get(flight.vm)
            if question is not None and question.id != flight.question_id:
                yield MoveAsks(at=self.ports.now(), move=flight.item.move, task=flight.task.moid, question=question)
            flight.question_id = None if question is None else question.id

    def _note_stalls(self) -> Iterator[Event]:
        """By the time of the last answer: whoever sleeps after it has not seen what happened meanwhile."""
        for flight in tuple(self._flights.values()):
            stall = flight.find_stall(self._looked_s, self.patience)
            if stall is not None:
                yield self._stalled(flight, stall)

    def _stalled(self, flight: Flight, stall: Stall) -> MoveStalled:
        if self.patience.on_stall is OnStall.CANCEL:
            words = "it ran for" if stall.is_over_limit else "it made no progress for"
            self._cancel(flight, f"cancelled because {words} {stall.for_s:.0f} s")
        return MoveStalled(
            at=self.ports.now(),
            move=flight.item.move,
            task=flight.task.moid,
            progress_percent=None if flight.progress_percent < 0 else flight.progress_percent,
            for_s=stall.for_s,
            is_over_limit=stall.is_over_limit,
            is_cancelled=flight.cancel_reason is not None,
        )

    def _cancel(self, flight: Flight, reason: str) -> None:
        if flight.followed is not None or flight.cancel_reason is not None:
            return
        try:
            self.ports.relocator.cancel_task(flight.task)
        except OutcomeUnknown as error:
            _log.info("cancelling %s: %s", flight.task, error)
        except (VCenterFault, PermissionMissing) as error:
            _log.warning("%s is not cancelled: %s", flight.task, error)
        flight.cancel_reason = reason


def _is_over(status: TaskStatus) -> bool:
    return status.is_gone or (status.state is not None and status.state.is_final)
