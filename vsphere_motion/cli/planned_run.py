"""What `apply`, `evacuate`, `rebalance` and `spread` share: show a plan, ask, run what is left of it, and tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from vsphere_motion.cli.across import NO_OTHER, Other, open_both
from vsphere_motion.cli.connection import open_state_journal
from vsphere_motion.cli.console import require_interactive, safe
from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.metrics import Meter
from vsphere_motion.cli.migrate import blocked_error, show_findings
from vsphere_motion.cli.plan_file_table import EMPTYING, plan_file_lines, stuck_lines
from vsphere_motion.cli.plan_table import NOTHING_CHANGED
from vsphere_motion.cli.watching import Watched, finish, watch
from vsphere_motion.cli.window_options import NO_WINDOW, Window
from vsphere_motion.errors import PreflightBlocked
from vsphere_motion.model.plan import Plan
from vsphere_motion.model.plan_file import PlanFile, PlanKind
from vsphere_motion.model.plan_request import TRIES
from vsphere_motion.report.escape import json_text

if TYPE_CHECKING:
    from vsphere_motion.model.plan_request import PlanRequest
    from vsphere_motion.service.connection import VCenter
    from vsphere_motion.service.next_best import NextBest
    from vsphere_motion.service.options import RunOptions

Afterwards = Callable[[Watched | None], Mapping[str, object]]
"""What is done once the moves have ended (None: there were none), and what the JSON result has of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a plan is to be run.

    Args:
        partial: run what can be run where some VMs cannot go.
        yes: do not ask.
        files: reports to write.
        window: when moves may start.
        metrics: the file that keeps the numbers of the run; None: nobody wants them.
        tries: how often a VM that vCenter refuses is sent to another host.
    """

    options: RunOptions
    partial: bool = False
    yes: bool = False
    files: tuple[Path, ...] = ()
    window: Window = NO_WINDOW
    metrics: Path | None = None
    tries: int = TRIES


def show_plan_file(invocation: Invocation, plan: PlanFile) -> None:
    """The plan on standard output, in the format that was asked for."""
    from vsphere_motion.service.plan_files import plan_document

    if invocation.wants("json"):
        invocation.console.result(json_text(plan_document(plan), indent=2))
        return
    for line in plan_file_lines(plan):
        invocation.console.result(line)


def code_of_plan_file(plan: PlanFile) -> ExitCode:
    """3 if a VM cannot go."""
    return ExitCode.BLOCKED if plan.stuck else ExitCode.OK


def stuck_error(plan: PlanFile) -> PreflightBlocked:
    """Why nothing starts, with every VM that cannot go and the reason for each host."""
    count = len(plan.stuck)
    others = "leave such hosts out" if plan.kind is PlanKind.ROLLING else "move the others"
    return PreflightBlocked(
        f"{count} VM{'' if count == 1 else 's'} cannot {'leave' if plan.kind in EMPTYING else 'move'}. "
        f"{NOTHING_CHANGED}",
        hint=f"remove the causes, or add --partial to {others}",
        details=tuple(stuck_lines(plan))[1:],
    )


def run_planned(
    invocation: Invocation,
    vcenter: VCenter,
    file: PlanFile,
    plan: Plan,
    wish: Wish,
    afterwards: Afterwards = lambda _: {},
) -> int:
    """Show, ask and run.

    Args:
        file: the plan as it is shown.
        plan: what is left of it.
    """
    if file.stuck and not wish.partial:
        raise stuck_error(file)
    _require_hosts_to_try(file)
    plan = wish.window.applied(plan)
    is_stopped = bool(plan.blocked()) and not plan.partial
    if not is_stopped and not _is_wanted(invocation, file, plan, wish):
        invocation.console.note(NOTHING_CHANGED)
        return ExitCode.INTERRUPTED
    if not plan.moves:
        return _nothing_left(invocation, file, afterwards)
    return _run(invocation, vcenter, file, plan, wish, afterwards)


def _require_hosts_to_try(file: PlanFile) -> None:
    """Refuse `--try-others` where it would be passed over: where files or networks go along, no other host is tried.

    Raises:
        UsageError: it is given.
    """
    is_said = click.get_current_context().get_parameter_source("tries") is ParameterSource.COMMANDLINE
    if is_said and any(move.place for move in file.moves):
        raise click.UsageError(
            "--try-others is for plans of hosts alone: this one says where files, networks or places are to be as well."
        )


def _is_wanted(invocation: Invocation, file: PlanFile, plan: Plan, wish: Wish) -> bool:
    console, count = invocation.console, len(plan.runnable())
    asks = count > 0 and not wish.yes
    if asks:
        require_interactive(console, "moving", "add --yes to go on without a question, or --dry-run to only plan")
    if count:
        for line in plan_file_lines(file):
            console.note(line)
        for note in plan.notes:
            console.note(f"note: {safe(note)}")
    return not asks or console.confirm(f"Move {count} VM{'s' if count > 1 else ''}?")


def _nothing_left(invocation: Invocation, file: PlanFile, afterwards: Afterwards) -> int:
    more = afterwards(None)
    if invocation.wants("json"):
        from vsphere_motion.service.plan_files import plan_document

        invocation.console.result(json_text({**plan_document(file), **more}, indent=2))
    else:
        invocation.console.result("Nothing to do: every VM is where it belongs.")
    return code_of_plan_file(file)


def _run(
    invocation: Invocation, vcenter: VCenter, file: PlanFile, plan: Plan, wish: Wish, afterwards: Afterwards
) -> int:
    from vsphere_motion.service.migrate import run
    from vsphere_motion.service.planned import given_of_plan

    error = None
    if plan.blocked() and not plan.partial:
        error = blocked_error(plan)
        show_findings(invocation, plan)
    with open_state_journal(invocation) as journal:
        watched = watch(
            invocation,
            lambda control: run(
                vcenter,
                plan,
                journal=journal,
                control=control,
                options=wish.options,
                given=replace(given_of_plan(file), replan=_replan(invocation, vcenter, file, wish)),
            ),
            plan=plan if error is None else None,
            on_interrupt=wish.options.on_interrupt,
            meter=Meter(wish.metrics, vcenter=vcenter.identity.host, console=invocation.console),
        )
    more = afterwards(watched) if error is None else {}
    code = finish(invocation, watched, files=wish.files, error=error, more=more)
    if file.stuck:
        invocation.console.warn(f"{len(file.stuck)} VMs could not go; the reasons are above")
    return ExitCode.BLOCKED if code == ExitCode.OK and file.stuck else code


def _replan(invocation: Invocation, vcenter: VCenter, file: PlanFile, wish: Wish) -> NextBest | None:
    """What finds other hosts where vCenter refuses one; None where the plan leaves no choice."""
    from vsphere_motion.cli.requests import places_of
    from vsphere_motion.model.plan_request import request_of
    from vsphere_motion.service.next_best import CHOOSES_HOSTS, NextBest

    is_open = file.kind in CHOOSES_HOSTS and not any(move.place for move in file.moves)
    if not is_open or not wish.options.is_watching:
        return None
    return NextBest(vcenter, request_of(file.kind, file.choices), places_of(invocation), tries=wish.tries)


After = Callable[["VCenter", PlanFile], Afterwards]
"""Makes what is done once the moves of a plan have ended."""


def plan_and_run(
    invocation: Invocation,
    request: PlanRequest,
    wish: Wish,
    *,
    dry_run: bool,
    after: After = lambda _vcenter, _file: lambda _watched: {},
    other: Other = NO_OTHER,
) -> int:
    """Plan against how things are now, and run that, or only show it.

    Args:
        other: the other vCenter, where VMs go to one.
    """
    from vsphere_motion.cli.requests import places_of
    from vsphere_motion.service.apply import runnable_plan, snapshot_for
    from vsphere_motion.service.placing import make_plan

    with open_both(invocation, other) as vcenter:
        inventory, places = snapshot_for(vcenter, request.wishes), places_of(invocation)
        made = make_plan(inventory, request, vcenter=vcenter, places=places)
        file = made.file
        if dry_run:
            show_plan_file(invocation, file)
            return code_of_plan_file(file)
        plan = runnable_plan(vcenter, inventory, file, partial=wish.partial, places=places, findings=made.findings)
        return run_planned(invocation, vcenter, file, plan, wish, after(vcenter, file))
