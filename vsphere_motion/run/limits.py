"""How many moves run at once, how long anything is waited for, and what is done then."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from vsphere_motion.run.halt import HaltRule
from vsphere_motion.run.pause import PauseRule

DEFAULT_MAX_CONCURRENT = 4
DEFAULT_OUTAGE_LIMIT_S = 3600.0
DEFAULT_STALL_AFTER_S = 150.0


class OnStall(Enum):
    """What is done with a move that does not get on."""

    REPORT = "report"
    CANCEL = "cancel"


class OnInterrupt(Enum):
    """What a first Ctrl-C does with the moves that run."""

    WATCH = "watch"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a running move may take before it is spoken of. A queued one waits for its turn and is never late.

    Args:
        stall_after_s: seconds without progress; 150 is KubeVirt's progress timeout. Said again after twice as long,
            four times as long, and so on.
        limit_s_per_gib: seconds a move may run for each GiB of the VM's memory, of at least one; None: no limit,
            because how long a move may take depends on the network. KubeVirt's completion timeout is 150.
        on_stall: what is done with such a move.
    """

    stall_after_s: float = DEFAULT_STALL_AFTER_S
    limit_s_per_gib: float | None = None
    on_stall: OnStall = OnStall.REPORT


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one run.

    Args:
        max_concurrent: relocations in flight at once; 4 is half of what vCenter lets one host do (8, vSphere 6.7 docs).
        max_per_host: relocations of ours that a host takes part in at once; None: as many as vCenter lets it. One
            gives each guest the shortest standstill.
        timeout_s: after this the running moves are left alone; None: no limit.
        outage_limit_s: how long a vCenter that is away is waited for; None: no limit. An hour outlasts an upgrade's
            restarts.
        patience: when a move that does not get on is spoken of.
        on_interrupt: what a first Ctrl-C does with the moves that run.
        is_watching: False: everything is started at once, vCenter queues what exceeds its own limits, and nobody waits.
        halt: when the run stops by itself.
        pause: where it stops for a person to look.
    """

    max_concurrent: int = DEFAULT_MAX_CONCURRENT
    max_per_host: int | None = None
    timeout_s: float | None = None
    outage_limit_s: float | None = DEFAULT_OUTAGE_LIMIT_S
    patience: Patience = field(default_factory=Patience)
    on_interrupt: OnInterrupt = OnInterrupt.WATCH
    is_watching: bool = True
    halt: HaltRule = field(default_factory=HaltRule)
    pause: PauseRule = field(default_factory=PauseRule)
