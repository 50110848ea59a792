"""Each kind of fault does what it says, seen by plain clients that know nothing of the proxy."""

from __future__ import annotations

import errno
import http.client
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from vsphere_motion.testing.certificates import make_authority, make_server
from vsphere_motion.testing.faultproxy import FaultProxy, Planted, Rule
from vsphere_motion.testing.faultproxy_soap import method_of, operation_id_of, soap_answer, soap_fault
from vsphere_motion.testing.faultproxy_wire import Message
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

LIMIT_S = 20.0
_ENVELOPE = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Header>{}</soapenv:Header>'
    '<soapenv:Body><{} xmlns="urn:vim25"><_this type="ServiceInstance">ServiceInstance</_this></{}></soapenv:Body>'
    "</soapenv:Envelope>"
)


@pytest.fixture
def proxy(shared_vcenter: SimulatedVCenter) -> Iterator[FaultProxy]:
    with FaultProxy(shared_vcenter) as running:
        yield running


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[http.client.HTTPSConnection]:
    connection = connect(proxy)
    yield connection
    connection.close()


def connect(proxy: FaultProxy) -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cafile=str(proxy.ca_file))
    return http.client.HTTPSConnection(proxy.host, proxy.port, context=context, timeout=LIMIT_S)


def soap(method: str, header: str = "") -> bytes:
    return _ENVELOPE.format(header, method, method).encode()


def call(
    client: http.client.HTTPSConnection, method: str = "RetrieveServiceContent", header: str = ""
) -> tuple[int, bytes]:
    client.request("POST", "/sdk", soap(method, header), {"SOAPAction": '"urn:vim25/8.0.3.0"'})
    answer = client.getresponse()
    return answer.status, answer.read()


def call_afresh(proxy: FaultProxy) -> tuple[int, bytes]:
    """A call on a connection of its own."""
    with closing(connect(proxy)) as client:
        return call(client)


def raw_connection(proxy: FaultProxy) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(proxy.ca_file))
    return context.wrap_socket(
        socket.create_connection((proxy.host, proxy.port), timeout=LIMIT_S), server_hostname=proxy.host
    )


