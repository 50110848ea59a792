"""What is left of a call's time."""

from __future__ import annotations

import pytest

from vsphere_motion.vcenter.deadline import Deadline


def test_time_is_left_at_first() -> None:
    assert 59 < Deadline(60).require_time() <= 60


def test_no_time_is_left_at_the_end() -> None:
    with pytest.raises(TimeoutError, match=r"not over within 0 s"):
        Deadline(0).require_time()


def test_a_step_has_its_own_shorter_deadline() -> None:
    assert Deadline(60).within(10).seconds == 10


def test_a_step_never_outlives_the_call() -> None:
    call = Deadline(5)
    assert call.within(10) is call
