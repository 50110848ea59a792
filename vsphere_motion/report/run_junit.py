"""A run as JUnit XML: one suite, a case for each move, for servers that show tests.

A move fails when it failed or was blocked, or its VM lacks what it was to have again at another vCenter; it is an error
when nobody can say what became of it, is skipped when it was cancelled or never started, and passes otherwise.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.report import Report, ReportedMove
from vsphere_motion.report.junit import xml_text
from vsphere_motion.report.keeping import lost_words
from vsphere_motion.report.rows import counts_words, fault_rows, finding_words, ordered_findings, route_words

_TAGS = {
    OutcomeState.FAILED: "failure",
    OutcomeState.BLOCKED: "failure",
    OutcomeState.UNKNOWN: "error",
    OutcomeState.CANCELLED: "skipped",
    OutcomeState.NOT_STARTED: "skipped",
}


def report_junit(report: Report) -> str:
    """The document."""
    root = ET.Element("testsuites", name=xml_text(f"vsphere-motion run {report.info.run}"))
    suite = ET.SubElement(root, "testsuite", name=xml_text(counts_words(report)))
    for item in report.moves:
        _case(suite, item)
    for element in (root, suite):
        element.set("tests", str(len(report.moves)))
        for tag, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            element.set(attribute, str(sum(1 for _ in suite.iter(tag))))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _case(suite: ET.Element, item: ReportedMove) -> None:
    outcome = item.outcome
    name = xml_text(f"{outcome.move.vm} {route_words(outcome.move)}")
    case = ET.SubElement(suite, "testcase", classname=xml_text(outcome.move.vm.name), name=name)
    case.set("time", f"{outcome.duration_s or 0:.3f}")
    tag = _TAGS.get(outcome.state)
    if tag:
        words = [f"{label}: {value}" for label, value in fault_rows(outcome)]
        words += [finding_words(finding) for finding in ordered_findings(item)]
        message = outcome.note or (words[0] if words else outcome.state.value)
        found = ET.SubElement(case, tag, message=xml_text(message))
        if tag != "skipped":
            found.set("type", xml_text(outcome.fault.kind if outcome.fault else outcome.state.value))
        found.text = xml_text("\n".join(words))
    elif item.is_lost:
        without = xml_text(f"the VM is without {'; '.join(lost_words(item))}")
        ET.SubElement(case, "failure", message=without, type="lost")
    elif outcome.note:
        ET.SubElement(case, "system-out").text = xml_text(outcome.note)
