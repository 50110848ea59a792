"""Frozen values to JSON data and back, driven by their type hints.

Rules of this file: the form is lossless (`from_json(type(v), to_json(v)) == v`), times are RFC 3339 in UTC, enums
are their values, tuples are arrays. Reading is strict: an unknown or missing key, or a value of another type, raises
`BadInput` with the path to it.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar

from vsphere_motion.errors import BadInput

T = TypeVar("T")


def to_json(value: object) -> Any:
    """JSON data (dicts, lists, strings, numbers, booleans, None) for a frozen value."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in fields(value)}
    if _is_record(type(value)):
        return {name: to_json(item) for name, item in zip(value._fields, value, strict=True)}  # type: ignore[attr-defined, call-overload]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, (tuple, list)):
        return [to_json(item) for item in value]
    return value


def format_time(value: datetime) -> str:
    """RFC 3339 in UTC with as many decimals as the value has, such as `2026-11-22T19:56:12Z`."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def from_json(kind: type[T], data: Any, *, path: str = "$") -> T:
    """The value of type `kind` that `to_json` made `data` from.

    Raises:
        BadInput: the data does not have the shape of `kind`; the message names the place.
    """
    return typing.cast(T, _decode(kind, data, path))


def problems_of(kind: Any, data: Any, *, path: str = "$") -> tuple[str, ...]:
    """Everything that keeps `from_json` from reading the data, one line for each place; empty if nothing does."""
    return tuple(_problems(kind, data, path))


def _problems(kind: Any, data: Any, path: str) -> Iterator[str]:
    origin, kinds = typing.get_origin(kind), typing.get_args(kind)
    if origin in {types.UnionType, typing.Union} and len(kinds) == 2 and type(None) in kinds:
        if data is not None:
            yield from _problems(next(one for one in kinds if one is not type(None)), data, path)
    elif origin is tuple and len(kinds) == 2 and kinds[1] is Ellipsis and isinstance(data, list):
        for number, item in enumerate(data):
            yield from _problems(kinds[0], item, f"{path}[{number}]")
    elif (is_dataclass(kind) or _is_record(kind)) and isinstance(data, Mapping):
        yield from _record_problems(typing.cast(type, kind), data, path)
    else:
        try:
            _decode(kind, data, path)
        except BadInput as problem:
            yield problem.message


def _record_problems(kind: type, data: Mapping[str, Any], path: str) -> Iterator[str]:
    known = _fields_of(kind)
    yield from (f"unknown key {path}.{name}" for name in sorted(set(map(str, data)) - set(known)))
    yield from (f"missing key {path}.{name}" for name in _required_of(kind) if name not in data)
    for name, item in data.items():
        if name in known:
            yield from _problems(known[name], item, f"{path}.{name}")


def _decode(kind: Any, data: Any, path: str) -> Any:
    origin = typing.get_origin(kind)
    if origin in {types.UnionType, typing.Union}:
        return _decode_union(typing.get_args(kind), data, path)
    if origin is tuple:
        return _decode_tuple(typing.get_args(kind), data, path)
    if is_dataclass(kind) or _is_record(kind):
        return _decode_record(typing.cast(type, kind), data, path)
    return _decode_scalar(kind, data, path)


def _decode_union(kinds: tuple[Any, ...], data: Any, path: str) -> Any:
    if data is None and type(None) in kinds:
        return None
    problems = []
    for kind in kinds:
        if kind is type(None):
            continue
        try:
            return _decode(kind, data, path)
        except BadInput as problem:
            problems.append(problem)
    raise problems[-1]


def _decode_tuple(kinds: tuple[Any, ...], data: Any, path: str) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise _wrong(path, "an array", data)
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_decode(kinds[0], item, f"{path}[{n}]") for n, item in enumerate(data))
    if len(kinds) != len(data):
        raise _wrong(path, f"an array of {len(kinds)}", data)
    return tuple(_decode(kind, item, f"{path}[{n}]") for n, (kind, item) in enumerate(zip(kinds, data, strict=True)))


def _decode_record(kind: type, data: Any, path: str) -> Any:
    if not isinstance(data, Mapping):
        raise _wrong(path, "an object", data)
    known = _fields_of(kind)
    extra = sorted(set(data) - set(known))
    if extra:
        raise BadInput(f"unknown key {path}.{extra[0]}")
    missing = [name for name in _required_of(kind) if name not in data]
    if missing:
        raise BadInput(f"missing key {path}.{missing[0]}")
    return kind(**{name: _decode(known[name], item, f"{path}.{name}") for name, item in data.items()})


def _is_record(kind: Any) -> bool:
    """Whether it is a named tuple, which is written like a dataclass."""
    return isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields")


@cache
def _fields_of(kind: type) -> dict[str, Any]:
    """The type of each field, by its name."""
    hints = typing.get_type_hints(kind)
    names = kind._fields if _is_record(kind) else [f.name for f in fields(kind)]  # type: ignore[attr-defined]
    return {name: hints[name] for name in names}


@cache
def _required_of(kind: type) -> tuple[str, ...]:
    """The fields that have no default."""
    if _is_record(kind):
        return tuple(name for name in kind._fields if name not in kind._field_defaults)  # type: ignore[attr-defined]
    return tuple(f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING)


def _decode_scalar(kind: Any, data: Any, path: str) -> Any:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _decode_enum(kind, data, path)
    if kind is datetime:
        return _decode_time(data, path)
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if not isinstance(data, kind) or (isinstance(data, bool) and kind is not bool):
        raise _wrong(path, kind.__name__, data)
    return data


def _decode_enum(kind: type[Enum], data: Any, path: str) -> Enum:
    try:
        return kind(data)
    except ValueError:
        raise _wrong(path, "one of " + ", ".join(str(member.value) for member in kind), data) from None


def _decode_time(data: Any, path: str) -> datetime:
    try:
        value = datetime.fromisoformat(data)
    except (TypeError, ValueError):
        raise _wrong(path, "a time such as 2026-11-22T19:56:12Z", data) from None
    if value.tzinfo is None:
        raise _wrong(path, "a time with a zone", data)
    return value.astimezone(UTC)


def _wrong(path: str, wanted: str, data: Any) -> BadInput:
    shown = repr(data)
    return BadInput(f"{path} is {shown[:60]}{'...' if len(shown) > 60 else ''}, expected {wanted}")
