"""Moves that have ended and whose hosts' logs are still being read, beside the loop.

Rules of this file: a move's end is told once, with what the logs say if they have said it by then. Nothing that happens
to the reading changes how the move ended.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field

from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.run.records import JournaledMove

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """One move's end, and the same end with what the logs say, once it is there."""

    item: JournaledMove
    outcome: Outcome
    explained: Future[Outcome]


@dataclass(slots=True)
class Aftermath:
    """The ends that wait for their logs, in the order in which they came."""

    _readings: list[_Reading] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._readings)

    @property
    def states(self) -> tuple[OutcomeState, ...]:
        """How those moves ended."""
        return tuple(reading.outcome.state for reading in self._readings)

    def add(self, item: JournaledMove, outcome: Outcome, explained: Future[Outcome]) -> None:
        """Keep an end until its logs have been read."""
        self._readings.append(_Reading(item=item, outcome=outcome, explained=explained))

    def take(self, *, wait_s: float) -> Iterator[tuple[JournaledMove, Outcome]]:
        """The ends whose logs have been read; waits for the first of them, if there is none yet.

        Args:
            wait_s: longest wait; 0: none.
        """
        wait([reading.explained for reading in self._readings], timeout=wait_s, return_when=FIRST_COMPLETED)
        for reading in [reading for reading in self._readings if reading.explained.done()]:
            self._readings.remove(reading)
            yield reading.item, _told(reading)

    def give_up(self) -> Iterator[tuple[JournaledMove, Outcome]]:
        """Every end that waits; without what the logs say, where that is not there yet."""
        while self._readings:
            reading = self._readings.pop(0)
            yield reading.item, _told(reading) if reading.explained.done() else reading.outcome


def _told(reading: _Reading) -> Outcome:
    problem = reading.explained.exception()
    if problem is None:
        return reading.explained.result()
    _log.warning("the hosts' logs about %s were not read: %r", reading.item.move.vm.moid, problem)
    return reading.outcome
