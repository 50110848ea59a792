"""Promises about sessions: one that ends costs one login and nothing else, and is never an empty inventory."""

from __future__ import annotations

import gc
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.observer import Observer, observing
from tests.program import Program
from tests.promises import record, tries
from tests.sim.reading import move_away, session_with
from vsphere_motion import connect
from vsphere_motion.errors import LoginRefused, MotionError, SessionEnded
from vsphere_motion.model.account import Credentials, Password
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.model.move import Move
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import TaskState, TaskStatus
from vsphere_motion.testing.control import Control
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.collector import PAGE_SIZE, read_all, read_objects
from vsphere_motion.vcenter.inventory import take_snapshot
from vsphere_motion.vcenter.placement import VCenterPlacementReader
from vsphere_motion.vcenter.privileges import read_missing
from vsphere_motion.vcenter.relocate import VCenterRelocator
from vsphere_motion.vcenter.session import Session, open_session
from vsphere_motion.vcenter.tasks import VCenterTaskFinder, VCenterTaskWatcher

pytestmark = [pytest.mark.vcsim, pytest.mark.timeout(1800)]

THREADS = 20
WAITS = 60
"""More waits than any of these relocations needs: a test ends even if no task does."""

ON_THE_WAY = (
    # the calls of starting and watching relocations, in their order; the session ends as one of them arrives
    "RelocateVM_Task",
    "CreatePropertyCollector",
    "CreateListView",
    "CreateFilter",
    "ModifyListView",
    "WaitForUpdatesEx",
    "RetrievePropertiesEx",
)
ON_READING = ("CurrentTime", "CreateContainerView", "RetrievePropertiesEx")


@pytest.fixture
def observer(vcenter: SimulatedVCenter) -> Iterator[Observer]:
    with observing(vcenter) as looking:
        yield looking


def end_session_at(control: Control, method: str, *, skip: int = 0) -> None:
    """The session of the next call of this method, after so many, ends before the call is carried out."""
    control.remove_faults()
    control.plant_faults({"match": {"method": method, "skip": skip, "count": 1}, "end_session": {}})


def end_sessions_of_others(observer: Observer) -> None:
    """What an administrator does, or vCenter with a session that was idle for long."""
    manager = observer.content.sessionManager
    own = manager.currentSession.key
    manager.TerminateSession([one.key for one in manager.sessionList if one.key != own])


def logins_since(control: Control) -> int:
    return Counter(call["method"] for call in control.trace())["Login"]


def watched_to_the_end(watcher: VCenterTaskWatcher, tasks: dict[MoRef, Move]) -> dict[MoRef, list[TaskStatus]]:
    seen: dict[MoRef, list[TaskStatus]] = {task: [] for task in tasks}
    for _ in range(WAITS):
        for status in watcher.wait_for_updates(timeout_s=2.0):
            seen[status.task].append(status)
        if all(told and is_over(told[-1]) for told in seen.values()):
            return seen
    pytest.fail(f"not every task ended: {seen}")


def is_over(status: TaskStatus) -> bool:
    return status.is_gone or (status.state is not None and status.state.is_final)


def started(session: Session, mark: str) -> dict[MoRef, Move]:
    """Relocations of all VMs."""
    inventory, relocator = take_snapshot(session), VCenterRelocator(session)
    moves = [move_away(inventory, vm) for vm in inventory.vms]
    return {relocator.start_relocation(move, op_id=f"{mark}-{number}"): move for number, move in enumerate(moves)}


def is_whole(statuses: list[TaskStatus]) -> bool:
    """Told to its success with what belongs to it, and progress that never fell."""
    last = statuses[-1]
    percents = [status.progress_percent or 0 for status in statuses]
    return last.state is TaskState.SUCCESS and last.completed_at is not None and percents == sorted(percents)


