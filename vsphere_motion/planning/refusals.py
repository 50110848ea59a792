"""What vCenter refused that our checks had allowed, and how it is told of the move that is made instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.refs import MoRef, NamedRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """vCenter took a VM for no host, in its own words.

    Args:
        findings: what stands against it, vCenter's words among it.
    """

    vm: MoRef
    host: NamedRef
    findings: tuple[Finding, ...]

    @property
    def words(self) -> str:
        """The shortest of the reasons, with its check."""
        shortest = min(self.findings, key=lambda one: len(one.message))
        return f"{shortest.message} [{shortest.id}]"


def told_of(refusals: Iterable[Refusal], vm: MoRef) -> tuple[Finding, ...]:
    """The refusals of a VM as information about the move to another host."""
    return tuple(
        replace(finding, severity=Severity.INFO) for one in refusals if one.vm == vm for finding in one.findings
    )


def after_refusals(refusals: Sequence[Refusal], vm: MoRef) -> str:
    """Why a VM goes to no better host, to follow another reason; empty where nothing was refused."""
    hosts = [one.host.name for one in refusals if one.vm == vm]
    return f", for vCenter refuses {', '.join(hosts)}" if hosts else ""
