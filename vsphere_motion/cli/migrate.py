"""`migrate`: check, ask, move, verify, tell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsphere_motion.cli.across import Other, across_options, keeping_options, open_both
from vsphere_motion.cli.check import show_plan
from vsphere_motion.cli.connection import open_state_journal
from vsphere_motion.cli.console import require_interactive, safe
from vsphere_motion.cli.exit import ExitCode, code_of_plan
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.metrics import Meter, metrics_file, metrics_option
from vsphere_motion.cli.options import command as declare
from vsphere_motion.cli.placement_options import placement_option, sent_request
from vsphere_motion.cli.plan_table import NOTHING_CHANGED, blocker_lines, plan_lines
from vsphere_motion.cli.requests import (
    move_request,
    places_of,
    report_files,
    require_destination,
    skip_check_option,
    strict_option,
    to_host_option,
)
from vsphere_motion.cli.running import running_options
from vsphere_motion.cli.selecting import Selecting, selecting_options
from vsphere_motion.cli.watching import finish, watch
from vsphere_motion.cli.window_options import Window, window_options
from vsphere_motion.cli.wish_options import wish_options
from vsphere_motion.errors import PreflightBlocked
from vsphere_motion.model.finding import Severity
from vsphere_motion.model.move import Change
from vsphere_motion.model.plan import Plan
from vsphere_motion.model.request import NO_WISHES, Wishes

if TYPE_CHECKING:
    from vsphere_motion.service.connection import VCenter
    from vsphere_motion.service.options import RunOptions


@declare("migrate", formats=("table", "json", "jsonl"))
@selecting_options
@to_host_option
@click.option("--to-cluster", metavar="CLUSTER", help="Any host of this cluster; the VMs are spread over them.")
@placement_option
@wish_options
@across_options
@keeping_options
@click.option("-n", "--dry-run", is_flag=True, help="Check and stop.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--partial", is_flag=True, help="Move what can be moved when some VMs are blocked.")
@strict_option
@skip_check_option
@running_options
@window_options
@click.option("--no-wait", is_flag=True, help="Start every migration and leave; vCenter queues what it cannot run yet.")
@metrics_option
@click.option(
    "--report", "reports", metavar="FILE", multiple=True, help="Write .html, .json, .txt or .md (repeatable)."
)
def command(
    invocation: Invocation,
    /,
    *,
    vms: Selecting,
    to_host: str | None,
    to_cluster: str | None,
    placement: str,
    wishes: Wishes,
    other: Other,
    keep_tags: bool,
    keep_attributes: bool,
    dry_run: bool,
    yes: bool,
    partial: bool,
    strict: bool,
    skip_checks: tuple[str, ...],
    window: Window,
    no_wait: bool,
    reports: tuple[str, ...],
    metrics: str | None,
    options: RunOptions,
) -> int:
    """Check the VMs, migrate them to a host or into a cluster, and verify that they are there.

    VM is a name, a glob, an inventory path, moid:vm-42, uuid:..., re:REGEX, host:, cluster:, folder:, pool:,
    datastore:, tag:CATEGORY/NAME, or - for names on standard input. One blocked VM and nothing starts, unless
    --partial.
    """
    from vsphere_motion.cli.planned_run import Wish, plan_and_run
    from vsphere_motion.service.check import check

    if no_wait and (options.halt.is_set or options.stun_budgets or options.pause.is_set):
        raise click.UsageError("--max-stun, --canary, --halt-on and --pause-after watch the run; leave --no-wait out.")
    chosen = vms.choose(invocation)
    wishes = other.in_wishes(wishes, keep_tags=keep_tags, keep_attributes=keep_attributes)
    if placement == "drs" and wishes != NO_WISHES:
        raise click.UsageError("--placement drs chooses hosts alone; leave the other destinations away.")
    if (to_cluster is not None and wishes == NO_WISHES) or placement == "drs":
        if no_wait:
            raise click.UsageError("VMs that are placed by a plan start in its order; leave --no-wait out.")
        wanted = sent_request(
            chosen, to_host, to_cluster, placement=placement, window=window, skip_checks=skip_checks, strict=strict
        )
        wish = Wish(
            options=options, partial=partial, yes=yes, files=report_files(reports), metrics=metrics_file(metrics)
        )
        return plan_and_run(invocation, wanted, wish, dry_run=dry_run)
    wishes = replace(wishes, to_cluster=to_cluster)
    require_destination(chosen, to_host, wishes)
    request = move_request(
        chosen, to_host or "", skip_checks=skip_checks, strict=strict, partial=partial, wishes=wishes
    )
    files, numbers = report_files(reports), metrics_file(metrics)
    window.require_watching(chosen, is_watching=not no_wait)
    with open_both(invocation, other) as vcenter:
        plan = window.applied(check(vcenter, request, places_of(invocation)))
        if dry_run:
            show_plan(invocation, plan)
            return code_of_plan(plan)
        stopped = bool(plan.blocked()) and not partial
        if not stopped and not _is_wanted(invocation, plan, yes=yes):
            invocation.console.note(NOTHING_CHANGED)
            return ExitCode.INTERRUPTED
        options = replace(options, is_watching=not no_wait)
        return _run(invocation, vcenter, plan, options=options, files=files, numbers=numbers)


def _is_wanted(invocation: Invocation, plan: Plan, *, yes: bool) -> bool:
    """Show what was found, and ask where that is needed.

    Raises:
        UsageProblem: it has to be asked and there is no terminal.
    """
    console = invocation.console
    count = len(plan.runnable())
    asks = count > 0 and not yes
    if asks:
        require_interactive(console, "migrating", "add --yes to go on without a question, or --dry-run to only check")
    if asks or _has_news(plan):
        show_findings(invocation, plan)
    destination = _destination(plan)
    return not asks or console.confirm(f"Migrate {count} VM{'s' if count > 1 else ''} to {destination}?")


def _destination(plan: Plan) -> str:
    """Where the runnable moves go, in words."""
    from vsphere_motion.report.route import destination_words

    moves = [planned.move for planned in plan.runnable()]
    words = {destination_words(move) for move in moves}
    kinds = {move.changes <= {Change.HOST, Change.POOL} for move in moves}
    return safe(words.pop()) if len(words) == 1 else f"{len(words)} {'hosts' if kinds == {True} else 'places'}"


def _has_news(plan: Plan) -> bool:
    findings = (finding for planned in plan.moves for finding in planned.findings)
    return bool(plan.notes) or any(finding.severity is not Severity.INFO for finding in findings)


def show_findings(invocation: Invocation, plan: Plan) -> None:
    """The plan's table on standard error, where it is not the result."""
    import sys

    console = invocation.console
    for line in plan_lines(plan, lambda text, colour: console.colour(text, colour, stream=sys.stderr)):
        console.note(line)
    for note in plan.notes:
        console.note(f"note: {safe(note)}")


