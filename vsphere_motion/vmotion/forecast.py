"""How long a move is expected to take, with an honest range: from the load, the links, and moves that were measured.

Rules of this file: pure; sizes are bytes, rates bits per second. What was measured beats theory: moves between the same
two hosts, then moves of either host, then any move, then the speed of the link. A range says why it is wide. Numbers
without a source are marked UNVERIFIED.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from vsphere_motion.model.forecast import Basis, Convergence, Forecast, MoveLoad, PastMove, Span
from vsphere_motion.vmotion.estimate import active_rate_bps, estimate_precopy

LINK_EFFICIENCY = 0.964
"""VMware's published 57 s for 64 GB over 10 GbE: 9.64 Gbit/s of memory."""

LINK_AT_WORST = 0.4
"""UNVERIFIED: the least share of a link that a move gets which nothing else is known of."""

USED_AT_LEAST = 0.97
"""UNVERIFIED: the share of the memory in use that is sent at least; zero pages are not (`Migrate.DetectZeroPages`)."""

DIRTY_LIKELY = 0.1
"""UNVERIFIED: the share of the active memory's rate that a guest is thought to write where nothing was measured."""

DIRTY_SPREAD = (0.3, 2.0)
"""UNVERIFIED: how far a guest's average write rate may be from the one that was measured before."""

STUN_SPREAD = (0.4, 2.5)
"""UNVERIFIED: how far a stun may be from those that were measured before."""

DEVICE_STATE_S = Span(low=0.02, likely=0.1, high=0.5)
"""UNVERIFIED: the part of the stun that is not the last pages, for a VM without a device with memory of its own."""

OVERHEAD_S = Span(low=0.2, likely=1.0, high=8.0)
"""UNVERIFIED: what a task takes beside the pre-copy where no move was measured."""

STORE_BPS = Span(low=0.4e9, likely=1.6e9, high=8e9)
"""UNVERIFIED: how fast files are copied between datastores of which nothing was measured: 50 to 1000 MB/s."""

SAMPLES_TO_TRUST = 3
"""Other pairs of hosts say something about a pair only when there are a few of them."""

_MARGINS = {Basis.PAIR: 0.15, Basis.HOST: 0.6, Basis.OVERALL: 0.8}
"""UNVERIFIED: how far the next sample may lie outside those seen, divided by the root of their number."""

_EDGE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rate:
    """A bandwidth with where it comes from."""

    span: Span
    basis: Basis
    samples: int


def forecast(load: MoveLoad, past: Sequence[PastMove] = ()) -> Forecast:
    """What a move is expected to take; without a duration where it cannot be said, and `reasons` say why."""
    if load.file_bytes is None:
        return Forecast(load=load, reasons=("how much its files take could not be read",))
    if not load.file_bytes:
        return _of_memory(load, past)
    return _with_files(_of_memory(load, past) if load.is_live else Forecast(load=load), load.file_bytes)


def _with_files(memory: Forecast, file_bytes: int) -> Forecast:
    """The same with the files, which are copied before the memory is sent."""
    before = memory.duration_s or Span(low=OVERHEAD_S.low, likely=OVERHEAD_S.likely, high=OVERHEAD_S.high)
    bits = file_bytes * 8
    return replace(
        memory,
        duration_s=Span(
            low=before.low + bits / STORE_BPS.high,
            likely=before.likely + bits / STORE_BPS.likely,
            high=before.high + bits / STORE_BPS.low,
        ),
        reasons=(*memory.reasons, "nothing was measured of how fast its datastores copy files"),
    )


def _of_memory(load: MoveLoad, past: Sequence[PastMove]) -> Forecast:
    if load.is_live is not True:
        state = "its power state could not be read" if load.is_live is None else "it is off, so no memory is sent"
        return Forecast(load=load, reasons=(state,))
    rate, memory = _bandwidth(load, past), _memory(load)
    if rate is None or memory is None:
        return Forecast(load=load, reasons=tuple(_missing(rate, memory)))
    return _of_live(load, past, rate, memory)


