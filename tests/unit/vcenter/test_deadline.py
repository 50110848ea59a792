"""What is left of a call's time."""

from __future__ import annotations

import pytest

from vsphere_motion.model.endpoint import DEFAULT_CALL_TIMEOUT_S
from vsphere_motion.run.execute import WAIT_S
from vsphere_motion.vcenter.deadline import Deadline
from vsphere_motion.vcenter.task_filter import ANSWER_S
from vsphere_motion.vcenter.tcp import KEEPALIVE_COUNT, KEEPALIVE_IDLE_S, KEEPALIVE_INTERVAL_S, USER_TIMEOUT_S


def test_a_half_open_connection_is_noticed_within_a_minute() -> None:
    """By the end of a long poll, by that of any other call, and by the kernel where nothing is being waited for."""
    assert WAIT_S + ANSWER_S <= 60
    assert DEFAULT_CALL_TIMEOUT_S <= 60
    assert KEEPALIVE_IDLE_S + KEEPALIVE_INTERVAL_S * KEEPALIVE_COUNT <= 60
    assert USER_TIMEOUT_S <= 60


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