def ask(connection: ssl.SSLSocket, method: str = "RetrieveServiceContent") -> None:
    body = soap(method)
    connection.sendall(b"POST /sdk HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def end_of(connection: ssl.SSLSocket) -> str:
    """How the other end closed, by the kernel: Python 3.11 shows a reset of a TLS connection as its end.

    Not by data: tickets of TLS may still come after a handshake.
    """
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    assert poll.poll(LIMIT_S * 1000), "the connection stays open"
    return "reset" if connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNRESET else "closed"


def read_to_end(connection: ssl.SSLSocket) -> bytes:
    pieces = []
    while piece := connection.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def test_without_a_rule_everything_passes(client: http.client.HTTPSConnection, proxy: FaultProxy) -> None:
    status, body = call(client, header="<operationID>op-7</operationID>")
    assert status == 200
    assert b"<apiType>VirtualCenter</apiType>" in body
    proxy.wait_for("RetrieveServiceContent", stage="answered")
    [seen] = proxy.calls()
    assert (seen.method, seen.verb, seen.path, seen.operation_id) == ("RetrieveServiceContent", "POST", "/sdk", "op-7")
    assert (seen.was_forwarded, seen.status, seen.was_answered, seen.fault) == (True, 200, True, None)
    assert seen.thumbprint == proxy.thumbprint
    assert proxy.connections == 1


def test_other_requests_pass_too_and_are_matched_by_path(
    client: http.client.HTTPSConnection, proxy: FaultProxy
) -> None:
    proxy.plant(Rule(kind="answer", path="/about*", status=429, nth=2))
    statuses = []
    for _ in range(2):
        client.request("GET", "/about?x=1")
        answer = client.getresponse()
        answer.read()
        statuses.append(answer.status)
    assert statuses == [200, 429]
    assert [one.path for one in proxy.calls("")] == ["/about?x=1"] * 2


def test_a_faultless_answer_in_chunks_and_one_without_a_body(
    client: http.client.HTTPSConnection, shared_vcenter: SimulatedVCenter
) -> None:
    client.request("GET", "/sdk/vimServiceVersions.xml")
    answer = client.getresponse()
    assert b"urn:vim25" in answer.read()
    client.request("HEAD", "/about")
    assert client.getresponse().read() == b""
    assert call(client)[0] == 200


@pytest.mark.parametrize(("kind", "forwarded"), [("reset_before", False), ("reset_after", True)])
def test_a_reset(proxy: FaultProxy, kind: str, forwarded: bool) -> None:
    proxy.plant(Rule(kind=kind))  # type: ignore[arg-type]
    with raw_connection(proxy) as connection:
        ask(connection)
        assert end_of(connection) == "reset"
    [seen] = proxy.calls()
    assert (seen.was_forwarded, seen.was_answered, seen.fault) == (forwarded, False, kind)


@pytest.mark.parametrize(("kind", "forwarded"), [("close_before", False), ("close_after", True)])
def test_a_close(proxy: FaultProxy, kind: str, forwarded: bool) -> None:
    proxy.plant(Rule(kind=kind))  # type: ignore[arg-type]
    with raw_connection(proxy) as connection:
        ask(connection)
        assert end_of(connection) == "closed"
        assert read_to_end(connection) == b""
    [seen] = proxy.calls()
    assert (seen.was_forwarded, seen.was_answered) == (forwarded, False)


@pytest.mark.parametrize(("kind", "forwarded"), [("hang_before", False), ("hang_after", True)])
def test_a_hang_lasts_until_it_is_released(proxy: FaultProxy, kind: str, forwarded: bool) -> None:
    proxy.plant(Rule(kind=kind))  # type: ignore[arg-type]
    with raw_connection(proxy) as connection:
        ask(connection)
        proxy.wait_for("RetrieveServiceContent", stage="done" if forwarded else "hit")
        assert proxy.calls()[0].was_forwarded is forwarded
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(LIMIT_S)
        proxy.release()
        assert connection.recv(15) == b"HTTP/1.1 200 OK"
    proxy.wait_for("RetrieveServiceContent", stage="answered")


def test_closing_the_proxy_ends_what_hangs(shared_vcenter: SimulatedVCenter) -> None:
    before = threading.active_count()
    with FaultProxy(shared_vcenter) as proxy:
        proxy.plant(Rule(kind="hang_before", times=None))
        connections = [raw_connection(proxy) for _ in range(3)]
        for connection in connections:
            ask(connection)
        proxy.wait_for(None, 3, stage="hit")
    for connection in connections:
        with connection:
            assert end_of(connection) == "reset"
    assert threading.active_count() == before
    assert not proxy.ca_file.exists()


def test_a_client_that_leaves_ends_its_hang(proxy: FaultProxy) -> None:
    before = set(threading.enumerate())
    proxy.plant(Rule(kind="hang_after"))
    with raw_connection(proxy) as connection:
        ask(connection)
        proxy.wait_for(None, stage="done")
        [serving] = set(threading.enumerate()) - before
    serving.join(LIMIT_S)
    assert not serving.is_alive()


def test_a_trickle(proxy: FaultProxy) -> None:
    proxy.plant(Rule(kind="trickle", seconds=0.01))
    with raw_connection(proxy) as connection:
        ask(connection)
        started = time.monotonic()
        pieces = [connection.recv(65536) for _ in range(20)]
        assert time.monotonic() - started >= 0.15
    assert sum(map(len, pieces)) < 200  # a late reader finds several bytes at once
    assert b"".join(pieces).startswith(b"HTTP/1.1 200 OK")


def test_a_trickle_may_begin_in_the_body(proxy: FaultProxy) -> None:
    proxy.plant(Rule(kind="trickle", seconds=60, at=5))
    with raw_connection(proxy) as connection:
        ask(connection)
        received = b""
        while not received.endswith(b"<?xml "):
            received += connection.recv(65536)


@pytest.mark.parametrize("at", [0, 1, 100])
def test_a_truncated_answer(proxy: FaultProxy, at: int) -> None:
    proxy.plant(Rule(kind="truncate", at=at))
    with raw_connection(proxy) as connection:
        ask(connection)
        head, _, body = read_to_end(connection).partition(b"\r\n\r\n")
    assert b"200 OK" in head
    size, _, chunk = body.partition(b"\r\n")
    assert len(chunk) == at < int(size, 16)
    assert proxy.calls()[0].was_answered is False


def test_where_a_byte_of_the_body_lies() -> None:
    chunked = Message(head=b"", framed=b"3\r\nabc\r\n2;x=1\r\nde\r\n0\r\n\r\n", payload=b"abcde")
    assert [chunked.framed_offset(at) for at in (0, 3, 4, 5, -5, -1)] == [3, 6, 16, 17, 3, 16]
    plain = Message(head=b"", framed=b"abcde", payload=b"abcde")
    assert [plain.framed_offset(at) for at in (0, 3, -1, -9)] == [0, 3, 4, 0]


@pytest.mark.parametrize("status", [503, 502, 429, 200])
def test_another_answer(client: http.client.HTTPSConnection, proxy: FaultProxy, status: int) -> None:
    proxy.plant(Rule(kind="answer", status=status, body=b"<html>busy</html>", headers=(("Retry-After", "7"),)))
    client.request("POST", "/sdk", soap("CurrentTime"))
    answer = client.getresponse()
    assert (answer.status, answer.read(), answer.getheader("Retry-After")) == (status, b"<html>busy</html>", "7")
    assert proxy.calls()[0].was_forwarded is False
    assert call(client)[0] == 200
    assert proxy.connections == 1


def test_an_endless_answer_is_made_as_it_is_read(proxy: FaultProxy) -> None:
    proxy.plant(Rule(kind="answer", status=200, body=lambda: (b"x" * 1000 for _ in range(1000))))
    with raw_connection(proxy) as connection:
        ask(connection)
        assert len(read_to_end(connection).partition(b"\r\n\r\n")[2]) == 1_000_000


def test_bytes_that_are_not_http(proxy: FaultProxy) -> None:
    proxy.plant(Rule(kind="raw", body=b"SSH-2.0-OpenSSH_9.6\r\n"))
    with raw_connection(proxy) as connection:
        ask(connection)
        assert read_to_end(connection) == b"SSH-2.0-OpenSSH_9.6\r\n"


def test_a_redirect(client: http.client.HTTPSConnection, proxy: FaultProxy) -> None:
    proxy.plant(Rule(kind="redirect", location="https://elsewhere.example/sdk"))
    client.request("POST", "/sdk", soap("CurrentTime"))
    answer = client.getresponse()
    answer.read()
    assert (answer.status, answer.getheader("Location")) == (307, "https://elsewhere.example/sdk")


def test_a_soap_fault(client: http.client.HTTPSConnection, proxy: FaultProxy) -> None:
    proxy.plant(Rule(kind="fault", method="CurrentTime", fault="NotAuthenticated", message="a < b"))
    status, body = call(client, "CurrentTime")
    assert status == 500
    assert b"<NotAuthenticatedFault" in body
    assert b"a &lt; b" in body


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_an_edited_answer(client: http.client.HTTPSConnection, proxy: FaultProxy, packed: bool) -> None:
    proxy.plant(Rule(kind="edit", edit=lambda body: body.replace(b"VirtualCenter", b"Toaster")))
    client.request("POST", "/sdk", soap("RetrieveServiceContent"), {"Accept-Encoding": "gzip"} if packed else {})
    answer = client.getresponse()
    assert b"<apiType>Toaster</apiType>" in answer.read()
    assert b"VirtualCenter" in call(client)[1]


def test_a_call_may_happen_behind_another_answer(client: http.client.HTTPSConnection, proxy: FaultProxy) -> None:
    proxy.plant(Rule(kind="answer", status=503, forward=True))
    assert call(client)[0] == 503
    assert proxy.calls()[0].was_forwarded


def hits(client: http.client.HTTPSConnection, planted: Planted, calls: int) -> list[int]:
    """The numbers of the calls that were hit."""
    numbers = []
    for number in range(1, calls + 1):
        before = planted.hits
        call(client)
        if planted.hits > before:
            numbers.append(number)
    return numbers


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        pytest.param({}, [1], id="the first by default"),
        pytest.param({"nth": 3}, [3], id="the third"),
        pytest.param({"nth": 3, "times": 2}, [3, 4], id="two from the third on"),
        pytest.param({"nth": 2, "every": 3, "times": None}, [2, 5, 8], id="every third from the second on"),
        pytest.param({"times": None, "method": "Login"}, [], id="another method"),
        pytest.param({"times": None, "containing": b"ServiceInstance", "nth": 8}, [8, 9], id="by text"),
        pytest.param({"times": None, "containing": b"vm-12"}, [], id="by text that does not occur"),
    ],
)
def test_which_calls_are_hit(
    client: http.client.HTTPSConnection, proxy: FaultProxy, choice: dict[str, object], expected: list[int]
) -> None:
    planted = proxy.plant(Rule(kind="answer", **choice))  # type: ignore[arg-type]
    assert hits(client, planted, 9) == expected


