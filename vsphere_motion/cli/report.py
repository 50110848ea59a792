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

SUFFIXES = {"text": ".txt", "md": ".md", "csv": ".csv", "html": ".html", "json": ".json", "junit": ".xml"}


@declare("report", formats=("table", "json"), connects=False)
@click.argument("run", required=False)
@click.option(
    "-O", "--output-file", "file", metavar="FILE", help="Write to this .html, .json, .txt, .md, .csv or .xml file."
)
@click.option("--format", "form", type=click.Choice(list(SUFFIXES)), help="Format [text; with -O, what FILE ends in].")
@click.option("--template", metavar="FILE", help="Write what this jinja2 template makes of the run.")
@click.option("--redact", is_flag=True, help="Put a stable word in the place of every name and address.")
def command(
    invocation: Invocation,
    /,
    *,
    run: str | None,
    file: str | None,
    form: str | None,
    template: str | None,
    redact: bool,
) -> int:
    """Show or write the report of a run. vCenter is not asked; the journal has it all.

    RUN is a run's id or its beginning; without it, the newest run.
    """
    from vsphere_motion.report.redact import redact_report
    from vsphere_motion.report.write import write_text
    from vsphere_motion.service.report import load_report

    if template is not None and form is not None:
        raise click.UsageError("--template and --format exclude each other; give one of them.")
    target = Path(file) if file is not None and template is not None else _target(file, form)
    with open_state_journal(invocation) as journal:
        report: Report = load_report(journal, run)
    text = _text(redact_report(report) if redact else report, template, _suffix(invocation, target, form))
    if target is not None:
        write_text(target, text)
        invocation.console.note(f"Wrote {target}")
    else:
        invocation.console.result(text.rstrip("\r\n"))
    return ExitCode.OK


def _text(report: Report, template: str | None, suffix: str) -> str:
    """The report in its format, or as the template makes it."""
    from vsphere_motion.report.template import report_by_template
    from vsphere_motion.report.write import FORMATS

    if template is not None:
        return report_by_template(report, Path(template))
    return FORMATS[suffix](report)


def _suffix(invocation: Invocation, target: Path | None, form: str | None) -> str:
    """What stands for the format: of the file, else of what was asked for."""
    if target is not None:
        return target.suffix.lower()
    return SUFFIXES[form or ("json" if invocation.wants("json") else "text")]


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
