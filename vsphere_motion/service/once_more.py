"""The story of a run whose plan is made again on its way: what was refused goes elsewhere, as part of the same run.

Rules of this file: a VM is never sent again to a host that refused it; a run that was halted, left or stopped by one
of its rules is not planned again; how often is the planner's to bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

from vsphere_motion.model.event import Event, RunHalted, RunNoted
from vsphere_motion.model.plan import PlannedMove
from vsphere_motion.run.journal import Journal, JournaledMove, JournaledRun
from vsphere_motion.run.workbook import Asked, Workbook


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """More moves of a run.

    Args:
        moves: they rely on each other by their place among them.
        notes: what is to be said before they start.
    """

    moves: tuple[PlannedMove, ...]
    notes: tuple[RunNoted, ...] = ()


class Replan(Protocol):
    """Plans the rest of a run again.

    Args:
        asked: what the plan was made of, for a process that goes on with the run.
    """

    @property
    def asked(self) -> Asked: ...

    def __call__(self, journaled: JournaledRun) -> Again | None:
        """More moves for a run all of whose moves have ended; None where it is over."""
        ...


Watch: TypeAlias = Callable[[JournaledRun, tuple[PlannedMove, ...]], Iterable[Event]]
"""Starts and watches the open moves of a run."""


def with_replans(
    first: Iterable[Event], replan: Replan | None, *, run: str, journal: Journal, watch: Watch
) -> Iterator[Event]:
    """The events of a run's moves, and of those that are planned because of how they ended."""
    events, is_halted = first, False
    while True:
        for event in events:
            is_halted = is_halted or isinstance(event, RunHalted)
            yield event
        journaled = journal.load_run(run)
        again = None if replan is None or is_halted or not journaled.is_finished else replan(journaled)
        if again is None:
            return
        yield from again.notes
        if not again.moves:
            return
        Workbook(journal).add_moves(run, _rows(again.moves, len(journaled.moves)))
        events = watch(journal.load_run(run), again.moves)


def _rows(moves: tuple[PlannedMove, ...], first: int) -> list[JournaledMove]:
    """The moves as rows behind those that there are, who waits for whom with the places that they have there."""
    return [
        JournaledMove(
            position=first + place,
            planned=replace(planned, relies_on=tuple(first + other for other in planned.relies_on)),
            memory_bytes=planned.memory_bytes,
        )
        for place, planned in enumerate(moves)
    ]
