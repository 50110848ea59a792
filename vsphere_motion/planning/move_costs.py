"""What a move takes of vCenter's limits while it runs: which operation it is, and on which hosts and datastores."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.inventory import Inventory, PowerState
from vsphere_motion.model.move import Change, Move, disk_differs, moves_config
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.model.schedule import Slot
from vsphere_motion.planning.placement.of_inventory import link_bps
from vsphere_motion.planning.window import costs_of
from vsphere_motion.vmotion.costs import Operation


def costs_of_move(inventory: Inventory, move: Move) -> tuple[tuple[Slot, int], ...]:
    """The units that a move takes of each object; none for one that changes neither host nor files."""
    operation = operation_of(inventory, move)
    if operation is None:
        return ()
    ends = (inventory.find_host(named.ref) for named in (move.source.host, move.destination.host) if named)
    hosts = dict.fromkeys((host.ref, link_bps(host)) for host in ends if host is not None)
    stores = tuple(dict.fromkeys(_stores(inventory, move)))
    found = costs_of(operation, hosts=hosts, datastores=stores)
    return tuple(dict.fromkeys(found))


def operation_of(inventory: Inventory, move: Move) -> Operation | None:
    """The kind of operation that vCenter counts a move as; None where it counts none. Unread counts as running."""
    changes = move.changes & {Change.HOST, Change.STORAGE}
    vm = inventory.find_vm(move.vm.ref)
    if not changes:
        return None
    if vm is not None and vm.power_state in {PowerState.OFF, PowerState.SUSPENDED}:
        return Operation.PROVISIONING
    if changes == {Change.STORAGE}:
        return Operation.STORAGE_VMOTION
    return Operation.VMOTION if changes == {Change.HOST} else Operation.VMOTION_WITHOUT_SHARED_STORAGE


def _stores(inventory: Inventory, move: Move) -> Iterator[MoRef]:
    """Those that files go between; where none do, all that the VM is on."""
    if Change.STORAGE not in move.changes:
        vm = inventory.find_vm(move.vm.ref)
        yield from (vm.datastores if vm else None) or ()
        return
    if moves_config(move):
        yield from _refs(move.source.config, move.destination.config)
    for disk in move.destination.disks:
        now = move.source.disk(disk.key)
        if disk_differs(move, disk):
            yield from _refs(now.datastore if now else None, disk.datastore)


def _refs(*named: NamedRef | None) -> Iterator[MoRef]:
    return (one.ref for one in named if one is not None)
