"""A finding: one thing a check has to say about a move, with its evidence and its remedy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from vsphere_motion.model.refs import NamedRef

EvidenceValue: TypeAlias = str | int | float | bool | tuple[str, ...] | None


class Severity(Enum):
    """What a finding means for the move. `UNKNOWN`: the check could not look, which is never the same as ok."""

    BLOCKER = "blocker"
    WARNING = "warning"
    INFO = "info"
    UNKNOWN = "unknown"


class Origin(Enum):
    """Who says so: a check of ours, or vCenter's own checker."""

    CLIENT = "client"
    VCENTER = "vcenter"


class Verdict(Enum):
    """The sum of a move's findings."""

    OK = "ok"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One result of one check on one move.

    Args:
        id: the check's stable id, `<file in preflight/>.<word>`, such as `memory.admission`.
        subject: the object the finding is about: VM, host, datastore, network or cluster.
        message: what was found, with the numbers.
        remedy: what an administrator can do about it.
        evidence: name and value pairs; the names carry their units.
    """

    id: str
    severity: Severity
    subject: NamedRef
    message: str
    remedy: str
    evidence: tuple[tuple[str, EvidenceValue], ...] = ()
    origin: Origin = Origin.CLIENT
