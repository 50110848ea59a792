"""Room for the VM's memory on the destination."""

from __future__ import annotations

from typing import Any

import pytest

from tests import build
from tests.build import GIB, MIB
from tests.unit.preflight.looking import Brief, brief, look
from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import Inventory, PowerState
from vsphere_motion.model.refs import NamedRef


def test_admission_says_what_is_needed_and_what_is_free() -> None:
    site = build.site(
        vm=build.vm(memory_bytes=65536 * MIB),
        destination=build.host(2, memory_bytes=104 * GIB, memory_used_bytes=64 * GIB),
    )
    assert look("memory.admission", site) == [
        Finding(
            id="memory.admission",
            severity=Severity.BLOCKER,
            subject=NamedRef(ref=build.vm_ref(1), name="vm1"),
            message="vm1 needs 65536 MiB, host2 has 40960 MiB free",
            remedy="choose another host, or move other VMs off host2 first",
            evidence=(
                ("needed_bytes", 64 * GIB),
                ("free_bytes", 40 * GIB),
                ("host_memory_bytes", 104 * GIB),
                ("host_memory_used_bytes", 64 * GIB),
            ),
        )
    ]


def test_admission_never_says_that_as_much_does_not_fit() -> None:
    site = build.site(
        vm=build.vm(memory_bytes=8 * MIB), destination=build.host(2, memory_bytes=8 * MIB - 1, memory_used_bytes=0)
    )
    assert look("memory.admission", site)[0].message == "vm1 needs 8 MiB, host2 has 7 MiB free"


FULL = build.host(2, memory_bytes=64 * GIB, memory_used_bytes=64 * GIB)
EIGHT_GIB_FREE = build.host(2, memory_bytes=72 * GIB, memory_used_bytes=64 * GIB)


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        pytest.param(build.site(destination=EIGHT_GIB_FREE), [], id="exactly enough"),
        pytest.param(
            build.site(vm=build.vm(memory_bytes=8 * GIB + 1), destination=EIGHT_GIB_FREE),
            [("blocker", "vm1")],
            id="one byte short",
        ),
        pytest.param(build.site(vm=build.vm(power_state=PowerState.OFF), destination=FULL), [], id="powered off"),
        pytest.param(build.site(vm=build.vm(power_state=PowerState.SUSPENDED), destination=FULL), [], id="suspended"),
        pytest.param(
            build.site(vm=build.vm(power_state=None), destination=FULL), [("blocker", "vm1")], id="power state unknown"
        ),
        pytest.param(build.site(vm=build.vm(memory_bytes=None)), [("unknown", "vm1")], id="memory of the VM unknown"),
        pytest.param(
            build.site(destination=build.host(2, memory_bytes=None)), [("unknown", "host2")], id="host's memory unknown"
        ),
        pytest.param(
            build.site(destination=build.host(2, memory_used_bytes=None)),
            [("unknown", "host2")],
            id="host's used memory unknown",
        ),
    ],
)
def test_admission(site: Inventory, expected: Brief) -> None:
    assert brief("memory.admission", site) == expected


def _reserving(size_bytes: int, **changes: Any) -> Inventory:
    """vm1 reserves this much and has no overhead, and 8 GiB of host2's 16 GiB are reserved by vm2."""
    neighbour = build.vm(2, host=build.host_ref(2), memory_reservation_bytes=8 * GIB - MIB, memory_overhead_bytes=MIB)
    given: dict[str, Any] = {
        "vm": build.vm(memory_reservation_bytes=size_bytes, memory_overhead_bytes=0),
        "destination": build.host(2, memory_bytes=16 * GIB, memory_used_bytes=0),
        "others": (neighbour,),
    }
    return build.site(**given | changes)


UNREAD_NEIGHBOUR = build.vm(3, host=build.host_ref(2), memory_reservation_bytes=None)
UNREAD_OVERHEAD = build.vm(3, host=build.host_ref(2), memory_overhead_bytes=None, unread=("runtime.memoryOverhead",))


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        pytest.param(_reserving(8 * GIB), [], id="exactly enough"),
        pytest.param(_reserving(8 * GIB + 1), [("blocker", "vm1")], id="one byte short"),
        pytest.param(
            _reserving(8 * GIB, vm=build.vm(memory_reservation_bytes=8 * GIB, memory_overhead_bytes=1)),
            [("blocker", "vm1")],
            id="overhead does not fit",
        ),
        pytest.param(
            _reserving(0, vm=build.vm(memory_reservation_bytes=20 * GIB, power_state=PowerState.OFF)), [], id="off"
        ),
        pytest.param(
            _reserving(8 * GIB + 1, others=(build.vm(2, host=build.host_ref(1), memory_reservation_bytes=15 * GIB),)),
            [],
            id="reserved on another host",
        ),
        pytest.param(
            _reserving(
                12 * GIB,
                others=(
                    build.vm(
                        2,
                        host=build.host_ref(2),
                        power_state=PowerState.OFF,
                        memory_reservation_bytes=15 * GIB,
                    ),
                ),
            ),
            [],
            id="a VM that is off reserves nothing",
        ),
        pytest.param(
            _reserving(0, vm=build.vm(memory_reservation_bytes=None)), [("unknown", "vm1")], id="reservation unknown"
        ),
        pytest.param(
            _reserving(0, vm=build.vm(memory_overhead_bytes=None, unread=("runtime.memoryOverhead",))),
            [("unknown", "vm1")],
            id="overhead refused",
        ),
        pytest.param(_reserving(0, vm=build.vm(memory_overhead_bytes=None)), [], id="overhead unset is none"),
        pytest.param(
            _reserving(0, vm=build.vm(memory_reservation_bytes=9 * GIB, memory_overhead_bytes=None)),
            [("blocker", "vm1")],
            id="overhead unset and too much reserved",
        ),
        pytest.param(
            _reserving(0, destination=build.host(2, memory_bytes=None)), [("unknown", "host2")], id="host unknown"
        ),
        pytest.param(_reserving(GIB, others=(UNREAD_NEIGHBOUR,)), [("unknown", "vm3")], id="neighbour unknown"),
        pytest.param(_reserving(GIB, others=(UNREAD_OVERHEAD,)), [("unknown", "vm3")], id="neighbour's overhead"),
        pytest.param(_reserving(0, others=(UNREAD_NEIGHBOUR,)), [], id="nothing reserved needs no neighbour"),
        pytest.param(
            _reserving(17 * GIB, others=(UNREAD_NEIGHBOUR,)), [("blocker", "vm1")], id="certain whatever the neighbour"
        ),
    ],
)
def test_reservation(site: Inventory, expected: Brief) -> None:
    assert brief("memory.reservation", site) == expected


def test_reservation_says_what_is_needed_and_what_is_left() -> None:
    assert look("memory.reservation", _reserving(9 * GIB))[0].message == (
        "vm1 reserves 9216 MiB with its overhead, host2 has 8192 MiB unreserved"
    )
