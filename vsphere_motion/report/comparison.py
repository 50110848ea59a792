"""What was expected of a move beside what came, and what a run did to its hosts. PURE.

Rules of this file: what was expected has a range and is an estimate; what came is a measurement, or is missing. A value
below the range is no worse than one inside of it, and is told apart all the same: the estimate was off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vsphere_motion.model.forecast import Forecast, Span
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.record import MotionRecord
from vsphere_motion.model.report import HostLoad, Report, ReportedMove
from vsphere_motion.report.build import is_lower_bound
from vsphere_motion.report.forecast_form import span_words
from vsphere_motion.report.units import (
    ABSENT,
    format_bps,
    format_bytes,
    format_downtime,
    format_duration,
    format_percent,
)

WIDTH = 100
LEAST_WIDTH = 0.6
INSIDE, BELOW, ABOVE = "as expected", "less than expected", "more than expected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One value: expected and seen, in words and as places on one scale in hundredths.

    Args:
        verdict: "" where one of them is missing.
        low, width: the expected range.
        seen_at: None where nothing was seen.
    """

    label: str
    expected: str
    seen: str
    verdict: str
    low: float
    width: float
    seen_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRow:
    """One host before and after the run; the percentages are for bars, None where there is none."""

    host: str
    cpu: tuple[str, str]
    cpu_percent: tuple[float | None, float | None]
    memory: tuple[str, str]
    memory_percent: tuple[float | None, float | None]
    vms: str


def compared(item: ReportedMove) -> tuple[Compared, ...]:
    """What was expected of a move that has ended well, beside what came; () where nothing was expected."""
    forecast, outcome = item.outcome.forecast, item.outcome
    if forecast is None or outcome.state is not OutcomeState.MOVED:
        return ()
    return tuple(_compared_rows(forecast, outcome.duration_s, outcome.motion))


def plan_words(report: Report) -> str:
    """`487 of 496 durations as expected, 6 longer, 3 shorter`; `-` where nothing was expected."""
    found = [row.verdict for item in report.moves for row in compared(item)[:1] if row.verdict]
    if not found:
        return ABSENT
    off = ((found.count(ABOVE), "longer"), (found.count(BELOW), "shorter"))
    words = "".join(f", {number} {word}" for number, word in off if number)
    return f"{found.count(INSIDE)} of {len(found)} durations as expected{words}"


def load_rows(report: Report) -> tuple[LoadRow, ...]:
    """The hosts whose load was read before and after the run, by name."""
    after = {load.host.ref: load for load in report.info.loads_after}
    return tuple(_load_row(load, after[load.host.ref]) for load in report.info.loads_before if load.host.ref in after)


def _compared_rows(forecast: Forecast, duration_s: float | None, motion: MotionRecord | None) -> Iterator[Compared]:
    if forecast.duration_s:
        yield _compared(
            "duration", forecast.duration_s, span_words(forecast.duration_s), duration_s, format_duration(duration_s)
        )
    if motion is None:
        return
    if forecast.stun_s and motion.downtime_s is not None and not is_lower_bound(motion):
        span = forecast.stun_s
        low, likely, high = (format_downtime(value) for value in (span.low, span.likely, span.high))
        words = f"~{likely} ({low} to {high})"
        yield _compared("downtime", span, words, motion.downtime_s, format_downtime(motion.downtime_s))
    if forecast.bandwidth_bps and motion.precopy_bandwidth_bps:
        span, seen = forecast.bandwidth_bps, motion.precopy_bandwidth_bps
        words = f"~{format_bps(span.likely)} ({format_bps(span.low)} to {format_bps(span.high)})"
        yield _compared("bandwidth", span, words, seen, format_bps(seen))
    sent = [one.sent_bytes for one in motion.passes]
    if forecast.sent_bytes and sent and None not in sent:
        span, total = forecast.sent_bytes, sum(value for value in sent if value)
        low, likely, high = (format_bytes(round(value)) for value in (span.low, span.likely, span.high))
        yield _compared("sent", span, f"~{likely} ({low} to {high})", total, format_bytes(total))


def _compared(label: str, span: Span, expected: str, seen: float | None, words: str) -> Compared:
    most = max(span.high, seen or 0.0) or 1.0
    return Compared(
        label=label,
        expected=expected,
        seen=words,
        verdict=_verdict(span, seen),
        low=_place(span.low, most),
        width=max(LEAST_WIDTH, round(_place(span.high, most) - _place(span.low, most), 1)),
        seen_at=None if seen is None else _place(seen, most),
    )


def _verdict(span: Span, seen: float | None) -> str:
    if seen is None:
        return ""
    return BELOW if seen < span.low else ABOVE if seen > span.high else INSIDE


def _place(value: float, most: float) -> float:
    return round(value / most * WIDTH, 1)


def _load_row(before: HostLoad, after: HostLoad) -> LoadRow:
    cpu = _shares(before.cpu_used_mhz, before.cpu_mhz), _shares(after.cpu_used_mhz, after.cpu_mhz)
    memory = (
        _shares(before.memory_used_bytes, before.memory_bytes),
        _shares(after.memory_used_bytes, after.memory_bytes),
    )
    return LoadRow(
        host=before.host.name,
        cpu=(format_percent(cpu[0]), format_percent(cpu[1])),
        cpu_percent=cpu,
        memory=(_memory_words(before, memory[0]), _memory_words(after, memory[1])),
        memory_percent=memory,
        vms=f"{_count(before.vms)} to {_count(after.vms)}",
    )


def _shares(used: int | None, whole: int | None) -> float | None:
    return None if used is None or not whole else min(100.0, used / whole * 100)


def _memory_words(load: HostLoad, share: float | None) -> str:
    return ABSENT if share is None else f"{format_percent(share)} ({format_bytes(load.memory_used_bytes)})"


def _count(value: int | None) -> str:
    return ABSENT if value is None else str(value)
