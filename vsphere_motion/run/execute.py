"""The one loop over moves: start what fits, watch all of it through one filter, judge what ended.

Rules of this file: the journal has the intent before a relocation is asked for and the outcome before it is shown; a
relocation is asked for once, and again only where it was proven that vCenter never heard of it; what is about to start
is read right before; nothing polls. A vCenter that is away ends no run: it is waited for, and everything in flight is
read again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from vsphere_motion.errors import AccessRefused, OutcomeUnknown, PermissionMissing, VCenterFault, VCenterUnavailable
from vsphere_motion.model.current import CurrentState, RunningTask
from vsphere_motion.model.event import Event, MoveEnded, RunHalted, ServerBack, ServerLost
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import Fault
from vsphere_motion.run.before import Adopt, Follow, Settle, Start, judge, not_started, task_in_progress, who_started
from vsphere_motion.run.flights import Flights
from vsphere_motion.run.gate import Capacity, OpenGate, StartGate
from vsphere_motion.run.halt import HaltWatch
from vsphere_motion.run.journal import Journal
from vsphere_motion.run.limits import Limits, OnInterrupt
from vsphere_motion.run.locks import words_of
from vsphere_motion.run.lost_answers import LostAnswers
from vsphere_motion.run.ports import Control, Ports
from vsphere_motion.run.recorder import Recorder
from vsphere_motion.run.records import JournaledMove

WAIT_S = 1.0
"""Longest single wait for updates: the time within which a Ctrl-C is noticed. It is less than what a program that is to
leave is given (`cli/signals.py`), so that it leaves in order where vCenter answers."""

FRESH_S = 0.5
"""How old a reading may be when the start of a move begins; the call itself is sent within a second of the reading."""

BATCH = 100
"""Most VMs that are read together before they start: more would be stale before the last one's turn."""

LOSSES = 5
"""Outages without one good turn in between after which vCenter is not away, but something else is wrong."""

NEVER_S = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What was read for the moves that start next, and when, on the run's monotonic clock."""

    state: CurrentState = field(default_factory=CurrentState)
    vms: frozenset[MoRef] = frozenset()
    at_s: float = -NEVER_S


