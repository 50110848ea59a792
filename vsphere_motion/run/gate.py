"""Which waiting moves of a run may start now: those whose predecessors have moved, within the window.

Rules of this file: a move waits for others only as the plan says; it never starts when one of them ended in another
way than well. Moves are named by their position in the run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Protocol

from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.schedule import Slot
from vsphere_motion.planning.window import Window

WELL = frozenset({OutcomeState.MOVED, OutcomeState.UNCHANGED})
"""Ends of a move after which its VM is where the plan wants it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What a move needs to start.

    Args:
        relies_on: positions of moves that must have ended well before.
        costs: the units it takes of each object while it runs.
    """

    relies_on: tuple[int, ...] = ()
    costs: tuple[tuple[Slot, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What may run at once.

    Args:
        max_concurrent: moves of ours; None: as many as vCenter's limits let.
        max_per_host: moves of ours that a host takes part in; None: as above.
        others: units that moves of others take now.
    """

    max_concurrent: int | None = None
    max_per_host: int | None = None
    others: Mapping[Slot, int] = field(default_factory=dict)


class StartGate(Protocol):
    """Decides which waiting moves start."""

    def ready(
        self, waiting: Sequence[int], *, running: AbstractSet[int], ended: Mapping[int, OutcomeState], now: Capacity
    ) -> tuple[int, ...]:
        """The waiting moves that may start now, all of them together, in the order in which they wait.

        Args:
            running: positions of our moves that were asked for and have not ended.
            ended: how each of our other moves ended.
        """
        ...

    def given_up(
        self, waiting: Sequence[int], *, running: AbstractSet[int], ended: Mapping[int, OutcomeState]
    ) -> dict[int, int]:
        """The waiting moves that can never start, each with the move that it relied on in vain."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenGate:
    """A `StartGate` for moves in any order: everything may start that fits."""

    def ready(
        self, waiting: Sequence[int], *, running: AbstractSet[int], ended: Mapping[int, OutcomeState], now: Capacity
    ) -> tuple[int, ...]:
        """As many of the first as may run at once."""
        del ended
        room = len(waiting) if now.max_concurrent is None else max(0, now.max_concurrent - len(running))
        return tuple(waiting[:room])

    def given_up(
        self, waiting: Sequence[int], *, running: AbstractSet[int], ended: Mapping[int, OutcomeState]
    ) -> dict[int, int]:
        """None: no move relies on another."""
        del waiting, running, ended
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanGate:
    """A `StartGate` for the moves of a plan.

    Args:
        starts: what each move needs, by its position; a move that is not named needs nothing.
    """

    starts: Mapping[int, Start]

    def ready(
        self, waiting: Sequence[int], *, running: AbstractSet[int], ended: Mapping[int, OutcomeState], now: Capacity
    ) -> tuple[int, ...]:
        """The moves whose predecessors are where they belong, as far as the window has room for their costs.

        A move that does not fit lets smaller ones behind it pass: what it waits for is taken by ours or by others and
        becomes free, so it does not wait for ever.
        """
        window = Window(others=now.others, max_concurrent=now.max_concurrent, max_per_host=now.max_per_host)
        for position in sorted(running):
            window.take(self._of(position).costs)
        chosen = []
        for position in waiting:
            start = self._of(position)
            if self._may(start, ended) and window.fits(start.costs):
                window.take(start.costs)
                chosen.append(position)
        return tuple(chosen) or (() if running else self._first(waiting, ended))

    def _first(self, waiting: Sequence[int], ended: Mapping[int, OutcomeState]) -> tuple[int, ...]:
        """Where nothing of ours runs, one may start that would never fit: what others do is over some day."""
        alone = Window()
        return tuple(
            position
            for position in waiting
            if self._may(self._of(position), ended) and not alone.fits(self._of(position).costs)
        )[:1]

    def given_up(
        self, waiting: Sequence[int], *, running: AbstractSet[int], ended: Mapping[int, OutcomeState]
    ) -> dict[int, int]:
        """What relies on a move that did not take place or is not there, and what relies on that in turn."""
        lost: dict[int, int] = {}
        hopeful = {*waiting, *running, *(position for position, state in ended.items() if state in WELL)}
        candidates = [position for position in waiting if self._of(position).relies_on]
        while True:
            more = {
                position: cause
                for position in candidates
                if position in hopeful and (cause := self._first_without(position, hopeful)) is not None
            }
            if not more:
                return lost
            lost |= more
            hopeful -= more.keys()

    def _first_without(self, position: int, hopeful: AbstractSet[int]) -> int | None:
        return next((one for one in self._of(position).relies_on if one not in hopeful), None)

    def _may(self, start: Start, ended: Mapping[int, OutcomeState]) -> bool:
        return all(ended.get(position) in WELL for position in start.relies_on)

    def _of(self, position: int) -> Start:
        return self.starts.get(position, _NOTHING)


_NOTHING = Start()
