"""A TCP connection within a deadline, with the socket options that find a dead peer."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any, TypeAlias

from vsphere_motion.vcenter.deadline import Deadline

KEEPALIVE_IDLE_S = 30
KEEPALIVE_INTERVAL_S = 10
KEEPALIVE_COUNT = 3
USER_TIMEOUT_S = 60

_Address: TypeAlias = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]


def open_tcp(host: str, port: int, deadline: Deadline) -> socket.socket:
    """Connect to the first address of `host` that answers.

    The look-up of the name has the resolver's own time limit; the deadline counts for what follows.

    Raises:
        socket.gaierror: the name does not resolve.
        TimeoutError: nothing answered in time.
        OSError: the last address refused or cannot be reached.
    """
    failure: OSError | None = None
    for family, kind, protocol, _, address in _addresses(bare_host(host), port):
        try:
            return _open_one(family, kind, protocol, address, deadline)
        except OSError as error:
            failure = error
    assert failure is not None, "getaddrinfo gives at least one address or raises"
    raise failure


def bare_host(host: str) -> str:
    """The host without the brackets of a literal IPv6 address."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def _addresses(host: str, port: int) -> Sequence[_Address]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise socket.gaierror(socket.EAI_NONAME, "it cannot be a host name") from error


def _open_one(family: int, kind: int, protocol: int, address: Any, deadline: Deadline) -> socket.socket:
    connection = socket.socket(family, kind, protocol)
    try:
        connection.settimeout(deadline.require_time())
        connection.connect(address)
        _keep_watch(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _keep_watch(connection: socket.socket) -> None:
    """Find a half-open connection: seen with pyvmomi 9.1.1, which sets none of these, a call hangs for ever."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for option, value in (
        ("TCP_KEEPIDLE", KEEPALIVE_IDLE_S),
        ("TCP_KEEPINTVL", KEEPALIVE_INTERVAL_S),
        ("TCP_KEEPCNT", KEEPALIVE_COUNT),
        ("TCP_USER_TIMEOUT", USER_TIMEOUT_S * 1000),
    ):
        if hasattr(socket, option):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
