"""Resource pools: what their cases leave open."""

from __future__ import annotations

from typing import Any

import pytest

from tests import build
from tests.build import GIB
from tests.unit.preflight.looking import brief, look
from vsphere_motion.model.inventory import Inventory, PowerState

FULL = (build.pool(1, unreserved_bytes=GIB - 1, unreserved_mhz=999),)
ASKS = {"memory_reservation_bytes": GIB, "memory_overhead_bytes": 0, "cpu_reservation_mhz": 1000}


def _site(host_changes: dict[str, Any] | None = None, **vm_changes: Any) -> Inventory:
    """vm1 asks for a little more than its pool has; host3 is in cluster2."""
    usual = build.inventory().hosts
    third = build.host(3, **{"compute_resource": build.cluster_ref(2), "path": "/x"} | (host_changes or {}))
    return build.inventory(vms=(build.vm(**ASKS | vm_changes),), hosts=(*usual[:2], third), pools=FULL)


@pytest.mark.parametrize("check_id", ["pool.memory", "pool.cpu"])
@pytest.mark.parametrize(
    ("site", "to", "expected"),
    [
        pytest.param(_site(), 3, [("blocker", "Resources")], id="another cluster"),
        pytest.param(_site(), 2, [], id="within the cluster"),
        pytest.param(_site(power_state=PowerState.OFF), 3, [], id="off"),
        pytest.param(_site(host=None), 3, [], id="on no host"),
        pytest.param(
            _site({"compute_resource": None}), 3, [("blocker", "Resources")], id="a cluster that was not read"
        ),
    ],
)
def test_a_running_vm_needs_room_in_the_pool_of_another_cluster(
    check_id: str, site: Inventory, to: int, expected: list[tuple[str, str]]
) -> None:
    assert brief(check_id, site, to=to) == expected


def test_a_pool_that_has_nothing_to_give_for_cpu_takes_a_vm_that_reserves_none() -> None:
    assert brief("pool.cpu", _site(cpu_reservation_mhz=0), to=3) == []


def test_an_overhead_that_vcenter_withholds_is_unknown() -> None:
    site = _site(memory_overhead_bytes=None, unread=("runtime.memoryOverhead",))
    assert brief("pool.memory", site, to=3) == [("unknown", "vm1")]


def test_what_is_asked_for_is_rounded_up_and_what_is_left_down() -> None:
    (memory,) = look("pool.memory", _site(), to=3)
    (cpu,) = look("pool.cpu", _site(), to=3)
    assert memory.message == "vm1 reserves 1024 MiB with its overhead, resource pool Resources has 1023 MiB left"
    assert cpu.message == "vm1 reserves 1000 MHz, resource pool Resources has 999 MHz left"
