"""`evacuate`: empty hosts, and put them into maintenance mode if that is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from vsphere_motion.cli.connection import open_vcenter
from vsphere_motion.cli.console import safe
from vsphere_motion.cli.exit import ExitCode, code_of_report
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.options import command as declare
from vsphere_motion.cli.placement_options import (
    dry_run_option,
    hosts_argument,
    partial_option,
    placement_options,
    plan_request,
    planned_running_options,
    powered_off_option,
    reports_option,
    yes_option,
)
from vsphere_motion.cli.planned_run import Wish, code_of_plan_file, run_planned, show_plan_file
from vsphere_motion.cli.requests import places_of, report_files
from vsphere_motion.cli.watching import Watched
from vsphere_motion.model.plan_file import PlanFile, PlanKind

if TYPE_CHECKING:
    from vsphere_motion.service.connection import VCenter
    from vsphere_motion.service.migrate import RunOptions


@declare("evacuate", formats=("table", "json"))
@hosts_argument
@click.option("--to-cluster", metavar="CLUSTER", help="Where the VMs go [the cluster of their host].")
@click.option("--maintenance-mode", is_flag=True, help="Enter maintenance mode once a host is empty.")
@powered_off_option
@partial_option
@dry_run_option
@yes_option
@placement_options
@planned_running_options
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
    cordoned: tuple[str, ...],
    exclude: tuple[str, ...],
    use_ha_reserve: bool,
    skip_checks: tuple[str, ...],
    reports: tuple[str, ...],
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
    )
    wish = Wish(options=options, partial=partial, yes=yes, files=report_files(reports))
    from vsphere_motion.service.apply import runnable_plan
    from vsphere_motion.service.placing import make_plan

    with open_vcenter(invocation) as vcenter:
        inventory = vcenter.snapshot()
        places = places_of(invocation)
        made = make_plan(inventory, request, vcenter=vcenter, places=places)
        file = made.file
        if dry_run:
            show_plan_file(invocation, file)
            return code_of_plan_file(file)
        plan = runnable_plan(vcenter, inventory, file, partial=partial, places=places, findings=made.findings)
        after = _Maintenance(invocation, vcenter, file) if maintenance_mode else None
        code = run_planned(invocation, vcenter, file, plan, wish, *((after,) if after else ()))
        return code if after is None or code != ExitCode.OK else after.code


class _Maintenance:
    """Enters maintenance mode once everything has left, and keeps what came of it."""

    def __init__(self, invocation: Invocation, vcenter: VCenter, file: PlanFile) -> None:
        self._invocation = invocation
        self._vcenter = vcenter
        self._file = file
        self.code = ExitCode.OK

    def __call__(self, watched: Watched | None) -> Mapping[str, object]:
        from vsphere_motion.service.maintenance import enter_all
        from vsphere_motion.service.planned import entered_document

        ended_well = watched is None or (
            watched.report is not None and code_of_report(watched.report, stopped=watched.stopped) is ExitCode.OK
        )
        if not ended_well or self._file.stuck:
            self._invocation.console.warn("no host enters maintenance mode, because not every VM has left")
            return {"maintenance": []}
        run = watched.report.info.run if watched and watched.report else None
        found = []
        for one in enter_all(self._vcenter, self._file):
            self._invocation.console.note(f"{safe(one.host.name)}: {safe(one.words)}")
            self.code = ExitCode.OK if one.is_in and self.code is ExitCode.OK else ExitCode.FAILED
            found.append(entered_document(one, run))
        return {"maintenance": found}
