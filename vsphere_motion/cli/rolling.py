"""`rolling`: work on the hosts of a cluster, one after the other."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from vsphere_motion.cli.columns import aligned
from vsphere_motion.cli.connection import open_state_journal, open_vcenter
from vsphere_motion.cli.console import require_interactive, safe
from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.options import command as declare
from vsphere_motion.cli.placement_options import dry_run_option, powered_off_option, yes_option
from vsphere_motion.cli.plan_file_table import plan_file_lines
from vsphere_motion.cli.plan_table import NOTHING_CHANGED
from vsphere_motion.cli.requests import duration_option, places_of, require_known, skip_check_option
from vsphere_motion.cli.running import running_options
from vsphere_motion.cli.watching import watch
from vsphere_motion.cli.window_options import Window, window_options
from vsphere_motion.report.escape import json_text

if TYPE_CHECKING:
    from vsphere_motion.model.rolling import Rolling, RollingRequest, RollingStep
    from vsphere_motion.run.journal import Journal
    from vsphere_motion.service.connection import VCenter
    from vsphere_motion.service.migrate import RunOptions
    from vsphere_motion.service.rolling import World

HEADER = ("HOST", "STATE", "COMMAND", "NOTE")


@declare("rolling", formats=("table", "json"))
@click.argument("cluster", required=False)
@click.option("--each", metavar="COMMAND", help="Run this for each host; {host} becomes its name. No shell reads it.")
@click.option("--parallel", type=click.IntRange(min=1), default=1, metavar="N", help="Hosts at once, if they fit [1].")
@click.option("--resume", "resumed", metavar="ID", help="Go on with one that was left or has failed.")
@duration_option("command-limit", "End the command after this, and stop [2h].")
@duration_option("health-limit", "How long a host may take to be connected again [15m].")
@click.option("--use-ha-reserve", is_flag=True, help="Use what vSphere HA keeps free for failed hosts, too.")
@powered_off_option
@skip_check_option
@dry_run_option
@yes_option
@running_options
@window_options
def command(
    invocation: Invocation,
    /,
    *,
    cluster: str | None,
    each: str | None,
    parallel: int,
    resumed: str | None,
    command_limit_s: float | None,
    health_limit_s: float | None,
    use_ha_reserve: bool,
    powered_off: str,
    skip_checks: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    window: Window,
    options: RunOptions,
) -> int:
    """Work on a cluster host by host: empty it, enter maintenance mode, run a command, look, leave, bring back.

    Hosts that are in maintenance mode already, or not connected, are left out. The first failure stops it: that host is
    left as it is, and named. What was left or has failed goes on with --resume ID, where it stood; a command that was
    under way runs once more, so it must bear that.
    """
    from vsphere_motion.service.rolling import World

    window.require()
    for check_id in skip_checks:
        require_known("--skip-check", check_id)
    given = {"command_limit_s": command_limit_s, "health_limit_s": health_limit_s}
    request = _request(
        cluster,
        each,
        resumed,
        parallel=parallel,
        moves_powered_off=powered_off == "move",
        skip_checks=skip_checks,
        keeps_ha_reserve=not use_ha_reserve,
        window=window.written,
        **{name: value for name, value in given.items() if value is not None},
    )
    world = World(environment=invocation.environment, options=options, places=places_of(invocation))
    with open_vcenter(invocation) as vcenter, open_state_journal(invocation) as journal:
        rolling = _found_or_made(invocation, vcenter, journal, request, resumed)
        if dry_run:
            return _show_plans(invocation, vcenter, rolling, world)
        if not _is_wanted(invocation, rolling, yes=yes):
            invocation.console.note(NOTHING_CHANGED)
            return ExitCode.INTERRUPTED
        return run_to_end(invocation, vcenter, journal, rolling, world, is_new=resumed is None)


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


def _request(cluster: str | None, each: str | None, resumed: str | None, **given: object) -> RollingRequest | None:
    """The request in the person's words; None where one goes on.

    Raises:
        UsageError: a word is missing, or the command cannot be taken apart.
    """
    from vsphere_motion.model.rolling import RollingRequest

    if resumed is not None:
        if cluster is not None or each is not None or given["window"]:
            raise click.UsageError(
                "--resume knows cluster, command and window; leave out CLUSTER, --each and --window."
            )
        return None
    if cluster is None or each is None:
        raise click.UsageError("Give CLUSTER and --each COMMAND, or --resume ID.")
    try:
        words = tuple(shlex.split(each))
    except ValueError as problem:
        raise click.UsageError(f"--each cannot be taken apart into words: {problem}.") from None
    if not words:
        raise click.UsageError("--each has no words.")
    return RollingRequest(cluster=cluster, command=words, **given)  # type: ignore[arg-type]


def _found_or_made(
    invocation: Invocation, vcenter: VCenter, journal: Journal, request: RollingRequest | None, resumed: str | None
) -> Rolling:
    from vsphere_motion.run.workbook import Workbook
    from vsphere_motion.service.rolling import plan_rolling

    if request is None:
        assert resumed is not None
        return Workbook(journal).load_rolling(resumed)
    rolling, left = plan_rolling(vcenter, request)
    for line in left:
        invocation.console.warn(safe(line))
    return rolling


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
