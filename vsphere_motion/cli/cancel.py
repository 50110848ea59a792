"""`cancel`: take back what was not started, ask vCenter to cancel what runs, and see how it ends."""

from __future__ import annotations

import click

from vsphere_motion.cli.across import Other, across_options, joined_by, other_of_run
from vsphere_motion.cli.connection import open_state_journal, open_vcenter
from vsphere_motion.cli.console import require_interactive, safe
from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.options import command as declare
from vsphere_motion.cli.status import status_lines, tell_no_run
from vsphere_motion.cli.watching import finish, watch
from vsphere_motion.model.outcome import OutcomeState


@declare("cancel", formats=("table", "json", "jsonl"))
@click.argument("run", required=False)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@across_options
def command(invocation: Invocation, /, *, run: str | None, yes: bool, other: Other) -> int:
    """Cancel what is left of a run. A VM in its switch-over may still arrive; the outcome says so.

    RUN is a run's id or its beginning; without it, the newest unfinished run of this vCenter. A rolling is only given
    up: its hosts and VMs stay as they are, and are named.
    """
    from vsphere_motion.service.cancel import cancel
    from vsphere_motion.service.resume import vcenter_of_run
    from vsphere_motion.service.rolling import ROLLING, end_rolling
    from vsphere_motion.service.status import read_status

    console = invocation.console
    with open_vcenter(invocation) as vcenter, open_state_journal(invocation) as journal:
        if run is not None and run.startswith(ROLLING):
            for line in end_rolling(vcenter, journal, run):
                console.result(safe(line))
            return ExitCode.OK
        status = read_status(vcenter, journal, run)
        if status is None:
            tell_no_run(invocation, vcenter.identity.host)
            return ExitCode.OK
        if not status.is_finished and not yes:
            require_interactive(console, "cancelling", "add --yes to cancel without a question")
            for line in status_lines(status):
                console.note(line)
            if not console.confirm(f"Cancel what is left of run {safe(status.info.run)}?"):
                return ExitCode.INTERRUPTED
        going_to = other_of_run(vcenter_of_run(vcenter, journal, status.info.run), other)
        with joined_by(invocation, vcenter, going_to):
            watched = watch(invocation, lambda control: cancel(vcenter, journal, status.info.run, control=control))
    code = finish(invocation, watched)
    report = watched.report
    is_cancelled = report is not None and report.count(OutcomeState.CANCELLED) and not report.count(OutcomeState.FAILED)
    return ExitCode.OK if code is ExitCode.FAILED and is_cancelled else code