def test_a_probability_is_the_same_with_the_same_seed(client: http.client.HTTPSConnection, proxy: FaultProxy) -> None:
    runs = []
    for seed in (1, 1, 2):
        planted = proxy.plant(Rule(kind="answer", probability=0.5, seed=seed, times=None))
        runs.append(hits(client, planted, 20))
        proxy.remove(planted)
    assert runs[0] == runs[1] != runs[2]
    assert 3 < len(runs[0]) < 17


def test_a_removed_rule_hits_no_more(client: http.client.HTTPSConnection, proxy: FaultProxy) -> None:
    kept = proxy.plant(Rule(kind="answer", times=None, status=429))
    gone = proxy.plant(Rule(kind="answer", times=None, status=503))
    proxy.remove(gone)
    assert call(client)[0] == 429
    proxy.remove()
    assert call(client)[0] == 200
    assert (kept.matched, kept.hits, gone.matched) == (1, 1, 0)


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "edit"}, {"kind": "redirect"}, {"kind": "fault"}, {"kind": "truncate"}, {"kind": "answer", "nth": 0}],
)
def test_a_rule_that_lacks_something_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"needs|count from 1"):
        Rule(**wrong)  # type: ignore[arg-type]


def test_refusing_connections_and_listening_again_on_the_same_port(proxy: FaultProxy) -> None:
    port = proxy.port
    with raw_connection(proxy) as connection:
        proxy.refuse()
        assert end_of(connection) == "reset"
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((proxy.host, port), timeout=LIMIT_S)
    proxy.listen()
    assert call_afresh(proxy)[0] == 200


