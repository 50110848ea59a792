"""A report: one run with its plan and its outcomes, ready to be written in any format."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from vsphere_motion.model.finding import Finding
from vsphere_motion.model.keepsakes import Keeping, KeepState
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.refs import NamedRef
from vsphere_motion.model.vcenter import VCenterIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLoad:
    """How much of a host was in use; None: vCenter did not say.

    Args:
        at: vCenter's clock.
        vms: how many virtual machines were registered on it.
    """

    host: NamedRef
    at: datetime
    cpu_used_mhz: int | None = None
    cpu_mhz: int | None = None
    memory_used_bytes: int | None = None
    memory_bytes: int | None = None
    vms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """Who ran what, where and when.

    Args:
        run: the run's id, such as `r-7f3a9c`.
        user: the account the moves were made with.
        tls: how the server was trusted: `verified`, `pinned` or `insecure`.
        ended_at: None while moves are still open.
        loads_before, loads_after: of the hosts that moves of it leave or enter; () where they were not read.
    """

    run: str
    vcenter: VCenterIdentity
    user: str
    tool_version: str
    tls: str
    started_at: datetime
    ended_at: datetime | None = None
    loads_before: tuple[HostLoad, ...] = ()
    loads_after: tuple[HostLoad, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedMove:
    """An outcome with the findings the move had before it started.

    Args:
        keeping: how far it is with what the VM is to have again at another vCenter; None: nothing was asked for.
    """

    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    skipped: tuple[str, ...] = ()
    memory_bytes: int | None = None
    keeping: Keeping | None = None

    @property
    def is_lost(self) -> bool:
        """Whether the VM is without something that it was to have again."""
        return self.keeping is not None and self.keeping.state is KeepState.LOST

    @property
    def is_still_open(self) -> bool:
        """Whether the VM has moved, and is still to be given what it had."""
        is_open = self.keeping is not None and self.keeping.state is KeepState.OPEN
        return is_open and self.outcome.state is OutcomeState.MOVED


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run, whole."""

    info: RunInfo
    moves: tuple[ReportedMove, ...]

    def count(self, state: OutcomeState) -> int:
        """How many moves ended in this state."""
        return sum(1 for item in self.moves if item.outcome.state is state)
