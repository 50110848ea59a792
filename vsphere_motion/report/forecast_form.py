"""A forecast as words for people and as plain data for JSON.

Rules of this file: an estimate is never written like a measurement: it has a `~` and its range.
"""

from __future__ import annotations

from typing import Any

from vsphere_motion.model.forecast import Basis, Convergence, Forecast, Span
from vsphere_motion.report.units import format_bps, format_duration

CONVERGENCE_WORDS = {
    Convergence.YES: "converges",
    Convergence.MAY_SLOW_GUEST: "may slow the guest down",
    Convergence.SLOWS_GUEST: "slows the guest down",
    Convergence.UNKNOWN: "-",
}


def duration_words(one: Forecast | None) -> str:
    """`~57s (55s to 2m30s)`; `-` where nothing can be said."""
    return "-" if one is None or one.duration_s is None else span_words(one.duration_s)


def span_words(span: Span) -> str:
    """`~57s (55s to 2m30s)`."""
    return f"~{format_duration(span.likely)} ({format_duration(span.low)} to {format_duration(span.high)})"


def stun_words(one: Forecast) -> str:
    """`~150ms (20ms to 1000ms)`; `-` where nothing can be said."""
    span = one.stun_s
    if span is None:
        return "-"
    low, likely, high = (f"{value * 1000:.0f}ms" for value in (span.low, span.likely, span.high))
    return f"~{likely} ({low} to {high})"


def basis_words(one: Forecast) -> str:
    """`9.6 Gbit/s, 4 moves between these hosts`, `9.6 Gbit/s, the link`."""
    if one.bandwidth_bps is None:
        return "-"
    return f"{format_bps(one.bandwidth_bps.likely)}, {_source_words(one)}"


def _source_words(one: Forecast) -> str:
    number = f"{one.samples} measured"
    words = {
        Basis.PAIR: f"{number} between these hosts",
        Basis.HOST: f"{number} pairs with one of these hosts",
        Basis.OVERALL: f"{number} pairs of other hosts",
        Basis.LINK: "by the link alone",
        Basis.NONE: "-",
    }
    return words[one.basis]


def span_document(span: Span | None, digits: int = 3) -> dict[str, float] | None:
    """Low, likely and high; None for none."""
    if span is None:
        return None
    return {"low": round(span.low, digits), "likely": round(span.likely, digits), "high": round(span.high, digits)}


def forecast_document(one: Forecast) -> dict[str, Any]:
    """A forecast as data: durations in seconds, rates in bits per second, sizes in bytes."""
    return {
        "duration_s": span_document(one.duration_s),
        "stun_s": span_document(one.stun_s),
        "bandwidth_bps": span_document(one.bandwidth_bps, 0),
        "sent_bytes": span_document(one.sent_bytes, 0),
        "convergence": one.convergence.value,
        "basis": one.basis.value,
        "samples": one.samples,
        "memory_bytes": one.load.memory_bytes,
        "memory_used_bytes": one.load.used_bytes,
        "memory_active_bytes": one.load.active_bytes,
        "link_bps": one.load.link_bps,
        "reasons": list(one.reasons),
    }