def test_a_rule_may_close_the_port_for_a_while(proxy: FaultProxy) -> None:
    proxy.plant(Rule(kind="refuse", seconds=0.3))
    with raw_connection(proxy) as busy, raw_connection(proxy) as other:
        ask(busy)
        for connection in (busy, other):
            assert end_of(connection) == "reset"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((proxy.host, proxy.port), timeout=LIMIT_S)
    proxy.wait_until_listening(timeout_s=LIMIT_S)
    assert call_afresh(proxy)[0] == 200
    assert proxy.calls()[0].was_forwarded is False


@pytest.mark.parametrize("reset", [False, True])
def test_idle_connections_can_be_cut(client: http.client.HTTPSConnection, proxy: FaultProxy, reset: bool) -> None:
    call(client)
    proxy.plant(Rule(kind="hang_before"))
    with raw_connection(proxy) as busy:
        ask(busy)
        proxy.wait_for(None, 1, stage="hit")
        assert proxy.cut_idle(reset=reset) == 1
        assert isinstance(client.sock, ssl.SSLSocket)
        assert end_of(client.sock) == ("reset" if reset else "closed")
        proxy.release()
        assert busy.recv(15) == b"HTTP/1.1 200 OK"


def test_an_idle_connection_can_be_dead_without_showing_it(
    client: http.client.HTTPSConnection, proxy: FaultProxy
) -> None:
    call(client)
    assert proxy.cut_idle(late=True) == 1
    with pytest.raises(OSError):  # noqa: PT011 - a reset has many names, by how much was sent when it came
        call(client)
    client.close()
    assert call(client)[0] == 200
    assert len(proxy.calls()) == 2


