"""What is sent once and what again when the server misbehaves."""

from __future__ import annotations

import pytest

from tests.sim.transport import servers
from tests.sim.transport.calls import create_filter, relocate
from tests.sim.transport.canned import answer, fault
from tests.sim.transport.servers import Fault, Reply, Server
from vsphere_motion.errors import (
    CallTimeout,
    OutcomeUnknown,
    ProtocolError,
    Unreachable,
    VCenterFault,
)
from vsphere_motion.vcenter.session import Session

pytestmark = pytest.mark.vcsim


@pytest.mark.parametrize("how", [servers.close, servers.reset, servers.truncate], ids=lambda how: how.__name__)
def test_a_read_is_asked_again(session: Session, server: Server, how: Fault) -> None:
    server.faults["CurrentTime"] = [how, how]
    with session.deadline(5.0):
        assert session.now().year == 2026
    assert server.methods.count("CurrentTime") == 3


def test_a_read_is_asked_again_while_the_service_starts(session: Session, server: Server) -> None:
    server.faults["CurrentTime"] = [servers.send(Reply(status=503)), servers.close]
    with session.deadline(5.0):
        assert session.now().year == 2026
    assert server.methods.count("CurrentTime") == 3


@pytest.mark.parametrize(
    "how",
    [
        pytest.param(servers.send(Reply(status=429)), id="429"),
        pytest.param(servers.send(Reply(status=502)), id="502"),
        pytest.param(servers.send(Reply(status=503, body=b"<html>busy</html>")), id="503 with HTML"),
        pytest.param(servers.send(Reply(status=500, body=b"<html>oops</html>")), id="500 with XHTML"),
        pytest.param(servers.send(Reply(status=500, body=b"<!DOCTYPE html><p>oops")), id="500 with HTML"),
    ],
)
def test_what_stands_for_vcenter_while_it_restarts_is_an_outage(session: Session, server: Server, how: Fault) -> None:
    server.faults["CurrentTime"] = [how] * 5
    with session.deadline(5.0), pytest.raises(Unreachable) as caught:
        session.now()
    assert caught.value.may_pass
    assert server.methods.count("CurrentTime") == 4
    with session.deadline(5.0, tries=1), pytest.raises(Unreachable):
        session.now()
    assert server.methods.count("CurrentTime") == 5


def test_an_answer_that_is_soap_and_not_understood_is_no_outage(session: Session, server: Server) -> None:
    server.faults["CurrentTime"] = [servers.send(answer("CurrentTime", "<returnval>noon</returnval>"))]
    with pytest.raises(ProtocolError) as caught:
        session.now()
    assert not caught.value.may_pass
    assert server.methods.count("CurrentTime") == 1


def test_a_read_is_not_asked_for_ever(session: Session, server: Server) -> None:
    server.faults["CurrentTime"] = [servers.close] * 10
    with session.deadline(5.0), pytest.raises(Unreachable):
        session.now()
    assert server.methods.count("CurrentTime") == 4


@pytest.mark.parametrize(
    "how",
    [
        servers.hang,
        servers.trickle,
        servers.trickle_body,
        servers.close,
        servers.reset,
        servers.truncate,
        pytest.param(servers.send(Reply(status=502)), id="502"),
        pytest.param(servers.send(Reply(status=504)), id="504"),
        pytest.param(servers.send(Reply(status=500, body=b"<html>")), id="500 with HTML"),
        pytest.param(servers.send(Reply(body=b"<html></html>")), id="200 with HTML"),
        pytest.param(servers.send(b"nonsense\r\n\r\n"), id="not HTTP"),
        pytest.param(servers.send(answer("CurrentTime")), id="answer to another call"),
        pytest.param(servers.send(answer("RelocateVM_Task")), id="no task in the answer"),
        pytest.param(
            servers.send(answer("RelocateVM_Task", '<returnval type="NewThing">x-1</returnval>')), id="unknown type"
        ),
    ],
)
def test_a_lost_answer_to_a_changing_call_is_unknown(session: Session, server: Server, how: Fault) -> None:
    server.faults["RelocateVM_Task"] = [how]
    with pytest.raises(OutcomeUnknown, match="RelocateVM_Task"):
        relocate(session)
    assert server.methods.count("RelocateVM_Task") == 1


