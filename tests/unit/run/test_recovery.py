"""What a later process makes of an earlier one's intents and tasks, and of a clock of this machine that is wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fakes import START
from tests.rig import DESTINATION, MakeRig, Rig, ended, make_move
from vsphere_motion.model.event import MoveStarted
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import TaskState, TaskStatus
from vsphere_motion.run.execute import Execution
from vsphere_motion.run.ports import Ports

TASK = MoRef(kind="Task", moid="task-1")
PORTS = ("relocator", "watcher", "finder", "placements", "states", "presence", "clock")
ELSEWHERE = MoRef(kind="HostSystem", moid="host-9")


def submitted_and_forgotten(rig: Rig) -> None:
    """An earlier process has asked for the move, and vCenter has forgotten the task since."""
    rig.journal.write_intent("r-1", 0, op_id="op-1", at=START)
    rig.journal.write_task("r-1", 0, rig.vcenter.start_relocation(make_move(0), op_id="op-1"))
    rig.vcenter.gone.add(TASK)


def test_an_intent_whose_task_is_there_is_watched(rig: Rig) -> None:
    rig.journal.write_intent("r-1", 0, op_id="op-1", at=START)
    rig.vcenter.start_relocation(make_move(0), op_id="op-1")

    events = rig.run()

    assert rig.states == ["moved"]
    assert [call for call in rig.vcenter.calls if "relocate" in call] == ["relocate vm-0"]
    assert any(isinstance(event, MoveStarted) for event in events)


@pytest.mark.parametrize("age_s", [0, 29, 30, 31, 3600])
def test_an_intent_without_a_task_starts_after_the_settle_time_and_not_before(rig: Rig, age_s: int) -> None:
    rig.journal.write_intent("r-1", 0, op_id="op-1", at=START)
    rig.vcenter.time = START + timedelta(seconds=age_s)
    begun_at = {}
    for event in rig.events():
        if isinstance(event, MoveStarted):
            begun_at[event.task] = rig.vcenter.time - START

    assert rig.states == ["moved"]
    (since,) = begun_at.values()
    assert since > timedelta(seconds=30)
    assert rig.rows[0].op_id != "op-1"


@pytest.mark.parametrize("state", [TaskState.SUCCESS, TaskState.ERROR])
def test_a_forgotten_task_has_the_outcome_of_the_history(rig: Rig, state: TaskState) -> None:
    submitted_and_forgotten(rig)
    rig.vcenter.history[TASK] = TaskStatus(
        task=TASK, state=state, queued_at=START, started_at=START, completed_at=START + timedelta(seconds=9)
    )
    if state is TaskState.SUCCESS:
        rig.vcenter.hosts[make_move(0).vm.ref] = DESTINATION.ref

    (outcome,) = ended(rig.run())

    expected = OutcomeState.MOVED if state is TaskState.SUCCESS else OutcomeState.FAILED
    assert (outcome.state, outcome.duration_s) == (expected, 9.0)


@pytest.mark.parametrize(
    ("host", "state"),
    [
        pytest.param(DESTINATION.ref, OutcomeState.MOVED, id="on its destination"),
        pytest.param(ELSEWHERE, OutcomeState.UNKNOWN, id="elsewhere"),
        pytest.param(None, OutcomeState.UNKNOWN, id="not readable"),
    ],
)
def test_without_a_history_the_placement_tells_or_nothing_does(
    rig: Rig, host: MoRef | None, state: OutcomeState
) -> None:
    submitted_and_forgotten(rig)
    rig.vcenter.hosts[make_move(0).vm.ref] = host

    (outcome,) = ended(rig.run())

    assert outcome.state is state
    assert outcome.note is not None
    assert outcome.note.startswith("vCenter no longer knows task-1; ")
    assert "history vm-0" in rig.vcenter.calls


def test_a_vm_that_left_its_planned_source_is_not_moved(rig: Rig) -> None:
    rig.vcenter.hosts[make_move(0).vm.ref] = ELSEWHERE

    (outcome,) = ended(rig.run())

    assert outcome.state is OutcomeState.NOT_STARTED
    assert outcome.note is not None
    assert outcome.note.startswith("it was on esx01 when it was checked and is on")
    assert rig.vcenter.calls == []


@pytest.mark.parametrize("wrong_by", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_wrong_clock_of_this_machine_is_in_no_intent_and_no_duration(make_rig: MakeRig, wrong_by: timedelta) -> None:
    rig = make_rig(2)
    rig.journal.write_intent("r-1", 0, op_id="op-1", at=START - timedelta(seconds=31))
    execution = Execution(
        run="r-1",
        items=rig.rows,
        ports=Ports(
            **dict.fromkeys(PORTS, rig.vcenter),  # type: ignore[arg-type]
            now=lambda: rig.vcenter.now() + wrong_by,
            monotonic_s=rig.clock_s,
            pause=rig.pause,
            explain=lambda outcome: outcome,
        ),
        journal=rig.journal,
        control=rig.control,
    )
    outcomes = ended(list(execution.events()))

    assert rig.states == ["moved", "moved"]
    assert all(row.intent_at is not None and abs(row.intent_at - START) < timedelta(minutes=1) for row in rig.rows)
    assert all(outcome.duration_s is not None and 0 < outcome.duration_s < 60 for outcome in outcomes)
