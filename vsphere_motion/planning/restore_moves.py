"""The move that brings a VM back, made of the things of it that go.

Rules of this file: the move begins where the VM is now, with everything as it is now; only what goes back differs at
its other end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from vsphere_motion.errors import UsageProblem
from vsphere_motion.model.inventory import Inventory, Vm
from vsphere_motion.model.move import (
    DiskFormat,
    DiskPlacement,
    Encryption,
    Move,
    NicPlacement,
    Placement,
    StoragePolicy,
)
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.planning.changed import FILES, Aspect, PoliciesNow, Present, Thing, Value
from vsphere_motion.planning.destinations import Destinations
from vsphere_motion.planning.file_places import Files
from vsphere_motion.planning.nic_places import attached
from vsphere_motion.planning.restore_lines import Back, BackLine, BackThing


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The values that things shall have again."""

    values: dict[Thing, Value]

    def named(self, aspect: Aspect, key: int | None = None) -> NamedRef | None:
        """The object of a thing; None where it does not go."""
        value = self._of(aspect, key)
        return value if isinstance(value, NamedRef) else None

    def format(self, key: int) -> DiskFormat | None:
        """The format of a disk; None where that does not go."""
        value = self._of(Aspect.FORMAT, key)
        return value if isinstance(value, DiskFormat) else None

    def policy(self, key: int | None) -> StoragePolicy | None:
        """The storage policy of a disk or, without a key, of the configuration; None where that does not go."""
        value = self._of(Aspect.POLICY, key)
        return value if isinstance(value, StoragePolicy) else None

    @property
    def encryption(self) -> Encryption | None:
        """When the VM's memory is to travel encrypted; None where that does not go."""
        value = self._of(Aspect.ENCRYPTION, None)
        return value if isinstance(value, Encryption) else None

    def has(self, aspects: Iterable[Aspect]) -> bool:
        """Whether a thing of these sorts goes."""
        return any(thing.aspect in set(aspects) for thing in self.values)

    def _of(self, aspect: Aspect, key: int | None) -> Value | None:
        found = (value for thing, value in self.values.items() if thing.aspect is aspect and thing.key == key)
        return next(found, None)


class MovesBack:
    """Makes the moves of one inventory, one VM after the other."""

    def __init__(self, inventory: Inventory, policies: PoliciesNow) -> None:
        self._inventory = inventory
        self._present = Present(inventory, policies)
        self._destinations: dict[MoRef, Destinations] = {}

    def to_where_it_was(self, line: BackLine) -> Move:
        """The move that brings back all of a VM that goes.

        Raises:
            UsageProblem: the VM has no place on its old host, such as no folder in its datacenter.
        """
        vm = self._vm(line)
        wanted = _wanted(line.of(Back.GOES))
        host = line.taken.origin.ref if line.changes_host else vm.host
        base = self._base(vm, host)
        now = self.now(line)
        return _with_networks(_with_files(_with_place(base, wanted), now, wanted), now, wanted, self._inventory)

    def to_wait(self, line: BackLine, host: MoRef) -> Move:
        """The move to a host on the way, which changes nothing else."""
        return self._base(self._vm(line), host)

    def now(self, line: BackLine) -> Placement:
        """Where the VM is now, with its disks and adapters."""
        return self._present.of(self._vm(line))

    def _vm(self, line: BackLine) -> Vm:
        vm = self._inventory.find_vm(line.taken.vm.ref)
        assert vm is not None, "it was looked up"
        return vm

    def _base(self, vm: Vm, host: MoRef | None) -> Move:
        """The move of the VM to a host, with the pool, the folder and the networks that follow from that."""
        assert host is not None, "what is on no host was left"
        if host not in self._destinations:
            self._destinations[host] = Destinations(self._inventory, f"moid:{host.moid}")
        attempt = self._destinations[host].attempt(vm)
        if attempt.move is None or attempt.problems:
            raise attempt.problems[0] if attempt.problems else UsageProblem(f"{vm.name} has no place on {host}")
        return attempt.move


def part_of(line: BackLine, things: Iterable[BackThing]) -> Move:
    """The move that these things would have made, for the report of what is not brought back."""
    wanted = _wanted(things)
    host = wanted.named(Aspect.HOST) or line.now
    disks = tuple(
        DiskPlacement(key=one.key or 0, label=one.label, datastore=wanted.named(Aspect.DISK, one.key))
        for one in wanted.values
        if one.aspect is Aspect.DISK
    )
    nics = tuple(
        NicPlacement(key=one.key or 0, label=one.label, network=wanted.named(Aspect.NETWORK, one.key))
        for one in wanted.values
        if one.aspect is Aspect.NETWORK
    )
    return Move(
        vm=line.taken.vm,
        source=Placement(host=line.now),
        destination=Placement(
            host=host,
            pool=wanted.named(Aspect.POOL),
            folder=wanted.named(Aspect.FOLDER),
            config=wanted.named(Aspect.CONFIG),
            disks=disks,
            nics=nics,
        ),
    )


def _wanted(things: Iterable[BackThing]) -> _Wanted:
    return _Wanted({one.changed.thing: one.changed.before for one in things if one.changed.before is not None})


def _with_place(move: Move, wanted: _Wanted) -> Move:
    """The same with the pool, the folder and the setting of encrypted vMotion that go back."""
    to = move.destination
    folder = wanted.named(Aspect.FOLDER)
    to = replace(
        to,
        pool=wanted.named(Aspect.POOL) or to.pool,
        folder=folder or to.folder,
        new_folder="" if folder else to.new_folder,
        encryption=wanted.encryption,
    )
    return replace(move, destination=to)


def _with_files(move: Move, now: Placement, wanted: _Wanted) -> Move:
    if not wanted.has(FILES):
        return move
    after = Files(
        config=wanted.named(Aspect.CONFIG) or now.config, disks=tuple(_disk(disk, wanted) for disk in now.disks)
    )
    policy = wanted.policy(None)
    source = replace(move.source, config=now.config, config_policy=now.config_policy, disks=now.disks)
    to = replace(
        move.destination,
        config=after.config,
        config_policy=policy,
        disks=after.disks,
        datastores=after.datastores,
    )
    return replace(move, source=source, destination=to)


def _disk(now: DiskPlacement, wanted: _Wanted) -> DiskPlacement:
    return replace(
        now,
        datastore=wanted.named(Aspect.DISK, now.key) or now.datastore,
        format=wanted.format(now.key),
        policy=wanted.policy(now.key),
    )


def _with_networks(move: Move, now: Placement, wanted: _Wanted, inventory: Inventory) -> Move:
    if not wanted.has({Aspect.NETWORK}):
        return move
    after = {nic.key: nic for nic in (*now.nics, *move.destination.nics)}
    for nic in now.nics:
        named = wanted.named(Aspect.NETWORK, nic.key)
        network = inventory.find_network(named.ref) if named else None
        if network is not None:
            after[nic.key] = attached(nic, network)
    return replace(
        move,
        source=replace(move.source, nics=now.nics),
        destination=replace(move.destination, nics=tuple(after.values())),
    )
