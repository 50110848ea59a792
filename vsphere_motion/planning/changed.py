"""What a move has changed of a virtual machine, thing by thing, and how each of these things is now.

Rules of this file: a thing is one disk's datastore, one adapter's network, the host, and so on; each is compared by
reference. What was not read is None, and never the same as anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TypeAlias

from vsphere_motion.model.inventory import Inventory, Vm
from vsphere_motion.model.move import (
    Change,
    DiskFormat,
    DiskPlacement,
    Encryption,
    Move,
    Placement,
    StoragePolicy,
    moves_config,
    nic_differs,
    sets_encryption,
)
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.planning.destinations import place_of
from vsphere_motion.planning.file_places import files_now
from vsphere_motion.planning.nic_places import NicPlaces

Value: TypeAlias = NamedRef | DiskFormat | StoragePolicy | Encryption


class Aspect(Enum):
    """What sort of thing it is, in the word that people see."""

    HOST = "host"
    POOL = "pool"
    FOLDER = "folder"
    CONFIG = "configuration"
    DISK = "disk"
    FORMAT = "format"
    POLICY = "storage policy"
    NETWORK = "network"
    ENCRYPTION = "encrypted vMotion"


FILES = frozenset({Aspect.CONFIG, Aspect.DISK, Aspect.FORMAT, Aspect.POLICY})
"""Things of the files of a virtual machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One thing of a VM that can be changed.

    Args:
        key: device key of the disk or the adapter; None of the VM and its configuration files.
        label: what the disk or the adapter is called; empty without one.
    """

    aspect: Aspect
    key: int | None = None
    label: str = ""

    @property
    def words(self) -> str:
        """`host`, `Hard disk 2`, `format of Hard disk 2`, `Network adapter 1`."""
        if self.aspect in {Aspect.DISK, Aspect.NETWORK}:
            return self.label
        if self.aspect in {Aspect.FORMAT, Aspect.POLICY}:
            return f"{self.aspect.value} of {self.label or 'the configuration'}"
        return str(self.aspect.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A thing that was changed.

    Args:
        before: how it was; None: nobody has written that down.
        put: how it was made.
    """

    thing: Thing
    before: Value | None
    put: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class PoliciesNow:
    """The storage policies that there are, and those of files.

    Args:
        of: by VM and device key; under None the policy of the configuration files.
    """

    known: frozenset[str] = frozenset()
    of: Mapping[tuple[MoRef, int | None], StoragePolicy] = field(default_factory=dict)


NO_POLICIES = PoliciesNow()


def changes_of(move: Move) -> tuple[Changed, ...]:
    """Everything that a move changes, each thing once."""
    return (*_placed(move), *_files(move), *_attached(move))


def value_of(placement: Placement, thing: Thing) -> Value | None:
    """How a thing is in a placement; None where that does not say."""
    match thing.aspect:
        case Aspect.HOST:
            return placement.host
        case Aspect.POOL:
            return placement.pool
        case Aspect.FOLDER:
            return placement.folder
        case Aspect.CONFIG:
            return placement.config
        case Aspect.ENCRYPTION:
            return placement.encryption
        case Aspect.NETWORK:
            nic = placement.nic(thing.key or 0)
            return nic.network if nic else None
        case _:
            return _of_files(placement, thing)


def is_same(one: Value | None, other: Value | None) -> bool:
    """Whether both are known and mean the same object or word."""
    if isinstance(one, NamedRef) and isinstance(other, NamedRef):
        return one.ref == other.ref
    if isinstance(one, StoragePolicy) and isinstance(other, StoragePolicy):
        return one.id == other.id
    return one is not None and one == other


def name_of(value: Value | None) -> str:
    """The value in a word."""
    if value is None:
        return "-"
    return value.name if isinstance(value, NamedRef | StoragePolicy) else value.value


class Present:
    """Answers where virtual machines are now, whole: their files and adapters as well."""

    def __init__(self, inventory: Inventory, policies: PoliciesNow = NO_POLICIES) -> None:
        self._inventory = inventory
        self._policies = policies.of
        self._nics = NicPlaces(inventory, ())

    def of(self, vm: Vm) -> Placement:
        """The placement of one VM."""
        files = files_now(self._inventory, vm)
        return replace(
            place_of(self._inventory, vm),
            config=files.config,
            config_policy=self._policies.get((vm.ref, None)),
            disks=tuple(replace(disk, policy=self._policies.get((vm.ref, disk.key))) for disk in files.disks),
            nics=self._nics.now(vm),
        )


def _placed(move: Move) -> Iterator[Changed]:
    """What is of the VM as a whole; a template has no pool of its own."""
    source, to, changes = move.source, move.destination, move.changes
    pairs = (
        (Aspect.HOST, Change.HOST, source.host, to.host),
        (Aspect.POOL, Change.POOL, source.pool, to.pool),
        (Aspect.FOLDER, Change.FOLDER, source.folder, to.folder),
    )
    for aspect, change, before, put in pairs:
        if change in changes and put is not None and not (aspect is Aspect.POOL and move.manner.is_template):
            yield Changed(thing=Thing(aspect=aspect), before=before, put=put)
    if sets_encryption(move) and to.encryption is not None:
        yield Changed(thing=Thing(aspect=Aspect.ENCRYPTION), before=source.encryption, put=to.encryption)


def _files(move: Move) -> Iterator[Changed]:
    source, to = move.source, move.destination
    if moves_config(move) and to.config is not None:
        yield Changed(thing=Thing(aspect=Aspect.CONFIG), before=source.config, put=to.config)
    if to.config_policy is not None and to.config_policy != source.config_policy:
        yield Changed(thing=Thing(aspect=Aspect.POLICY), before=source.config_policy, put=to.config_policy)
    for disk in to.disks:
        yield from _disk(source.disk(disk.key), disk)


def _disk(now: DiskPlacement | None, to: DiskPlacement) -> Iterator[Changed]:
    pairs: tuple[tuple[Aspect, Value | None, Value | None], ...] = (
        (Aspect.DISK, now.datastore if now else None, to.datastore),
        (Aspect.FORMAT, now.format if now else None, to.format),
        (Aspect.POLICY, now.policy if now else None, to.policy),
    )
    for aspect, before, put in pairs:
        if put is not None and not is_same(before, put):
            yield Changed(thing=Thing(aspect=aspect, key=to.key, label=to.label), before=before, put=put)


def _attached(move: Move) -> Iterator[Changed]:
    for nic in move.destination.nics:
        if nic_differs(move, nic) and nic.network is not None:
            now = move.source.nic(nic.key)
            yield Changed(
                thing=Thing(aspect=Aspect.NETWORK, key=nic.key, label=nic.label),
                before=now.network if now else None,
                put=nic.network,
            )


def _of_files(placement: Placement, thing: Thing) -> Value | None:
    if thing.key is None:
        return placement.config_policy
    disk = placement.disk(thing.key)
    if disk is None:
        return None
    return {Aspect.DISK: disk.datastore, Aspect.FORMAT: disk.format, Aspect.POLICY: disk.policy}[thing.aspect]
