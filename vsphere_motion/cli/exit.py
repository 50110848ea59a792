"""The exit codes: one table, and how a plan or a report becomes one of them. Each error class carries its own."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from vsphere_motion.model.outcome import Outcome, OutcomeState, made_good

if TYPE_CHECKING:
    from vsphere_motion.model.matrix import Matrix
    from vsphere_motion.model.plan import Plan
    from vsphere_motion.model.report import Report


class ExitCode(IntEnum):
    """What the program's exit code says."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    BLOCKED = 3
    ACCESS = 4
    VCENTER = 5
    FAILED = 6
    UNFINISHED = 7
    STALE = 8
    HALTED = 9
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS: dict[ExitCode, str] = {
    ExitCode.OK: "done, or nothing to do",
    ExitCode.UNEXPECTED: "unexpected error (a defect), or the simulator or the journal cannot be used",
    ExitCode.USAGE: "usage; not found; ambiguous; a value that cannot be used",
    ExitCode.BLOCKED: "blocked by pre-flight: nothing was changed, or with --partial the rest was moved",
    ExitCode.ACCESS: "login refused, no password found, or a permission is missing",
    ExitCode.VCENTER: "vCenter cannot be reached or trusted, or it faulted outside a move",
    ExitCode.FAILED: "a move failed or was cancelled (others may have moved), or a VM lacks tags it was to keep",
    ExitCode.UNFINISHED: "moves were left running or not started, an outcome is unknown, or another process watches it",
    ExitCode.STALE: "what the plan relies on has changed since: nothing was changed",
    ExitCode.HALTED: "the run stopped by itself: --max-stun, --canary, --halt-on, or a --pause-after that nobody ended",
    ExitCode.INTERRUPTED: "ended by Ctrl-C, or the question was answered with no",
    ExitCode.TERMINATED: "ended by SIGTERM",
}


def code_of_plan(plan: Plan) -> ExitCode:
    """3 if a move is blocked; a verdict `unknown` is shown and is no failure."""
    return ExitCode.BLOCKED if plan.blocked() else ExitCode.OK


def code_of_matrix(matrix: Matrix) -> ExitCode:
    """3 if a VM can go to none of the hosts that it is not on."""
    return ExitCode.BLOCKED if any(row.is_stuck for row in matrix.rows) else ExitCode.OK


def code_of_report(report: Report, *, stopped: ExitCode | None = None, is_left: bool = False) -> ExitCode:
    """The code of a run: how a signal or one of its rules stopped it, else its worst outcome.

    An outcome that is not known weighs more than one that failed: such a move may still run. A move that failed counts
    no more once its VM was moved to another host.

    Args:
        is_left: the moves were to be left running, so that one with a task that still runs is done.
    """
    if stopped is not None:
        return stopped
    outcomes = [item.outcome for item in report.moves if not (is_left and _is_running(item.outcome))]
    good = made_good(outcomes)
    seen = {outcome.state for number, outcome in enumerate(outcomes) if number not in good}
    found = next((code for code, states in _BY_WEIGHT if seen & states), ExitCode.OK)
    return _code_of_keeping(report) if found is ExitCode.OK else found


def _code_of_keeping(report: Report) -> ExitCode:
    """What VMs that moved lack of what they were to have again; what may still be given weighs more."""
    if any(item.is_still_open for item in report.moves):
        return ExitCode.UNFINISHED
    return ExitCode.FAILED if any(item.is_lost for item in report.moves) else ExitCode.OK


def _is_running(outcome: Outcome) -> bool:
    return outcome.state is OutcomeState.UNKNOWN and outcome.task is not None and outcome.completed_at is None


_BY_WEIGHT: tuple[tuple[ExitCode, frozenset[OutcomeState]], ...] = (
    (ExitCode.UNFINISHED, frozenset({OutcomeState.UNKNOWN})),
    (ExitCode.FAILED, frozenset({OutcomeState.FAILED, OutcomeState.CANCELLED})),
    (ExitCode.BLOCKED, frozenset({OutcomeState.BLOCKED})),
    (ExitCode.UNFINISHED, frozenset({OutcomeState.NOT_STARTED})),
)
