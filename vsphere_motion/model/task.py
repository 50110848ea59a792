"""What vCenter says of a task."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from vsphere_motion.model.refs import MoRef


class TaskState(Enum):
    """`TaskInfoState` of the vSphere API."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    ERROR = "error"

    @property
    def is_final(self) -> bool:
        """Whether the task has ended."""
        return self in {TaskState.SUCCESS, TaskState.ERROR}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault of vCenter as data.

    Args:
        kind: the fault's class as the vSphere API names it, such as `InsufficientMemoryResourcesFault`.
        message: vCenter's own words; empty if it gave none.
        details: further lines: nested faults, fault messages, the fault's own fields.
    """

    kind: str
    message: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStatus:
    """A reading of one task. `progress_percent` is None before vCenter reports any; times are vCenter's clock in UTC.

    Args:
        is_gone: vCenter no longer knows the task; nothing else is known then.
        activation_id: the operationID the task was started with, where the server keeps it.
        entity: the object the task is about.
    """

    task: MoRef
    state: TaskState | None
    progress_percent: int | None = None
    queued_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    cancelled: bool = False
    fault: Fault | None = None
    is_gone: bool = False
    activation_id: str | None = None
    entity: MoRef | None = None
