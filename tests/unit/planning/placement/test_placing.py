"""Emptying rooms, evening out and repairing rules: limits hold, little moves, and blockers are named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.planning.placement.sites import GIB, breaches_after, load, random_site, room
from vsphere_motion.model.site import Placing, Shift, Site
from vsphere_motion.planning.placement.evacuate import evacuate
from vsphere_motion.planning.placement.floor import APART, CLOSED, NO_CPU, NO_MEMORY, NOT_ALLOWED
from vsphere_motion.planning.placement.rebalance import Goal, balance_of, rebalance
from vsphere_motion.planning.placement.spread import NOWHERE_TOGETHER, spread

same_each_time = settings(derandomize=True, deadline=None, max_examples=150)
seeds = st.integers(min_value=0, max_value=10**6)


@same_each_time
@given(seeds)
def test_an_emptied_room_is_empty_and_no_limit_is_broken(seed: int) -> None:
    site = random_site(seed)
    placing = evacuate(site, {0})
    assert breaches_after(site, placing.shifts) == []
    left = {shift.load for shift in placing.shifts if shift.source == 0} | {one.load for one in placing.stuck}
    assert left == {number for number, one in enumerate(site.loads) if one.at == 0}
    assert all(shift.destination in site.loads[shift.load].may_go for shift in placing.shifts)
    assert all(shift.destination != 0 for shift in placing.shifts)


@same_each_time
@given(seeds)
def test_equal_input_gives_equal_output(seed: int) -> None:
    assert evacuate(random_site(seed), {0}) == evacuate(random_site(seed), {0})
    even = [rebalance(random_site(seed), goal=Goal.BOTH, max_moves=20, min_gain=1.0) for _ in range(2)]
    assert even[0] == even[1]


def three_rooms(**changes: int) -> Site:
    return Site(
        rooms=(room(0), room(1, gib=changes.get("gib", 64)), room(2)),
        loads=(load(0, 0, [1, 2], gib=16), load(1, 0, [1, 2], gib=16), load(2, 2, [0, 1], gib=40)),
    )


def test_a_host_is_spread_and_not_piled_onto_one() -> None:
    site = Site(
        rooms=tuple(room(number) for number in range(5)),
        loads=tuple(load(number, 0, [1, 2, 3, 4], gib=8) for number in range(8)),
    )
    placing = evacuate(site, {0})
    by_room = [sum(shift.destination == number for shift in placing.shifts) for number in range(1, 5)]
    assert by_room == [2, 2, 2, 2]


def test_a_resident_is_pushed_aside_only_where_nothing_else_helps() -> None:
    site = Site(
        rooms=(room(0), room(1, gib=32), room(2, gib=16)),
        loads=(load(0, 0, [1], gib=32), load(1, 1, [2], gib=8)),
    )
    assert evacuate(site, {0}) == Placing(
        shifts=(Shift(load=0, source=0, destination=1), Shift(load=1, source=1, destination=2))
    )


def test_what_cannot_leave_has_a_reason_for_each_room() -> None:
    site = Site(
        rooms=(room(0), room(1, gib=8), room(2, mhz=500), room(3, is_open=False), room(4), room(5)),
        loads=(load(0, 0, [1, 2, 3, 5], gib=16), load(1, 5, [], gib=1)),
        apart=((0, 1),),
    )
    (stuck,) = evacuate(site, {0}).stuck
    assert stuck.reasons == ((1, NO_MEMORY), (2, NO_CPU), (3, CLOSED), (4, NOT_ALLOWED), (5, APART))


def test_what_must_stay_together_leaves_together() -> None:
    site = Site(
        rooms=(room(0), room(1, gib=16), room(2, gib=32)),
        loads=(load(0, 0, [1, 2], gib=16), load(1, 0, [1, 2], gib=16)),
        together=((0, 1),),
    )
    assert {shift.destination for shift in evacuate(site, {0}).shifts} == {2}


def test_only_the_loads_that_are_asked_for_leave() -> None:
    assert [shift.load for shift in evacuate(three_rooms(), {0}, only=frozenset({1})).shifts] == [1]


@same_each_time
@given(seeds, st.sampled_from(Goal))
def test_evening_out_never_makes_it_worse_and_breaks_no_limit(seed: int, goal: Goal) -> None:
    site = random_site(seed)
    placing = rebalance(site, goal=goal, max_moves=10, min_gain=1.0)
    rooms = [one.at for one in site.loads]
    for shift in placing.shifts:
        rooms[shift.load] = shift.destination
    assert breaches_after(site, placing.shifts) == []
    assert len(placing.shifts) <= 10
    assert balance_of(site, goal, rooms).deviation <= balance_of(site, goal).deviation + 1e-9


def test_evening_out_moves_from_the_full_to_the_empty() -> None:
    site = Site(rooms=(room(0), room(1)), loads=tuple(load(number, 0, [1], gib=8, mhz=100) for number in range(6)))
    placing = rebalance(site, goal=Goal.MEMORY, max_moves=10, min_gain=1.0)
    assert len(placing.shifts) == 3
    assert balance_of(site, Goal.MEMORY, [0] * 6).deviation == pytest.approx(37.5)


def test_an_even_site_is_left_alone() -> None:
    site = Site(rooms=(room(0), room(1)), loads=(load(0, 0, [1]), load(1, 1, [0])))
    assert rebalance(site, goal=Goal.BOTH, max_moves=10, min_gain=1.0) == Placing()


def test_a_broken_rule_is_repaired_by_the_smallest_leaving() -> None:
    site = Site(
        rooms=(room(0), room(1)),
        loads=(load(0, 0, [1], gib=16), load(1, 0, [1], gib=4)),
        apart=((0, 1),),
    )
    assert spread(site).shifts == (Shift(load=1, source=0, destination=1),)


def test_what_was_torn_apart_comes_together_where_most_of_it_is() -> None:
    site = Site(
        rooms=(room(0), room(1)),
        loads=(load(0, 0, [1], gib=4), load(1, 1, [0], gib=16)),
        together=((0, 1),),
    )
    assert spread(site).shifts == (Shift(load=0, source=0, destination=1),)


def test_a_rule_that_cannot_be_repaired_is_named() -> None:
    site = Site(
        rooms=(room(0, gib=8), room(1, gib=8)),
        loads=(load(0, 0, [1], gib=8), load(1, 1, [0], gib=8)),
        together=((0, 1),),
    )
    assert [one.note for one in spread(site).stuck] == [NOWHERE_TOGETHER] * 2
    assert spread(site).shifts == ()


def test_a_misplaced_load_leaves() -> None:
    site = three_rooms()
    (shift,) = spread(site, misplaced=[0]).shifts
    assert (shift.load, shift.source) == (0, 0)


def test_needs_decide_what_fits_and_not_what_is_used() -> None:
    idle = load(0, 0, [1], gib=32, uses=0.01)
    assert evacuate(Site(rooms=(room(0), room(1, gib=16)), loads=(idle,)), {0}).shifts == ()
    assert idle.uses_bytes < GIB


def test_a_load_frees_what_it_holds_and_takes_what_it_needs() -> None:
    """A guest that uses little of its memory holds little at home, and needs room for all of it elsewhere."""
    idle = replace(load(1, 1, [0], gib=32), holds_bytes=2 * GIB)
    site = Site(rooms=(room(0), room(1, gib=8)), loads=(load(0, 0, [1], gib=6), idle))
    assert evacuate(site, {0}).shifts == (Shift(load=0, source=0, destination=1),)
    assert evacuate(Site(rooms=(room(0, gib=31), room(1)), loads=(idle,)), {1}).shifts == ()
