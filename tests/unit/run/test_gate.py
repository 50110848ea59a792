"""Which moves of a plan may start: those whose predecessors have moved, and no more than the window holds."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.build import datastore_ref, host_ref
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.planning.window import costs_of
from vsphere_motion.run.gate import WELL, Capacity, OpenGate, PlanGate, Start
from vsphere_motion.vmotion.costs import Operation, Resource, limit_of

MOVED, FAILED = OutcomeState.MOVED, OutcomeState.FAILED
FREE = Capacity()


def between(source: int, destination: int) -> Start:
    hosts = [(host_ref(source), 10_000_000_000), (host_ref(destination), 10_000_000_000)]
    return Start(costs=costs_of(Operation.VMOTION, hosts=hosts, datastores=[datastore_ref(1)]))


def test_a_move_waits_for_those_it_relies_on() -> None:
    gate = PlanGate(starts={1: Start(relies_on=(0,)), 2: Start(relies_on=(0, 1))})

    assert gate.ready([0, 1, 2], running=set(), ended={}, now=FREE) == (0,)
    assert gate.ready([1, 2], running={0}, ended={}, now=FREE) == ()
    assert gate.ready([1, 2], running=set(), ended={0: MOVED}, now=FREE) == (1,)
    assert gate.ready([2], running=set(), ended={0: MOVED, 1: OutcomeState.UNCHANGED}, now=FREE) == (2,)


@pytest.mark.parametrize("end", [state for state in OutcomeState if state not in WELL])
def test_what_relies_on_a_move_that_did_not_happen_never_starts(end: OutcomeState) -> None:
    gate = PlanGate(starts={1: Start(relies_on=(0,)), 2: Start(relies_on=(1,)), 3: Start()})

    assert gate.ready([1, 2, 3], running=set(), ended={0: end}, now=FREE) == (3,)
    assert gate.given_up([1, 2, 3], running=set(), ended={0: end}) == {1: 0, 2: 1}


def test_nothing_is_given_up_while_all_goes_well() -> None:
    gate = PlanGate(starts={1: Start(relies_on=(0,))})

    assert gate.given_up([1], running=set(), ended={0: MOVED}) == {}
    assert gate.given_up([1], running={0}, ended={}) == {}


def test_what_relies_on_a_move_that_is_not_in_the_run_never_starts() -> None:
    assert PlanGate(starts={1: Start(relies_on=(7,))}).given_up([1], running=set(), ended={}) == {1: 7}


def test_what_others_take_is_waited_for_also_where_nothing_of_ours_runs() -> None:
    gate = PlanGate(starts={position: between(1, 2) for position in range(4)})
    others = {(Resource.HOST, host_ref(2)): 8}

    assert gate.ready(range(4), running=set(), ended={}, now=Capacity(others=others)) == ()
    assert gate.ready(range(1, 4), running={0}, ended={}, now=Capacity(others=others)) == ()


def test_a_move_that_would_never_fit_starts_alone_and_waits_at_vcenter() -> None:
    gate = PlanGate(starts={0: Start(costs=(((Resource.HOST, host_ref(1)), 9),)), 1: between(2, 3)})

    assert gate.ready([0, 1], running=set(), ended={}, now=FREE) == (1,)
    assert gate.ready([0], running={1}, ended={}, now=FREE) == ()
    assert gate.ready([0], running=set(), ended={}, now=FREE) == (0,)


def test_a_full_host_lets_moves_of_other_hosts_pass() -> None:
    gate = PlanGate(starts={0: between(1, 2), 1: between(1, 3), 2: between(4, 5)})

    assert gate.ready([0, 1, 2], running=set(), ended={}, now=Capacity(max_per_host=1)) == (0, 2)


def test_no_more_than_the_person_allows() -> None:
    gate = PlanGate(starts={})

    assert gate.ready([0, 1, 2], running={7}, ended={}, now=Capacity(max_concurrent=2)) == (0,)
    assert OpenGate().ready([0, 1, 2], running={7}, ended={}, now=Capacity(max_concurrent=2)) == (0,)
    assert OpenGate().ready([0, 1, 2], running=set(), ended={}, now=FREE) == (0, 1, 2)
    assert OpenGate().given_up([0], running=set(), ended={1: FAILED}) == {}


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.integers(0, 10**6))
def test_whatever_ends_first_every_move_starts_after_those_it_relies_on_and_no_limit_is_exceeded(seed: int) -> None:
    luck = random.Random(seed)
    count = luck.randint(1, 30)
    starts = {
        position: Start(
            relies_on=tuple(sorted(luck.sample(range(position), min(position, luck.randint(0, 3))))),
            costs=between(luck.randint(1, 4), luck.randint(5, 8)).costs,
        )
        for position in range(count)
    }
    gate = PlanGate(starts=starts)
    waiting, running, ended = list(range(count)), set[int](), dict[int, OutcomeState]()
    while waiting or running:
        lost = gate.given_up(waiting, running=running, ended=ended)
        ended |= dict.fromkeys(lost, OutcomeState.NOT_STARTED)
        waiting = [one for one in waiting if one not in lost]
        begun = gate.ready(waiting, running=running, ended=ended, now=FREE)
        assert all(ended.get(one) in WELL for position in begun for one in starts[position].relies_on)
        waiting = [one for one in waiting if one not in begun]
        running |= set(begun)
        taken: dict[object, int] = {}
        for position in running:
            for slot, units in starts[position].costs:
                taken[slot] = taken.get(slot, 0) + units
        assert all(units <= limit_of(slot[0]) for slot, units in taken.items())  # type: ignore[index]
        assert running or not waiting, "something waits and nothing runs"
        if running:
            last = luck.choice(sorted(running))
            running.remove(last)
            ended[last] = luck.choice([MOVED, MOVED, MOVED, FAILED])
    assert len(ended) == count
