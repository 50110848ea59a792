"""Whether the destination's cluster lets the VM run on that host, and what changes with the cluster."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import Cluster, DrsOverride, DrsRule, PowerState, RuleKind, Vm
from vsphere_motion.model.refs import NamedRef
from vsphere_motion.preflight.check import About, Check
from vsphere_motion.preflight.subject import Subject

HOST_PARENT = "parent"
CLUSTER_RULES = "configurationEx"
CLUSTER_POOL = "resourcePool"
VM_HOST = "runtime.host"
DATASTORE_TYPE = "summary.type"

WANTS_HOSTS = frozenset({RuleKind.VM_HOST_MUST, RuleKind.VM_HOST_SHOULD})
SHUNS_HOSTS = frozenset({RuleKind.VM_HOST_MUST_NOT, RuleKind.VM_HOST_SHOULD_NOT})
AUTOMATIC = "fullyAutomated"


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


def check_pool(subject: Subject) -> Iterator[Finding]:
    """In another cluster the VM needs another resource pool, and leaves the shares and limits of its own."""
    if not _changes_cluster(subject):
        return
    for end in subject.hosts:
        if end.compute_resource is None:
            yield POOL.unknown(end.named, HOST_PARENT)
            return
    name = subject.cluster.name if subject.cluster else subject.destination.name
    pool = subject.pool
    if pool is None:
        yield POOL.unknown(_cluster_named(subject), CLUSTER_POOL)
        return
    message = f"{subject.vm.name} moves to {name}, into its resource pool {pool.name}"
    yield POOL.found(subject.named_vm, message, pool=pool.moid, cluster=_cluster_named(subject).moid)


def _changes_cluster(subject: Subject) -> bool:
    source, host = subject.source, subject.destination
    return source is not None and (source.compute_resource is None or source.compute_resource != host.compute_resource)


def check_protection(subject: Subject) -> Iterator[Finding]:
    """From a cluster with vSphere HA to one without, a running VM is no longer restarted when its host fails."""
    if not subject.is_live or subject.source is None or not _changes_cluster(subject):
        return
    ends = [end.cluster for end in subject.ends]
    for host, cluster in zip(subject.hosts, ends, strict=True):
        if cluster is None:
            yield PROTECTION.unknown(host.named, HOST_PARENT)
        elif cluster.is_cluster and cluster.ha_enabled is None:
            yield PROTECTION.unknown(_named(cluster), CLUSTER_RULES)
    is_lost = ends[1] is not None and (ends[1].ha_enabled is False or not ends[1].is_cluster)
    if ends[0] and ends[1] and ends[0].ha_enabled and is_lost:
        message = f"vSphere HA restarts {subject.vm.name} in {ends[0].name}, and is off in {ends[1].name}"
        yield PROTECTION.found(_named(ends[1]), message, ha_enabled=False)


def check_ha(subject: Subject) -> Iterator[Finding]:
    """Room for failed hosts in another cluster, with the VM's reservation added; within one cluster nothing changes.

    vSphere HA counts reservations; its slot policy needs more than the snapshot has and is vCenter's to judge.
    """
    cluster = subject.cluster
    if not subject.is_live or not _changes_cluster(subject) or cluster is None or not cluster.ha_enabled:
        return
    policy = cluster.ha_admission
    if policy is None:
        yield HA.unknown(_named(cluster), CLUSTER_RULES)
    elif policy.enabled and policy.memory_percent is not None:
        yield from _reserve(subject, cluster, policy.memory_percent)


def _reserve(subject: Subject, cluster: Cluster, percent: int) -> Iterator[Finding]:
    hosts = tuple(subject.site.members(cluster))
    sizes = [host.memory_bytes for host in hosts]
    claims = [vm.memory_reservation_bytes for host in hosts for vm in subject.site.facts_of(host).running]
    wanted = subject.vm.memory_reservation_bytes
    known = [size for size in sizes if size is not None]
    reserved = [claim for claim in claims if claim is not None]
    if wanted is None or len(known) < len(sizes) or len(reserved) < len(claims):
        yield HA.unknown(_named(cluster), "config.memoryAllocation.reservation, summary.hardware.memorySize")
        return
    after_bytes, total_bytes = sum(reserved) + wanted, sum(known)
    if wanted and after_bytes * 100 > total_bytes * (100 - percent):
        yield HA.found(
            _named(cluster),
            f"{cluster.name} keeps {percent} % of its memory for failed hosts, and with {subject.vm.name} "
            f"{after_bytes * 100 / total_bytes if total_bytes else 100:.1f} % would be reserved",
            reserved_after_bytes=after_bytes,
            cluster_memory_bytes=total_bytes,
            kept_free_percent=percent,
        )


def check_drs(subject: Subject) -> Iterator[Finding]:
    """Somebody told DRS to leave the VM alone: it is meant to stay where it is, and DRS does not bring it back."""
    there = subject.there
    if there.has_read_rules and subject.vm.ref not in there.overridden:
        return
    if (yield from _unread_overrides(subject, DRS)):
        return
    override = _override(subject)
    if override is not None and not override.enabled:
        message = f"an override of {_cluster_named(subject).name} keeps DRS away from {subject.vm.name}"
        yield DRS.found(_cluster_named(subject), message, drs_enabled_for_vm=False)


def check_automation(subject: Subject) -> Iterator[Finding]:
    """Where DRS moves VMs by itself, it may move this one on."""
    cluster = subject.cluster
    if cluster is None or not cluster.is_cluster or cluster.drs_enabled is False:
        return
    if cluster.drs_enabled is None or cluster.drs_automation is None:
        yield AUTOMATION.unknown(_named(cluster), CLUSTER_RULES)
        return
    if (yield from _unread_overrides(subject, AUTOMATION)):
        return
    override = _override(subject)
    level = (override.automation if override else None) or cluster.drs_automation
    if level == AUTOMATIC and subject.is_live and (override is None or override.enabled):
        message = f"DRS of {cluster.name} is fully automated for {subject.vm.name} and may move it on"
        yield AUTOMATION.found(_named(cluster), message, automation=level)


def _unread_overrides(subject: Subject, check: Check) -> Generator[Finding, None, bool]:
    """Say that the overrides were not read; returns whether that is so."""
    cluster = subject.cluster
    is_unread = cluster is not None and cluster.is_cluster and cluster.drs_overrides is None
    if cluster is not None and is_unread:
        yield check.unknown(_named(cluster), CLUSTER_RULES)
    return is_unread


def _override(subject: Subject) -> DrsOverride | None:
    if subject.vm.ref not in subject.there.overridden:
        return None
    overrides = subject.cluster.drs_overrides if subject.cluster else None
    return next((one for one in overrides or () if one.vm == subject.vm.ref), None)


def check_vsan(subject: Subject) -> Iterator[Finding]:
    """A VM whose files are on vSAN reads them over the network from a host outside that vSAN cluster."""
    cluster = subject.cluster
    if cluster is None or not _changes_cluster(subject):
        return
    found = (subject.inventory.find_datastore(ref) for ref in subject.vm.datastores or ())
    stores = [store for store in found if store is not None]
    for store in stores:
        if store.kind is None:
            yield VSAN.unknown(NamedRef(ref=store.ref, name=store.name), DATASTORE_TYPE)
    vsan = tuple(store.name for store in stores if store.kind == "vsan")
    if not vsan:
        return
    if cluster.vsan_enabled is None:
        yield VSAN.unknown(_named(cluster), CLUSTER_RULES)
    else:
        message = f"{subject.vm.name} leaves the cluster of its vSAN datastore {', '.join(vsan)}"
        yield VSAN.found(_named(cluster), message, datastores=vsan, vsan_enabled=cluster.vsan_enabled)


def _named(cluster: Cluster) -> NamedRef:
    return NamedRef(ref=cluster.ref, name=cluster.name)


def _cluster_named(subject: Subject) -> NamedRef:
    """The destination's cluster, or its host where the cluster was not read."""
    cluster = subject.cluster
    return _named(cluster) if cluster else subject.destination.named


