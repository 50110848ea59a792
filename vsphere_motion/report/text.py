"""A run in plain text: headline, failures first, one block for each VM with its timeline and both hosts' log lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, tzinfo
from itertools import chain

from vsphere_motion.model.record import LogLine
from vsphere_motion.model.report import Report, ReportedMove
from vsphere_motion.report.build import failures_first
from vsphere_motion.report.escape import escape_text
from vsphere_motion.report.rows import (
    Row,
    counts_words,
    fault_rows,
    finding_words,
    line_words,
    move_rows,
    ordered_findings,
    phase_rows,
    route_words,
    run_rows,
    state_words,
)
from vsphere_motion.report.units import format_clock


def report_text(report: Report, *, zone: tzinfo = UTC) -> str:
    """The report for reading in a terminal or a mail; no line holds a character a terminal would obey.

    Args:
        zone: the zone that times are written in, with their offset.
    """
    blocks = chain([_headline(report, zone)], (_block(item, zone) for item in failures_first(report)))
    return "\n".join("".join(f"{line}\n" for line in block) for block in blocks)


def _headline(report: Report, zone: tzinfo) -> Iterator[str]:
    yield escape_text(f"Run {report.info.run}: {counts_words(report)}")
    yield from _table(run_rows(report, zone=zone), indent=2)


def _block(item: ReportedMove, zone: tzinfo) -> Iterator[str]:
    outcome = item.outcome
    yield escape_text(f"{state_words(outcome.state).upper()}  {outcome.move.vm}  {route_words(outcome.move)}")
    yield from _table(fault_rows(outcome), indent=2)
    yield from _table(move_rows(item, zone=zone), indent=2)
    yield from _section("timeline", _table(phase_rows(item), indent=4))
    yield from _section("findings", _findings(item))
    if outcome.motion:
        title = f"log lines of {outcome.motion.source_host} and {outcome.motion.destination_host}"
        yield from _section(title, _log_lines(outcome.motion.lines, zone))


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    held = list(lines)
    if held:
        yield escape_text(f"  {title}")
        yield from held


def _table(rows: Iterable[Row], *, indent: int) -> Iterator[str]:
    held = list(rows)
    width = max((len(label) for label, _ in held), default=0)
    for label, value in held:
        yield escape_text(f"{' ' * indent}{label:<{width}}  {value}")


def _findings(item: ReportedMove) -> Iterator[str]:
    for finding in ordered_findings(item):
        skipped = ", overridden" if finding.id in item.skipped else ""
        yield escape_text(f"    {finding.severity.value}{skipped}: {finding_words(finding)}")
        if finding.remedy:
            yield escape_text(f"      {finding.remedy}")


def _log_lines(lines: Iterable[LogLine], zone: tzinfo) -> Iterator[str]:
    held = list(lines)
    width = max((len(line.host) for line in held), default=0)
    for line in held:
        yield escape_text(
            f"    {format_clock(line.at, zone=zone):>12}  {line.host:<{width}}  {line_words(line)}".rstrip()
        )
