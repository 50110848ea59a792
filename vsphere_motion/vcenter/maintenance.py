"""Into maintenance mode and out of it: the calls, and waiting for their tasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vsphere_motion.errors import VCenterFault
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.model.task import TaskState, TaskStatus
from vsphere_motion.vcenter.collector import managed_object, ref_of
from vsphere_motion.vcenter.faults import translated
from vsphere_motion.vcenter.tasks import VCenterTaskWatcher

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

NO_TIMEOUT = 0
"""vCenter's own limit is off: we watch, and whoever waits decides when to stop."""

WAIT_S = 1.0


def enter_maintenance(session: Session, host: NamedRef, *, evacuate_powered_off: bool) -> MoRef:
    """Ask for maintenance mode and return the task; the host is in it when the task has ended well.

    Args:
        evacuate_powered_off: whether vCenter waits until VMs that are powered off have left, too.

    Calls: EnterMaintenanceMode_Task.
    Needs: Host.Config.Maintenance on the host.

    Raises:
        VCenterFault, PermissionMissing: vCenter refused.
    """
    with translated(f"put {host} into maintenance mode", changing=True):
        task = managed_object(session, host.ref).EnterMaintenanceMode_Task(
            timeout=NO_TIMEOUT, evacuatePoweredOffVms=evacuate_powered_off
        )
    return ref_of(task)


def exit_maintenance(session: Session, host: NamedRef) -> MoRef:
    """Ask to leave maintenance mode and return the task.

    Calls: ExitMaintenanceMode_Task.
    Needs: Host.Config.Maintenance on the host.

    Raises:
        VCenterFault, PermissionMissing: vCenter refused.
    """
    with translated(f"take {host} out of maintenance mode", changing=True):
        return ref_of(managed_object(session, host.ref).ExitMaintenanceMode_Task(timeout=NO_TIMEOUT))


def wait_for_task(
    session: Session, task: MoRef, what: str, *, is_over: Callable[[], bool] = lambda: False
) -> TaskStatus | None:
    """Wait until a task has ended well; None where waiting is over first, and the task goes on.

    Args:
        what: what the task does, for the message.
        is_over: looked at at least every second; True ends the waiting.

    Calls: those of `VCenterTaskWatcher`.
    Needs: System.View, System.Read.

    Raises:
        VCenterFault: the task failed; the words are vCenter's.
    """
    watcher = VCenterTaskWatcher(session)
    watcher.watch([task])
    try:
        while not is_over():
            for status in watcher.wait_for_updates(timeout_s=WAIT_S):
                if status.state is TaskState.SUCCESS:
                    return status
                if status.is_gone or status.state is TaskState.ERROR:
                    raise _failed(task, what, status)
        return None
    finally:
        watcher.close()


def _failed(task: MoRef, what: str, status: TaskStatus) -> VCenterFault:
    fault = status.fault
    words = fault.message if fault else "vCenter no longer knows its task"
    return VCenterFault(
        f"cannot {what}: {words}",
        fault_kind=fault.kind if fault else "Unknown",
        details=fault.details if fault else (),
        hint=f"look at the task {task.moid} in vCenter",
    )
