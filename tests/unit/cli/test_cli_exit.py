"""How plans and reports become exit codes."""

from __future__ import annotations

import pytest

from tests.build import finding
from tests.unit.cli.calls import plan, planned, report
from vsphere_motion.cli.exit import ExitCode, code_of_plan, code_of_report
from vsphere_motion.model.finding import Severity
from vsphere_motion.model.outcome import OutcomeState as S


@pytest.mark.parametrize(
    ("states", "code"),
    [
        pytest.param((S.MOVED, S.UNCHANGED), 0, id="all there"),
        pytest.param((), 0, id="nothing to do"),
        pytest.param((S.MOVED, S.BLOCKED), 3, id="partial"),
        pytest.param((S.NOT_STARTED, S.BLOCKED), 3, id="blocked"),
        pytest.param((S.BLOCKED, S.FAILED), 6, id="partial, and one failed"),
        pytest.param((S.MOVED, S.CANCELLED), 6, id="cancelled"),
        pytest.param((S.MOVED, S.UNKNOWN), 7, id="left running"),
        pytest.param((S.MOVED, S.NOT_STARTED), 7, id="not started"),
        pytest.param((S.FAILED, S.NOT_STARTED), 6, id="failed before all were started"),
        pytest.param((S.FAILED, S.UNKNOWN), 7, id="one may still run"),
    ],
)
def test_the_worst_outcome_decides(states: tuple[S, ...], code: int) -> None:
    assert code_of_report(report(*states)) == code


def test_a_signal_decides_before_any_outcome() -> None:
    assert code_of_report(report(S.MOVED), stopped=ExitCode.INTERRUPTED) == 130
    assert code_of_report(report(S.FAILED), stopped=ExitCode.TERMINATED) == 143


@pytest.mark.parametrize(
    ("severity", "strict", "code"),
    [
        (Severity.BLOCKER, False, 3),
        (Severity.WARNING, False, 0),
        (Severity.UNKNOWN, False, 0),
        (Severity.WARNING, True, 3),
        (Severity.UNKNOWN, True, 3),
        (Severity.INFO, True, 0),
    ],
)
def test_a_plan_is_blocked_by_blockers_and_when_strict_by_more(severity: Severity, strict: bool, code: int) -> None:
    assert code_of_plan(plan(planned(finding(severity=severity), strict=strict))) == code
