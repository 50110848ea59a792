"""Every failure of a call, by one table, as one of our errors; and a fault of vCenter as data.

`translate` is the table. `translated` is how the rest of `vcenter/` uses it:

    with translated("start the relocation of web01 (vm-12)"):
        task = vm.RelocateVM_Task(spec)

`what` is what was tried, as words that go on from "Could not". A fault is an answer: the call was refused and nothing
was done. A lost answer to a changing call is `OutcomeUnknown`; `stub.py` sees to that.

`raise_for_missing` looks at the `missingSet` of a read: an ended session answers a read of properties with an empty
result and no exception (seen with pyvmomi 9.1.1 on vcsim), so every reader calls it before it believes a result.
"""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.parsers.expat import ExpatError

from pyVmomi import vim, vmodl
from pyVmomi.VmomiSupport import ManagedObject

from vsphere_motion.errors import (
    CallTimeout,
    CertificateUntrusted,
    LoginRefused,
    MotionError,
    OutcomeUnknown,
    PermissionMissing,
    ProtocolError,
    SessionEnded,
    Unreachable,
    VCenterFault,
    VCenterUnavailable,
)

if TYPE_CHECKING:
    from vsphere_motion.model.refs import MoRef
    from vsphere_motion.model.task import Fault

_HINT_SESSION = "Run the command again: it logs in anew. `vsphere-motion status` shows the moves that go on."
_HINT_LOGIN = (
    "Check the user name (user@domain) and the password. It is taken from the first of --password-stdin, the "
    "environment (VSPHERE_MOTION_PASSWORD, VMWARE_PASSWORD, GOVC_PASSWORD, VSPHERE_PASSWORD), the password_command of "
    "the context, the keyring (vsphere-motion login HOST), a prompt. Do not try it many times: vCenter locks an "
    "account, by default for 15 minutes after 5 refusals in 3 minutes."
)
_HINT_PERMISSION = "Ask a vCenter administrator for the privileges named."
_HINT_TRUST = "Trust its authority with --ca-file FILE, or this certificate with --thumbprint SHA256."
_HINT_REACH = "Check the name, the port and the way to it (firewall, VPN), and whether vCenter is up."
_HINT_NAME = "Check the spelling, and that this machine's name server knows it; an address works too."
_HINT_TIMEOUT = "Try again, or allow more time with --call-timeout SECONDS."
_HINT_PROTOCOL = "Check that this is the address of a vCenter, and that no proxy or portal answers for it."
_HINT_UNKNOWN = "Look at the recent tasks of the object in vCenter before asking again."
_CLOSED = "the connection was closed"
_MAX_DEPTH = 5
_OWN_FIELDS = {"msg", "dynamicType", "dynamicProperty", "faultCause", "faultMessage"}


class _Row(NamedTuple):
    """One kind of failure, the error it becomes, and what is said of it (None: its own words); a fault's words win.

    Args:
        may_pass: whether waiting may help, though the error as such does not say so.
    """

    failure: type[BaseException]
    error: type[MotionError]
    hint: str | None = None
    words: str | None = None
    may_pass: bool = False


_TABLE = (
    # answers: the call was refused, nothing was done
    _Row(failure=vim.fault.NotAuthenticated, error=SessionEnded, hint=_HINT_SESSION, words="vCenter ended the session"),
    _Row(failure=vim.fault.InvalidLogin, error=LoginRefused, hint=_HINT_LOGIN),
    _Row(failure=vim.fault.NoPermission, error=PermissionMissing, hint=_HINT_PERMISSION),
    _Row(failure=vmodl.MethodFault, error=VCenterFault),
    # no answer
    _Row(failure=ssl.SSLCertVerificationError, error=CertificateUntrusted, hint=_HINT_TRUST),
    _Row(failure=ssl.SSLEOFError, error=Unreachable, hint=_HINT_REACH, words=_CLOSED),
    # whatever answers there while a vCenter restarts may answer with an alert
    _Row(failure=ssl.SSLError, error=ProtocolError, hint=_HINT_PROTOCOL, may_pass=True),
    _Row(failure=socket.gaierror, error=Unreachable, hint=_HINT_NAME),
    _Row(failure=TimeoutError, error=CallTimeout, hint=_HINT_TIMEOUT),
    _Row(failure=ConnectionRefusedError, error=Unreachable, hint=_HINT_REACH, words="the connection was refused"),
    _Row(failure=http.client.RemoteDisconnected, error=Unreachable, hint=_HINT_REACH, words=_CLOSED),
    _Row(failure=BrokenPipeError, error=Unreachable, hint=_HINT_REACH, words=_CLOSED),
    _Row(failure=OSError, error=Unreachable, hint=_HINT_REACH),
    # an answer that is not understood
    _Row(failure=http.client.BadStatusLine, error=ProtocolError, hint=_HINT_PROTOCOL, words="the answer is not HTTP"),
    _Row(failure=http.client.HTTPException, error=ProtocolError, hint=_HINT_PROTOCOL),
    _Row(failure=ExpatError, error=ProtocolError, hint=_HINT_PROTOCOL),
)
_NOT_UNDERSTOOD = _Row(failure=Exception, error=ProtocolError, hint=_HINT_PROTOCOL)


