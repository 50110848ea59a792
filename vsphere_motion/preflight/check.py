"""What a check is, how it says that it could not look, and the order in which findings are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import Host, Vm
from vsphere_motion.model.refs import NamedRef
from vsphere_motion.preflight.subject import Subject

CheckFunction: TypeAlias = Callable[[Subject], Iterator[Finding]]
Reading: TypeAlias = tuple[Vm | Host, str, object]

GRAVITY = (Severity.BLOCKER, Severity.UNKNOWN, Severity.WARNING, Severity.INFO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A row of a subject's table.

    Args:
        id: `<file>.<word>`; stable, because people name it in `--skip-check`.
        severity: the most severe thing it says when it fires.
        title: what it looks for, as a noun phrase.
        source: where the rule comes from: API reference, documentation page or KB.
        function: yields the findings of one move; None where only vCenter's own checker can look.
        reads: the property paths it looks at; empty where vCenter's checker looks.
        on_noop: whether it also runs on a VM that is already on its destination.
    """

    id: str
    severity: Severity
    title: str
    source: str
    function: CheckFunction | None = None
    reads: tuple[str, ...] = ()
    on_noop: bool = False


def unread(check_id: str, *readings: Reading) -> Iterator[Finding]:
    """An unknown finding for each reading (object, property path, value) whose value is None."""
    for item, path, value in readings:
        if value is None:
            yield unknown(check_id, NamedRef(ref=item.ref, name=item.name), path)


def unknown(check_id: str, subject: NamedRef, path: str) -> Finding:
    """The finding that a property could not be read, which is never the same as ok."""
    return Finding(
        id=check_id,
        severity=Severity.UNKNOWN,
        subject=subject,
        message=f"{subject.name}: {path} could not be read",
        remedy=f"give the account the privilege System.Read on {subject.name}, or look at {path} by hand",
        evidence=(("property", path),),
    )


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, the gravest first; those of one severity stay as they were."""
    return tuple(sorted(findings, key=lambda finding: GRAVITY.index(finding.severity)))
