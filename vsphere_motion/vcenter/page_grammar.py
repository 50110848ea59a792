"""What the parts of an answer to a read of properties mean: the objects in it, and the attributes of an element.

Rules of this file: what is not known for certain raises `NotKnown`; nothing is guessed. Namespaces are followed here
and not by the parser, which is faster without. What attributes mean is found out once for each text of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pyVmomi import vmodl
from pyVmomi.SoapAdapter import isDynamicType
from pyVmomi.VmomiSupport import GetCompatibleType, ManagedObject

from vsphere_motion.model.refs import MoRef
from vsphere_motion.vcenter.property_types import may_hold
from vsphere_motion.vcenter.value_forms import (
    VIM,
    DataStructure,
    Field,
    Finish,
    NotKnown,
    Structure,
    Target,
    field_of,
    form_of,
    plainly,
    type_named,
)

MAX_MEANINGS = 10_000
"""Texts of attributes that are remembered; the API has no more types than that."""

RESULT = "returnval"
_VALUE = Field("val", object)
"""The value of a property, the type of which an attribute tells."""

_DECLARATION = re.compile("xmlns(:(?!xml)[A-Za-z_][A-Za-z0-9_.-]*)?")
_URI = re.compile("[!-~]+")
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_QUERY = vmodl.query.PropertyCollector


class ObjectRead(NamedTuple):
    """One object of a page.

    Args:
        values: property path and value; Python's own type where pyVmomi has a subclass of it.
        unfit: paths whose value is not what the API declares.
        missing: pyVmomi's `MissingProperty` for each property that was withheld.
    """

    ref: MoRef
    values: dict[str, Any]
    unfit: Sequence[str]
    missing: Sequence[Any]


class Page(NamedTuple):
    """The objects of one answer, and how to ask for the next; no token at the end."""

    objects: Sequence[ObjectRead]
    token: str | None


class Scope:
    """The namespaces that are in force, and what was found out under them.

    Attributes:
        namespaces: by prefix; the empty prefix is for names without one.
        meanings: a field and its attributes, and what these make of it, in which scope.
    """

    __slots__ = ("inner", "meanings", "namespaces")

    def __init__(self, namespaces: dict[str, str]) -> None:
        self.namespaces = namespaces
        self.meanings: dict[tuple[Any, ...], tuple[Field, Scope]] = {}
        self.inner: dict[tuple[str, ...], Scope] = {}

    def within(self, attributes: Sequence[str]) -> Scope:
        """The scope inside an element with these attributes."""
        declared = {name: uri for name, uri in _pairs(attributes) if _is_declaration(name)}
        if not declared:
            return self
        if not all(map(self._may_declare, declared, declared.values())):
            raise NotKnown("a declaration of a namespace")
        key = tuple(attributes)
        if key not in self.inner:
            require_room(self.inner)
            self.inner[key] = Scope(
                {**self.namespaces, **{name.partition(":")[2]: uri for name, uri in declared.items()}}
            )
        return self.inner[key]

    def _may_declare(self, name: str, uri: str) -> bool:
        """What the parser would take as well, were it to follow namespaces.

        The API's namespace stays the one of names without a prefix: it is where pyVmomi looks for methods.
        """
        is_kept = name != "xmlns" or uri == VIM or self.namespaces[""] != VIM
        return is_kept and _DECLARATION.fullmatch(name) is not None and _URI.fullmatch(uri) is not None

    def split(self, name: str) -> tuple[str, str]:
        """The namespace and the rest of a name with or without a prefix."""
        prefix, _, local = name.rpartition(":")
        if prefix not in self.namespaces:
            raise NotKnown(f"prefix of {name}")
        return self.namespaces[prefix], local


class Grammar:
    """What is known of the answers of one server; pages that are decoded by the same grammar need not learn it anew.

    Args:
        stub: what the references in the answers belong to.
    """

    def __init__(self, stub: Any) -> None:
        self.outermost = Scope({"": ""})
        self.property = _Plain(Field("name", str, convert=_Paths().__getitem__), _VALUE)
        self.result = _result_field(self.property, stub.version)
        self._stub = stub

    def meaning(self, field: Field, attributes: Sequence[str], scope: Scope) -> tuple[Field, Scope]:
        """What these attributes make of a field, and the scope inside.

        Raises:
            NotKnown: one of the attributes, or what it says, is not known.
        """
        inner, is_value = scope.within(attributes), field is _VALUE
        said = said_by(attributes, inner)
        declared = self._declared(field, said.get("xsi"), inner)
        if said.get("kind") is not None:
            field = self._reference(field, declared, said["kind"], inner)
        elif declared is not field.declared:
            convert, structure = form_of(declared, self._stub.version, is_bare=_is_bare(field))
            field = field.holding(declared, convert=convert, structure=structure)
        if is_value:
            field = plainly(field)
            field = Field(declared, declared, convert=field.convert, structure=field.structure)
        return field, inner

    def _declared(self, field: Field, xsi: str | None, scope: Scope) -> Any:
        """The type of the value: the one that the element names, if it is one of those that may stand there."""
        if xsi is None or isDynamicType(field.declared):
            return field.declared
        named = type_named(*scope.split(xsi))
        fitting = GetCompatibleType(named, self._stub.version)
        if not issubclass(fitting, field.declared) or (field.repeats and issubclass(fitting, list)):
            raise NotKnown(f"{xsi} in {field.key}")
        return fitting

    def _reference(self, field: Field, declared: Any, kind: str, scope: Scope) -> Field:
        named = type_named(*scope.split(kind))
        if not issubclass(declared, ManagedObject) or not issubclass(named, declared):
            raise NotKnown(f"{kind} in {field.key}")
        return field.holding(declared, convert=_Objects(named, self._stub).__getitem__)


class _Paths(dict[str, str]):
    """The paths of properties: each of them once, though every object repeats them."""

    def __missing__(self, path: str) -> str:
        require_room(self)
        self[path] = path
        return path


class _Objects(dict[str, Any]):
    """The managed objects of one class by their identifiers: most are referred to many times."""

    def __init__(self, kind: Any, stub: Any) -> None:
        super().__init__()
        self._kind = kind
        self._stub = stub

    def __missing__(self, moid: str) -> Any:
        self[moid] = self._kind(moid, self._stub)
        return self[moid]


class _Plain(Structure):
    """Something of which a few fields are kept, and no object of pyVmomi's is made."""

    __slots__ = ("_lists",)

    def __init__(self, *fields: Field, needed: tuple[str, ...] = (), finish: Finish | None = None) -> None:
        super().__init__({field.key: field for field in fields}, needed, finish)
        self._lists = tuple(field.key for field in fields if field.repeats)

    def begin(self) -> tuple[Any, Target]:
        target: Target = {name: [] for name in self._lists} if self._lists else {}
        return target, target


