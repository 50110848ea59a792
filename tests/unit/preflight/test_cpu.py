"""The processors of the destination."""

from __future__ import annotations

from typing import Any

import pytest

from tests import build
from tests.unit.preflight.looking import Brief, brief, look
from vsphere_motion.model.inventory import Inventory, PowerState

OFF = PowerState.OFF


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        pytest.param(build.site(vm=build.vm(cpu_count=64)), [], id="exactly enough"),
        pytest.param(build.site(vm=build.vm(cpu_count=65)), [("blocker", "vm1")], id="one short"),
        pytest.param(build.site(vm=build.vm(cpu_count=65, power_state=OFF)), [("warning", "vm1")], id="powered off"),
        pytest.param(build.site(vm=build.vm(cpu_count=None)), [("unknown", "vm1")], id="vCPUs unknown"),
        pytest.param(
            build.site(destination=build.host(2, cpu_threads=None)), [("unknown", "host2")], id="threads unknown"
        ),
    ],
)
def test_threads(site: Inventory, expected: Brief) -> None:
    assert brief("cpu.threads", site) == expected


def _reserving(mhz: int | None, **changes: Any) -> Inventory:
    """vm1 reserves this much; host2 has 10,000 MHz, of which 4,000 are used and vm2 reserves 7,000."""
    neighbour = build.vm(2, host=build.host_ref(2), cpu_reservation_mhz=7_000)
    given: dict[str, Any] = {
        "vm": build.vm(cpu_reservation_mhz=mhz),
        "destination": build.host(2, cpu_mhz=10_000, cpu_used_mhz=4_000),
        "others": (neighbour,),
    }
    return build.site(**given | changes)


SILENT = build.host(2, cpu_mhz=None, cpu_used_mhz=None)
UNREAD_NEIGHBOUR = build.vm(3, host=build.host_ref(2), cpu_reservation_mhz=None)


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        pytest.param(_reserving(6_000), [], id="exactly enough"),
        pytest.param(_reserving(6_001), [("blocker", "vm1")], id="one MHz short"),
        pytest.param(_reserving(0, destination=SILENT), [], id="nothing reserved needs no numbers"),
        pytest.param(_reserving(1, vm=build.vm(cpu_reservation_mhz=9_999, power_state=OFF)), [], id="powered off"),
        pytest.param(_reserving(None), [("unknown", "vm1")], id="reservation unknown"),
        pytest.param(_reserving(1, destination=SILENT), [("unknown", "host2")] * 2, id="host unknown"),
    ],
)
def test_capacity(site: Inventory, expected: Brief) -> None:
    assert brief("cpu.capacity", site) == expected


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        pytest.param(_reserving(3_000), [], id="exactly enough"),
        pytest.param(_reserving(3_001), [("blocker", "vm1")], id="one MHz short"),
        pytest.param(_reserving(0, destination=SILENT), [], id="nothing reserved needs no numbers"),
        pytest.param(_reserving(1, vm=build.vm(cpu_reservation_mhz=9_999, power_state=OFF)), [], id="powered off"),
        pytest.param(_reserving(None), [("unknown", "vm1")], id="reservation unknown"),
        pytest.param(_reserving(1, destination=SILENT), [("unknown", "host2")], id="host unknown"),
        pytest.param(_reserving(1, others=(UNREAD_NEIGHBOUR,)), [("unknown", "vm3")], id="neighbour unknown"),
        pytest.param(_reserving(10_001, others=(UNREAD_NEIGHBOUR,)), [("blocker", "vm1")], id="certain anyway"),
    ],
)
def test_reservation(site: Inventory, expected: Brief) -> None:
    assert brief("cpu.reservation", site) == expected


def _busy(used_mhz: int | None, **changes: Any) -> Inventory:
    return build.site(destination=build.host(2, cpu_mhz=10_000, cpu_used_mhz=used_mhz), **changes)


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        pytest.param(_busy(8_999), [], id="not yet busy"),
        pytest.param(_busy(9_000), [("warning", "host2")], id="busy"),
        pytest.param(_busy(9_000, vm=build.vm(power_state=OFF)), [], id="powered off"),
        pytest.param(_busy(None), [("unknown", "host2")], id="usage unknown"),
    ],
)
def test_load(site: Inventory, expected: Brief) -> None:
    assert brief("cpu.load", site) == expected


@pytest.mark.parametrize(
    ("check_id", "site", "message"),
    [
        ("cpu.threads", build.site(vm=build.vm(cpu_count=65)), "vm1 has 65 vCPUs, host2 has 64 logical processors"),
        ("cpu.capacity", _reserving(6_001), "vm1 reserves 6001 MHz, host2 has 6000 MHz free"),
        ("cpu.reservation", _reserving(3_001), "vm1 reserves 3001 MHz, host2 has 3000 MHz unreserved"),
        ("cpu.load", _busy(9_500), "host2 uses 9500 of 10000 MHz"),
    ],
)
def test_the_message_has_the_numbers(check_id: str, site: Inventory, message: str) -> None:
    assert look(check_id, site)[0].message == message
