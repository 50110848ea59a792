"""A logged-in session with one vCenter.

The one place that reveals the password. Opening costs two calls over one connection: the service content, by which
the API version is chosen, and the login. Whatever ends the block, the session is logged out on the server.

A session that vCenter has ended raises `SessionEnded` from then on; nothing logs in again by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pyVmomi import vim
from pyVmomi.VmomiSupport import versionMap

from vsphere_motion.errors import MotionError, ProtocolError
from vsphere_motion.model.account import Credentials
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.model.vcenter import VCenterIdentity
from vsphere_motion.vcenter import stub as transport
from vsphere_motion.vcenter.faults import translated
from vsphere_motion.vcenter.stub import Stub
from vsphere_motion.vcenter.tls import trust_rules

if TYPE_CHECKING:
    from logging import Logger

FIRST_API_VERSION = "6.5"
"""Spoken until the server has told its own: every vCenter in use understands it, and its service content has every
manager that is used here."""

LOGOUT_TIMEOUT_S = 5.0

_VCENTER = "VirtualCenter"


class Session:
    """A logged-in session; threads may share it. `open_session` makes one."""

    def __init__(self, endpoint: Endpoint, user: str, stub: Stub, content: Any) -> None:
        self.endpoint = endpoint
        self.user = user
        self.tls = stub.trust.value
        self.identity = _identity(endpoint, content.about)
        self.stub = stub
        self.content = content
        self._lock = threading.Lock()
        self._is_closed = False

    def __repr__(self) -> str:
        return f"Session({self.endpoint.address}, user={self.user!r}, tls={self.tls!r})"

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def now(self) -> datetime:
        """vCenter's time in UTC.

        Calls: CurrentTime.
        Needs: nothing but a session.
        """
        with translated(f"read the clock of {self.endpoint.address}"):
            now = vim.ServiceInstance("ServiceInstance", self.stub).CurrentTime()
        return now.astimezone(UTC)

    def operation(self, op_id: str) -> AbstractContextManager[None]:
        """Give this thread's calls in the block an operationID, which vCenter keeps with the tasks they start."""
        return transport.operation(op_id)

    def deadline(self, seconds: float) -> AbstractContextManager[None]:
        """Give each call of this thread in the block this deadline, such as a long poll's, instead of the usual."""
        return self.stub.timeout(seconds)

    def close(self) -> None:
        """Log out and close the connections. It never raises, and a second time does nothing.

        Calls: Logout.
        Needs: nothing but a session.
        """
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        _log_out(self.stub, self.content, self.endpoint)


def open_session(endpoint: Endpoint, credentials: Credentials) -> Session:
    """Connect, check who answers, and log in; use it as a context manager.

    Calls: RetrieveServiceContent, Login; Logout if it fails half-way.
    Needs: nothing (System.Anonymous).

    Raises:
        BadInput: the CA file or the thumbprint cannot be used.
        VCenterUnavailable: vCenter cannot be reached, trusted or understood.
        LoginRefused: it does not accept this user and password.
    """
    with ExitStack() as undo:
        stub = Stub(endpoint, trust_rules(endpoint), version=versionMap[f"vim25/{FIRST_API_VERSION}"])
        undo.callback(stub.close)
        content = _read_content(stub, endpoint)
        stub.speak(newest_known_version(content.about.apiVersion))
        undo.callback(_log_out, stub, content, endpoint)
        _log_in(content.sessionManager, endpoint, credentials)
        session = Session(endpoint, credentials.user, stub, content)
        undo.pop_all()
    return session


def newest_known_version(api_version: str) -> str:
    """pyVmomi's name of the newest API version that both it and a server with `api_version` speak."""
    asked = _version_key(api_version)
    known = {_version_key(name): version for name, version in _numbered_versions()}
    return known[max((key for key in known if key <= asked), default=_version_key(FIRST_API_VERSION))]


def _numbered_versions() -> Iterator[tuple[str, str]]:
    for namespace, version in versionMap.items():
        name = namespace.removeprefix("vim25/")
        if name != namespace and name.replace(".", "").isdecimal():
            yield name, version


def _version_key(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.split(".") if part.isdecimal())


def _read_content(stub: Stub, endpoint: Endpoint) -> Any:
    with translated(f"read what {endpoint.address} is"):
        content = vim.ServiceInstance("ServiceInstance", stub).RetrieveContent()
    about = content.about
    if about.apiType != _VCENTER:
        raise ProtocolError(
            f"{endpoint.address} is not a vCenter: it says that it is {about.fullName} ({about.apiType})",
            hint="Give the vCenter that manages this host; an ESXi host on its own cannot do a vMotion.",
        )
    return content


def _log_in(session_manager: Any, endpoint: Endpoint, credentials: Credentials) -> None:
    what = f"log in to {endpoint.address} as {credentials.user} (password from: {credentials.source})"
    with _HiddenFrames(), translated(what):
        session_manager.Login(credentials.user, credentials.password.reveal(), None)


def _log_out(stub: Stub, content: Any, endpoint: Endpoint) -> None:
    if not stub.has_cookie:
        return
    try:
        with stub.timeout(min(LOGOUT_TIMEOUT_S, endpoint.call_timeout_s)), translated("log out"):
            content.sessionManager.Logout()
    except MotionError as error:
        _logger().info("the session on %s may stay open until it times out: %s", endpoint.address, error.message)
    finally:
        stub.close()


def _identity(endpoint: Endpoint, about: Any) -> VCenterIdentity:
    return VCenterIdentity(
        host=endpoint.address,
        instance_uuid=about.instanceUuid or "",
        product=about.fullName,
        version=about.version,
        api_version=about.apiVersion,
    )


class _HiddenFrames(AbstractContextManager[None]):
    """Takes the frames of the block out of what it raises: there the password is a local variable."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        chain = [error]
        seen = {id(None)}
        while chain:
            link = chain.pop()
            if link is not None and id(link) not in seen:
                seen.add(id(link))
                link.__traceback__ = None
                chain += [link.__cause__, link.__context__]


def _logger() -> Logger:
    """Imported when something is logged: most connections have nothing to say, and start faster without it."""
    import logging

    return logging.getLogger(__name__)