def _result_field(one_property: Structure, version: str) -> Field:
    content = _Plain(
        Field("obj", ManagedObject),
        Field("propSet", _QUERY, repeats=True, structure=one_property),
        field_of("missingSet", _QUERY.MissingProperty, version, repeats=True),
        finish=_object_read,
    )
    result = _Plain(
        Field("objects", _QUERY, repeats=True, structure=content), Field("token", str, convert=str), finish=_page
    )
    return Field(RESULT, _QUERY, repeats=True, structure=result)


def _object_read(content: Target) -> ObjectRead:
    managed = content["obj"]
    ref = MoRef(kind=managed._wsdlName, moid=managed._moId)
    values: dict[str, Any] = {}
    for one in content["propSet"]:
        path = one.pop("name")
        for found, what in one.items():
            if path in values or not may_hold(ref.kind, path, found):
                raise NotKnown(f"{found.__name__} at {path}")
            values[path] = what
    return ObjectRead(ref, values, (), content["missingSet"])


def _page(result: Target) -> Page:
    return Page(objects=result["objects"], token=result.get("token"))


def _pairs(attributes: Sequence[str]) -> Iterator[tuple[str, str]]:
    return zip(attributes[::2], attributes[1::2], strict=True)


def _is_declaration(name: str) -> bool:
    return name == "xmlns" or name.startswith("xmlns:")


def said_by(attributes: Sequence[str], scope: Scope) -> dict[str, str]:
    """What attributes say: `xsi` is the type of the value, `kind` the type of the object that is referred to."""
    said: dict[str, str] = {}
    for name, text in _pairs(attributes):
        if _is_declaration(name):
            continue
        is_reference = name == "type"
        if not is_reference and (":" not in name or scope.split(name) != (_XSI, "type") or "xsi" in said):
            raise NotKnown(f"attribute {name}")
        said["kind" if is_reference else "xsi"] = text
    return said


def _is_bare(field: Field) -> bool:
    """Whether a fault stands there without its wrapper."""
    return type(field.structure) is DataStructure and issubclass(field.declared, Exception)


def require_room(remembered: dict[Any, Any]) -> None:
    if len(remembered) >= MAX_MEANINGS:
        raise NotKnown("too many different attributes")
