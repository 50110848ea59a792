"""Starting, watching, cancelling and finding relocations on a simulated vCenter."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from tests.observer import observing
from tests.sim.reading import as_it_is, move_away, rewritten, session_with
from tests.sim.transport import servers
from tests.sim.transport.canned import fault
from vsphere_motion.errors import (
    MotionError,
    OutcomeUnknown,
    PermissionMissing,
    SessionEnded,
    Unreachable,
    VCenterFault,
)
from vsphere_motion.model.current import Question
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import TaskState, TaskStatus
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.inventory import take_snapshot
from vsphere_motion.vcenter.relocate import VCenterRelocator
from vsphere_motion.vcenter.session import Session
from vsphere_motion.vcenter.tasks import VCenterTaskFinder, VCenterTaskWatcher

pytestmark = pytest.mark.vcsim

GHOST = MoRef(kind="Task", moid="task-999999")
WAITS = 40
"""More waits than any of these relocations needs: a test ends even if no task does."""


@pytest.fixture
def slow(vcenter_factory: VCenterFactory) -> SimulatedVCenter:
    """A site whose relocations do not end while a test runs."""
    return vcenter_factory(hosts=2, vms=4, speed=0.02)


@pytest.fixture
def session(vcenter: SimulatedVCenter) -> Iterator[Session]:
    with session_with(vcenter) as opened:
        yield opened


def start(session: Session, count: int = 1) -> list[MoRef]:
    """Relocations of the first VMs; the operationIDs are op-0, op-1 ..."""
    inventory = take_snapshot(session)
    relocator = VCenterRelocator(session)
    return [
        relocator.start_relocation(move_away(inventory, inventory.vms[number]), op_id=f"op-{number}")
        for number in range(count)
    ]


def watch_to_the_end(
    watcher: VCenterTaskWatcher, tasks: Sequence[MoRef], already: Sequence[TaskStatus] = ()
) -> dict[MoRef, list[TaskStatus]]:
    """Every status of these tasks until all have ended, those that were told already included.

    Other tasks may be watched as well, and are left out.
    """
    seen: dict[MoRef, list[TaskStatus]] = {task: [] for task in tasks}
    news = already
    for _ in range(WAITS):
        for status in news:
            if status.task in seen:
                seen[status.task].append(status)
        if all(statuses and is_over(statuses[-1]) for statuses in seen.values()):
            return seen
        news = watcher.wait_for_updates(timeout_s=2.0)
    pytest.fail(f"not every task ended: {seen}")


def is_over(status: TaskStatus) -> bool:
    return status.is_gone or (status.state is not None and status.state.is_final)


def test_every_task_is_followed_to_its_whole_end(session: Session) -> None:
    tasks = start(session, count=3)
    watcher = VCenterTaskWatcher(session)
    watcher.watch(tasks)
    seen = watch_to_the_end(watcher, tasks)
    watcher.close()
    for number, task in enumerate(tasks):
        last = seen[task][-1]
        assert (last.state, last.fault, last.cancelled) == (TaskState.SUCCESS, None, False)
        assert last.activation_id == f"op-{number}"
        assert last.queued_at is not None
        assert last.started_at is not None
        assert last.completed_at is not None
        assert last.queued_at <= last.started_at < last.completed_at
        assert last.completed_at.utcoffset() == timedelta(0)


def test_progress_is_told_and_never_falls(vcenter_factory: VCenterFactory) -> None:
    with session_with(vcenter_factory(speed=2)) as session:
        (task,) = start(session)
        watcher = VCenterTaskWatcher(session)
        watcher.watch([task])
        seen = watch_to_the_end(watcher, [task])[task]
    percents = [status.progress_percent for status in seen if status.progress_percent is not None]
    assert percents == sorted(percents)
    assert len(set(percents)) > 2


def test_progress_that_a_server_takes_back_is_not_told(vcenter_factory: VCenterFactory, tmp_path: Path) -> None:
    def fall_at_the_end(method: str, body: bytes) -> bytes:
        """A server that reports 0 % after the rest."""
        return re.sub(rb"(<name>info.progress</name>(?:<op>assign</op>)?<val [^>]*>)(80|95|100)<", rb"\g<1>0<", body)

    with rewritten(vcenter_factory(speed=10), tmp_path, fall_at_the_end) as (session, _):
        (task,) = start(session)
        watcher = VCenterTaskWatcher(session)
        watcher.watch([task])
        seen = watch_to_the_end(watcher, [task])[task]
    percents = [status.progress_percent for status in seen if status.progress_percent is not None]
    assert percents == sorted(percents)
    assert seen[-1].progress_percent == percents[-1] > 0


def test_watching_costs_one_filter_however_many_tasks(vcenter: SimulatedVCenter, session: Session) -> None:
    vcenter.control.clear_trace()
    tasks = start(session, count=6)
    watcher = VCenterTaskWatcher(session)
    watcher.watch(tasks[:3])
    first = watcher.wait_for_updates(timeout_s=1.0)
    watcher.watch(tasks[3:])
    watch_to_the_end(watcher, tasks, first)
    watcher.close()
    calls = Counter(call["method"] for call in vcenter.control.trace())
    assert calls["CreateFilter"] == calls["CreateListView"] == calls["CreatePropertyCollector"] == 1
    assert calls["DestroyView"] == 2  # the snapshot's and the watcher's
    assert calls["DestroyPropertyCollector"] == 1
    assert calls["CancelTask"] == 0


def test_a_wait_without_news_is_empty_and_bounded(slow: SimulatedVCenter) -> None:
    with session_with(slow) as session:
        watcher = VCenterTaskWatcher(session)
        assert watcher.wait_for_updates(timeout_s=60.0) == ()
        watcher.watch(start(session))
        assert len(watcher.wait_for_updates(timeout_s=5.0)) == 1
        before = session.now()
        assert list(watcher.wait_for_updates(timeout_s=1.0)) == []
        waited = session.now() - before
    assert waited < timedelta(seconds=10)


def test_a_task_that_is_forgotten_is_not_told_of(session: Session) -> None:
    tasks = start(session, count=2)
    watcher = VCenterTaskWatcher(session)
    watcher.watch(tasks)
    first = [status for status in watcher.wait_for_updates(timeout_s=2.0) if status.task == tasks[1]]
    watcher.forget(tasks[:1])
    assert set(watch_to_the_end(watcher, tasks[1:], first)) == {tasks[1]}


def test_a_task_vcenter_does_not_know_is_gone(session: Session) -> None:
    tasks = start(session)
    watcher = VCenterTaskWatcher(session)
    watcher.watch([*tasks, GHOST])
    seen = watch_to_the_end(watcher, [*tasks, GHOST])
    assert seen[GHOST] == [TaskStatus(task=GHOST, state=None, is_gone=True)]
    watcher.watch([MoRef(kind="Task", moid="task-888888")])
    (late,) = watcher.wait_for_updates(timeout_s=1.0)
    assert late.is_gone


def test_a_cancelled_relocation_ends_with_vcenters_fault(slow: SimulatedVCenter) -> None:
    with session_with(slow) as session:
        (task,) = start(session)
        relocator, watcher = VCenterRelocator(session), VCenterTaskWatcher(session)
        watcher.watch([task])
        relocator.cancel_task(task)
        last = watch_to_the_end(watcher, [task])[task][-1]
        relocator.cancel_task(task)
    assert last.state is TaskState.ERROR
    assert last.cancelled
    assert last.fault is not None
    assert last.fault.kind == "RequestCanceled"


def test_a_task_that_is_gone_needs_no_cancelling(session: Session) -> None:
    VCenterRelocator(session).cancel_task(GHOST)


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        pytest.param("SystemError", "<reason>r</reason>", VCenterFault, id="a fault of the server"),
        pytest.param(
            "NoPermission",
            "<object type='Folder'>group-d1</object><privilegeId>Global.CancelTask</privilegeId>",
            PermissionMissing,
            id="not allowed",
        ),
    ],
)
def test_a_cancelling_that_is_refused_is_said(
    vcenter: SimulatedVCenter, tmp_path: Path, kind: str, content: str, expected: type[MotionError]
) -> None:
    with rewritten(vcenter, tmp_path, as_it_is) as (session, server):
        (task,) = start(session)
        server.faults["CancelTask"] = [servers.send(fault(kind, "no", content))]
        with pytest.raises(expected):
            VCenterRelocator(session).cancel_task(task)


@pytest.mark.parametrize("kind", ["InvalidState", "NotSupported"])
def test_a_task_that_cannot_be_cancelled_is_left_alone(vcenter: SimulatedVCenter, tmp_path: Path, kind: str) -> None:
    with rewritten(vcenter, tmp_path, as_it_is) as (session, server):
        (task,) = start(session)
        server.faults["CancelTask"] = [servers.send(fault(kind, "no"))]
        VCenterRelocator(session).cancel_task(task)
        assert server.methods.count("CancelTask") == 1


def test_a_second_relocation_of_a_vm_ends_with_a_fault(slow: SimulatedVCenter) -> None:
    with session_with(slow) as session:
        inventory = take_snapshot(session)
        relocator, watcher = VCenterRelocator(session), VCenterTaskWatcher(session)
        move = move_away(inventory, inventory.vms[0])
        relocator.start_relocation(move, op_id="op-1")
        second = relocator.start_relocation(move, op_id="op-2")
        watcher.watch([second])
        last = watch_to_the_end(watcher, [second])[second][-1]
    assert last.fault is not None
    assert last.fault.kind == "TaskInProgress"


def terminate_others(vcenter: SimulatedVCenter) -> None:
    with observing(vcenter) as observer:
        manager = observer.content.sessionManager
        own = manager.currentSession.key
        manager.TerminateSession([one.key for one in manager.sessionList if one.key != own])


def test_an_ended_session_ends_the_watch(slow: SimulatedVCenter) -> None:
    with session_with(slow, relogin=False) as session:
        watcher = VCenterTaskWatcher(session)
        watcher.watch(start(session))
        watcher.wait_for_updates(timeout_s=1.0)
        terminate_others(slow)
        with pytest.raises(SessionEnded):
            watcher.wait_for_updates(timeout_s=1.0)
        with pytest.raises(SessionEnded):
            watcher.wait_for_updates(timeout_s=1.0)
        watcher.close()


def test_no_end_is_lost_with_the_answer_that_told_it(vcenter_factory: VCenterFactory, tmp_path: Path) -> None:
    vcenter = vcenter_factory(speed=10)
    vcenter.control.plant_faults({"match": {"vm": "*"}, "hang": {}})
    with rewritten(vcenter, tmp_path, as_it_is) as (session, server):
        tasks = start(session, count=2)
        watcher, other = VCenterTaskWatcher(session), VCenterTaskWatcher(session)
        watcher.watch(tasks)
        first = watcher.wait_for_updates(timeout_s=5.0)
        assert not any(is_over(status) for status in first)
        vcenter.control.remove_faults()  # they go on
        other.watch(tasks)
        watch_to_the_end(other, tasks)
        server.faults["WaitForUpdatesEx"] = [servers.reset, servers.close]
        for _ in range(2):
            with pytest.raises(Unreachable):
                watcher.wait_for_updates(timeout_s=5.0)
        last = watcher.wait_for_updates(timeout_s=5.0)
        assert server.methods.count("CreateFilter") == 2  # one for each watcher
    assert {status.task: status.state for status in last} == dict.fromkeys(tasks, TaskState.SUCCESS)


def test_no_end_is_lost_with_the_reading_that_follows_it(vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    overloaded = servers.send(fault("SystemError", "overloaded", "<reason>overloaded</reason>"))
    with rewritten(vcenter, tmp_path, as_it_is) as (session, server):
        tasks = start(session)
        watcher = VCenterTaskWatcher(session)
        watcher.watch(tasks)
        server.faults["RetrievePropertiesEx"] = [overloaded]
        with pytest.raises(VCenterFault):
            watch_to_the_end(watcher, tasks)
        (last,) = watcher.wait_for_updates(timeout_s=5.0)
    assert last.state is TaskState.SUCCESS
    assert last.completed_at is not None


@pytest.mark.parametrize("kind", ["InvalidCollectorVersion", "ManagedObjectNotFound"])
def test_a_filter_that_vcenter_lost_is_made_anew(vcenter: SimulatedVCenter, tmp_path: Path, kind: str) -> None:
    content = '<obj type="PropertyCollector">session-1</obj>' if kind == "ManagedObjectNotFound" else ""
    with rewritten(vcenter, tmp_path, as_it_is) as (session, server):
        tasks = start(session, count=2)
        watcher = VCenterTaskWatcher(session)
        watcher.watch(tasks)
        server.faults["WaitForUpdatesEx"] = [servers.send(fault(kind, "no such collector", content))]
        seen = watch_to_the_end(watcher, tasks)
        watcher.close()
        assert server.methods.count("CreateFilter") == server.methods.count("DestroyPropertyCollector") == 2
    assert {statuses[-1].state for statuses in seen.values()} == {TaskState.SUCCESS}


def test_tasks_that_were_added_without_an_answer_are_watched_all_the_same(
    vcenter: SimulatedVCenter, tmp_path: Path
) -> None:
    with rewritten(vcenter, tmp_path, as_it_is) as (session, server):
        tasks = start(session, count=3)
        watcher = VCenterTaskWatcher(session)
        watcher.watch(tasks[:1])
        watcher.wait_for_updates(timeout_s=0.0)
        watcher.watch(tasks[1:])
        server.faults["ModifyListView"] = [servers.reset]
        with pytest.raises(Unreachable):
            watcher.wait_for_updates(timeout_s=5.0)
        seen = watch_to_the_end(watcher, tasks[1:], [])
        watcher.close()
        assert server.methods.count("CreateFilter") == server.methods.count("DestroyPropertyCollector") == 2
    assert {statuses[-1].state for statuses in seen.values()} == {TaskState.SUCCESS}


def test_a_filter_that_is_lost_for_ever_is_said(vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    lost = servers.send(fault("InvalidCollectorVersion", "no such version"))
    with rewritten(vcenter, tmp_path, as_it_is) as (session, server):
        watcher = VCenterTaskWatcher(session)
        watcher.watch(start(session))
        server.faults["WaitForUpdatesEx"] = [lost] * 3
        with pytest.raises(VCenterFault) as caught:
            watcher.wait_for_updates(timeout_s=5.0)
        assert server.methods.count("CreateFilter") == server.methods.count("DestroyPropertyCollector") == 3
    assert caught.value.fault_kind == "InvalidCollectorVersion"


def test_a_question_is_told_with_its_choices_and_taken_back(slow: SimulatedVCenter) -> None:
    asked = {
        "id": "7",
        "text": "The disk is full.",
        "choice": {
            "choiceInfo": [
                {"_typeName": "ElementDescription", "key": "0", "label": "Retry", "summary": "Retry"},
                {"_typeName": "ElementDescription", "key": "1", "label": "Cancel", "summary": "Cancel"},
            ],
            "defaultIndex": 0,
        },
    }
    with session_with(slow) as session:
        tasks = start(session)
        vms = [vm.ref for vm in take_snapshot(session).vms[:2]]
        watcher = VCenterTaskWatcher(session)
        watcher.watch(tasks, vms=vms)
        watcher.wait_for_updates(timeout_s=1.0)
        assert watcher.questions == {}
        slow.control.patch(vms[1].moid, {"runtime.question": asked})
        watcher.wait_for_updates(timeout_s=10.0)
        question = Question(id="7", text="The disk is full.", choices=(("0", "Retry"), ("1", "Cancel")))
        assert watcher.questions == {vms[1]: question}
        terminate_others(slow)  # the new filter tells of it again
        watcher.wait_for_updates(timeout_s=1.0)
        assert watcher.questions == {vms[1]: question}
        slow.control.patch(vms[1].moid, {"runtime.question": None})
        watcher.wait_for_updates(timeout_s=10.0)
        assert watcher.questions == {}
        watcher.close()


def test_a_question_of_a_vm_that_is_forgotten_is_forgotten(slow: SimulatedVCenter) -> None:
    with session_with(slow) as session:
        tasks = start(session)
        vm = take_snapshot(session).vms[1].ref
        slow.control.patch(vm.moid, {"runtime.question": {"id": "7", "text": "?", "choice": {"choiceInfo": []}}})
        watcher = VCenterTaskWatcher(session)
        watcher.watch(tasks, vms=[vm])
        watcher.wait_for_updates(timeout_s=1.0)
        assert list(watcher.questions) == [vm]
        watcher.forget([], vms=[vm])
        watcher.wait_for_updates(timeout_s=0.0)
        assert watcher.questions == {}


def test_updates_that_come_in_parts_are_all_taken(vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    parts = []

    def in_parts(method: str, body: bytes) -> bytes:
        """Say once that there is more."""
        if method != "WaitForUpdatesEx" or parts:
            return body
        parts.append(body)
        return re.sub(rb"</version>(?=.*</returnval>)", rb"</version><truncated>true</truncated>", body, count=1)

    with rewritten(vcenter, tmp_path, in_parts) as (session, server):
        watcher = VCenterTaskWatcher(session)
        watcher.watch(start(session))
        assert watcher.wait_for_updates(timeout_s=5.0)
        assert server.methods.count("WaitForUpdatesEx") == 2


def test_a_relocation_is_found_by_its_operation_id(session: Session) -> None:
    since = session.now()
    tasks = start(session, count=2)
    vms = [vm.ref for vm in take_snapshot(session).vms]
    finder = VCenterTaskFinder(session)
    assert finder.find_relocation(vms[0], op_id="op-0", since=since) == tasks[0]
    assert finder.find_relocation(vms[1], op_id="op-1", since=since) == tasks[1]
    assert finder.find_relocation(vms[0], op_id="op-1", since=since) is None
    assert finder.find_relocation(vms[2], op_id="op-2", since=since) is None


def test_a_relocation_from_before_is_not_found(session: Session) -> None:
    start(session)
    vm = take_snapshot(session).vms[0].ref
    later = session.now() + timedelta(hours=1)
    assert VCenterTaskFinder(session).find_relocation(vm, op_id="op-0", since=later) is None


def test_searching_leaves_no_collector_behind(vcenter: SimulatedVCenter, session: Session) -> None:
    since = session.now()
    vm = take_snapshot(session).vms[0].ref
    vcenter.control.clear_trace()
    for _ in range(40):  # vCenter allows 32 collectors
        assert VCenterTaskFinder(session).find_relocation(vm, op_id="op-0", since=since) is None
    calls = Counter(call["method"] for call in vcenter.control.trace())
    assert calls["CreateCollectorForTasks"] == calls["DestroyCollector"] == 40


def test_without_a_history_the_recent_tasks_of_the_vm_are_searched(vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    no_history = servers.send(fault("MethodNotFound", "no such method", "<receiver type='TaskManager'>t</receiver>"))
    with rewritten(vcenter, tmp_path, as_it_is) as (session, server):
        since = session.now()
        (task,) = start(session)
        vm = take_snapshot(session).vms[0].ref
        server.faults["CreateCollectorForTasks"] = [no_history, no_history]
        finder = VCenterTaskFinder(session)
        assert finder.find_relocation(vm, op_id="op-0", since=since) == task
        assert finder.find_relocation(vm, op_id="op-9", since=since) is None


def test_a_page_of_the_history_whose_answer_is_lost_hides_no_task(vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    with rewritten(vcenter, tmp_path, as_it_is) as (session, server):
        since = session.now()
        (task,) = start(session)
        vm = take_snapshot(session).vms[0].ref
        server.faults["ReadNextTasks"] = [servers.reset]
        assert VCenterTaskFinder(session).find_relocation(vm, op_id="op-0", since=since) == task


def test_tasks_are_read_whole_and_a_gone_one_says_so(session: Session) -> None:
    (task,) = start(session)
    watcher = VCenterTaskWatcher(session)
    watcher.watch([task])
    last = watch_to_the_end(watcher, [task])[task][-1]
    read = VCenterTaskFinder(session).read_tasks([task, GHOST])
    assert read == {task: last, GHOST: TaskStatus(task=GHOST, state=None, is_gone=True)}
    assert VCenterTaskFinder(session).read_tasks([]) == {}


@pytest.mark.parametrize("lose", [servers.reset, servers.close, servers.truncate])
def test_a_relocation_whose_answer_is_lost_is_sent_once_and_found(
    vcenter: SimulatedVCenter, tmp_path: Path, lose: servers.Fault
) -> None:
    with rewritten(vcenter, tmp_path, as_it_is) as (session, server):
        since = session.now()
        inventory: Inventory = take_snapshot(session)
        move = move_away(inventory, inventory.vms[0])
        server.faults["RelocateVM_Task"] = [lose]
        with pytest.raises(OutcomeUnknown):
            VCenterRelocator(session).start_relocation(move, op_id="op-lost")
        found = VCenterTaskFinder(session).find_relocation(move.vm.ref, op_id="op-lost", since=since)
        assert server.methods.count("RelocateVM_Task") == 1
    assert found is not None
    assert [one["task"] for one in vcenter.control.motions()] == [found.moid]


def test_a_refused_relocation_is_vcenters_fault(vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    refused = servers.send(fault("InvalidArgument", "A specified parameter was not correct: spec.host", ""))
    with rewritten(vcenter, tmp_path, as_it_is) as (session, server):
        inventory = take_snapshot(session)
        server.faults["RelocateVM_Task"] = [refused]
        with pytest.raises(VCenterFault, match=r"spec\.host") as caught:
            VCenterRelocator(session).start_relocation(move_away(inventory, inventory.vms[0]), op_id="op-1")
    assert caught.value.fault_kind == "InvalidArgument"
    assert vcenter.control.motions()  # the simulator had accepted it: only the answer was another
