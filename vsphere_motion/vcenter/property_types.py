"""Whether a value is what the API declares for a property, down to the structures inside it.

pyVmomi checks the fields of what it builds, but takes anything for the value of a property, and leaves a structure or a
reference that the API requires at None where it is missing (seen with 9.1.1.0). Such a value counts as unread; nothing
is concluded from it.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from pyVmomi import VmomiSupport
from pyVmomi.VmomiSupport import F_OPTIONAL, DataObject, ManagedObject

_VIM = "urn:vim25"
_KINDS = (ManagedObject, DataObject, datetime, bool, int, float, str)
"""The more special before the general: a bool is an int to Python."""

_NEEDED = (ManagedObject, DataObject, datetime)
"""What pyVmomi leaves at None; where a text or a number is required and missing, it is empty or 0."""

_MOST_PATHS = 10_000
"""Remembered at once; the paths of an answer are the server's words."""


def fits(kind: str, path: str, value: Any) -> bool:
    """Whether `value` may be the property at `path` of an object of `kind`; a path that is not declared takes all."""
    declared = _declared_at(kind, path)
    return (declared is None or is_one_of(declared, value)) and is_whole(value)


@lru_cache(_MOST_PATHS)
def may_hold(kind: str, path: str, found: Any) -> bool:
    """Whether every whole value of pyVmomi's type `found` fits there."""
    declared = _declared_at(kind, path)
    if declared is not None and issubclass(declared, list):
        return issubclass(found, list) and _is_sort(declared.Item, found.Item)
    return declared is None or _is_sort(declared, found)


def is_one_of(declared: Any, value: Any) -> bool:
    """Whether `value` is of the same sort as pyVmomi's type `declared`: a reference, a structure, a text, a list ..."""
    if issubclass(declared, list):
        return isinstance(value, list) and all(is_one_of(declared.Item, item) for item in value)
    return _is_sort(declared, _class_of(value))


def is_whole(value: Any) -> bool:
    """Whether every structure, reference and time that the API requires is there, however deep."""
    if isinstance(value, list):
        return all(map(is_whole, value))
    if not isinstance(value, DataObject):
        return True
    needed, inside = structures_of(_class_of(value))
    return all(getattr(value, name) is not None for name in needed) and all(
        is_whole(getattr(value, name)) for name in inside
    )


def _class_of(value: Any) -> Any:
    return type(value)


@lru_cache(_MOST_PATHS)
def _declared_at(kind: str, path: str) -> Any:
    """pyVmomi's type of a property; None where it is declared further down, in a subclass."""
    declared: Any = VmomiSupport.GetWsdlType(_VIM, kind)
    for step in path.split("."):
        try:
            declared = declared._GetPropertyInfo(step).type
        except AttributeError:
            return None
    return declared


def _is_sort(declared: Any, found: Any) -> bool:
    wanted = _kind_of(declared)
    return wanted is None or _kind_of(found) is wanted


@cache
def _kind_of(declared: Any) -> type | None:
    return next((kind for kind in _KINDS if issubclass(declared, kind)), None)


@cache
def structures_of(declared: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The fields that are required and of these sorts, and all those that hold structures."""
    fields = [(one.name, one.type, one.flags & F_OPTIONAL) for one in declared._GetPropertyList()]
    needed = tuple(name for name, kind, optional in fields if not optional and issubclass(kind, _NEEDED))
    inside = tuple(name for name, kind, _ in fields if issubclass(getattr(kind, "Item", kind), DataObject))
    return needed, inside
