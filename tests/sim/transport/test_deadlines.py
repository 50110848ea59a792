"""Every call ends at its deadline, however the server holds it up."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import pytest

from tests.sim.transport import servers
from tests.sim.transport.calls import CREDENTIALS, TIMEOUT_S
from tests.sim.transport.servers import Fault, Server
from vsphere_motion.errors import (
    CallTimeout,
)
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.vcenter.deadline import Deadline
from vsphere_motion.vcenter.session import Session, open_session
from vsphere_motion.vcenter.tcp import open_tcp

pytestmark = pytest.mark.vcsim


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
