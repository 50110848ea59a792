"""How a run is made, and what whoever starts it knows of it already."""

from __future__ import annotations

from dataclasses import dataclass, field

from vsphere_motion.model.outcome import Outcome
from vsphere_motion.model.report import RunInfo
from vsphere_motion.run.halt import HaltRule
from vsphere_motion.run.limits import (
    DEFAULT_MAX_CONCURRENT,
    DEFAULT_OUTAGE_LIMIT_S,
    Limits,
    OnInterrupt,
    Patience,
)
from vsphere_motion.run.pause import PauseRule
from vsphere_motion.run.workbook import Purpose
from vsphere_motion.service.once_more import Replan


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a plan is run.

    Args:
        max_concurrent: relocations in flight at once.
        max_per_host: relocations of ours that a host takes part in at once; None: as many as vCenter lets it.
        timeout_s: after this the running moves are left alone and the run is open; None: no limit.
        outage_limit_s: how long a vCenter that is away is waited for; None: no limit.
        patience: when a move that does not get on is spoken of, and what is done with it.
        on_interrupt: what a first Ctrl-C does with the moves that run.
        is_watching: False: everything is started at once and left to vCenter; the run stays open.
        read_logs: read what both hosts' logs and the VM's own say of each move right after it.
        keep_log_lines: keep the lines too, not only what was read from them.
        halt: when the run stops by itself; a stun budget needs the logs.
        stun_budgets: how long guests of VMs that a selector names may stand still; they become part of `halt`.
        pause: where it stops for a person to look.
        drs_override: keep DRS away from the VMs until the run ends.
    """

    max_concurrent: int = DEFAULT_MAX_CONCURRENT
    max_per_host: int | None = None
    timeout_s: float | None = None
    outage_limit_s: float | None = DEFAULT_OUTAGE_LIMIT_S
    patience: Patience = field(default_factory=Patience)
    on_interrupt: OnInterrupt = OnInterrupt.WATCH
    is_watching: bool = True
    read_logs: bool = True
    drs_override: bool = False
    keep_log_lines: bool = True
    halt: HaltRule = field(default_factory=HaltRule)
    stun_budgets: tuple[tuple[str, float], ...] = ()
    pause: PauseRule = field(default_factory=PauseRule)

    @property
    def limits(self) -> Limits:
        """What the loop over moves needs of them."""
        return Limits(
            max_concurrent=self.max_concurrent,
            max_per_host=self.max_per_host,
            timeout_s=self.timeout_s,
            outage_limit_s=self.outage_limit_s,
            patience=self.patience,
            on_interrupt=self.on_interrupt,
            is_watching=self.is_watching,
            halt=self.halt,
            pause=self.pause,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What whoever starts a run knows of it already.

    Args:
        info: the run, described by `describe_run`; None: it is described when it begins.
        purpose: what it is for.
        settled: outcomes of moves that are no part of the plan and belong into the report.
        replan: plans more moves where some were refused; None: what was refused stays.
    """

    info: RunInfo | None = None
    purpose: Purpose | None = None
    settled: tuple[Outcome, ...] = ()
    replan: Replan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverStop:
    """A control for callers that cannot be interrupted."""

    is_halting: bool = False
    is_detaching: bool = False

    def may_go_on(self) -> bool:
        """Nobody is there to say so."""
        return False


NEVER_STOP = NeverStop()
DEFAULT_OPTIONS = RunOptions()
