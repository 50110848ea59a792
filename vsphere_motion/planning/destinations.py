"""A virtual machine and what is asked for to a move: both ends, with only that in them which the move decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from vsphere_motion.errors import UsageProblem
from vsphere_motion.model.inventory import Host, Inventory, Vm
from vsphere_motion.model.move import (
    Change,
    Encryption,
    Manner,
    Move,
    Placement,
    StoragePolicy,
    disk_differs,
    moves_config,
    nic_differs,
)
from vsphere_motion.model.refs import NamedRef
from vsphere_motion.model.request import NO_WISHES, Wishes
from vsphere_motion.planning.file_places import FilePlaces, Files, files_now
from vsphere_motion.planning.nic_places import NicPlaces
from vsphere_motion.planning.store_choice import StoreChoice
from vsphere_motion.planning.whereabouts import Whereabouts, derived_pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The move of one VM; None where nothing can be said of it. With problems it is not to be made."""

    move: Move | None = None
    problems: tuple[UsageProblem, ...] = ()


class Destinations:
    """Makes a move of each VM, one after the other; what is wrong gathers in `problems`, each once."""

    def __init__(
        self,
        inventory: Inventory,
        to_host: str,
        wishes: Wishes = NO_WISHES,
        policy: StoragePolicy | None = None,
        *,
        choice: StoreChoice | None = None,
    ) -> None:
        self._inventory = inventory
        self._wishes = wishes
        self._policy = policy
        self._where = Whereabouts(inventory, to_host, wishes)
        self._files = FilePlaces(inventory, wishes, policy, choice)
        self._nics = NicPlaces(inventory, wishes.networks)
        self._problems: dict[str, UsageProblem] = {}

    @property
    def problems(self) -> tuple[UsageProblem, ...]:
        """Everything that keeps a VM from being moved as asked."""
        return tuple(self._problems.values())

    def moves(self, vms: Iterable[Vm]) -> tuple[Move, ...]:
        """A move of each VM for which one can be made; ask for the problems afterwards."""
        try:
            _ = self._where.target  # looked up also where no VM is left to ask for it
        except UsageProblem as problem:
            self._complain(problem)
            return ()
        attempts = [self.attempt(vm) for vm in vms]
        for wrong in (wrong for attempt in attempts for wrong in attempt.problems):
            self._complain(wrong)
        found = tuple(attempt.move for attempt in attempts if attempt.move is not None)
        for unfitted in self.unfitted() if found and not self._problems else ():
            self._complain(unfitted)
        return found

    def unfitted(self) -> tuple[UsageProblem, ...]:
        """The pairs of networks that fitted no adapter of any VM so far."""
        return tuple(self._nics.unfitted())

    def attempt(self, vm: Vm) -> Attempt:
        """The move of one VM, with everything that is wrong with it."""
        try:
            host = self._where.host_of(vm)
        except UsageProblem as problem:
            return Attempt(problems=(problem,))
        problems: list[UsageProblem] = []
        source, destination = ends_of(self._inventory, vm, host, derived_pool(self._inventory, vm, host))
        for change in (self._folder, self._pool, self._store, self._attach):
            try:
                source, destination = change(vm, host, source, destination)
            except UsageProblem as problem:
                problems.append(problem)
        destination = replace(destination, encryption=self._wishes.encryption)
        manner = Manner(priority=self._wishes.priority, is_template=bool(vm.is_template))
        move = Move(vm=vm.identity, source=source, destination=destination, manner=manner)
        return Attempt(move=move, problems=tuple(problems))

    def _pool(self, vm: Vm, host: Host, source: Placement, to: Placement) -> tuple[Placement, Placement]:
        return source, replace(to, pool=self._where.pool_of(vm, host))

    def _folder(self, vm: Vm, host: Host, source: Placement, to: Placement) -> tuple[Placement, Placement]:
        folder = self._where.folder_of(vm, host)
        return source, replace(to, folder=folder.folder, new_folder=folder.new) if folder else to

    def _store(self, vm: Vm, host: Host, source: Placement, to: Placement) -> tuple[Placement, Placement]:
        if not self._wishes.places_files:
            return source, to
        now = files_now(self._inventory, vm)
        after = self._files.files_of(vm, host, now)
        return (
            replace(source, config=now.config, disks=now.disks),
            replace(
                to,
                config=after.config,
                config_policy=self._policy,
                disks=after.disks,
                datastores=after.datastores,
            ),
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
    manner = Manner(is_template=bool(vm.is_template))
    return Move(vm=vm.identity, source=source, destination=destination, manner=manner)


def from_here(inventory: Inventory, move: Move) -> Move:
    """The same move, from where the VM is now.

    What it was not to change is taken as it is now, whoever changed it: it is never moved back. Of a storage policy
    what was known before stays.
    """
    vm = inventory.find_vm(move.vm.ref)
    if vm is None:
        return replace(move, source=replace(move.source, host=None))
    now, source, to = place_of(inventory, vm), move.source, move.destination
    source = replace(
        source,
        host=now.host,
        pool=now.pool if Change.POOL in move.changes else source.pool,
        folder=now.folder if Change.FOLDER in move.changes else source.folder,
    )
    source, to = _files_from_here(files_now(inventory, vm), move, source, to)
    if not move.destination.nics:
        return replace(move, source=source, destination=to)
    nics = {nic.key: nic for nic in NicPlaces(inventory, ()).now(vm)}
    kept = tuple(nic if nic_differs(move, nic) else nics.get(nic.key, nic) for nic in to.nics)
    return replace(move, source=replace(source, nics=tuple(nics.values())), destination=replace(to, nics=kept))


def _files_from_here(files: Files, move: Move, source: Placement, to: Placement) -> tuple[Placement, Placement]:
    if not move.destination.disks:
        return source, to
    policies = {disk.key: disk.policy for disk in move.source.disks}
    disks = {disk.key: replace(disk, policy=policies.get(disk.key)) for disk in files.disks}
    kept = (disk if disk_differs(move, disk) else disks.get(disk.key, disk) for disk in to.disks)
    return (
        replace(source, config=files.config, disks=tuple(disks.values())),
        replace(to, config=to.config if moves_config(move) else files.config, disks=tuple(kept)),
    )


def ends_of(inventory: Inventory, vm: Vm, host: Host, pool: NamedRef | None) -> tuple[Placement, Placement]:
    """Where a VM is, and the same on another host and in another pool."""
    source = place_of(inventory, vm)
    return source, replace(source, host=host.named, pool=pool, encryption=None)


def place_of(inventory: Inventory, vm: Vm) -> Placement:
    """Where a VM is, without its disks and adapters."""
    return Placement(
        host=inventory.name_of(vm.host),
        pool=inventory.name_of(vm.pool),
        folder=inventory.name_of(vm.folder),
        datastores=tuple(named for ref in vm.datastores or () if (named := inventory.name_of(ref))),
        encryption=next((mode for mode in Encryption if mode.value == vm.migrate_encryption), None),
    )
