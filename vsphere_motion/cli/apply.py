"""`apply`: run a plan from a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsphere_motion.cli.across import Other, across_options, keeping_options, open_both, other_of_run
from vsphere_motion.cli.connection import open_vcenter
from vsphere_motion.cli.console import safe
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.options import command as declare
from vsphere_motion.cli.placement_options import (
    dry_run_option,
    partial_option,
    plan_request,
    planned_running_options,
    reports_option,
    tries_option,
    yes_option,
)
from vsphere_motion.cli.planned_run import Wish, code_of_plan_file, plan_and_run, run_planned, show_plan_file
from vsphere_motion.cli.requests import places_of, report_files
from vsphere_motion.cli.selecting import is_list, read_list
from vsphere_motion.cli.window_options import NO_WINDOW, Window, window_options
from vsphere_motion.model.plan_file import PlanFile, PlanKind
from vsphere_motion.model.request import NO_WISHES

if TYPE_CHECKING:
    from vsphere_motion.service.options import RunOptions


@declare("apply", formats=("table", "json"))
@click.argument("file", metavar="PLAN|LIST")
@click.option("--replan", is_flag=True, help="Make the plan again where what it relies on has changed.")
@partial_option
@dry_run_option
@yes_option
@planned_running_options
@window_options
@tries_option
@across_options
@keeping_options
@reports_option
def command(
    invocation: Invocation,
    /,
    *,
    file: str,
    replan: bool,
    partial: bool,
    dry_run: bool,
    yes: bool,
    reports: tuple[str, ...],
    window: Window,
    tries: int,
    other: Other,
    keep_tags: bool,
    keep_attributes: bool,
    options: RunOptions,
) -> int:
    """Run a plan. First it is compared with how things are: any difference is shown and nothing starts (exit code 8).

    A VM that is already where the plan brings it is done. PLAN is a file that `plan ... -O PLAN` has written; LIST is
    one written by hand, .csv or .yaml, which is planned now, shown and run. A plan that brings VMs to another vCenter
    says which one, and what certificate it has to present.
    """
    wish = Wish(options=options, partial=partial, yes=yes, files=report_files(reports), window=window, tries=tries)
    if is_list(file):
        wishes = other.in_wishes(NO_WISHES, keep_tags=keep_tags, keep_attributes=keep_attributes)
        request = plan_request(PlanKind.MIGRATE, (), listed=read_list(file), window=window, wishes=wishes)
        return plan_and_run(invocation, request, wish, dry_run=dry_run, other=other)
    if keep_tags or keep_attributes:
        raise click.UsageError("a plan says what VMs keep; make it again with --keep-tags and --keep-attributes.")
    window.require(has_own=True)
    return _apply(invocation, Path(file), wish, replan=replan, dry_run=dry_run, other=other)


def _apply(invocation: Invocation, file: Path, wish: Wish, *, replan: bool, dry_run: bool, other: Other) -> int:
    from vsphere_motion.service.apply import prepare
    from vsphere_motion.service.plan_files import read_plan

    plan_file = read_plan(file)
    going_to = _other_of(plan_file, other, replan=replan)
    if plan_file.kind is PlanKind.ROLLING:
        return _apply_rolling(invocation, plan_file, wish, replan=replan, dry_run=dry_run)
    with open_both(invocation, going_to) as vcenter:
        ready = prepare(vcenter, plan_file, replan=replan, partial=wish.partial, places=places_of(invocation))
        if ready.done:
            invocation.console.note(
                f"{safe(str(file))}: {len(ready.done)} of {len(ready.file.moves)} moves are done already"
            )
        if dry_run:
            show_plan_file(invocation, ready.file)
            return code_of_plan_file(ready.file)
        is_known = ready.file == plan_file and bool(plan_file.stuck)
        if is_known:
            count = len(plan_file.stuck)
            invocation.console.note(f"{count} VMs could not go when the plan was made, and are no part of it")
        file_now = replace(ready.file, stuck=()) if is_known else ready.file
        return run_planned(invocation, vcenter, file_now, ready.plan, wish)


def _other_of(plan: PlanFile, given: Other, *, replan: bool) -> Other:
    """The other vCenter that a plan goes to, with what is given of it now.

    Raises:
        UsageError: the plan goes to none, or it is to be made again without the file that it was made with.
    """
    if plan.to_vcenter is None and given.to_vcenter:
        raise click.UsageError("the plan leaves its VMs in their vCenter; leave --to-vcenter out.")
    if replan and plan.choices.mapped and not given.mapping:
        raise click.UsageError(f"the plan was made with --map {plan.choices.mapped}; give it with --replan as well.")
    other = other_of_run(plan.to_vcenter, given)
    pin = given.to_thumbprint or (plan.to_vcenter.thumbprint if plan.to_vcenter else None)
    return replace(other, to_thumbprint=pin) if plan.to_vcenter else other


def _apply_rolling(invocation: Invocation, plan: PlanFile, wish: Wish, *, replan: bool, dry_run: bool) -> int:
    """Work on the hosts of a plan; each is planned again when it is its turn."""
    from vsphere_motion.cli.rolling import run_rolling_plan, world_of
    from vsphere_motion.service.rolling_plan import prepare_rolling

    if wish.window != NO_WINDOW:
        raise click.UsageError("the plan of a rolling has its window; make it again with another --window.")
    with open_vcenter(invocation) as vcenter:
        file = prepare_rolling(vcenter, plan, replan=replan, places=places_of(invocation))
        if dry_run:
            show_plan_file(invocation, file)
            return code_of_plan_file(file)
        return run_rolling_plan(invocation, vcenter, file, world_of(invocation, wish.options), wish)
