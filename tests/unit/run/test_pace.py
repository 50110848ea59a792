"""How often the server is asked for news."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsphere_motion.run.pace import PACE_S, SAVED, Pace


def test_what_comes_alone_is_asked_for_at_once() -> None:
    pace = Pace()
    assert [pace.pause_s(float(second)) for second in range(20)] == [0.0] * 20


def test_waits_that_were_saved_up_are_free_and_the_next_one_is_not() -> None:
    pace = Pace()
    assert [pace.pause_s(0.0) for _ in range(SAVED)] == [0.0] * SAVED
    assert pace.pause_s(0.0) == pytest.approx(PACE_S)


@given(st.lists(st.floats(min_value=0.0, max_value=0.3), min_size=1, max_size=200))
def test_there_is_never_more_than_one_wait_a_pace_beside_the_saved_ones(gaps: list[float]) -> None:
    pace, now_s = Pace(), 0.0
    for count, gap_s in enumerate(gaps, start=1):
        now_s += gap_s
        now_s += pace.pause_s(now_s)
        assert count <= SAVED + now_s / PACE_S + 1e-6