@dataclass(slots=True)
class Execution:
    """One run's moves on their way; `events()` drives them, the journal has how they ended.

    Args:
        run: the run's id; operationIDs begin with it.
        items: the open moves, in the order in which they are to start; those that have a task are watched again.
        gate: which of them wait for others.
        ended: how the moves of the run ended that are no longer open, by their positions.
    """

    run: str
    items: Sequence[JournaledMove]
    ports: Ports
    journal: Journal
    control: Control
    limits: Limits = field(default_factory=Limits)
    gate: StartGate = field(default_factory=OpenGate)
    ended: Mapping[int, OutcomeState] = field(default_factory=dict)
    _halt_watch: HaltWatch = field(init=False)
    _recorder: Recorder = field(init=False)
    _flights: Flights = field(init=False)
    _waiting: list[JournaledMove] = field(default_factory=list)
    _lost: LostAnswers = field(init=False)
    _rivals: set[MoRef] = field(default_factory=set)
    _reading: _Reading = field(default_factory=_Reading)
    _deadline_s: float = NEVER_S
    _losses: int = 0
    _is_halted: bool = False
    _is_away: bool = False
    _is_over: bool = False
    _must_reread: bool = False

    def __post_init__(self) -> None:
        self._halt_watch = HaltWatch(self.limits.halt)
        self._recorder = Recorder(journal=self.journal)
        self._flights = Flights(
            run=self.run,
            ports=self.ports,
            recorder=self._recorder,
            control=self.control,
            patience=self.limits.patience,
            ended=dict(self.ended),
        )
        self._lost = LostAnswers(run=self.run, ports=self.ports, recorder=self._recorder, flights=self._flights)

    def events(self) -> Iterator[Event]:
        """Run the moves to their end, or until the person or the time limit stops it.

        Raises:
            VCenterUnavailable: vCenter stayed away for longer than the limit, or waiting for it does not help.
            AccessRefused: it refused the login that an outage made necessary.
            JournalError: the journal could not be written; the details say what it lacks.
        """
        if self.limits.timeout_s is not None:
            self._deadline_s = self.ports.monotonic_s() + self.limits.timeout_s
        self._waiting = [item for item in self.items if item.task is None and item.op_id is None]
        try:
            for item in self.items:
                if item.task is None and item.op_id is not None:
                    self._lost.add(item)
                elif item.task is not None:
                    yield from self._halt_watch.judged(self._flights.launch(item, item.task, resumed=True))
            yield from self._loop()
            self._is_over = True
            self._recorder.require_written(self.run)
        finally:
            tuple(self._flights.end_unexplained())  # nobody is told any more, but the journal is
            if self._may_close():
                self.ports.watcher.close()

    def _may_close(self) -> bool:
        """Whether there is time and a server to clean up on; a logout does it as well."""
        return not self._is_away and (self._is_over or not self.control.is_detaching)

    def _loop(self) -> Iterator[Event]:
        while self._is_open():
            reason = self._why_leave()
            if reason is not None:
                yield from self._flights.end_unexplained()
                yield RunHalted(at=self.ports.now(), reason=reason, detached=True)
                return
            if self.control.is_halting and not self._is_halted:
                yield self._halt()
            try:
                yield from self._halt_watch.judged(self._turn())
                self._losses = 0
            except VCenterUnavailable as error:
                yield from self._outlast(error)

    def _is_open(self) -> bool:
        can_start = (self._waiting or self._flights.returned) and not (self._is_halted or self._halt_watch.is_broken)
        return bool(self._flights or self._lost or can_start or self._flights.is_explaining)

    def _why_leave(self) -> str | None:
        if self.control.is_detaching:
            return "no longer watching"
        if self._is_late():
            return "the time limit was reached"
        if not self.limits.is_watching and (self._is_halted or not self._waiting):
            return "what could start is started; nobody waits for it"
        return None

    def _is_late(self) -> bool:
        return self.ports.monotonic_s() >= self._deadline_s

    def _halt(self) -> RunHalted:
        self._is_halted = True
        reason = "no further moves start"
        if self.limits.on_interrupt is OnInterrupt.CANCEL:
            reason += "; vCenter is asked to cancel those that run"
        return RunHalted(at=self.ports.now(), reason=reason, detached=False)

    def _turn(self) -> Iterator[Event]:
        if self._must_reread:
            yield from self._flights.reread()
            self._must_reread = False
        self._take_back()
        if not self._is_halted:
            yield from self._give_up()
            yield from self._start_more()
        elif self.control.is_halting and self.limits.on_interrupt is OnInterrupt.CANCEL:
            self._flights.cancel_own("cancelled as it was asked for")
        yield from self._lost.look(pause_s=WAIT_S)
        if self.limits.is_watching:
            self._wait_for_gate()
            yield from self._flights.watch(timeout_s=self._wait_s())
            yield from self._flights.end_explained(wait_s=0.0 if self._flights else self._wait_s())

    def _wait_for_gate(self) -> None:
        """Where nothing runs and nothing may start, such as outside of a window, let a moment pass; ask nobody."""
        is_idle = self._waiting and not (self._flights or self._lost or self._is_halted or self._flights.returned)
        if is_idle and not self._ready():
            self.ports.pause(self._wait_s())

    def _wait_s(self) -> float:
        return min(WAIT_S, max(0.0, self._deadline_s - self.ports.monotonic_s()))

    def _take_back(self) -> None:
        """Let those wait again whose VM somebody else tried to move and left where it was."""
        if self._flights.returned:
            self._reading = _Reading()
            self._waiting[:0] = self._flights.returned
            self._flights.returned.clear()

    # -- vCenter away ---------------------------------------------------------------------------------------------

    def _outlast(self, error: VCenterUnavailable) -> Iterator[Event]:
        """Wait until vCenter is back; nothing is given up and nothing is started meanwhile.

        Raises:
            VCenterUnavailable: the error, where waiting does not help or has lasted too long.
        """
        self._losses += 1
        if not error.may_pass or self._losses > LOSSES:
            raise error
        since_s = self.ports.monotonic_s()
        self._is_away = True
        running, waiting = len(self._flights) + len(self._lost), len(self._waiting)
        yield ServerLost(at=self.ports.now(), reason=error.message, running=running, waiting=waiting)
        if not self._wait_until_back():
            if self._is_stopping():
                return
            raise error
        self._is_away, self._must_reread, self._reading = False, True, _Reading()
        yield ServerBack(at=self.ports.now(), away_s=self.ports.monotonic_s() - since_s)

    def _wait_until_back(self) -> bool:
        return self.ports.presence.wait_until_back(is_stopping=self._is_stopping, limit_s=self.limits.outage_limit_s)

    def _is_stopping(self) -> bool:
        """Whether there is nothing to wait for: nobody watches on, or nothing runs and nothing more may start."""
        is_idle = self.control.is_halting and not self._flights and not self._lost
        return self.control.is_detaching or is_idle or self._is_late()

    # -- starting -------------------------------------------------------------------------------------------------

    def _start_more(self) -> Iterator[Event]:
        while ready := self._ready():
            for place, item in enumerate(ready):
                if self._room() <= 0 or self.control.is_halting or self._is_halted:
                    return
                match judge(item, self._read_before_start(ready[place:]), run=self.run):
                    case Start():
                        yield from self._start(item)
                    case Settle(outcome=outcome):
                        yield self._settle(item, outcome)
                    case Follow(running=running):
                        yield from self._follow(item, running)
                    case Adopt(running=running):
                        yield from self._adopt(item, running)

    def _ready(self) -> list[JournaledMove]:
        """The waiting moves that may start now, as far as they wait for no other and there is room."""
        if not self._waiting or self._room() <= 0 or self.control.is_halting or self._is_halted:
            return []
        limits = self.limits
        now = Capacity(
            max_concurrent=limits.max_concurrent if limits.is_watching else None, max_per_host=limits.max_per_host
        )
        by_position = {item.position: item for item in self._waiting}
        running = self._flights.own_positions | self._lost.positions
        ready = self.gate.ready(tuple(by_position), running=running, ended=self._flights.ended, now=now)
        return [by_position[position] for position in ready]

    def _give_up(self) -> Iterator[Event]:
        """Say what can never start, because what it relied on did not take place."""
        waiting = {item.position: item for item in self._waiting}
        under_way = self._flights.positions | self._lost.positions
        lost = self.gate.given_up(tuple(waiting), running=under_way, ended=self._flights.ended)
        names = {item.position: item.move.vm.name for item in self.items} if lost else {}
        for position, cause in lost.items():
            before = names.get(cause, f"move {cause} of the run")
            words = f"it was to start after {before} had moved, which did not take place"
            yield self._settle(waiting[position], not_started(waiting[position].move, words))

    def _room(self) -> int:
        """How many more may start now."""
        if not self.limits.is_watching:
            return len(self._waiting)
        free = self.limits.max_concurrent - self._flights.own - len(self._lost)
        return self._halt_watch.room(free, is_explaining=self._flights.is_explaining)

    def _read_before_start(self, ready: Sequence[JournaledMove]) -> CurrentState:
        """How things are for the first of these moves, read with those that start together with it."""
        now_s = self.ports.monotonic_s()
        if now_s - self._reading.at_s > FRESH_S or ready[0].move.vm.ref not in self._reading.vms:
            batch = [item.move for item in ready[: min(self._room(), BATCH)]]
            vms = tuple(dict.fromkeys(move.vm.ref for move in batch))
            hosts = tuple(dict.fromkeys(move.destination.host.ref for move in batch if move.destination.host))
            closely = {move.vm.ref for move in batch if move.destination.disks or move.destination.nics}
            state = self.ports.states.read_before_start(vms, hosts, with_devices=closely)
            self._reading = _Reading(state=state, vms=frozenset(vms), at_s=now_s)
        return self._reading.state

    def _start(self, item: JournaledMove) -> Iterator[Event]:
        """Ask for one relocation; the move waits on where vCenter turned out to be away before the call was sent."""
        at = self.ports.clock.now()
        op_id = f"vsphere-motion-{self.run}-{item.position}-{int(at.timestamp() * 1000):x}"
        if not self._recorder.write_intent(self.run, item.position, op_id=op_id, at=at):
            yield from self._not_taken(item)
            return
        asked = replace(item, op_id=op_id, intent_at=at)
        try:
            task = self.ports.relocator.start_relocation(item.move, op_id=op_id)
        except (VCenterFault, PermissionMissing) as error:
            yield from self._refused(item, asked, error)
        except OutcomeUnknown as error:
            self._waiting.remove(item)
            self._lost.add(asked, error)
        except (VCenterUnavailable, AccessRefused):
            self._recorder.withdraw_intent(self.run, item.position)
            raise
        else:
            self._waiting.remove(item)
            yield from self._flights.launch(asked, task)

    def _refused(
        self, item: JournaledMove, asked: JournaledMove, error: VCenterFault | PermissionMissing
    ) -> Iterator[Event]:
        """The call itself was refused, so nothing was started; if that is because the VM moves already, follow that."""
        kind = error.fault_kind if isinstance(error, VCenterFault) else "NoPermission"
        other = task_in_progress(kind, error.details)
        if other is not None:
            self._recorder.withdraw_intent(self.run, item.position)
            yield from self._follow(item, RunningTask(task=other))
            return
        fault = Fault(kind=kind, message=error.message, details=error.details)
        note = "vCenter refused to start the move"
        yield self._settle(
            item, Outcome(move=asked.move, state=OutcomeState.FAILED, fault=fault, note=note, operation_id=asked.op_id)
        )

    def _settle(self, item: JournaledMove, outcome: Outcome) -> MoveEnded:
        self._waiting.remove(item)
        return self._flights.end(item, outcome)

    def _follow(self, item: JournaledMove, running: RunningTask) -> Iterator[Event]:
        """Watch what somebody else started for this VM; where nobody watches, the move is given up."""
        if self.limits.is_watching:
            self._waiting.remove(item)
            yield from self._flights.follow(item, running)
        else:
            words = f"{who_started(running)} is moving it already ({running.task.moid})"
            yield self._settle(item, not_started(item.move, words))

    def _adopt(self, item: JournaledMove, running: RunningTask) -> Iterator[Event]:
        """Watch a relocation that this very move was asked for with before; the journal gets its intent back."""
        assert running.operation_id is not None
        at = self.ports.clock.now()
        if not self._recorder.write_intent(self.run, item.position, op_id=running.operation_id, at=at):
            yield from self._not_taken(item)
            return
        self._waiting.remove(item)
        adopted = replace(item, op_id=running.operation_id, intent_at=at)
        yield from self._flights.launch(adopted, running.task, resumed=True)

    def _not_taken(self, item: JournaledMove) -> Iterator[Event]:
        """The intent is not in the journal: because it cannot be written, or because another process was first."""
        if self._recorder.failure is not None:
            self._is_halted = True
            reason = f"no further moves start: {self._recorder.failure.message}"
            yield RunHalted(at=self.ports.now(), reason=reason, detached=False)
        else:
            yield from self._yield_to_rival(item)

    def _yield_to_rival(self, item: JournaledMove) -> Iterator[Event]:
        """The journal gave this VM to another process: follow its task once, otherwise say who has it."""
        rival = self._recorder.find_rival(self.run, item.position)
        if rival is None:
            self._waiting.remove(item)
            yield self._flights.leave_open(item, "another process has taken this move of the run")
            return
        task = rival.item.task
        if task is None or task in self._rivals:
            yield self._settle(item, not_started(item.move, words_of(rival, self.ports.clock.now())))
            return
        self._rivals.add(task)
        yield from self._follow(item, RunningTask(task=task, operation_id=rival.item.op_id))
