"""The story of maintenance mode after an evacuation: host after host, each with what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vsphere_motion.errors import PermissionMissing, VCenterFault
from vsphere_motion.model.plan_file import PlanFile, PlanHost
from vsphere_motion.service.connection import VCenter

LIMIT_S = 900.0
"""Entering takes seconds once a host is empty; vCenter waits without end where something has come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """What came of one host.

    Args:
        is_in: whether it was seen in maintenance mode.
        task: moid of vCenter's task; None if it refused to start one.
        words: what to say of it.
    """

    host: PlanHost
    is_in: bool
    words: str
    task: str | None = None


def enter_all(vcenter: VCenter, plan: PlanFile, *, limit_s: float = LIMIT_S) -> Iterator[Entered]:
    """Put every host that the plan has emptied into maintenance mode.

    Powered-off VMs are left to stay where the plan was told to leave them.
    """
    for host in plan.hosts:
        yield _enter(vcenter, host, evacuate_powered_off=False, limit_s=limit_s)


def _enter(vcenter: VCenter, host: PlanHost, *, evacuate_powered_off: bool, limit_s: float) -> Entered:
    from vsphere_motion.service.run_ports import clock_through_sleep_s
    from vsphere_motion.vcenter.maintenance import enter_maintenance, wait_for_task

    session, task = vcenter.session, None
    ends_s = clock_through_sleep_s() + limit_s
    try:
        task = enter_maintenance(session, host.named, evacuate_powered_off=evacuate_powered_off)
        what = f"put {host.name} into maintenance mode"
        status = wait_for_task(session, task, what, is_over=lambda: clock_through_sleep_s() >= ends_s)
    except (VCenterFault, PermissionMissing) as error:
        return Entered(host=host, is_in=False, words=error.message, task=task.moid if task else None)
    if status is None:
        words = f"not in maintenance mode after {limit_s:.0f} s; its task {task.moid} goes on"
        return Entered(host=host, is_in=False, words=words, task=task.moid)
    return Entered(host=host, is_in=True, words="in maintenance mode", task=task.moid)
