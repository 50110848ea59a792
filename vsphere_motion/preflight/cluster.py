"""Whether the destination's cluster lets the VM run on that host, and what changes with the cluster."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import DrsRule, PowerState, RuleKind, Vm
from vsphere_motion.model.refs import NamedRef
from vsphere_motion.preflight.check import Check, unknown
from vsphere_motion.preflight.subject import Subject

MUST_RULE = "cluster.must-rule"
SHOULD_RULE = "cluster.should-rule"
AFFINITY = "cluster.affinity"
ANTI_AFFINITY = "cluster.anti-affinity"
POOL = "cluster.pool"
HA = "cluster.ha"
DRS = "cluster.drs"

HOST_PARENT = "parent"
CLUSTER_RULES = "configurationEx"
CLUSTER_POOL = "resourcePool"
VM_HOST = "runtime.host"

WANTS_HOSTS = frozenset({RuleKind.VM_HOST_MUST, RuleKind.VM_HOST_SHOULD})
SHUNS_HOSTS = frozenset({RuleKind.VM_HOST_MUST_NOT, RuleKind.VM_HOST_SHOULD_NOT})


def check_must_rule(subject: Subject) -> Iterator[Finding]:
    """Enabled must rules of the destination's cluster that keep the VM off that host; they hold with DRS off too."""
    yield from _unread_rules(subject, MUST_RULE)
    for rule in _rules(subject, RuleKind.VM_HOST_MUST, RuleKind.VM_HOST_MUST_NOT):
        if _excludes(rule, subject):
            yield _host_rule(subject, rule, MUST_RULE, Severity.BLOCKER)


def check_should_rule(subject: Subject) -> Iterator[Finding]:
    """Enabled should rules that the move would go against: DRS may move the VM back."""
    yield from _unread_rules(subject, SHOULD_RULE)
    for rule in _rules(subject, RuleKind.VM_HOST_SHOULD, RuleKind.VM_HOST_SHOULD_NOT):
        if _excludes(rule, subject):
            yield _host_rule(subject, rule, SHOULD_RULE, Severity.WARNING)


def check_affinity(subject: Subject) -> Iterator[Finding]:
    """VMs that a rule wants on the VM's host and that run on another one."""
    yield from _unread_rules(subject, AFFINITY)
    for rule in _rules(subject, RuleKind.AFFINITY):
        yield from _unread_partners(subject, rule, AFFINITY)
        apart = [vm for vm in _partners(subject, rule) if vm.host not in {None, subject.destination.ref}]
        if apart:
            yield _vm_rule(subject, rule, apart, AFFINITY)


def check_anti_affinity(subject: Subject) -> Iterator[Finding]:
    """VMs that a rule wants on another host than the VM's and that run on the destination.

    A person may move a VM against such a rule; vCenter never does by itself (API: RuleViolation).
    """
    yield from _unread_rules(subject, ANTI_AFFINITY)
    for rule in _rules(subject, RuleKind.ANTI_AFFINITY):
        yield from _unread_partners(subject, rule, ANTI_AFFINITY)
        together = [vm for vm in _partners(subject, rule) if vm.host == subject.destination.ref]
        if together:
            yield _vm_rule(subject, rule, together, ANTI_AFFINITY)


def check_pool(subject: Subject) -> Iterator[Finding]:
    """In another cluster the VM needs another resource pool, and leaves the shares and limits of its own."""
    source, host = subject.source, subject.destination
    if source is None or (source.compute_resource is not None and source.compute_resource == host.compute_resource):
        return
    for end in subject.hosts:
        if end.compute_resource is None:
            yield unknown(POOL, end.named, HOST_PARENT)
            return
    pool = subject.move.destination.pool
    name = subject.cluster.name if subject.cluster else host.name
    if pool is None:
        yield unknown(POOL, _cluster_named(subject), CLUSTER_POOL)
        return
    yield Finding(
        id=POOL,
        severity=Severity.INFO,
        subject=subject.named_vm,
        message=f"{subject.vm.name} moves to {name}, into its resource pool {pool.name}",
        remedy=f"move it to another resource pool of {name} afterwards, if it needs shares or limits there",
        evidence=(("pool", pool.moid), ("cluster", _cluster_named(subject).moid)),
    )


def _cluster_named(subject: Subject) -> NamedRef:
    """The destination's cluster, or its host where the cluster was not read."""
    cluster = subject.cluster
    return NamedRef(ref=cluster.ref, name=cluster.name) if cluster else subject.destination.named


def _unread_rules(subject: Subject, check_id: str) -> Iterator[Finding]:
    cluster = subject.cluster
    if cluster is None:
        yield unknown(check_id, subject.destination.named, HOST_PARENT)
    elif cluster.is_cluster and cluster.rules is None:
        yield unknown(check_id, NamedRef(ref=cluster.ref, name=cluster.name), CLUSTER_RULES)


