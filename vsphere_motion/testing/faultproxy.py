"""A network that fails on demand: a proxy in front of a vCenter, simulated or real, that knows SOAP.

    with FaultProxy(vcenter) as proxy:
        proxy.plant(Rule(method="RelocateVM_Task", nth=3, kind="reset_after"))
        run_my_tool(proxy.host, proxy.port, ca_file=proxy.ca_file)
        assert proxy.sent("RelocateVM_Task") == 8

It listens on 127.0.0.1 with a throw-away certificate, forwards every request over TLS to the vCenter behind, and lets
each call through unless a planted rule hits it. `faultproxy_rules.Rule` says what can happen to which call. Every
connection has a thread of its own; all methods may be called from any thread.
"""

from __future__ import annotations

import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal, Protocol

from vsphere_motion.testing.certificates import Identity, make_authority, make_server
from vsphere_motion.testing.faultproxy_connection import Connection, Site
from vsphere_motion.testing.faultproxy_rules import Call, Planted, Rule
from vsphere_motion.testing.faultproxy_wire import Wire
from vsphere_motion.testing.simulator import SimulatedVCenter

__all__ = ["Call", "FaultProxy", "Planted", "Rule", "Upstream"]

HOST = "127.0.0.1"
SETTLE_S = 30.0
_Stage = Literal["arrived", "hit", "forwarded", "done", "answered"]
_STAGES: Mapping[_Stage, Callable[[Call], bool]] = {
    "arrived": lambda _: True,
    "forwarded": lambda call: call.was_forwarded,
    "done": lambda call: call.status is not None,
    "answered": lambda call: call.was_answered,
    "hit": lambda call: call.fault is not None,
}


class Upstream(Protocol):
    """The vCenter behind: a `SimulatedVCenter`, or anything with these."""

    @property
    def host(self) -> str:
        """Its name or address."""

    @property
    def port(self) -> int:
        """Its port."""

    @property
    def ca_file(self) -> Path | None:
        """The authority to trust; None: those of the system."""


