"""Forecasts: what the range is made of, and what makes it narrow or wide."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsphere_motion.model.forecast import Basis, Convergence, MoveLoad, PastMove
from vsphere_motion.model.refs import MoRef
from vsphere_motion.vmotion.forecast import crowded, forecast, quantile

GIB = 2**30
VM = MoRef(kind="VirtualMachine", moid="vm-1")
OTHER_VM = MoRef(kind="VirtualMachine", moid="vm-2")
A, B, C, D = (MoRef(kind="HostSystem", moid=f"host-{n}") for n in range(4))
IDLE = MoveLoad(
    vm=VM,
    source=A,
    destination=B,
    memory_bytes=64 * GIB,
    used_bytes=64 * GIB,
    active_bytes=0,
    link_bps=10_000_000_000,
    links_bps=10_000_000_000,
)
PAST = PastMove(
    run="r-1",
    vm=OTHER_VM,
    vm_name="other",
    source=A,
    destination=B,
    duration_s=120.0,
    precopy_s=119.0,
    bandwidth_bps=5_000_000_000,
    dirty_rate_bps=1_000_000,
    downtime_s=0.2,
)


def test_64_gib_of_an_idle_guest_at_10_gbit_take_55_to_60_seconds_and_maybe_more() -> None:
    one = forecast(IDLE)
    assert one.duration_s is not None
    assert 55 <= one.duration_s.likely <= 60
    assert one.duration_s.low <= 57.3
    assert one.duration_s.high > 120, "nothing was measured: it may be a slow network"
    assert one.basis is Basis.LINK
    assert one.convergence is Convergence.YES
    assert any("40 %" in reason for reason in one.reasons)


def test_a_measured_move_between_these_hosts_beats_the_link_in_both_directions() -> None:
    for past in (PAST, replace(PAST, source=B, destination=A)):
        one = forecast(IDLE, [past])
        assert one.duration_s is not None
        assert (one.basis, one.samples) == (Basis.PAIR, 1)
        assert one.duration_s.likely == pytest.approx(110, abs=2)
        assert one.duration_s.high / one.duration_s.low < 2
        assert not any("bandwidth" in reason for reason in one.reasons)


def test_more_measured_moves_make_the_range_narrower() -> None:
    few = forecast(IDLE, [PAST] * 3).duration_s
    many = forecast(IDLE, [PAST] * 30).duration_s
    assert few is not None
    assert many is not None
    assert many.high / many.low < few.high / few.low


@pytest.mark.parametrize(
    ("pairs", "basis"),
    [
        pytest.param([(A, C), (B, C), (A, D)], Basis.HOST, id="three pairs with one of the hosts"),
        pytest.param([(A, C), (B, C)], Basis.LINK, id="two pairs say too little"),
        pytest.param([(A, C)] * 9, Basis.LINK, id="one pair, however often"),
        pytest.param([(C, D), (B, C), (A, D)], Basis.OVERALL, id="three pairs, one of strangers"),
    ],
)
def test_other_hosts_count_when_there_are_a_few_pairs(pairs: list[tuple[MoRef, MoRef]], basis: Basis) -> None:
    past = [replace(PAST, source=source, destination=destination) for source, destination in pairs]
    assert forecast(IDLE, past).basis is basis


@pytest.mark.parametrize(
    ("load", "word"),
    [
        pytest.param(replace(IDLE, is_live=False), "it is off", id="off"),
        pytest.param(replace(IDLE, is_live=None), "power state", id="power state unread"),
        pytest.param(replace(IDLE, link_bps=None, links_bps=None), "neither the speed", id="links unread"),
        pytest.param(replace(IDLE, link_bps=0), "neither the speed", id="no live link"),
        pytest.param(replace(IDLE, memory_bytes=None, used_bytes=None), "memory could not", id="memory unread"),
    ],
)
def test_where_the_data_is_not_there_is_no_number(load: MoveLoad, word: str) -> None:
    one = forecast(load)
    assert one.duration_s is None
    assert one.stun_s is None
    assert one.basis is Basis.NONE
    assert any(word in reason for reason in one.reasons)


def test_without_the_links_a_measured_move_tells_the_bandwidth() -> None:
    assert forecast(replace(IDLE, link_bps=None, links_bps=None), [PAST]).duration_s is not None


def test_memory_that_was_never_touched_is_not_sent() -> None:
    whole, half = forecast(IDLE, [PAST]), forecast(replace(IDLE, used_bytes=32 * GIB), [PAST])
    assert whole.duration_s is not None
    assert half.duration_s is not None
    assert half.duration_s.likely == pytest.approx(whole.duration_s.likely / 2, rel=0.05)


def test_memory_in_use_that_was_not_read_makes_a_wide_range_that_says_why() -> None:
    one = forecast(replace(IDLE, used_bytes=None), [PAST])
    assert one.duration_s is not None
    assert one.duration_s.high / one.duration_s.low > 5
    assert any("memory in use" in reason for reason in one.reasons)


@pytest.mark.parametrize(
    ("dirty_bps", "expected"),
    [
        pytest.param(10_000_000, Convergence.YES, id="idle"),
        pytest.param(2_500_000_000, Convergence.MAY_SLOW_GUEST, id="half of the link: twice as much is too much"),
        pytest.param(4_500_000_000, Convergence.SLOWS_GUEST, id="nine tenths of the link"),
    ],
)
def test_a_guest_that_was_seen_to_write_fast_is_slowed_down(dirty_bps: int, expected: Convergence) -> None:
    assert forecast(IDLE, [replace(PAST, vm=VM, dirty_rate_bps=dirty_bps)]).convergence is expected


def test_a_stun_that_was_measured_beats_the_model() -> None:
    one = forecast(IDLE, [replace(PAST, vm=VM, downtime_s=3.0)])
    assert one.stun_s is not None
    assert one.stun_s.likely == 3.0
    alone = forecast(IDLE).stun_s
    assert alone is not None
    assert alone.low <= 0.1 <= alone.likely <= 0.6 <= alone.high <= 1.0


def test_moves_that_share_the_links_take_longer_or_not() -> None:
    alone = forecast(IDLE)
    shared = crowded(alone, 4)
    assert crowded(alone, 1) == alone
    assert alone.duration_s is not None
    assert shared.duration_s is not None
    assert shared.duration_s.low == alone.duration_s.low
    assert shared.duration_s.high == 4 * alone.duration_s.high
    assert shared.reasons[-1] == "up to 4 moves share the links"
    off = forecast(replace(IDLE, is_live=False))
    assert crowded(off, 4) == off


def test_a_quantile_lies_between_two_values() -> None:
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile([1.0, 2.0], 0.25) == 1.25
    assert quantile([5.0], 0.95) == 5.0


_PASTS = st.lists(
    st.builds(
        replace,
        st.just(PAST),
        vm=st.sampled_from([VM, OTHER_VM]),
        source=st.sampled_from([A, B, C, D, None]),
        destination=st.sampled_from([A, B, C, D, None]),
        duration_s=st.none() | st.floats(0, 1e5),
        precopy_s=st.none() | st.floats(0, 1e5),
        bandwidth_bps=st.none() | st.integers(0, 10**12),
        dirty_rate_bps=st.none() | st.integers(0, 10**12),
        downtime_s=st.none() | st.floats(0, 1e3),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=60)
@given(_PASTS, st.integers(0, 2**44), st.none() | st.integers(0, 2**44), st.none() | st.integers(0, 2**44))
def test_whatever_was_measured_the_range_is_one(
    past: list[PastMove], memory: int, used: int | None, active: int | None
) -> None:
    one = forecast(replace(IDLE, memory_bytes=memory, used_bytes=used, active_bytes=active), past)
    assert one.duration_s is not None
    assert 0 <= one.duration_s.low <= one.duration_s.likely <= one.duration_s.high
    assert one.stun_s is not None
    assert 0 <= one.stun_s.low <= one.stun_s.high


def test_files_take_their_time_beside_the_memory_or_alone() -> None:
    """100 GB at 50 to 1000 MB/s; of a VM that stays on its host, or is off, no memory is sent."""
    memory, alone = forecast(IDLE).duration_s, replace(IDLE, is_live=False, file_bytes=100 * 10**9)
    both, files = forecast(replace(IDLE, file_bytes=100 * 10**9)), forecast(alone)
    assert memory is not None
    assert both.duration_s is not None
    assert files.duration_s is not None
    assert both.duration_s.low - memory.low == pytest.approx(100)
    assert both.duration_s.high - memory.high == pytest.approx(2000)
    assert 100 <= files.duration_s.low <= files.duration_s.likely <= files.duration_s.high <= 2010
    assert files.reasons == ("nothing was measured of how fast its datastores copy files",)
    unread = forecast(replace(IDLE, file_bytes=None))
    assert unread.duration_s is None
    assert unread.reasons == ("how much its files take could not be read",)
