"""Nothing at the address, or something that is not a vCenter."""

from __future__ import annotations

import time

import pytest

from tests.sim.transport import servers
from tests.sim.transport.calls import CREDENTIALS
from tests.sim.transport.canned import answer, canned, content_answer
from tests.sim.transport.servers import Fault, Reply, Server
from vsphere_motion.errors import (
    CallTimeout,
    ProtocolError,
    Unreachable,
)
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.vcenter.session import open_session

pytestmark = pytest.mark.vcsim


def test_a_name_that_does_not_resolve(endpoint: Endpoint) -> None:
    with pytest.raises(Unreachable, match=r"no-such-host\.invalid") as caught:
        open_session(endpoint._replace(host="no-such-host.invalid"), CREDENTIALS)
    assert "spelling" in str(caught.value.hint)


def test_a_name_that_cannot_be_one(endpoint: Endpoint) -> None:
    with pytest.raises(Unreachable):
        open_session(endpoint._replace(host="a" * 70 + ".example"), CREDENTIALS)


def test_a_refused_first_connection_is_not_tried_again(endpoint: Endpoint) -> None:
    with Server(canned(), None) as server:
        port = server.port
    started = time.monotonic()
    with pytest.raises(Unreachable, match=f"127.0.0.1:{port}: the connection was refused"):
        open_session(endpoint._replace(port=port), CREDENTIALS)
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
        pytest.param(content_answer(without="sessionManager"), "names no sessionManager", id="no sessions"),
        pytest.param(content_answer(without="about"), "is missing that the API requires", id="not said what"),
        pytest.param(content_answer(without="apiVersion"), "names no apiVersion", id="not said of which release"),
        pytest.param(content_answer(without="viewManager"), "names no viewManager", id="no views"),
        pytest.param(answer("Login"), "LoginResponse instead of", id="answer to another call"),
        pytest.param(answer("RetrieveServiceContent"), "empty", id="empty answer"),
        pytest.param(b"HTTP/1.1 200 X\r\n" + b"a" * 70000, "65536", id="endless header"),
        pytest.param(b"HTTP/1.1 200 X\r\n" + b"A: b\r\n" * 200 + b"\r\n", "more than 100 headers", id="200 headers"),
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
            open_session(endpoint._replace(port=server.port), CREDENTIALS)


def test_a_service_that_is_starting(endpoint: Endpoint, server: Server) -> None:
    server.faults["RetrieveServiceContent"] = [servers.send(Reply(status=503))]
    with pytest.raises(Unreachable, match="HTTP 503"):
        open_session(endpoint, CREDENTIALS)
