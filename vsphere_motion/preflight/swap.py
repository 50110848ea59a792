"""Whether the VM's swap file has to be copied, and whether it can be."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.preflight.check import About, Check
from vsphere_motion.preflight.subject import HostFacts, Subject

VM_PLACEMENT = "config.swapPlacement"
CLUSTER_PLACEMENT = "configurationEx.vmSwapPlacement"
HOST_DATASTORE = "config.localSwapDatastore"
HOST_UNSHARED = "capability.unsharedSwapVMotionSupported"
HOST_PER_VM = "capability.perVmSwapFiles"
LOCAL = "hostLocal"
BESIDE = "vmDirectory"


def check_placement(subject: Subject) -> Iterator[Finding]:
    """A running VM whose swap file is kept by its host needs another one there, and swapped pages are copied."""
    if not subject.is_live or subject.source is None:
        return
    if subject.vm.swap_placement == BESIDE:
        return
    for end in subject.ends:
        host, placement = end.host, placement_of(subject, end)
        if placement is None:
            yield PLACEMENT.unknown(subject.named_vm, f"{VM_PLACEMENT}, {CLUSTER_PLACEMENT}")
            return
        if placement == LOCAL and host.local_swap_datastore is None and HOST_DATASTORE in host.unread:
            yield PLACEMENT.unknown(host.named, HOST_DATASTORE)
            return
    here, there = [_where(subject, end) for end in subject.ends]
    if here != there:
        message = f"the swap file of {subject.vm.name} is kept at another place on {subject.destination.name}"
        yield PLACEMENT.found(subject.named_vm, message, source_place=here, destination_place=there)


def check_support(subject: Subject) -> Iterator[Finding]:
    """Both hosts must be able to vMotion a VM whose swap file is not beside it.

    The destination must also know a place for the swap file of a single VM, where the VM says for itself that its host
    keeps it.
    """
    if not subject.is_live or subject.source is None:
        return
    if subject.vm.swap_placement == LOCAL:
        yield from _override(subject)
    if LOCAL not in [placement_of(subject, end) for end in subject.ends]:
        return
    for host in subject.hosts:
        if host.unshared_swap_supported is None:
            yield SUPPORT.unknown(host.named, HOST_UNSHARED)
        elif not host.unshared_swap_supported:
            message = f"{host.name} cannot vMotion {subject.vm.name}, whose swap file is kept by its host"
            yield SUPPORT.found(host.named, message, unshared_swap_supported=False)


def _override(subject: Subject) -> Iterator[Finding]:
    host = subject.destination
    if host.per_vm_swap_supported is None:
        yield SUPPORT.unknown(host.named, HOST_PER_VM)
    elif not host.per_vm_swap_supported:
        message = f"{host.name} knows no place for the swap file of {subject.vm.name} alone"
        yield SUPPORT.found(host.named, message, per_vm_swap_supported=False)


def placement_of(subject: Subject, end: HostFacts) -> str | None:
    """Where the VM's swap file is kept on a host: `vmDirectory` or `hostLocal`; None if it could not be read."""
    if subject.vm.swap_placement != "inherit":
        return subject.vm.swap_placement
    cluster = end.cluster
    if cluster is None:
        return None
    return cluster.swap_placement if cluster.is_cluster else BESIDE


def _where(subject: Subject, end: HostFacts) -> str:
    if placement_of(subject, end) != LOCAL or end.host.local_swap_datastore is None:
        return BESIDE
    return end.host.local_swap_datastore.moid


PLACEMENT = Check(
    id="swap.placement",
    severity=Severity.WARNING,
    title="a swap file that both hosts keep at the same place",
    on_pair=check_placement,
    reads=(VM_PLACEMENT, CLUSTER_PLACEMENT, HOST_DATASTORE),
    source="vCenter Server and Host Management 8.0, Swap File Location and vMotion Compatibility",
    remedy="keep swap files with the VM, or on one datastore that both hosts have; else expect a slower move",
)
SUPPORT = Check(
    id="swap.support",
    severity=Severity.BLOCKER,
    title="hosts that can vMotion a VM whose swap file is not beside it",
    about=About.HOSTS,
    on_pair=check_support,
    reads=(VM_PLACEMENT, CLUSTER_PLACEMENT, HOST_UNSHARED, HOST_PER_VM),
    source="vSphere API 8.0: UnsharedSwapVMotionNotSupported, SwapPlacementOverrideNotSupported, HostCapability",
    remedy="keep the VM's swap file with the VM, or on a datastore that both hosts have",
)

CHECKS = (PLACEMENT, SUPPORT)
