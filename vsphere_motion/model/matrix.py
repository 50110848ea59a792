"""Every VM of a request on every host that it may go to."""

from __future__ import annotations

from dataclasses import dataclass

from vsphere_motion.model.finding import Finding, Severity, Verdict
from vsphere_motion.model.plan import PlannedMove
from vsphere_motion.model.refs import NamedRef, VmIdentity

_GRAVITY = (Severity.BLOCKER, Severity.UNKNOWN, Severity.WARNING, Severity.INFO)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRow:
    """One VM: a cell for each host of the matrix, in the order of its hosts."""

    vm: VmIdentity
    source: NamedRef | None
    cells: tuple[PlannedMove, ...]

    @property
    def is_stuck(self) -> bool:
        """Whether something stops the VM on each host that it is not on."""
        moves = [cell for cell in self.cells if not cell.move.is_noop]
        return bool(moves) and all(cell.verdict is Verdict.BLOCKED for cell in moves)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """The rows, and what is to be said of all of them."""

    hosts: tuple[NamedRef, ...]
    rows: tuple[MatrixRow, ...]
    skip_checks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def reason_of(cell: PlannedMove) -> Finding | None:
    """Why a cell is not ok: of its gravest findings the one that is said in the fewest letters; None if there is none.

    What stops the move comes first, then what is unknown, then a warning; an overridden finding is no reason.
    """
    if cell.move.is_noop:
        return None
    candidates = cell.blockers or tuple(
        finding for finding in cell.findings if finding.severity is not Severity.INFO and finding.id not in cell.skipped
    )
    return min(candidates, key=lambda one: (_GRAVITY.index(one.severity), len(one.message)), default=None)