def _run(
    invocation: Invocation,
    vcenter: VCenter,
    plan: Plan,
    *,
    options: RunOptions,
    files: tuple[Path, ...],
    numbers: Path | None,
) -> int:
    """Run the plan; one with a blocked move that is not partial starts nothing and says so in the journal."""
    from vsphere_motion.service.migrate import run

    error = None
    if plan.blocked() and not plan.partial:
        error = blocked_error(plan)
        show_findings(invocation, plan)
    with open_state_journal(invocation) as journal:
        watched = watch(
            invocation,
            lambda control: run(vcenter, plan, journal=journal, control=control, options=options),
            plan=plan if error is None else None,
            on_interrupt=options.on_interrupt,
            meter=Meter(numbers, vcenter=vcenter.identity.host, console=invocation.console),
        )
    return finish(invocation, watched, files=files, error=error, is_left=not options.is_watching)


def blocked_error(plan: Plan) -> PreflightBlocked:
    """Why nothing starts, with every blocker and how it is overridden."""
    blocked = len(plan.blocked())
    ids = dict.fromkeys(finding.id for planned in plan.blocked() for finding in planned.blockers)
    overrides = " ".join(f"--skip-check {check_id}" for check_id in ids)
    rest = ", or --partial to move the others" if blocked < len(plan.moves) else ""
    return PreflightBlocked(
        f"{blocked} of {len(plan.moves)} VMs blocked by pre-flight. {NOTHING_CHANGED}",
        hint=f"remove the causes; or override them: {overrides}{rest}",
        details=tuple(blocker_lines(plan)),
    )
