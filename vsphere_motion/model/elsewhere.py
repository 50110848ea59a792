"""References to objects of another vCenter than the one a move begins in.

References are unique within one vCenter only, and two of the same layout have the same ones. An object of the other
vCenter is therefore written `moid@INSTANCE-UUID` wherever both are spoken of: in moves, plans and the journal. Rules of
this file: no call to a vCenter gets a marked reference; `here` takes the mark off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, cast

from vsphere_motion.model.refs import MoRef

T = TypeVar("T")

_AT = "@"


def elsewhere(value: T, vcenter: str) -> T:
    """The same value, with every reference in it marked as the other vCenter's.

    Args:
        vcenter: instance UUID of that vCenter.
    """

    def mark(ref: MoRef) -> MoRef:
        return ref if is_elsewhere(ref) else MoRef(kind=ref.kind, moid=f"{ref.moid}{_AT}{vcenter}")

    return cast(T, _changed(value, mark))


def here(ref: MoRef) -> MoRef:
    """The reference as its own vCenter knows it."""
    return MoRef(kind=ref.kind, moid=ref.moid.partition(_AT)[0]) if is_elsewhere(ref) else ref


def home(value: T) -> T:
    """The same value, with the mark taken off every reference in it."""
    return cast(T, _changed(value, here))


def is_elsewhere(ref: MoRef) -> bool:
    """Whether the reference is another vCenter's."""
    return _AT in ref.moid


def _changed(value: Any, change: Callable[[MoRef], MoRef]) -> Any:
    """The value with each reference in it changed; itself where nothing is."""
    if isinstance(value, MoRef):
        return change(value)
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        changed = tuple(_changed(one, change) for one in value)
        return value if all(new is old for new, old in zip(changed, value, strict=True)) else changed
    if is_dataclass(value) and not isinstance(value, type):
        now = {field.name: getattr(value, field.name) for field in fields(value) if field.init}
        after = {name: _changed(one, change) for name, one in now.items()}
        return value if all(after[name] is now[name] for name in now) else type(value)(**after)
    return value
