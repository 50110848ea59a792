"""Whether the rules of the destination's cluster let the VM run on that host, beside those that run there.

Rules of this file: its checks are about the cluster, have ids of that kind, and stand in its table.
"""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import DrsRule, PowerState, RuleKind, Vm
from vsphere_motion.preflight.check import About, Check
from vsphere_motion.preflight.subject import Subject

HOST_PARENT = "parent"
CLUSTER_RULES = "configurationEx"
VM_HOST = "runtime.host"

WANTS_HOSTS = frozenset({RuleKind.VM_HOST_MUST, RuleKind.VM_HOST_SHOULD})
SHUNS_HOSTS = frozenset({RuleKind.VM_HOST_MUST_NOT, RuleKind.VM_HOST_SHOULD_NOT})


def check_must_rule(subject: Subject) -> Iterator[Finding]:
    """Enabled must rules of the destination's cluster that keep the VM off that host; they hold with DRS off too."""
    if _is_unruled(subject):
        return
    yield from _unread_rules(subject, MUST_RULE)
    for rule in _rules(subject, RuleKind.VM_HOST_MUST, RuleKind.VM_HOST_MUST_NOT):
        if _excludes(rule, subject):
            yield _host_rule(subject, rule, MUST_RULE, "must")


def check_should_rule(subject: Subject) -> Iterator[Finding]:
    """Enabled should rules that the move would go against: DRS may move the VM back."""
    if _is_unruled(subject):
        return
    yield from _unread_rules(subject, SHOULD_RULE)
    for rule in _rules(subject, RuleKind.VM_HOST_SHOULD, RuleKind.VM_HOST_SHOULD_NOT):
        if _excludes(rule, subject):
            yield _host_rule(subject, rule, SHOULD_RULE, "should")


def check_affinity(subject: Subject) -> Iterator[Finding]:
    """VMs that a rule wants on the VM's host and that run on another one."""
    if _is_unruled(subject):
        return
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
    if _is_unruled(subject):
        return
    yield from _unread_rules(subject, ANTI_AFFINITY)
    for rule in _rules(subject, RuleKind.ANTI_AFFINITY):
        yield from _unread_partners(subject, rule, ANTI_AFFINITY)
        together = [vm for vm in _partners(subject, rule) if vm.host == subject.destination.ref]
        if together:
            yield _vm_rule(subject, rule, together, ANTI_AFFINITY)


def _is_unruled(subject: Subject) -> bool:
    """Whether it was read that no rule is about the VM: then there is nothing to say of any host."""
    return not subject.of_vm.is_ruled and subject.there.has_read_rules


def _unread_rules(subject: Subject, check: Check) -> Iterator[Finding]:
    cluster = subject.cluster
    if cluster is None:
        yield check.unknown(subject.destination.named, HOST_PARENT)
    elif cluster.is_cluster and cluster.rules is None:
        yield check.unknown(cluster.named, CLUSTER_RULES)


def _rules(subject: Subject, *kinds: RuleKind) -> Iterator[DrsRule]:
    if subject.cluster is None or not subject.of_vm.is_ruled:
        return iter(())
    rules = subject.site.rules.get((subject.cluster.ref, subject.vm.ref), ())
    return (rule for rule in rules if rule.kind in kinds)


def _excludes(rule: DrsRule, subject: Subject) -> bool:
    is_member = subject.destination.ref in rule.hosts
    return (rule.kind in WANTS_HOSTS and not is_member) or (rule.kind in SHUNS_HOSTS and is_member)


def _partners(subject: Subject, rule: DrsRule) -> Iterator[Vm]:
    """The rule's other VMs that were read and are not off: a rule concerns running VMs."""
    for ref in rule.vms:
        vm = subject.inventory.find_vm(ref)
        if vm is not None and ref != subject.vm.ref and vm.power_state is not PowerState.OFF:
            yield vm


def _unread_partners(subject: Subject, rule: DrsRule, check: Check) -> Iterator[Finding]:
    for ref in rule.vms:
        named = subject.inventory.name_of(ref)
        if named is not None and subject.inventory.find_vm(ref) is None and ref != subject.vm.ref:
            yield check.unknown(named, VM_HOST)


def _host_rule(subject: Subject, rule: DrsRule, check: Check, word: str) -> Finding:
    cluster, host = subject.named_cluster, subject.destination
    aim = "run only on its host group" if rule.kind in WANTS_HOSTS else "not run on its host group"
    names = tuple(subject.inventory.name_of(ref) for ref in rule.hosts)
    return check.found(
        cluster,
        f"rule {rule.name} of {cluster.name} says that {subject.vm.name} {word} {aim}, "
        f"which {'does not have' if rule.kind in WANTS_HOSTS else 'has'} {host.name}",
        rule=rule.name,
        kind=rule.kind.value,
        hosts=tuple(named.name for named in names if named),
    )


def _vm_rule(subject: Subject, rule: DrsRule, others: list[Vm], check: Check) -> Finding:
    cluster, host = subject.named_cluster, subject.destination
    names = tuple(vm.name for vm in others)
    words = "together with" if rule.kind is RuleKind.AFFINITY else "apart from"
    where = "not on" if rule.kind is RuleKind.AFFINITY else "on"
    return check.found(
        cluster,
        f"rule {rule.name} of {cluster.name} wants {subject.vm.name} {words} {', '.join(names)}, "
        f"{where} {host.name} now",
        severity=Severity.BLOCKER if rule.mandatory else Severity.WARNING,
        rule=rule.name,
        kind=rule.kind.value,
        vms=names,
    )


MUST_RULE = Check(
    id="cluster.must-rule",
    severity=Severity.BLOCKER,
    title="no must rule that keeps the VM off the destination",
    about=About.CLUSTER,
    on_pair=check_must_rule,
    reads=(HOST_PARENT, CLUSTER_RULES),
    source="vSphere API 8.0: VmHostAffinityRuleViolation; vSphere Resource Management 8.0, VM-Host Affinity Rules",
    remedy="choose a host that the rule allows, or change the rule",
)
SHOULD_RULE = Check(
    id="cluster.should-rule",
    severity=Severity.WARNING,
    title="no should rule against the destination",
    about=About.CLUSTER,
    on_pair=check_should_rule,
    reads=(HOST_PARENT, CLUSTER_RULES),
    source="vSphere Resource Management 8.0, VM-Host Affinity Rules",
    remedy="choose a host that the rule wants, or change the rule; DRS may move the VM back",
)
AFFINITY = Check(
    id="cluster.affinity",
    severity=Severity.BLOCKER,
    title="no rule that wants the VM together with VMs elsewhere (a blocker if the rule is mandatory)",
    about=About.CLUSTER,
    on_pair=check_affinity,
    reads=(HOST_PARENT, CLUSTER_RULES, VM_HOST),
    source="vSphere API 8.0: RuleViolation, ClusterAffinityRuleSpec",
    remedy="move the VMs as the rule asks, or change the rule; DRS may move the VM again",
)
ANTI_AFFINITY = Check(
    id="cluster.anti-affinity",
    severity=Severity.BLOCKER,
    title="no rule that wants the VM apart from VMs on the destination (a blocker if the rule is mandatory)",
    about=About.CLUSTER,
    on_pair=check_anti_affinity,
    reads=(HOST_PARENT, CLUSTER_RULES, VM_HOST),
    source="vSphere API 8.0: RuleViolation, ClusterAntiAffinityRuleSpec",
    remedy="move the VMs as the rule asks, or change the rule; DRS may move the VM again",
)
