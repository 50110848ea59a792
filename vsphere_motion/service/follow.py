"""What a door without a terminal keeps of a run's events: how far each VM came, what was said, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from vsphere_motion.model.event import (
    Event,
    MoveAsks,
    MoveProgressed,
    MoveStalled,
    RunEnded,
    RunHalted,
    RunNoted,
    RunStarted,
    ServerLost,
)
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.report import Report
from vsphere_motion.report.event_words import event_line

Tell = Callable[[str], None]

PERCENT_EVERY = timedelta(seconds=5)
"""How often the percentage of one VM is told at most."""


@dataclass(slots=True)
class Followed:
    """A run as it was seen.

    Args:
        run: its id; None before it began.
        report: how it ended; None where it did not.
        percents: the last percentage of each VM that has reported one.
        warnings: what a person should look at, in words.
        is_breached: it stopped by itself, because a move broke one of its rules.
    """

    run: str | None = None
    report: Report | None = None
    percents: dict[MoRef, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    is_breached: bool = False

    def take(self, event: Event) -> None:
        """Keep what matters of an event."""
        match event:
            case RunStarted():
                self.run = event.run
            case MoveProgressed():
                self.percents[event.move.vm.ref] = event.progress_percent
            case RunEnded():
                self.report = event.report
            case RunHalted():
                self.is_breached = self.is_breached or event.is_breach
        if isinstance(event, MoveStalled | MoveAsks | ServerLost) or _is_warning(event):
            self.warnings.append(event_line(event) or "")

    def count(self, *states: OutcomeState) -> int:
        """How many moves of the report ended in one of these states."""
        return sum(self.report.count(state) for state in states) if self.report else 0


def follow(events: Iterable[Event], tell: Tell) -> Followed:
    """Take every event of a run up to its end, and tell each change in one line as it comes.

    Raises:
        MotionError: what the run raises; what was followed until then is lost but in the journal.
    """
    followed, pace = Followed(), _Pace()
    with closing(_generator(events)) as source:
        for event in source:
            followed.take(event)
            line = event_line(event) if pace.lets(event) else None
            if line is not None:
                tell(line)
    return followed


class _Pace:
    """Lets percentages of one VM through now and then, so that many VMs can be read; everything else always."""

    def __init__(self) -> None:
        self._told: dict[MoRef, datetime] = {}

    def lets(self, event: Event) -> bool:
        if not isinstance(event, MoveProgressed):
            return True
        vm, last = event.move.vm.ref, self._told.get(event.move.vm.ref)
        if last is not None and event.at - last < PERCENT_EVERY:
            return False
        self._told[vm] = event.at
        return True


def _is_warning(event: Event) -> bool:
    """A run that is only left, as it was asked to be or as its result says, is no warning."""
    return (isinstance(event, RunNoted) and event.is_warning) or (isinstance(event, RunHalted) and not event.detached)


def _generator(events: Iterable[Event]) -> Generator[Event, None, None]:
    """The events as a generator, so that closing it closes theirs."""
    yield from events
