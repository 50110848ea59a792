"""vCenter's own opinion of moves, asked of a simulated vCenter."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.observer import observing
from tests.sim.reading import as_it_is, move_away, rewritten, session_with
from tests.sim.transport import servers
from tests.sim.transport.canned import fault
from vsphere_motion.errors import SessionEnded
from vsphere_motion.model.compat import CompatVerdict
from vsphere_motion.model.move import Move
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.compat import IN_FLIGHT, check_relocations
from vsphere_motion.vcenter.inventory import take_snapshot
from vsphere_motion.vcenter.session import Session

pytestmark = pytest.mark.vcsim


def moves_of(session: Session) -> list[Move]:
    inventory = take_snapshot(session)
    return [move_away(inventory, vm) for vm in inventory.vms]


def test_nothing_speaks_against_a_move_in_a_healthy_site(shared_vcenter: SimulatedVCenter) -> None:
    with session_with(shared_vcenter) as session:
        moves = moves_of(session)
        assert check_relocations(session, moves) == {move.vm.ref: CompatVerdict(vm=move.vm.ref) for move in moves}
        assert check_relocations(session, []) == {}


def test_what_vcenter_refuses_is_an_error_of_the_verdict(vcenter: SimulatedVCenter) -> None:
    with session_with(vcenter) as session:
        moves = moves_of(session)
        assert moves[0].destination.host is not None
        vcenter.control.patch(moves[0].destination.host.moid, {"runtime.inMaintenanceMode": True})
        verdicts = check_relocations(session, moves)
    for move in moves:
        verdict = verdicts[move.vm.ref]
        is_there = move.destination.host == moves[0].destination.host
        assert [error.kind for error in verdict.errors] == (["InvalidHostState"] if is_there else [])
        assert verdict.unknown_reason is None
        assert all(error.message for error in verdict.errors)


def test_many_checks_share_one_filter_and_run_a_few_at_a_time(vcenter_factory: VCenterFactory) -> None:
    vcenter = vcenter_factory(hosts=4, vms=3 * IN_FLIGHT + 1)
    with session_with(vcenter) as session:
        moves = moves_of(session)
        vcenter.control.clear_trace()
        verdicts = check_relocations(session, moves)
    methods = [call["method"] for call in vcenter.control.trace()]
    calls = Counter(methods)
    assert all(verdict == CompatVerdict(vm=vm) for vm, verdict in verdicts.items())
    assert calls["CheckRelocate_Task"] == len(moves) == len(verdicts)
    assert calls["CreateFilter"] == calls["DestroyPropertyCollector"] == calls["DestroyView"] == 1
    assert methods[: IN_FLIGHT + 1].count("CheckRelocate_Task") == IN_FLIGHT
    assert calls["CancelTask"] == calls["RelocateVM_Task"] == 0


def test_a_server_without_the_check_is_asked_once(shared_vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    unknown = servers.send(fault("MethodNotFound", "not here", "<receiver type='Task'>t</receiver>"))
    with rewritten(shared_vcenter, tmp_path, as_it_is) as (session, server):
        moves = moves_of(session)
        server.faults["CheckRelocate_Task"] = [unknown]
        verdicts = check_relocations(session, moves)
        assert server.methods.count("CheckRelocate_Task") == 1
    assert verdicts.keys() == {move.vm.ref for move in moves}
    for vm, verdict in verdicts.items():
        assert verdict.unknown_reason is not None
        assert "not here" in verdict.unknown_reason
        assert verdict == CompatVerdict(vm=vm, unknown_reason=verdict.unknown_reason)


def test_one_check_that_is_refused_leaves_the_others(shared_vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    denied = servers.send(
        fault("NoPermission", "denied", "<object type='Folder'>group-d1</object><privilegeId>System.Read</privilegeId>")
    )
    with rewritten(shared_vcenter, tmp_path, as_it_is) as (session, server):
        moves = moves_of(session)
        server.faults["CheckRelocate_Task"] = [denied]
        verdicts = check_relocations(session, moves)
    reasons = [verdicts[move.vm.ref].unknown_reason for move in moves]
    assert reasons[0] is not None
    assert "denied" in reasons[0]
    assert reasons[1:] == [None] * (len(moves) - 1)


def test_a_check_that_never_ends_is_unknown_and_cancelled(shared_vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    def never_ends(method: str, body: bytes) -> bytes:
        return body.replace(b">success<", b">running<") if method == "WaitForUpdatesEx" else body

    with rewritten(shared_vcenter, tmp_path, never_ends) as (session, server):
        moves = moves_of(session)
        verdicts = check_relocations(session, moves[:2], timeout_s=1.0)
        assert server.methods.count("CancelTask") == 2
        assert server.methods.count("DestroyPropertyCollector") == 1
    assert {verdict.unknown_reason for verdict in verdicts.values()} == {"vCenter's own check did not end in time"}


def test_checks_that_cannot_be_watched_are_unknown(shared_vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    overloaded = servers.send(fault("SystemError", "overloaded", "<reason>overloaded</reason>"))
    with rewritten(shared_vcenter, tmp_path, as_it_is) as (session, server):
        moves = moves_of(session)
        server.faults["CreateFilter"] = [overloaded]
        verdicts = check_relocations(session, moves)
    reasons = [verdicts[move.vm.ref].unknown_reason for move in moves]
    assert reasons == ["Could not watch the running tasks: overloaded"] * len(moves)


def test_a_check_that_fails_is_unknown(shared_vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    failed = (
        b'<propSet><name>info.error</name><val xsi:type="LocalizedMethodFault"><fault xsi:type="SystemError">'
        b"<reason>r</reason></fault><localizedMessage>A general error</localizedMessage></val></propSet>"
    )

    def fail(method: str, body: bytes) -> bytes:
        return body.replace(b"<propSet><name>info.state</name>", failed + b"<propSet><name>info.state</name>")

    with rewritten(shared_vcenter, tmp_path, fail) as (session, _):
        move = moves_of(session)[0]
        verdicts = check_relocations(session, [move])
    assert verdicts[move.vm.ref].unknown_reason == "vCenter's own check failed: A general error"


def test_a_result_that_is_not_understood_is_unknown(shared_vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    def newer(method: str, body: bytes) -> bytes:
        """The answer of a vCenter that is newer than this program."""
        return body.replace(b'"ArrayOfCheckResult"', b'"ArrayOfCheckResultOfTomorrow"')

    with rewritten(shared_vcenter, tmp_path, newer) as (session, _):
        move = moves_of(session)[0]
        verdicts = check_relocations(session, [move])
    assert verdicts[move.vm.ref].unknown_reason == "the result of vCenter's own check cannot be understood"


def test_an_ended_session_is_no_opinion(vcenter: SimulatedVCenter) -> None:
    with session_with(vcenter) as session:
        moves = moves_of(session)
        with observing(vcenter) as observer:
            manager = observer.content.sessionManager
            own = manager.currentSession.key
            manager.TerminateSession([one.key for one in manager.sessionList if one.key != own])
        with pytest.raises(SessionEnded):
            check_relocations(session, moves)
