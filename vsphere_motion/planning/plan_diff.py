"""What is different between two plans, VM by VM."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from vsphere_motion.model.plan_file import PlanFile, PlanMove

Words = Callable[[PlanFile], Sequence[str]]
"""Where each move of a plan brings its VM, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChange:
    """A VM that two plans do not treat alike.

    Args:
        before, after: where it goes in turn; () where the plan does not move it.
    """

    name: str
    moid: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def hosts_of(plan: PlanFile) -> tuple[str, ...]:
    """The host of each move."""
    return tuple(move.destination.name for move in plan.moves)


def changes_between(before: PlanFile, after: PlanFile, words: Words = hosts_of) -> tuple[PlanChange, ...]:
    """The VMs whose ways differ, by name."""
    return tuple(sorted(_changes(before, after, words), key=lambda one: (one.name, one.moid)))


def _changes(before: PlanFile, after: PlanFile, words: Words) -> Iterator[PlanChange]:
    ways = _ways(before, words), _ways(after, words)
    for moid in ways[0].keys() | ways[1].keys():
        first, second = ways[0].get(moid, []), ways[1].get(moid, [])
        if [_end(move) for move, _ in first] != [_end(move) for move, _ in second]:
            yield PlanChange(
                name=(first or second)[0][0].vm.name,
                moid=moid,
                before=tuple(told for _, told in first),
                after=tuple(told for _, told in second),
            )


def _end(move: PlanMove) -> tuple[object, ...]:
    """What of a move decides where its VM ends."""
    return move.destination.moid, move.place


def _ways(plan: PlanFile, words: Words) -> dict[str, list[tuple[PlanMove, str]]]:
    found: dict[str, list[tuple[PlanMove, str]]] = {}
    for move, told in zip(plan.moves, words(plan), strict=True):
        found.setdefault(move.vm.moid, []).append((move, told))
    return found
