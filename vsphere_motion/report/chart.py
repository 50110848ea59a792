"""Where the bars of a timeline lie, in hundredths of its width. PURE.

Rules of this file: bars of one row touch in the order of time; a phase too short to see gets the least visible width.
Moves of a run are placed by vCenter's clock alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from vsphere_motion.model.outcome import Outcome
from vsphere_motion.model.report import Report, ReportedMove
from vsphere_motion.report.build import Phase, modelled_phases, phases_of
from vsphere_motion.report.rows import phase_words

WIDTH = 100
LEAST_WIDTH = 0.4

_CLASSES = {"queued": "queued", "pre-copy": "precopy", "switch-over": "switchover"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One phase as a rectangle; `css` names its look, `words` say it."""

    x: float
    width: float
    css: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartRow:
    """One row of a timeline: its label, its bars, and all of it in words."""

    label: str
    bars: tuple[Bar, ...]
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChart:
    """The moves of a run on one axis, from `begin` to `end` on vCenter's clock."""

    begin: datetime
    end: datetime
    rows: tuple[ChartRow, ...]


def move_chart(item: ReportedMove) -> tuple[ChartRow, ...]:
    """The measured phases of one move and, below, what the model says, on one axis; () without any phase."""
    seen, modelled = phases_of(item.outcome), modelled_phases(item)
    queued_s = _length_s([phase for phase in seen if phase.name == "queued"])
    total_s = max(_length_s(seen), queued_s + _length_s(modelled))
    if total_s <= 0:
        return ()
    rows = (("this move", seen, 0.0), ("model", modelled, queued_s))
    return tuple(_row(label, phases, offset_s, total_s) for label, phases, offset_s in rows if phases)


def run_chart(report: Report) -> RunChart | None:
    """All moves that have begun and ended, each where vCenter's clock puts it; None if there is none."""
    placed = [(item, begin) for item in report.moves if (begin := _begin_of(item.outcome)) and phases_of(item.outcome)]
    if not placed:
        return None
    begin = min(at for _, at in placed)
    end = max(_end_of(item.outcome, at) for item, at in placed)
    total_s = max((end - begin).total_seconds(), 0.001)
    rows = (
        _row(item.outcome.move.vm.name, phases_of(item.outcome), (at - begin).total_seconds(), total_s)
        for item, at in placed
    )
    return RunChart(begin=begin, end=end, rows=tuple(rows))


def _begin_of(outcome: Outcome) -> datetime | None:
    return outcome.queued_at or outcome.started_at


def _end_of(outcome: Outcome, begin: datetime) -> datetime:
    """When vCenter says it ended, else when the phases in the log are over."""
    return outcome.completed_at or begin + timedelta(seconds=_length_s(phases_of(outcome)))


def _length_s(phases: Sequence[Phase]) -> float:
    return sum(phase.duration_s for phase in phases)


def _row(label: str, phases: Sequence[Phase], offset_s: float, total_s: float) -> ChartRow:
    bars, x = [], offset_s / total_s * WIDTH
    for phase in phases:
        width = min(max(phase.duration_s / total_s * WIDTH, LEAST_WIDTH), WIDTH)
        bars.append(Bar(x=round(min(x, WIDTH - width), 2), width=round(width, 2), css=_css(phase), words=_words(phase)))
        x += width
    return ChartRow(label=label, bars=tuple(bars), words="; ".join(bar.words for bar in bars))


def _css(phase: Phase) -> str:
    return f"{_CLASSES.get(phase.name, 'other')}{'' if phase.is_measured else ' estimated'}"


def _words(phase: Phase) -> str:
    return f"{phase.name} {phase_words(phase)}"
