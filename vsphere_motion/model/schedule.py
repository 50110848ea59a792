"""When moves start and end, as far as it can be said beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from vsphere_motion.model.refs import MoRef

Slot: TypeAlias = tuple[Enum, MoRef]
"""An object that bears the cost of moves: a `vmotion.costs.Resource` and whose it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A move as a schedule sees it.

    Args:
        source, destination: the rooms, by number.
        sends_bytes: what goes over the network, passes over written memory included.
        fixed_s: what it takes besides: preparation and switch-over.
        costs: the units it takes of each object while it runs.
        relies_on: jobs, by number, that must have ended before.
        priority: smaller ones start first, whatever their size.
    """

    source: int
    destination: int
    sends_bytes: int
    costs: tuple[tuple[Slot, int], ...] = ()
    fixed_s: float = 0.0
    relies_on: tuple[int, ...] = ()
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """When a job starts and ends, in seconds from the start of all."""

    job: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """All jobs in the order in which they start.

    Args:
        makespan_s: when the last one ends.
        bound_s: no schedule can be shorter: the bytes over the fullest room's network, and the slots.
    """

    jobs: tuple[Scheduled, ...]
    makespan_s: float
    bound_s: float
