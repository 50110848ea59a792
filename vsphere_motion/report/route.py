"""The way of a move in words: from where to where, whatever it is that moves."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.move import (
    Change,
    DiskPlacement,
    Move,
    disk_differs,
    moves_config,
    nic_differs,
)
from vsphere_motion.model.refs import NamedRef

NOWHERE = "-"


def route_words(move: Move) -> str:
    """`esx02 -> esx05`, `esx02 -> esx05, files to fast`, or `files to fast` where the VM stays on its host."""
    if Change.HOST in move.changes or not move.changes:
        return ", ".join([f"{_name(move.source.host)} -> {_name(move.destination.host)}", *_others(move)])
    return ", ".join(_others(move))


def destination_words(move: Move) -> str:
    """`esx05`, `esx05, files to fast`, or `files to fast` where the VM stays on its host."""
    if Change.HOST in move.changes or not move.changes:
        return ", ".join([_name(move.destination.host), *_others(move)])
    return ", ".join(_others(move))


def place_words(move: Move) -> str:
    """Where a VM is that needs no move: `on esx05`, or `on esx05 with its files on fast`."""
    host = _name(move.destination.host)
    if not move.destination.disks:
        return f"on {host}"
    stores = dict.fromkeys(one.name for one in move.destination.datastores)
    return f"on {host} with its files on {', '.join(stores)}"


def _others(move: Move) -> Iterator[str]:
    """What changes beside the host."""
    changes, to = move.changes, move.destination
    if Change.STORAGE in changes:
        yield from _files(move)
    if Change.POOL in changes and not (Change.HOST in changes and _is_root(to.pool)):
        yield f"pool {_name(to.pool)}"
    if Change.FOLDER in changes:
        yield f"folder {'/'.join(filter(None, (_name(to.folder), to.new_folder)))}"
    for nic in to.nics:
        if nic_differs(move, nic):
            yield f"{nic.label} to {_name(nic.network)}"
    if to.vcenter is not None:
        yield f"vCenter {to.vcenter.host}"


def _files(move: Move) -> Iterator[str]:
    """All files in one word where all go to one place; else what goes where."""
    to = move.destination
    coming = [disk for disk in to.disks if disk_differs(move, disk)]
    if not moves_config(move) and all(_stays(move, disk) for disk in coming):
        yield f"storage policy {', '.join(dict.fromkeys(disk.policy.name for disk in coming if disk.policy))}"
        return
    stores = {one for one in (to.config, *(disk.datastore for disk in to.disks)) if one is not None}
    forms = {disk.format for disk in coming}
    if len(stores) == 1 and len(forms) < 2 and len(coming) == len(to.disks):
        yield f"files to {_placed(next(iter(stores)), coming[0] if coming else None)}"
        return
    if moves_config(move):
        yield f"configuration to {_name(to.config)}"
    for disk in coming:
        yield f"{disk.label} to {_placed(disk.datastore, disk)}"


def _stays(move: Move, disk: DiskPlacement) -> bool:
    """Whether a disk changes its storage policy alone."""
    now = move.source.disk(disk.key)
    is_there = now is not None and now.datastore is not None and now.datastore == disk.datastore
    return is_there and disk.policy is not None and disk.format in {None, now.format if now else None}


def _placed(store: NamedRef | None, disk: DiskPlacement | None) -> str:
    traits = [disk.format.value] if disk and disk.format else []
    traits += [disk.policy.name] if disk and disk.policy else []
    return _name(store) + (f" ({', '.join(traits)})" if traits else "")


def _is_root(pool: NamedRef | None) -> bool:
    """Whether a pool is the root of its cluster, which follows from the host."""
    return pool is not None and pool.name == "Resources"


def _name(named: NamedRef | None) -> str:
    return named.name if named else NOWHERE
