"""`rebalance`: even out the hosts of a cluster with few moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.options import command as declare
from vsphere_motion.cli.placement_options import (
    cluster_argument,
    dry_run_option,
    evenness_options,
    partial_option,
    placement_option,
    placement_options,
    plan_request,
    planned_running_options,
    reports_option,
    yes_option,
)
from vsphere_motion.cli.planned_run import Wish, plan_and_run
from vsphere_motion.cli.requests import report_files
from vsphere_motion.cli.window_options import Window, window_options
from vsphere_motion.model.plan_file import PlanKind

if TYPE_CHECKING:
    from vsphere_motion.service.options import RunOptions


@declare("rebalance", formats=("table", "json"))
@cluster_argument
@evenness_options
@partial_option
@dry_run_option
@yes_option
@placement_option
@placement_options
@planned_running_options
@window_options
@reports_option
def command(
    invocation: Invocation,
    /,
    *,
    words: str,
    goal: str,
    max_moves: int,
    min_gain: float,
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
    options: RunOptions,
) -> int:
    """Even out how full the hosts of a cluster are, by what their VMs are measured to use, with few moves.

    Each move must bring two hosts nearer to each other by --min-gain; rules, checks and limits are kept.
    """
    request = plan_request(
        PlanKind.REBALANCE,
        (words,),
        goal=goal,
        max_moves=max_moves,
        min_gain=min_gain,
        cordoned=cordoned,
        exclude=exclude,
        use_ha_reserve=use_ha_reserve,
        skip_checks=skip_checks,
        window=window,
        placement=placement,
    )
    wish = Wish(options=options, partial=partial, yes=yes, files=report_files(reports))
    return plan_and_run(invocation, request, wish, dry_run=dry_run)
