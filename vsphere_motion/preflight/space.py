"""How much room the files of a virtual machine take where they come to: now, and once everything has grown.

Rules of this file: a virtual machine's own numbers are used where all of its files come together; where only some of
its disks come, a disk counts with its whole size, because what a single disk has written is not read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from vsphere_motion.model.inventory import Device, DeviceKind, PowerState, Vm


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What files take. None: it could not be read.

    Args:
        now_bytes: right after they have come.
        grown_bytes: once thin disks and snapshots are as large as they can get.
    """

    now_bytes: int | None
    grown_bytes: int | None


def room_of(vm: Vm, disks: Iterable[Device], *, has_config: bool, thick: Collection[int] = ()) -> Room:
    """The room of these disks of a VM, and of its configuration with the swap file where that comes as well.

    Args:
        thick: keys of the disks that take all of their room at once.
    """
    coming = [disk for disk in disks if disk.rdm_mode is None]
    sizes = [disk.capacity_bytes for disk in coming]
    whole = None if None in sizes else sum(size for size in sizes if size is not None)
    swap = swap_bytes(vm) if has_config else 0
    every = [one for one in vm.devices or () if one.kind is DeviceKind.DISK and one.rdm_mode is None]
    if has_config and len(coming) == len(every):
        grown = _sum(vm.committed_bytes, vm.uncommitted_bytes)
        now = vm.committed_bytes
    else:
        grown = _sum(whole, swap)
        written = whole if vm.committed_bytes is None or whole is None else min(whole, vm.committed_bytes)
        now = _sum(written, swap)
    at_once = sum(disk.capacity_bytes or 0 for disk in coming if disk.key in thick)
    return Room(now_bytes=_at_least(now, at_once), grown_bytes=_at_least(grown, at_once))


def swap_bytes(vm: Vm) -> int | None:
    """The swap file of a running VM: its memory without what is reserved; of a suspended one its whole memory.

    There is none while it is off.
    """
    if vm.power_state is PowerState.OFF:
        return 0
    if vm.power_state is PowerState.SUSPENDED:
        return vm.memory_bytes
    if vm.memory_bytes is None or vm.memory_reservation_bytes is None:
        return None
    return max(0, vm.memory_bytes - vm.memory_reservation_bytes)


def _at_least(known: int | None, least: int) -> int | None:
    return None if known is None else max(known, least)


def _sum(*parts: int | None) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None
