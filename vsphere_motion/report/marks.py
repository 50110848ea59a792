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
    PassEnd,
    PrecopyEnd,
    Resumed,
    Side,
    VmStopped,
    read_message,
)

LINES_BUDGET = 250_000
"""Characters of log lines in a report before only the lines that begin or end a phase are shown."""

KEYS_BUDGET = 400_000
"""Characters of those before none is shown."""

_MARKS: tuple[tuple[type, str], ...] = (
    (PassEnd, "a pass ends"),
    (PrecopyEnd, "pre-copy ends"),
    (PagesSent, "pages sent"),
    (Resumed, "runs on the destination"),
    (Failure, "failure"),
    (LowMemory, "waits for memory"),
    (MeasuredDowntime, "downtime"),
    (VmStopped, "stood still"),
)
_KEYS = (MotionStart, PrecopyEnd, PagesSent, Resumed, Failure)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedLine:
    """A log line, and the phase that it begins or ends; "" where it does neither.

    Args:
        is_key: whether it is one of the few without which the migration cannot be told.
    """

    line: LogLine
    mark: str
    is_key: bool = False


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
    whole, keys, shown = 0, 0, []
    for item in moves:
        lines = _marked(item.outcome.motion.lines if item.outcome.motion else ())
        if whole + _size(lines) <= LINES_BUDGET:
            whole += _size(lines)
            shown.append(ShownLines(lines=lines))
            continue
        kept = tuple(one for one in lines if one.is_key)
        keys += _size(kept)
        kept = kept if keys <= KEYS_BUDGET else ()
        shown.append(ShownLines(lines=kept, left_out=len(lines) - len(kept)))
    return tuple(shown)


def _size(lines: Iterable[MarkedLine]) -> int:
    return sum(len(one.line.text) for one in lines)


def _marked(lines: Iterable[LogLine]) -> tuple[MarkedLine, ...]:
    return tuple(
        MarkedLine(line=line, mark=mark_of(line.text), is_key=isinstance(read_message(line.text), _KEYS))
        for line in lines
    )