def test_row_04_a_session_that_ends_in_a_run_costs_one_login_and_no_vm(vcenter_factory: VCenterFactory) -> None:
    losses = tries(reduced=8, whole=50)
    vcenter = vcenter_factory(hosts=3, vms=5, speed=20)
    misreported, vms = 0, 0
    with session_with(vcenter) as session, observing(vcenter) as observer:
        reader = VCenterPlacementReader(session)
        for loss in range(losses):
            watcher = VCenterTaskWatcher(session)
            if loss % len(ON_THE_WAY) == 0:
                inventory = take_snapshot(session)
                end_session_at(vcenter.control, "RelocateVM_Task", skip=2)
                assert inventory.vms
                tasks = started(session, f"loss{loss}")
            else:
                tasks = started(session, f"loss{loss}")
                end_session_at(vcenter.control, ON_THE_WAY[loss % len(ON_THE_WAY)])
            watcher.watch(tasks)
            told = watched_to_the_end(watcher, tasks)
            watcher.close()
            placed = reader.read_placements([move.vm.ref for move in tasks.values()])
            hosts = observer.hosts()
            for task, move in tasks.items():
                destination = move.destination.host
                assert destination is not None
                vms += 1
                misreported += not (
                    is_whole(told[task])
                    and placed[move.vm.ref].host == destination.ref
                    and hosts[move.vm.name] == destination.name
                )
            assert session.logins == loss + 2, ON_THE_WAY[loss % len(ON_THE_WAY)]
        assert observer.sessions() == 2
    record(4, f"{losses} losses: {session.logins - 1} new logins, {misreported} of {vms} VMs misreported")
    assert misreported == 0


def test_a_run_goes_on_when_its_session_ends_again_and_again(
    vcenter_factory: VCenterFactory, program: Callable[[SimulatedVCenter], Program]
) -> None:
    vcenter = vcenter_factory(hosts=3, vms=6, speed=20)
    vcenter.control.plant_faults(
        *(
            {"match": {"method": method, "skip": skip, "count": 1}, "end_session": {}}
            for method, skip in (("RetrievePropertiesEx", 1), ("RelocateVM_Task", 2), ("WaitForUpdatesEx", 3))
        )
    )
    done = program(vcenter)("migrate", "vm-00*", "--to-host", "esx-002", "--yes", "-v")
    assert done.exit_code == 0, done.text
    assert done.stderr.count("logged in again") == 3, done.text
    with observing(vcenter) as observer:
        assert observer.sessions() == 1
        assert set(observer.hosts().values()) == {"esx-002"}
    assert len(vcenter.control.motions()) == len({motion["vm"] for motion in vcenter.control.motions()})


def test_a_run_whose_new_login_is_refused_stops_and_is_resumed(
    vcenter_factory: VCenterFactory, program: Callable[[SimulatedVCenter], Program]
) -> None:
    vcenter = vcenter_factory(hosts=3, vms=4, speed=20)
    vcenter.control.plant_faults(
        {"match": {"vm": "vm-003", "count": 1}, "end_session": {}},  # as it moves
        {"match": {"method": "Login", "skip": 1}, "fail": {"fault": "InvalidLogin", "message": "password changed"}},
    )
    run = program(vcenter)
    stopped = run("migrate", "vm-00*", "--to-host", "esx-002", "--yes")
    assert stopped.exit_code == 4, stopped.text
    assert "password changed" in stopped.stderr
    assert "vsphere-motion resume" in stopped.stderr
    assert logins_since(vcenter.control) == 2
    vcenter.control.remove_faults()
    resumed = run("resume", "--yes")
    assert resumed.exit_code == 0, resumed.text
    with observing(vcenter) as observer:
        assert observer.sessions() == 1
        assert set(observer.hosts().values()) == {"esx-002"}


def test_a_relocation_that_an_ended_session_refused_is_asked_for_again(vcenter: SimulatedVCenter) -> None:
    with session_with(vcenter) as session:
        inventory = take_snapshot(session)
        end_session_at(vcenter.control, "RelocateVM_Task")
        vcenter.control.clear_trace()
        task = VCenterRelocator(session).start_relocation(move_away(inventory, inventory.vms[0]), op_id="op-1")
    assert [motion["task"] for motion in vcenter.control.motions()] == [task.moid]
    marks = {call["method"]: call.get("operation_id") or None for call in vcenter.control.trace()}
    assert (marks["RelocateVM_Task"], marks["Login"]) == ("op-1", None)


