"""What a check is, what it looks at, how it says what it found or could not read, and the order of findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from vsphere_motion.model.finding import EvidenceValue, Finding, Severity
from vsphere_motion.model.inventory import Host, Vm
from vsphere_motion.model.refs import NamedRef
from vsphere_motion.preflight.subject import HostSubject, RouteSubject, Subject, VmSubject

VmFunction: TypeAlias = Callable[[VmSubject], Iterator[Finding]]
VmPredicate: TypeAlias = Callable[[VmSubject], bool]
HostFunction: TypeAlias = Callable[[HostSubject], Iterator[Finding]]
RouteFunction: TypeAlias = Callable[[RouteSubject], Iterator[Finding]]
PairFunction: TypeAlias = Callable[[Subject], Iterator[Finding]]
CheckFunction: TypeAlias = VmFunction | HostFunction | RouteFunction | PairFunction
Reading: TypeAlias = tuple[Vm | Host, str, object]

GRAVITY = (Severity.BLOCKER, Severity.UNKNOWN, Severity.WARNING, Severity.INFO)


class Scope(Enum):
    """What a check looks at, and so how often it runs: once a VM, once a host, once two hosts, or once a pair."""

    VM = "vm"
    HOST = "host"
    ROUTE = "route"
    PAIR = "pair"
    VCENTER = "vcenter"


class About(Enum):
    """What a finding is about."""

    VM = "virtual machine"
    SOURCE = "source host"
    DESTINATION = "destination host"
    HOSTS = "both hosts"
    CLUSTER = "cluster"
    POOL = "resource pool"
    DATASTORE = "datastore"
    NETWORK = "network"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A row of a subject's table. At most one of the functions is set; none where only vCenter's checker can look.

    Args:
        id: `<file>.<word>`; stable, because people name it in `--skip-check`.
        severity: the most severe thing it says when it fires.
        title: what it looks for, as a noun phrase.
        source: where the rule comes from: API reference, documentation page or KB.
        remedy: what an administrator can do about it.
        about: the object its findings are about.
        reads: the property paths it looks at; empty where vCenter's checker looks.
        override: the setting of vCenter that lifts the rule, if there is one; `--skip-check` is ours for every check.
        on_vm, on_host, on_route, on_pair: yields the findings of a VM, a host, two hosts, or a VM and its destination.
        concerns: whether a check of a pair can have anything to say of the VM; asked once a VM, to spare the pairs.
        moves_files: whether a check of a pair has anything to say only where the files move as well.
        at_source: whether a check of a host looks at the source as well.
        on_noop: whether it also runs on a VM that is already on its destination.
        on_stay: whether it also runs where the VM stays on its host and something else of it moves.
    """

    id: str
    severity: Severity
    title: str
    source: str
    remedy: str
    about: About = About.VM
    reads: tuple[str, ...] = ()
    override: str = ""
    on_vm: VmFunction | None = None
    on_host: HostFunction | None = None
    on_route: RouteFunction | None = None
    on_pair: PairFunction | None = None
    concerns: VmPredicate | None = None
    moves_files: bool = False
    at_source: bool = False
    on_noop: bool = False
    on_stay: bool = False

    @property
    def function(self) -> CheckFunction | None:
        """Yields the findings; None where only vCenter's own checker can look."""
        return self.on_vm or self.on_host or self.on_route or self.on_pair

    @property
    def scope(self) -> Scope:
        """What it looks at."""
        scopes = {Scope.VM: self.on_vm, Scope.HOST: self.on_host, Scope.ROUTE: self.on_route, Scope.PAIR: self.on_pair}
        return next((scope for scope, function in scopes.items() if function is not None), Scope.VCENTER)

    def found(
        self,
        subject: NamedRef,
        message: str,
        *,
        severity: Severity | None = None,
        remedy: str | None = None,
        evidence: Mapping[str, EvidenceValue] | None = None,
        **more: EvidenceValue,
    ) -> Finding:
        """The finding that the check fires, with the row's severity and remedy unless others are given."""
        return Finding(
            id=self.id,
            severity=severity or self.severity,
            subject=subject,
            message=message,
            remedy=remedy or self.remedy,
            evidence=(*(evidence or {}).items(), *more.items()),
        )

    def unknown(self, subject: NamedRef, path: str) -> Finding:
        """The finding that a property could not be read."""
        return unknown(self.id, subject, path)

    def unread(self, *readings: Reading) -> Iterator[Finding]:
        """An unknown finding for each reading whose value is None."""
        return unread(self.id, *readings)


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
