"""The hosts' logs are read beside the loop: they hold up no move, and change no outcome."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace

import pytest

from tests.rig import DESTINATION, SOURCE, MakeRig, Rig, ended
from vsphere_motion.errors import PinMismatch
from vsphere_motion.model.event import Event, MoveEnded, MoveStarted, RunHalted
from vsphere_motion.model.outcome import Outcome
from vsphere_motion.model.record import MotionRecord

RECORD = MotionRecord(migration_id="5123456789012345678", source_host=SOURCE.name, destination_host=DESTINATION.name)


def read(outcome: Outcome) -> Future[Outcome]:
    """A reading that is over at once."""
    future: Future[Outcome] = Future()
    future.set_result(replace(outcome, motion=RECORD))
    return future


class Slow:
    """The first reading lasts until a test ends it; further ones are over at once."""

    def __init__(self) -> None:
        self.first: Future[Outcome] = Future()
        self.outcome: Outcome | None = None

    def __call__(self, outcome: Outcome) -> Future[Outcome]:
        if self.outcome is not None:
            return read(outcome)
        self.outcome = outcome
        return self.first

    def end(self) -> None:
        assert self.outcome is not None
        self.first.set_result(replace(self.outcome, motion=RECORD))


def test_the_next_move_starts_and_ends_while_logs_are_read(make_rig: MakeRig) -> None:
    """One at a time is allowed, and the first reading ends only after the second move."""
    rig, slow = make_rig(2), Slow()
    rig.limits, rig.explain = replace(rig.limits, max_concurrent=1), slow
    events = []
    for event in rig.events():
        events.append(event)
        if isinstance(event, MoveEnded) and not slow.first.done():
            slow.end()
    shown = [(type(event), event.move.vm.name) for event in events if isinstance(event, MoveStarted)]
    assert shown == [(MoveStarted, "vm0"), (MoveStarted, "vm1")]
    assert [outcome.move.vm.name for outcome in ended(events)] == ["vm1", "vm0"]
    assert [outcome.motion for outcome in ended(events)] == [RECORD, RECORD]
    assert rig.vcenter.most_at_once == 1
    assert rig.states == ["moved", "moved"]


def test_the_end_is_in_the_journal_before_it_is_told(rig: Rig) -> None:
    rig.explain = read
    told = []
    for event in rig.events():
        if isinstance(event, MoveEnded):
            told.append(event.outcome)
            assert rig.rows[0].outcome == event.outcome
    assert [outcome.motion for outcome in told] == [RECORD]


def test_a_reading_that_breaks_leaves_the_end_as_it_is(rig: Rig) -> None:
    broken: Future[Outcome] = Future()
    broken.set_exception(RuntimeError("a mistake of the reader's"))
    rig.explain = lambda outcome: broken
    (outcome,) = ended(rig.run())
    assert outcome.motion is None
    assert rig.states == ["moved"]


def test_whoever_leaves_does_not_wait_for_logs(rig: Rig) -> None:
    slow = Slow()

    def explain(outcome: Outcome) -> Future[Outcome]:
        rig.control.detach_after = rig.control.looks
        return slow(outcome)

    rig.explain = explain
    events = rig.run()
    assert [type(event) for event in events[-2:]] == [MoveEnded, RunHalted]
    assert ended(events)[0].motion is None
    assert not slow.first.done()
    assert rig.states == ["moved"]


def test_where_the_run_breaks_off_the_end_is_in_the_journal(make_rig: MakeRig) -> None:
    rig, slow = make_rig(2), Slow()

    def explain(outcome: Outcome) -> Future[Outcome]:
        rig.vcenter.outages = [None, PinMismatch("another certificate")]
        return slow(outcome)

    rig.limits, rig.explain = replace(rig.limits, max_concurrent=1), explain
    events: list[Event] = []
    with pytest.raises(PinMismatch):
        events.extend(rig.events())
    assert rig.states[0] == "moved"
    assert ended(events) == []
