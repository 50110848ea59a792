"""`report`: show or write the report of a run, from the journal alone."""

from __future__ import annotations

from pathlib import Path

import click

from vsphere_motion.cli.connection import open_state_journal
from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.options import command as declare
from vsphere_motion.cli.requests import report_files
from vsphere_motion.errors import BadInput
from vsphere_motion.model.report import Report

SUFFIXES = {"text": ".txt", "json": ".json", "html": ".html"}


@declare("report", formats=("table", "json"), connects=False)
@click.argument("run", required=False)
@click.option("-O", "--output-file", "file", metavar="FILE", help="Write to this .html, .json, .txt or .md file.")
@click.option("--format", "form", type=click.Choice(list(SUFFIXES)), help="Format [text; with -O, what FILE ends in].")
def command(invocation: Invocation, /, *, run: str | None, file: str | None, form: str | None) -> int:
    """Show or write the report of a run. vCenter is not asked; the journal has it all.

    RUN is a run's id or its beginning; without it, the newest run.
    """
    from vsphere_motion.report.write import FORMATS, write_report
    from vsphere_motion.service.report import load_report

    target = _target(file, form)
    with open_state_journal(invocation) as journal:
        report: Report = load_report(journal, run)
    if target is not None:
        write_report(target, report)
        invocation.console.note(f"Wrote {target}")
        return ExitCode.OK
    wanted = form or ("json" if invocation.wants("json") else "text")
    invocation.console.result(FORMATS[SUFFIXES[wanted]](report).rstrip("\n"))
    return ExitCode.OK


def _target(file: str | None, form: str | None) -> Path | None:
    """The file to write; its suffix is its format.

    Raises:
        BadInput: the suffix names no format, or another than --format.
    """
    if file is None:
        return None
    (path,) = report_files((file,))
    if form is not None and path.suffix.lower() not in {SUFFIXES[form], ".md" if form == "text" else ""}:
        raise BadInput(
            f"--format {form} and the file name {path.name} do not agree", hint=f"end it in {SUFFIXES[form]}"
        )
    return path
