"""A migration that a vCenter runs or ran, ours or not, as its task and its VM tell it."""

from __future__ import annotations

from dataclasses import dataclass

from vsphere_motion.model.current import RunningTask
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.model.task import TaskState, TaskStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedMotion:
    """One relocation task.

    Args:
        kind: `descriptionId` of the task, such as `VirtualMachine.relocate` or `Drm.ExecuteVMotionLRO`.
        vm: None where the task names none.
        started: who started it.
        host: where the VM was when this was read.
        source: where the VM was when the task was first seen, if it had not ended by then.
    """

    status: TaskStatus
    kind: str
    vm: NamedRef | None
    started: RunningTask
    host: NamedRef | None = None
    source: NamedRef | None = None

    @property
    def task(self) -> MoRef:
        """The task."""
        return self.status.task

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or vCenter has forgotten it."""
        state = self.status.state
        return self.status.is_gone or (state is not None and state.is_final)

    @property
    def destination(self) -> NamedRef | None:
        """Where it has brought the VM; None while it runs, and where it failed."""
        return self.host if self.status.state is TaskState.SUCCESS else None

    @property
    def duration_s(self) -> float | None:
        """Seconds from start to completion on vCenter's clock."""
        started, completed = self.status.started_at, self.status.completed_at
        return None if started is None or completed is None else (completed - started).total_seconds()
