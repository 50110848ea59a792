"""The history of tasks that vCenter keeps long after it has forgotten the tasks themselves.

Rules of this file: the server does the filtering, by the VM and by its own clock. An unread page is lost with its
collector, so a search begins again with a new one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import TaskStatus
from vsphere_motion.vcenter.collector import managed_object, quietly, ref_of
from vsphere_motion.vcenter.faults import fault_from, translated
from vsphere_motion.vcenter.task_filter import task_state

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

PAGE = 100
"""Tasks read at once."""


def earliest(since: datetime) -> datetime:
    """A second before: the API's times may have been cut to whole seconds."""
    return since - timedelta(seconds=1)


def read_history(session: Session, vm: MoRef, since: datetime) -> list[Any]:
    """The TaskInfo of every task on a VM that was queued since then, by vCenter's clock, in no order.

    Calls: CreateCollectorForTasks, ReadNextTasks, DestroyCollector.
    Needs: System.View, System.Read.
    """
    spec = vim.TaskFilterSpec(
        entity=vim.TaskFilterSpec.ByEntity(entity=managed_object(session, vm), recursion="self"),
        time=vim.TaskFilterSpec.ByTime(timeType="queuedTime", beginTime=earliest(since)),
    )
    content: Any = session.content
    what = f"search the task history of {vm}"
    with translated(what):
        collector = content.taskManager.CreateCollectorForTasks(spec)
    try:
        found: list[Any] = []
        while True:
            with translated(what):
                page = collector.ReadNextTasks(PAGE)
            if not page:
                return found
            found += page
    finally:
        quietly(collector.DestroyCollector)


def status_of(info: Any) -> TaskStatus:
    """What a TaskInfo says."""
    return TaskStatus(
        task=ref_of(info.task),
        state=task_state(info.state),
        progress_percent=info.progress,
        queued_at=_utc(info.queueTime),
        started_at=_utc(info.startTime),
        completed_at=_utc(info.completeTime),
        cancelled=bool(info.cancelled),
        fault=None if info.error is None else fault_from(info.error),
        activation_id=info.activationId,
        entity=None if info.entity is None else ref_of(info.entity),
    )


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)
