"""What a check looks at: a VM, a host, two hosts, or one move, and everything in the snapshot that concerns it.

Rules of this file: a subject can be made of every move. An object that the snapshot does not have stands in as one of
which nothing was read, so that every check says "unknown" instead of failing. What is derived from one VM, one host or
the whole site is derived once, however many moves it concerns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from vsphere_motion.model.inventory import (
    Cluster,
    DatastoreMount,
    Device,
    DeviceKind,
    DrsRule,
    Feature,
    Host,
    HostPortgroup,
    Inventory,
    PowerState,
    Vm,
)
from vsphere_motion.model.move import Move
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.preflight.surroundings import NOTHING, Surroundings

IDLE = frozenset({PowerState.OFF, PowerState.SUSPENDED})


@dataclass(frozen=True, kw_only=True)
class Site:
    """The snapshot and what surrounds it, with what checks look up in them put in order once."""

    inventory: Inventory
    surroundings: Surroundings = NOTHING
    memo: dict[str, object] = field(default_factory=dict, repr=False, compare=False)
    _demands: dict[tuple[Feature, ...], tuple[Feature, ...]] = field(default_factory=dict, repr=False, compare=False)
    _hosts: dict[MoRef, HostFacts] = field(default_factory=dict, repr=False, compare=False)

    def facts_of(self, host: Host) -> HostFacts:
        """What the site says of a host."""
        facts = self._hosts.get(host.ref)
        if facts is None:
            facts = self._hosts[host.ref] = HostFacts(site=self, host=host)
        return facts

    def demand(self, features: tuple[Feature, ...]) -> tuple[Feature, ...]:
        """The one tuple that stands for all equal ones, so that equal demands are compared with a host once."""
        return self._demands.setdefault(features, features)

    @cached_property
    def running(self) -> Mapping[MoRef, tuple[Vm, ...]]:
        """The VMs that run on each host, by `runtime.host`; an unread power state counts as running."""
        by_host: dict[MoRef, list[Vm]] = {}
        for vm in self.inventory.vms:
            if vm.host is not None and vm.power_state not in IDLE:
                by_host.setdefault(vm.host, []).append(vm)
        return {host: tuple(vms) for host, vms in by_host.items()}

    @cached_property
    def rules(self) -> Mapping[tuple[MoRef, MoRef], tuple[DrsRule, ...]]:
        """The enabled rules about a VM in a cluster, by the references of both."""
        found: dict[tuple[MoRef, MoRef], list[DrsRule]] = {}
        for cluster in self.inventory.clusters:
            for rule in cluster.rules or ():
                for vm in dict.fromkeys(rule.vms) if rule.enabled else ():
                    found.setdefault((cluster.ref, vm), []).append(rule)
        return {key: tuple(rules) for key, rules in found.items()}

    @cached_property
    def ruled(self) -> frozenset[MoRef]:
        """The VMs that enabled rules are about."""
        return frozenset(vm for _, vm in self.rules)

    @cached_property
    def mounts(self) -> Mapping[tuple[MoRef, MoRef], DatastoreMount]:
        """How a host sees a datastore, by the references of both."""
        return {(d.ref, mount.host): mount for d in self.inventory.datastores for mount in d.mounts or ()}

    @cached_property
    def vmotion_addresses(self) -> Mapping[str, tuple[Host, ...]]:
        """The hosts that have each vMotion address."""
        found: dict[str, list[Host]] = {}
        for host in self.inventory.hosts:
            for address in dict.fromkeys(nic.address for nic in host.vmotion_nics or () if nic.address):
                found.setdefault(address, []).append(host)
        return {address: tuple(hosts) for address, hosts in found.items()}

    def members(self, cluster: Cluster) -> Iterator[Host]:
        """The hosts of a cluster that were read."""
        return (host for host in self.inventory.hosts if host.compute_resource == cluster.ref)


@dataclass(frozen=True, kw_only=True)
class HostFacts:
    """A host and what the site says of it."""

    site: Site
    host: Host

    @cached_property
    def cluster(self) -> Cluster | None:
        """Its cluster or standalone compute resource; None if it was not read."""
        return self.site.inventory.cluster_of(self.host)

    @cached_property
    def running(self) -> tuple[Vm, ...]:
        """The VMs that run on it."""
        return self.site.running.get(self.host.ref, ())

    @cached_property
    def networks(self) -> frozenset[MoRef] | None:
        """Its networks; None if unread."""
        return None if self.host.networks is None else frozenset(self.host.networks)

    @cached_property
    def datastores(self) -> frozenset[MoRef] | None:
        """Its datastores; None if unread."""
        return None if self.host.datastores is None else frozenset(self.host.datastores)

    @cached_property
    def features(self) -> Mapping[str, str] | None:
        """The value of each CPU feature it offers; None if unread."""
        return None if self.host.features is None else {one.key: one.value for one in self.host.features}

    @cached_property
    def portgroups(self) -> Mapping[str, HostPortgroup]:
        """Its standard port groups by their labels; empty if unread."""
        return {one.name: one for one in self.host.portgroups or ()}

    @cached_property
    def link_bps(self) -> int | None:
        """The speed of its vMotion: the fastest link; None if there is none or one was not read."""
        speeds = [nic.link_bps for nic in self.host.vmotion_nics or ()]
        known = [speed for speed in speeds if speed is not None]
        return max(known) if known and len(known) == len(speeds) else None

    @cached_property
    def memo(self) -> dict[str, object]:
        """What checks derived from the host, by a name of their own."""
        return {}


@dataclass(frozen=True, kw_only=True)
class VmSubject:
    """A VM, for checks that need no destination.

    Args:
        source: the host the VM is on; None if it is on no host.
    """

    site: Site
    vm: Vm
    source: Host | None

    @cached_property
    def named_vm(self) -> NamedRef:
        """The VM's reference and name, the subject of most findings."""
        return NamedRef(ref=self.vm.ref, name=self.vm.name)

    @cached_property
    def is_live(self) -> bool:
        """Whether the VM moves while it runs. An unread power state counts as running, the stricter case."""
        return self.vm.power_state not in IDLE

    @cached_property
    def here(self) -> HostFacts | None:
        """The source with what the site says of it."""
        return None if self.source is None else self.site.facts_of(self.source)

    @cached_property
    def is_ruled(self) -> bool:
        """Whether an enabled rule of any cluster is about it."""
        return self.vm.ref in self.site.ruled

    @cached_property
    def nics(self) -> tuple[Device, ...]:
        """Its network adapters."""
        return self.of_kind(DeviceKind.NIC)

    @cached_property
    def rdms(self) -> tuple[Device, ...]:
        """Its raw device mappings."""
        return tuple(disk for disk in self.of_kind(DeviceKind.DISK) if disk.rdm_mode is not None)

    @cached_property
    def vgpus(self) -> tuple[Device, ...]:
        """Its shared GPUs."""
        return self.of_kind(DeviceKind.VGPU)

    @cached_property
    def features(self) -> tuple[Feature, ...] | None:
        """The CPU features it needs, the same object for all VMs that need the same; None if unread."""
        return None if self.vm.features is None else self.site.demand(self.vm.features)

    @cached_property
    def has_tpm(self) -> bool | None:
        """Whether it has a virtual TPM; None if its devices were not read."""
        return None if self.vm.devices is None else bool(self.of_kind(DeviceKind.TPM))

    def of_kind(self, *kinds: DeviceKind) -> tuple[Device, ...]:
        """Its devices of these kinds."""
        return tuple(device for device in self.vm.devices or () if device.kind in kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSubject:
    """One end of moves.

    Args:
        is_destination: whether it is the destination, else the source.
        is_live: whether running VMs are moved.
    """

    facts: HostFacts
    is_destination: bool
    is_live: bool

    @property
    def host(self) -> Host:
        """The host."""
        return self.facts.host

    @property
    def site(self) -> Site:
        """The site."""
        return self.facts.site

    @property
    def end(self) -> str:
        """Which end it is, in words."""
        return "destination" if self.is_destination else "source"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSubject:
    """Two different hosts between which VMs are moved; `is_live`: running VMs."""

    from_facts: HostFacts
    to_facts: HostFacts
    is_live: bool

    @property
    def source(self) -> Host:
        """Where the VMs are."""
        return self.from_facts.host

    @property
    def destination(self) -> Host:
        """Where they shall be."""
        return self.to_facts.host


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A move with the objects it is about.

    Args:
        of_vm: the VM with what is derived from it.
        there: the destination with what the site says of it.
        source: the host the VM is on; None if it is on no host.
        destination: the host the VM shall be on.
        cluster: the destination's cluster or standalone compute resource; None if it was not read.
        pool: the resource pool the VM shall be in; None if it was not read.
        datastores: where its files shall be.
    """

    site: Site
    of_vm: VmSubject
    there: HostFacts
    vm: Vm
    source: Host | None
    destination: Host
    cluster: Cluster | None
    is_live: bool
    pool: NamedRef | None = None
    datastores: tuple[NamedRef, ...] = ()

    @property
    def inventory(self) -> Inventory:
        """The snapshot."""
        return self.site.inventory

    @property
    def named_vm(self) -> NamedRef:
        """The VM's reference and name, the subject of most findings."""
        return self.of_vm.named_vm

    @property
    def is_noop(self) -> bool:
        """Whether the VM is already on its destination host."""
        return self.source is not None and self.source.ref == self.destination.ref

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The hosts of both ends, the source first; a VM on no host has one end."""
        return (self.destination,) if self.source is None else (self.source, self.destination)

    @property
    def ends(self) -> tuple[HostFacts, ...]:
        """The same hosts with what the site says of them."""
        here = self.of_vm.here
        return (self.there,) if here is None else (here, self.there)

    def neighbours(self) -> tuple[Vm, ...]:
        """The other VMs that run on the destination."""
        return tuple(vm for vm in self.there.running if vm.ref != self.vm.ref)


def subject_of(inventory: Inventory, move: Move) -> Subject:
    """The subject of a single move."""
    return move_subject(Site(inventory=inventory), move)


def move_subject(site: Site, move: Move, of_vm: VmSubject | None = None) -> Subject:
    """The subject of a move. A destination without a host means that the VM stays on its host."""
    wanted = move.destination.host or move.source.host
    assert wanted is not None, "a move names a host on at least one end"
    of_vm = of_vm or vm_subject(site, move)
    there = site.facts_of(_host(site.inventory, wanted))
    return pair_subject(of_vm, there, move.destination.pool, move.destination.datastores)


def vm_subject(site: Site, move: Move) -> VmSubject:
    """The VM of a move, on the source that the move names."""
    source = _host(site.inventory, move.source.host) if move.source.host else None
    vm = site.inventory.find_vm(move.vm.ref)
    vm = vm or Vm(ref=move.vm.ref, name=move.vm.name, instance_uuid=move.vm.instance_uuid)
    return VmSubject(site=site, vm=vm, source=source)


def pair_subject(
    of_vm: VmSubject, there: HostFacts, pool: NamedRef | None, datastores: tuple[NamedRef, ...]
) -> Subject:
    """A VM and a destination."""
    return Subject(
        site=of_vm.site,
        of_vm=of_vm,
        there=there,
        vm=of_vm.vm,
        source=of_vm.source,
        destination=there.host,
        cluster=there.cluster,
        is_live=of_vm.is_live,
        pool=pool,
        datastores=datastores,
    )


def _host(inventory: Inventory, named: NamedRef) -> Host:
    return inventory.find_host(named.ref) or Host(ref=named.ref, name=named.name, compute_resource=None)
