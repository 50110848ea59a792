"""Checks as JUnit XML, which CI servers show as tests: a suite for each move, a case for each check.

A check fails when it stops the move, is skipped when it could not look or was overridden, and passes otherwise; what a
passing check has to say, such as a warning, is its output. With `--strict` warnings and unknowns stop the move, so they
fail. Each suite counts its own cases, and the counts of the document are the sums.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.plan import PlannedMove
from vsphere_motion.report.escape import escape_text
from vsphere_motion.report.json_form import finding_document

SUITES = "vsphere-motion check"
_NONCHARACTERS = re.compile("[\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counts:
    tests: int
    failures: int
    skipped: int

    def write(self, element: ET.Element) -> None:
        element.set("tests", str(self.tests))
        element.set("failures", str(self.failures))
        element.set("errors", "0")
        element.set("skipped", str(self.skipped))


def junit_text(moves: Iterable[PlannedMove], checks: Sequence[tuple[str, str]], *, strict: bool = False) -> str:
    """The document.

    Args:
        checks: id and title of each check that was made.
        strict: whether warnings and unknown findings stop a move; the document says so.
    """
    root = ET.Element("testsuites", name=f"{SUITES} --strict" if strict else SUITES)
    suites = [_suite(planned, checks) for planned in moves]
    root.extend(suites)
    _sum(root.iter("testcase")).write(root)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _suite(planned: PlannedMove, checks: Sequence[tuple[str, str]]) -> ET.Element:
    move = planned.move
    destination = move.destination.host.name if move.destination.host else "-"
    suite = ET.Element("testsuite", name=xml_text(f"{move.vm.name} to {destination}"))
    for check_id, title in checks:
        found = [finding for finding in planned.findings if finding.id == check_id]
        case = ET.SubElement(suite, "testcase", classname=xml_text(f"{move.vm.name}.{destination}"), name=check_id)
        case.set("time", "0")
        _judge(case, planned, found, title)
    _sum(suite.iter("testcase")).write(suite)
    return suite


def _judge(case: ET.Element, planned: PlannedMove, found: Sequence[Finding], title: str) -> None:
    """What became of one check of one move; a VM that is already there is stopped by nothing."""
    stopping = [] if planned.move.is_noop else [finding for finding in found if finding in planned.blockers]
    if stopping:
        failure = ET.SubElement(case, "failure", type=stopping[0].severity.value, message=_messages(stopping))
        failure.text = xml_text("\n".join(_lines(stopping)))
    elif any(finding.id in planned.skipped for finding in found):
        ET.SubElement(case, "skipped", message=xml_text(f"overridden: {_messages(found)}"))
    elif any(finding.severity is Severity.UNKNOWN for finding in found):
        ET.SubElement(case, "skipped", message=xml_text(f"unknown: {_messages(found)}"))
    elif found:
        ET.SubElement(case, "system-out").text = xml_text("\n".join([title, *_lines(found)]))


def _messages(findings: Iterable[Finding]) -> str:
    return xml_text("; ".join(finding.message for finding in findings))


def _lines(findings: Iterable[Finding]) -> Iterable[str]:
    for finding in findings:
        yield escape_text(f"{finding.severity.value}: {finding.message}")
        yield escape_text(f"  remedy: {finding.remedy}")
        yield from (escape_text(f"  {name}: {value}") for name, value in finding_document(finding)["evidence"].items())


def _sum(cases: Iterable[ET.Element]) -> _Counts:
    every = list(cases)
    return _Counts(
        tests=len(every),
        failures=sum(1 for case in every if case.find("failure") is not None),
        skipped=sum(1 for case in every if case.find("skipped") is not None),
    )


def xml_text(text: str) -> str:
    """The text without what XML cannot hold or a terminal would obey, line by line; names come from outside."""
    return _NONCHARACTERS.sub("\ufffd", "\n".join(escape_text(line) for line in text.split("\n")))
