"""Moves that do not get on, questions, and what is cancelled."""

from __future__ import annotations

from tests.fakes import FakeControl
from tests.rig import MakeRig, Rig, ended, make_move
from vsphere_motion.model.current import Question
from vsphere_motion.model.event import (
    MoveAsks,
    MoveStalled,
    MoveStarted,
    RunHalted,
)
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.run.limits import Limits, OnInterrupt, OnStall, Patience


def test_a_move_without_progress_is_spoken_of_after_150_s(rig: Rig) -> None:
    rig.vcenter.stuck.add("vm-0")
    rig.control = FakeControl(detach_after=700)
    said = [(event, rig.clock_s()) for event in rig.events() if isinstance(event, MoveStalled)]

    assert [round(at_s) for _, at_s in said] == [151, 301, 601], (
        "running is seen after 1 s; then twice as long each time"
    )
    assert {event.progress_percent for event, _ in said} == {0}
    assert not any(event.is_cancelled for event, _ in said)


def test_a_queued_move_waits_its_turn_and_is_not_stalled(rig: Rig) -> None:
    rig.vcenter.queued.add("vm-0")
    rig.control = FakeControl(detach_after=500)

    assert not any(isinstance(event, MoveStalled) for event in rig.events())


def test_a_stalled_move_is_cancelled_where_that_is_wanted(rig: Rig) -> None:
    rig.vcenter.stuck.add("vm-0")
    rig.limits = Limits(patience=Patience(stall_after_s=20, on_stall=OnStall.CANCEL))

    events = rig.run()

    assert [event.is_cancelled for event in events if isinstance(event, MoveStalled)] == [True]
    (outcome,) = ended(events)
    assert outcome.state is OutcomeState.CANCELLED
    assert outcome.note == "cancelled because it made no progress for 20 s; the VM is on esx01 now"


def test_a_foreign_task_is_never_cancelled(rig: Rig) -> None:
    rig.vcenter.start_foreign(make_move(0))
    rig.vcenter.stuck.add("vm-0")
    rig.limits = Limits(patience=Patience(stall_after_s=20, on_stall=OnStall.CANCEL), on_interrupt=OnInterrupt.CANCEL)
    rig.control = FakeControl(halt_after=30, detach_after=100)

    events = rig.run()

    assert any(isinstance(event, MoveStalled) for event in events)
    assert not any("cancel" in call for call in rig.vcenter.calls)


def test_a_ctrl_c_cancels_what_runs_where_that_is_wanted(make_rig: MakeRig) -> None:
    rig = make_rig(3)
    rig.limits = Limits(max_concurrent=2, on_interrupt=OnInterrupt.CANCEL)
    rig.control = FakeControl(halt_after=2)

    rig.run()

    assert [call for call in rig.vcenter.calls if "cancel" in call] == ["cancel task-1", "cancel task-2"]
    assert rig.states == ["cancelled", "cancelled", "planned"]


def test_a_pending_question_is_told_once(rig: Rig) -> None:
    question = Question(id="4711", text="Disk full. Retry?", choices=(("0", "Retry"), ("1", "Cancel")))
    rig.vcenter.questions = {make_move(0).vm.ref: question}

    asked = [event.question for event in rig.run() if isinstance(event, MoveAsks)]

    assert asked == [question]


def test_without_waiting_everything_is_started_and_left(make_rig: MakeRig) -> None:
    rig = make_rig(9)
    rig.limits = Limits(max_concurrent=2, is_watching=False)

    events = rig.run()

    assert len([event for event in events if isinstance(event, MoveStarted)]) == 9
    assert isinstance(events[-1], RunHalted)
    assert events[-1].detached
    assert rig.states == ["submitted"] * 9