def test_privileges_are_asked_again_of_the_new_session(vcenter: SimulatedVCenter) -> None:
    with session_with(vcenter) as session:
        vm = take_snapshot(session).vms[0].ref
        end_session_at(vcenter.control, "HasPrivilegeOnEntities")
        assert read_missing(session, {vm: ["Resource.HotMigrate"]}) == {vm: ()}
        assert session.logins == 2


def test_a_session_that_ends_during_a_wait_loses_no_change(vcenter_factory: VCenterFactory) -> None:
    vcenter = vcenter_factory(hosts=3, vms=4, speed=5)
    with session_with(vcenter) as session, observing(vcenter) as observer:
        tasks = started(session, "wait")
        watcher = VCenterTaskWatcher(session)
        watcher.watch(tasks)
        watcher.wait_for_updates(timeout_s=2.0)
        waiting = threading.Timer(0.3, end_sessions_of_others, [observer])
        waiting.start()
        told = watched_to_the_end(watcher, tasks)
        waiting.join()
    assert all(is_whole(statuses) for statuses in told.values())
    assert session.logins == 2


def test_a_task_is_found_although_the_session_ends_in_the_search(vcenter: SimulatedVCenter) -> None:
    with session_with(vcenter) as session:
        since = session.now()
        tasks = started(session, "found")
        for method in ("CreateCollectorForTasks", "ReadNextTasks", "RetrievePropertiesEx"):
            end_session_at(vcenter.control, method)
            for number, (task, move) in enumerate(tasks.items()):
                found = VCenterTaskFinder(session).find_relocation(move.vm.ref, op_id=f"found-{number}", since=since)
                assert found == task, method
            VCenterTaskFinder(session).read_tasks(list(tasks))
        assert session.logins == 4


