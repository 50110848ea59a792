"""Checks as JUnit XML: it parses, its counts agree, and each verdict of a check is what a CI server shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from tests import build
from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.plan import PlannedMove
from vsphere_motion.report.junit import junit_text

CHECKS = (("memory.admission", "room for the VM's memory"), ("vm.snapshots", "snapshots"))


def planned(*findings: Finding, strict: bool = False, skipped: tuple[str, ...] = ()) -> PlannedMove:
    return PlannedMove(move=build.move(), findings=findings, strict=strict, skipped=skipped)


def parsed(moves: Sequence[PlannedMove], *, strict: bool = False) -> ET.Element:
    return ET.fromstring(junit_text(moves, CHECKS, strict=strict))


def case_of(move: PlannedMove, check_id: str = "memory.admission") -> ET.Element:
    found = parsed([move], strict=move.strict).find(f"testsuite/testcase[@name='{check_id}']")
    assert found is not None
    return found


def outcome_of(move: PlannedMove) -> list[str]:
    return [child.tag for child in case_of(move)]


SAYS = {severity: build.finding(severity=severity) for severity in Severity}


@pytest.mark.parametrize(
    ("move", "outcome"),
    [
        pytest.param(planned(), [], id="nothing found"),
        pytest.param(planned(SAYS[Severity.BLOCKER]), ["failure"], id="a blocker"),
        pytest.param(planned(SAYS[Severity.UNKNOWN]), ["skipped"], id="could not look"),
        pytest.param(planned(SAYS[Severity.WARNING]), ["system-out"], id="a warning passes, and is said"),
        pytest.param(planned(SAYS[Severity.INFO]), ["system-out"], id="an info passes, and is said"),
        pytest.param(planned(SAYS[Severity.WARNING], strict=True), ["failure"], id="a warning, strict"),
        pytest.param(planned(SAYS[Severity.UNKNOWN], strict=True), ["failure"], id="could not look, strict"),
        pytest.param(planned(SAYS[Severity.INFO], strict=True), ["system-out"], id="an info, strict"),
        pytest.param(
            planned(SAYS[Severity.BLOCKER], skipped=("memory.admission",)), ["skipped"], id="an overridden blocker"
        ),
        pytest.param(
            replace(planned(SAYS[Severity.BLOCKER]), move=build.move(to=1)), ["system-out"], id="already there"
        ),
    ],
)
def test_what_becomes_of_a_check(move: PlannedMove, outcome: list[str]) -> None:
    assert outcome_of(move) == outcome


def test_a_failure_has_the_words_the_numbers_and_what_to_do() -> None:
    failure = case_of(planned(SAYS[Severity.BLOCKER])).find("failure")
    assert failure is not None
    assert failure.attrib == {"type": "blocker", "message": SAYS[Severity.BLOCKER].message}
    assert failure.text is not None
    assert failure.text.splitlines() == [
        "blocker: vm1 needs 65536 MiB, host2 has 40960 MiB free",
        "  remedy: choose another host",
        f"  needed_bytes: {64 * build.GIB}",
        f"  free_bytes: {40 * build.GIB}",
    ]


def test_all_findings_of_one_check_are_in_its_case() -> None:
    both = planned(build.finding(message="on host1"), build.finding(message="on host2"))
    failure = case_of(both).find("failure")
    assert failure is not None
    assert failure.get("message") == "on host1; on host2"


def test_the_counts_agree_with_the_cases_at_each_level() -> None:
    moves = [
        planned(SAYS[Severity.BLOCKER], build.finding(id="vm.snapshots", severity=Severity.WARNING)),
        planned(SAYS[Severity.UNKNOWN]),
        planned(),
    ]
    root = parsed(moves)
    suites = root.findall("testsuite")
    assert [suite.get("failures") for suite in suites] == ["1", "0", "0"]
    assert [suite.get("skipped") for suite in suites] == ["0", "1", "0"]
    for element in (root, *suites):
        assert element.get("tests") == str(len(list(element.iter("testcase"))))
        assert element.get("failures") == str(len(list(element.iter("failure"))))
        assert element.get("skipped") == str(len(list(element.iter("skipped"))))
        assert element.get("errors") == "0"
    assert root.get("tests") == "6"


def test_a_suite_names_the_vm_and_the_host_and_has_every_check_once() -> None:
    (suite,) = parsed([planned()]).findall("testsuite")
    assert suite.get("name") == "vm1 to host2"
    assert [case.get("name") for case in suite] == ["memory.admission", "vm.snapshots"]
    assert {case.get("classname") for case in suite} == {"vm1.host2"}


def test_strict_is_in_the_name() -> None:
    assert parsed([], strict=True).get("name") == "vsphere-motion check --strict"
    assert parsed([]).get("name") == "vsphere-motion check"


@pytest.mark.parametrize("name", ["<&\"'>", "\x00\x1b[31m", "\ud800", "żółw"])
def test_names_from_outside_cannot_break_the_document(name: str) -> None:
    move = planned(build.finding(message=name, remedy=name))
    odd = replace(move, move=replace(move.move, vm=replace(move.move.vm, name=name)))
    text = junit_text([odd], CHECKS)
    (suite,) = ET.fromstring(text.encode()).findall("testsuite")
    assert (suite.get("name") or "").endswith(" to host2")
