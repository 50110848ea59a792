"""What a check looks at: a VM, a host, two hosts, or one move, and everything in the snapshot that concerns it.

Rules of this file: a subject can be made of every move. An object that the snapshot does not have stands in as one of
which nothing was read, so that every check says "unknown" instead of failing. What is derived from one VM, one host or
the whole site is derived once, however many moves it concerns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from vsphere_motion.model.inventory import Cluster, Device, DeviceKind, Feature, Host, Inventory, Vm
from vsphere_motion.model.keepsakes import Keepsakes
from vsphere_motion.model.move import Change, Move, NicPlacement
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.preflight.arrival import Arrival, arrivals_of
from vsphere_motion.preflight.ground import IDLE as IDLE
from vsphere_motion.preflight.ground import HostFacts as HostFacts
from vsphere_motion.preflight.ground import Site as Site

MEDIA = frozenset({DeviceKind.CDROM, DeviceKind.FLOPPY})


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
    def disks(self) -> tuple[Device, ...]:
        """Its disks."""
        return self.of_kind(DeviceKind.DISK)

    @cached_property
    def drives(self) -> tuple[Device, ...]:
        """Its CD-ROM and floppy drives."""
        return self.of_kind(*MEDIA)

    @cached_property
    def video_cards(self) -> tuple[Device, ...]:
        """Its graphics cards."""
        return self.of_kind(DeviceKind.VIDEO)

    @cached_property
    def datastores(self) -> tuple[MoRef, ...] | None:
        """Where its files are, apart from datastores with nothing but images in its drives; None if unread.

        The home is known by the path of the configuration file; without that path any datastore may be the home.
        """
        if self.vm.datastores is None:
            return None
        images = {drive.datastore for drive in self.drives}
        others = {device.datastore for device in self.vm.devices or () if device.kind not in MEDIA}
        alone = images - others
        return tuple(ref for ref in self.vm.datastores if ref not in alone or self._is_home(ref))

    def _is_home(self, ref: MoRef) -> bool:
        datastore, path = self.site.inventory.find_datastore(ref), self.vm.vmx_path
        return path is None or (datastore is not None and path.startswith(f"[{datastore.name}]"))

    @cached_property
    def rdms(self) -> tuple[Device, ...]:
        """Its raw device mappings."""
        return tuple(disk for disk in self.disks if disk.rdm_mode is not None)

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
        arrivals: what comes to each datastore; empty where the files stay.
        nics: its adapters with the networks they shall be on; empty where the move has nothing to do with networks.
        changes: what the move changes.
        encryption: when the VM's memory travels encrypted, as it will be set before the move; None: not read.
        keepsakes: what the VM is to have again at another vCenter; None: nothing was asked for.
        folder: the folder that the VM goes to; None: it stays where it is, or the folder is made for it.
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
    arrivals: tuple[Arrival, ...] = ()
    nics: tuple[NicPlacement, ...] = ()
    changes: frozenset[Change] = frozenset({Change.HOST})
    encryption: str | None = None
    keepsakes: Keepsakes | None = None
    folder: NamedRef | None = None

    @property
    def inventory(self) -> Inventory:
        """The snapshot."""
        return self.site.inventory

    @property
    def named_vm(self) -> NamedRef:
        """The VM's reference and name, the subject of most findings."""
        return self.of_vm.named_vm

    @property
    def named_cluster(self) -> NamedRef:
        """The destination's cluster, or its host where the cluster was not read."""
        return self.cluster.named if self.cluster else self.destination.named

    @property
    def stays(self) -> bool:
        """Whether the VM is already on its destination host."""
        return self.source is not None and self.source.ref == self.destination.ref

    @property
    def is_noop(self) -> bool:
        """Whether nothing changes."""
        return self.stays and not self.changes - {Change.HOST}

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The hosts of both ends, the source first; a VM on no host has one end."""
        return (self.destination,) if self.source is None else (self.source, self.destination)

    @property
    def ends(self) -> tuple[HostFacts, ...]:
        """The same hosts with what the site says of them."""
        here = self.of_vm.here
        return (self.there,) if here is None else (here, self.there)

    @property
    def datastores_after(self) -> tuple[MoRef, ...] | None:
        """The datastores that the VM's files are on after the move; None if they were not read."""
        if not self.arrivals:
            return self.of_vm.datastores
        return tuple(dict.fromkeys([*(named.ref for named in self.datastores), *self.arriving]))

    @property
    def arriving(self) -> tuple[MoRef, ...]:
        """The datastores that files come to."""
        return tuple(arrival.datastore.ref for arrival in self.arrivals)

    @property
    def moved_disks(self) -> tuple[Device, ...]:
        """The disks whose files go to another datastore, or are written anew."""
        return tuple(disk for arrival in self.arrivals for disk in arrival.disks)

    @property
    def attached(self) -> tuple[Device, ...]:
        """The VM's adapters as they are after the move."""
        return tuple(self._attached(nic) for nic in self.of_vm.nics) if self.nics else self.of_vm.nics

    def _attached(self, nic: Device) -> Device:
        wanted = next((one for one in self.nics if one.key == nic.key), None)
        if wanted is None or wanted.network is None or wanted.network.ref == nic.network:
            return nic
        return replace(
            nic,
            network=wanted.network.ref,
            detail=wanted.network.name,
            switch_uuid=wanted.backing.switch_uuid,
            port_key=None,
            is_legacy=False,
        )

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
    pair = pair_subject(of_vm, there, move.destination.pool, move.destination.datastores)
    mode, to = move.destination.encryption, move.destination
    is_new_there = move.changes & {Change.FOLDER, Change.VCENTER} and not to.new_folder
    return replace(
        pair,
        arrivals=arrivals_of(of_vm.vm, move),
        nics=move.destination.nics,
        changes=move.changes,
        encryption=mode.value if mode else of_vm.vm.migrate_encryption,
        keepsakes=move.manner.keepsakes,
        folder=to.folder if is_new_there else None,
    )


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
        encryption=of_vm.vm.migrate_encryption,
    )


def _host(inventory: Inventory, named: NamedRef) -> Host:
    return inventory.find_host(named.ref) or Host(ref=named.ref, name=named.name, compute_resource=None)
