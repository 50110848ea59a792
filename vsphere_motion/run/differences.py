"""In which ways the place where a virtual machine was seen differs from where a move was to bring it.

Rules of this file: what could not be read is no difference where it was to stay, and is one where the move was to
change it.
"""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.current import CurrentDisk, CurrentNic
from vsphere_motion.model.move import DiskPlacement, Move, NicPlacement, disk_differs, moves_config, nic_differs
from vsphere_motion.model.refs import MoRef
from vsphere_motion.run.ports import SeenPlacement


def find_differences(move: Move, seen: SeenPlacement) -> tuple[str, ...]:
    """One line for each way in which a placement differs from the move's destination."""
    return (*_placement(move, seen), *_config(move, seen), *_disks(move, seen), *_nics(move, seen))


def _placement(move: Move, seen: SeenPlacement) -> Iterator[str]:
    wanted = move.destination
    if wanted.host is not None and seen.host != wanted.host.ref:
        yield f"host is {seen.host}, not {wanted.host}"
    if wanted.pool is not None and seen.pool is not None and seen.pool != wanted.pool.ref:
        yield f"resource pool is {seen.pool}, not {wanted.pool}"
    if wanted.folder is not None and wanted.folder != move.source.folder and seen.folder != wanted.folder.ref:
        yield f"folder is {seen.folder}, not {wanted.folder}"
    missing = _missing_datastores(move, seen.datastores)
    if missing:
        yield f"datastore {', '.join(missing)} is no longer used by the VM"


def _missing_datastores(move: Move, seen: tuple[MoRef, ...] | None) -> list[str]:
    if seen is None:
        return []
    return [str(datastore) for datastore in move.destination.datastores if datastore.ref not in seen]


def _config(move: Move, seen: SeenPlacement) -> Iterator[str]:
    wanted = move.destination.config
    if wanted is not None and seen.config_store != wanted.name and (seen.config_store or moves_config(move)):
        yield f"the configuration files are on {seen.config_store or 'an unread datastore'}, not {wanted}"


def _disks(move: Move, seen: SeenPlacement) -> Iterator[str]:
    now = None if seen.disks is None else {disk.key: disk for disk in seen.disks}
    for disk in move.destination.disks:
        if now is None:
            if disk_differs(move, disk):
                yield f"{disk.label} could not be read"
        elif disk.key not in now:
            yield f"{disk.label} is no longer a disk of the VM"
        else:
            yield from _disk(disk, now[disk.key])


def _disk(wanted: DiskPlacement, now: CurrentDisk) -> Iterator[str]:
    if wanted.datastore is not None and now.datastore != wanted.datastore.ref:
        yield f"{wanted.label} is on {now.datastore}, not {wanted.datastore}"
    if wanted.format is not None and now.format is not wanted.format:
        form = now.format.value if now.format else "of an unknown format"
        yield f"{wanted.label} is {form}, not {wanted.format.value}"


def _nics(move: Move, seen: SeenPlacement) -> Iterator[str]:
    now = None if seen.nics is None else {nic.key: nic for nic in seen.nics}
    for nic in move.destination.nics:
        if now is None:
            if nic_differs(move, nic):
                yield f"{nic.label} could not be read"
        elif nic.key not in now:
            yield f"{nic.label} is no longer an adapter of the VM"
        elif not _is_attached(nic, now[nic.key]):
            yield f"{nic.label} is not attached to {nic.network}"


def _is_attached(wanted: NicPlacement, now: CurrentNic) -> bool:
    if wanted.network is None:
        return True
    if wanted.backing.portgroup_key is not None:
        return now.portgroup_key == wanted.backing.portgroup_key
    if wanted.backing.opaque_id is not None:
        return now.opaque_id == wanted.backing.opaque_id
    return now.network == wanted.network.ref
