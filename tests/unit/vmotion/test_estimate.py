"""The bound and the model of a pre-copy."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsphere_motion.vmotion.estimate import SWITCHOVER_GOAL_S, active_rate_bps, best_case_s, estimate_precopy

GIB = 2**30


def test_64_gib_over_10_gbit_take_at_least_55_seconds() -> None:
    assert best_case_s(64 * GIB, 10e9) == pytest.approx(54.98, abs=0.01)


@pytest.mark.parametrize("bandwidth_bps", [0, -1])
def test_without_a_bandwidth_there_is_no_estimate(bandwidth_bps: int) -> None:
    assert best_case_s(GIB, bandwidth_bps) is None
    assert estimate_precopy(GIB, bandwidth_bps, 0) is None


@pytest.mark.parametrize(
    ("bandwidth_mb_s", "dirty_ratio", "total_s"),
    [
        (1250, 0, 55.0), (1250, 0.05, 57.7), (1250, 0.2, 68.2), (1250, 0.5, 109), (1250, 0.7, 182), (1250, 0.9, 116),
        (931, 0, 73.8), (931, 0.05, 77.5), (931, 0.2, 92), (931, 0.5, 147), (931, 0.7, 245), (931, 0.9, 157),
        (460, 0, 149), (460, 0.05, 157), (460, 0.2, 186), (460, 0.5, 298), (460, 0.7, 496), (460, 0.9, 317),
        (145, 0, 473), (145, 0.05, 497), (145, 0.2, 591), (145, 0.5, 944), (145, 0.7, 1574), (145, 0.9, 1004),
        (2812.5, 0, 24.4), (2812.5, 0.05, 25.7), (2812.5, 0.2, 30.3), (2812.5, 0.5, 48), (2812.5, 0.7, 80),
        (2812.5, 0.9, 52),
    ],
)  # fmt: skip
def test_the_model_gives_the_table_it_is_made_for(bandwidth_mb_s: float, dirty_ratio: float, total_s: float) -> None:
    bandwidth_bps = bandwidth_mb_s * 8e6
    estimate = estimate_precopy(64 * GIB, bandwidth_bps, bandwidth_bps * dirty_ratio)
    assert estimate is not None
    assert estimate.precopy_s + estimate.switchover_send_s == pytest.approx(total_s, rel=0.02)
    assert estimate.guest_is_slowed is (dirty_ratio == 0.9)


@pytest.mark.parametrize(("ratio", "is_slowed"), [(1 / 1.29, True), (1 / 1.31, False)])
def test_the_guest_is_slowed_below_130_percent_of_progress(ratio: float, is_slowed: bool) -> None:
    estimate = estimate_precopy(GIB, 1e9, ratio * 1e9)
    assert estimate is not None
    assert estimate.guest_is_slowed is is_slowed


def test_an_idle_guest_is_copied_once() -> None:
    estimate = estimate_precopy(GIB, 8e9, 0)
    assert estimate is not None
    assert (estimate.passes, estimate.sent_bytes, estimate.switchover_send_s) == (1, GIB, 0)


@settings(deadline=None)
@given(st.integers(0, 2**44), st.floats(1e6, 1e12), st.floats(0, 1e13))
def test_the_model_ends_and_is_never_faster_than_the_bound(memory: int, bandwidth: float, dirty: float) -> None:
    estimate = estimate_precopy(memory, bandwidth, dirty)
    bound = best_case_s(memory, bandwidth)
    assert estimate is not None
    assert bound is not None
    assert estimate.precopy_s >= bound
    assert estimate.switchover_send_s <= SWITCHOVER_GOAL_S


def test_a_guest_dirties_at_most_what_it_was_seen_to_touch_in_a_minute() -> None:
    assert active_rate_bps(60 * 125_000_000) == 1e9
    assert active_rate_bps(0) == 0
