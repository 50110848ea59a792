"""Whether a value is what the API declares for a property, down to the structures inside it.

pyVmomi checks the fields of what it builds, but takes anything for the value of a property, and leaves a structure or a
reference that the API requires at None where it is missing (seen with 9.1.1.0). Such a value counts as unread; nothing
is concluded from it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

from pyVmomi import VmomiSupport
from pyVmomi.VmomiSupport import F_OPTIONAL, DataObject, ManagedObject

_VIM = "urn:vim25"
_KINDS = (ManagedObject, DataObject, datetime, bool, int, float, str)
"""The more special before the general: a bool is an int to Python."""

_NEEDED = (ManagedObject, DataObject, datetime)
"""What pyVmomi leaves at None; where a text or a number is required and missing, it is empty or 0."""


def fits(kind: str, path: str, value: Any) -> bool:
    """Whether `value` may be the property at `path` of an object of `kind`; a path that is not declared takes all."""
    return _test_of(kind, path)(value)


@cache
def _test_of(kind: str, path: str) -> Callable[[Any], bool]:
    declared: Any = VmomiSupport.GetWsdlType(_VIM, kind)
    for step in path.split("."):
        try:
            declared = declared._GetPropertyInfo(step).type
        except AttributeError:  # declared further down, in a subclass
            return is_whole
    return lambda value: is_one_of(declared, value) and is_whole(value)


def is_one_of(declared: Any, value: Any) -> bool:
    """Whether `value` is of the same sort as pyVmomi's type `declared`: a reference, a structure, a text, a list ..."""
    if issubclass(declared, list):
        return isinstance(value, list) and all(is_one_of(declared.Item, item) for item in value)
    wanted, found = _kind_of(declared), _kind_of(_class_of(value))
    return wanted is None or found is wanted


def is_whole(value: Any) -> bool:
    """Whether every structure, reference and time that the API requires is there, however deep."""
    if isinstance(value, list):
        return all(map(is_whole, value))
    if not isinstance(value, DataObject):
        return True
    needed, inside = _structures_of(_class_of(value))
    return all(getattr(value, name) is not None for name in needed) and all(
        is_whole(getattr(value, name)) for name in inside
    )


def _class_of(value: Any) -> Any:
    return type(value)


@cache
def _kind_of(declared: Any) -> type | None:
    return next((kind for kind in _KINDS if issubclass(declared, kind)), None)


@cache
def _structures_of(declared: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The fields that are required and of these sorts, and all those that hold structures."""
    fields = [(one.name, one.type, one.flags & F_OPTIONAL) for one in declared._GetPropertyList()]
    needed = tuple(name for name, kind, optional in fields if not optional and issubclass(kind, _NEEDED))
    inside = tuple(name for name, kind, _ in fields if issubclass(getattr(kind, "Item", kind), DataObject))
    return needed, inside
