"""What happens during a run, in the order in which it happens. The journal has an event before it is yielded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from vsphere_motion.model.move import Move
from vsphere_motion.model.outcome import Outcome
from vsphere_motion.model.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """The run is in the journal; the first event of a run and of every resume or cancel of it."""

    at: datetime
    run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveStarted:
    """vCenter accepted the relocation; `resumed`: one that already ran is watched again."""

    at: datetime
    move: Move
    task: str
    memory_bytes: int | None = None
    resumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveProgressed:
    """The task's percentage rose; it never falls."""

    at: datetime
    move: Move
    task: str
    progress_percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveEnded:
    """The move has an outcome."""

    at: datetime
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHalted:
    """No further moves start, or the running ones are no longer watched; `reason` says why in a sentence."""

    at: datetime
    reason: str
    detached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """The last event of a run, with its report."""

    at: datetime
    report: Report


Event: TypeAlias = RunStarted | MoveStarted | MoveProgressed | MoveEnded | RunHalted | RunEnded
