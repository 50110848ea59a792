"""Moves to what a plan keeps of them beside the host, and back to moves against another snapshot.

Rules of this file: a plan names objects by their identifiers, and they are looked up again each time; what is gone is
told, never guessed at. What a plan does not decide of a VM is taken as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from vsphere_motion.model.elsewhere import is_elsewhere
from vsphere_motion.model.inventory import Host, Inventory, Network, Vm
from vsphere_motion.model.move import (
    Change,
    DiskPlacement,
    Manner,
    Move,
    NicPlacement,
    OtherVCenter,
    Placement,
)
from vsphere_motion.model.plan_file import PlanFile, PlanMove, VmFact
from vsphere_motion.model.plan_place import PlanAdapter, PlanDisk, PlanObject, PlanPlace
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.planning.destinations import ends_of
from vsphere_motion.planning.file_places import Files, files_now
from vsphere_motion.planning.nic_places import NicPlaces, attached
from vsphere_motion.planning.whereabouts import VAPP, derived_pool

POOL, FOLDER, STORE = "ResourcePool", "Folder", "Datastore"
NETWORKS = ("Network", "DistributedVirtualPortgroup", "OpaqueNetwork")


def place_after(move: Move) -> PlanPlace:
    """What a move decides of its VM besides the host."""
    return _place(move, move.destination)


def place_before(move: Move) -> PlanPlace:
    """The same as it is before the move."""
    found = _place(move, move.source)
    return found if move.destination.encryption else replace(found, encryption=None)


def written_moves(plan: PlanFile) -> tuple[Move, ...]:
    """The moves as the plan has them, without looking whether their objects still exist: to be told, not to be made."""
    facts = {fact.vm.moid: fact for fact in plan.facts.vms}
    return tuple(_as_written(plan, move, facts.get(move.vm.moid)) for move in plan.moves)


def _as_written(plan: PlanFile, move: PlanMove, fact: VmFact | None) -> Move:
    source = Placement(host=move.source.named)
    destination = Placement(host=move.destination.named, vcenter=plan.to_vcenter)
    if move.place is None:
        return Move(vm=move.vm.identity, source=source, destination=destination)
    before = (fact.place if fact else None) or PlanPlace()
    return Move(
        vm=move.vm.identity,
        source=_written(source, before),
        destination=_written(destination, move.place),
        manner=Manner(priority=move.place.vcenter_priority),
    )


class PlannedMoves:
    """The moves of a plan against one snapshot."""

    def __init__(self, inventory: Inventory, to_vcenter: OtherVCenter | None = None) -> None:
        self._inventory = inventory
        self._to_vcenter = to_vcenter
        self._nics = NicPlaces(inventory, ())

    def missing(self, move: PlanMove) -> Iterator[str]:
        """One line for each object besides VM and host that the plan names for a move, and that is gone."""
        place = move.place or PlanPlace()
        named: list[tuple[str, PlanObject | None, Callable[[str], object]]] = [
            ("resource pool", place.pool, lambda moid: self._inventory.find_pool(MoRef(kind=POOL, moid=moid))),
            ("vApp", place.vapp, lambda moid: self._inventory.find_pool(MoRef(kind=VAPP, moid=moid))),
            ("folder", place.folder, lambda moid: self._inventory.find_container(MoRef(kind=FOLDER, moid=moid))),
            *(("datastore", one, self._store) for one in place.datastores),
            *(("network", one.network, self._network) for one in place.adapters),
        ]
        for noun, one, find in named:
            if one is not None and find(one.moid) is None:
                yield f"the {noun} {one.name} ({one.moid}), where {move.vm.name} was to go, no longer exists"

    def find(self, move: PlanMove, arrived: Vm | None = None) -> Move | None:
        """The move from how its VM is now; None where the VM, the host or something else that it needs is gone.

        Args:
            arrived: the VM where it is at the other vCenter already.
        """
        vm, host = arrived or self._inventory.find_vm(move.vm.ref), self._inventory.find_host(move.destination.ref)
        if vm is None or host is None or any(self.missing(move)):
            return None
        place = move.place or PlanPlace()
        source, to = ends_of(self._inventory, vm, host, self._pool(place) or derived_pool(self._inventory, vm, host))
        to = replace(to, encryption=place.encryption, vcenter=None if arrived else self._vcenter(host))
        if place.folder is not None:
            folder, new = self.folder(place.folder, place.new_folder)
            to = replace(to, folder=folder, new_folder=new)
        if place.disks or place.config:
            source, to = self._store_files(vm, place, source, to)
        if place.adapters:
            source, to = self._attach(vm, place, source, to)
        manner = Manner(priority=place.vcenter_priority, is_template=bool(vm.is_template))
        return Move(vm=vm.identity, source=source, destination=to, manner=manner)

    def folder(self, folder: PlanObject, new: str) -> tuple[NamedRef, str]:
        """The deepest folder of a path that exists now, and what is to be made in it."""
        at = NamedRef(ref=MoRef(kind=FOLDER, moid=folder.moid), name=folder.name)
        steps = [step for step in new.split("/") if step]
        while steps:
            child = next(
                (one for one in self._inventory.containers if one.parent == at.ref and one.name == steps[0]), None
            )
            if child is None:
                break
            at, steps = NamedRef(ref=child.ref, name=child.name), steps[1:]
        return at, "/".join(steps)

    def _vcenter(self, host: Host) -> OtherVCenter | None:
        return self._to_vcenter if is_elsewhere(host.ref) else None

    def _pool(self, place: PlanPlace) -> NamedRef | None:
        kind, named = (VAPP, place.vapp) if place.vapp else (POOL, place.pool)
        pool = self._inventory.find_pool(MoRef(kind=kind, moid=named.moid)) if named else None
        return NamedRef(ref=pool.ref, name=pool.name) if pool else None

    def _store_files(self, vm: Vm, place: PlanPlace, source: Placement, to: Placement) -> tuple[Placement, Placement]:
        now = files_now(self._inventory, vm)
        wanted = {disk.key: disk for disk in place.disks}
        disks = tuple(self._disk(disk, wanted.get(disk.key)) for disk in now.disks)
        after = Files(config=self._store(place.config.moid) if place.config else now.config, disks=disks)
        return (
            replace(source, config=now.config, disks=now.disks),
            replace(
                to,
                config=after.config,
                config_policy=place.config_policy,
                disks=after.disks,
                datastores=after.datastores,
            ),
        )

    def _disk(self, now: DiskPlacement, wanted: PlanDisk | None) -> DiskPlacement:
        if wanted is None:
            return replace(now, format=None)
        store = self._store(wanted.datastore.moid) if wanted.datastore else now.datastore
        return replace(now, datastore=store, format=wanted.format, policy=wanted.policy)

    def _attach(self, vm: Vm, place: PlanPlace, source: Placement, to: Placement) -> tuple[Placement, Placement]:
        now = self._nics.now(vm)
        wanted = {one.key: one.network.moid for one in place.adapters if one.network}
        networks = {nic.key: self._network(wanted[nic.key]) for nic in now if nic.key in wanted}
        nics = (attached(nic, network) if (network := networks.get(nic.key)) else nic for nic in now)
        return replace(source, nics=now), replace(to, nics=tuple(nics))

    def _store(self, moid: str) -> NamedRef | None:
        found = self._inventory.find_datastore(MoRef(kind=STORE, moid=moid))
        return NamedRef(ref=found.ref, name=found.name) if found else None

    def _network(self, moid: str) -> Network | None:
        found = (self._inventory.find_network(MoRef(kind=kind, moid=moid)) for kind in NETWORKS)
        return next((one for one in found if one is not None), None)


def _place(move: Move, end: Placement) -> PlanPlace:
    """What a move decides at one of its ends; a template is in no pool, before as after."""
    changes = move.changes
    has_pool = bool(changes & {Change.POOL, Change.HOST, Change.VCENTER}) and not move.manner.is_template
    pool = _named(end.pool) if has_pool else None
    is_vapp = end.pool is not None and end.pool.ref.kind == VAPP
    has_folder = bool(changes & {Change.FOLDER, Change.VCENTER})
    return PlanPlace(
        pool=None if is_vapp else pool,
        vapp=pool if is_vapp else None,
        folder=_named(end.folder) if has_folder else None,
        new_folder=end.new_folder if has_folder else "",
        config=_named(end.config),
        config_policy=end.config_policy,
        disks=tuple(
            PlanDisk(
                key=one.key, label=one.label, datastore=_named(one.datastore), format=one.format, policy=one.policy
            )
            for one in end.disks
        ),
        adapters=tuple(PlanAdapter(key=one.key, label=one.label, network=_named(one.network)) for one in end.nics),
        encryption=end.encryption,
        vcenter_priority=move.manner.priority,
    )


def _written(end: Placement, place: PlanPlace) -> Placement:
    pool = _ref(VAPP, place.vapp) if place.vapp else _ref(POOL, place.pool)
    return replace(
        end,
        pool=pool,
        folder=_ref(FOLDER, place.folder),
        new_folder=place.new_folder,
        config=_ref(STORE, place.config),
        config_policy=place.config_policy,
        datastores=tuple(one for named in place.datastores if (one := _ref(STORE, named))),
        disks=tuple(
            DiskPlacement(
                key=one.key,
                label=one.label,
                datastore=_ref(STORE, one.datastore),
                format=one.format,
                policy=one.policy,
            )
            for one in place.disks
        ),
        nics=tuple(
            NicPlacement(key=one.key, label=one.label, network=_ref(NETWORKS[0], one.network)) for one in place.adapters
        ),
        encryption=place.encryption,
    )


def _named(one: NamedRef | None) -> PlanObject | None:
    return PlanObject(name=one.name, moid=one.moid) if one else None


def _ref(kind: str, named: PlanObject | None) -> NamedRef | None:
    return NamedRef(ref=MoRef(kind=kind, moid=named.moid), name=named.name) if named else None
