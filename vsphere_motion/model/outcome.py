"""How a move ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from vsphere_motion.model.forecast import Forecast
from vsphere_motion.model.move import Move
from vsphere_motion.model.record import MotionRecord
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import Fault


class OutcomeState(Enum):
    """The words for the end of a move.

    `MOVED` needs both: the task was seen in state success, and the VM was seen on its destination; of a task that
    vCenter and its history have forgotten, the placement alone tells, and the note says so.
    `UNKNOWN`: it may still run, or its end was not seen.
    """

    MOVED = "moved"
    UNCHANGED = "unchanged"
    BLOCKED = "blocked"
    NOT_STARTED = "not_started"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The end of one move.

    Args:
        task: moid of the relocation task; None if none was started.
        operation_id: the operationID the relocation was asked for with; the hosts' logs name it.
        queued_at, started_at, completed_at: vCenter's clock in UTC.
        fault: vCenter's fault, or ours where verification failed.
        note: one sentence for people, where the state alone does not say it.
        motion: what the hosts' logs say; None if they were not read or say nothing.
        forecast: what the move was expected to take before it started; None if nothing was.
    """

    move: Move
    state: OutcomeState
    task: str | None = None
    operation_id: str | None = None
    queued_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    fault: Fault | None = None
    note: str | None = None
    motion: MotionRecord | None = None
    forecast: Forecast | None = None

    @property
    def duration_s(self) -> float | None:
        """Seconds from start to completion on vCenter's clock; queueing is not counted."""
        if self.started_at is None or self.completed_at is None:
            return None
        return (self.completed_at - self.started_at).total_seconds()


def made_good(outcomes: Sequence[Outcome]) -> frozenset[int]:
    """The places of outcomes of moves that did not take place and whose VM has left in a later move after all."""
    left: set[tuple[MoRef, MoRef | None]] = set()
    found: set[int] = set()
    for number in reversed(range(len(outcomes))):
        one = outcomes[number]
        key = (one.move.vm.ref, one.move.source.host.ref if one.move.source.host else None)
        if one.state is OutcomeState.MOVED:
            left.add(key)
        elif one.state in {OutcomeState.FAILED, OutcomeState.NOT_STARTED} and key in left:
            found.add(number)
    return frozenset(found)
