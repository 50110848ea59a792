"""What moves take of vCenter's limits, and that runs of every kind of move never take more than there is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from tests import build
from vsphere_motion.model.inventory import Inventory, PowerState
from vsphere_motion.model.move import Move
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.refs import MoRef
from vsphere_motion.planning.move_costs import costs_of_move, operation_of
from vsphere_motion.run.gate import Capacity, PlanGate, Start
from vsphere_motion.vmotion.costs import Operation

HOSTS, STORES = 4, 5
OFF = PowerState.OFF


def site(**vm: Any) -> Inventory:
    stores = tuple(build.datastore(number) for number in range(1, STORES + 1))
    hosts = tuple(build.host(number) for number in range(1, HOSTS + 1))
    return build.inventory(vms=(build.vm(**vm),), hosts=hosts, datastores=stores)


def told(move: Move, seen: Inventory) -> dict[str, int]:
    return {f"{slot[0].value} {slot[1].moid}": units for slot, units in costs_of_move(seen, move)}


STAYS = {"host host-1": 4}


@pytest.mark.parametrize(
    ("to", "store", "vm", "operation", "expected"),
    [
        (
            2,
            None,
            {},
            Operation.VMOTION,
            {
                "host host-1": 1,
                "network_10g host-1": 1,
                "host host-2": 1,
                "network_10g host-2": 1,
                "datastore datastore-1": 1,
            },
        ),
        (1, 2, {}, Operation.STORAGE_VMOTION, STAYS | {"datastore datastore-1": 16, "datastore datastore-2": 16}),
        (
            2,
            2,
            {},
            Operation.VMOTION_WITHOUT_SHARED_STORAGE,
            {
                "host host-1": 4,
                "network_10g host-1": 1,
                "host host-2": 4,
                "network_10g host-2": 1,
                "datastore datastore-1": 16,
                "datastore datastore-2": 16,
            },
        ),
        (2, 2, {"power_state": OFF}, Operation.PROVISIONING, {"host host-1": 1, "host host-2": 1}),
        (1, 1, {}, None, {}),
    ],
    ids=["host", "files", "both", "off", "nothing"],
)
def test_each_kind_of_move_takes_what_the_documentation_says(
    to: int, store: int | None, vm: dict[str, Any], operation: Operation | None, expected: dict[str, int]
) -> None:
    seen = site(**vm)
    move = build.move(seen, to=to)
    if store is not None:
        move = build.to_datastore(move, seen, store)
    assert operation_of(seen, move) is operation
    assert told(move, seen) == expected


def test_what_was_not_read_counts_as_running() -> None:
    seen = site()
    move = build.move(seen)
    assert operation_of(replace(seen, vms=()), move) is Operation.VMOTION
    assert "datastore datastore-1" not in told(move, replace(seen, vms=()))


MOST = {"HostSystem": 8, "Datastore": 128}
"""vCenter's limits, counted here by hand: a host bears 8 and a datastore 128 (vSphere documentation, 6.5 to 8.0)."""


def by_hand(move: Move, seen: Inventory) -> Counter[MoRef]:
    """What a move takes of hosts and datastores, by the table of the documentation and nothing of ours."""
    vm = seen.vms[0]
    assert move.source.host is not None
    assert move.destination.host is not None
    changes_host, files = move.source.host != move.destination.host, move.source.config != move.destination.config
    is_on = vm.power_state is PowerState.ON
    taken: Counter[MoRef] = Counter()
    per_host = 4 if is_on and files else 1
    for host in {move.source.host.ref, move.destination.host.ref} if changes_host or files else ():
        taken[host] = per_host
    if is_on and files and move.source.config and move.destination.config:
        taken[move.source.config.ref] = taken[move.destination.config.ref] = 16
    elif is_on and changes_host:
        taken[build.datastore_ref(1)] = 1
    return taken


@pytest.mark.parametrize("seed", range(60))
def test_mixed_moves_never_take_more_than_there_is_and_all_of_them_end(seed: int) -> None:
    rng = Random(seed)
    moves = []
    for number in range(rng.randrange(5, 60)):
        seen = site(number=number + 1, host=build.host_ref(1), power_state=rng.choice([PowerState.ON] * 5 + [OFF]))
        move = build.move(seen, number=number + 1, to=rng.choice([1, 1, 2, 3, 4]))
        if rng.random() < 0.6:
            move = build.to_datastore(move, seen, rng.randrange(1, STORES + 1))
        moves.append((move, seen))
    gate = PlanGate(starts={n: Start(costs=costs_of_move(seen, move)) for n, (move, seen) in enumerate(moves)})
    waiting, running, ended = list(range(len(moves))), set[int](), {}
    while waiting or running:
        ready = gate.ready(waiting, running=running, ended=ended, now=Capacity(max_concurrent=rng.choice([8, 40])))
        running |= set(ready)
        waiting = [number for number in waiting if number not in ready]
        taken = sum((by_hand(*moves[number]) for number in running), Counter[MoRef]())
        assert all(units <= MOST[ref.kind] for ref, units in taken.items())
        assert running, "something runs as long as something waits"
        over = rng.sample(sorted(running), rng.randrange(1, len(running) + 1))
        running -= set(over)
        ended |= dict.fromkeys(over, OutcomeState.MOVED)
    assert len(ended) == len(moves)
