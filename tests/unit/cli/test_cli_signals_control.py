"""What Ctrl-C and SIGTERM do, with real signals to this process."""

from __future__ import annotations

import os
import signal

import pytest

from vsphere_motion.cli.signals import DETACHING, HALTING, LEAVE_S, SignalControl, Terminated, termination_raises


def send(number: signal.Signals) -> None:
    """Send a signal to this process; Python runs its handler before the next line."""
    os.kill(os.getpid(), number)


def state(control: SignalControl) -> tuple[bool, bool, int | None]:
    return control.is_halting, control.is_detaching, control.stopped


def test_the_first_ctrl_c_halts_and_the_second_detaches() -> None:
    said: list[str] = []
    with SignalControl(said.append) as control:
        assert state(control) == (False, False, None)
        send(signal.SIGINT)
        assert state(control) == (True, False, 130)
        send(signal.SIGINT)
        assert state(control) == (True, True, 130)
        send(signal.SIGINT)

    assert said == [HALTING, DETACHING]


def test_sigterm_detaches_at_once() -> None:
    said: list[str] = []
    with SignalControl(said.append) as control:
        send(signal.SIGTERM)
        assert state(control) == (True, True, 143)
        send(signal.SIGTERM)

    assert said == [DETACHING]


def test_what_was_left_in_time_is_not_cut_off_later() -> None:
    with SignalControl(lambda text: None):
        send(signal.SIGTERM)
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= LEAVE_S

    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_the_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    with SignalControl(lambda text: None):
        assert signal.getsignal(signal.SIGINT) is not before[0]

    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_outside_a_run_sigterm_ends_the_command_by_an_exception() -> None:
    before = signal.getsignal(signal.SIGTERM)

    with pytest.raises(Terminated), termination_raises():
        send(signal.SIGTERM)

    assert signal.getsignal(signal.SIGTERM) is before
