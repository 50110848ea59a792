"""Whether the move would start at once, or wait for others: vCenter's limits against the migrations under way.

Rules of this file: vCenter queues what is beyond a limit without a word; so a finding says that the move waits, not
that it fails. A task that is read from a VM names its source; where it goes to is not to be seen, so destinations of
others are not counted.
"""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import Vm
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.preflight.check import About, Check
from vsphere_motion.preflight.subject import HostFacts, HostSubject, Site, VmSubject
from vsphere_motion.preflight.vm import MOVING_METHODS, VM_TASKS
from vsphere_motion.preflight.vmknic import HOST_LINKS
from vsphere_motion.vmotion.costs import Operation, Resource, cost_of, limit_of

VM_DATASTORES = "datastore"
TEN_GBIT = 10_000_000_000


def check_host(subject: HostSubject) -> Iterator[Finding]:
    """The host's slots, by the migrations of the VMs that are on it."""
    yield from _on_host(subject, HOST, Resource.HOST)


def check_network(subject: HostSubject) -> Iterator[Finding]:
    """The slots of the host's vMotion network, which are fewer on a 1 GbE link."""
    if not subject.is_live or subject.host.vmotion_nics == ():
        return
    link_bps = subject.facts.link_bps
    if link_bps is None:
        yield NETWORK.unknown(subject.host.named, HOST_LINKS)
    else:
        yield from _on_host(subject, NETWORK, Resource.NETWORK_10G if link_bps >= TEN_GBIT else Resource.NETWORK_1G)


def _on_host(subject: HostSubject, check: Check, resource: Resource) -> Iterator[Finding]:
    if not subject.is_live:
        return
    moving, unread = _moving_from(subject.facts)
    if _is_full(resource, moving):
        message = f"{subject.host.name} has {moving} migrations under way and takes {limit_of(resource)} at a time"
        yield check.found(subject.host.named, message, under_way=moving, at_most=limit_of(resource))
    else:
        yield from (check.unknown(vm, VM_TASKS) for vm in unread)


def check_datastore(subject: VmSubject) -> Iterator[Finding]:
    """The slots of the datastores that the VM's files are on."""
    if not subject.is_live:
        return
    if subject.vm.datastores is None:
        yield DATASTORE.unknown(subject.named_vm, VM_DATASTORES)
    moving = _moving_on(subject.site) if subject.vm.datastores else {}
    for ref in subject.vm.datastores or ():
        count = moving.get(ref, 0)
        if _is_full(Resource.DATASTORE, count):
            named = subject.site.inventory.name_of(ref) or NamedRef(ref=ref, name=ref.moid)
            most = limit_of(Resource.DATASTORE)
            message = f"datastore {named.name} has {count} migrations under way and takes {most} at a time"
            yield DATASTORE.found(named, message, under_way=count, at_most=most)


def _is_full(resource: Resource, moving: int) -> bool:
    units = cost_of(Operation.VMOTION, resource)
    return (moving + 1) * units > limit_of(resource)


def _is_moving(vm: Vm) -> bool:
    return any(task.name in MOVING_METHODS for task in vm.running_tasks or ())


def _moving_from(facts: HostFacts) -> tuple[int, tuple[NamedRef, ...]]:
    """How many of the host's running VMs are migrating, and the VMs whose tasks were not read."""
    known = facts.memo.get(HOST.id)
    if known is None:
        unread = tuple(NamedRef(ref=vm.ref, name=vm.name) for vm in facts.running if vm.running_tasks is None)
        known = facts.memo[HOST.id] = (sum(map(_is_moving, facts.running)), unread)
    assert isinstance(known, tuple)
    return known


def _moving_on(site: Site) -> dict[MoRef, int]:
    """How many VMs with files on a datastore are migrating."""
    known = site.memo.get(DATASTORE.id)
    if isinstance(known, dict):
        return known
    counts: dict[MoRef, int] = {}
    for vm in site.inventory.vms:
        for ref in (vm.datastores or ()) if _is_moving(vm) else ():
            counts[ref] = counts.get(ref, 0) + 1
    site.memo[DATASTORE.id] = counts
    return counts


HOST = Check(
    id="concurrency.host",
    severity=Severity.INFO,
    title="a free slot for a migration on both hosts",
    about=About.HOSTS,
    on_host=check_host,
    at_source=True,
    reads=(VM_TASKS,),
    source="vCenter Server and Host Management 8.0, Limits on Simultaneous Migrations; KB 326281",
    remedy="nothing to do: vCenter queues the move; or start it when the others have ended",
)
NETWORK = Check(
    id="concurrency.network",
    severity=Severity.INFO,
    title="a free slot on the vMotion network of both hosts",
    about=About.HOSTS,
    on_host=check_network,
    at_source=True,
    reads=(VM_TASKS, HOST_LINKS),
    source="vCenter Server and Host Management 8.0, Limits on Simultaneous Migrations",
    remedy="nothing to do: vCenter queues the move; or give vMotion a 10 GbE network",
)
DATASTORE = Check(
    id="concurrency.datastore",
    severity=Severity.INFO,
    title="a free slot on the VM's datastores",
    about=About.DATASTORE,
    on_vm=check_datastore,
    reads=(VM_TASKS, VM_DATASTORES),
    source="vCenter Server and Host Management 8.0, Limits on Simultaneous Migrations",
    remedy="nothing to do: vCenter queues the move; or start it when the others have ended",
)

CHECKS = (HOST, NETWORK, DATASTORE)
