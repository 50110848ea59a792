"""How an object of vCenter is told apart (`MoRef`) and how people call it (`NamedRef`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class MoRef(NamedTuple):
    """A managed object reference: the identity of an object within one vCenter.

    Args:
        kind: the managed object type as the vSphere API spells it, such as `HostSystem`.
        moid: the managed object identifier, such as `host-21`.
    """

    kind: str
    moid: str

    def __str__(self) -> str:
        return self.moid


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedRef:
    """A reference with the name people know it by. Names may repeat; references do not."""

    ref: MoRef
    name: str

    @property
    def moid(self) -> str:
        """The managed object identifier."""
        return self.ref.moid

    def __str__(self) -> str:
        return f"{self.name} ({self.ref.moid})"


@dataclass(frozen=True, slots=True, kw_only=True)
class VmIdentity:
    """A virtual machine as it is known across hosts and vCenters.

    Args:
        ref: its reference in this vCenter.
        name: its name, for people.
        instance_uuid: vCenter's identifier of the VM, which survives a move between vCenters; None if unread.
    """

    ref: MoRef
    name: str
    instance_uuid: str | None

    @property
    def moid(self) -> str:
        """The managed object identifier."""
        return self.ref.moid

    def __str__(self) -> str:
        return f"{self.name} ({self.ref.moid})"
