"""What a check may look at besides the snapshot: privileges, clocks, earlier moves, measured dirty rates.

Rules of this file: each part is a tuple of what is known. The default, an empty tuple, means that there is nothing to
say; None means that it was asked for and could not be had, which every check that needs it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from vsphere_motion.model.keepsakes import NOTHING_KNOWN, Vocabulary
from vsphere_motion.model.refs import MoRef, NamedRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """What the account may not do on one object.

    Args:
        object: where the privileges are missing. One that is neither part of the move nor a folder, datacenter or
            root of the inventory concerns other moves.
        privileges: such as `Resource.HotMigrate`; () if nothing is missing, None if it could not be asked.
    """

    object: NamedRef
    privileges: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentMove:
    """A move that this program's journal knows of.

    Args:
        ended_at: when it ended, by vCenter's clock.
        run: the run it belonged to.
    """

    vm: MoRef
    ended_at: datetime
    source: NamedRef | None = None
    destination: NamedRef | None = None
    run: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """How far a host's clock is ahead of vCenter's, negative if behind; None if it could not be read."""

    host: MoRef
    ahead_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VmLimits:
    """The most that a host lets a VM have; None where it would not say, 0 where it tells no limit."""

    host: MoRef
    max_video_bytes: int | None
    max_cores_per_socket: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DirtyRate:
    """How fast a VM was seen to write to its memory, in bits per second; None if it could not be told."""

    vm: MoRef
    rate_bps: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The inputs of the checks that are no part of the inventory.

    Args:
        lacking: for `permissions.missing`: one entry for each object where something is missing or unknown.
        recent_moves: for `history.recent`.
        clocks: for `time.skew`; a host without an entry was not asked for.
        vm_limits: for `limits`; a host without an entry was not asked for.
        dirty_rates: for `memory.dirty-rate`; a VM without an entry is judged by its active memory.
        vocabulary: for `keepsakes`: what another vCenter knows of tags and custom attributes.
        cool_down_s: how long a VM should rest after a move.
        is_rebalancing: whether nobody named the VMs, so that moving one again within its rest is refused.
    """

    lacking: tuple[Lacking, ...] | None = ()
    recent_moves: tuple[RecentMove, ...] | None = ()
    clocks: tuple[ClockReading, ...] | None = ()
    vm_limits: tuple[VmLimits, ...] | None = ()
    dirty_rates: tuple[DirtyRate, ...] | None = ()
    vocabulary: Vocabulary = NOTHING_KNOWN
    cool_down_s: float = 900.0
    is_rebalancing: bool = False


NOTHING = Surroundings()