class FaultProxy:
    """A running proxy from `__enter__` on; nothing of it is left after `close`.

    Attributes:
        host, port: where it listens.
        ca_file: the authority that signs its certificates.
    """

    def __init__(self, upstream: Upstream) -> None:
        self.host = HOST
        self._upstream = upstream
        self._news = threading.Condition()
        self._planted: list[Planted] = []
        self._calls: list[Call] = []
        self._connections: dict[Connection, threading.Thread] = {}
        self._timers: list[threading.Timer] = []
        self._taken = 0
        self._directory = tempfile.TemporaryDirectory(prefix="vsphere-motion-proxy-")
        place = Path(self._directory.name)
        self._authority = make_authority(place)
        self.ca_file = self._authority.certificate_file
        self._use(make_server(place, "server-1", signer=self._authority))
        self._listener: socket.socket | None = None
        self._placeholder: socket.socket | None = None
        self.port = 0

    def __enter__(self) -> FaultProxy:
        self._open_port()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # what it is

    @property
    def thumbprint(self) -> str:
        """SHA-256 of the certificate that it presents now, as `AA:BB:...`."""
        return self._identity.thumbprint

    @property
    def url(self) -> str:
        """Address of the SOAP endpoint."""
        return f"https://{self.host}:{self.port}/sdk"

    @property
    def vcenter(self) -> SimulatedVCenter:
        """The simulated vCenter behind, reached through the proxy; only its `control` goes there directly."""
        behind = self._upstream
        if not isinstance(behind, SimulatedVCenter):
            raise TypeError("the proxy stands in front of something else than a SimulatedVCenter")
        door = {"host": self.host, "port": self.port, "ca_file": self.ca_file, "url": self.url}
        return replace(behind, **door, state=replace(behind.state, **door))  # type: ignore[arg-type]

    @property
    def connections(self) -> int:
        """TCP connections taken so far."""
        return self._taken

    # what goes wrong

    def plant(self, rule: Rule) -> Planted:
        """Put a rule in; of several that hit a call the one planted first acts. Returns the count of its hits."""
        planted = Planted(rule)
        with self._news:
            self._planted.append(planted)
        return planted

    def remove(self, planted: Planted | None = None) -> None:
        """Take one rule out, or all."""
        with self._news:
            self._planted = [one for one in self._planted if planted is not None and one is not planted]

    def release(self) -> None:
        """Let the calls go on that a rule has made hang so far."""
        for connection in self._open_connections():
            connection.release()

    def cut(self, *, reset: bool = True) -> None:
        """End every connection, whatever it is doing."""
        self._end([(one, one.cut(reset=reset)) for one in self._open_connections()])

    def cut_idle(self, *, reset: bool = False, late: bool = False) -> int:
        """End the connections on which no call is on its way; returns how many.

        Args:
            late: they look alive until the next request, which gets a reset, as after a firewall's idle limit.
        """
        idle = [one for one in self._open_connections() if one.cut_if_idle(reset=reset, late=late)]
        if not late:
            self._end([(one, True) for one in idle])
        return len(idle)

    def refuse(self, seconds: float | None = None) -> None:
        """Refuse connections, for that long or until `listen`, and reset those there are."""
        self._close_port()
        self.cut()
        self._listen_in(seconds)

    def listen(self) -> None:
        """Take connections again, on the same port."""
        with self._news:
            if self._placeholder is not None:
                self._start_listening(self._placeholder)
                self._news.notify_all()

    def wait_until_listening(self, *, timeout_s: float = SETTLE_S) -> None:
        """Wait for the end of an outage that a rule or `refuse` began for some seconds.

        Raises:
            TimeoutError: it goes on.
        """
        with self._news:
            if not self._news.wait_for(lambda: self._listener is not None, timeout_s):
                raise TimeoutError(f"connections are still refused after {timeout_s:g} s")

    def change_certificate(self, identity: Identity | None = None, *, trusted: bool = True) -> str:
        """Present another certificate to new connections; the open ones stay. Returns its thumbprint.

        Args:
            identity: the certificate; None: a new one for the same names.
            trusted: whether the new one is signed by the authority of `ca_file`, or by itself.
        """
        if identity is None:
            name = f"server-{len(list(Path(self._directory.name).iterdir()))}"
            signer = self._authority if trusted else None
            identity = make_server(Path(self._directory.name), name, signer=signer)
        self._use(identity)
        return identity.thumbprint

    # what happened

    def calls(self, method: str | None = None) -> list[Call]:
        """Every request so far, or those of one method, oldest first, as they stand now."""
        with self._news:
            return [call.copy() for call in self._calls if method in {None, call.method}]

    def sent(self, method: str) -> int:
        """How often a method arrived, whatever became of it."""
        return len(self.calls(method))

    def wait_for(
        self, method: str | None, count: int = 1, *, timeout_s: float = SETTLE_S, stage: _Stage = "arrived"
    ) -> None:
        """Wait until that many calls of a method (None: of any) have come so far, counted from the start.

        Args:
            stage: how far they have come: `arrived`, `hit` by a rule, `forwarded` to the vCenter behind, `done` there,
                or `answered` whole to the client.

        Raises:
            TimeoutError: they have not.
        """

        def is_there() -> bool:
            return sum(_STAGES[stage](call) for call in self._calls if method in {None, call.method}) >= count

        with self._news:
            if not self._news.wait_for(is_there, timeout_s):
                seen = [call.method or call.path for call in self._calls]
                raise TimeoutError(f"no {count} calls of {method} have {stage} in {timeout_s:g} s; there were {seen}")

    def close(self) -> None:
        """Stop: close the port and every connection, and wait for the threads."""
        self._close_port()
        for timer in self._timers:
            timer.cancel()
        with self._news:
            placeholder, self._placeholder = self._placeholder, None
            threads = list(self._connections.values())
        if placeholder is not None:
            placeholder.close()
        self.cut()
        for thread in threads:
            thread.join(SETTLE_S)
        self._directory.cleanup()

    # inside

    def _use(self, identity: Identity) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.num_tickets = 0
        context.load_cert_chain(identity.certificate_file, identity.key_file)
        self._identity, self._context = identity, context

    def _open_port(self) -> None:
        door = _bound(0)
        self.port = int(door.getsockname()[1])
        with self._news:
            self._start_listening(door)

    def _start_listening(self, door: socket.socket) -> None:
        door.listen(128)
        self._listener, self._placeholder = door, None
        self._acceptor = threading.Thread(target=self._accept, args=(door,), daemon=True)
        self._acceptor.start()

    def _close_port(self) -> None:
        """Stop listening and keep the port: a bound socket that does not listen refuses connections."""
        with self._news:
            listener, self._listener = self._listener, None
        if listener is None:
            return
        listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join(SETTLE_S)
        listener.close()
        self._placeholder = _bound(self.port)

    def _listen_in(self, seconds: float | None) -> None:
        if seconds is not None:
            timer = threading.Timer(seconds, self.listen)
            self._timers.append(timer)
            timer.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            self._take(raw)

    def _take(self, raw: socket.socket) -> None:
        identity, context = self._identity, self._context
        connection = Connection(
            raw,
            context,
            Site(
                thumbprint=identity.thumbprint,
                connect=self._connect,
                record=self._record,
                changed=self._changed,
                refuse=self._refuse_from_inside,
                ended=self._ended,
            ),
        )
        thread = threading.Thread(target=connection.serve, daemon=True)
        with self._news:
            self._taken += 1
            self._connections[connection] = thread
        thread.start()

    def _connect(self) -> Wire:
        context = ssl.create_default_context(
            cafile=None if self._upstream.ca_file is None else str(self._upstream.ca_file)
        )
        raw = socket.create_connection((self._upstream.host, self._upstream.port), timeout=SETTLE_S)
        return Wire(raw, context, server_name=self._upstream.host, timeout_s=SETTLE_S)

    def _record(self, call: Call) -> Rule | None:
        """Take a call down, and the rule that hits it."""
        with self._news:
            call.number = len(self._calls) + 1
            self._calls.append(call)
            hit = next((one.rule for one in self._planted if one.takes(call, call.body)), None)
            call.fault = None if hit is None else hit.kind
            self._news.notify_all()
        return hit

    def _changed(self) -> None:
        with self._news:
            self._news.notify_all()

    def _ended(self, connection: Connection) -> None:
        with self._news:
            self._connections.pop(connection, None)
            self._news.notify_all()

    def _refuse_from_inside(self, seconds: float | None) -> None:
        """As `refuse`, from a connection's own thread, which is not to be waited for."""
        self._close_port()
        for connection in self._open_connections():
            connection.cut(reset=True)
        self._listen_in(seconds)

    def _open_connections(self) -> list[Connection]:
        with self._news:
            return list(self._connections)

    def _end(self, ending: list[tuple[Connection, bool]]) -> None:
        """Wait until these connections are closed."""
        gone = {connection for connection, is_ending in ending if is_ending}
        with self._news, suppress(TimeoutError):
            self._news.wait_for(lambda: not (gone & self._connections.keys()), SETTLE_S)


def _bound(port: int) -> socket.socket:
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind((HOST, port))
    return door
