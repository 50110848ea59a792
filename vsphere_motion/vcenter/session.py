"""A logged-in session with one vCenter.

The one place that reveals the password. Opening costs two calls over one connection: the service content, by which
the API version is chosen, and the login. Whatever ends the block, the session is logged out on the server.

When vCenter ends the session, the next call logs in again, once for all threads (`logins.py`); what belonged to the
session that ended (views, filters, pages) is made anew by its owner. Opened with `relogin=False` it keeps no password
and raises `SessionEnded` from then on. With a `SessionFile` the session is the one of the command before, and stays for
the next.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from pyVmomi import vim
from pyVmomi.VmomiSupport import versionMap

from vsphere_motion.errors import MotionError, ProtocolError
from vsphere_motion.model.account import Credentials, Password
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.model.vcenter import VCenterIdentity
from vsphere_motion.vcenter import call
from vsphere_motion.vcenter.deadline import Deadline
from vsphere_motion.vcenter.faults import translated
from vsphere_motion.vcenter.logins import Logins
from vsphere_motion.vcenter.stub import TRIES, Stub
from vsphere_motion.vcenter.tls import trust_rules

if TYPE_CHECKING:
    from logging import Logger

    from vsphere_motion.vcenter.session_file import SessionFile

T = TypeVar("T")

FIRST_API_VERSION = "6.5"
"""Spoken until the server has told its own: every vCenter in use understands it, and its service content has every
manager that is used here."""

LOGOUT_TIMEOUT_S = 3.0
"""SIGTERM ends a run within 5 s, also where vCenter gives no answer (`cli/signals.py` adds 1.5 s)."""

_VCENTER = "VirtualCenter"
_NEEDED = (
    "authorizationManager",
    "diagnosticManager",
    "propertyCollector",
    "rootFolder",
    "sessionManager",
    "taskManager",
    "viewManager",
)
"""Optional in the API's own words (vSphere API 8.0, ServiceContent), and there on every vCenter."""

_SHORT = 4


class Session:
    """A logged-in session; threads may share it. `open_session` makes one."""

    def __init__(self, stub: Stub, content: Any, logins: Logins, kept: SessionFile | None) -> None:
        endpoint = stub.endpoint
        self.endpoint = endpoint
        self.user = logins.user
        self.tls = stub.trust.value
        self.identity = _identity(endpoint, content.about)
        self.stub = stub
        self.content = content
        self._logins = logins
        self._kept = kept
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

    @property
    def logins(self) -> int:
        """Logins so far: another number than a moment ago means that views and filters from then are gone."""
        return self._logins.count

    def renew(self, seen: int) -> bool:
        """Log in again, unless another thread has done so since login number `seen`.

        It is for those who see the end of the session in an answer that is no fault, such as a `missingSet`.

        Calls: Login.
        Needs: nothing (System.Anonymous).

        Returns:
            False: the session keeps no password for it.

        Raises:
            LoginRefused: vCenter refused a new login, now or before.
            VCenterUnavailable: there was no answer.
        """
        return self._logins.renew(seen, Deadline(self.endpoint.call_timeout_s))

    def lend(self, log_in: Callable[[Credentials], T]) -> T | None:
        """Log in to another service of this vCenter with the account of this session; None if no password is kept.

        The password is in no error that comes of it.

        Args:
            log_in: makes the login; it raises `LoginRefused` if vCenter refuses it.

        Raises:
            LoginRefused: vCenter refused it, or a login before; it is never asked again.
            VCenterUnavailable: there was no answer.
        """

        def discreetly(credentials: Credentials) -> T:
            with _Discreet(credentials.password):
                return log_in(credentials)

        return self._logins.lend(discreetly)

    def operation(self, op_id: str) -> AbstractContextManager[None]:
        """Give this thread's calls in the block an operationID, which vCenter keeps with the tasks they start."""
        return call.operation(op_id)

    def burst(self) -> AbstractContextManager[None]:
        """In the block each call of this thread follows the one before at once, whose answer shows that it arrives."""
        return self.stub.burst()

    def deadline(self, seconds: float, *, tries: int = TRIES) -> AbstractContextManager[None]:
        """Give each call of this thread in the block this deadline, such as a long poll's, instead of the usual.

        Args:
            tries: how often a read is asked at most.
        """
        return self.stub.timeout(seconds, tries=tries)

    def close(self) -> None:
        """Log out and close the connections. It never raises, and a second time does nothing.

        A session that is kept for the next command stays, unless another command has put its own in that place.

        Calls: Logout.
        Needs: nothing but a session.
        """
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        self._logins.forget()
        if self._kept is not None and self._kept.read() == self.stub.cookie:
            self.stub.close()
        else:
            _log_out(self.stub, self.content, self.endpoint)


