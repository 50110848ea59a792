"""A matrix: the shortest reason of a cell, and which VMs are stuck."""

from __future__ import annotations

import pytest

from tests import build
from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.matrix import MatrixRow, reason_of
from vsphere_motion.model.plan import PlannedMove

BLOCKER = build.finding(message="long words about memory")
SHORTER = build.finding(id="cpu.threads", message="few")
UNKNOWN = build.finding(id="vm.tools", severity=Severity.UNKNOWN, message="unread")
WARNING = build.finding(id="vm.snapshots", severity=Severity.WARNING, message="w")
INFO = build.finding(id="vm.power-state", severity=Severity.INFO, message="i")


def cell(*findings: Finding, to: int = 2, strict: bool = False, skipped: tuple[str, ...] = ()) -> PlannedMove:
    return PlannedMove(move=build.move(to=to), findings=findings, strict=strict, skipped=skipped)


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        pytest.param(cell(), None, id="nothing found"),
        pytest.param(cell(INFO), None, id="an info is no reason"),
        pytest.param(cell(WARNING, UNKNOWN, BLOCKER, INFO), BLOCKER, id="a blocker before all others"),
        pytest.param(cell(WARNING, UNKNOWN), UNKNOWN, id="unknown before a warning"),
        pytest.param(cell(INFO, WARNING), WARNING, id="a warning"),
        pytest.param(cell(BLOCKER, SHORTER), SHORTER, id="the shortest of several"),
        pytest.param(cell(BLOCKER, skipped=(BLOCKER.id,)), None, id="an overridden one is no reason"),
        pytest.param(cell(BLOCKER, WARNING, skipped=(BLOCKER.id,)), WARNING, id="what is left beside it is"),
        pytest.param(cell(WARNING, UNKNOWN, strict=True), UNKNOWN, id="strict keeps the order"),
        pytest.param(cell(BLOCKER, to=1), None, id="the VM is there"),
    ],
)
def test_the_reason_of_a_cell(shown: PlannedMove, reason: Finding | None) -> None:
    assert reason_of(shown) == reason


@pytest.mark.parametrize(
    ("cells", "is_stuck"),
    [
        pytest.param([cell(BLOCKER), cell(BLOCKER)], True, id="nowhere to go"),
        pytest.param([cell(BLOCKER), cell(to=1)], True, id="where it is does not count"),
        pytest.param([cell(BLOCKER), cell(WARNING)], False, id="one host is left"),
        pytest.param([cell(BLOCKER), cell(UNKNOWN)], False, id="unknown does not block"),
        pytest.param([cell(BLOCKER), cell(UNKNOWN, strict=True)], True, id="unless strict"),
        pytest.param([cell(to=1)], False, id="no other host was looked at"),
    ],
)
def test_a_vm_is_stuck_if_each_other_host_is_blocked(cells: list[PlannedMove], is_stuck: bool) -> None:
    row = MatrixRow(vm=build.vm(1).identity, source=build.host(1).named, cells=tuple(cells))
    assert row.is_stuck is is_stuck
