"""The relocations in flight: watch them all through one filter, judge those that ended, speak of those that hang.

Rules of this file: a flight stays in flight until its VM was read after its end, so that an outage in between loses
nothing; a task that somebody else started is watched, never cancelled.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
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
    _aftermath: Aftermath = field(default_factory=Aftermath)
    _looked_s: float = float("inf")

    def __len__(self) -> int:
        return len(self._flights)

    @property
    def positions(self) -> frozenset[int]:
        """The moves of the run that are in flight, also those that are only followed."""
        return frozenset(flight.item.position for flight in self._flights.values())

    @property
    def own_positions(self) -> frozenset[int]:
        """Those of them whose relocation is ours."""
        return frozenset(flight.item.position for flight in self._flights.values() if flight.followed is None)

    @property
    def own(self) -> int:
        """How many relocations of ours are in flight; one that is only followed does not count."""
        return sum(1 for flight in self._flights.values() if flight.followed is None)

    @property
    def is_explaining(self) -> bool:
        """Whether moves have ended whose logs are still being read; they hold up nothing that starts."""
        return len(self._aftermath) > 0

    def launch(self, item: JournaledMove, task: MoRef, *, resumed: bool = False) -> Iterator[Event]:
        """Watch a relocation of ours from now on."""
        self.recorder.write_task(self.run, item.position, task, vm=item.move.vm.ref)
        self._flights[task] = Flight(item=item, task=task, progress_s=self.ports.monotonic_s())
        yield MoveStarted(
            at=self.ports.now(), move=item.move, task=task.moid, memory_bytes=item.memory_bytes, resumed=resumed
        )
        self.ports.watcher.watch([task], vms=[item.move.vm.ref])

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
        self.recorder.write_outcome(self.run, item.position, outcome)
        self.ended[item.position] = outcome.state
        return MoveEnded(at=self.ports.now(), outcome=outcome)

    def leave_open(self, item: JournaledMove, note: str) -> MoveEnded:
        """Say that the end of a move is not known; its row in the journal stays open."""
        outcome = Outcome(move=item.move, state=OutcomeState.UNKNOWN, note=note)
        self.ended[item.position] = outcome.state
        return MoveEnded(at=self.ports.now(), outcome=outcome)

    def end_explained(self, *, wait_s: float) -> Iterator[Event]:
        """Tell the ends whose logs have been read by now."""
        for item, outcome in self._aftermath.take(wait_s=wait_s):
            yield self.end(item, outcome)

    def end_unexplained(self) -> Iterator[Event]:
        """Tell every end that waits for its logs, with or without them."""
        for item, outcome in self._aftermath.give_up():
            yield self.end(item, outcome)

    def _process(self, statuses: Sequence[TaskStatus]) -> Iterator[Event]:
        ended: dict[MoRef, TaskStatus] = {}
        for status in statuses:
            flight = self._flights.get(status.task)
            if flight is None:
                continue
            if flight.take(status, self.ports.monotonic_s()):
                yield self._progressed(flight)
            if status.is_gone or (status.state is not None and status.state.is_final):
                ended[status.task] = status
        if ended:
            yield from self._land(tuple(ended.values()))

    def _progressed(self, flight: Flight) -> MoveProgressed:
        return MoveProgressed(
            at=self.ports.now(),
            move=flight.item.move,
            task=flight.task.moid,
            progress_percent=flight.progress_percent,
        )

    def _land(self, ended: Sequence[TaskStatus]) -> Iterator[Event]:
        flights = [self._flights[status.task] for status in ended]
        seen = self.ports.placements.read_placements([flight.vm for flight in flights])
        self.ports.watcher.forget([status.task for status in ended], vms=[flight.vm for flight in flights])
        for status, flight in zip(ended, flights, strict=True):
            yield from self._judge(flight, status, seen.get(flight.vm))

    def _judge(self, flight: Flight, status: TaskStatus, seen: SeenPlacement | None) -> Iterator[Event]:
        """Say how one flight ended; only then it is no longer in flight."""
        other = self._find_other(flight, status)
        if flight.followed is not None:
            who, move = who_started(flight.followed), flight.item.move
            followed = verify_followed(move, seen, task=flight.task, who=who, fault=flight.fault)
            del self._flights[flight.task]
            yield from self._end_followed(flight, followed)
        elif other is not None:
            del self._flights[flight.task]
            yield from self.follow(flight.item, other, fault=status.fault)
        else:
            outcome = verify(flight.item.move, self._or_history(flight, status), seen)
            del self._flights[flight.task]
            yield from self._explain(flight, self._annotated(flight, outcome))

    def _or_history(self, flight: Flight, status: TaskStatus) -> TaskStatus:
        """The reading of a task, or what the history has of it where vCenter has forgotten it."""
        if not status.is_gone or flight.item.intent_at is None:
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

    def _explain(self, flight: Flight, outcome: Outcome) -> Iterator[Event]:
        """Have the hosts' logs read, unless somebody waits for the program to leave."""
        explained = outcome if self.control.is_detaching else self.ports.explain(outcome)
        if isinstance(explained, Future):
            self._aftermath.add(flight.item, outcome, explained)
        else:
            yield self.end(flight.item, explained)

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