def test_a_refused_changing_call_is_known_not_to_have_happened(session: Session, server: Server) -> None:
    server.faults["RelocateVM_Task"] = [servers.send(fault("TaskInProgress", "A task is in progress."))]
    with pytest.raises(VCenterFault, match="web01: A task is in progress") as caught:
        relocate(session)
    assert caught.value.fault_kind == "TaskInProgress"


def test_a_fault_of_a_newer_vcenter_is_a_refusal_too(session: Session, server: Server) -> None:
    server.faults["RelocateVM_Task"] = [servers.send(fault("BrandNewReason", "It is too new."))]
    with pytest.raises(VCenterFault, match="It is too new") as caught:
        relocate(session)
    assert caught.value.fault_kind == "BrandNewReason"


def test_a_changing_call_avoids_a_connection_that_died(session: Session, server: Server) -> None:
    server.faults["CurrentTime"] = [servers.close]  # the probe finds the idle connection dead
    assert str(relocate(session)) == "'vim.Task:task-1'"
    assert server.methods[2:] == ["CurrentTime", "CurrentTime", "RelocateVM_Task"]
    assert server.connections == 2


@pytest.mark.parametrize("how", [servers.close, servers.hang, servers.send(Reply(status=503))])
def test_a_changing_call_is_not_sent_while_the_service_is_away(session: Session, server: Server, how: Fault) -> None:
    server.faults["CurrentTime"] = [how] * 2
    with pytest.raises((Unreachable, CallTimeout), match="CurrentTime"):
        relocate(session)
    assert "RelocateVM_Task" not in server.methods


def test_a_changing_call_that_cannot_be_sent_did_not_happen(session: Session, server: Server) -> None:
    server.is_mute = True
    server.cut_connections()
    with pytest.raises(CallTimeout, match="connect to"):
        relocate(session)
    assert "RelocateVM_Task" not in server.methods


def test_in_a_burst_the_answer_before_stands_for_the_probe(session: Session, server: Server) -> None:
    with session.burst():
        for _ in range(3):
            relocate(session)
    relocate(session)
    assert server.methods[2:] == [*["RelocateVM_Task"] * 3, "CurrentTime", "RelocateVM_Task"]


def test_in_a_burst_a_connection_that_was_closed_is_not_used_either(session: Session, server: Server) -> None:
    with session.burst():
        relocate(session)
        server.cut_connections()
        relocate(session)
    assert server.methods[2:] == ["RelocateVM_Task", "CurrentTime", "RelocateVM_Task"]
    assert server.connections == 2


def test_a_harmless_call_is_sent_once_too(session: Session, server: Server) -> None:
    server.faults["CreateFilter"] = [servers.close]
    with pytest.raises(Unreachable):
        create_filter(session)
    assert server.methods.count("CreateFilter") == 1


def test_an_idle_connection_that_was_closed_is_not_used(session: Session, server: Server) -> None:
    server.faults["CreateFilter"] = [servers.close_after]
    for _ in range(2):
        create_filter(session)
        server.cut_connections()
    assert server.methods.count("CreateFilter") == 2


def test_the_operation_id_is_on_the_calls_of_the_block_and_not_on_the_probe(session: Session, server: Server) -> None:
    with session.operation("op-42"):
        relocate(session)
    session.now()
    marked = [request.method for request in server.requests if b"<operationID>op-42</operationID>" in request.body]
    assert [request.method for request in server.requests if b"op-42" in request.body] == ["RelocateVM_Task"], marked
