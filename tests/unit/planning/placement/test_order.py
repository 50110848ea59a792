"""The order of steps: no room is too full at any moment, whatever ends first."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.planning.placement.sites import breaches_on_the_way, load, random_site, room
from vsphere_motion.model.site import Shift, Site
from vsphere_motion.planning.placement.evacuate import evacuate
from vsphere_motion.planning.placement.order import in_order
from vsphere_motion.planning.placement.rebalance import Goal, rebalance

same_each_time = settings(derandomize=True, deadline=None, max_examples=150)
seeds = st.integers(min_value=0, max_value=10**6)


@same_each_time
@given(seeds, seeds)
def test_no_limit_is_broken_on_the_way_out(seed: int, luck: int) -> None:
    site = random_site(seed)
    shifts = evacuate(site, {0}).shifts
    order = in_order(site, shifts)
    assert breaches_on_the_way(site, order, luck) == []
    assert {step.load for step in order.steps} | {one.load for one in order.impossible} == {one.load for one in shifts}


@same_each_time
@given(seeds, seeds)
def test_no_limit_is_broken_while_evening_out(seed: int, luck: int) -> None:
    site = random_site(seed, tightness=0.9)
    order = in_order(site, rebalance(site, goal=Goal.BOTH, max_moves=30, min_gain=0.1).shifts)
    assert breaches_on_the_way(site, order, luck) == []


@same_each_time
@given(seeds, seeds)
def test_steps_end_where_the_shifts_do(seed: int, luck: int) -> None:
    site = random_site(seed)
    shifts = rebalance(site, goal=Goal.MEMORY, max_moves=30, min_gain=0.1).shifts
    order = in_order(site, shifts)
    last = {step.load: step.destination for step in order.steps}
    wanted = {shift.load: shift.destination for shift in shifts}
    left = {shift.load for shift in order.impossible}
    assert {one: room for one, room in last.items() if one not in left} == {
        one: room for one, room in wanted.items() if one not in left
    }


def full_exchange(third_gib: int) -> tuple[Site, list[Shift]]:
    """Two full rooms whose loads change places, and a third room."""
    site = Site(
        rooms=(room(0, gib=8), room(1, gib=8), room(2, gib=third_gib)),
        loads=(load(0, 0, [1, 2], gib=8), load(1, 1, [0, 2], gib=8)),
    )
    return site, [Shift(load=0, source=0, destination=1), Shift(load=1, source=1, destination=0)]


def test_an_exchange_goes_by_a_third_room() -> None:
    site, shifts = full_exchange(8)
    order = in_order(site, shifts)
    assert [(step.load, step.source, step.destination, step.is_parking) for step in order.steps] == [
        (1, 1, 2, True),
        (0, 0, 1, False),
        (1, 2, 0, False),
    ]
    assert [step.relies_on for step in order.steps] == [(), (0,), (0, 1)]
    assert breaches_on_the_way(site, order, 1) == []


def test_an_exchange_without_a_third_room_is_impossible() -> None:
    site, shifts = full_exchange(4)
    order = in_order(site, shifts)
    assert order.steps == ()
    assert {shift.load for shift in order.impossible} == {0, 1}


def test_steps_with_room_to_spare_rely_on_nothing() -> None:
    site = Site(rooms=(room(0), room(1), room(2)), loads=(load(0, 0, [1]), load(1, 1, [2])))
    shifts = [Shift(load=0, source=0, destination=1), Shift(load=1, source=1, destination=2)]
    assert [(step.wave, step.relies_on) for step in in_order(site, shifts).steps] == [(0, ()), (0, ())]


def test_what_must_be_apart_passes_one_after_the_other() -> None:
    site = Site(rooms=(room(0), room(1), room(2)), loads=(load(0, 0, [1]), load(1, 1, [2])), apart=((0, 1),))
    shifts = [Shift(load=0, source=0, destination=1), Shift(load=1, source=1, destination=2)]
    order = in_order(site, shifts)
    assert [(step.load, step.relies_on) for step in order.steps] == [(1, ()), (0, (0,))]
    assert all(breaches_on_the_way(site, order, luck) == [] for luck in range(20))
