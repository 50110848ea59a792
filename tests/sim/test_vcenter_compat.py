"""vCenter's own opinion of moves, asked of a simulated vCenter."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyVim.task import WaitForTask
from pyVmomi import vim, vmodl

from tests.observer import Observer, observing
from tests.sim.reading import as_it_is, move_away, move_to, rewritten, session_with
from tests.sim.transport import servers
from tests.sim.transport.canned import answer, fault
from vsphere_motion.errors import SessionEnded
from vsphere_motion.model.compat import CompatVerdict
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.move import Move
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.checkers import IN_FLIGHT, MIGRATE, QUERY, RELOCATE
from vsphere_motion.vcenter.compat import PAIR_BUDGET, ask_vcenter
from vsphere_motion.vcenter.inventory import take_snapshot
from vsphere_motion.vcenter.session import Session

pytestmark = pytest.mark.vcsim

BOTH = f"{RELOCATE}, {MIGRATE}"
ABSENT = fault("MethodNotFound", "not here", "<receiver type='Task'>t</receiver>")


def moves_of(session: Session) -> tuple[Inventory, list[Move]]:
    """Each VM to one host."""
    inventory = take_snapshot(session)
    return inventory, [move_away(inventory, vm) for vm in inventory.vms]


def matrix_of(session: Session) -> tuple[Inventory, list[Move]]:
    """Each VM to each host that it is not on, within its pool."""
    inventory = take_snapshot(session)
    moves = [move_to(inventory, vm, host) for vm in inventory.vms for host in inventory.hosts if host.ref != vm.host]
    return inventory, [replace(move, destination=replace(move.destination, pool=move.source.pool)) for move in moves]


def pair(move: Move) -> tuple[object, object]:
    assert move.destination.host is not None
    return move.vm.ref, move.destination.host.ref


def wait_until_ended(observer: Observer, task: Any) -> None:
    """Ask with the empty version, which answers at once, until the check has ended."""
    spec = vmodl.query.PropertyCollector.FilterSpec(
        objectSet=[vmodl.query.PropertyCollector.ObjectSpec(obj=task)],
        propSet=[vmodl.query.PropertyCollector.PropertySpec(type=vim.Task, pathSet=["info.state"])],
    )
    collector = observer.content.propertyCollector.CreatePropertyCollector()
    collector.CreateFilter(spec, partialUpdates=False)
    version, state = "", None
    while state not in {"success", "error"}:
        updates = collector.WaitForUpdatesEx(version, vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=5))
        assert updates is not None, "the check does not end"
        version, state = updates.version, updates.filterSet[0].objectSet[0].changeSet[0].val


def calls_of(vcenter: SimulatedVCenter) -> Counter[str]:
    return Counter(call["method"] for call in vcenter.control.trace())


def test_nothing_speaks_against_a_move_in_a_healthy_site(shared_vcenter: SimulatedVCenter) -> None:
    with session_with(shared_vcenter) as session:
        inventory, moves = moves_of(session)
        verdicts = ask_vcenter(session, inventory, moves).verdicts
        assert list(verdicts) == [pair(move) for move in moves]
        assert all(verdict == CompatVerdict(vm=vm, host=host) for (vm, host), verdict in verdicts.items())
        assert ask_vcenter(session, inventory, []).verdicts == {}


def test_what_vcenter_refuses_is_an_error_of_the_verdict_once_whoever_says_it(vcenter: SimulatedVCenter) -> None:
    with session_with(vcenter) as session:
        inventory, moves = moves_of(session)
        closed = moves[0].destination.host
        assert closed is not None
        vcenter.control.patch(closed.moid, {"runtime.inMaintenanceMode": True})
        verdicts = ask_vcenter(session, inventory, moves).verdicts
    for (_, host), verdict in verdicts.items():
        assert [error.kind for error in verdict.errors] == (["InvalidHostState"] if host == closed.ref else [])
        assert verdict.unknown_reason is None
        assert all(error.message for error in verdict.errors)


def test_a_matrix_costs_calls_by_vm_and_not_by_pair(vcenter_factory: VCenterFactory) -> None:
    counts = []
    for hosts, vms in ((4, 4), (8, 4), (8, 8)):
        vcenter = vcenter_factory(hosts=hosts, vms=vms)
        with session_with(vcenter) as session:
            inventory, moves = matrix_of(session)
            assert len(moves) == vms * (hosts - 1)
            vcenter.control.clear_trace()
            verdicts = ask_vcenter(session, inventory, moves).verdicts
        assert all(verdict == CompatVerdict(vm=vm, host=host) for (vm, host), verdict in verdicts.items())
        assert len(verdicts) == len(moves)
        counts.append(calls_of(vcenter))
    small, wide, large = counts
    assert small[RELOCATE] == wide[RELOCATE] == small[MIGRATE] == wide[MIGRATE] == 4
    assert large[RELOCATE] == large[MIGRATE] == 8
    assert small[QUERY] == wide[QUERY] == large[QUERY] == 1
    assert large.total() <= 2 * small.total()


def test_a_matrix_names_the_pair_that_each_error_is_about(vcenter: SimulatedVCenter) -> None:
    with session_with(vcenter) as session:
        inventory, moves = matrix_of(session)
        vcenter.control.patch(
            inventory.hosts[2].ref.moid, {"config.virtualNicManagerInfo.netConfig[vmotion].selectedVnic": []}
        )
        verdicts = ask_vcenter(session, inventory, moves).verdicts
    bare = inventory.hosts[2].ref
    for (vm, host), verdict in verdicts.items():
        machine = inventory.find_vm(vm)
        assert machine is not None
        expected = {"VMotionNotConfigured"} if bare in {host, machine.host} else set()
        assert {error.kind for error in verdict.errors} == expected


def test_a_host_that_the_checkers_leave_out_is_unknown_and_not_ok(vcenter: SimulatedVCenter) -> None:
    with session_with(vcenter) as session:
        inventory, moves = matrix_of(session)
        closed = inventory.hosts[1].ref
        vcenter.control.patch(closed.moid, {"runtime.inMaintenanceMode": True})
        verdicts = ask_vcenter(session, inventory, moves).verdicts
    for (_, host), verdict in verdicts.items():
        reason = verdict.unknown_reason or ""
        assert reason.startswith(f"{BOTH}: no answer for this host" if host == closed else "")
        assert bool(reason) == (host == closed)


def test_without_drs_pairs_are_asked_for_one_by_one_up_to_a_budget(vcenter_factory: VCenterFactory) -> None:
    vcenter = vcenter_factory(hosts=4, vms=PAIR_BUDGET // 3 + 2)
    with session_with(vcenter) as session:
        inventory, moves = matrix_of(session)
        inventory = replace(
            inventory, clusters=tuple(replace(cluster, drs_enabled=False) for cluster in inventory.clusters)
        )
        vcenter.control.clear_trace()
        verdicts = ask_vcenter(session, inventory, moves).verdicts
    left_over = [verdict for verdict in verdicts.values() if verdict.unknown_reason]
    assert calls_of(vcenter)[RELOCATE] == PAIR_BUDGET
    assert len(moves) - len(left_over) == PAIR_BUDGET
    assert all(f"{RELOCATE}: not asked" in (verdict.unknown_reason or "") for verdict in left_over)


def test_many_checks_share_one_filter_and_run_a_few_at_a_time(vcenter_factory: VCenterFactory) -> None:
    vcenter = vcenter_factory(hosts=4, vms=2 * IN_FLIGHT + 1)
    with session_with(vcenter) as session:
        inventory, moves = moves_of(session)
        vcenter.control.clear_trace()
        verdicts = ask_vcenter(session, inventory, moves).verdicts
    methods = [call["method"] for call in vcenter.control.trace()]
    calls = Counter(methods)
    assert all(verdict == CompatVerdict(vm=vm, host=host) for (vm, host), verdict in verdicts.items())
    assert calls[RELOCATE] == calls[MIGRATE] == len(moves) == len(verdicts)
    assert calls["CreateFilter"] == calls["DestroyPropertyCollector"] == calls["DestroyView"] == 1
    before_a_wait = methods[: methods.index("WaitForUpdatesEx")]
    assert sum(before_a_wait.count(method) for method in (RELOCATE, MIGRATE)) == IN_FLIGHT
    assert calls["CancelTask"] == calls["RelocateVM_Task"] == 0


def test_a_server_without_the_main_check_is_asked_once(shared_vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    with rewritten(shared_vcenter, tmp_path, as_it_is) as (session, server):
        inventory, moves = moves_of(session)
        server.faults[RELOCATE] = [servers.send(ABSENT)]
        verdicts = ask_vcenter(session, inventory, moves).verdicts
        assert server.methods.count(RELOCATE) == 1
    for (vm, host), verdict in verdicts.items():
        assert verdict.unknown_reason is not None
        assert verdict.unknown_reason.startswith(f"{RELOCATE}: ")
        assert "not here" in verdict.unknown_reason
        assert verdict == CompatVerdict(vm=vm, host=host, unknown_reason=verdict.unknown_reason)


@pytest.mark.parametrize("method", [MIGRATE, QUERY])
def test_a_server_without_a_further_check_is_asked_once_and_a_note_says_so(
    method: str, shared_vcenter: SimulatedVCenter, tmp_path: Path
) -> None:
    with rewritten(shared_vcenter, tmp_path, as_it_is) as (session, server):
        inventory, moves = moves_of(session)
        server.faults[method] = [servers.send(ABSENT)]
        answers = ask_vcenter(session, inventory, moves)
        assert server.methods.count(method) == 1
    assert f"this vCenter has no {method}; its opinion is missing" in answers.notes
    assert all(verdict.unknown_reason is None for verdict in answers.verdicts.values())


def test_one_check_that_is_refused_leaves_the_others(shared_vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    denied = servers.send(
        fault("NoPermission", "denied", "<object type='Folder'>group-d1</object><privilegeId>System.Read</privilegeId>")
    )
    with rewritten(shared_vcenter, tmp_path, as_it_is) as (session, server):
        inventory, moves = moves_of(session)
        server.faults[RELOCATE] = [denied]
        verdicts = ask_vcenter(session, inventory, moves).verdicts
    reasons = [verdict.unknown_reason for verdict in verdicts.values()]
    assert reasons[0] is not None
    assert "denied" in reasons[0]
    assert reasons[1:] == [None] * (len(moves) - 1)


def test_a_check_that_never_ends_is_unknown_and_cancelled(shared_vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    def never_ends(method: str, body: bytes) -> bytes:
        return body.replace(b">success<", b">running<") if method == "WaitForUpdatesEx" else body

    with rewritten(shared_vcenter, tmp_path, never_ends) as (session, server):
        inventory, moves = moves_of(session)
        server.faults[QUERY] = [servers.send(ABSENT)]
        verdicts = ask_vcenter(session, inventory, moves[:2], timeout_s=1.0).verdicts
        assert server.methods.count("CancelTask") == 4
        assert server.methods.count("DestroyPropertyCollector") == 1
    assert {verdict.unknown_reason for verdict in verdicts.values()} == {f"{BOTH}: it did not end in time"}


def test_checks_that_cannot_be_watched_are_unknown(shared_vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    overloaded = servers.send(fault("SystemError", "overloaded", "<reason>overloaded</reason>"))
    with rewritten(shared_vcenter, tmp_path, as_it_is) as (session, server):
        inventory, moves = moves_of(session)
        server.faults["CreateFilter"] = [overloaded]
        verdicts = ask_vcenter(session, inventory, moves).verdicts
    for verdict in verdicts.values():
        assert verdict.unknown_reason is not None
        assert verdict.unknown_reason.endswith(": Could not watch the running tasks: overloaded")


def test_a_check_that_fails_is_unknown(shared_vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    failed = (
        b'<propSet><name>info.error</name><val xsi:type="LocalizedMethodFault"><fault xsi:type="SystemError">'
        b"<reason>r</reason></fault><localizedMessage>A general error</localizedMessage></val></propSet>"
    )

    def fail(method: str, body: bytes) -> bytes:
        return body.replace(b"<propSet><name>info.state</name>", failed + b"<propSet><name>info.state</name>")

    with rewritten(shared_vcenter, tmp_path, fail) as (session, server):
        inventory, moves = moves_of(session)
        server.faults[QUERY] = [servers.send(ABSENT)]
        (verdict,) = ask_vcenter(session, inventory, moves[:1]).verdicts.values()
    assert verdict.unknown_reason == f"{BOTH}: it failed: A general error"


def test_a_result_that_is_not_understood_is_unknown(shared_vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    def newer(method: str, body: bytes) -> bytes:
        """The answer of a vCenter that is newer than this program."""
        return body.replace(b'"ArrayOfCheckResult"', b'"ArrayOfCheckResultOfTomorrow"')

    with rewritten(shared_vcenter, tmp_path, newer) as (session, server):
        inventory, moves = moves_of(session)
        server.faults[QUERY] = [servers.send(ABSENT)]
        (verdict,) = ask_vcenter(session, inventory, moves[:1]).verdicts.values()
    assert verdict.unknown_reason == f"{BOTH}: its answer cannot be understood"


def test_the_query_asks_about_running_vms_alone_and_all_of_them_in_one_call(
    vcenter_factory: VCenterFactory, tmp_path: Path
) -> None:
    vcenter = vcenter_factory(hosts=4, vms=6)
    with observing(vcenter) as observer:
        WaitForTask(observer.vm("vm-001").PowerOffVM_Task())
    with rewritten(vcenter, tmp_path, as_it_is) as (session, server):
        inventory, moves = matrix_of(session)
        last = inventory.hosts[3]
        ask_vcenter(session, inventory, [move for move in moves if move.destination.host == last.named])
        queries = [request.body.decode() for request in server.requests if request.method == QUERY]
    assert len(queries) == 1
    asked = set(re.findall(r">(vm-\d+)<", queries[0]))
    assert asked == {vm.ref.moid for vm in inventory.vms if vm.host != last.ref and vm.name != "vm-001"}
    assert re.findall(r">(host-\d+)<", queries[0]) == [last.ref.moid]


def test_what_the_query_alone_says_is_merged_into_its_pair(vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    """The task that stands in for the query's is one of another client that asked before the trouble was over."""
    with observing(vcenter) as observer, rewritten(vcenter, tmp_path, as_it_is) as (session, server):
        inventory, moves = matrix_of(session)
        move = moves[0]
        assert move.destination.host is not None
        vcenter.control.patch(move.destination.host.moid, {"runtime.connectionState": "notResponding"})
        checker = observer.content.vmProvisioningChecker
        spec = vim.vm.RelocateSpec(host=observer.host(move.destination.host.name))
        task = checker.CheckRelocate_Task(vm=observer.vm(move.vm.name), spec=spec)
        wait_until_ended(observer, task)
        vcenter.control.patch(move.destination.host.moid, {"runtime.connectionState": "connected"})
        server.faults[QUERY] = [
            servers.send(answer(QUERY, f'<returnval type="Task">{task._moId}</returnval>')),
        ]
        verdicts = ask_vcenter(session, inventory, moves).verdicts
    assert [error.kind for error in verdicts[pair(move)].errors] == ["HostNotConnected"]
    assert all(not verdict.errors for other, verdict in verdicts.items() if other != pair(move))
    assert all(verdict.unknown_reason is None for verdict in verdicts.values())


def test_an_ended_session_is_no_opinion(vcenter: SimulatedVCenter) -> None:
    with session_with(vcenter, relogin=False) as session:
        inventory, moves = moves_of(session)
        with observing(vcenter) as observer:
            manager = observer.content.sessionManager
            own = manager.currentSession.key
            manager.TerminateSession([one.key for one in manager.sessionList if one.key != own])
        with pytest.raises(SessionEnded):
            ask_vcenter(session, inventory, moves)
