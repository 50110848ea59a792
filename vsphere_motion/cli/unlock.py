"""`unlock`: show who watches runs, or take away the lock of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from vsphere_motion.cli.columns import aligned
from vsphere_motion.cli.connection import open_state_journal
from vsphere_motion.cli.console import require_interactive, safe
from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.options import command as declare
from vsphere_motion.report.escape import json_text

if TYPE_CHECKING:
    from vsphere_motion.run.journal import Journal
    from vsphere_motion.run.records import Watch

HEADER = ("RUN", "OWNER", "HOST", "PROCESS", "SINCE", "LAST SEEN", "ALIVE")


@declare("unlock", formats=("table", "json"), connects=False)
@click.argument("run", required=False)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="Also where the process lives on this machine.")
def command(invocation: Invocation, /, *, run: str | None, yes: bool, force: bool) -> int:
    """Show who watches which run; with RUN, take its lock away.

    A lock of a killed process of this machine needs no unlocking. One of another machine does, once you have seen that
    its process is gone. Times are vCenter's. No VM and no task is touched.
    """
    from vsphere_motion.run.locks import unlock

    with open_state_journal(invocation) as journal:
        whole = None if run is None else journal.complete_id(run)
        found = [watch for watch in journal.watches() if whole in {None, watch.run}]
        _show(invocation, journal, found)
        if whole is None or not (found or force):
            return ExitCode.OK
        if not yes:
            require_interactive(invocation.console, "unlocking", "add --yes to unlock without a question")
            if not invocation.console.confirm(f"Take away the lock of run {safe(whole)}?"):
                return ExitCode.INTERRUPTED
        unlock(journal, whole, force=force)
    invocation.console.note(f"Run {safe(whole)} is not locked any more. Go on:  vsphere-motion resume {safe(whole)}")
    return ExitCode.OK


def lock_lines(journal: Journal, watches: Sequence[Watch]) -> Iterator[str]:
    """A heading and one row for each lock."""
    return aligned([HEADER, *(_row(journal, watch) for watch in watches)])


def _show(invocation: Invocation, journal: Journal, found: Sequence[Watch]) -> None:
    from vsphere_motion.service.history import locks_document

    if invocation.wants("json"):
        invocation.console.result(json_text(locks_document(journal, found), indent=2))
    elif found:
        for line in lock_lines(journal, found):
            invocation.console.result(line)
    else:
        invocation.console.note("Nobody watches a run.")


def _row(journal: Journal, watch: Watch) -> tuple[str, ...]:
    from vsphere_motion.report.units import format_time
    from vsphere_motion.run.locks import find_alive

    alive = {True: "yes", False: "no", None: "unknown"}[find_alive(journal, watch)]
    times = (format_time(watch.since), format_time(watch.seen_at))
    return (safe(watch.run), safe(watch.owner), safe(watch.host), str(watch.pid), *times, alive)
