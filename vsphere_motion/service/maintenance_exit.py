"""The story of a host that comes back into use: out of maintenance mode, seen so."""

from __future__ import annotations

from vsphere_motion.errors import VCenterFault
from vsphere_motion.model.refs import NamedRef
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.run_ports import clock_through_sleep_s

LIMIT_S = 900.0


def leave_maintenance(vcenter: VCenter, host: NamedRef, *, limit_s: float = LIMIT_S) -> None:
    """Take a host out of maintenance mode.

    Raises:
        VCenterFault, PermissionMissing: vCenter refused, or it takes longer than the limit.
    """
    from vsphere_motion.vcenter.maintenance import exit_maintenance, wait_for_task

    ends_s = clock_through_sleep_s() + limit_s
    task = exit_maintenance(vcenter.session, host)
    what = f"take {host.name} out of maintenance mode"
    if wait_for_task(vcenter.session, task, what, is_over=lambda: clock_through_sleep_s() >= ends_s) is None:
        raise VCenterFault(
            f"{host.name} is still in maintenance mode after {limit_s:.0f} s",
            fault_kind="Timedout",
            hint=f"look at the task {task.moid} in vCenter",
        )
