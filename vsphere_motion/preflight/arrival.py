"""What comes to a datastore with a move: some disks of the virtual machine, its configuration files, or both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vsphere_motion.model.inventory import Device, DeviceKind, Vm
from vsphere_motion.model.move import DiskFormat, Move, disk_differs, moves_config
from vsphere_motion.model.refs import NamedRef

FULL = frozenset({DiskFormat.THICK, DiskFormat.EAGER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What comes to one datastore.

    Args:
        disks: the disks whose files come, or are written anew there in another format.
        has_config: whether the configuration files come, the swap file of a running VM with them.
        thick: keys of the disks that take all of their room at once.
    """

    datastore: NamedRef
    disks: tuple[Device, ...] = ()
    has_config: bool = False
    thick: frozenset[int] = frozenset()


def arrivals_of(vm: Vm, move: Move) -> tuple[Arrival, ...]:
    """What the move brings to each datastore, in the order of the configuration and the disks."""
    wanted, disks = move.destination, _disks(vm)
    found: dict[NamedRef, list[Device]] = {}
    if wanted.config is not None and moves_config(move):
        found[wanted.config] = []
    for disk in wanted.disks:
        if disk.datastore is not None and disk.key in disks and disk_differs(move, disk):
            found.setdefault(disk.datastore, []).append(disks[disk.key])
    thick = frozenset(disk.key for disk in wanted.disks if disk.format in FULL)
    return tuple(
        Arrival(
            datastore=store,
            disks=tuple(coming),
            has_config=moves_config(move) and store == wanted.config,
            thick=thick & {disk.key for disk in coming},
        )
        for store, coming in found.items()
    )


def _disks(vm: Vm) -> Mapping[int, Device]:
    return {device.key: device for device in vm.devices or () if device.kind is DeviceKind.DISK}
