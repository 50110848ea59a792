"""A task's `info`, read whole: by leaf paths and in one call, for what it says in parts can be of different moments.

The composite is never read: that of some tasks cannot be parsed (seen with pyVmomi 9.1.1.0 on vcsim: a checker's task).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import TaskStatus
from vsphere_motion.vcenter.collector import Reading, read_objects
from vsphere_motion.vcenter.faults import fault_from
from vsphere_motion.vcenter.task_filter import WATCHED, task_state

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

TASK_PATHS = (
    *WATCHED,
    "info.activationId",
    "info.cancelled",
    "info.completeTime",
    "info.entity",
    "info.error",
    "info.queueTime",
    "info.startTime",
)
"""All of a task that is asked for."""


def read_statuses(session: Session, tasks: Sequence[MoRef]) -> dict[MoRef, TaskStatus]:
    """One whole reading of each task, all in one call; none if there are none.

    Calls: RetrievePropertiesEx.
    Needs: System.View, System.Read.
    """
    readings = read_objects(session, tasks, TASK_PATHS)
    return {task: status_of_reading(readings.get(task), task) for task in tasks}


def status_of_reading(one: Reading | None, task: MoRef) -> TaskStatus:
    """What a reading of `TASK_PATHS` says; None: vCenter does not know this task."""
    if one is None:
        return TaskStatus(task=task, state=None, is_gone=True)
    error = one.get("info.error")
    return TaskStatus(
        task=one.ref,
        state=task_state(one.get("info.state")),
        progress_percent=one.get("info.progress"),
        queued_at=utc(one.get("info.queueTime")),
        started_at=utc(one.get("info.startTime")),
        completed_at=utc(one.get("info.completeTime")),
        cancelled=bool(one.get("info.cancelled")),
        fault=None if error is None else fault_from(error),
        activation_id=one.get("info.activationId"),
        entity=one.ref_at("info.entity"),
    )


def utc(at: datetime | None) -> datetime | None:
    """A time of pyVmomi in UTC."""
    return None if at is None else at.astimezone(UTC)
