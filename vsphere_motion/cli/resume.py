"""`resume`: watch again what runs, then start what was not started."""

from __future__ import annotations

import click

from vsphere_motion.cli.connection import open_state_journal, open_vcenter
from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.migrate import run_options
from vsphere_motion.cli.options import command as declare
from vsphere_motion.cli.requests import duration_option, report_files
from vsphere_motion.cli.status import tell_no_run
from vsphere_motion.cli.watching import finish, watch


@declare("resume", formats=("table", "json", "jsonl"))
@click.argument("run", required=False)
@click.option("-y", "--yes", is_flag=True, help="Accepted for scripts; resume never asks.")
@click.option("--max-concurrent", type=click.IntRange(min=1), metavar="N", help="Migrations at once [4].")
@duration_option("timeout", "Stop watching after this; what runs goes on in vCenter.")
@click.option(
    "--report", "reports", metavar="FILE", multiple=True, help="Write .html, .json, .txt or .md (repeatable)."
)
def command(
    invocation: Invocation,
    /,
    *,
    run: str | None,
    yes: bool,
    max_concurrent: int | None,
    timeout_s: float | None,
    reports: tuple[str, ...],
) -> int:
    """Go on with a run: watch what still runs, then start what was not started.

    RUN is a run's id or its beginning; without it, the newest unfinished run of this vCenter.
    """
    from vsphere_motion.service.resume import resume

    del yes
    files = report_files(reports)
    options = run_options(max_concurrent, timeout_s)
    with open_vcenter(invocation) as vcenter, open_state_journal(invocation) as journal:
        watched = watch(invocation, lambda control: resume(vcenter, journal, run, control=control, options=options))
        if watched.report is None:
            tell_no_run(invocation, vcenter.identity.host)
            return watched.stopped or ExitCode.OK
    return finish(invocation, watched, files=files)