def open_session(
    endpoint: Endpoint, credentials: Credentials, *, relogin: bool = True, kept: SessionFile | None = None
) -> Session:
    """Connect, check who answers, and log in; use it as a context manager.

    Args:
        relogin: keep the password, masked, to log in again when vCenter ends the session.
        kept: where the session of the command before is, and where this one stays for the next; None: neither.

    Calls: RetrieveServiceContent, Login; Logout if it fails half-way.
    Needs: nothing (System.Anonymous).

    Raises:
        BadInput: the CA file or the thumbprint cannot be used.
        VCenterUnavailable: vCenter cannot be reached, trusted or understood.
        LoginRefused: it does not accept this user and password.
    """
    with ExitStack() as undo:
        stub = _new_stub(endpoint)
        undo.callback(stub.close)
        stub.cookie = kept.read() or "" if kept is not None else ""
        has_kept = bool(stub.cookie)
        content = _read_content(stub, endpoint)
        stub.speak(newest_known_version(content.about.apiVersion))
        stub.logins = _logins(stub, content, endpoint, credentials, kept)
        session = Session(stub, content, stub.logins, kept)
        undo.callback(session.close)
        if has_kept:
            stub.logins.adopt()
            session.now()  # logs in where the kept session has ended
        else:
            stub.logins.begin()
        if not relogin:
            stub.logins.forget()
        undo.pop_all()
    return session


def end_kept_session(endpoint: Endpoint, kept: SessionFile) -> bool:
    """Log out the session that was kept, and forget it; False if there was none.

    Calls: RetrieveServiceContent, Logout.
    Needs: nothing but a session.

    Raises:
        BadInput: the CA file or the thumbprint cannot be used.
        VCenterUnavailable: vCenter cannot be reached or trusted; the session is forgotten all the same.
    """
    cookie = kept.read()
    kept.delete()
    if cookie is None:
        return False
    stub = _new_stub(endpoint)
    stub.cookie = cookie
    try:
        _log_out(stub, _read_content(stub, endpoint), endpoint)
    finally:
        stub.close()
    return True


def _new_stub(endpoint: Endpoint) -> Stub:
    return Stub(endpoint, trust_rules(endpoint), version=versionMap[f"vim25/{FIRST_API_VERSION}"])


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
    missing = [name for name in _NEEDED if getattr(content, name) is None]
    missing += [] if about.apiVersion else ["apiVersion"]
    if missing:
        raise ProtocolError(
            f"{endpoint.address} says that it is a vCenter, and names no {', '.join(missing)}",
            hint="Try again; if it stays so, a proxy in between changes the answers.",
        )
    return content


def _logins(stub: Stub, content: Any, endpoint: Endpoint, credentials: Credentials, kept: SessionFile | None) -> Logins:
    def log_in(credentials: Credentials) -> None:
        with stub.timeout(endpoint.call_timeout_s), call.operation(None):
            _log_in(content.sessionManager, endpoint, credentials)
        if kept is not None:
            _keep(kept, stub.cookie)

    return Logins(log_in, credentials, server=endpoint.address)


def _log_in(session_manager: Any, endpoint: Endpoint, credentials: Credentials) -> None:
    what = f"log in to {endpoint.address} as {credentials.user} (password from: {credentials.source})"
    with _Discreet(credentials.password), translated(what):
        session_manager.Login(credentials.user, credentials.password.reveal(), None)


def _keep(kept: SessionFile, cookie: str) -> None:
    try:
        kept.write(cookie)
    except OSError as problem:
        _logger().warning("the session is not kept: cannot write %s: %s", kept.path, problem)


def _log_out(stub: Stub, content: Any, endpoint: Endpoint) -> None:
    if not stub.cookie:
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


class _Discreet(AbstractContextManager[None]):
    """Keeps a password out of what its block raises.

    The frames of the block are taken out: there the password is a local variable. So are words of a server that repeats
    what it was sent; a secret of less than four characters is left, it is in every other word.
    """

    def __init__(self, password: Password) -> None:
        self._password = password

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
        if isinstance(error, MotionError):
            self._clean(error, self._password.reveal())

    def _clean(self, error: MotionError, secret: str) -> None:
        told = (error.message, *error.details, str(error.__cause__), str(error.__context__))
        if len(secret) < _SHORT or not any(secret in text for text in told):
            return
        error.message = error.message.replace(secret, "***")
        error.details = tuple(line.replace(secret, "***") for line in error.details)
        error.args = (error.message,)
        error.__cause__ = error.__context__ = None


def _logger() -> Logger:
    """Imported when something is logged: most connections have nothing to say, and start faster without it."""
    import logging

    return logging.getLogger(__name__)
