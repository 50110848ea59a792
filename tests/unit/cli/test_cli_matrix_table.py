"""The table of a matrix, byte by byte."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests import build
from vsphere_motion.cli.exit import ExitCode, code_of_matrix
from vsphere_motion.cli.matrix_table import cell_text, matrix_lines, matrix_summary
from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.matrix import Matrix, MatrixRow
from vsphere_motion.model.plan import PlannedMove

BLOCKER = build.finding(id="memory.room", message="vm1 needs 64 GiB")
OTHER = build.finding(id="cpu.threads", message="vm1 needs more threads")
UNKNOWN = build.finding(id="vm.tools", severity=Severity.UNKNOWN, message="tools unread")
WARNING = build.finding(id="vm.snapshots", severity=Severity.WARNING, message="2 snapshots")


def cell(*findings: Finding, to: int = 2, **changes: object) -> PlannedMove:
    return PlannedMove(move=build.move(to=to), findings=findings, **changes)  # type: ignore[arg-type]


def row(name: str, *cells: PlannedMove) -> MatrixRow:
    return MatrixRow(vm=replace(build.vm(1).identity, name=name), source=build.host(1).named, cells=cells)


HOSTS = tuple(build.host(number).named for number in (1, 2, 3))
MATRIX = Matrix(
    hosts=HOSTS,
    rows=(
        row("vm1", cell(to=1), cell(BLOCKER, OTHER), cell(BLOCKER, to=3)),
        row("longer", cell(to=1), cell(), cell(WARNING, to=3)),
        row("odd\x1b", cell(to=1), cell(UNKNOWN), cell(to=3)),
    ),
)


def lines(matrix: Matrix, width: int | None = None) -> list[str]:
    return list(matrix_lines(matrix, lambda text, colour: text, width=width))


def test_each_cell_has_the_shortest_reason_and_below_is_what_it_says() -> None:
    assert lines(MATRIX) == [
        "VM       host1  host2           host3",
        "vm1      here   memory.room +1  memory.room",
        "longer   here   ok              ok (vm.snapshots)",
        "odd\\x1b  here   ? vm.tools      ok",
        "",
        "memory.room   2 times, such as: vm1 needs 64 GiB",
        "vm.snapshots  1 time, such as: 2 snapshots",
        "vm.tools      1 time, such as: tools unread",
        "what to do: vsphere-motion check VM --to-host HOST, or vsphere-motion check --explain ID",
    ]
    assert matrix_summary(MATRIX) == "2 of 3 VMs can go to another host, 1 stuck. Nothing was changed."
    assert code_of_matrix(MATRIX) is ExitCode.BLOCKED


def test_hosts_that_do_not_fit_the_terminal_stand_below_with_the_vms_again() -> None:
    table = lines(MATRIX, width=31)[:9]
    assert table == [
        "VM       host1  host2",
        "vm1      here   memory.room +1",
        "longer   here   ok",
        "odd\\x1b  here   ? vm.tools",
        "",
        "VM       host3",
        "vm1      memory.room",
        "longer   ok (vm.snapshots)",
        "odd\\x1b  ok",
    ]
    assert max(len(line) for line in lines(MATRIX, width=30)[:4]) <= 30


def test_a_terminal_too_narrow_for_one_host_shows_one_a_block() -> None:
    assert [line for line in lines(MATRIX, width=5) if line.startswith("VM")] == [
        "VM       host1",
        "VM       host2",
        "VM       host3",
    ]


def test_a_matrix_without_reasons_has_no_legend() -> None:
    free = Matrix(hosts=HOSTS[:2], rows=(row("vm1", cell(to=1), cell()),))
    assert lines(free) == ["VM   host1  host2", "vm1  here   ok"]
    assert code_of_matrix(free) is ExitCode.OK


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        pytest.param(cell(BLOCKER, BLOCKER), "memory.room", id="one check that says it twice is one reason"),
        pytest.param(cell(BLOCKER, skipped=("memory.room",)), "ok", id="overridden"),
        pytest.param(cell(WARNING, strict=True), "vm.snapshots", id="strict"),
        pytest.param(cell(UNKNOWN, strict=True), "vm.tools", id="strict and unread"),
    ],
)
def test_the_text_of_a_cell(shown: PlannedMove, text: str) -> None:
    assert cell_text(shown) == text


def test_colours_go_by_the_verdict() -> None:
    painted = list(matrix_lines(MATRIX, lambda text, colour: f"<{colour}>{text.rstrip()}"))
    assert painted[1] == "vm1      <green>here  <red>memory.room +1  <red>memory.room"
    assert painted[3] == "odd\\x1b  <green>here  <yellow>? vm.tools  <green>ok"