def translate(failure: BaseException, *, what: str, changing: bool = False) -> MotionError:
    """The error that a failure is to the caller; one of ours stays as it is.

    Args:
        what: what was tried, as words that go on from "Could not".
        changing: whether the call changes something, so that without an answer its outcome is unknown.
    """
    if isinstance(failure, MotionError):
        return failure
    if isinstance(failure, vmodl.MethodFault):
        return _of_fault(failure, what)
    row = _row_of(failure) or _NOT_UNDERSTOOD
    words = row.words or _words_of(failure)
    if changing:
        return outcome_unknown(what, words)
    error = row.error(f"Could not {what}: {words}", hint=row.hint)
    if row.may_pass and isinstance(error, VCenterUnavailable):
        error.may_pass = True
    return error


def translated(what: str, *, changing: bool = False) -> AbstractContextManager[None]:
    """A block in which every failure of a call becomes one of our errors, `raise ... from` the failure.

    A defect of our own code in the block stays what it is. What pyVmomi raises on an answer that it does not understand
    (KeyError, TypeError, AttributeError) is a defect here: the stub has turned it into `ProtocolError` before.
    """
    return _Translation(what, changing=changing)


def outcome_unknown(what: str, words: str) -> OutcomeUnknown:
    """The error for a changing call that was sent and whose answer was lost."""
    return OutcomeUnknown(
        f"Could not learn whether vCenter did this: {what}. It was sent once, and the answer was lost: {words}",
        hint=_HINT_UNKNOWN,
    )


def fault_from(fault: Any) -> Fault:
    """A fault of vCenter, bare or in its localized wrapper, as data; nested faults are lines of `details`."""
    bare = _unwrapped(fault)
    from vsphere_motion.model.task import Fault

    return Fault(kind=_kind_of(bare), message=_message_of(fault), details=tuple(_detail_lines(bare, 0)))


def faults_from(fault: Any) -> tuple[tuple[MoRef | None, Fault], ...]:
    """A fault that is a list of faults, such as `NoCompatibleHost`, as its members; any other as itself.

    Returns:
        Each with the host that it is about where the list says so, else None.
    """
    bare = _unwrapped(fault)
    lists = [value for value in _own_values(bare) if isinstance(value, list) and value and _is_fault(value[0])]
    if not lists:
        return ((None, fault_from(fault)),)
    hosts = getattr(bare, "host", None)
    members = [member for members in lists for member in members]
    about: list[MoRef | None] = [None] * len(members)
    if isinstance(hosts, list) and len(hosts) == len(members):
        about = [_ref(host) for host in hosts]
    return tuple(
        (deeper or host, data)
        for host, member in zip(about, members, strict=True)
        for deeper, data in faults_from(member)
    )


def raise_for_missing(missing_set: Iterable[Any], *, what: str) -> tuple[tuple[str, Fault], ...]:
    """What a read left out: the path of the property, or the moid of the object, and why.

    Args:
        missing_set: the `missingSet` of an ObjectContent, an ObjectUpdate (paths) or a FilterUpdate (objects).
        what: what was tried, as words that go on from "Could not".

    Raises:
        SessionEnded: the session is over, and with it everything else in the answer is worth nothing.
    """
    missing = tuple(missing_set)
    for entry in missing:
        fault = _unwrapped(entry.fault)
        if isinstance(fault, vim.fault.NotAuthenticated):
            raise translate(fault, what=what) from fault
    return tuple((_name_of_missing(entry), fault_from(entry.fault)) for entry in missing)


