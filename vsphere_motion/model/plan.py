"""A plan: the resolved moves with everything the checks found about them."""

from __future__ import annotations

from dataclasses import dataclass

from vsphere_motion.model.finding import Finding, Severity, Verdict
from vsphere_motion.model.forecast import Forecast
from vsphere_motion.model.move import Move
from vsphere_motion.model.schedule import Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedMove:
    """A move with its findings.

    Args:
        skipped: ids of checks the person overrode and that would have blocked this move.
        strict: whether warnings and unknown findings block.
        memory_bytes: configured memory of the VM, for progress and estimates.
        source_addresses, destination_addresses: vMotion addresses of the two hosts, which their logs name.
        relies_on: moves of the same plan, by their place, that must have ended well before this one starts.
        costs: the units of vCenter's cost model it takes while it runs; () if they do not matter.
        wave: moves of one wave may all run at the same time; earlier waves come first.
        window: when it may start, such as `22:00-05:00 Europe/Berlin`; empty: at any time.
        forecast: what the move is expected to take; None where nobody asked.
    """

    move: Move
    findings: tuple[Finding, ...]
    skipped: tuple[str, ...] = ()
    strict: bool = False
    memory_bytes: int | None = None
    source_addresses: tuple[str, ...] = ()
    destination_addresses: tuple[str, ...] = ()
    relies_on: tuple[int, ...] = ()
    costs: tuple[tuple[Slot, int], ...] = ()
    wave: int = 0
    window: str = ""
    forecast: Forecast | None = None

    @property
    def blockers(self) -> tuple[Finding, ...]:
        """The findings that stop this move, without those the person overrode."""
        stopping = {Severity.BLOCKER}
        if self.strict:
            stopping |= {Severity.WARNING, Severity.UNKNOWN}
        return tuple(f for f in self.findings if f.severity in stopping and f.id not in self.skipped)

    @property
    def verdict(self) -> Verdict:
        """Blocked if anything stops it; unknown if a check could not look; ok otherwise."""
        if self.blockers:
            return Verdict.BLOCKED
        if any(f.severity is Severity.UNKNOWN and f.id not in self.skipped for f in self.findings):
            return Verdict.UNKNOWN
        return Verdict.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All moves of one request, in the order in which they are to start.

    Args:
        notes: what is to be said of the checks as a whole, such as a checker that this vCenter does not have.
    """

    moves: tuple[PlannedMove, ...]
    skip_checks: tuple[str, ...] = ()
    partial: bool = False
    notes: tuple[str, ...] = ()

    def blocked(self) -> tuple[PlannedMove, ...]:
        """The moves that something stops; a VM that is already there is never blocked."""
        return tuple(p for p in self.moves if p.verdict is Verdict.BLOCKED and not p.move.is_noop)

    def unchanged(self) -> tuple[PlannedMove, ...]:
        """The moves whose VM is already on its destination."""
        return tuple(p for p in self.moves if p.move.is_noop)

    def runnable(self) -> tuple[PlannedMove, ...]:
        """The moves that would be started: none if one is blocked, unless the plan is partial."""
        if self.blocked() and not self.partial:
            return ()
        return tuple(p for p in self.moves if not p.move.is_noop and p.verdict is not Verdict.BLOCKED)
