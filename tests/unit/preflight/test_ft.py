"""Fault Tolerance: what its cases leave open."""

from __future__ import annotations

from typing import Any

import pytest

from tests import build
from tests.unit.preflight.looking import Brief, brief, look
from vsphere_motion.model.inventory import Inventory, PowerState

FT = {"ft_state": "running", "ft_instance_uuids": ("uuid-a", "uuid-b")}


def _site(count: int, cpus: int, vm_changes: dict[str, Any] | None = None, **limits: Any) -> Inventory:
    """vm1 with 4 vCPUs and so many VMs of host2 are fault tolerant."""
    others = (build.vm(n, host=build.host_ref(2), ft_state="running", cpu_count=cpus) for n in range(5, 5 + count))
    clusters = (build.cluster(1, **limits), build.cluster(2))
    return build.site(vm=build.vm(**FT | (vm_changes or {})), others=others, clusters=clusters)


FIRES = [("blocker", "host2")]


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        pytest.param(_site(2, 2), [], id="as many vCPUs as there may be"),
        pytest.param(_site(1, 5), FIRES, id="one vCPU more"),
        pytest.param(_site(4, 1, max_ft_vms=5), [], id="a higher limit"),
        pytest.param(_site(4, 4, max_ft_vms=0, max_ft_vcpus=0), [], id="no limit"),
        pytest.param(_site(4, 1, {"power_state": PowerState.OFF}), [], id="off"),
        pytest.param(_site(4, 1, {"ft_state": "notConfigured"}), [], id="not fault tolerant"),
        pytest.param(_site(1, 1, {"cpu_count": None}), [("unknown", "vm1")], id="vCPUs unread"),
        pytest.param(_site(4, 1, {"cpu_count": None}), FIRES, id="too many whatever their vCPUs"),
        pytest.param(_site(1, 1, max_ft_vcpus=None), [("unknown", "host2")], id="an option that is no number"),
        pytest.param(_site(4, 1, is_cluster=False, max_ft_vms=None, max_ft_vcpus=None), [], id="a host without HA"),
    ],
)
def test_a_host_runs_so_many_fault_tolerant_vms(site: Inventory, expected: Brief) -> None:
    assert brief("ft.limit", site) == expected


def test_the_finding_has_the_numbers_and_the_limits() -> None:
    (finding,) = look("ft.limit", _site(4, 1))
    assert (
        finding.message
        == "with vm1 host2 would run 5 fault tolerant VMs with 8 vCPUs, the limits are 4 and 8 (0: none)"
    )


@pytest.mark.parametrize("power", [PowerState.OFF, PowerState.SUSPENDED])
def test_builds_matter_to_a_running_vm_alone(power: PowerState) -> None:
    site = build.site(vm=build.vm(**FT, power_state=power), destination=build.host(2, build="1"))
    assert brief("ft.build", site) == []


def test_a_vm_on_no_host_has_no_build_to_compare() -> None:
    site = build.site(vm=build.vm(**FT, host=None), destination=build.host(2, build="1"))
    assert brief("ft.build", site) == []


def test_each_disk_that_fault_tolerance_does_not_know_is_named() -> None:
    disks = tuple(build.disk(n, disk_mode=f"independent_{word}persistent") for n, word in ((1, ""), (2, "non")))
    site = build.site(vm=build.vm(**FT, devices=(*disks, build.disk(3, disk_mode=None))))
    assert [dict(finding.evidence)["disk"] for finding in look("ft.disk", site)] == ["Hard disk 1", "Hard disk 2"]
