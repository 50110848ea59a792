"""What is said of the time that a run still takes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fakes import START
from tests.rig import make_move
from vsphere_motion.model.event import Event, MoveEnded, MoveStarted, RunProgressed
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.run.rest import Rest, bases_of


def rest(*bases: float | None, are_seconds: bool = True, at_once: int = 2) -> Rest:
    return Rest(
        bases={make_move(number).vm.ref: base for number, base in enumerate(bases)},
        are_seconds=are_seconds,
        at_once=at_once,
    )


def started(number: int, at_s: float) -> MoveStarted:
    return MoveStarted(at=START + timedelta(seconds=at_s), move=make_move(number), task=f"task-{number}")


def ended(number: int, at_s: float, took_s: float | None = None) -> MoveEnded:
    at = START + timedelta(seconds=at_s)
    begun = None if took_s is None else at - timedelta(seconds=took_s)
    outcome = Outcome(
        move=make_move(number), state=OutcomeState.MOVED, started_at=begun, completed_at=at if begun else None
    )
    return MoveEnded(at=at, outcome=outcome)


def told(one: Rest, *events: Event) -> list[RunProgressed]:
    return [event for event in one.telling(iter(events)) if isinstance(event, RunProgressed)]


def test_the_counts_are_told_behind_ends() -> None:
    (first, last) = told(
        rest(10, 10, 10),
        started(0, 0),
        started(1, 0),
        ended(0, 10, 10),
        ended(1, 10.5, 10),
        started(2, 11),
        ended(2, 21),
    )
    assert (first.ended, first.running, first.waiting) == (1, 1, 1)
    assert (last.ended, last.running, last.waiting, last.left_s) == (3, 0, 0, 0.0)


def test_moves_that_take_longer_than_expected_make_the_rest_longer() -> None:
    (one,) = told(rest(10, 10, 10, 10), started(0, 0), started(1, 0), ended(0, 20, 20))
    # two at once, twenty seconds each: the running one is over, and two of twenty seconds wait
    assert one.left_s == pytest.approx(20.0)


def test_memory_stands_for_seconds_once_a_move_was_measured() -> None:
    one = rest(4, 4, 16, are_seconds=False, at_once=1)
    assert one.left_s(START) is None
    (first,) = told(one, started(0, 0), ended(0, 8, 8))
    assert first.left_s == pytest.approx(2.0 * (4 + 16))


def test_before_any_was_measured_the_forecast_tells() -> None:
    assert rest(10, 30, at_once=2).left_s(START) == pytest.approx(30.0)
    assert rest(10, 10, 10, 10, at_once=2).left_s(START) == pytest.approx(20.0)


def test_a_move_that_was_not_measured_counts_and_corrects_nothing() -> None:
    (one,) = told(rest(10, 10, at_once=1), started(0, 0), ended(0, 5))
    assert (one.ended, one.left_s) == (1, pytest.approx(10.0))


def test_nothing_is_said_more_than_once_a_second_but_the_end() -> None:
    events = [event for number in range(5) for event in (started(number, 0), ended(number, 0.1 * number, 1.0))]
    assert [one.ended for one in told(rest(*[1.0] * 5), *events)] == [1, 5]


def test_bases_are_all_of_one_kind() -> None:
    one, other = make_move(0).vm.ref, make_move(1).vm.ref
    assert bases_of({one: 3.0, other: 4.0}, {one: 1, other: 2}) == ({one: 3.0, other: 4.0}, True)
    assert bases_of({one: 3.0, other: None}, {one: 1, other: 2}) == ({one: 1.0, other: 2.0}, False)
    assert bases_of({one: None, other: None}, {one: 1, other: None}) == ({one: None, other: None}, False)
    assert bases_of({}, {}) == ({}, False)
