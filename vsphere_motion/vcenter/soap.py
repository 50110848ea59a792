"""Reading one SOAP answer: pyVmomi builds the objects, this file looks whether it was an answer at all.

pyVmomi takes any well-formed XML for an answer and returns None (seen with 9.1.1); a document type declaration, which
SOAP forbids, would let an answer grow by entities.
"""

from __future__ import annotations

import zlib
from typing import Any, NamedTuple, Protocol
from xml.parsers.expat import ExpatError

from pyVmomi.SoapAdapter import XMLNS_SOAPENV, SoapResponseDeserializer
from pyVmomi.VmomiSupport import F_OPTIONAL, DataObject, ManagedObject

from vsphere_motion.vcenter.property_types import is_one_of, is_whole

NOT_UNDERSTOOD = (ExpatError, zlib.error, LookupError, TypeError, AttributeError, ValueError)
"""What pyVmomi 9.1.1 raises on an answer that it does not understand: broken XML, an unknown enum value, type, field
or fault, a value of the wrong type. Only `read_answer` may raise these."""

_ENVELOPE = f"{XMLNS_SOAPENV} Envelope"


class Body(Protocol):
    """The bytes of an answer."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; empty at the end."""


class NotAnAnswer(ValueError):
    """Well-formed XML that is not an answer to the call."""


class UnknownFault(Exception):
    """The call was refused with a fault that pyVmomi does not know in full, such as one of a newer vCenter.

    Args:
        kind: the fault's class, as far as it could be read.
        message: vCenter's own words.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(kind, message)
        self.kind = kind
        self.message = message


class Answer(NamedTuple):
    """What came back.

    Args:
        value: the result, or the fault if `is_fault`.
    """

    value: Any
    is_fault: bool


def read_answer(stub: Any, method: Any, body: Body) -> Answer:
    """The answer to a call of `method` (pyVmomi's description of it).

    Raises:
        UnknownFault: a fault that pyVmomi does not know.
        NotAnAnswer: well-formed, and not an answer to this call.
        OSError, http.client.HTTPException, or one of `NOT_UNDERSTOOD`.
    """
    reader: Any = _AnswerReader(stub, method.wsdlName, body)
    try:
        value = reader.Deserialize(reader, method.result)
    except (LookupError, AttributeError, TypeError) as error:
        if reader.isFault and reader.msg:
            raise UnknownFault(reader.fault_kind or str(error.args[0]), reader.msg) from error
        raise
    if reader.isFault:
        return Answer(value=_require_fault(value), is_fault=True)
    reader.require_answer()
    _require_type(method, value)
    if not is_whole(value):
        raise NotAnAnswer("a part of it is missing that the API requires")
    return Answer(value=value, is_fault=False)


class _AnswerReader(SoapResponseDeserializer):
    """pyVmomi's reader, which also remembers whether it saw an envelope and the right answer in it.

    It is the file that the parser reads from as well: the first `read` comes when the parser exists.
    """

    def __init__(self, stub: Any, method: str, body: Body) -> None:
        super().__init__(stub)  # type: ignore[no-untyped-call]
        self.isFault = False
        self.msg = ""
        self._body = body
        self._answer_tag = f"{method}Response"
        self._root: str | None = None
        self._has_answer = False

    def read(self, size: int) -> bytes:
        self.parser.StartDoctypeDeclHandler = _refuse_doctype
        return self._body.read(size)

    def StartElementHandler(self, tag: str, attributes: Any) -> None:  # noqa: N802 - pyVmomi's name
        self._root = self._root or tag
        name = tag.rpartition(" ")[2]
        if name.endswith("Response") and name != self._answer_tag:
            raise NotAnAnswer(f"it is a {name} instead of a {self._answer_tag}")
        self._has_answer = self._has_answer or name == self._answer_tag
        super().StartElementHandler(tag, attributes)  # type: ignore[no-untyped-call]

    @property
    def fault_kind(self) -> str:
        """The class of the fault that is being read; empty if pyVmomi has none for it."""
        stack = getattr(self.deser, "stack", ())
        return str(getattr(type(stack[0]), "_wsdlName", "")) if stack else ""

    def require_answer(self) -> None:
        if self._root != _ENVELOPE or not self._has_answer:
            raise NotAnAnswer("it is XML, and not a SOAP answer")


def _refuse_doctype(*_: object) -> None:
    raise NotAnAnswer("it has a document type declaration, which SOAP forbids")


def _require_fault(value: Any) -> Exception:
    if isinstance(value, Exception):
        return value
    raise NotAnAnswer(f"it is a fault that carries a {type(value).__name__}")


def _require_type(method: Any, value: Any) -> None:
    expected = method.result
    if value is None:
        if expected is not type(None) and not method.resultFlags & F_OPTIONAL:
            raise NotAnAnswer("it is empty")
    elif not _is_result(expected, value):
        raise NotAnAnswer(f"it holds a {type(value).__name__} instead of a {expected.__name__}")


def _is_result(expected: Any, value: Any) -> bool:
    is_exact = issubclass(expected, (ManagedObject, DataObject))
    return isinstance(value, expected) if is_exact else is_one_of(expected, value)
