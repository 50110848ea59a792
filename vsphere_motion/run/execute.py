"""The one loop over moves: start what fits, watch all of it through one filter, judge what ended.

Rules of this file: the journal has the intent before a relocation is asked for and the outcome before it is shown; a
relocation is asked for once, and again only where it was proven that vCenter never heard of it; what is about to start
is read right before; nothing polls. A vCenter that is away ends no run: it is waited for, and everything in flight is
read again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from vsphere_motion.errors import VCenterUnavailable
from vsphere_motion.model.event import Event, RunHalted, RunNoted, RunPaused, ServerBack, ServerLost
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.run.before import not_started
from vsphere_motion.run.flights import Flights
from vsphere_motion.run.gate import Capacity, OpenGate, StartGate
from vsphere_motion.run.halt import HaltWatch
from vsphere_motion.run.journal import Journal
from vsphere_motion.run.limits import Limits, OnInterrupt
from vsphere_motion.run.lost_answers import LostAnswers
from vsphere_motion.run.others import crowded_out_words
from vsphere_motion.run.pause import PauseWatch
from vsphere_motion.run.ports import Control, Ports
from vsphere_motion.run.recorder import Recorder
from vsphere_motion.run.records import JournaledMove
from vsphere_motion.run.starts import Starts

WAIT_S = 1.0
"""Longest single wait for updates: the time within which a Ctrl-C is noticed. It is less than what a program that is to
leave is given (`cli/signals.py`), so that it leaves in order where vCenter answers."""

START_S, MOST_START_S = 0.1, 0.5
"""For how long moves are started before those that run are looked after again: as long as that took the last time, for
with a slow server both are slow, and within these bounds."""

LOSSES = 5
"""Outages without one good turn in between after which vCenter is not away, but something else is wrong."""

NEVER_S = float("inf")


@dataclass(slots=True)
class Execution:
    """One run's moves on their way; `events()` drives them, the journal has how they ended.

    Args:
        run: the run's id; operationIDs begin with it.
        items: the open moves, in the order in which they are to start; those that have a task are watched again.
        gate: which of them wait for others.
        ended: how the moves of the run ended that are no longer open, by their positions.
        counts_others: whether the gate looks at what relocations of others take of vCenter's limits.
    """

    run: str
    items: Sequence[JournaledMove]
    ports: Ports
    journal: Journal
    control: Control
    limits: Limits = field(default_factory=Limits)
    gate: StartGate = field(default_factory=OpenGate)
    ended: Mapping[int, OutcomeState] = field(default_factory=dict)
    counts_others: bool = False
    _halt_watch: HaltWatch = field(init=False)
    _pause_watch: PauseWatch = field(init=False)
    _recorder: Recorder = field(init=False)
    _flights: Flights = field(init=False)
    _lost: LostAnswers = field(init=False)
    _starts: Starts = field(init=False)
    _deadline_s: float = NEVER_S
    _losses: int = 0
    _is_halted: bool = False
    _is_away: bool = False
    _is_over: bool = False
    _must_reread: bool = False
    _is_crowded_out: bool = False
    _looked_for_s: float = 0.0

    def __post_init__(self) -> None:
        self._halt_watch = HaltWatch(self.limits.halt, moves=len(self.items))
        self._pause_watch = PauseWatch(self.limits.pause)
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
        self._starts = Starts(
            run=self.run,
            ports=self.ports,
            recorder=self._recorder,
            flights=self._flights,
            lost=self._lost,
            is_watching=self.limits.is_watching,
            counts_others=self.counts_others and self.limits.is_watching,
            waiting={item.position: item for item in self.items if item.task is None and item.op_id is None},
        )

    def events(self) -> Iterator[Event]:
        """Run the moves to their end, or until the person or the time limit stops it.

        Raises:
            VCenterUnavailable: vCenter stayed away for longer than the limit, or waiting for it does not help.
            AccessRefused: it refused the login that an outage made necessary.
            JournalError: the journal could not be written; the details say what it lacks.
        """
        if self.limits.timeout_s is not None:
            self._deadline_s = self.ports.monotonic_s() + self.limits.timeout_s
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
            self._starts.close()
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
                yield from self._halt_watch.judged(self._pause_watch.noted(self._turn()))
                self._losses = 0
            except VCenterUnavailable as error:
                yield from self._outlast(error)

    def _is_open(self) -> bool:
        can_start = (self._starts.waiting or self._flights.returned) and not (
            self._is_halted or self._halt_watch.is_broken
        )
        return bool(self._flights or self._lost or can_start or self._flights.is_explaining)

    def _why_leave(self) -> str | None:
        if self.control.is_detaching:
            return "no longer watching"
        if self._is_late():
            return "the time limit was reached"
        if not self.limits.is_watching and (self._is_halted or not self._starts.waiting):
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
        self._starts.take_back()
        if self._halt_watch.rule.is_set:
            yield from self._flights.land()  # whether more may start depends on how these ended
        yield from self._pause()
        if not self._is_halted:
            yield from self._give_up()
            yield from self._start_more()
        elif self.control.is_halting and self.limits.on_interrupt is OnInterrupt.CANCEL:
            self._flights.cancel_own("cancelled as it was asked for")
        started_s = self.ports.monotonic_s()
        yield from self._lost.look(pause_s=WAIT_S)
        yield from self._flights.land()
        if self.limits.is_watching:
            yield from self._wait_for_gate()
            yield from self._flights.watch(timeout_s=self._wait_s())
            yield from self._flights.end_explained(wait_s=0.0 if self._flights else self._wait_s())
        self._looked_for_s = self.ports.monotonic_s() - started_s

    def _pause(self) -> Iterator[Event]:
        """Where the person wants to look, and everything that was started has ended, ask whether to go on."""
        is_busy = self._flights or self._lost or self._flights.is_explaining or self._flights.returned
        if is_busy or self._is_halted or self._halt_watch.is_broken or not self.limits.pause.is_set:
            return
        waiting = self._starts.waiting
        reason = self._pause_watch.due([item.planned.wave for item in waiting.values()])
        if reason is None:
            return
        yield RunPaused(at=self.ports.now(), reason=reason, waiting=len(waiting))
        if self.control.may_go_on():
            self._pause_watch.go_on()
        elif not self.control.is_halting:
            self._is_halted = True
            words = f"paused: {reason}; {len(waiting)} wait, and nobody is there to let them go on"
            yield RunHalted(at=self.ports.now(), reason=words, detached=False, is_breach=True)

    def _wait_for_gate(self) -> Iterator[Event]:
        """Where nothing runs and nothing may start, such as outside of a window, let a moment pass."""
        is_idle = self._starts.waiting and not (
            self._flights or self._lost or self._is_halted or self._flights.returned
        )
        if is_idle and not self._ready():
            if self._starts.others and not self._is_crowded_out:
                yield RunNoted(at=self.ports.now(), text=crowded_out_words(self._starts.others))
            self._is_crowded_out = bool(self._starts.others)
            self.ports.pause(self._wait_s())

    def _wait_s(self) -> float:
        return min(WAIT_S, max(0.0, self._deadline_s - self.ports.monotonic_s()))

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
        running, waiting = len(self._flights) + len(self._lost), len(self._starts.waiting)
        yield ServerLost(at=self.ports.now(), reason=error.message, running=running, waiting=waiting)
        if not self._wait_until_back():
            if self._is_stopping():
                return
            raise error
        self._is_away, self._must_reread = False, True
        self._starts.forget_reading()
        yield ServerBack(at=self.ports.now(), away_s=self.ports.monotonic_s() - since_s)

    def _wait_until_back(self) -> bool:
        return self.ports.presence.wait_until_back(is_stopping=self._is_stopping, limit_s=self.limits.outage_limit_s)

    def _is_stopping(self) -> bool:
        """Whether there is nothing to wait for: nobody watches on, or nothing runs and nothing more may start."""
        is_idle = self.control.is_halting and not self._flights and not self._lost
        return self.control.is_detaching or is_idle or self._is_late()

    # -- starting -------------------------------------------------------------------------------------------------

    def _start_more(self) -> Iterator[Event]:
        """Start what may start, for a moment: news of what runs is not to wait for long."""
        until_s = self.ports.monotonic_s() + min(MOST_START_S, max(START_S, self._looked_for_s))
        if not self._ready():
            self._starts.look_around()
        while (ready := self._ready()) and self.ports.monotonic_s() <= until_s:
            yield from self._starts.start(ready, may_go_on=lambda: self._may_start_on(until_s))
            failure = self._recorder.failure
            if failure is not None:
                self._is_halted = True
                reason = f"no further moves start: {failure.message}"
                yield RunHalted(at=self.ports.now(), reason=reason, detached=False)

    def _may_start_on(self, until_s: float) -> bool:
        is_stopped = self.control.is_halting or self._is_halted or self._recorder.failure is not None
        return not is_stopped and self._room() > 0 and self.ports.monotonic_s() <= until_s

    def _ready(self) -> list[JournaledMove]:
        """The waiting moves that may start now, as far as they wait for no other and there is room."""
        waiting, room = self._starts.waiting, self._room()
        if not waiting or room <= 0 or self.control.is_halting or self._is_halted:
            return []
        limits = self.limits
        now = Capacity(
            max_concurrent=limits.max_concurrent if limits.is_watching else None,
            max_per_host=limits.max_per_host,
            others=self._starts.others,
        )
        running = self._flights.own_positions | self._lost.positions
        ready = self.gate.ready(tuple(waiting), running=running, ended=self._flights.ended, now=now)
        if limits.pause.is_set:
            told = [(position, waiting[position].planned.wave) for position in ready]
            ready = tuple(self._pause_watch.allowed(told, [item.planned.wave for item in waiting.values()]))
        return [waiting[position] for position in ready[:room]]

    def _give_up(self) -> Iterator[Event]:
        """Say what can never start, because what it relied on did not take place."""
        waiting = self._starts.waiting
        under_way = self._flights.positions | self._lost.positions
        lost = self.gate.given_up(tuple(waiting), running=under_way, ended=self._flights.ended)
        names = {item.position: item.move.vm.name for item in self.items} if lost else {}
        for position, cause in lost.items():
            before = names.get(cause, f"move {cause} of the run")
            words = f"it was to start after {before} had moved, which did not take place"
            yield self._starts.settle(waiting[position], not_started(waiting[position].move, words))

    def _room(self) -> int:
        """How many more may start now."""
        if not self.limits.is_watching:
            return len(self._starts.waiting)
        free = self.limits.max_concurrent - self._flights.own - len(self._lost)
        return self._halt_watch.room(free, untold=self._flights.untold)
