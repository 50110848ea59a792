"""The checks themselves as plain data: their list, and everything there is to say about one."""

from __future__ import annotations

import difflib
import inspect
from typing import Any

from vsphere_motion.errors import BadInput
from vsphere_motion.preflight.check import Check
from vsphere_motion.preflight.faults import FAULTS
from vsphere_motion.preflight.registry import CHECKS, known_ids


def list_document() -> dict[str, Any]:
    """Every check in the order of the table: `{"checks": [{"id", "severity", "title"}]}`."""
    return {"checks": [{"id": check.id, "severity": check.severity.value, "title": check.title} for check in CHECKS]}


def explanation_document(check: Check) -> dict[str, Any]:
    """Everything about one check."""
    return {
        "id": check.id,
        "severity": check.severity.value,
        "title": check.title,
        "about": check.about.value,
        "scope": check.scope.value,
        "why": reason_of(check),
        "reads": list(check.reads),
        "vcenter_faults": list(vcenter_faults_of(check.id)),
        "remedy": check.remedy,
        "override": check.override or None,
        "source": check.source,
    }


def reason_of(check: Check) -> str:
    """Why the check is made, in the words of its code."""
    if check.function is None:
        return "Only vCenter's own checkers look at this; their words are shown."
    return " ".join((inspect.getdoc(check.function) or "").split())


def vcenter_faults_of(check_id: str) -> tuple[str, ...]:
    """The fault classes with which vCenter's own checkers say the same."""
    return tuple(sorted(kind for kind, row in FAULTS.items() if row.id == check_id))


def require_known(option: str, check_id: str, *, hint: str = "docs/reference/checks.md has them all") -> None:
    """Refuse an id that is no check's.

    Args:
        option: where it was given.
        hint: where the ids are found, if it resembles none.

    Raises:
        BadInput: it is not; the hint names the one that it resembles.
    """
    if check_id not in known_ids():
        close = difflib.get_close_matches(check_id, known_ids(), n=1)
        raise BadInput(f"{option} {check_id} names no check", hint=f"did you mean {close[0]}?" if close else hint)