def _is_unruled(subject: Subject) -> bool:
    """Whether it was read that no rule is about the VM: then there is nothing to say of any host."""
    return not subject.of_vm.is_ruled and subject.there.has_read_rules


def _unread_rules(subject: Subject, check: Check) -> Iterator[Finding]:
    cluster = subject.cluster
    if cluster is None:
        yield check.unknown(subject.destination.named, HOST_PARENT)
    elif cluster.is_cluster and cluster.rules is None:
        yield check.unknown(_named(cluster), CLUSTER_RULES)


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
    cluster, host = _cluster_named(subject), subject.destination
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
    cluster, host = _cluster_named(subject), subject.destination
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
POOL = Check(
    id="cluster.pool",
    severity=Severity.INFO,
    title="the resource pool that the VM has already",
    on_pair=check_pool,
    reads=(HOST_PARENT, CLUSTER_POOL),
    source="vSphere API 8.0: VirtualMachineRelocateSpec.pool",
    remedy="move it to another resource pool of the cluster afterwards, if it needs shares or limits there",
)
HA = Check(
    id="cluster.ha",
    severity=Severity.BLOCKER,
    title="room for failed hosts in the destination's cluster after the move",
    about=About.CLUSTER,
    on_pair=check_ha,
    reads=(CLUSTER_RULES, "config.memoryAllocation.reservation", "summary.hardware.memorySize"),
    source="vSphere API 8.0: InsufficientFailoverResourcesFault, HAErrorsAtDest; vSphere Availability 8.0",
    remedy="free reserved memory in the cluster, lower the VM's reservation, or change HA admission control",
)
PROTECTION = Check(
    id="cluster.ha-protection",
    severity=Severity.WARNING,
    title="vSphere HA that still protects the VM after the move",
    about=About.CLUSTER,
    on_pair=check_protection,
    reads=(HOST_PARENT, CLUSTER_RULES),
    source="vSphere API 8.0: WillLoseHAProtection; vSphere Availability 8.0",
    remedy="turn vSphere HA on in the destination's cluster, or choose a host of a cluster that has it",
)
DRS = Check(
    id="cluster.drs",
    severity=Severity.WARNING,
    title="a VM that DRS and its overrides let go",
    about=About.CLUSTER,
    on_pair=check_drs,
    reads=(CLUSTER_RULES,),
    source="vSphere API 8.0: DrsDisabledOnVm, ClusterDrsVmConfigInfo.enabled",
    remedy="ask why the VM is pinned, and remove its DRS override if it may move",
)
AUTOMATION = Check(
    id="cluster.automation",
    severity=Severity.INFO,
    title="DRS that leaves the VM where it is put",
    about=About.CLUSTER,
    on_pair=check_automation,
    reads=(CLUSTER_RULES,),
    source="vSphere Resource Management 8.0, DRS automation levels",
    remedy="give the VM an override or a rule if it shall stay on its new host; --drs-override does it for the run",
)
VSAN = Check(
    id="cluster.vsan",
    severity=Severity.WARNING,
    title="a destination in the cluster of the VM's vSAN datastore",
    about=About.CLUSTER,
    on_pair=check_vsan,
    reads=(CLUSTER_RULES, "datastore", DATASTORE_TYPE),
    source="vSAN 8.0, Sharing Remote Datastores",
    remedy="choose a host of the vSAN cluster, or move the VM's files as well",
)

CHECKS = (
    MUST_RULE,
    SHOULD_RULE,
    AFFINITY,
    ANTI_AFFINITY,
    POOL,
    HA,
    PROTECTION,
    DRS,
    AUTOMATION,
    VSAN,
)
