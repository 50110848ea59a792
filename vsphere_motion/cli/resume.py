"""`resume`: watch again what runs, then start what was not started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from vsphere_motion.cli.across import Other, across_options, joined_by, other_of_run
from vsphere_motion.cli.connection import open_state_journal, open_vcenter
from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.metrics import Meter, metrics_file, metrics_option
from vsphere_motion.cli.options import command as declare
from vsphere_motion.cli.requests import places_of, report_files
from vsphere_motion.cli.running import running_options
from vsphere_motion.cli.status import tell_no_run
from vsphere_motion.cli.watching import finish, watch

if TYPE_CHECKING:
    from vsphere_motion.service.options import RunOptions


@declare("resume", formats=("table", "json", "jsonl"))
@click.argument("run", required=False)
@click.option("--task", metavar="TASK", help="Take over this relocation task of --vm, which the journal lacks.")
@click.option("--vm", metavar="VM", help="The VM of --task.")
@click.option("-y", "--yes", is_flag=True, help="Accepted for scripts; resume never asks.")
@across_options
@running_options
@metrics_option
@click.option(
    "--report", "reports", metavar="FILE", multiple=True, help="Write .html, .json, .txt or .md (repeatable)."
)
def command(
    invocation: Invocation,
    /,
    *,
    run: str | None,
    task: str | None,
    vm: str | None,
    yes: bool,
    other: Other,
    reports: tuple[str, ...],
    metrics: str | None,
    options: RunOptions,
) -> int:
    """Go on with a run: watch what still runs, then start what was not started.

    RUN is a run's id or its beginning; without it, the newest unfinished run of this vCenter. A relocation that was
    asked for without an answer is looked for; it counts as never submitted 30 seconds later, by vCenter's clock. What
    vCenter has refused is never asked for again; where the plan chose hosts, as evacuate does, the next best is tried,
    as the run itself would have done. A rolling that was left goes on, too: the one whose id is given, or without RUN
    the newest that has not ended.
    """
    from vsphere_motion.cli.rolling import run_to_end
    from vsphere_motion.service.adopt import adopt
    from vsphere_motion.service.resume import resume, vcenter_of_run
    from vsphere_motion.service.rolling import World, find_rolling

    del yes
    _require_pair(run, task, vm)
    files, numbers = report_files(reports), metrics_file(metrics)
    with open_vcenter(invocation) as vcenter, open_state_journal(invocation) as journal:
        rolling = find_rolling(vcenter, journal, run) if task is None else None
        if rolling is not None:
            world = World(environment=invocation.environment, options=options, places=places_of(invocation))
            return run_to_end(invocation, vcenter, journal, rolling, world, is_new=False)
        if task is not None and vm is not None:
            run = adopt(vcenter, journal, task=task, selector=vm)
        going_to = other_of_run(vcenter_of_run(vcenter, journal, run), other)
        with joined_by(invocation, vcenter, going_to):
            watched = watch(
                invocation,
                lambda control: resume(vcenter, journal, run, control=control, options=options),
                on_interrupt=options.on_interrupt,
                meter=Meter(numbers, vcenter=vcenter.identity.host, console=invocation.console),
            )
        if watched.report is None:
            tell_no_run(invocation, vcenter.identity.host)
            return watched.stopped or ExitCode.OK
    return finish(invocation, watched, files=files)


def _require_pair(run: str | None, task: str | None, vm: str | None) -> None:
    """Refuse half of `--task TASK --vm VM`, and both with a run.

    Raises:
        UsageError: as the words say.
    """
    if (task is None) != (vm is None):
        raise click.UsageError("--task and --vm go together.")
    if task is not None and run is not None:
        raise click.UsageError("--task finds the run itself; leave RUN out.")
