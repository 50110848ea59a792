"""Values of every type of the vSphere API, made by chance and written by pyVmomi, as a vCenter would send them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from random import Random
from typing import Any

from pyVmomi import SoapAdapter, VmomiSupport
from pyVmomi.VmomiSupport import F_LINK, F_OPTIONAL, DataObject, Enum, ManagedMethod, ManagedObject, Object, binary

from tests.unit.vcenter.pages import STUB

_VIM = "urn:vim25"
_DEPTH = 3
_TEXTS = ("", "web01", "a & b <c>", " two  spaces ", "é中", "line\nbreak", "0", "true")
_NUMBERS = (0, 1, -1, 127)
_MOIDS = ("vm-1", "host-7", "group-d1")
_VERSION = re.compile(' versionId="[^"]*"')
_METHODS = ("RelocateVM_Task", "PowerOnVM_Task")


@cache
def data_kinds() -> tuple[Any, ...]:
    """Every data object of the API."""
    named = sorted(name for namespace, name in VmomiSupport._wsdlDefMap if namespace == _VIM)
    kinds = [VmomiSupport.GetWsdlType(_VIM, name) for name in named]
    return tuple(kind for kind in kinds if issubclass(kind, DataObject))


def written(value: Any) -> str | None:
    """The value as a `val` element; None for one that lacks what the API requires."""
    info = Object(name="val", type=object, version=STUB.version, flags=0)
    names = {**SoapAdapter.SOAP_NSMAP, _VIM: ""}
    write: Any = SoapAdapter._SerializeToStr
    try:
        return _VERSION.sub("", str(write(value, info, STUB.version, names)))
    except TypeError:
        return None


def made(kind: Any, chance: Random, depth: int = _DEPTH) -> Any:
    """A value of one of pyVmomi's types; None where the type has none that can be sent."""
    if issubclass(kind, list):
        items = (made(kind.Item, chance, depth) for _ in range(chance.randint(0, 2)))
        return kind(item for item in items if item is not None)
    if issubclass(kind, DataObject):
        return _structure(kind, chance, depth) if depth else None
    if issubclass(kind, ManagedObject):
        return kind(chance.choice(_MOIDS), STUB)
    if issubclass(kind, Enum):
        return chance.choice(kind.values) if kind.values else None
    return _plain(kind, chance, depth)


def _structure(kind: Any, chance: Random, depth: int) -> Any:
    value = kind()
    for one in kind._GetPropertyList():
        is_optional = one.flags & F_OPTIONAL
        if one.name.startswith("dynamic") or one.flags & F_LINK or (is_optional and chance.random() < 0.3):
            continue
        inside = made(one.type, chance, depth - 1 if is_optional else max(1, depth - 1))
        if inside or (inside is not None and not isinstance(inside, list)):
            setattr(value, one.name, inside)
        elif issubclass(one.type, list) and not is_optional:
            setattr(value, one.name, one.type([made(one.type.Item, chance, 1)]))
    return value


def _plain(kind: Any, chance: Random, depth: int) -> Any:
    if kind is bool:
        return chance.random() < 0.5
    if kind is datetime:
        return datetime(2026, chance.randint(1, 12), 1, 12, 30, 15, chance.choice((0, 500_000)), tzinfo=UTC)
    if kind is binary:
        return kind(b"\x00\xff" * chance.randint(0, 3))
    if kind is ManagedMethod:
        return VmomiSupport.GetWsdlMethod(_VIM, chance.choice(_METHODS))
    if issubclass(kind, str):
        return kind(chance.choice(_TEXTS))
    if issubclass(kind, (int, float)):
        return kind(chance.choice(_NUMBERS))
    return made(chance.choice((str, int, bool)), chance, depth) if kind is object else None
