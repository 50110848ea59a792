"""A move: one virtual machine, where it is and where it shall be."""

from __future__ import annotations

from dataclasses import dataclass

from vsphere_motion.model.refs import NamedRef, VmIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a VM is or shall be. None: unknown for a source, unchanged for a destination."""

    host: NamedRef | None
    pool: NamedRef | None = None
    folder: NamedRef | None = None
    datastores: tuple[NamedRef, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One VM to move from its source to its destination, resolved against one snapshot."""

    vm: VmIdentity
    source: Placement
    destination: Placement

    @property
    def is_noop(self) -> bool:
        """Whether the VM is already on its destination host."""
        source, destination = self.source.host, self.destination.host
        return source is not None and destination is not None and source.ref == destination.ref
