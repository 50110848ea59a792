"""A relocation that is being watched: how far it is, and whether it still gets on."""

from __future__ import annotations

from dataclasses import dataclass

from vsphere_motion.model.current import RunningTask
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import Fault, TaskState, TaskStatus
from vsphere_motion.run.limits import Patience
from vsphere_motion.run.records import JournaledMove

GIB = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall:
    """Why a move is spoken of: `for_s` seconds without progress, or of running where `is_over_limit`."""

    for_s: float
    is_over_limit: bool = False


@dataclass(slots=True, kw_only=True)
class Flight:
    """A relocation in flight; all times are of the run's monotonic clock.

    Args:
        followed: the task is not ours; it moves our VM, and who started it.
        fault: how our own task ended, where another one is followed because of it.
        progress_s: when it last got on.
        running_s: when it was first seen running; None before.
        cancel_reason: why vCenter was asked to cancel it; None if it was not.
    """

    item: JournaledMove
    task: MoRef
    progress_s: float
    followed: RunningTask | None = None
    fault: Fault | None = None
    progress_percent: int = -1
    running_s: float | None = None
    cancel_reason: str | None = None
    question_id: str | None = None
    _warnings: int = 0
    _is_over_limit: bool = False

    @property
    def vm(self) -> MoRef:
        """The VM that is moved."""
        return self.item.move.vm.ref

    def take(self, status: TaskStatus, now_s: float) -> bool:
        """Take a reading over; True if the percentage rose. It never falls, whatever the server says."""
        if status.state is TaskState.RUNNING and self.running_s is None:
            self.running_s = self.progress_s = now_s
        percent = status.progress_percent
        if percent is None or percent <= self.progress_percent:
            return False
        self.progress_percent, self.progress_s, self._warnings = percent, now_s, 0
        return True

    def restart_clock(self, now_s: float) -> None:
        """Nobody watched for a while: how long it has stood still is not known."""
        self.progress_s = now_s
        self._warnings = 0

    def find_stall(self, now_s: float, patience: Patience) -> Stall | None:
        """What is to be said now, once for each time it becomes worse; None if it gets on."""
        if self.running_s is None:
            return None
        limit_s = self._limit_s(patience)
        if limit_s is not None and not self._is_over_limit and now_s - self.running_s >= limit_s:
            self._is_over_limit = True
            return Stall(for_s=now_s - self.running_s, is_over_limit=True)
        still_s = now_s - self.progress_s
        if still_s < patience.stall_after_s * 2**self._warnings:
            return None
        self._warnings += 1
        return Stall(for_s=still_s)

    def _limit_s(self, patience: Patience) -> float | None:
        if patience.limit_s_per_gib is None or self.item.memory_bytes is None:
            return None
        return patience.limit_s_per_gib * max(1.0, self.item.memory_bytes / GIB)