def crowded(one: Forecast, moves: int) -> Forecast:
    """The same move while up to `moves` of them share the links: it may take as many times as long, or not."""
    if moves <= 1 or one.duration_s is None:
        return one
    span = one.duration_s
    slower = Span(low=span.low, likely=span.likely * (1 + moves) / 2, high=span.high * moves)
    return replace(one, duration_s=slower, reasons=(*one.reasons, f"up to {moves} moves share the links"))


def _of_live(load: MoveLoad, past: Sequence[PastMove], rate: _Rate, memory: Span) -> Forecast:
    bandwidth, dirty, overhead = rate.span, _dirty_rate(load, past), _overhead(past)
    best = estimate_precopy(round(memory.low), bandwidth.high, dirty.low)
    likely = estimate_precopy(round(memory.likely), bandwidth.likely, dirty.likely)
    worst = estimate_precopy(round(memory.high), bandwidth.low, _converging(dirty.high, bandwidth.low))
    assert best is not None
    assert likely is not None
    assert worst is not None
    return Forecast(
        load=load,
        duration_s=_ordered(
            best.precopy_s + overhead.low, likely.precopy_s + overhead.likely, worst.precopy_s + overhead.high
        ),
        stun_s=_stun(load, past, likely.switchover_send_s),
        bandwidth_bps=bandwidth,
        sent_bytes=_ordered(best.sent_bytes, likely.sent_bytes, worst.sent_bytes),
        convergence=_convergence(
            likely.guest_is_slowed, _converging(dirty.high, bandwidth.low) < dirty.high or worst.guest_is_slowed
        ),
        basis=rate.basis,
        samples=rate.samples,
        reasons=tuple(_reasons(load, rate, past)),
    )


def _ordered(low: float, likely: float, high: float) -> Span:
    """A span of three values that a model gave; the model is not monotone where it slows the guest down."""
    return Span(low=min(low, likely, high), likely=likely, high=max(low, likely, high))


def _converging(dirty_bps: float, bandwidth_bps: float) -> float:
    """The rate that takes longest: right above it the guest is slowed down, and the move is shorter."""
    return min(dirty_bps, bandwidth_bps * 0.75)


def _convergence(is_slowed: bool, may_be_slowed: bool) -> Convergence:
    if is_slowed:
        return Convergence.SLOWS_GUEST
    return Convergence.MAY_SLOW_GUEST if may_be_slowed else Convergence.YES


# -- what is sent -----------------------------------------------------------------------------------------------------


def _memory(load: MoveLoad) -> Span | None:
    """The memory that is sent in the first pass; None where no size is known."""
    if load.memory_bytes is None and load.used_bytes is None:
        return None
    if load.used_bytes is None:
        assert load.memory_bytes is not None
        return Span(low=load.memory_bytes * 0.1, likely=load.memory_bytes, high=load.memory_bytes)
    used = load.used_bytes if load.memory_bytes is None else min(load.used_bytes, load.memory_bytes)
    return Span(low=used * USED_AT_LEAST, likely=used, high=used)


def _dirty_rate(load: MoveLoad, past: Sequence[PastMove]) -> Span:
    """The guest's average write rate: measured in moves of this VM, else between nothing and what it was seen to touch,
    or what other guests were seen to write."""
    own = [one.dirty_rate_bps for one in past if one.vm == load.vm and one.dirty_rate_bps is not None]
    if own:
        median = statistics.median(own)
        return Span(low=median * DIRTY_SPREAD[0], likely=median, high=max(max(own), median * DIRTY_SPREAD[1]))
    touched = active_rate_bps(load.active_bytes or 0)
    others = [float(one.dirty_rate_bps) for one in past if one.dirty_rate_bps is not None]
    if len(others) < SAMPLES_TO_TRUST:
        return Span(low=0.0, likely=touched * DIRTY_LIKELY, high=touched)
    return Span(low=0.0, likely=statistics.median(others), high=max(touched, quantile(others, 1 - _EDGE)))


def _overhead(past: Sequence[PastMove]) -> Span:
    """What a task takes beside the pre-copy."""
    known = [
        max(0.0, one.duration_s - one.precopy_s)
        for one in past
        if one.duration_s is not None and one.precopy_s is not None
    ]
    if len(known) < SAMPLES_TO_TRUST:
        return OVERHEAD_S
    return Span(low=min(known), likely=statistics.median(known), high=quantile(known, 1 - _EDGE) * 1.2)


