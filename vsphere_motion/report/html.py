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
from vsphere_motion.report import chart, rows, units
from vsphere_motion.report.build import failures_first
from vsphere_motion.report.escape import escape_text
from vsphere_motion.report.json_form import run_document

if TYPE_CHECKING:
    from jinja2 import Environment

_ICONS = {
    OutcomeState.MOVED: "\N{CHECK MARK}",
    OutcomeState.UNCHANGED: "=",
    OutcomeState.FAILED: "\N{BALLOT X}",
    OutcomeState.BLOCKED: "\N{BLACK SQUARE}",
    OutcomeState.NOT_STARTED: "\N{WHITE CIRCLE}",
    OutcomeState.CANCELLED: "\N{CIRCLED TIMES}",
    OutcomeState.UNKNOWN: "?",
}
_OPEN_STATES = frozenset({OutcomeState.FAILED, OutcomeState.UNKNOWN, OutcomeState.BLOCKED})


def report_html(report: Report, *, zone: tzinfo = UTC) -> str:
    """The report as a page that opens offline.

    Args:
        zone: the zone that times are written in, with their offset.
    """
    template = _environment().get_template("report.html.j2")
    return template.render(
        report=report,
        moves=failures_first(report),
        run_chart=chart.run_chart(report),
        zone=zone,
        icons=_ICONS,
        open_states=_OPEN_STATES,
        json_lines=json.dumps(run_document(report), indent=2).split("\n"),
    )


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
    environment.globals.update(rows=rows, units=units, move_chart=chart.move_chart)
    return environment


def _visible(value: object) -> object:
    """Write out what a reader could not see; markup that a macro made is left alone."""
    return value if hasattr(value, "__html__") else escape_text(str(value))