def test_another_certificate_for_new_connections(client: http.client.HTTPSConnection, proxy: FaultProxy) -> None:
    first = proxy.thumbprint
    call(client)
    second = proxy.change_certificate()
    call(client)  # an open connection stays
    assert call_afresh(proxy)[0] == 200
    assert [one.thumbprint for one in proxy.calls()] == [first, first, second]
    assert proxy.thumbprint == second != first


def test_a_certificate_that_nobody_vouches_for(proxy: FaultProxy) -> None:
    proxy.change_certificate(trusted=False)
    with pytest.raises(ssl.SSLCertVerificationError):
        call_afresh(proxy)
    assert proxy.calls() == []


def test_a_certificate_of_ones_own(proxy: FaultProxy, tmp_path: Path) -> None:
    own = make_server(tmp_path, "own", signer=make_authority(tmp_path), ended=True, names=["vc.example"])
    assert proxy.change_certificate(own) == own.thumbprint
    presented = ssl.get_server_certificate((proxy.host, proxy.port))
    assert presented == own.certificate_file.read_text()


def test_a_vcenter_behind_that_is_away(proxy: FaultProxy, shared_vcenter: SimulatedVCenter) -> None:
    with FaultProxy(proxy) as outer:
        proxy.refuse()
        assert call_afresh(outer)[0] == 502
        assert outer.calls()[0].was_forwarded is False


def test_many_clients_at_once(proxy: FaultProxy) -> None:
    planted = proxy.plant(Rule(kind="answer", nth=5, every=5, times=None))

    def ten_calls(_: int) -> list[int]:
        with closing(connect(proxy)) as client:
            return [call(client)[0] for _ in range(10)]

    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(ten_calls, range(10)))
    assert sorted(status for some in statuses for status in some) == [200] * 80 + [503] * 20
    assert planted.hits == 20


def test_waiting_for_calls_that_do_not_come(proxy: FaultProxy) -> None:
    with pytest.raises(TimeoutError, match=r"no 1 calls of Login have arrived in 0\.05 s; there were"):
        proxy.wait_for("Login", timeout_s=0.05)


def test_the_simulated_vcenter_through_the_proxy(proxy: FaultProxy, shared_vcenter: SimulatedVCenter) -> None:
    through = proxy.vcenter
    assert (through.host, through.port, through.user) == (proxy.host, proxy.port, shared_vcenter.user)
    assert through.environment()["VMWARE_PORT"] == str(proxy.port)
    assert through.environment()["VSPHERE_MOTION_CA_FILE"] == str(proxy.ca_file)
    assert through.control.site() == shared_vcenter.control.site()
    assert proxy.calls() == []


def test_the_fixture(fault_proxy: Callable[[SimulatedVCenter], FaultProxy], shared_vcenter: SimulatedVCenter) -> None:
    first, second = fault_proxy(shared_vcenter), fault_proxy(shared_vcenter)
    assert first.port != second.port
    assert call_afresh(second)[0] == 200
    assert (first.sent("RetrieveServiceContent"), second.sent("RetrieveServiceContent")) == (0, 1)


def test_reading_soap() -> None:
    assert method_of(soap("RelocateVM_Task")) == "RelocateVM_Task"
    assert method_of(b'<S:Envelope><S:Body Id="_1">\n<vim:Login>') == "Login"
    assert method_of(b"{}") == ""
    assert operation_id_of(soap("Login", '<operationID xsi:type="xsd:string">a-1</operationID>')) == "a-1"
    assert operation_id_of(soap("Login")) is None
    assert b"<CurrentTimeResponse" in soap_answer("CurrentTime")
    assert b"<faultstring>NoPermission</faultstring>" in soap_fault("NoPermission")
