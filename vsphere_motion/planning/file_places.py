"""Where the files of a virtual machine go, disk by disk, by what a person asks for.

Rules of this file: what is not named stays; a disk that is in place already is not moved again. A format or a policy is
of virtual disks: a raw device mapping keeps its device, and only its mapping file has a place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from vsphere_motion.errors import BadInput, NotFound
from vsphere_motion.model.inventory import Datastore, DatastoreCluster, Device, DeviceKind, Host, Inventory, Vm
from vsphere_motion.model.move import DiskPlacement, StoragePolicy
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.model.request import DiskWish, Wishes
from vsphere_motion.planning.named import Sort
from vsphere_motion.planning.names import suggest
from vsphere_motion.planning.store_choice import StoreChoice
from vsphere_motion.planning.wish_text import FORMATS
from vsphere_motion.preflight.arrival import FULL

Store = Datastore | DatastoreCluster

_CONFIG = None
"""Stands for the configuration files among the keys of disks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where the configuration files and the disks of a VM are, or shall be."""

    config: NamedRef | None
    disks: tuple[DiskPlacement, ...]

    @property
    def datastores(self) -> tuple[NamedRef, ...]:
        """Every datastore among them, each once, the configuration's first."""
        every = (self.config, *(disk.datastore for disk in self.disks))
        return tuple(dict.fromkeys(one for one in every if one is not None))


def files_now(inventory: Inventory, vm: Vm) -> Files:
    """Where they are; a storage policy is not part of a snapshot."""
    return Files(
        config=config_store(inventory, vm),
        disks=tuple(
            DiskPlacement(
                key=disk.key,
                label=disk.label,
                datastore=inventory.name_of(disk.datastore),
                format=disk.disk_format,
                capacity_bytes=disk.capacity_bytes,
                is_mapping=disk.rdm_mode is not None,
            )
            for disk in disks_of(vm)
        ),
    )


def config_store(inventory: Inventory, vm: Vm) -> NamedRef | None:
    """The datastore of the VM's configuration files, by the name in their path; None if that says none."""
    stores = (inventory.name_of(ref) for ref in vm.datastores or ())
    return next((one for one in stores if one and (vm.vmx_path or "").startswith(f"[{one.name}]")), None)


def disks_of(vm: Vm) -> tuple[Device, ...]:
    """The VM's disks."""
    return tuple(device for device in vm.devices or () if device.kind is DeviceKind.DISK)


