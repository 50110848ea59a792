"""What is read right before a move starts, and what comes of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rig import DESTINATION, MakeRig, Rig, ended, make_move
from vsphere_motion.errors import (
    VCenterFault,
)
from vsphere_motion.model.current import CurrentHost
from vsphere_motion.model.event import (
    Event,
    MoveFollowed,
    MoveProgressed,
    MoveStarted,
)
from vsphere_motion.model.inventory import ConnectionState
from vsphere_motion.model.move import Placement
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.model.task import Fault, TaskState
from vsphere_motion.run.limits import Limits


def test_moves_that_start_together_are_read_together(make_rig: MakeRig) -> None:
    rig = make_rig(5)
    rig.limits = Limits(max_concurrent=3)

    rig.run()

    assert rig.vcenter.readings == [("vm-0", "vm-1", "vm-2"), ("vm-3", "vm-4")]


def test_a_vm_that_is_there_already_needs_no_task(rig: Rig) -> None:
    rig.vcenter.hosts[make_move(0).vm.ref] = DESTINATION.ref

    (outcome,) = ended(rig.run())

    assert (outcome.state, outcome.task, outcome.note) == (OutcomeState.UNCHANGED, None, "it is already there")
    assert rig.vcenter.calls == []


def test_a_vm_that_was_deleted_is_gone(make_rig: MakeRig) -> None:
    rig = make_rig(2)
    del rig.vcenter.hosts[make_move(0).vm.ref]

    first = ended(rig.run())[0]

    assert first.fault is not None
    assert first.fault.kind == "Gone"
    assert rig.states == ["failed", "moved"]
    assert rig.vcenter.calls == ["relocate vm-1"]


@pytest.mark.parametrize(
    ("now", "words"),
    [
        pytest.param(
            CurrentHost(connection_state=ConnectionState.DISCONNECTED, in_maintenance_mode=False),
            "its destination esx02 is disconnected now",
            id="disconnected",
        ),
        pytest.param(
            CurrentHost(connection_state=ConnectionState.CONNECTED, in_maintenance_mode=True),
            "its destination esx02 is in maintenance mode now",
            id="in maintenance mode",
        ),
    ],
)
def test_nothing_is_started_to_a_host_that_went_away(make_rig: MakeRig, now: CurrentHost, words: str) -> None:
    rig = make_rig(3)
    rig.limits = Limits(max_concurrent=1)
    events: list[Event] = []
    for event in rig.events():
        events.append(event)
        if isinstance(event, MoveStarted):
            rig.vcenter.away[DESTINATION.ref] = now

    assert rig.states == ["moved", "not_started", "not_started"]
    kept = [outcome for outcome in ended(events) if outcome.state is OutcomeState.NOT_STARTED]
    assert [outcome.note for outcome in kept] == [words, words]
    assert rig.vcenter.calls == ["relocate vm-0"]


def test_what_somebody_else_moves_there_is_followed_and_not_moved_again(rig: Rig) -> None:
    rig.vcenter.start_foreign(make_move(0), user="EXAMPLE\\operator")

    events = rig.run()

    followed = next(event for event in events if isinstance(event, MoveFollowed))
    assert followed.started_by == "EXAMPLE\\operator"
    assert rig.vcenter.calls == []
    (outcome,) = ended(events)
    assert (outcome.state, outcome.note) == (OutcomeState.UNCHANGED, "it is there: EXAMPLE\\operator moved it (task-1)")


def test_what_somebody_else_moves_elsewhere_is_not_moved_a_second_time(rig: Rig) -> None:
    elsewhere = NamedRef(ref=MoRef(kind="HostSystem", moid="host-3"), name="esx03")
    rig.vcenter.start_foreign(replace(make_move(0), destination=Placement(host=elsewhere)), user="")

    (outcome,) = ended(rig.run())

    assert outcome.state is OutcomeState.NOT_STARTED
    assert outcome.note is not None
    assert outcome.note.startswith("vCenter itself (such as DRS) was moving it (task-1)")
    assert rig.vcenter.calls == []


def test_what_somebody_else_failed_to_move_gets_its_turn(rig: Rig) -> None:
    rig.vcenter.start_foreign(make_move(0))
    rig.vcenter.failing["vm-0"] = Fault(kind="MigrationFault", message="no")
    events = rig.events()
    for event in events:
        if isinstance(event, MoveProgressed) and event.progress_percent == 100:
            break
    events_after = []
    for event in events:
        rig.vcenter.failing.clear()
        events_after.append(event)

    assert rig.vcenter.calls == ["relocate vm-0"]
    assert rig.states == ["moved"]


def test_a_call_refused_because_of_another_task_follows_that_task(rig: Rig) -> None:
    task = rig.vcenter.start_foreign(make_move(0))
    del rig.vcenter.running[make_move(0).vm.ref]
    details = (f"task: {task.moid}",)
    rig.vcenter.refused["vm-0"] = VCenterFault("busy", fault_kind="TaskInProgress", details=details)

    events = rig.run()

    assert rig.vcenter.calls == ["relocate vm-0"]
    assert [event.task for event in events if isinstance(event, MoveFollowed)] == ["task-1"]
    assert rig.states == ["unchanged"]


def test_a_task_that_ends_because_of_another_task_follows_that_task(rig: Rig) -> None:
    other = rig.vcenter.start_foreign(make_move(0))
    del rig.vcenter.running[make_move(0).vm.ref]
    rig.vcenter.tasks[other] = replace(rig.vcenter.tasks[other], state=TaskState.QUEUED)
    rig.vcenter.failing["vm-0"] = Fault(kind="TaskInProgress", message="busy", details=(f"task: {other.moid}",))
    rig.vcenter.unfailing.add(other)

    rig.run()

    assert rig.vcenter.calls == ["relocate vm-0"]
    assert rig.states == ["unchanged"]


def test_a_relocation_this_very_move_asked_for_before_is_its_own(rig: Rig) -> None:
    rig.vcenter.start_foreign(make_move(0), op_id="vsphere-motion-r-1-0-18c")

    events = rig.run()

    assert rig.vcenter.calls == []
    assert rig.states == ["moved"]
    assert [event.resumed for event in events if isinstance(event, MoveStarted)] == [True]
    assert rig.rows[0].op_id == "vsphere-motion-r-1-0-18c"