def test_row_05_a_session_that_ends_is_never_an_empty_inventory(vcenter_factory: VCenterFactory) -> None:
    times = tries(reduced=40, whole=1000)
    vcenter = vcenter_factory(hosts=3, vms=9)
    with session_with(vcenter) as session:
        refs = [vm.ref for vm in take_snapshot(session).vms]
        wrong = 0
        for time in range(times):
            method = ON_READING[time % len(ON_READING)]
            end_session_at(vcenter.control, method, skip=(time // len(ON_READING)) % 2)
            seen = take_snapshot(session)
            wrong += [vm.ref for vm in seen.vms] != refs or not all(host.vms for host in seen.hosts)
            placed = read_objects(session, refs, ["runtime.host"])
            wrong += [ref for ref in refs if placed[ref].get("runtime.host") is not None] != refs
            session.now()
            assert session.logins <= time + 2, method
        renewed = session.logins - 1
    record(5, f"{wrong} false readings in {times} session ends")
    assert wrong == 0
    assert renewed >= times * 5 // 6  # a snapshot does not make every call twice


def test_a_session_that_ends_between_two_pages_costs_no_object(vcenter_factory: VCenterFactory) -> None:
    vcenter = vcenter_factory(hosts=4, vms=PAGE_SIZE + 10)
    with session_with(vcenter) as session:
        end_session_at(vcenter.control, "ContinueRetrievePropertiesEx")
        assert len(read_all(session, {"VirtualMachine": ("name",)})) == PAGE_SIZE + 10
        assert session.logins == 2


def test_without_a_new_login_an_ended_session_is_an_error_and_no_inventory(vcenter: SimulatedVCenter) -> None:
    for method in ON_READING:
        with session_with(vcenter, relogin=False) as session:
            end_session_at(vcenter.control, method)
            with pytest.raises(SessionEnded):
                take_snapshot(session)
            assert session.logins == 1


def together(call: Callable[[], object]) -> list[object]:
    """What each of the threads got, or the error it got, when all call at once, three times each."""
    barrier = threading.Barrier(THREADS)

    def one(_: int) -> list[object]:
        barrier.wait(30)
        return [result_of(call) for _ in range(3)]

    with ThreadPoolExecutor(THREADS) as pool:
        return [result for results in pool.map(one, range(THREADS)) for result in results]


def result_of(call: Callable[[], object]) -> object:
    try:
        return call()
    except MotionError as error:
        return error


def test_twenty_threads_that_lose_a_session_cost_one_login(vcenter: SimulatedVCenter, observer: Observer) -> None:
    with session_with(vcenter) as session:
        end_sessions_of_others(observer)
        vcenter.control.clear_trace()
        results = together(session.now)
        assert [result for result in results if isinstance(result, MotionError)] == []
        assert logins_since(vcenter.control) == session.logins - 1 == 1
        vms = [vm.ref for vm in take_snapshot(session).vms]
        end_sessions_of_others(observer)
        results = together(lambda: len(read_objects(session, vms, ["name"])))
        assert results == [len(vms)] * 60
        assert session.logins == 3
    assert observer.sessions() == 1


def test_row_17_a_password_that_has_changed_is_tried_once(vcenter: SimulatedVCenter, observer: Observer) -> None:
    refused = {"match": {"method": "Login"}, "fail": {"fault": "InvalidLogin", "message": "wrong password"}}
    with session_with(vcenter) as session:
        vms = [vm.ref for vm in take_snapshot(session).vms]
        vcenter.control.plant_faults(refused)
        end_sessions_of_others(observer)
        vcenter.control.clear_trace()
        results = together(session.now)
        results += together(lambda: read_objects(session, vms, ["name"]))
        results.append(result_of(lambda: take_snapshot(session)))
        failed = logins_since(vcenter.control)
    assert {type(result) for result in results} == {LoginRefused}
    assert isinstance(results[0], LoginRefused)
    assert "wrong password" in results[0].message
    assert "resume" in str(results[0].hint)
    assert vcenter.password not in "".join(map(repr, results))
    record(17, f"{failed} failed login, {THREADS} threads, {len(results)} calls")
    assert failed == 1


def test_a_refused_relogin_is_final_even_when_the_password_is_right_again(
    vcenter: SimulatedVCenter, observer: Observer
) -> None:
    with session_with(vcenter) as session:
        vcenter.control.plant_faults({"match": {"method": "Login", "count": 1}, "fail": {"fault": "NoPermission"}})
        end_sessions_of_others(observer)
        vcenter.control.clear_trace()
        for _ in range(3):
            with pytest.raises(LoginRefused):
                session.now()
    assert logins_since(vcenter.control) == 1


def test_a_session_that_ends_again_and_again_is_not_renewed_for_ever(vcenter: SimulatedVCenter) -> None:
    with session_with(vcenter) as session:
        vcenter.control.plant_faults({"match": {"method": "CurrentTime"}, "end_session": {}})
        with pytest.raises(SessionEnded):
            session.now()
        assert session.logins == 3  # two new ones within the call


def holders_of(secret: Password) -> list[object]:
    """Who still has this password in an account to log in with."""
    return [holder for holder in gc.get_referrers(secret) if isinstance(holder, Credentials)]


def test_the_password_is_kept_only_while_it_may_be_needed(vcenter: SimulatedVCenter) -> None:
    secret = Password(vcenter.password)
    account = {"server": vcenter.host, "port": vcenter.port, "user": vcenter.user, "ca_file": vcenter.ca_file}
    with connect(**account, password=secret) as open_vcenter:
        assert len(holders_of(secret)) == 1
    gc.collect()
    assert holders_of(secret) == []
    assert open_vcenter.user == vcenter.user
    with connect(**account, password=secret, relogin=False):
        gc.collect()
        assert holders_of(secret) == []


def test_a_refused_password_is_not_kept(vcenter: SimulatedVCenter, observer: Observer) -> None:
    secret = Password(vcenter.password)
    endpoint = Endpoint(host=vcenter.host, port=vcenter.port, ca_file=vcenter.ca_file)
    with open_session(endpoint, Credentials(user=vcenter.user, password=secret, source="the test")) as session:
        vcenter.control.plant_faults({"match": {"method": "Login"}, "fail": {"fault": "InvalidLogin"}})
        end_sessions_of_others(observer)
        with pytest.raises(LoginRefused):
            session.now()
        gc.collect()
        assert holders_of(secret) == []


def test_a_closed_session_logs_in_no_more(vcenter: SimulatedVCenter, observer: Observer) -> None:
    session = session_with(vcenter)
    end_sessions_of_others(observer)
    vcenter.control.clear_trace()
    session.close()
    with pytest.raises(SessionEnded):
        session.now()
    assert logins_since(vcenter.control) == 0
    assert observer.sessions() == 1
