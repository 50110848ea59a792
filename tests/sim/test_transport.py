"""The transport against a server that misbehaves in every way we know of."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from pyVmomi import vim, vmodl

from tests.sim.transport import servers
from tests.sim.transport.canned import DEFAULTS, answer, canned, content_answer, fault
from tests.sim.transport.certificates import Identity, make_authority, make_server
from tests.sim.transport.servers import Fault, Reply, Server
from vsphere_motion.credentials import Credentials, Password
from vsphere_motion.errors import (
    BadInput,
    CallTimeout,
    CertificateUntrusted,
    LoginRefused,
    MotionError,
    OutcomeUnknown,
    PinMismatch,
    ProtocolError,
    SessionEnded,
    Unreachable,
    VCenterFault,
)
from vsphere_motion.settings import Endpoint
from vsphere_motion.vcenter.deadline import Deadline
from vsphere_motion.vcenter.faults import translated
from vsphere_motion.vcenter.session import Session, open_session
from vsphere_motion.vcenter.tcp import open_tcp
from vsphere_motion.vcenter.tls import fetch_certificate

pytestmark = pytest.mark.vcsim

TIMEOUT_S = 0.6
CREDENTIALS = Credentials(user="bob@vsphere.local", password=Password("correct-horse-battery"), source="the test")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def authority(certificates: Path) -> Identity:
    return make_authority(certificates)


@pytest.fixture(scope="module")
def trusted(certificates: Path, authority: Identity) -> Identity:
    return make_server(certificates, "trusted", authority)


@pytest.fixture(scope="module")
def other_trusted(certificates: Path, authority: Identity) -> Identity:
    return make_server(certificates, "other-trusted", authority)


@pytest.fixture(scope="module")
def self_signed(certificates: Path) -> Identity:
    return make_server(certificates, "self-signed", None)


@pytest.fixture
def server(trusted: Identity) -> Iterator[Server]:
    with Server(canned(), trusted) as running:
        yield running


@pytest.fixture
def endpoint(server: Server, authority: Identity) -> Endpoint:
    return Endpoint(
        host="127.0.0.1",
        port=server.port,
        ca_file=authority.certificate_file,
        call_timeout_s=TIMEOUT_S,
        connect_timeout_s=TIMEOUT_S,
    )


@pytest.fixture
def session(endpoint: Endpoint) -> Iterator[Session]:
    with open_session(endpoint, CREDENTIALS) as opened:
        yield opened


def relocate(session: Session) -> object:
    with translated("start the relocation of web01"):
        return vim.VirtualMachine("vm-1", session.stub).RelocateVM_Task(vim.vm.RelocateSpec(), None)


def create_filter(session: Session) -> object:
    collector = vmodl.query.PropertyCollector
    spec = collector.FilterSpec(
        propSet=[collector.PropertySpec(type=vim.Task, pathSet=["info"])],
        objectSet=[collector.ObjectSpec(obj=vim.Task("task-1", session.stub))],
    )
    with translated("watch task-1"):
        return session.content.propertyCollector.CreateFilter(spec, partialUpdates=False)


# --- who answers ---------------------------------------------------------------------------------------------------


def test_opening_takes_one_connection_and_two_calls(session: Session, server: Server) -> None:
    assert server.methods == ["RetrieveServiceContent", "Login"]
    assert server.connections == 1
    assert session.tls == "verified"
    assert session.identity.api_version == "8.0.3.0"


def test_the_version_of_the_server_is_spoken_from_the_login_on(session: Session, server: Server) -> None:
    assert [request.headers["SOAPAction"] for request in server.requests] == ['"urn:vim25/6.5"', '"urn:vim25/8.0.3.0"']


def test_no_authority_for_the_certificate(endpoint: Endpoint, server: Server, trusted: Identity) -> None:
    with pytest.raises(CertificateUntrusted) as caught:
        open_session(replace(endpoint, ca_file=None), CREDENTIALS)
    shown = "\n".join(caught.value.details)
    assert trusted.thumbprint in shown.replace(":", "").lower()
    assert "--ca-file" in shown
    assert "--thumbprint" in shown
    assert f"vsphere-motion login 127.0.0.1:{server.port} --trust" in shown
    assert server.requests == []


def test_the_authorities_of_the_system_count(
    endpoint: Endpoint, authority: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate_file))
    with open_session(replace(endpoint, ca_file=None), CREDENTIALS) as session:
        assert session.tls == "verified"


def test_certificate_for_another_address(certificates: Path, authority: Identity, endpoint: Endpoint) -> None:
    elsewhere = make_server(certificates, "elsewhere", authority, address="127.9.9.9")
    with Server(canned(), elsewhere) as server, pytest.raises(CertificateUntrusted, match=r"127\.0\.0\.1"):
        open_session(replace(endpoint, port=server.port), CREDENTIALS)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({}, id="although the authority vouches"),
        pytest.param({"ca_file": None}, id="pin alone"),
        pytest.param({"insecure": True}, id="insecure"),
    ],
)
def test_a_wrong_pin_sends_nothing(endpoint: Endpoint, server: Server, trusted: Identity, change: object) -> None:
    wrong = replace(endpoint, thumbprint="ab" * 32, **change)  # type: ignore[arg-type]
    with pytest.raises(PinMismatch) as caught:
        open_session(wrong, CREDENTIALS)
    assert server.requests == []
    assert "AB:AB" in caught.value.details[0]
    assert trusted.thumbprint in caught.value.details[1].replace(":", "").lower()


def test_a_pin_alone_is_trust_enough(endpoint: Endpoint, self_signed: Identity) -> None:
    with Server(canned(), self_signed) as server:
        pinned = replace(endpoint, port=server.port, ca_file=None, thumbprint=self_signed.thumbprint.upper())
        with open_session(pinned, CREDENTIALS) as session:
            assert session.tls == "pinned"


def test_a_pin_does_not_replace_a_given_authority(endpoint: Endpoint, self_signed: Identity) -> None:
    with Server(canned(), self_signed) as server:
        both = replace(endpoint, port=server.port, thumbprint=self_signed.thumbprint)
        with pytest.raises(CertificateUntrusted):
            open_session(both, CREDENTIALS)
        assert server.requests == []


def test_insecure_takes_any_certificate(endpoint: Endpoint, self_signed: Identity) -> None:
    with (
        Server(canned(), self_signed) as server,
        open_session(replace(endpoint, port=server.port, ca_file=None, insecure=True), CREDENTIALS) as session,
    ):
        assert session.tls == "insecure"


@pytest.mark.parametrize("keeps_authority", [True, False], ids=["pin and authority", "pin alone"])
def test_every_connection_is_checked(
    endpoint: Endpoint, server: Server, trusted: Identity, other_trusted: Identity, *, keeps_authority: bool
) -> None:
    pinned = replace(endpoint, thumbprint=trusted.thumbprint, ca_file=endpoint.ca_file if keeps_authority else None)
    session = open_session(pinned, CREDENTIALS)
    server.identity = other_trusted
    server.cut_connections()
    before = len(server.requests)
    with pytest.raises(PinMismatch):
        session.now()
    session.close()
    assert len(server.requests) == before


def test_the_certificate_can_be_fetched_without_sending_anything(
    endpoint: Endpoint, server: Server, trusted: Identity
) -> None:
    presented = fetch_certificate(replace(endpoint, ca_file=None))
    assert presented.thumbprint.replace(":", "").lower() == trusted.thumbprint
    assert presented.pem == trusted.certificate_file.read_text()
    assert server.requests == []


def test_no_certificate_can_be_fetched_where_nothing_answers(endpoint: Endpoint, server: Server) -> None:
    server.is_mute = True
    with pytest.raises(CallTimeout, match="certificate of 127"):
        fetch_certificate(endpoint)
    server.stop_listening()
    with pytest.raises(Unreachable, match="refused"):
        fetch_certificate(endpoint)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(None, "No such file", id="missing"),
        pytest.param(b"not a certificate", "PEM", id="text"),
        pytest.param(b"\xff\xfe\x00", "PEM", id="bytes"),
        pytest.param(b"", "PEM", id="empty"),
        pytest.param(
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "PEM", id="no certificate in its armour"
        ),
    ],
)
def test_a_ca_file_that_cannot_be_used(tmp_path: Path, endpoint: Endpoint, content: bytes | None, words: str) -> None:
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_bytes(content)
    with pytest.raises(BadInput, match=words) as caught:
        open_session(replace(endpoint, ca_file=ca_file), CREDENTIALS)
    assert str(ca_file) in caught.value.message


# --- nothing there, or something else ------------------------------------------------------------------------------


def test_a_name_that_does_not_resolve(endpoint: Endpoint) -> None:
    with pytest.raises(Unreachable, match=r"no-such-host\.invalid") as caught:
        open_session(replace(endpoint, host="no-such-host.invalid"), CREDENTIALS)
    assert "spelling" in str(caught.value.hint)


def test_a_name_that_cannot_be_one(endpoint: Endpoint) -> None:
    with pytest.raises(Unreachable):
        open_session(replace(endpoint, host="a" * 70 + ".example"), CREDENTIALS)


def test_a_refused_first_connection_is_not_tried_again(endpoint: Endpoint) -> None:
    with Server(canned(), None) as server:
        port = server.port
    started = time.monotonic()
    with pytest.raises(Unreachable, match=f"127.0.0.1:{port}: the connection was refused"):
        open_session(replace(endpoint, port=port), CREDENTIALS)
    assert time.monotonic() - started < 0.3  # the pauses between four tries are longer


@pytest.mark.parametrize("how", [servers.close, servers.reset], ids=["closed", "reset"])
def test_a_lost_first_answer_is_not_asked_for_again(endpoint: Endpoint, server: Server, how: Fault) -> None:
    server.faults["RetrieveServiceContent"] = [how]
    with pytest.raises(Unreachable):
        open_session(endpoint, CREDENTIALS)
    assert server.methods == ["RetrieveServiceContent"]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        pytest.param(Reply(status=404), "HTTP 404", id="no SDK"),
        pytest.param(Reply(status=401), "HTTP 401", id="asks for a password"),
        pytest.param(Reply(status=307, headers=(("Location", "https://127.0.0.1:1/sdk"),)), "HTTP 307", id="redirect"),
        pytest.param(Reply(body=b"<html><body>Welcome</body></html>"), "not a SOAP answer", id="XHTML"),
        pytest.param(Reply(body=b"<!DOCTYPE html><html>Welcome"), "document type", id="HTML"),
        pytest.param(Reply(status=500, body=b"<html><br>Oops</html>"), "HTTP 500", id="500 with HTML"),
        pytest.param(Reply(body=b"{}"), "not understood", id="JSON"),
        pytest.param(Reply(body=b""), "not understood", id="nothing"),
        pytest.param(Reply(body=b"x", headers=(("Content-Encoding", "br"),)), "br", id="packed in another way"),
        pytest.param(
            Reply(body=b"not packed", headers=(("Content-Encoding", "gzip"),)), "not understood", id="not gzip"
        ),
        pytest.param(content_answer(api_type="HostAgent", full_name="VMware ESXi 8.0.3"), "VMware ESXi", id="ESXi"),
        pytest.param(answer("Login"), "LoginResponse instead of", id="answer to another call"),
        pytest.param(answer("RetrieveServiceContent"), "empty", id="empty answer"),
        pytest.param(b"HTTP/1.1 200 X\r\n" + b"a" * 70000, "65536", id="endless header"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", "not HTTP", id="not HTTP"),
    ],
)
def test_something_that_is_not_a_vcenter(endpoint: Endpoint, server: Server, reply: Reply | bytes, words: str) -> None:
    server.faults["RetrieveServiceContent"] = [servers.send(reply)]
    with pytest.raises(ProtocolError, match=words) as caught:
        open_session(endpoint, CREDENTIALS)
    assert caught.value.hint
    assert "Login" not in server.methods


def test_a_server_that_speaks_no_tls(endpoint: Endpoint) -> None:
    with Server(canned(), None) as server:
        server.faults[""] = [servers.send(b"HTTP/1.1 400 X\r\n\r\n")]
        with pytest.raises((ProtocolError, CallTimeout)):
            open_session(replace(endpoint, port=server.port), CREDENTIALS)


def test_a_service_that_is_starting(endpoint: Endpoint, server: Server) -> None:
    server.faults["RetrieveServiceContent"] = [servers.send(Reply(status=503))]
    with pytest.raises(Unreachable, match="HTTP 503"):
        open_session(endpoint, CREDENTIALS)


# --- deadlines -----------------------------------------------------------------------------------------------------


@pytest.fixture
def stopwatch() -> Callable[[], float]:
    started = time.monotonic()
    return lambda: time.monotonic() - started


def test_a_server_that_never_shakes_hands(endpoint: Endpoint, server: Server, stopwatch: Callable[[], float]) -> None:
    server.is_mute = True
    with pytest.raises(CallTimeout, match=rf"127\.0\.0\.1:{server.port}: no answer within 0\.6 s"):
        open_session(endpoint, CREDENTIALS)
    assert TIMEOUT_S <= stopwatch() < 3 * TIMEOUT_S


@pytest.mark.parametrize("method", ["RetrieveServiceContent", "Login"])
@pytest.mark.parametrize("how", [servers.hang, servers.trickle, servers.trickle_body])
def test_opening_ends_at_the_deadline(
    endpoint: Endpoint, server: Server, stopwatch: Callable[[], float], how: Fault, method: str
) -> None:
    server.faults[method] = [how]
    with pytest.raises(CallTimeout, match=rf"call {method} on 127.*within 0\.6 s"):
        open_session(endpoint, CREDENTIALS)
    assert stopwatch() < 3 * TIMEOUT_S
    assert server.methods.count(method) == 1


@pytest.mark.parametrize("how", [servers.hang, servers.trickle, servers.trickle_body])
def test_a_call_ends_at_the_deadline(session: Session, server: Server, how: Fault) -> None:
    server.faults["CurrentTime"] = [how]
    started = time.monotonic()
    with pytest.raises(CallTimeout, match=r"call CurrentTime on 127.*within 0\.6 s"):
        session.now()
    assert TIMEOUT_S <= time.monotonic() - started < 3 * TIMEOUT_S


def test_a_call_may_have_its_own_deadline(session: Session, server: Server) -> None:
    server.faults["CurrentTime"] = [servers.hang]
    started = time.monotonic()
    with session.deadline(0.1), pytest.raises(CallTimeout, match=r"within 0\.1 s"):
        session.now()
    assert time.monotonic() - started < TIMEOUT_S
    session.now()


def test_closing_ends_soon_and_never_raises(endpoint: Endpoint, server: Server) -> None:
    session = open_session(endpoint, CREDENTIALS)
    server.faults["Logout"] = [servers.hang]
    started = time.monotonic()
    session.close()
    session.close()
    assert time.monotonic() - started < 3 * TIMEOUT_S
    assert server.methods.count("Logout") == 1


def test_a_dead_peer_is_found_by_the_kernel(server: Server) -> None:
    with open_tcp("127.0.0.1", server.port, Deadline(TIMEOUT_S)) as connection:
        options = [
            connection.getsockopt(*option)
            for option in (
                (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
                (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
                (socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
                (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
            )
        ]
    assert options == [1, 30, 10, 3, 60_000]


# --- what is sent once and what again ------------------------------------------------------------------------------


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


# --- answers ---------------------------------------------------------------------------------------------------------


def test_a_packed_answer(session: Session, server: Server) -> None:
    packed = gzip.compress(DEFAULTS["CurrentTime"].body)
    reply = Reply(body=packed, headers=(("Content-Encoding", "gzip"),))
    server.faults["CurrentTime"] = [servers.send(reply)] * 2
    assert session.now() == session.now()
    assert server.connections == 1


def test_a_server_that_closes_after_each_answer(session: Session, server: Server) -> None:
    reply = replace(DEFAULTS["CurrentTime"], headers=(("Connection", "close"),))
    server.faults["CurrentTime"] = [servers.send(reply)] * 2
    assert session.now() == session.now()
    assert server.methods.count("CurrentTime") == 2
    assert server.connections == 2


def test_a_session_that_ended(session: Session, server: Server) -> None:
    words = "The session is not authenticated."
    content = '<object type="Folder">group-d1</object><privilegeId>System.View</privilegeId>'
    server.faults["CurrentTime"] = [servers.send(fault("NotAuthenticated", words, content))]
    with pytest.raises(SessionEnded, match=words):
        session.now()


def test_a_refused_login(endpoint: Endpoint, server: Server) -> None:
    server.faults["Login"] = [servers.send(fault("InvalidLogin", "Cannot complete login."))]
    with pytest.raises(LoginRefused, match=r"bob@vsphere\.local \(password from: the test\): Cannot") as caught:
        open_session(endpoint, CREDENTIALS)
    assert "VSPHERE_MOTION_PASSWORD" in str(caught.value.hint)
    assert "lock" in str(caught.value.hint)
    assert server.methods.count("Login") == 1


@pytest.mark.parametrize("how", [servers.hang, servers.close, servers.send(Reply(status=503))])
def test_a_login_that_goes_wrong_is_logged_out(endpoint: Endpoint, server: Server, how: Fault) -> None:
    server.faults["Login"] = [how]
    with pytest.raises(MotionError):
        open_session(endpoint, CREDENTIALS)
    assert server.methods[-1] == "Logout"
    assert "secret-cookie" in server.requests[-1].headers["Cookie"]


def test_nothing_shows_the_cookie_or_the_password(session: Session, server: Server) -> None:
    relocate(session)
    assert "secret-cookie" in server.requests[-1].headers["Cookie"]
    shown = f"{session!r} {session} {session.stub!r} {session.stub} {session.content.rootFolder!r} {session.endpoint!r}"
    assert "secret-cookie" not in shown
    assert CREDENTIALS.password.reveal() not in shown


def test_calls_after_closing_are_refused_here(session: Session, server: Server) -> None:
    session.close()
    sent = len(server.requests)
    with pytest.raises(SessionEnded, match="closed"):
        session.now()
    assert len(server.requests) == sent


def test_several_servers_at_once(endpoint: Endpoint, trusted: Identity) -> None:
    with ExitStack() as stack:
        running = [stack.enter_context(Server(canned(), trusted)) for _ in range(3)]
        sessions = [open_session(replace(endpoint, port=server.port), CREDENTIALS) for server in running]
        for session in sessions:
            stack.callback(session.close)
        assert [session.now().year for session in sessions] == [2026] * 3
