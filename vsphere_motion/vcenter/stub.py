"""Our own way of sending pyVmomi's calls: a deadline on every call, and nothing re-sent by itself but listed reads.

- A call that fails before it is sent raises `VCenterUnavailable`: nothing happened.
- A read of `reads.REPEATABLE` is asked again while the server is away, within its deadline.
- A call that an ended session refused, which did nothing, is made again after a new login; see `logins.py`.
- Every other call is sent once. Right before a changing call its connection is seen to be alive, in a `burst` by the
  answer to the call before; when its answer is lost, it raises `OutcomeUnknown`.
- Nothing is repeated before the server has answered once: a refused first connection is an answer too.
- A fault comes out as pyVmomi's fault; `faults.translated` is for the caller.
"""

from __future__ import annotations

import functools
import http.client
import random
import re
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any
from xml.parsers.expat import ExpatError

from pyVmomi import vim
from pyVmomi.SoapAdapter import COOKIE_NAME, SoapStubAdapterBase

from vsphere_motion.errors import MotionError, ProtocolError, SessionEnded, Unreachable, VCenterFault
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.vcenter import reads
from vsphere_motion.vcenter.call import Call, Read, operation
from vsphere_motion.vcenter.connection import BodyReader, VCenterConnection
from vsphere_motion.vcenter.deadline import Deadline, no_answer, timely
from vsphere_motion.vcenter.faults import outcome_unknown, translate
from vsphere_motion.vcenter.logins import MAX_RENEWALS, Logins
from vsphere_motion.vcenter.pool import ConnectionPool
from vsphere_motion.vcenter.soap import NOT_UNDERSTOOD, Answer, NotAnAnswer, UnknownFault, read_answer
from vsphere_motion.vcenter.tls import Trust, TrustRules, untrusted

if TYPE_CHECKING:
    from logging import Logger

    from vsphere_motion.vcenter.bulk_answer import BulkReader, TimedBody

PATH = "/sdk"
TRIES = 4
FIRST_PAUSE_S = 0.1
FRESH_S = 5.0
"""A connection that answered this short ago needs no probe before a call that changes nothing."""

BURST_FRESH_S = 1.0
"""In a burst a connection that answered this short ago needs no probe before a changing call either."""

_AWAY = frozenset({429, 502, 503, 504})
_HINT_STARTING = "vCenter's service may be starting; try again."
_COOKIE = re.compile(rf'\s*{COOKIE_NAME}=("[^"]*"|[^;\s]*)')


