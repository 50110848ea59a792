"""The pre-copy of a move pass by pass: what each sent, at which rate, and what the guest wrote meanwhile. PURE.

Rules of this file: measured where the source's log tells the passes apart; else what the model makes of the bandwidth
and the write rate that the log has, and then it says so. A pass sends a fraction of the one before, so bars are on a
logarithmic scale.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vsphere_motion.model.record import PrecopyPass
from vsphere_motion.model.report import ReportedMove
from vsphere_motion.report.units import ABSENT, format_bps, format_bytes, format_duration
from vsphere_motion.vmotion.estimate import MIN_PROGRESS, model_passes

WIDTH = 100
LEAST_BYTES = 2**20
"""Bars begin here: less than this has none."""

MOST_PASSES = 24
"""A pre-copy that gets nowhere may have many; the first and the last ones tell it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassRow:
    """One pass in words, and as bars of what it sent and of what was written meanwhile, in hundredths of the most."""

    number: str
    length: str
    sent: str
    bandwidth: str
    write_rate: str
    left: str
    sent_width: float
    left_width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PassTable:
    """The passes of one move; `is_measured` is False for the model's."""

    rows: tuple[PassRow, ...]
    is_measured: bool


def pass_table(item: ReportedMove) -> PassTable | None:
    """The passes of a move; None where neither its log nor the model has any."""
    motion = item.outcome.motion
    if motion is None:
        return None
    passes = motion.passes or tuple(_modelled(item))
    most = max((value for one in passes for value in (one.sent_bytes, one.left_bytes) if value), default=0)
    rows = [_row(number, one, most) for number, one in enumerate(passes, start=1)]
    return PassTable(rows=tuple(_shortened(rows)), is_measured=bool(motion.passes)) if rows else None


def _modelled(item: ReportedMove) -> Iterator[PrecopyPass]:
    motion = item.outcome.motion
    bandwidth_bps = motion.precopy_bandwidth_bps if motion else None
    if motion is None or not bandwidth_bps or item.memory_bytes is None:
        return
    dirty_rate_bps = motion.dirty_rate_bps or 0
    first_bytes = _first_pass_bytes(item.memory_bytes, motion.precopy_s, bandwidth_bps, dirty_rate_bps)
    for one in model_passes(first_bytes, bandwidth_bps, dirty_rate_bps):
        yield PrecopyPass(
            started_at=None,
            duration_s=one.duration_s,
            bandwidth_bps=bandwidth_bps,
            dirty_rate_bps=round(one.rest_s / one.duration_s * bandwidth_bps) if one.duration_s else None,
            left_bytes=round(one.rest_s * bandwidth_bps / 8),
        )


def _first_pass_bytes(memory_bytes: int, precopy_s: float | None, bandwidth_bps: int, dirty_rate_bps: int) -> int:
    """What the first pass sends if all of them took as long as was measured: memory that was never touched is not sent.

    Each pass sends the same share of the one before, so all together send first / (1 - share).
    """
    share = dirty_rate_bps / bandwidth_bps
    if precopy_s is None or share * MIN_PROGRESS > 1:
        return memory_bytes
    return min(memory_bytes, round(precopy_s * bandwidth_bps / 8 * (1 - share)))


def _row(number: int, one: PrecopyPass, most: int) -> PassRow:
    return PassRow(
        number=str(number),
        length=format_duration(one.duration_s),
        sent=format_bytes(one.sent_bytes),
        bandwidth=format_bps(one.bandwidth_bps),
        write_rate=format_bps(one.dirty_rate_bps),
        left=format_bytes(one.left_bytes),
        sent_width=_width(one.sent_bytes, most),
        left_width=_width(one.left_bytes, most),
    )


def _shortened(rows: list[PassRow]) -> Iterable[PassRow]:
    if len(rows) <= MOST_PASSES:
        return rows
    half = MOST_PASSES // 2
    gap = PassRow(
        number=f"{half + 1} to {len(rows) - half}",
        length=ABSENT,
        sent=ABSENT,
        bandwidth=ABSENT,
        write_rate=ABSENT,
        left=ABSENT,
        sent_width=0,
        left_width=0,
    )
    return [*rows[:half], gap, *rows[-half:]]


def _width(value: int | None, most: int) -> float:
    """On a logarithmic scale from `LEAST_BYTES`; the most is the whole width."""
    if not value or value <= LEAST_BYTES or most <= LEAST_BYTES:
        return 0.0
    return round(math.log(value / LEAST_BYTES) / math.log(most / LEAST_BYTES) * WIDTH, 1)
