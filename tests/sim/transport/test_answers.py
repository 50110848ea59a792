"""What comes of answers, good and bad."""

from __future__ import annotations

import gzip
from contextlib import ExitStack
from dataclasses import replace

import pytest

from tests.sim.transport import servers
from tests.sim.transport.calls import CREDENTIALS, relocate
from tests.sim.transport.canned import DEFAULTS, canned, fault
from tests.sim.transport.certificates import Identity
from tests.sim.transport.servers import Fault, Reply, Server
from vsphere_motion.errors import (
    LoginRefused,
    MotionError,
    SessionEnded,
)
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.vcenter.session import Session, open_session

pytestmark = pytest.mark.vcsim


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


def test_a_session_that_ended(endpoint: Endpoint, server: Server) -> None:
    words = "The session is not authenticated."
    content = '<object type="Folder">group-d1</object><privilegeId>System.View</privilegeId>'
    server.faults["CurrentTime"] = [servers.send(fault("NotAuthenticated", words, content))]
    with open_session(endpoint, CREDENTIALS, relogin=False) as session, pytest.raises(SessionEnded, match=words):
        session.now()
    assert server.methods.count("Login") == 1


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
        sessions = [open_session(endpoint._replace(port=server.port), CREDENTIALS) for server in running]
        for session in sessions:
            stack.callback(session.close)
        assert [session.now().year for session in sessions] == [2026] * 3
