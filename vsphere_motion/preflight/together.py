"""What the moves of one request do to each other: files that fit one by one, and not together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.move import Move
from vsphere_motion.model.refs import MoRef
from vsphere_motion.preflight.arrival import Arrival, arrivals_of
from vsphere_motion.preflight.space import room_of
from vsphere_motion.preflight.storage import MIB, SPACE


def space_together(
    inventory: Inventory, moves: Sequence[Move], found: Mapping[MoRef, tuple[Finding, ...]]
) -> dict[MoRef, tuple[Finding, ...]]:
    """A blocker for each VM whose files no longer fit after those of the moves before it; by VM.

    What the moves free on the datastores that they leave is not counted: it may come later than it is needed.

    Args:
        found: what is known of each move already; what a VM is blocked for by itself takes no room.
    """
    taken: dict[MoRef, tuple[int, int]] = {}
    crowded: dict[MoRef, tuple[Finding, ...]] = {}
    for move in moves:
        if any(finding.severity is Severity.BLOCKER for finding in found.get(move.vm.ref, ())):
            continue
        lacking = tuple(_lacks(inventory, move, taken))
        if lacking:
            crowded[move.vm.ref] = lacking
        else:
            _take(inventory, move, taken)
    return crowded


def store_shortfalls(inventory: Inventory, moves: Sequence[Move]) -> tuple[str, ...]:
    """One line for each datastore that does not hold all that these moves bring; one that was not read has no line."""
    needed: dict[MoRef, int] = {}
    for move in moves:
        for arrival, size in _needs(inventory, move):
            needed[arrival.datastore.ref] = needed.get(arrival.datastore.ref, 0) + size
    stores = ((store, size) for ref, size in needed.items() if (store := inventory.find_datastore(ref)))
    return tuple(
        f"{store.name} has {store.free_bytes // MIB} MiB free, and {-(-size // MIB)} MiB are to come"
        for store, size in stores
        if store.free_bytes is not None and size > store.free_bytes
    )


def _lacks(inventory: Inventory, move: Move, taken: Mapping[MoRef, tuple[int, int]]) -> Iterator[Finding]:
    for arrival, needed in _needs(inventory, move):
        store = inventory.find_datastore(arrival.datastore.ref)
        before, others = taken.get(arrival.datastore.ref, (0, 0))
        if others and store is not None and store.free_bytes is not None and before + needed > store.free_bytes:
            yield SPACE.found(
                arrival.datastore,
                f"{move.vm.name} needs {-(-needed // MIB)} MiB on {store.name}, and together with the {others} before "
                f"it {-(-(before + needed) // MIB)} MiB of {store.free_bytes // MIB} MiB free",
                needed_bytes=before + needed,
                free_bytes=store.free_bytes,
                moves=others + 1,
            )


def _take(inventory: Inventory, move: Move, taken: dict[MoRef, tuple[int, int]]) -> None:
    for arrival, needed in _needs(inventory, move):
        before, others = taken.get(arrival.datastore.ref, (0, 0))
        taken[arrival.datastore.ref] = (before + needed, others + 1)


def _needs(inventory: Inventory, move: Move) -> Iterator[tuple[Arrival, int]]:
    vm = inventory.find_vm(move.vm.ref)
    if vm is None:
        return
    for arrival in arrivals_of(vm, move):
        room = room_of(vm, arrival.disks, has_config=arrival.has_config, thick=arrival.thick)
        yield arrival, room.now_bytes or 0
