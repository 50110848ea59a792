"""A session with the simulator: opening and closing, what is left behind, and what is sent when answers are lost."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyVmomi import vim, vmodl

from tests.sim.transport import servers
from tests.sim.transport.certificates import Identity, make_authority, make_server
from tests.sim.transport.servers import Fault, Server, forward_to
from vsphere_motion.errors import (
    CallTimeout,
    CertificateUntrusted,
    LoginRefused,
    OutcomeUnknown,
    PinMismatch,
    SessionEnded,
    Unreachable,
)
from vsphere_motion.model.account import Credentials, Password
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.faults import raise_for_missing, translated
from vsphere_motion.vcenter.session import Session, open_session
from vsphere_motion.vcenter.tls import fetch_certificate

pytestmark = pytest.mark.vcsim

WRONG_PASSWORD = "canary-4f9d58c88437adb7"


@pytest.fixture
def endpoint(vcenter: SimulatedVCenter) -> Endpoint:
    return Endpoint(host=vcenter.host, port=vcenter.port, ca_file=vcenter.ca_file)


@pytest.fixture
def credentials(vcenter: SimulatedVCenter) -> Credentials:
    return Credentials(user=vcenter.user, password=Password(vcenter.password), source="the fixture")


@pytest.fixture
def session(endpoint: Endpoint, credentials: Credentials) -> Iterator[Session]:
    with open_session(endpoint, credentials) as opened:
        yield opened


@pytest.fixture(scope="module")
def proxy_authority(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def proxy(vcenter: SimulatedVCenter, proxy_authority: Identity, tmp_path: Path) -> Iterator[Server]:
    """A server in front of the simulator that can lose answers the simulator has given."""
    assert vcenter.ca_file is not None
    backend = forward_to(vcenter.host, vcenter.port, vcenter.ca_file)
    with Server(backend, make_server(tmp_path, "proxy", proxy_authority)) as running:
        yield running


@pytest.fixture
def proxied(endpoint: Endpoint, proxy: Server, proxy_authority: Identity) -> Endpoint:
    return endpoint._replace(host="127.0.0.1", port=proxy.port, ca_file=proxy_authority.certificate_file)


def sessions_on(session: Session) -> int:
    """How many sessions the server has, the asking one included."""
    return len(session.content.sessionManager.sessionList)


def first(session: Session, kind: type[Any]) -> Any:
    view = session.content.viewManager.CreateContainerView(session.content.rootFolder, [kind], True)
    try:
        return view.view[0]
    finally:
        view.DestroyView()


def relocate(session: Session) -> Any:
    vm, pool = first(session, vim.VirtualMachine), first(session, vim.ResourcePool)
    with translated("start a relocation"):
        return vm.RelocateVM_Task(vim.vm.RelocateSpec(pool=pool), None)


def method_names(vcenter: SimulatedVCenter) -> list[str]:
    return [call["method"] for call in vcenter.control.trace()]


# --- opening and closing -------------------------------------------------------------------------------------------


def test_the_right_authority_opens(session: Session, vcenter: SimulatedVCenter) -> None:
    assert session.tls == "verified"
    assert session.user == vcenter.user
    assert session.identity.host == f"{vcenter.host}:{vcenter.port}"
    assert session.identity.api_version == "8.0.3.0"
    assert len(session.identity.instance_uuid) == 36
    assert abs(session.now() - datetime.now(UTC)) < timedelta(minutes=5)
    assert session.now().tzinfo is UTC


def test_a_stock_simulator_opens_too(vcenter_factory: VCenterFactory) -> None:
    stock = vcenter_factory(stock=True)
    endpoint = Endpoint(host=stock.host, port=stock.port, ca_file=stock.ca_file)
    with open_session(endpoint, Credentials(user=stock.user, password=Password(stock.password), source="")) as session:
        assert session.identity.instance_uuid
        assert session.content.rootFolder.name == "Datacenters"


def test_opening_costs_two_calls(session: Session, vcenter: SimulatedVCenter) -> None:
    assert session.identity.product
    assert method_names(vcenter) == ["RetrieveServiceContent", "Login"]


def test_without_the_authority_nothing_is_sent(
    endpoint: Endpoint, credentials: Credentials, vcenter: SimulatedVCenter
) -> None:
    with pytest.raises(CertificateUntrusted):
        open_session(endpoint._replace(ca_file=None), credentials)
    assert method_names(vcenter) == []


def test_a_wrong_pin_sends_nothing(endpoint: Endpoint, credentials: Credentials, vcenter: SimulatedVCenter) -> None:
    with pytest.raises(PinMismatch):
        open_session(endpoint._replace(thumbprint="00" * 32), credentials)
    assert method_names(vcenter) == []


def test_the_fetched_thumbprint_is_a_pin_that_works(endpoint: Endpoint, credentials: Credentials) -> None:
    thumbprint = fetch_certificate(endpoint).thumbprint
    with open_session(endpoint._replace(ca_file=None, thumbprint=thumbprint), credentials) as session:
        assert session.tls == "pinned"


def test_a_wrong_password_is_refused_once(
    endpoint: Endpoint, credentials: Credentials, vcenter: SimulatedVCenter
) -> None:
    wrong = credentials._replace(password=Password(WRONG_PASSWORD))
    with pytest.raises(LoginRefused, match=vcenter.user):
        open_session(endpoint, wrong)
    assert method_names(vcenter).count("Login") == 1


def test_no_session_is_left_after_the_block(endpoint: Endpoint, credentials: Credentials, session: Session) -> None:
    before = sessions_on(session)
    with open_session(endpoint, credentials) as other:
        assert sessions_on(session) == before + 1
        other.close()
        other.close()
    assert sessions_on(session) == before


def test_no_session_is_left_when_the_block_fails(
    endpoint: Endpoint, credentials: Credentials, session: Session
) -> None:
    with pytest.raises(KeyboardInterrupt), open_session(endpoint, credentials):
        raise KeyboardInterrupt
    assert sessions_on(session) == 1


@pytest.mark.parametrize("how", [servers.hang, servers.truncate], ids=lambda how: how.__name__)
def test_no_session_is_left_when_a_call_fails(
    proxied: Endpoint, credentials: Credentials, session: Session, proxy: Server, how: Fault
) -> None:
    proxy.faults["RelocateVM_Task"] = [how]
    with open_session(proxied._replace(call_timeout_s=1.0), credentials) as failing, pytest.raises(OutcomeUnknown):
        relocate(failing)
    assert sessions_on(session) == 1


def test_no_session_is_left_when_the_server_closes_connections(
    proxied: Endpoint, credentials: Credentials, session: Session, proxy: Server
) -> None:
    proxy.faults = {"RelocateVM_Task": [servers.close_after], "Logout": [servers.close]}
    with open_session(proxied, credentials) as other:
        relocate(other)
    assert sessions_on(session) == 1


# --- while it lasts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [servers.hang, servers.close, servers.reset, servers.truncate])
def test_a_lost_answer_to_a_relocation_makes_one_task(
    proxied: Endpoint, credentials: Credentials, proxy: Server, vcenter: SimulatedVCenter, how: Fault
) -> None:
    proxy.faults["RelocateVM_Task"] = [how]
    with open_session(proxied._replace(call_timeout_s=2.0), credentials) as session, pytest.raises(OutcomeUnknown):
        relocate(session)
    assert proxy.methods.count("RelocateVM_Task") == 1
    assert method_names(vcenter).count("RelocateVM_Task") == 1


def test_the_server_sees_the_operation_id(session: Session, vcenter: SimulatedVCenter) -> None:
    with session.operation("op-9"):
        session.now()
    session.now()
    marks = [call.get("operation_id") for call in vcenter.control.trace() if call["method"] == "CurrentTime"]
    assert [mark or None for mark in marks] == ["op-9", None]


def test_threads_share_a_session(session: Session, vcenter: SimulatedVCenter) -> None:
    seen: list[datetime] = []
    threads = [threading.Thread(target=lambda: seen.extend(session.now() for _ in range(5))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 40
    assert method_names(vcenter).count("Login") == 1


def test_a_terminated_session_has_ended(endpoint: Endpoint, credentials: Credentials, session: Session) -> None:
    with open_session(endpoint, credentials, relogin=False) as other:
        terminate(session, other)
        with pytest.raises(SessionEnded):
            other.now()


def test_a_terminated_session_shows_in_what_a_read_misses(
    endpoint: Endpoint, credentials: Credentials, session: Session
) -> None:
    with open_session(endpoint, credentials) as other:
        vm = first(other, vim.VirtualMachine)
        terminate(session, other)
        content = read_name(other, vm)[0]
        assert content.propSet == []
        with pytest.raises(SessionEnded, match="read web01"):
            raise_for_missing(content.missingSet, what="read web01")


def terminate(session: Session, other: Session) -> None:
    keys = {entry.key for entry in session.content.sessionManager.sessionList}
    own = session.content.sessionManager.currentSession.key
    session.content.sessionManager.TerminateSession(list(keys - {own}))


def read_name(session: Session, vm: Any) -> Any:
    collector = vmodl.query.PropertyCollector
    spec = collector.FilterSpec(
        propSet=[collector.PropertySpec(type=vim.VirtualMachine, pathSet=["name"])],
        objectSet=[collector.ObjectSpec(obj=vm)],
    )
    return session.content.propertyCollector.RetrievePropertiesEx([spec], collector.RetrieveOptions()).objects


def test_a_long_poll_ends_at_its_own_deadline(session: Session) -> None:
    with session.deadline(0.5), pytest.raises(CallTimeout, match="WaitForUpdatesEx"), translated("wait"):
        wait_for_ever(session)
    session.now()


def wait_for_ever(session: Session) -> None:
    collector = vmodl.query.PropertyCollector
    spec = collector.FilterSpec(
        propSet=[collector.PropertySpec(type=vim.Folder, pathSet=["name"])],
        objectSet=[collector.ObjectSpec(obj=session.content.rootFolder)],
    )
    session.content.propertyCollector.CreateFilter(spec, partialUpdates=False)
    version = ""
    while True:
        version = session.content.propertyCollector.WaitForUpdatesEx(version, None).version


def test_a_server_that_stopped_is_unreachable(proxied: Endpoint, credentials: Credentials, proxy: Server) -> None:
    with open_session(proxied, credentials) as session:
        proxy.stop_listening()
        proxy.cut_connections()
        with session.deadline(5.0), pytest.raises(Unreachable, match="refused"):
            session.now()


CALL_THAT_HANGS = """
import signal
import sys
from pathlib import Path
from vsphere_motion.model.account import Credentials, Password
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.vcenter.session import open_session

signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background has it ignored
host, port, ca_file, user = sys.argv[1:]
endpoint = Endpoint(host=host, port=int(port), ca_file=Path(ca_file))
with open_session(endpoint, Credentials(user=user, password=Password(sys.stdin.read()), source="stdin")) as session:
    session.now()
"""


def test_ctrl_c_in_a_call_ends_it_at_once_and_logs_out(
    proxied: Endpoint, proxy: Server, session: Session, vcenter: SimulatedVCenter
) -> None:
    proxy.faults["CurrentTime"] = [servers.hang]
    arguments = [proxied.host, str(proxied.port), str(proxied.ca_file), vcenter.user]
    with subprocess.Popen(
        [sys.executable, "-c", CALL_THAT_HANGS, *arguments],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdin is not None
        running.stdin.write(vcenter.password)
        running.stdin.close()
        proxy.wait_for("CurrentTime")
        running.send_signal(signal.SIGINT)
        assert running.wait(20) == -signal.SIGINT
    assert proxy.methods[-1] == "Logout"
    assert sessions_on(session) == 1


# --- what is shown -------------------------------------------------------------------------------------------------


def test_the_log_has_neither_password_nor_cookie(
    proxied: Endpoint, credentials: Credentials, proxy: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    proxy.faults["CurrentTime"] = [servers.close]
    with open_session(proxied, credentials) as session:
        session.now()
    cookie = proxy.requests[-1].headers["Cookie"].partition("=")[2].strip('"')
    assert "asking again" in caplog.text
    assert len(cookie) > 10
    assert cookie not in caplog.text
    assert credentials.password.reveal() not in caplog.text


LOGIN_WITH_EVERYTHING_SHOWN = """
import http.client, logging, sys, traceback
from pathlib import Path
from vsphere_motion.model.account import Credentials, Password
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.vcenter.session import open_session

logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
http.client.HTTPConnection.debuglevel = 2
host, port, ca_file, user, timeout_s = sys.argv[1:]
endpoint = Endpoint(host=host, port=int(port), ca_file=Path(ca_file), call_timeout_s=float(timeout_s))
secret = sys.stdin.read()
try:
    open_session(endpoint, Credentials(user=user, password=Password(secret), source="stdin"))
except Exception as error:
    del secret
    print("".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()))
"""


@pytest.mark.parametrize(
    ("how", "error"),
    [
        pytest.param([], "LoginRefused", id="refused"),
        pytest.param([servers.hang], "CallTimeout", id="no answer"),
        pytest.param([servers.close], "Unreachable", id="closed"),
        pytest.param([servers.send(servers.Reply(body=b"<a/>"))], "ProtocolError", id="not understood"),
    ],
)
def test_the_password_is_in_no_traceback_log_or_debug_output(
    proxied: Endpoint, proxy: Server, vcenter: SimulatedVCenter, how: list[Fault], error: str
) -> None:
    proxy.faults["Login"] = how
    arguments = [proxied.host, str(proxied.port), str(proxied.ca_file), vcenter.user, "1.0"]
    done = subprocess.run(
        [sys.executable, "-c", LOGIN_WITH_EVERYTHING_SHOWN, *arguments],
        input=WRONG_PASSWORD,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert f"errors.{error}: " in done.stdout
    assert "credentials = Credentials(" in done.stdout, "locals are shown, so the password would be seen"
    assert WRONG_PASSWORD not in done.stdout + done.stderr
    assert any(WRONG_PASSWORD.encode() in request.body for request in proxy.requests)
