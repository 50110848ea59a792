"""Loads sent to rooms of their own: nobody else moves, no limit is broken, and what cannot go is named."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.planning.placement.sites import breaches, breaches_on_the_way, load, random_site, room
from vsphere_motion.model.site import Site
from vsphere_motion.planning.placement.floor import NO_MEMORY, NOT_ALLOWED
from vsphere_motion.planning.placement.order import in_order
from vsphere_motion.planning.placement.send import send

same_each_time = settings(derandomize=True, deadline=None, max_examples=150)
seeds = st.integers(min_value=0, max_value=10**6)


def random_targets(site: Site, seed: int) -> dict[int, frozenset[int]]:
    """A third of the loads, each with one to three rooms to go to."""
    rng = Random(seed)
    rooms = range(len(site.rooms))
    return {
        number: found
        for number, one in enumerate(site.loads)
        if rng.random() < 0.3 and (found := frozenset(rng.sample(rooms, rng.randrange(1, 4))) - {one.at})
    }


@same_each_time
@given(seeds, seeds, seeds)
def test_no_limit_is_broken_at_any_moment_and_everybody_is_told_of(seed: int, wish: int, luck: int) -> None:
    site = random_site(seed)
    targets = random_targets(site, wish)
    placing = send(site, targets)
    places = [{one.at} for one in site.loads]
    for shift in placing.shifts:
        assert shift.destination in targets[shift.load]
        places[shift.load] = {shift.destination}
    assert {shift.load for shift in placing.shifts} | {one.load for one in placing.stuck} == set(targets)
    if not breaches(site, [{one.at} for one in site.loads]):
        assert breaches(site, places) == []
    order = in_order(site, placing.shifts)
    assert breaches_on_the_way(site, order, luck) == []
    assert send(site, targets) == placing


def test_loads_change_places_where_each_makes_room_for_the_other() -> None:
    site = Site(rooms=(room(0, gib=8), room(1, gib=8)), loads=(load(0, 0, [1], gib=8), load(1, 1, [0], gib=8)))

    placing = send(site, {0: frozenset({1}), 1: frozenset({0})})

    assert [(shift.load, shift.destination) for shift in placing.shifts] == [(0, 1), (1, 0)]


def test_what_stays_takes_its_room_back_and_the_other_is_told_so() -> None:
    site = Site(
        rooms=(room(0, gib=8), room(1, gib=8), room(2, gib=8)),
        loads=(load(0, 0, [], gib=8), load(1, 1, [0], gib=8)),
    )

    placing = send(site, {0: frozenset({2}), 1: frozenset({0})})

    assert placing.shifts == ()
    assert {one.load: one.reasons for one in placing.stuck} == {0: ((2, NOT_ALLOWED),), 1: ((0, NO_MEMORY),)}


def test_only_the_rooms_that_a_load_is_sent_to_are_told_of() -> None:
    site = Site(rooms=(room(0), room(1, gib=1), room(2)), loads=(load(0, 0, [1, 2]),))

    (stuck,) = send(site, {0: frozenset({1})}).stuck

    assert stuck.reasons == ((1, NO_MEMORY),)


def test_loads_that_must_be_together_go_together_or_not_at_all() -> None:
    loads = (load(0, 0, [1, 2]), load(1, 0, [1, 2]))
    site = Site(rooms=(room(0), room(1), room(2)), loads=loads, together=((0, 1),))

    both = send(site, {0: frozenset({1, 2}), 1: frozenset({2})})
    torn = send(site, {0: frozenset({1}), 1: frozenset({2})})

    assert {shift.destination for shift in both.shifts} == {2}
    assert torn.shifts == ()
    assert {one.load for one in torn.stuck} == {0, 1}
