"""`evacuate`: empty hosts, and put them into maintenance mode if that is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from vsphere_motion.cli.console import safe
from vsphere_motion.cli.exit import ExitCode, code_of_report
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.options import command as declare
from vsphere_motion.cli.placement_options import (
    dry_run_option,
    hosts_argument,
    partial_option,
    placement_option,
    placement_options,
    plan_request,
    planned_running_options,
    powered_off_option,
    reports_option,
    tries_option,
    yes_option,
)
from vsphere_motion.cli.planned_run import Afterwards, Wish, plan_and_run
from vsphere_motion.cli.requests import report_files
from vsphere_motion.cli.watching import Watched
from vsphere_motion.cli.window_options import Window, window_options
from vsphere_motion.model.plan_file import PlanFile, PlanKind

if TYPE_CHECKING:
    from vsphere_motion.service.connection import VCenter
    from vsphere_motion.service.options import RunOptions


@declare("evacuate", formats=("table", "json"))
@hosts_argument
@click.option("--to-cluster", metavar="CLUSTER", help="Where the VMs go [the cluster of their host].")
@click.option("--maintenance-mode", is_flag=True, help="Enter maintenance mode once a host is empty.")
@powered_off_option
@partial_option
@dry_run_option
@yes_option
@placement_option
@placement_options
@planned_running_options
@window_options
@tries_option
@reports_option
def command(
    invocation: Invocation,
    /,
    *,
    words: tuple[str, ...],
    to_cluster: str | None,
    maintenance_mode: bool,
    powered_off: str,
    partial: bool,
    dry_run: bool,
    yes: bool,
    placement: str,
    cordoned: tuple[str, ...],
    exclude: tuple[str, ...],
    use_ha_reserve: bool,
    skip_checks: tuple[str, ...],
    reports: tuple[str, ...],
    window: Window,
    tries: int,
    options: RunOptions,
) -> int:
    """Empty hosts. Every VM that cannot leave is named, with the reason for each host, before anything starts.

    The VMs are spread over the other hosts of the cluster, so that memory and CPU reservations fit, rules hold and what
    vSphere HA keeps free stays free. One VM that cannot leave and nothing starts, unless --partial. Templates and
    system VMs (vCLS, agents) are left.
    """
    request = plan_request(
        PlanKind.EVACUATE,
        words,
        to_cluster=to_cluster,
        powered_off=powered_off,
        cordoned=cordoned,
        exclude=exclude,
        use_ha_reserve=use_ha_reserve,
        skip_checks=skip_checks,
        window=window,
        placement=placement,
    )
    wish = Wish(options=options, partial=partial, yes=yes, files=report_files(reports), tries=tries)
    if not maintenance_mode:
        return plan_and_run(invocation, request, wish, dry_run=dry_run)
    maintenance = _Maintenance(invocation)
    code = plan_and_run(invocation, request, wish, dry_run=dry_run, after=maintenance.after)
    return maintenance.code if code == ExitCode.OK else code


class _Maintenance:
    """Enters maintenance mode once everything has left, and keeps what came of it."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation
        self.code = ExitCode.OK

    def after(self, vcenter: VCenter, file: PlanFile) -> Afterwards:
        """What is done once the moves of this plan have ended."""
        return lambda watched: self._enter(vcenter, file, watched)

    def _enter(self, vcenter: VCenter, file: PlanFile, watched: Watched | None) -> Mapping[str, object]:
        from vsphere_motion.service.maintenance import enter_all
        from vsphere_motion.service.planned import entered_document

        ended_well = watched is None or (
            watched.report is not None and code_of_report(watched.report, stopped=watched.stopped) is ExitCode.OK
        )
        if not ended_well or file.stuck:
            self._invocation.console.warn("no host enters maintenance mode, because not every VM has left")
            return {"maintenance": []}
        run = watched.report.info.run if watched and watched.report else None
        found = []
        for one in enter_all(vcenter, file):
            self._invocation.console.note(f"{safe(one.host.name)}: {safe(one.words)}")
            self.code = ExitCode.OK if one.is_in and self.code is ExitCode.OK else ExitCode.FAILED
            found.append(entered_document(one, run))
        return {"maintenance": found}
