"""Which check a fault of vCenter's speaks for, where its class alone does not say.

One class of fault can stand for several checks: `InvalidHostState` is a host in maintenance mode as well as one in
standby. Rules of this file:
- The checks that a class can stand for are data, and our own functions say which of them the move fails.
- A fault takes the id of the one candidate that we found; of none or of several, the id that `faults.py` has for its
  class. What we could not read names nothing.
- Only the name is ours: that something is wrong, how grave it is and in which words stays vCenter's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.task import Fault
from vsphere_motion.preflight import drs_rules, encryption, host, memory, pool, vm, vmknic
from vsphere_motion.preflight.check import Check
from vsphere_motion.preflight.subject import HostSubject, RouteSubject, Subject

CANDIDATES: Mapping[str, tuple[Check, ...]] = {
    # the fault names nothing: our snapshot says what it can be about
    "NotSupported": (vm.TEMPLATE,),
    "InvalidState": (vm.CONNECTION,),
    # one class for several things
    "InvalidHostState": (host.MAINTENANCE, host.POWER, host.ENTERING_MAINTENANCE, host.CONNECTION),
    "VMotionNotConfigured": (vmknic.MISSING, vmknic.STACK),
    "RuleViolation": (drs_rules.MUST_RULE, drs_rules.AFFINITY, drs_rules.ANTI_AFFINITY),
    "VmHostAffinityRuleViolation": (drs_rules.MUST_RULE, drs_rules.SHOULD_RULE),
    "InsufficientMemoryResourcesFault": (pool.MEMORY, memory.RESERVATION),
    "EncryptionKeyRequired": (encryption.KEYS, encryption.TPM),
    "MigrationFeatureNotSupported": (encryption.VMOTION, host.FEATURE),
}
"""The checks that each ambiguous class of faults can stand for."""

WORDED: Mapping[str, Check] = {"vMotion vNIC MTU": vmknic.MTU}
"""Words of a fault without a class of its own, and the check that says the same (`GenericVmConfigFault`, KB 432825)."""


def find_check_of(subject: Subject, fault: Fault, values: frozenset[str], severity: Severity) -> Check | None:
    """The check that a fault of an ambiguous class speaks for; None where its class decides.

    Args:
        values: what the fault's own fields say: moids, names.
        severity: how grave vCenter takes it.
    """
    worded = next((check for words, check in WORDED.items() if words in fault.message), None)
    if worded is not None:
        return worded
    found = [
        (check, finding)
        for check in CANDIDATES.get(fault.kind, ())
        for finding in asked(check, subject)
        if finding.severity is not Severity.UNKNOWN and not _is_about_another_host(subject, finding, values)
    ]
    closest = [pair for pair in found if _names(pair[1], values)] or found
    closest = [pair for pair in closest if pair[1].severity is severity] or closest
    ids = {check.id for check, _ in closest}
    return closest[0][0] if len(ids) == 1 else None


def asked(check: Check, subject: Subject) -> Iterator[Finding]:
    """What one check says of a move: of its VM, its hosts, its route or the pair, as it is made."""
    if check.on_vm:
        yield from check.on_vm(subject.of_vm)
    elif check.on_host:
        for end in subject.ends if check.at_source else (subject.there,):
            is_destination = end is subject.there
            yield from check.on_host(HostSubject(facts=end, is_destination=is_destination, is_live=subject.is_live))
    elif check.on_route and subject.of_vm.here is not None:
        route = RouteSubject(from_facts=subject.of_vm.here, to_facts=subject.there, is_live=subject.is_live)
        yield from check.on_route(route)
    elif check.on_pair:
        yield from check.on_pair(subject)


def _is_about_another_host(subject: Subject, finding: Finding, values: frozenset[str]) -> bool:
    """Whether the fault names the one host of the move and the finding is about the other."""
    about = [host.named for host in subject.hosts if not values.isdisjoint({host.ref.moid, host.name})]
    return finding.subject.ref.kind == "HostSystem" and bool(about) and finding.subject not in about


def _names(finding: Finding, values: frozenset[str]) -> bool:
    """Whether the fault names the rule that the finding is about."""
    return dict(finding.evidence).get("rule") in values
