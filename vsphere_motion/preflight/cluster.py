"""Whether the destination's cluster takes the VM, and what changes with it; its rules are in `drs_rules.py`."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import Cluster, DrsOverride
from vsphere_motion.model.refs import NamedRef
from vsphere_motion.preflight.check import About, Check
from vsphere_motion.preflight.drs_rules import (
    AFFINITY,
    ANTI_AFFINITY,
    CLUSTER_RULES,
    HOST_PARENT,
    MUST_RULE,
    SHOULD_RULE,
)
from vsphere_motion.preflight.subject import Subject

CLUSTER_POOL = "resourcePool"
DATASTORE_TYPE = "summary.type"

AUTOMATIC = "fullyAutomated"


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
        yield POOL.unknown(subject.named_cluster, CLUSTER_POOL)
        return
    message = f"{subject.vm.name} moves to {name}, into its resource pool {pool.name}"
    yield POOL.found(subject.named_vm, message, pool=pool.moid, cluster=subject.named_cluster.moid)


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
            yield PROTECTION.unknown(cluster.named, CLUSTER_RULES)
    is_lost = ends[1] is not None and (ends[1].ha_enabled is False or not ends[1].is_cluster)
    if ends[0] and ends[1] and ends[0].ha_enabled and is_lost:
        message = f"vSphere HA restarts {subject.vm.name} in {ends[0].name}, and is off in {ends[1].name}"
        yield PROTECTION.found(ends[1].named, message, ha_enabled=False)


def check_ha(subject: Subject) -> Iterator[Finding]:
    """Room for failed hosts in another cluster, with the VM's reservation added; within one cluster nothing changes.

    vSphere HA counts reservations; its slot policy needs more than the snapshot has and is vCenter's to judge.
    """
    cluster = subject.cluster
    if not subject.is_live or not _changes_cluster(subject) or cluster is None or not cluster.ha_enabled:
        return
    policy = cluster.ha_admission
    if policy is None:
        yield HA.unknown(cluster.named, CLUSTER_RULES)
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
        yield HA.unknown(cluster.named, "config.memoryAllocation.reservation, summary.hardware.memorySize")
        return
    after_bytes, total_bytes = sum(reserved) + wanted, sum(known)
    if wanted and after_bytes * 100 > total_bytes * (100 - percent):
        yield HA.found(
            cluster.named,
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
        message = f"an override of {subject.named_cluster.name} keeps DRS away from {subject.vm.name}"
        yield DRS.found(subject.named_cluster, message, drs_enabled_for_vm=False)


def check_automation(subject: Subject) -> Iterator[Finding]:
    """Where DRS moves VMs by itself, it may move this one on."""
    cluster = subject.cluster
    if cluster is None or not cluster.is_cluster or cluster.drs_enabled is False:
        return
    if cluster.drs_enabled is None or cluster.drs_automation is None:
        yield AUTOMATION.unknown(cluster.named, CLUSTER_RULES)
        return
    if (yield from _unread_overrides(subject, AUTOMATION)):
        return
    override = _override(subject)
    level = (override.automation if override else None) or cluster.drs_automation
    if level == AUTOMATIC and subject.is_live and (override is None or override.enabled):
        message = f"DRS of {cluster.name} is fully automated for {subject.vm.name} and may move it on"
        yield AUTOMATION.found(cluster.named, message, automation=level)


def _unread_overrides(subject: Subject, check: Check) -> Generator[Finding, None, bool]:
    """Say that the overrides were not read; returns whether that is so."""
    cluster = subject.cluster
    is_unread = cluster is not None and cluster.is_cluster and cluster.drs_overrides is None
    if cluster is not None and is_unread:
        yield check.unknown(cluster.named, CLUSTER_RULES)
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
        yield VSAN.unknown(cluster.named, CLUSTER_RULES)
    else:
        message = f"{subject.vm.name} leaves the cluster of its vSAN datastore {', '.join(vsan)}"
        yield VSAN.found(cluster.named, message, datastores=vsan, vsan_enabled=cluster.vsan_enabled)


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
