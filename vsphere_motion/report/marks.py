"""The log lines that a report shows of each move, with what each line marks. PURE.

Rules of this file: a report of many moves stays small enough to send. Moves with trouble come first; once the lines
come to `LINES_BUDGET` characters, a move has only those that mark something, and says how many it left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vsphere_motion.model.record import LogLine
from vsphere_motion.model.report import ReportedMove
from vsphere_motion.motionlog.remarks import read_remark
from vsphere_motion.motionlog.vmkernel import (
    Failure,
    LowMemory,
    MeasuredDowntime,
    MotionStart,
    PagesSent,
    PrecopyEnd,
    Resumed,
    Side,
    VmStopped,
    read_message,
)

LINES_BUDGET = 400_000
"""Characters of log lines in a report before only the marks are shown."""

_MARKS: tuple[tuple[type, str], ...] = (
    (PrecopyEnd, "pre-copy ends"),
    (PagesSent, "pages sent"),
    (Resumed, "runs on the destination"),
    (Failure, "failure"),
    (LowMemory, "waits for memory"),
    (MeasuredDowntime, "downtime"),
    (VmStopped, "stood still"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedLine:
    """A log line, and the phase that it begins or ends; "" where it does neither."""

    line: LogLine
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLines:
    """The lines of one move that are shown, and how many are not."""

    lines: tuple[MarkedLine, ...] = ()
    left_out: int = 0


def mark_of(text: str) -> str:
    """What a line marks in a migration."""
    message = read_message(text)
    if isinstance(message, MotionStart):
        return "source begins" if message.side is Side.SOURCE else "destination begins"
    mark = next((mark for kind, mark in _MARKS if isinstance(message, kind)), "")
    remark = None if mark else read_remark(text)
    return remark.words if remark else mark


def shown_lines(moves: Sequence[ReportedMove]) -> tuple[ShownLines, ...]:
    """The lines to show of each of these moves, in their order."""
    spent, shown = 0, []
    for item in moves:
        lines = _marked(item.outcome.motion.lines if item.outcome.motion else ())
        size = sum(len(one.line.text) for one in lines)
        if spent + size > LINES_BUDGET:
            kept = tuple(one for one in lines if one.mark)
            shown.append(ShownLines(lines=kept, left_out=len(lines) - len(kept)))
        else:
            spent += size
            shown.append(ShownLines(lines=lines))
    return tuple(shown)


def _marked(lines: Iterable[LogLine]) -> tuple[MarkedLine, ...]:
    return tuple(MarkedLine(line=line, mark=mark_of(line.text)) for line in lines)
