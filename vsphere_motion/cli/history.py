"""`history`: the runs of the journal, without a vCenter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from vsphere_motion.cli.columns import aligned
from vsphere_motion.cli.connection import open_state_journal
from vsphere_motion.cli.console import safe
from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.options import command as declare
from vsphere_motion.cli.requests import duration_option
from vsphere_motion.report.escape import json_text

if TYPE_CHECKING:
    from vsphere_motion.run.records import RunSummary
    from vsphere_motion.vmotion.calibrate import Calibration

HEADER = ("RUN", "STARTED", "VCENTER", "USER", "STATE", "MOVES")


@declare("history", formats=("table", "json"), connects=False)
@click.argument("what", required=False, type=click.Choice(["calibrate"]), metavar="[calibrate]")
@duration_option("since", "Only runs that started so long ago or later, such as 7d or 12h.")
@click.option("--vm", metavar="NAME", help="Only runs with this VM: a name, a glob or moid:vm-42.")
@click.option("--calibrate", is_flag=True, help="The same as the word calibrate.")
def command(
    invocation: Invocation, /, *, what: str | None, since_s: float | None, vm: str | None, calibrate: bool
) -> int:
    """Show the runs of the journal, the newest first. vCenter is not asked.

    With the word calibrate it says how well the estimator would have told the moves of all runs.
    """
    from vsphere_motion.service.history import history_document, read_history

    if calibrate or what == "calibrate":
        return _calibrate(invocation, is_filtered=since_s is not None or vm is not None)
    since = None if since_s is None else datetime.now(UTC) - timedelta(seconds=since_s)
    with open_state_journal(invocation) as journal:
        runs = read_history(journal, since=since, vm=vm)
        document = history_document(journal, runs)
    if invocation.wants("json"):
        invocation.console.result(json_text(document, indent=2))
        return ExitCode.OK
    if not runs:
        invocation.console.note("The journal has no such run." if since or vm else "The journal has no runs yet.")
        return ExitCode.OK
    for line in history_lines(runs):
        invocation.console.result(line)
    return ExitCode.OK


def _calibrate(invocation: Invocation, *, is_filtered: bool) -> int:
    """Tell each move from those before it, and compare; a part of the history would be another back-test."""
    from vsphere_motion.service.estimate import calibration_document, calibration_of

    if is_filtered:
        raise click.UsageError("calibrate looks at every run; leave --since and --vm out.")
    with open_state_journal(invocation) as journal:
        found = calibration_of(journal.past_moves())
    if invocation.wants("json"):
        invocation.console.result(json_text(calibration_document(found), indent=2))
        return ExitCode.OK
    for line in calibration_lines(found):
        invocation.console.result(line)
    return ExitCode.OK


def calibration_lines(found: Calibration) -> Iterator[str]:
    """What a back-test says, in a few lines."""
    if found.share_inside is None or found.median_error is None or found.median_width is None:
        yield f"No move of the journal can be told from those before it ({found.left_out} left out)."
        return
    number = len(found.trials)
    yield (
        f"{number} move{'' if number == 1 else 's'}, each told from those before it: "
        f"{found.share_inside:.0%} inside their range, median error {found.median_error:.0%}, "
        f"median range 1 to {found.median_width:.1f}."
    )
    for basis, moves, share in found.by_basis():
        yield f"  by {basis.value}: {moves}, {share:.0%} inside"
    if found.left_out:
        yield f"  left out: {found.left_out}, of which too little is known"


def history_lines(runs: Sequence[RunSummary]) -> Iterator[str]:
    """A heading and one row for each run."""
    return aligned([HEADER, *(_row(run) for run in runs)])


def state_word(run: RunSummary) -> str:
    """`finished`, `watched` or `not finished`."""
    if run.watch is not None:
        return f"watched by {safe(run.watch.owner)} on {safe(run.watch.host)}, process {run.watch.pid}"
    return "finished" if run.is_finished else "not finished"


def _row(run: RunSummary) -> tuple[str, ...]:
    from vsphere_motion.report.units import format_time

    info = run.info
    counts = ", ".join(f"{number} {word.replace('_', ' ')}" for word, number in run.counts) or "-"
    return (
        safe(info.run),
        format_time(info.started_at),
        safe(info.vcenter.host),
        safe(info.user),
        state_word(run),
        counts,
    )
