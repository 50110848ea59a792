"""What moves take of vCenter's limits while they run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests import build
from vsphere_motion.model.inventory import Inventory, PowerState
from vsphere_motion.model.move import Move
from vsphere_motion.planning.move_costs import costs_of_move, operation_of
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
