"""A run as one self-contained HTML file: no script, no request, styles and drawings inline.

Rules of this file: every value goes through autoescape and has its invisible characters written out. jinja2 is
imported when a page is made, not before. Templates only place what `rows` and `chart` have put into words.
"""

from __future__ import annotations

import json
from datetime import UTC, tzinfo
from functools import cache
from typing import TYPE_CHECKING

from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.report import Report
from vsphere_motion.report import chart, comparison, passes, rows, units
from vsphere_motion.report.build import failures_first
from vsphere_motion.report.escape import escape_text
from vsphere_motion.report.json_form import run_document
from vsphere_motion.report.marks import shown_lines

if TYPE_CHECKING:
    from jinja2 import Environment

MOST_MOVES_WITH_JSON = 50

_ICONS = {
    OutcomeState.MOVED: "\N{CHECK MARK}",
    OutcomeState.UNCHANGED: "=",
    OutcomeState.FAILED: "\N{BALLOT X}",
    OutcomeState.BLOCKED: "\N{BLACK SQUARE}",
    OutcomeState.NOT_STARTED: "\N{WHITE CIRCLE}",
    OutcomeState.CANCELLED: "\N{CIRCLED TIMES}",
    OutcomeState.UNKNOWN: "?",
}
_COLUMNS = (
    ("moves", ("VM", "Result", "From", "To", "Memory", "Duration", "Downtime", "Migration ID")),
    ("hosts", ("Host", "VMs", "CPU before", "CPU after", "", "Memory before", "Memory after", "")),
    ("passes", ("Pass", "Length", "Sent", "Bandwidth", "Write rate", "Left to send", "")),
    ("plan", ("Value", "Expected", "Came", "Verdict", "")),
)
"""What the cells of a row are called where it is narrow and its table has no head; "" for a drawing."""

_OPEN_STATES = frozenset({OutcomeState.FAILED, OutcomeState.UNKNOWN, OutcomeState.BLOCKED})


def report_html(report: Report, *, zone: tzinfo = UTC) -> str:
    """The report as a page that opens offline.

    Args:
        zone: the zone that times are written in, with their offset.
    """
    template = _environment().get_template("report.html.j2")
    moves = failures_first(report)
    return template.render(
        report=report,
        moves=moves,
        shown_lines=shown_lines(moves),
        run_chart=chart.run_chart(report),
        loads=comparison.load_rows(report),
        zone=zone,
        icons=_ICONS,
        labels=_COLUMNS,
        open_states=_OPEN_STATES,
        json_lines=_json_lines(report),
    )


def _json_lines(report: Report) -> list[str]:
    """The report as JSON for the end of the page; of a run with many moves it would be most of the page."""
    if len(report.moves) > MOST_MOVES_WITH_JSON:
        return []
    return json.dumps(run_document(report), indent=2).split("\n")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=PackageLoader("vsphere_motion.report"),
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        rows=rows,
        units=units,
        move_chart=chart.move_chart,
        pass_table=passes.pass_table,
        compared=comparison.compared,
    )
    return environment


def _visible(value: object) -> object:
    """Write out what a reader could not see; markup that a macro made is left alone."""
    return value if hasattr(value, "__html__") else escape_text(str(value))
