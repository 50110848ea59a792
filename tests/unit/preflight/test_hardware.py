"""What a host can run of a VM's make: what the cases leave open."""

from __future__ import annotations

import pytest

from tests import build
from tests.unit.preflight.looking import Brief, brief, look
from vsphere_motion.model.inventory import Inventory, PowerState

NEIGHBOURS = tuple(build.vm(n, host=build.host_ref(2), cpu_count=count) for n, count in ((5, 3), (6, None)))


@pytest.mark.parametrize(
    ("check_id", "field"),
    [
        ("hardware.vcpus", "max_vm_cpus"),
        ("hardware.memory", "max_vm_memory_bytes"),
        ("hardware.host-vcpus", "max_running_vcpus"),
    ],
)
def test_a_host_that_tells_no_limit_has_none_to_compare(check_id: str, field: str) -> None:
    assert brief(check_id, build.site(destination=build.host(2, **{field: 0}))) == []


def _crowded(most: int, power: PowerState = PowerState.ON) -> Inventory:
    """vm1 with 4 vCPUs on its way to a VM with 3 and one that does not say."""
    destination = build.host(2, max_running_vcpus=most)
    return build.site(vm=build.vm(power_state=power), destination=destination, others=NEIGHBOURS)


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        pytest.param(_crowded(7), [("unknown", "vm6")], id="room for those that say"),
        pytest.param(_crowded(6), [("blocker", "vm1")], id="no room even for those"),
        pytest.param(_crowded(6, PowerState.OFF), [], id="off"),
    ],
)
def test_the_vcpus_of_all_running_vms_count(site: Inventory, expected: Brief) -> None:
    assert brief("hardware.host-vcpus", site) == expected


def test_the_finding_has_the_numbers() -> None:
    (finding,) = look("hardware.host-vcpus", _crowded(6))
    assert finding.message == "with vm1 host2 would run 7 vCPUs, and supports 6"