def _stun(load: MoveLoad, past: Sequence[PastMove], last_pages_s: float) -> Span:
    """Measured stuns of this VM, else those of any, else the model's last pages and the device state."""
    own = [one.downtime_s for one in past if one.vm == load.vm and one.downtime_s is not None]
    known = own or [one.downtime_s for one in past if one.downtime_s is not None]
    if own or len(known) >= SAMPLES_TO_TRUST:
        return Span(
            low=min(known) * STUN_SPREAD[0], likely=statistics.median(known), high=quantile(known, 1) * STUN_SPREAD[1]
        )
    state = DEVICE_STATE_S
    return Span(low=state.low, likely=last_pages_s + state.likely, high=0.5 + state.high)


# -- how fast ---------------------------------------------------------------------------------------------------------


def _bandwidth(load: MoveLoad, past: Iterable[PastMove]) -> _Rate | None:
    """The bandwidth by the best basis there is; None without a link and without a measured move."""
    measured = [one for one in past if one.bandwidth_bps]
    ends = {load.source, load.destination} - {None}
    pair = [one for one in measured if len(ends) == 2 and {one.source, one.destination} == ends]
    if pair:
        return _measured([float(one.bandwidth_bps or 0) for one in pair], Basis.PAIR, load)
    beside = [one for one in measured if {one.source, one.destination} & ends]
    for basis, some in ((Basis.HOST, beside), (Basis.OVERALL, measured)):
        by_pair = _by_pair(some)
        if len(by_pair) >= SAMPLES_TO_TRUST:
            return _measured(by_pair, basis, load)
    return _of_link(load)


def _by_pair(some: Iterable[PastMove]) -> list[float]:
    """One value for each pair of hosts: many moves of one pair say no more about another."""
    pairs: dict[frozenset[object], list[float]] = {}
    for one in some:
        pairs.setdefault(frozenset((one.source, one.destination)), []).append(float(one.bandwidth_bps or 0))
    return [statistics.median(values) for values in pairs.values()]


def _measured(values: list[float], basis: Basis, load: MoveLoad) -> _Rate:
    margin = 1 + _MARGINS[basis] / len(values) ** 0.5
    low, likely, high = (
        quantile(values, _EDGE) / margin,
        statistics.median(values),
        quantile(values, 1 - _EDGE) * margin,
    )
    if load.links_bps:
        high = max(likely, min(high, load.links_bps))
    return _Rate(span=Span(low=low, likely=likely, high=high), basis=basis, samples=len(values))


def _of_link(load: MoveLoad) -> _Rate | None:
    if not load.link_bps:
        return None
    most = max(load.link_bps, load.links_bps or 0)
    span = Span(low=load.link_bps * LINK_AT_WORST * LINK_EFFICIENCY, likely=load.link_bps * LINK_EFFICIENCY, high=most)
    return _Rate(span=span, basis=Basis.LINK, samples=0)


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies, between two of them by their distance."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


# -- words ------------------------------------------------------------------------------------------------------------

_WORDS = {
    Basis.HOST: "no move between these two hosts was measured, only moves of one of them",
    Basis.OVERALL: "no move of these hosts was measured, only moves between others",
    Basis.LINK: "no move was measured that tells the bandwidth: it may be anything from 40 % of the link to all of it",
}


def _missing(rate: _Rate | None, memory: Span | None) -> Iterable[str]:
    if rate is None:
        yield "neither the speed of both vMotion links nor a measured move is known"
    if memory is None:
        yield "the VM's memory could not be read"


def _reasons(load: MoveLoad, rate: _Rate, past: Sequence[PastMove]) -> Iterable[str]:
    if rate.basis in _WORDS:
        yield _WORDS[rate.basis]
    if load.used_bytes is None:
        yield "the memory in use could not be read: only the configured size bounds it"
    if not any(one.vm == load.vm and one.dirty_rate_bps is not None for one in past):
        what = "is not known" if load.active_bytes is None else "is bounded by its active memory"
        yield f"no move of this VM was measured: how fast the guest writes {what}"
