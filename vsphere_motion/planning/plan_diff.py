"""What is different between two plans, VM by VM."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vsphere_motion.model.plan_file import PlanFile, PlanMove


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChange:
    """A VM that two plans do not treat alike.

    Args:
        before, after: the hosts it goes to in turn; () where the plan does not move it.
    """

    name: str
    moid: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def changes_between(before: PlanFile, after: PlanFile) -> tuple[PlanChange, ...]:
    """The VMs whose ways differ, by name."""
    return tuple(sorted(_changes(before, after), key=lambda one: (one.name, one.moid)))


def _changes(before: PlanFile, after: PlanFile) -> Iterator[PlanChange]:
    ways = _ways(before), _ways(after)
    for moid in ways[0].keys() | ways[1].keys():
        first, second = ways[0].get(moid, []), ways[1].get(moid, [])
        if [move.destination.moid for move in first] != [move.destination.moid for move in second]:
            yield PlanChange(
                name=(first or second)[0].vm.name,
                moid=moid,
                before=tuple(move.destination.name for move in first),
                after=tuple(move.destination.name for move in second),
            )


def _ways(plan: PlanFile) -> dict[str, list[PlanMove]]:
    found: dict[str, list[PlanMove]] = {}
    for move in plan.moves:
        found.setdefault(move.vm.moid, []).append(move)
    return found
