"""A site as placement sees it: rooms, loads, and who may go where. Everything is known; nothing is read here.

Hosts and loads are named by their place in the tuples, because placement looks at millions of pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

from vsphere_motion.model.refs import NamedRef, VmIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a host has for virtual machines.

    Args:
        memory_bytes, cpu_mhz: what all its VMs together may need; what is kept free for failures is taken off already.
        is_open: whether a VM may be placed there: not in maintenance, quarantine or standby, connected, not cordoned.
        link_bps: bandwidth of its vMotion network.
    """

    host: NamedRef
    memory_bytes: int
    cpu_mhz: int
    is_open: bool = True
    link_bps: int = 10_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A virtual machine as a load.

    Args:
        at: the room it is in.
        needs_bytes, needs_mhz: what a room must have for it to come; the limit of a room counts these.
        holds_bytes: what it holds of the room it is in, and frees by leaving; None: as much as it needs.
        uses_bytes, uses_mhz: what it is measured to use; evenness counts these.
        may_go: rooms it may move to, without its own; empty: it cannot move.
        memory_bytes: its configured memory, which a move sends.
    """

    vm: VmIdentity
    at: int
    needs_bytes: int
    needs_mhz: int
    uses_bytes: int
    uses_mhz: int
    may_go: frozenset[int] = frozenset()
    memory_bytes: int = 0
    holds_bytes: int | None = None

    def bytes_in(self, room: int) -> int:
        """What it takes of a room: at home what it holds, elsewhere what it needs."""
        return self.holds_bytes if room == self.at and self.holds_bytes is not None else self.needs_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Rooms, loads, and the rules between loads.

    Args:
        apart: loads of which no two may share a room.
        together: loads that must share one.
    """

    rooms: tuple[Room, ...]
    loads: tuple[Load, ...]
    apart: tuple[tuple[int, ...], ...] = ()
    together: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A load that goes to another room."""

    load: int
    source: int
    destination: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """A load for which no room was found, with the shortest reason for each room."""

    load: int
    reasons: tuple[tuple[int, str], ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """What placement found: where loads go, and which have nowhere to go. One load is in one shift at most."""

    shifts: tuple[Shift, ...] = ()
    stuck: tuple[Stuck, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A move of a plan: one load from one room to another, in its wave.

    Args:
        relies_on: steps, by their place in the order, that must have ended before this one starts.
        is_parking: the load goes on from there in a later step.
    """

    load: int
    source: int
    destination: int
    wave: int
    relies_on: tuple[int, ...] = ()
    is_parking: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Steps in the order in which they may start, and the shifts for which there is no safe order."""

    steps: tuple[Step, ...] = ()
    impossible: tuple[Shift, ...] = ()
