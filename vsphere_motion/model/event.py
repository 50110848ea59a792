"""What happens during a run, in the order in which it happens. The journal has an event before it is yielded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from vsphere_motion.model.current import Question
from vsphere_motion.model.forecast import Forecast
from vsphere_motion.model.move import Move
from vsphere_motion.model.outcome import Outcome
from vsphere_motion.model.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """The run is in the journal; the first event of a run and of every resume or cancel of it.

    Args:
        asked_for: relocations that an earlier process asked for without reading the answer; their tasks are looked for.
    """

    at: datetime
    run: str
    asked_for: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveStarted:
    """vCenter accepted the relocation.

    Args:
        resumed: one that already ran is watched again.
        forecast: what it is expected to take; None where nobody asked.
    """

    at: datetime
    move: Move
    task: str
    memory_bytes: int | None = None
    resumed: bool = False
    forecast: Forecast | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveProgressed:
    """The task's percentage rose; it never falls."""

    at: datetime
    move: Move
    task: str
    progress_percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveFollowed:
    """Something else moves this VM already: its task is watched instead of starting one; `started_by` says who did."""

    at: datetime
    move: Move
    task: str
    started_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveStalled:
    """A running move is not getting on.

    Args:
        progress_percent: the last percentage; None if vCenter has reported none.
        for_s: seconds since the last progress, or since the start where `is_over_limit`.
        is_over_limit: it runs longer than the time limit for its memory, whatever its progress.
        is_cancelled: vCenter has been asked to cancel it.
    """

    at: datetime
    move: Move
    task: str
    progress_percent: int | None
    for_s: float
    is_over_limit: bool = False
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveAsks:
    """The VM waits for a person to answer a question, and its move with it."""

    at: datetime
    move: Move
    task: str
    question: Question


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLost:
    """vCenter no longer answers; the run waits for it, and what was started goes on there.

    Args:
        reason: what failed, in a sentence.
        running: moves that were being watched.
        waiting: moves that were not started yet.
    """

    at: datetime
    reason: str
    running: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerBack:
    """vCenter answers again after `away_s` seconds; every move is read again."""

    at: datetime
    away_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveEnded:
    """The move has an outcome."""

    at: datetime
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHalted:
    """No further moves start, or the running ones are no longer watched; `reason` says why in a sentence.

    Args:
        is_breach: the run stopped by itself: a move broke one of its rules, or nobody ended a pause.
    """

    at: datetime
    reason: str
    detached: bool
    is_breach: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPaused:
    """What was started has ended, and a person is to look before the rest starts; `reason` says why in a sentence.

    Args:
        waiting: how many moves wait.
    """

    at: datetime
    reason: str
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgressed:
    """How far the whole is; told after moves have ended, at most once a second.

    Args:
        ended: moves that are over, also those that were settled without a start.
        left_s: what the rest is expected to take, by the moves that were measured in this run, before the first of them
            by the forecast; None: nothing is known. Never by the percentage of a task.
    """

    at: datetime
    ended: int
    running: int
    waiting: int
    left_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunNoted:
    """Something beside the moves was done, or needs a person; `text` is a sentence."""

    at: datetime
    text: str
    is_warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """The last event of a run, with its report."""

    at: datetime
    report: Report


Event: TypeAlias = (
    RunStarted
    | MoveStarted
    | MoveFollowed
    | MoveProgressed
    | MoveStalled
    | MoveAsks
    | MoveEnded
    | ServerLost
    | ServerBack
    | RunHalted
    | RunPaused
    | RunProgressed
    | RunNoted
    | RunEnded
)
