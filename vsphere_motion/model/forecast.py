"""What a move is expected to take, and what is known of moves that were made before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from vsphere_motion.model.refs import MoRef


class Basis(Enum):
    """Where the bandwidth of a forecast comes from, the best first."""

    PAIR = "pair"
    HOST = "host"
    OVERALL = "overall"
    LINK = "link"
    NONE = "none"


class Convergence(Enum):
    """Whether the pre-copy gains on the guest by itself, or vMotion slows the guest down so that it does."""

    YES = "yes"
    MAY_SLOW_GUEST = "may-slow-guest"
    SLOWS_GUEST = "slows-guest"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A value with the range in which it is expected: `low <= likely <= high`."""

    low: float
    likely: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveLoad:
    """What a move has to carry and over what, as it was read before the move; None is what was not read.

    Args:
        memory_bytes: configured memory.
        used_bytes: memory of the host that the VM takes; what was never touched is not sent.
        active_bytes: memory that the guest was seen to touch lately.
        link_bps: the slower of both ends' fastest vMotion links.
        links_bps: the slower of both ends' vMotion links taken together; `link_bps` where each end has one.
        is_live: whether memory is sent at all; None if the power state was not read.
        file_bytes: what is copied from datastore to datastore; 0 where no file moves, None if it was not read.
    """

    vm: MoRef
    source: MoRef | None = None
    destination: MoRef | None = None
    memory_bytes: int | None = None
    used_bytes: int | None = None
    active_bytes: int | None = None
    link_bps: int | None = None
    links_bps: int | None = None
    is_live: bool | None = True
    file_bytes: int | None = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a move is expected to take.

    Args:
        load: what it was made from.
        duration_s: from the start of the task to its end, without queueing; None where nothing can be said.
        stun_s: how long the guest stands still at the end.
        bandwidth_bps: what the memory is sent with.
        sent_bytes: how much is sent, with what the guest writes meanwhile.
        basis: where the bandwidth comes from.
        samples: how many measured moves are behind it.
        reasons: why the range is wide, or why there is none.
    """

    load: MoveLoad
    duration_s: Span | None = None
    stun_s: Span | None = None
    bandwidth_bps: Span | None = None
    sent_bytes: Span | None = None
    convergence: Convergence = Convergence.UNKNOWN
    basis: Basis = Basis.NONE
    samples: int = 0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PastMove:
    """A move that was made, as the journal and the hosts' logs have it.

    Args:
        memory_bytes: configured memory.
        precopy_s: length of the pre-copy by the logs.
        forecast: what it was expected to take; None if nothing was.
    """

    run: str
    vm: MoRef
    vm_name: str
    source: MoRef | None
    destination: MoRef | None
    ended_at: datetime | None = None
    memory_bytes: int | None = None
    duration_s: float | None = None
    precopy_s: float | None = None
    bandwidth_bps: int | None = None
    dirty_rate_bps: int | None = None
    downtime_s: float | None = None
    forecast: Forecast | None = None