def _rules(subject: Subject, *kinds: RuleKind) -> Iterator[DrsRule]:
    rules = subject.cluster.rules if subject.cluster else None
    return (rule for rule in rules or () if rule.enabled and rule.kind in kinds and subject.vm.ref in rule.vms)


def _excludes(rule: DrsRule, subject: Subject) -> bool:
    is_member = subject.destination.ref in rule.hosts
    return (rule.kind in WANTS_HOSTS and not is_member) or (rule.kind in SHUNS_HOSTS and is_member)


def _partners(subject: Subject, rule: DrsRule) -> Iterator[Vm]:
    """The rule's other VMs that were read and are not off: a rule concerns running VMs."""
    for ref in rule.vms:
        vm = subject.inventory.find_vm(ref)
        if vm is not None and ref != subject.vm.ref and vm.power_state is not PowerState.OFF:
            yield vm


def _unread_partners(subject: Subject, rule: DrsRule, check_id: str) -> Iterator[Finding]:
    for ref in rule.vms:
        named = subject.inventory.name_of(ref)
        if named is not None and subject.inventory.find_vm(ref) is None and ref != subject.vm.ref:
            yield unknown(check_id, named, VM_HOST)


def _host_rule(subject: Subject, rule: DrsRule, check_id: str, severity: Severity) -> Finding:
    cluster, host = _cluster_named(subject), subject.destination
    word = "must" if severity is Severity.BLOCKER else "should"
    aim = "run only on its host group" if rule.kind in WANTS_HOSTS else "not run on its host group"
    names = tuple(subject.inventory.name_of(ref) for ref in rule.hosts)
    return Finding(
        id=check_id,
        severity=severity,
        subject=cluster,
        message=f"rule {rule.name} of {cluster.name} says that {subject.vm.name} {word} {aim}, "
        f"which {'does not have' if rule.kind in WANTS_HOSTS else 'has'} {host.name}",
        remedy=f"choose a host that the rule allows, or change rule {rule.name}",
        evidence=(("rule", rule.name), ("kind", rule.kind.value), ("hosts", tuple(n.name for n in names if n))),
    )


def _vm_rule(subject: Subject, rule: DrsRule, others: list[Vm], check_id: str) -> Finding:
    cluster, host = _cluster_named(subject), subject.destination
    names = tuple(vm.name for vm in others)
    words = "together with" if rule.kind is RuleKind.AFFINITY else "apart from"
    where = "not on" if rule.kind is RuleKind.AFFINITY else "on"
    return Finding(
        id=check_id,
        severity=Severity.WARNING,
        subject=cluster,
        message=f"rule {rule.name} of {cluster.name} wants {subject.vm.name} {words} {', '.join(names)}, "
        f"{where} {host.name} now",
        remedy=f"move them as the rule asks, or change rule {rule.name}; DRS may move the VM again",
        evidence=(("rule", rule.name), ("kind", rule.kind.value), ("vms", names)),
    )


CHECKS = (
    Check(
        id=MUST_RULE,
        severity=Severity.BLOCKER,
        title="no must rule that keeps the VM off the destination",
        function=check_must_rule,
        reads=(HOST_PARENT, CLUSTER_RULES),
        source="vSphere API 8.0: VmHostAffinityRuleViolation; vSphere Resource Management 8.0, VM-Host Affinity Rules",
    ),
    Check(
        id=SHOULD_RULE,
        severity=Severity.WARNING,
        title="no should rule against the destination",
        function=check_should_rule,
        reads=(HOST_PARENT, CLUSTER_RULES),
        source="vSphere Resource Management 8.0, VM-Host Affinity Rules",
    ),
    Check(
        id=AFFINITY,
        severity=Severity.WARNING,
        title="no rule that wants the VM together with VMs elsewhere",
        function=check_affinity,
        reads=(HOST_PARENT, CLUSTER_RULES, VM_HOST),
        source="vSphere API 8.0: RuleViolation, ClusterAffinityRuleSpec",
    ),
    Check(
        id=ANTI_AFFINITY,
        severity=Severity.WARNING,
        title="no rule that wants the VM apart from VMs on the destination",
        function=check_anti_affinity,
        reads=(HOST_PARENT, CLUSTER_RULES, VM_HOST),
        source="vSphere API 8.0: RuleViolation, ClusterAntiAffinityRuleSpec",
    ),
    Check(
        id=POOL,
        severity=Severity.INFO,
        title="the resource pool that the VM has already",
        function=check_pool,
        reads=(HOST_PARENT, CLUSTER_POOL),
        source="vSphere API 8.0: VirtualMachineRelocateSpec.pool",
    ),
    Check(
        id=HA,
        severity=Severity.BLOCKER,
        title="vSphere HA that protects the VM after the move",
        source="vSphere API 8.0: HAErrorsAtDest, WillLoseHAProtection, InsufficientFailoverResourcesFault",
    ),
    Check(
        id=DRS,
        severity=Severity.BLOCKER,
        title="a VM that DRS and its overrides let go",
        source="vSphere API 8.0: DrsDisabledOnVm, DrsVmotionIncompatibleFault",
    ),
)
