"""When a run stops by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes import START
from tests.rig import make_move
from vsphere_motion.model.event import Event, MoveEnded, MoveStarted, RunHalted
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.record import MotionRecord
from vsphere_motion.run.halt import HaltRule, HaltWatch


def started(number: int) -> MoveStarted:
    return MoveStarted(at=START, move=make_move(number), task=f"task-{number}")


def ended(
    number: int, stun_s: float | None = 0.1, state: OutcomeState = OutcomeState.MOVED, task: str | None = "task"
) -> MoveEnded:
    record = MotionRecord(migration_id="1", source_host="a", destination_host="b", downtime_s=stun_s)
    return MoveEnded(at=START, outcome=Outcome(move=make_move(number), state=state, task=task, motion=record))


def reasons(rule: HaltRule, *events: Event) -> list[str]:
    watch = HaltWatch(rule)
    return [event.reason for event in watch.judged(iter(events)) if isinstance(event, RunHalted)]


@pytest.mark.parametrize(("stun_s", "breaks"), [(0.5, False), (0.501, True), (None, False)])
def test_a_longer_stun_than_the_budget_stops_the_run(stun_s: float | None, breaks: bool) -> None:
    said = reasons(HaltRule(max_stun_s=0.5), started(0), ended(0, stun_s))
    assert bool(said) is breaks
    if breaks:
        assert said == ["no further moves start: vm0 stood still for 501 ms, more than --max-stun 500ms"]


def test_it_is_said_once_and_behind_the_end_that_broke_it() -> None:
    watch = HaltWatch(HaltRule(max_stun_s=0.5))
    seen = list(watch.judged(iter([ended(0, 1.0), ended(1, 2.0)])))
    assert [type(event) for event in seen] == [MoveEnded, RunHalted, MoveEnded]
    halt = seen[1]
    assert isinstance(halt, RunHalted)
    assert halt.is_breach
    assert watch.room(4, untold=()) == 0


FAILED, UNKNOWN = OutcomeState.FAILED, OutcomeState.UNKNOWN


@pytest.mark.parametrize(
    ("rule", "moves", "failures", "words"),
    [
        pytest.param(HaltRule(failed=2), 9, 1, None, id="one less"),
        pytest.param(HaltRule(failed=2), 9, 2, "2 moves of 9 failed, --halt-on failed=2", id="as many"),
        pytest.param(HaltRule(failed=1), 9, 1, "1 move of 9 failed, --halt-on failed=1", id="one"),
        pytest.param(HaltRule(failed_percent=10), 30, 2, None, id="less than the part"),
        pytest.param(HaltRule(failed_percent=10), 30, 3, "3 moves of 30 failed, --halt-on failed=10%", id="the part"),
        pytest.param(HaltRule(failed_percent=10), 5, 1, "1 move of 5 failed, --halt-on failed=10%", id="at least one"),
        pytest.param(HaltRule(failed_percent=100), 2, 1, None, id="all of them"),
    ],
)
def test_so_many_failures_stop_the_run(rule: HaltRule, moves: int, failures: int, words: str | None) -> None:
    watch = HaltWatch(rule, moves=moves)
    for number in range(failures):
        assert watch.note(ended(number, state=OutcomeState.MOVED)) is None
    said = [watch.note(ended(number, state=FAILED if number else UNKNOWN)) for number in range(failures)]

    assert said[:-1] == [None] * (failures - 1)
    assert said[-1] == (None if words is None else f"{words}")
    assert watch.is_broken is (words is not None)


def test_a_failure_counts_before_its_logs_were_read() -> None:
    watch = HaltWatch(HaltRule(failed=2), moves=9)
    watch.note(ended(0, state=FAILED))

    assert watch.room(4, untold=[OutcomeState.MOVED]) == 4
    assert watch.room(4, untold=[OutcomeState.MOVED, FAILED]) == 0
    assert not watch.is_broken, "it is said with the end of that move"


def test_a_refused_start_is_a_failure_and_what_was_left_out_is_none() -> None:
    watch = HaltWatch(HaltRule(failed=1), moves=3)
    for state in (OutcomeState.NOT_STARTED, OutcomeState.BLOCKED, OutcomeState.UNCHANGED, OutcomeState.CANCELLED):
        assert watch.note(ended(0, state=state, task=None)) is None
    assert watch.note(ended(1, state=FAILED, task=None)) is not None


def test_without_a_rule_nothing_stops() -> None:
    assert reasons(HaltRule(), ended(0, 99.0), ended(1, None, OutcomeState.FAILED)) == []
    assert HaltWatch().room(4, untold=[OutcomeState.MOVED]) == 4
    assert not HaltRule().is_set


def test_the_canary_moves_go_alone_until_they_have_ended() -> None:
    watch = HaltWatch(HaltRule(canary=2))
    assert watch.rule.is_set
    assert watch.room(4, untold=()) == 2
    for event in (started(0), started(1)):
        watch.note(event)
    assert watch.room(4, untold=()) == 0
    watch.note(ended(0))
    assert watch.room(4, untold=()) == 0
    watch.note(ended(1))
    assert watch.room(4, untold=()) == 4


def test_a_failed_canary_stops_the_run_and_a_later_failure_does_not() -> None:
    rule = HaltRule(canary=1)
    assert reasons(rule, ended(0, state=OutcomeState.FAILED)) == [
        "no further moves start: vm0, one of the first 1, did not move: failed"
    ]
    assert reasons(rule, ended(0), ended(1, state=OutcomeState.FAILED)) == []


def test_a_canary_that_was_not_measured_proves_nothing() -> None:
    rule = HaltRule(max_stun_s=0.5, canary=2)
    assert reasons(rule, ended(0, None), ended(1, 0.1)) == []
    (said,) = reasons(rule, ended(0, None), ended(1, None))
    assert "could not be read" in said


def test_a_move_that_never_started_is_no_canary() -> None:
    watch = HaltWatch(HaltRule(canary=1))
    watch.note(ended(0, None, OutcomeState.UNCHANGED, task=None))
    assert watch.room(4, untold=()) == 1


def test_a_budget_waits_for_what_the_logs_say() -> None:
    watch = HaltWatch(HaltRule(max_stun_s=0.5))
    assert watch.room(4, untold=[OutcomeState.MOVED]) == 0
    assert watch.room(4, untold=()) == 4


def test_events_that_are_closed_close_their_source() -> None:
    closed = []

    def source() -> Iterator[Event]:
        try:
            yield started(0)
            yield started(1)
        finally:
            closed.append(True)

    events = HaltWatch().judged(source())
    next(events)
    events.close()  # type: ignore[attr-defined]
    del events
    assert closed == [True]


@pytest.mark.parametrize(
    ("general_s", "own_s", "stun_s", "breaks"),
    [
        pytest.param(None, 0.2, 0.201, True, id="its own is shorter than none"),
        pytest.param(None, 0.2, 0.2, False, id="its own is kept"),
        pytest.param(0.1, 0.5, 0.4, False, id="its own goes before a shorter one of all"),
        pytest.param(0.5, 0.1, 0.2, True, id="its own goes before a longer one of all"),
    ],
)
def test_a_vm_may_have_a_budget_of_its_own(general_s: float | None, own_s: float, stun_s: float, breaks: bool) -> None:
    rule = HaltRule(max_stun_s=general_s, max_stun_of=((make_move(0).vm.ref, own_s),))
    assert rule.is_set
    assert bool(reasons(rule, started(0), ended(0, stun_s))) is breaks
    other = reasons(rule, started(1), ended(1, 0.3))
    assert bool(other) is (general_s == 0.1)


def test_of_several_budgets_of_a_vm_the_shortest_counts() -> None:
    vm = make_move(0).vm.ref
    assert HaltRule(max_stun_s=9.0, max_stun_of=((vm, 2.0), (vm, 1.0), (vm, 3.0))).limit_s(vm) == 1.0
