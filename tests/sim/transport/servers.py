"""A small TLS server on 127.0.0.1 that stands where a vCenter stands and can be made to misbehave.

It answers with what its backend gives: canned text, or a simulator behind it. A fault acts on one method's answer,
after the backend has acted on the request, so that a lost answer is the answer to something that did happen.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.sim.transport.certificates import Identity

TICK_S = 0.05
_METHOD = re.compile(rb"<soapenv:Body>\s*<(\w+)")


@dataclass(frozen=True, kw_only=True)
class Request:
    """What came in."""

    method: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What goes out."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    def encode(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} X", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


Backend = Callable[[Request], Reply]


class Fault(Protocol):
    """What happens instead of sending the answer; True keeps the connection."""

    def __call__(self, connection: socket.socket, answer: bytes, stopped: threading.Event) -> bool: ...


def hang(connection: socket.socket, answer: bytes, stopped: threading.Event) -> bool:
    """Say nothing more."""
    stopped.wait()
    return False


def trickle(connection: socket.socket, answer: bytes, stopped: threading.Event) -> bool:
    """Send a byte now and then, so that no single wait is long."""
    for index in range(len(answer)):
        connection.sendall(answer[index : index + 1])
        if stopped.wait(TICK_S):
            break
    return False


def trickle_body(connection: socket.socket, answer: bytes, stopped: threading.Event) -> bool:
    """Send the headers at once and the body a byte now and then."""
    head, _, body = answer.partition(b"\r\n\r\n")
    connection.sendall(head + b"\r\n\r\n")
    return trickle(connection, body, stopped)


def close(connection: socket.socket, answer: bytes, stopped: threading.Event) -> bool:
    """Close without a word."""
    return False


def reset(connection: socket.socket, answer: bytes, stopped: threading.Event) -> bool:
    """Close with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def truncate(connection: socket.socket, answer: bytes, stopped: threading.Event) -> bool:
    """Send all but the last few bytes and close."""
    connection.sendall(answer[:-20])
    return False


def close_after(connection: socket.socket, answer: bytes, stopped: threading.Event) -> bool:
    """Answer as usual, and close without having said so."""
    connection.sendall(answer)
    return False


def send(reply: Reply | bytes) -> Fault:
    """Send this instead."""

    def fault(connection: socket.socket, answer: bytes, stopped: threading.Event) -> bool:
        connection.sendall(reply if isinstance(reply, bytes) else reply.encode())
        return isinstance(reply, Reply)

    return fault


@dataclass
class Server:
    """One listening server; use it as a context manager.

    Attributes:
        identity: the certificate it presents to new connections; None speaks no TLS.
        faults: what happens to the answers of a method: one fault for each answer in turn, then none.
        requests: the methods that arrived, oldest first.
        connections: TCP connections taken.
    """

    backend: Backend
    identity: Identity | None
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    is_mute: bool = False

    def __enter__(self) -> Server:
        self._stopped = threading.Event()
        self._news = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self.stop_listening()
        self.cut_connections()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    @property
    def methods(self) -> list[str]:
        return [request.method for request in self.requests]

    def wait_for(self, method: str) -> None:
        """Wait until a request for `method` has arrived."""
        with self._news:
            assert self._news.wait_for(lambda: method in self.methods, timeout=30), f"no {method} arrived"

    def stop_listening(self) -> None:
        """Refuse connections from now on."""
        if self._listener.fileno() >= 0:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def cut_connections(self) -> None:
        """Close what is open, as a restart does."""
        for connection in tuple(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.add(raw)
            thread = threading.Thread(target=self._serve, args=(raw,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, raw: socket.socket) -> None:
        connection = raw
        try:
            if self.is_mute:
                self._stopped.wait()
            if self.identity is not None:
                connection = _server_context(self.identity).wrap_socket(raw, server_side=True)
                self._open = self._open - {raw} | {connection}
            while self._answer_one(connection):
                pass
        except OSError:
            pass
        finally:
            self._open.discard(connection)
            connection.close()

    def _answer_one(self, connection: socket.socket) -> bool:
        request = _read_request(connection)
        if request is None or self._stopped.is_set():
            return False
        with self._news:
            self.requests.append(request)
            self._news.notify_all()
        answer = self.backend(request).encode()
        faults = self.faults.get(request.method)
        if faults:
            return faults.pop(0)(connection, answer, self._stopped)
        connection.sendall(answer)
        return True


def _server_context(identity: Identity) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate_file, identity.key_file)
    return context


def _read_request(connection: socket.socket) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    while len(body) < int(headers.get("Content-Length", 0)):
        piece = connection.recv(65536)
        if not piece:
            return None
        body += piece
    match = _METHOD.search(body)
    return Request(method=match.group(1).decode() if match else "", headers=headers, body=body)


def forward_to(host: str, port: int, ca_file: Path) -> Backend:
    """A backend that asks the simulator at this address."""

    def backend(request: Request) -> Reply:
        context = ssl.create_default_context(cafile=str(ca_file))
        upstream = http.client.HTTPSConnection(host, port, context=context, timeout=30)
        try:
            headers = {
                name: value for name, value in request.headers.items() if name not in {"Host", "Accept-Encoding"}
            }
            upstream.request("POST", "/sdk", request.body, headers)
            response = upstream.getresponse()
            kept = tuple((n, v) for n, v in response.getheaders() if n in {"Set-Cookie", "Content-Type"})
            return Reply(status=response.status, body=response.read(), headers=kept)
        finally:
            upstream.close()

    return backend
