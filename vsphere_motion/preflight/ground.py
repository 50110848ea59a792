"""The whole site and its hosts, and what the checks look up in them, put in order once however many moves there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from vsphere_motion.model.inventory import (
    Cluster,
    DatastoreMount,
    DrsRule,
    Feature,
    Host,
    HostPortgroup,
    HostSwitch,
    Inventory,
    PowerState,
    Vm,
)
from vsphere_motion.model.refs import MoRef
from vsphere_motion.preflight.surroundings import NOTHING, Surroundings, VmLimits

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
    def namesakes(self) -> Mapping[str, tuple[Vm, ...]]:
        """The VMs by their names, in small letters."""
        found: dict[str, list[Vm]] = {}
        for vm in self.inventory.vms:
            found.setdefault(vm.name.casefold(), []).append(vm)
        return {name: tuple(vms) for name, vms in found.items()}

    @cached_property
    def by_identity(self) -> Mapping[str, tuple[Vm, ...]]:
        """The VMs by their instance UUIDs."""
        found: dict[str, list[Vm]] = {}
        for vm in self.inventory.vms:
            if vm.instance_uuid is not None:
                found.setdefault(vm.instance_uuid, []).append(vm)
        return {uuid: tuple(vms) for uuid, vms in found.items()}

    @cached_property
    def mounts(self) -> Mapping[tuple[MoRef, MoRef], DatastoreMount]:
        """How a host sees a datastore, by the references of both."""
        return {(d.ref, mount.host): mount for d in self.inventory.datastores for mount in d.mounts or ()}

    @cached_property
    def network_hosts(self) -> Mapping[MoRef, frozenset[MoRef]]:
        """The hosts of each network whose list was read; it may be empty while hosts have the network."""
        return {one.ref: frozenset(one.hosts) for one in self.inventory.networks if one.hosts is not None}

    @cached_property
    def vmotion_addresses(self) -> Mapping[str, tuple[Host, ...]]:
        """The hosts that have each vMotion address."""
        found: dict[str, list[Host]] = {}
        for host in self.inventory.hosts:
            for address in dict.fromkeys(nic.address for nic in host.vmotion_nics or () if nic.address):
                found.setdefault(address, []).append(host)
        return {address: tuple(hosts) for address, hosts in found.items()}

    @cached_property
    def vm_limits(self) -> Mapping[MoRef, VmLimits]:
        """The most that a VM may have on each host that was asked for it."""
        return {one.host: one for one in self.surroundings.vm_limits or ()}

    @cached_property
    def tells_of_vgpus(self) -> bool:
        """Whether this vCenter has a property for whether a vGPU can migrate (vSphere API since 7.0.2.0)."""
        numbers = [int(part) for part in self.inventory.vcenter.api_version.split(".") if part.isdigit()]
        return numbers >= [7, 0, 2]

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
    def has_read_rules(self) -> bool:
        """Whether the rules and overrides of its cluster were read; a standalone host has none."""
        cluster = self.cluster
        is_read = cluster is not None and cluster.rules is not None and cluster.drs_overrides is not None
        return is_read or (cluster is not None and not cluster.is_cluster)

    @cached_property
    def overridden(self) -> frozenset[MoRef]:
        """The VMs that its cluster has an override for."""
        overrides = self.cluster.drs_overrides if self.cluster else None
        return frozenset(one.vm for one in overrides or ())

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
    def switches(self) -> Mapping[str, HostSwitch]:
        """Its parts of distributed switches by the switch's UUID; empty if unread."""
        return {one.uuid: one for one in self.host.switches or ()}

    @cached_property
    def memo(self) -> dict[str, object]:
        """What checks derived from the host, by a name of their own."""
        return {}
