"""`check --list-checks` and `check --explain`: what the checks are, without connecting to anything."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.requests import require_known
from vsphere_motion.preflight.check import Check
from vsphere_motion.report.escape import json_text

_WIDTH = 100
_INDENT = 12


def list_checks(invocation: Invocation) -> int:
    """Every check: id, severity and title."""
    from vsphere_motion.service.checks import list_document

    document = list_document()
    if invocation.wants("json"):
        invocation.console.result(json_text(document, indent=2))
        return ExitCode.OK
    rows = [(row["id"], row["severity"], row["title"]) for row in document["checks"]]
    widths = [max(len(row[n]) for row in [("ID", "SEVERITY"), *rows]) for n in range(2)]
    for identifier, severity, title in [("ID", "SEVERITY", "LOOKS FOR"), *rows]:
        invocation.console.result(f"{identifier:<{widths[0]}}  {severity:<{widths[1]}}  {title}")
    return ExitCode.OK


def explain(invocation: Invocation, check_id: str) -> int:
    """One check: what it looks at, why, what to do, and where the rule comes from.

    Raises:
        BadInput: no check has this id.
    """
    from vsphere_motion.preflight.registry import find_check
    from vsphere_motion.service.checks import explanation_document

    require_known("--explain", check_id)
    check = find_check(check_id)
    assert check is not None, "a known id is a check's"
    if invocation.wants("json"):
        invocation.console.result(json_text(explanation_document(check), indent=2))
        return ExitCode.OK
    for line in _lines(check):
        invocation.console.result(line)
    return ExitCode.OK


def _lines(check: Check) -> Iterator[str]:
    from vsphere_motion.service.checks import reason_of, vcenter_faults_of

    yield f"{check.id}: {check.title}"
    rows = (
        ("severity", f"{check.severity.value}; unknown if something it needs could not be read"),
        ("about", check.about.value),
        ("why", reason_of(check)),
        ("reads", ", ".join(check.reads) or "what vCenter's own checker says"),
        ("vCenter", ", ".join(vcenter_faults_of(check.id)) or "its checker has no fault of its own for this"),
        ("remedy", check.remedy),
        ("override", "; ".join(filter(None, (f"--skip-check {check.id}", check.override)))),
        ("source", check.source),
    )
    for name, text in rows:
        yield from _row(name, text)


def _row(name: str, text: str) -> Iterator[str]:
    lines = textwrap.wrap(text, _WIDTH - _INDENT, break_long_words=False) or [""]
    for n, line in enumerate(lines):
        yield f"  {name if n == 0 else '':<{_INDENT - 4}}  {line}"
