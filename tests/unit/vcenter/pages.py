"""Answers to reads of properties, and what pyVmomi makes of them, to hold our own decoder against."""

from __future__ import annotations

from typing import Any

from pyVmomi import vmodl
from pyVmomi.VmomiSupport import DataObject, ManagedMethod, ManagedObject, UnknownManagedMethod, versionMap

from tests.sim.transport.canned import answer
from tests.unit.vcenter.test_body import length, response
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.vcenter.collector import page_of
from vsphere_motion.vcenter.connection import BodyReader
from vsphere_motion.vcenter.page_decoder import PageDecoder
from vsphere_motion.vcenter.page_grammar import Grammar, Page
from vsphere_motion.vcenter.soap import NOT_UNDERSTOOD, UnknownFault, read_answer
from vsphere_motion.vcenter.stub import Stub
from vsphere_motion.vcenter.tls import TrustRules
from vsphere_motion.vcenter.value_forms import NotKnown

STUB = Stub(
    Endpoint(host="vc01"), TrustRules(ca_pem=None, pin=None, insecure=False), version=versionMap["vim25/8.0.3.0"]
)
RETRIEVE = vmodl.query.PropertyCollector._GetMethodInfo("RetrievePropertiesEx")
CONTINUE = vmodl.query.PropertyCollector._GetMethodInfo("ContinueRetrievePropertiesEx")
_GRAMMAR = Grammar(STUB)


def objects(*contents: str, token: str = "") -> bytes:
    """An answer with these objects, each from its `obj` on."""
    told = f"<token>{token}</token>" if token else ""
    inside = "".join(f"<objects>{content}</objects>" for content in contents)
    return answer("RetrievePropertiesEx", f"<returnval>{told}{inside}</returnval>").body


def vm(properties: str, moid: str = "vm-1") -> str:
    """A virtual machine with these properties."""
    return f'<obj type="VirtualMachine">{moid}</obj>{properties}'


def prop(name: str, value: str) -> str:
    """A property; the value is a whole `val` element."""
    return f"<propSet><name>{name}</name>{value}</propSet>"


def body_of(text: bytes) -> BodyReader:
    """A body as it comes from a connection."""
    return BodyReader(response(text, length(text)))


def decoded(body: bytes, method: Any = RETRIEVE, *, step: int = 1000, grammar: Grammar = _GRAMMAR) -> Page | None:
    """What our decoder makes of it; None if it does not know."""
    decoder = PageDecoder(grammar, method.wsdlName)
    try:
        for start in range(0, len(body), step):
            decoder.feed(body[start : start + step])
        return decoder.finish()
    except (NotKnown, *NOT_UNDERSTOOD):
        return None


def by_pyvmomi(body: bytes, method: Any = RETRIEVE) -> Page | None:
    """What pyVmomi makes of it; None if it is no page to it."""
    try:
        result = read_answer(STUB, method, body_of(body))
    except (*NOT_UNDERSTOOD, UnknownFault):
        return None
    return None if result.is_fault or result.value is None else page_of(result.value)


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are the same down to the classes of everything in them; what pyVmomi has is not comparable."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(map(is_same, one.values(), other.values()))
    if isinstance(one, DataObject):
        return is_same(dict(sorted(vars(one).items())), dict(sorted(vars(other).items())))
    if isinstance(one, ManagedObject):
        return (one._moId, one._stub, one._serverGuid) == (other._moId, other._stub, other._serverGuid)
    if isinstance(one, UnknownManagedMethod):
        return bool(one.name == other.name)
    return one is other if isinstance(one, ManagedMethod) else bool(one == other or one != one)