class Stub(SoapStubAdapterBase):
    """Sends the calls of one session; threads may share it.

    Args:
        version: pyVmomi's name of the API version to speak.

    Attributes:
        logins: how to log in again; None before the first login.
        path: where on the server the calls go.
    """

    path = PATH

    def __init__(self, endpoint: Endpoint, rules: TrustRules, *, version: str) -> None:
        super().__init__(version=version)  # type: ignore[no-untyped-call]  # pyVmomi has no types
        self.requestContext: dict[str, str] | None = None  # read by pyVmomi's SerializeRequest
        self._endpoint = endpoint
        self._rules = rules
        self._pool = ConnectionPool()
        self._cookie = ""
        self._local = threading.local()
        self._closed = threading.Event()
        self._has_answered = False
        self.logins: Logins | None = None

    def __repr__(self) -> str:
        return f"Stub({self._endpoint.address})"

    def __deepcopy__(self, memo: object) -> Stub:
        return self

    @property
    def endpoint(self) -> Endpoint:
        """The server, and how it is reached."""
        return self._endpoint

    @property
    def trust(self) -> Trust:
        """What makes us believe that the server is the right one."""
        return self._rules.trust

    @property
    def cookie(self) -> str:
        """The server's mark of our session, logged in or not; empty before its first answer. It is a secret."""
        return self._cookie

    @cookie.setter
    def cookie(self, value: str) -> None:
        self._cookie = value

    def speak(self, version: str) -> None:
        """Speak this API version from now on, by pyVmomi's name of it; never an older one than before."""
        self.ComputeVersionInfo(version)  # type: ignore[no-untyped-call]  # pyVmomi has no types

    @contextmanager
    def timeout(self, seconds: float, *, tries: int = TRIES) -> Iterator[None]:
        """Give each call of this thread in the block this deadline instead of the endpoint's.

        Args:
            tries: how often a read is asked at most.
        """
        before = self._timeout_s, self._tries
        self._local.timeout_s, self._local.tries = seconds, tries
        try:
            yield
        finally:
            self._local.timeout_s, self._local.tries = before

    def patience(self) -> Callable[[], AbstractContextManager[None]]:
        """What gives the calls of another thread the deadlines that this thread's have."""
        return functools.partial(self.timeout, self._timeout_s, tries=self._tries)

    @contextmanager
    def burst(self) -> Iterator[None]:
        """Let the answers to this thread's calls in the block show that the next ones arrive, instead of probes."""
        before = self._fresh_s
        self._local.fresh_s = BURST_FRESH_S
        try:
            yield
        finally:
            self._local.fresh_s = before

    def close(self) -> None:
        """Close the idle connections; calls from now on are refused."""
        self._closed.set()
        self._pool.close()

    def InvokeMethod(self, mo: Any, info: Any, args: Any, outerStub: object = None) -> Any:  # noqa: N802, N803 - pyVmomi's names
        """Send one call, as pyVmomi asks for it.

        Raises:
            vmodl.MethodFault: vCenter refused the call.
            MotionError: there is no answer, or none that is understood.
        """
        return self.ask(mo, info, args)

    def ask(self, managed: Any, method: Any, arguments: Sequence[Any], *, read: Read = read_answer) -> Any:
        """What a method of a managed object returns.

        Args:
            method: pyVmomi's description of it.
            read: reads the answer; pyVmomi does it unless another reader is given.

        Raises:
            vmodl.MethodFault: vCenter refused the call.
            MotionError: there is no answer, or none that is understood.
        """
        if self._closed.is_set():
            raise SessionEnded(
                f"Could not call {method.wsdlName} on {self._endpoint.address}: this session was closed."
            )
        call = self._call(managed, method, arguments, Deadline(self._timeout_s), read)
        answer = self._ask_in_session(call)
        if answer.is_fault:
            raise answer.value
        return answer.value

    def understand(self, method: Any, body: TimedBody, *, read: BulkReader) -> Any:
        """What an answer to `method` returns that another call of `ask` has kept; it raises what `ask` would."""
        call = Call(
            method=method, server=self._endpoint.address, request=b"", deadline=Deadline(self._timeout_s), read=read
        )
        with self._understanding(call, http.HTTPStatus.OK):
            answer = read(self, method, body)
        if answer.is_fault:
            raise answer.value
        return answer.value

    @property
    def _timeout_s(self) -> float:
        return float(getattr(self._local, "timeout_s", self._endpoint.call_timeout_s))

    @property
    def _tries(self) -> int:
        return int(getattr(self._local, "tries", TRIES))

    @property
    def _fresh_s(self) -> float:
        """How long ago a connection may have answered that needs no probe before a changing call."""
        return float(getattr(self._local, "fresh_s", 0.0))

    def _call(
        self, managed: Any, method: Any, arguments: Sequence[Any], deadline: Deadline, read: Read = read_answer
    ) -> Call:
        request = self.SerializeRequest(managed, method, arguments)  # type: ignore[no-untyped-call]  # pyVmomi has no types
        return Call(method=method, server=self._endpoint.address, request=request, deadline=deadline, read=read)

    def _ask_in_session(self, call: Call) -> Answer:
        """The answer; a call that an ended session refused is made again after a new login, within its deadline."""
        logins = self.logins
        for _ in range(MAX_RENEWALS if logins is not None and reads.is_renewing(call.name) else 0):
            assert logins is not None
            seen = logins.count
            answer = self._ask_as_often_as_allowed(call)
            if not _is_session_over(answer) or not logins.renew(seen, call.deadline):
                return answer
        return self._ask_as_often_as_allowed(call)

    def _ask_as_often_as_allowed(self, call: Call) -> Answer:
        return self._ask_until_answered(call) if reads.is_repeatable(call.name) else self._ask(call)

    def _ask_until_answered(self, call: Call) -> Answer:
        for attempt in range(self._tries - 1):
            try:
                return self._ask(call)
            except Unreachable as lost:
                pause_s = _pause_s(attempt)
                if not self._has_answered or pause_s >= call.deadline.left_s:
                    raise
                _logger().warning("%s; asking again in %.1f s", lost.message, pause_s)
                if self._closed.wait(pause_s):
                    raise
        return self._ask(call)

    def _ask(self, call: Call) -> Answer:
        connection = self._live_connection(call)
        if call.deadline.left_s <= 0:
            self._pool.give_back(connection)
            raise translate(no_answer(call.deadline), what=call.what)
        answer = self._exchange(call, connection)
        self._pool.give_back(connection)
        return answer

    def _live_connection(self, call: Call) -> VCenterConnection:
        """A connection that was seen alive: an idle one may have been cut by a load balancer without a word.

        Before a changing call the service behind it is seen alive as well, so that a vCenter that is away leaves no
        outcome unknown.
        """
        connection = self._pool.take()
        if connection is not None and (self._is_fresh(connection, call) or self._answers(connection, call.deadline)):
            return connection
        connection = self._connect(call)
        if call.is_changing:
            self._probe(connection, call.deadline)
        return connection

    def _is_fresh(self, connection: VCenterConnection, call: Call) -> bool:
        return connection.idle_s < (self._fresh_s if call.is_changing else FRESH_S)

    def _answers(self, connection: VCenterConnection, deadline: Deadline) -> bool:
        try:
            self._probe(connection, deadline)
        except MotionError:
            return False
        return connection.is_usable

    def _probe(self, connection: VCenterConnection, deadline: Deadline) -> None:
        service = vim.ServiceInstance("ServiceInstance", self)
        method = service._GetMethodInfo("CurrentTime")
        limit_s = min(self._endpoint.connect_timeout_s, deadline.left_s / 2)
        with operation(None):
            self._exchange(self._call(service, method, (), Deadline(limit_s)), connection)

    def _connect(self, call: Call) -> VCenterConnection:
        endpoint = self._endpoint
        deadline = call.deadline.within(endpoint.connect_timeout_s)
        what = f"connect to {endpoint.host}:{endpoint.port}"
        try:
            return VCenterConnection(endpoint, self._rules, deadline)
        except ssl.SSLCertVerificationError as failure:
            raise untrusted(endpoint, failure) from failure
        except OSError as failure:
            raise translate(timely(failure, deadline), what=what) from failure

    def _exchange(self, call: Call, connection: VCenterConnection) -> Answer:
        try:
            answer = self._read(call, self._post(call, connection))
        except BaseException:
            connection.close()
            raise
        self._has_answered = True
        return answer

    def _post(self, call: Call, connection: VCenterConnection) -> http.client.HTTPResponse:
        try:
            response = connection.post(
                self.path, call.request, self._headers(call), call.deadline, is_changing=call.is_changing
            )
        except (OSError, http.client.HTTPException) as failure:
            raise self._lost(call, failure) from failure
        if call.name in reads.SESSION or not self._cookie:
            self._take_cookie(response)
        return response

    def _take_cookie(self, response: http.client.HTTPResponse) -> None:
        """Only a login changes the session: another thread's late answer must not bring back the one before it."""
        for header in response.headers.get_all("Set-Cookie", ()):
            if (match := _COOKIE.match(header)) is not None:
                self._cookie = match.group(1)

    def _headers(self, call: Call) -> dict[str, str]:
        headers = {
            "Accept-Encoding": "gzip, deflate",
            "Content-Type": "text/xml; charset=UTF-8",
            "SOAPAction": self.versionId,
            "User-Agent": "vsphere-motion",
        }
        if not self._cookie or self._is_new_login(call):
            return headers
        return headers | {"Cookie": f"{COOKIE_NAME}={self._cookie}"}

    def _is_new_login(self, call: Call) -> bool:
        """A login in a session that goes on would be refused, so a new one asks for a session of its own."""
        return call.name in reads.SESSION and self.logins is not None and self.logins.count > 0

    def _read(self, call: Call, response: http.client.HTTPResponse) -> Answer:
        if response.status not in {200, 500}:
            raise self._refused(call, response)
        with self._understanding(call, response.status):
            body = BodyReader(response, call.deadline)
            answer = call.read(self, call.method, body)
            body.drain()
        return answer

    @contextmanager
    def _understanding(self, call: Call, status: int) -> Iterator[None]:
        """A block that reads an answer; what goes wrong in it is an error of ours."""
        try:
            yield
        except UnknownFault as fault:
            raise VCenterFault(f"Could not {call.what}: {fault.message}", fault_kind=fault.kind) from fault
        except (OSError, http.client.HTTPException) as failure:
            raise self._lost(call, failure) from failure
        except NOT_UNDERSTOOD as failure:
            raise self._not_understood(call, status, failure) from failure

    def _not_understood(self, call: Call, status: int, failure: Exception) -> MotionError:
        words = f"the answer (HTTP {status}) is not understood: {failure}"
        if call.is_changing:
            return outcome_unknown(call.what, words)
        if status == http.HTTPStatus.INTERNAL_SERVER_ERROR and self._has_answered and _is_no_soap(failure):
            return Unreachable(f"Could not {call.what}: {words}", hint=_HINT_STARTING)
        return ProtocolError(
            f"Could not {call.what}: {words}",
            hint="Check that this is the address of a vCenter. A newer vCenter may need a newer pyvmomi.",
        )

    def _lost(self, call: Call, failure: Exception) -> MotionError:
        """The error for an answer that did not come whole; the other idle connections are as sick as this one."""
        self._pool.drop()
        return translate(timely(failure, call.deadline), what=call.what, changing=call.is_changing)

    def _refused(self, call: Call, response: http.client.HTTPResponse) -> MotionError:
        words = f"the server answered HTTP {response.status} {response.reason}"
        if call.is_changing and response.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            return outcome_unknown(call.what, words)
        if response.status in _AWAY:
            return Unreachable(f"Could not {call.what}: {words}", hint=_HINT_STARTING)
        return ProtocolError(
            f"Could not {call.what}: {words}", hint="This is not the address of a vCenter, or something answers for it."
        )


def _pause_s(attempt: int) -> float:
    jitter = random.SystemRandom().uniform(0.5, 1.0)
    return float(FIRST_PAUSE_S * 2**attempt * jitter)


def _is_session_over(answer: Answer) -> bool:
    return answer.is_fault and isinstance(answer.value, vim.fault.NotAuthenticated)


def _is_no_soap(failure: Exception) -> bool:
    """Whether it is an error page of something in front of vCenter, and not an answer that we do not understand."""
    return isinstance(failure, (ExpatError, NotAnAnswer))


def _logger() -> Logger:
    """Imported when something is logged: most connections have nothing to say, and start faster without it."""
    import logging

    return logging.getLogger(__name__)
