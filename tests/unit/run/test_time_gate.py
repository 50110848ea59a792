"""Moves wait for their window, and nobody is asked anything meanwhile."""

from __future__ import annotations

from datetime import UTC, timedelta

from tests.fakes import START
from tests.rig import MakeRig
from vsphere_motion.model.event import RunHalted
from vsphere_motion.planning.time_window import TimeWindow, parse_window
from vsphere_motion.run.gate import OpenGate, PlanGate, Start
from vsphere_motion.run.limits import Limits
from vsphere_motion.run.time_gate import TimeGate


def window(opens_in: timedelta, closes_in: timedelta) -> TimeWindow:
    """A window so far from the rig's first moment."""
    return parse_window(f"{START + opens_in:%H:%M}-{START + closes_in:%H:%M}", UTC)


LATER = window(timedelta(hours=2), timedelta(hours=3))


def test_what_has_a_window_waits_for_it_and_the_rest_does_not(make_rig: MakeRig) -> None:
    rig = make_rig(3)
    rig.gate = TimeGate(inner=OpenGate(), windows={0: LATER, 2: LATER}, now=lambda: rig.vcenter.time)

    rig.run()

    assert rig.vcenter.calls == ["relocate vm-1", "relocate vm-0", "relocate vm-2"]
    assert timedelta(hours=2) <= rig.vcenter.time - START < timedelta(hours=2, minutes=1)
    assert rig.states == ["moved"] * 3


def test_the_time_limit_ends_the_wait_and_the_moves_stay_open(make_rig: MakeRig) -> None:
    rig = make_rig(1)
    rig.gate = TimeGate(inner=OpenGate(), windows={0: LATER}, now=lambda: rig.vcenter.time)
    rig.limits = Limits(timeout_s=60)

    events = rig.run()

    assert [event.reason for event in events if isinstance(event, RunHalted)] == ["the time limit was reached"]
    assert rig.vcenter.calls == []
    assert rig.states == ["planned"]


def test_the_order_of_a_plan_holds_inside_of_the_window(make_rig: MakeRig) -> None:
    rig = make_rig(2)
    inner = PlanGate(starts={0: Start(relies_on=(1,)), 1: Start()})
    rig.gate = TimeGate(inner=inner, windows={1: LATER}, now=lambda: rig.vcenter.time)

    rig.run()

    assert rig.vcenter.calls == ["relocate vm-1", "relocate vm-0"]
