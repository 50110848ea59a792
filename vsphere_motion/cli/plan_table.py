"""A plan as people read it: one row a VM, its findings beside it with what to do, and one line that sums it up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from vsphere_motion.cli.console import safe
from vsphere_motion.model.finding import Finding, Severity, Verdict
from vsphere_motion.model.plan import Plan, PlannedMove
from vsphere_motion.model.refs import NamedRef

HEADER = ("VM", "FROM", "TO", "RESULT", "EXPECTED", "FINDINGS")
NOTHING_CHANGED = "Nothing was changed."

Paint = Callable[[str, str], str]

_ORDER = (Severity.BLOCKER, Severity.WARNING, Severity.UNKNOWN, Severity.INFO)
_COLOURS = {"BLOCKED": "red", "ok": "green", "unchanged": "green", "unknown": "yellow"}


def plan_lines(plan: Plan, paint: Paint) -> Iterator[str]:
    """The table, without the summary; what moves are expected to take is a column where that is known of any.

    Args:
        paint: colours a text, or returns it as it is.
    """
    has_times = any(planned.forecast and planned.forecast.duration_s for planned in plan.moves)
    columns = len(HEADER) - (1 if has_times else 2)
    rows = [(_row(planned)[:columns], _finding_lines(planned)) for planned in plan.moves]
    widths = [
        max(len(HEADER[n]), *(len(row[n]) for row, _ in rows)) if rows else len(HEADER[n]) for n in range(columns)
    ]
    yield _line(HEADER[:columns], widths, HEADER[-1])
    for row, findings in rows:
        for n, finding in enumerate(findings or ["-"]):
            cells = row if n == 0 else ("",) * columns
            yield _line(cells, widths, finding, paint=paint)


def summary_line(plan: Plan) -> str:
    """`1 ok, 1 blocked, 0 warnings. Nothing was changed.`; unknown and unchanged only where there are any."""
    words = [result_word(planned) for planned in plan.moves]
    warnings = sum(1 for planned in plan.moves for finding in planned.findings if finding.severity is Severity.WARNING)
    parts = [
        f"{words.count('ok')} ok",
        f"{words.count('BLOCKED')} blocked",
        f"{warnings} warning{'' if warnings == 1 else 's'}",
    ]
    parts += [f"{words.count(word)} {word}" for word in ("unknown", "unchanged") if word in words]
    return f"{', '.join(parts)}. {NOTHING_CHANGED}"


def result_word(planned: PlannedMove) -> str:
    """`ok`, `BLOCKED`, `unknown`, or `unchanged` for a VM that is already there."""
    if planned.move.is_noop:
        return "unchanged"
    return "BLOCKED" if planned.verdict is Verdict.BLOCKED else planned.verdict.value


def blocker_lines(plan: Plan) -> Iterator[str]:
    """One line for each finding that stops a move, for an error's details."""
    for planned in plan.blocked():
        for finding in planned.blockers:
            yield f"{planned.move.vm.name}: {finding.message} [{finding.id}]"


def _row(planned: PlannedMove) -> tuple[str, ...]:
    from vsphere_motion.report.forecast_form import duration_words
    from vsphere_motion.report.route import destination_words

    move, expected = planned.move, duration_words(planned.forecast)
    return (safe(move.vm.name), _name(move.source.host), safe(destination_words(move)), result_word(planned), expected)


def _name(host: NamedRef | None) -> str:
    return safe(host.name) if host else "-"


def _line(cells: Sequence[str], widths: Sequence[int], last: str, *, paint: Paint | None = None) -> str:
    padded = [f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)]
    if paint and cells[3] in _COLOURS:
        padded[3] = paint(padded[3], _COLOURS[cells[3]])
    return "  ".join([*padded, last]).rstrip()


def _finding_lines(planned: PlannedMove) -> list[str]:
    lines: list[str] = []
    for finding in sorted(planned.findings, key=lambda item: _ORDER.index(item.severity)):
        lines += _words_of(planned, finding)
    return lines


def _words_of(planned: PlannedMove, finding: Finding) -> Iterator[str]:
    skipped = finding.id in planned.skipped
    word = f"{finding.severity.value}, skipped" if skipped else finding.severity.value
    yield f"{word}: {safe(finding.message)} [{safe(finding.id)}]"
    stops = finding in planned.blockers
    remedy = safe(finding.remedy.rstrip("."))
    if stops:
        yield (
            f"  hint: {remedy}, or --skip-check {safe(finding.id)}" if remedy else f"  hint: --skip-check {finding.id}"
        )
    elif remedy and not skipped and finding.severity is not Severity.INFO:
        yield f"  hint: {remedy}"
