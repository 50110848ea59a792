"""`status`: what the journal has of a run, and what vCenter says of its tasks now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from vsphere_motion.cli.columns import aligned
from vsphere_motion.cli.connection import open_state_journal, open_vcenter
from vsphere_motion.cli.console import safe
from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.options import command as declare
from vsphere_motion.report.escape import json_text

if TYPE_CHECKING:
    from vsphere_motion.service.status import MoveStatus, RunStatus

HEADER = ("VM", "FROM", "TO", "STATE", "TASK")


@declare("status", formats=("table", "json"))
@click.argument("run", required=False)
def command(invocation: Invocation, /, *, run: str | None) -> int:
    """Show each move of a run: its outcome, or what vCenter says of its task now.

    RUN is a run's id or its beginning; without it, the newest unfinished run of this vCenter.
    """
    from vsphere_motion.service.status import read_status, status_document

    with open_vcenter(invocation) as vcenter, open_state_journal(invocation) as journal:
        status = read_status(vcenter, journal, run)
        host = vcenter.identity.host
    if invocation.wants("json"):
        invocation.console.result(json_text(status_document(status), indent=2))
    elif status is None:
        tell_no_run(invocation, host)
    else:
        for line in status_lines(status):
            invocation.console.result(line)
    return ExitCode.OK


def tell_no_run(invocation: Invocation, host: str) -> None:
    """Say that there is nothing to go on with."""
    if invocation.wants("json"):
        document: dict[str, object] = {"schema": "vsphere-motion/run/v1", "run": None, "outcomes": []}
        invocation.console.result(json_text(document, indent=2))
    invocation.console.note(f"There is no unfinished run of {safe(host)}.")


def status_lines(status: RunStatus) -> Iterator[str]:
    """A headline and one row for each move."""
    from vsphere_motion.report.units import format_time

    words = "finished" if status.is_finished else "not finished"
    if status.watch is not None and status.is_watched is not False:
        words += f", watched by {safe(str(status.watch))}"
    yield f"run {safe(status.info.run)} of {format_time(status.info.started_at)}: {words}"
    yield from aligned([HEADER, *(_row(move) for move in status.moves)])


def _row(move: MoveStatus) -> tuple[str, str, str, str, str]:
    planned = move.item.move
    source, destination = planned.source.host, planned.destination.host
    percent = move.live.progress_percent if move.live else None
    return (
        safe(planned.vm.name),
        safe(source.name) if source else "-",
        safe(destination.name) if destination else "-",
        move.word.replace("_", " ") + ("" if percent is None else f" {percent}%"),
        move.item.task.moid if move.item.task else "-",
    )
