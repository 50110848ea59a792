"""How long a vGPU keeps its VM still, against VMware's table."""

from __future__ import annotations

import pytest

from vsphere_motion.vmotion.vgpu import STUN_LIMIT_S, best_stun_s, worst_stun_s

TEN_GBIT = 10e9
V100_TYPICAL = {1: 2, 2: 4, 4: 6, 8: 12, 16: 22, 32: 39}
V100_WORST_AT_4_GB = {8: 24, 16: 47, 32: 91}


@pytest.mark.parametrize(("framebuffer_gib", "stun_s"), V100_TYPICAL.items())
def test_no_published_time_is_shorter_than_the_bound(framebuffer_gib: int, stun_s: float) -> None:
    best = best_stun_s(framebuffer_gib * 2**30, TEN_GBIT)
    assert best is not None
    assert best < stun_s


@pytest.mark.parametrize(("framebuffer_gib", "stun_s"), V100_WORST_AT_4_GB.items())
def test_the_worst_case_is_near_the_published_one(framebuffer_gib: int, stun_s: float) -> None:
    assert worst_stun_s(framebuffer_gib * 2**30, TEN_GBIT) == pytest.approx(stun_s, rel=0.05)


def test_a_link_that_is_ten_times_as_fast_takes_a_tenth() -> None:
    slow, fast = (worst_stun_s(2**33, speed) for speed in (TEN_GBIT, 10 * TEN_GBIT))
    assert slow is not None
    assert fast == pytest.approx(slow / 10)


def test_without_a_link_there_is_no_time() -> None:
    assert (best_stun_s(1, 0), worst_stun_s(1, 0)) == (None, None)


def test_the_limit_is_vmwares() -> None:
    assert STUN_LIMIT_S == 100