class FilePlaces:
    """Answers for one VM after the other; room that one takes in a cluster of datastores is not there for the next."""

    def __init__(
        self,
        inventory: Inventory,
        wishes: Wishes,
        policy: StoragePolicy | None = None,
        choice: StoreChoice | None = None,
    ) -> None:
        self._inventory = inventory
        self._wishes = wishes
        self._policy = policy
        members: tuple[Store, ...] = (*inventory.datastores, *inventory.datastore_clusters)
        self._stores: Sort[Store] = Sort(noun="datastore", members=members, unreadable=inventory.unreadable)
        self._choice = choice or StoreChoice(inventory)

    def files_of(self, vm: Vm, host: Host, now: Files) -> Files:
        """Where the VM's files go when it goes to a host.

        Raises:
            NotFound, Ambiguous, BadInput: what was named cannot be used.
        """
        if vm.devices is None or now.config is None:
            raise BadInput(
                f"where the files of {vm.name} are could not be read, so that nothing can be said of their move",
                hint="give the account the privilege System.Read on the VM and its datastores",
            )
        single = {disk.key: wish for wish in self._wishes.disks for disk in [self._disk(vm, wish.disk)]}
        targets: dict[int | None, Store | None] = {
            _CONFIG: self._store(self._wishes.to_config or self._wishes.to_datastore, host),
            **{disk.key: self._disk_store(single.get(disk.key), host) for disk in now.disks},
        }
        pods = [one for one in targets.values() if isinstance(one, DatastoreCluster)]
        chosen = {pod.ref: self._choose(vm, host, now, pod, targets) for pod in dict.fromkeys(pods)}
        return Files(
            config=self._place(targets[_CONFIG], now.config, chosen),
            disks=tuple(
                self._disk_after(vm, disk, single.get(disk.key), self._place(targets[disk.key], disk.datastore, chosen))
                for disk in now.disks
            ),
        )

    def _disk_store(self, wish: DiskWish | None, host: Host) -> Store | None:
        """The datastore of one disk; what is no datastore may be one with a misspelt format behind it."""
        word = (wish.datastore if wish else None) or self._wishes.to_datastore
        try:
            return self._store(word, host)
        except NotFound as problem:
            store, colon, form = (word or "").rpartition(":")
            if colon and self._stores.all_of(store):
                meant = suggest(form, FORMATS) or f"the formats are: {', '.join(FORMATS)}"
                raise BadInput(f"no format of disks is called {form}, and no datastore {word}", hint=meant) from problem
            raise

    def _disk(self, vm: Vm, word: str) -> Device:
        """The disk that a number or a label names."""
        disks = disks_of(vm)
        found = [one for one in disks if word in {one.label, one.label.rpartition(" ")[2]}]
        if len(found) != 1:
            labels = ", ".join(one.label for one in disks) or "none"
            raise BadInput(f"{vm.name} has {len(found) or 'no'} disk {word}", hint=f"its disks are: {labels}")
        return found[0]

    def _store(self, word: str | None, host: Host) -> Store | None:
        if not word:
            return None
        nearer = (lambda one: one.ref in (host.datastores or ()), lambda one: _shares_start(one.path, host.path))
        return self._stores.one_of(word, nearer)

    def _choose(
        self, vm: Vm, host: Host, now: Files, pod: DatastoreCluster, targets: dict[int | None, Store | None]
    ) -> Datastore | None:
        """The member that takes what is not on a member yet; None where everything is."""
        members = {one.ref for one in self._inventory.datastores if one.parent == pod.ref}
        coming = [
            disk
            for disk, placed in zip(disks_of(vm), now.disks, strict=True)
            if targets[disk.key] == pod and not _is_on(placed.datastore, members)
        ]
        has_config = targets[_CONFIG] == pod and not _is_on(now.config, members)
        if not coming and not has_config:
            return None
        here = [one.ref for one in now.datastores if one.ref in members]
        return self._choice.best(
            vm,
            host,
            pod,
            disks=coming,
            has_config=has_config,
            here=here,
            thick={disk.key for disk in coming} if self._wishes.format in FULL else (),
        )

    def _place(
        self, target: Store | None, now: NamedRef | None, chosen: dict[MoRef, Datastore | None]
    ) -> NamedRef | None:
        if target is None:
            return now
        if isinstance(target, Datastore):
            return NamedRef(ref=target.ref, name=target.name)
        members = {one.ref for one in self._inventory.datastores if one.parent == target.ref}
        pick = chosen[target.ref]
        return now if pick is None or _is_on(now, members) else NamedRef(ref=pick.ref, name=pick.name)

    def _disk_after(
        self, vm: Vm, disk: DiskPlacement, wish: DiskWish | None, datastore: NamedRef | None
    ) -> DiskPlacement:
        if disk.is_mapping and wish is not None and wish.format is not None:
            raise BadInput(
                f"{disk.label} of {vm.name} is a raw device mapping, which has no format: its device is kept",
                hint="leave the format of that disk away",
            )
        wanted = None if disk.is_mapping else (wish.format if wish else None) or self._wishes.format
        return replace(disk, datastore=datastore, format=wanted, policy=None if disk.is_mapping else self._policy)


def _is_on(place: NamedRef | None, members: set[MoRef]) -> bool:
    return place is not None and place.ref in members


def _shares_start(path: str | None, other: str | None) -> bool:
    """Whether two paths begin in the same datacenter, as far as their first step says."""
    return bool(path and other) and (path or "").split("/")[:2] == (other or "").split("/")[:2]
