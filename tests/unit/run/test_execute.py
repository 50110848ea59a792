"""The one loop, on the fake vCenter and a real journal file."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fakes import START, FakeControl, FakeVCenter
from tests.rig import MakeRig, Rig
from vsphere_motion.errors import (
    CallTimeout,
    OutcomeUnknown,
    PermissionMissing,
    PinMismatch,
    Unreachable,
    VCenterFault,
)
from vsphere_motion.model.event import (
    MoveEnded,
    MoveProgressed,
    MoveStalled,
    MoveStarted,
    RunHalted,
    ServerBack,
    ServerLost,
)
from vsphere_motion.model.move import Move
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import Fault
from vsphere_motion.run.limits import Limits
from vsphere_motion.run.records import JournaledMove, MoveState


def test_a_move_is_started_shown_and_judged(rig: Rig) -> None:
    events = rig.run()

    assert [type(event) for event in events] == [MoveStarted, MoveProgressed, MoveProgressed, MoveProgressed, MoveEnded]
    assert rig.states == ["moved"]
    assert rig.vcenter.calls == ["relocate vm-0"]
    assert rig.vcenter.closed


def test_progress_never_falls(rig: Rig) -> None:
    shown = [event.progress_percent for event in rig.run() if isinstance(event, MoveProgressed)]

    assert shown == [0, 50, 100]


def test_the_intent_is_in_the_journal_before_the_call(rig: Rig) -> None:
    seen: list[JournaledMove] = []
    original = rig.vcenter.start_relocation

    class Spy(FakeVCenter):
        def start_relocation(self, move: Move, *, op_id: str) -> MoRef:
            seen.extend(rig.rows)
            return original(move, op_id=op_id)

    spy = Spy(hosts=rig.vcenter.hosts)
    spy.tasks, spy.moves, spy.op_ids = rig.vcenter.tasks, rig.vcenter.moves, rig.vcenter.op_ids
    rig.vcenter = spy
    rig.run()

    assert seen[0].state is MoveState.INTENT
    assert seen[0].op_id in spy.op_ids
    assert seen[0].intent_at == START


def test_no_more_than_the_limit_runs_at_once(make_rig: MakeRig) -> None:
    rig = make_rig(7)
    rig.limits = Limits(max_concurrent=3)

    rig.run()

    assert rig.vcenter.most_at_once == 3
    assert rig.states == ["moved"] * 7


def test_four_at_a_time_are_asked_for_and_each_has_its_intent_first(make_rig: MakeRig) -> None:
    rig = make_rig(10)
    rig.limits, rig.submitters = Limits(max_concurrent=6), 4

    rig.run()

    assert rig.states == ["moved"] * 10
    assert rig.vcenter.most_at_once == 6
    assert sorted(rig.vcenter.op_ids) == sorted(str(row.op_id) for row in rig.rows)
    assert sorted(rig.vcenter.calls) == sorted(f"relocate vm-{number}" for number in range(10))


def test_of_those_that_are_asked_for_together_each_has_its_own_end(make_rig: MakeRig) -> None:
    rig = make_rig(4)
    rig.submitters = 4
    rig.vcenter.refused["vm-0"] = VCenterFault("refused", fault_kind="InvalidState")
    rig.vcenter.lost["vm-1"] = OutcomeUnknown("the answer was lost")

    rig.run()

    assert rig.states == ["failed", "moved", "moved", "moved"]
    assert sorted(rig.vcenter.calls) == ["find vm-1", *(f"relocate vm-{number}" for number in range(4))]


@pytest.mark.parametrize("at", range(1, 12))
def test_an_outage_while_several_are_asked_for_loses_nothing_and_starts_nothing_twice(
    make_rig: MakeRig, at: int
) -> None:
    rig = make_rig(6)
    rig.limits, rig.submitters = Limits(max_concurrent=4), 4
    rig.vcenter.outages = [*[None] * at, Unreachable("reset"), None, CallTimeout("no answer")]

    rig.run()

    assert rig.states == ["moved"] * 6
    assert sorted(call for call in rig.vcenter.calls if "relocate" in call) == [f"relocate vm-{n}" for n in range(6)]


def test_what_ended_makes_room_before_it_is_verified(make_rig: MakeRig) -> None:
    rig = make_rig(2)
    rig.limits = Limits(max_concurrent=1)

    told = [type(event) for event in rig.run() if not isinstance(event, MoveProgressed)]

    assert told == [MoveStarted, MoveStarted, MoveEnded, MoveEnded]


def test_one_failure_does_not_stop_the_rest(make_rig: MakeRig) -> None:
    rig = make_rig(3)
    rig.vcenter.failing["vm-1"] = Fault(kind="MigrationFault", message="no")

    rig.run()

    assert rig.states == ["moved", "failed", "moved"]


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(VCenterFault("refused", fault_kind="InvalidState"), id="a fault of the call"),
        pytest.param(PermissionMissing("no privilege"), id="a missing privilege"),
    ],
)
def test_a_refused_call_is_a_failed_move(make_rig: MakeRig, error: Exception) -> None:
    rig = make_rig(2)
    rig.vcenter.refused["vm-0"] = error

    rig.run()

    assert rig.states == ["failed", "moved"]


def test_a_lost_answer_is_found_by_its_operation_id_and_never_sent_again(rig: Rig) -> None:
    rig.vcenter.lost["vm-0"] = OutcomeUnknown("the answer was lost")

    rig.run()

    assert rig.vcenter.calls == ["relocate vm-0", "find vm-0"]
    assert rig.states == ["moved"]


def test_a_call_vcenter_never_heard_of_is_sent_once_more_and_then_left_open(rig: Rig) -> None:
    rig.vcenter.refused["vm-0"] = OutcomeUnknown("the answer was lost")

    events = rig.run()

    assert rig.vcenter.calls.count("relocate vm-0") == 2
    assert (rig.vcenter.time - START).total_seconds() > 60, "each time the task gets 30 s to appear"
    assert rig.states == ["intent"]
    assert isinstance(events[-1], MoveEnded)
    assert events[-1].outcome.state is OutcomeState.UNKNOWN


def test_a_call_that_was_not_sent_waits_for_the_server_and_is_sent_then(rig: Rig) -> None:
    rig.vcenter.outages = [None, Unreachable("nothing answers")]

    events = rig.run()

    assert [type(event) for event in events[:3]] == [ServerLost, ServerBack, MoveStarted]
    assert rig.vcenter.calls == ["wait until back", "relocate vm-0"]
    assert rig.states == ["moved"]


def test_a_server_that_stays_away_ends_the_run_with_its_moves_open(make_rig: MakeRig) -> None:
    rig = make_rig(2)
    rig.limits = Limits(max_concurrent=1)
    rig.vcenter.outages = [None, None, None, Unreachable("nothing answers")]
    rig.vcenter.back = [False]

    with pytest.raises(Unreachable):
        rig.run()

    assert rig.states == ["submitted", "planned"]


def test_what_is_no_outage_is_not_waited_for(rig: Rig) -> None:
    rig.vcenter.outages = [PinMismatch("another certificate")]

    with pytest.raises(PinMismatch):
        rig.run()

    assert "wait until back" not in rig.vcenter.calls
    assert rig.states == ["planned"]


def test_a_server_that_fails_right_after_every_answer_is_not_away(rig: Rig) -> None:
    rig.vcenter.outages = [CallTimeout("no answer") for _ in range(100)]

    with pytest.raises(CallTimeout):
        rig.run()

    assert rig.vcenter.calls == ["wait until back"] * 5


@pytest.mark.parametrize("at", range(2, 12))
def test_an_outage_at_any_call_loses_nothing_and_starts_nothing_twice(make_rig: MakeRig, at: int) -> None:
    rig = make_rig(3)
    rig.limits = Limits(max_concurrent=2)
    rig.vcenter.outages = [*[None] * at, Unreachable("reset"), None, CallTimeout("no answer")]

    events = rig.run()

    assert rig.states == ["moved"] * 3
    assert sorted(call for call in rig.vcenter.calls if "relocate" in call) == [f"relocate vm-{n}" for n in range(3)]
    lost = [event for event in events if isinstance(event, ServerLost)]
    assert len(lost) == len([event for event in events if isinstance(event, ServerBack)]) > 0


def test_leaving_during_an_outage_leaves_at_once(rig: Rig) -> None:
    rig.vcenter.outages = [None, None, Unreachable("reset")]
    rig.vcenter.back = [False]
    rig.control = FakeControl(detach_after=1)

    events = rig.run()

    assert [type(event) for event in events] == [MoveStarted, ServerLost, RunHalted]
    assert rig.states == ["submitted"]


def test_a_ctrl_c_while_nothing_runs_does_not_wait_for_the_server(make_rig: MakeRig) -> None:
    rig = make_rig(2)
    rig.vcenter.outages = [Unreachable("refused")]

    class Impatient(FakeControl):
        @property
        def is_halting(self) -> bool:
            return "wait until back" in rig.vcenter.calls

    rig.control = Impatient()

    events = rig.run()

    assert [type(event) for event in events] == [ServerLost, RunHalted]
    assert rig.states == ["planned", "planned"]


def test_after_a_sleep_every_task_is_read_again(rig: Rig) -> None:
    events = rig.events()
    for event in events:
        if isinstance(event, MoveProgressed):
            break
    rig.vcenter.time += timedelta(hours=1)

    rest = list(events)

    assert not any(isinstance(event, MoveStalled) for event in rest)
    assert rig.states == ["moved"]
    assert rig.vcenter.read_whole == [["task-1"]]


def test_a_halt_starts_no_more_and_watches_the_running_ones(make_rig: MakeRig) -> None:
    rig = make_rig(3)
    rig.limits = Limits(max_concurrent=1)
    rig.control = FakeControl(halt_after=2)

    events = rig.run()

    assert rig.states == ["moved", "planned", "planned"]
    assert [event.detached for event in events if isinstance(event, RunHalted)] == [False]


def test_a_detach_leaves_the_task_in_the_journal(rig: Rig) -> None:
    rig.control = FakeControl(detach_after=2)

    events = rig.run()

    assert rig.states == ["submitted"]
    assert isinstance(events[-1], RunHalted)
    assert events[-1].detached


def test_the_time_limit_leaves_running_moves_alone(make_rig: MakeRig) -> None:
    rig = make_rig(2)
    rig.limits = Limits(max_concurrent=1, timeout_s=2.0)

    events = rig.run()

    assert rig.states == ["submitted", "planned"]
    assert isinstance(events[-1], RunHalted)
    assert not any("cancel" in call for call in rig.vcenter.calls)


def test_a_second_run_watches_again_what_the_first_left(rig: Rig) -> None:
    rig.control = FakeControl(detach_after=2)
    rig.run()
    rig.control = FakeControl()

    events = rig.run()

    assert rig.vcenter.calls == ["relocate vm-0"]
    assert isinstance(events[0], MoveStarted)
    assert events[0].resumed
    assert rig.states == ["moved"]


def test_a_task_that_vcenter_forgot_is_unknown(rig: Rig) -> None:
    rig.vcenter.gone.add(MoRef(kind="Task", moid="task-1"))

    rig.run()

    assert rig.states == ["unknown"]


def test_a_move_that_another_process_took_is_not_started(rig: Rig) -> None:
    rows = rig.rows
    rig.journal.write_intent("r-1", 0, op_id="other", at=START)
    execution_rows = [row for row in rows if row.outcome is None]
    assert execution_rows[0].state is MoveState.PLANNED

    class Stale(Rig):
        @property
        def rows(self) -> tuple[JournaledMove, ...]:
            return rows

    stale = Stale.__new__(Stale)
    stale.__dict__.update(rig.__dict__)
    events = stale.run()

    assert rig.vcenter.calls == []
    assert isinstance(events[-1], MoveEnded)
    assert events[-1].outcome.state is OutcomeState.UNKNOWN


def test_the_outcome_is_in_the_journal_before_it_is_shown(rig: Rig) -> None:
    ended = [(event, rig.rows[0]) for event in rig.events() if isinstance(event, MoveEnded)]

    assert [event.outcome for event, _ in ended] == [row.outcome for _, row in ended]
