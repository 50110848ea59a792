"""`rolling`: work on the hosts of a cluster, one after the other."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from vsphere_motion.cli.columns import aligned
from vsphere_motion.cli.connection import open_state_journal, open_vcenter
from vsphere_motion.cli.console import require_interactive, safe
from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.options import command as declare
from vsphere_motion.cli.placement_options import dry_run_option, partial_option, yes_option
from vsphere_motion.cli.plan_file_table import plan_file_lines
from vsphere_motion.cli.plan_table import NOTHING_CHANGED
from vsphere_motion.cli.planned_run import Wish, code_of_plan_file, show_plan_file, stuck_error
from vsphere_motion.cli.requests import places_of
from vsphere_motion.cli.rolling_options import require_nothing_else, rolling_options, rolling_request
from vsphere_motion.cli.running import running_options
from vsphere_motion.cli.watching import watch
from vsphere_motion.report.escape import json_text

if TYPE_CHECKING:
    from vsphere_motion.model.plan_file import PlanFile
    from vsphere_motion.model.rolling import Rolling, RollingRequest, RollingStep
    from vsphere_motion.run.journal import Journal
    from vsphere_motion.service.connection import VCenter
    from vsphere_motion.service.options import RunOptions
    from vsphere_motion.service.rolling import World

HEADER = ("HOST", "STATE", "COMMAND", "NOTE")


@declare("rolling", formats=("table", "json"))
@click.argument("cluster", required=False)
@click.option("--resume", "resumed", metavar="ID", help="Go on with one that was left or has failed.")
@rolling_options
@partial_option
@dry_run_option
@yes_option
@running_options
def command(
    invocation: Invocation,
    /,
    *,
    cluster: str | None,
    resumed: str | None,
    partial: bool,
    dry_run: bool,
    yes: bool,
    options: RunOptions,
    **given: Any,
) -> int:
    """Work on a cluster host by host: empty it, enter maintenance mode, run a command, look, leave, bring back.

    Every VM that could not leave its host is named before anything starts, and then nothing starts, unless --partial
    leaves such hosts out. Hosts that are in maintenance mode already, or not connected, are left out. The first failure
    stops it: that host is left as it is, and named. What was left or has failed goes on with --resume ID, where it
    stood; a command that was under way runs once more, so it must bear that.
    """
    world = world_of(invocation, options)
    if resumed is not None:
        require_nothing_else(cluster, given)
        return _resume(invocation, resumed, world, dry_run=dry_run, yes=yes)
    request = rolling_request(cluster, **given)
    with open_vcenter(invocation) as vcenter:
        file = make_plan(vcenter, request, world)
        if dry_run:
            show_plan_file(invocation, file)
            return code_of_plan_file(file)
        return run_rolling_plan(invocation, vcenter, file, world, Wish(options=options, partial=partial, yes=yes))


def make_plan(vcenter: VCenter, request: RollingRequest, world: World) -> PlanFile:
    """How each host would be emptied if it were its turn now."""
    from vsphere_motion.service.rolling_plan import make_rolling_plan

    return make_rolling_plan(vcenter.snapshot(), request, vcenter=vcenter, places=world.places)


def world_of(invocation: Invocation, options: RunOptions) -> World:
    """What commands are given, and how moves are run."""
    from vsphere_motion.service.rolling import World

    return World(environment=invocation.environment, options=options, places=places_of(invocation))


def run_rolling_plan(invocation: Invocation, vcenter: VCenter, file: PlanFile, world: World, wish: Wish) -> int:
    """Show a plan, ask, and work on its hosts.

    Raises:
        PreflightBlocked: a host cannot be emptied, and that is no reason to leave it out.
    """
    from vsphere_motion.service.rolling import new_rolling
    from vsphere_motion.service.rolling_plan import without_stuck

    hosts = without_stuck(file)
    if file.stuck and (not wish.partial or not hosts):
        raise stuck_error(file)
    assert file.choices.rolling is not None, "the plan was checked"
    for line in plan_file_lines(file):
        invocation.console.note(line)
    for host in file.hosts:
        if host not in hosts:
            invocation.console.warn(f"{safe(host.name)} is left out: not every VM can leave it")
    with open_state_journal(invocation) as journal:
        rolling = new_rolling(vcenter, file.choices.rolling, [host.named for host in hosts])
        if not _is_wanted(invocation, rolling, yes=wish.yes):
            invocation.console.note(NOTHING_CHANGED)
            return ExitCode.INTERRUPTED
        code = run_to_end(invocation, vcenter, journal, rolling, world, is_new=True)
    return ExitCode.BLOCKED if code == ExitCode.OK and file.stuck else code


def _resume(invocation: Invocation, resumed: str, world: World, *, dry_run: bool, yes: bool) -> int:
    from vsphere_motion.run.workbook import Workbook

    with open_vcenter(invocation) as vcenter, open_state_journal(invocation) as journal:
        rolling = Workbook(journal).load_rolling(resumed)
        if dry_run:
            return _show_plans(invocation, vcenter, rolling, world)
        if not _is_wanted(invocation, rolling, yes=yes):
            invocation.console.note(NOTHING_CHANGED)
            return ExitCode.INTERRUPTED
        return run_to_end(invocation, vcenter, journal, rolling, world, is_new=False)


def run_to_end(
    invocation: Invocation, vcenter: VCenter, journal: Journal, rolling: Rolling, world: World, *, is_new: bool
) -> int:
    """Run a rolling and tell how every host is afterwards."""
    from vsphere_motion.run.workbook import Workbook
    from vsphere_motion.service.rolling import run_rolling

    if is_new:
        Workbook(journal).create_rolling(rolling)
    invocation.console.note(f"Rolling {rolling.id}")
    watched = watch(
        invocation,
        lambda control: run_rolling(vcenter, journal, rolling, control=control, world=world),
        on_interrupt=world.options.on_interrupt,
    )
    rolling = Workbook(journal).load_rolling(rolling.id)
    _show(invocation, rolling)
    return _code(rolling, watched.stopped)


def _show_plans(invocation: Invocation, vcenter: VCenter, rolling: Rolling, world: World) -> int:
    """How each host would be emptied if it were its turn now; 3 if one cannot be."""
    from vsphere_motion.model.rolling import StepState
    from vsphere_motion.service.plan_files import plan_document
    from vsphere_motion.service.rolling import plan_step

    inventory = vcenter.snapshot()
    steps = [step for step in rolling.steps if step.state is StepState.PLANNED]
    plans = [(step, plan_step(vcenter, inventory, rolling, [step], world.places)) for step in steps]
    if invocation.wants("json"):
        hosts = [{"host": step.host_name, "plan": plan_document(plan)} for step, plan in plans]
        invocation.console.result(json_text({**rolling_document(rolling), "plans": hosts}, indent=2))
    else:
        for step, plan in plans:
            invocation.console.result(f"{safe(step.host_name)}:")
            for line in plan_file_lines(plan):
                invocation.console.result(f"  {line}")
    return ExitCode.BLOCKED if any(plan.stuck for _, plan in plans) else ExitCode.OK


def _is_wanted(invocation: Invocation, rolling: Rolling, *, yes: bool) -> bool:
    from vsphere_motion.model.rolling import StepState

    console = invocation.console
    names = [safe(step.host_name) for step in rolling.steps if step.state is not StepState.DONE]
    console.note(f"{safe(shlex.join(rolling.request.command))}  on  {', '.join(names) or 'no host: all are done'}")
    if yes or not names:
        return True
    require_interactive(console, "working on hosts", "add --yes to go on without a question, or --dry-run to only plan")
    return console.confirm(f"Work on {len(names)} host{'' if len(names) == 1 else 's'}?")


def rolling_document(rolling: Rolling) -> dict[str, object]:
    """How every host is, as `vsphere-motion/rolling/v1`."""
    return {
        "schema": "vsphere-motion/rolling/v1",
        "rolling": rolling.id,
        "cluster": rolling.request.cluster,
        "command": list(rolling.request.command),
        "hosts": [
            {
                "name": step.host_name,
                "moid": step.host.moid,
                "state": step.state.value,
                "failed": step.note is not None,
                "note": step.note,
                "exit_code": step.exit_code,
                "output": step.output,
                "runs": list(step.runs),
            }
            for step in rolling.steps
        ],
    }


def rolling_lines(rolling: Rolling) -> Iterator[str]:
    """A heading and a row for each host."""
    return aligned([HEADER, *(_row(step) for step in rolling.steps)])


def _show(invocation: Invocation, rolling: Rolling) -> None:
    if invocation.wants("json"):
        invocation.console.result(json_text(rolling_document(rolling), indent=2))
    else:
        for line in rolling_lines(rolling):
            invocation.console.result(line)
    if not rolling.is_done:
        invocation.console.warn(f"not every host is done. Go on:  vsphere-motion rolling --resume {rolling.id}")


def _row(step: RollingStep) -> tuple[str, ...]:
    word = f"{step.state.value}, failed" if step.note else step.state.value
    ended = "-" if step.exit_code is None else f"exit {step.exit_code}"
    return (safe(step.host_name), word, ended, safe(step.note or "-"))


def _code(rolling: Rolling, stopped: ExitCode | None) -> ExitCode:
    if stopped is not None:
        return stopped
    if any(step.note is not None for step in rolling.steps):
        return ExitCode.FAILED
    return ExitCode.OK if rolling.is_done else ExitCode.UNFINISHED