class _Translation(AbstractContextManager[None]):
    def __init__(self, what: str, *, changing: bool) -> None:
        self._what = what
        self._changing = changing

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if failure is None or isinstance(failure, MotionError):
            return
        if _row_of(failure) is not None:
            raise translate(failure, what=self._what, changing=self._changing) from failure


def _row_of(failure: BaseException) -> _Row | None:
    if isinstance(failure, OSError) and failure.errno == errno.ETIMEDOUT:
        return _Row(failure=OSError, error=Unreachable, hint=_HINT_REACH, words="the peer is gone")
    return next((row for row in _TABLE if isinstance(failure, row.failure)), None)


def _words_of(failure: BaseException) -> str:
    if isinstance(failure, OSError) and failure.strerror:
        return failure.strerror
    words = str(failure)
    return words if isinstance(failure, (OSError, http.client.HTTPException)) else f"{type(failure).__name__}: {words}"


def _of_fault(fault: Any, what: str) -> MotionError:
    row = _row_of(fault)
    assert row is not None, "the table has a row for every fault"
    data = fault_from(fault)
    message = f"Could not {what}: {data.message or row.words or data.kind}"
    if row.error is VCenterFault:
        return VCenterFault(message, fault_kind=data.kind, details=data.details)
    return row.error(message, hint=row.hint, details=data.details)


def _unwrapped(fault: Any) -> Any:
    return fault.fault if isinstance(fault, vmodl.LocalizedMethodFault) else fault


def _message_of(fault: Any) -> str:
    wrapped = fault.localizedMessage if isinstance(fault, vmodl.LocalizedMethodFault) else None
    return wrapped or _unwrapped(fault).msg or ""


def _kind_of(fault: Any) -> str:
    return type(fault)._wsdlName if isinstance(fault, vmodl.MethodFault) else type(fault).__name__


def _detail_lines(fault: Any, depth: int) -> Iterator[str]:
    for message in fault.faultMessage or ():
        yield message.message or message.key
    yield from _field_lines(fault, depth)
    if fault.faultCause is not None:
        yield from _nested_lines("caused by", fault.faultCause, depth)


def _field_lines(fault: Any, depth: int) -> Iterator[str]:
    for field in fault._GetPropertyList():
        value = getattr(fault, field.name)
        if field.name in _OWN_FIELDS or value is None:
            continue
        for item in value if isinstance(value, list) else (value,):
            yield from _value_lines(field.name, item, depth)


def _own_values(fault: Any) -> Iterator[Any]:
    return (getattr(fault, one.name) for one in fault._GetPropertyList() if one.name not in _OWN_FIELDS)


def _is_fault(value: Any) -> bool:
    return isinstance(value, (vmodl.MethodFault, vmodl.LocalizedMethodFault))


def _ref(managed: Any) -> MoRef:
    from vsphere_motion.model.refs import MoRef

    return MoRef(kind=type(managed)._wsdlName, moid=managed._GetMoId())


def _value_lines(name: str, value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, (vmodl.MethodFault, vmodl.LocalizedMethodFault)):
        yield from _nested_lines(name, value, depth)
    elif isinstance(value, ManagedObject):
        yield f"{name}: {value._GetMoId()}"
    elif isinstance(value, vim.fault.NoPermission.EntityPrivileges):
        yield f"{name}: {', '.join(value.privilegeIds)} on {value.entity._GetMoId()}"
    elif isinstance(value, vim.cluster.RuleInfo):
        yield f"{name}: {value.name}"
    elif isinstance(value, (str, int, float)):
        yield f"{name}: {value}"


def _nested_lines(name: str, fault: Any, depth: int) -> Iterator[str]:
    bare = _unwrapped(fault)
    message = _message_of(fault)
    yield f"{name}: {_kind_of(bare)}: {message}" if message else f"{name}: {_kind_of(bare)}"
    if depth < _MAX_DEPTH:
        yield from _detail_lines(bare, depth + 1)


def _name_of_missing(entry: Any) -> str:
    return str(entry.path) if isinstance(entry, vmodl.query.PropertyCollector.MissingProperty) else entry.obj._GetMoId()
