"""A virtual machine and what is asked for to a move: both ends, with only that in them which the move decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from vsphere_motion.errors import UsageProblem
from vsphere_motion.model.inventory import Host, Inventory, Vm
from vsphere_motion.model.move import Manner, Move, Placement, StoragePolicy
from vsphere_motion.model.refs import NamedRef
from vsphere_motion.model.request import NO_WISHES, Wishes
from vsphere_motion.planning.file_places import FilePlaces, files_now
from vsphere_motion.planning.nic_places import NicPlaces
from vsphere_motion.planning.whereabouts import Whereabouts, derived_pool


class Destinations:
    """Makes a move of each VM, one after the other; what is wrong gathers in `problems`, each once."""

    def __init__(
        self, inventory: Inventory, to_host: str, wishes: Wishes = NO_WISHES, policy: StoragePolicy | None = None
    ) -> None:
        self._inventory = inventory
        self._wishes = wishes
        self._where = Whereabouts(inventory, to_host, wishes)
        self._files = FilePlaces(inventory, wishes, policy)
        self._nics = NicPlaces(inventory, wishes.networks)
        self._problems: dict[str, UsageProblem] = {}

    @property
    def problems(self) -> tuple[UsageProblem, ...]:
        """Everything that keeps a VM from being moved as asked."""
        return tuple(self._problems.values())

    def moves(self, vms: Iterable[Vm]) -> tuple[Move, ...]:
        """A move of each VM for which one can be made; ask for the problems afterwards."""
        try:
            self._where.target()  # also where no VM is left to ask for it
        except UsageProblem as problem:
            self._complain(problem)
            return ()
        found = tuple(move for vm in vms if (move := self._move(vm)) is not None)
        for unfitted in self._nics.unfitted() if found else ():
            self._complain(unfitted)
        return found

    def _move(self, vm: Vm) -> Move | None:
        """The move, or None: its problems are kept, all of them."""
        try:
            host = self._where.host_of(vm)
        except UsageProblem as problem:
            self._complain(problem)
            return None
        source, destination = ends_of(self._inventory, vm, host, derived_pool(self._inventory, vm, host))
        for change in (self._place, self._store, self._attach):
            try:
                source, destination = change(vm, host, source, destination)
            except UsageProblem as problem:
                self._complain(problem)
        manner = Manner(priority=self._wishes.priority, encryption=self._wishes.encryption)
        return Move(vm=vm.identity, source=source, destination=destination, manner=manner)

    def _place(self, vm: Vm, host: Host, source: Placement, to: Placement) -> tuple[Placement, Placement]:
        folder = self._where.folder_of(vm, host)
        changed = replace(
            to,
            pool=self._where.pool_of(vm, host),
            folder=folder.folder if folder else to.folder,
            new_folder=folder.new if folder else "",
        )
        return source, changed

    def _store(self, vm: Vm, host: Host, source: Placement, to: Placement) -> tuple[Placement, Placement]:
        if not self._wishes.places_files:
            return source, to
        now = files_now(self._inventory, vm)
        after = self._files.files_of(vm, host, now)
        return (
            replace(source, config=now.config, disks=now.disks),
            replace(to, config=after.config, disks=after.disks, datastores=after.datastores),
        )

    def _attach(self, vm: Vm, host: Host, source: Placement, to: Placement) -> tuple[Placement, Placement]:
        if not self._wishes.networks and not self._nics.changes_by_label(vm, host):
            return source, to
        return replace(source, nics=self._nics.now(vm)), replace(to, nics=self._nics.after(vm, host))

    def _complain(self, problem: UsageProblem) -> None:
        self._problems.setdefault(problem.message, problem)


def move_to(inventory: Inventory, vm: Vm, host: Host) -> Move:
    """The move of a VM to a host: what the host does not change has the same value at both ends."""
    source, destination = ends_of(inventory, vm, host, derived_pool(inventory, vm, host))
    return Move(vm=vm.identity, source=source, destination=destination)


def ends_of(inventory: Inventory, vm: Vm, host: Host, pool: NamedRef | None) -> tuple[Placement, Placement]:
    """Where a VM is, and the same on another host and in another pool."""
    source = Placement(
        host=inventory.name_of(vm.host),
        pool=inventory.name_of(vm.pool),
        folder=inventory.name_of(vm.folder),
        datastores=tuple(named for ref in vm.datastores or () if (named := inventory.name_of(ref))),
    )
    return source, replace(source, host=host.named, pool=pool)
