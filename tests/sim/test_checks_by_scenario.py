"""Checks against a simulated vCenter whose scenario is the trouble: each is seen to fire from what was read of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REAL_ENVIRONMENT
from tests.sim.situations import VNIC, Scene, Situation, playing
from vsphere_motion.model.finding import Finding
from vsphere_motion.model.request import Opinions
from vsphere_motion.testing.plugin import make_factory

pytestmark = pytest.mark.vcsim

OWN_STORE = {"datastores": [{"name": "@-store"}]}
ON_STANDARD = {"networks": ["VM Network"]}
VMOTION = "config.virtualNicManagerInfo.netConfig[vmotion]"
GPU = "config.hardware.device[13000].backing"
TWO_VMS: list[Mapping[str, Any]] = [{"name": "@-here", "host": "@-1"}, {"name": "@-there", "host": "@-2"}]


def rule(kind: str, **more: Any) -> dict[str, Any]:
    return {"cluster": "@", "name": "@-rule", "kind": kind, **more}


SITUATIONS: dict[str, tuple[str, Situation]] = {
    "vm.host": ("blocker", Situation(plant={"@-vm": {"runtime.host": None}})),
    "ft.partner": (
        "blocker",
        Situation(vm={"ft": "@-pair"}, site={"vms": [{"name": "@-second", "host": "@-2", "ft": "@-pair"}]}),
    ),
    "storage.maintenance": (
        "blocker",
        Situation(
            vm={"datastore": "@-store"}, site=OWN_STORE, plant={"@-store": {"summary.maintenanceMode": "inMaintenance"}}
        ),
    ),
    "storage.space": (
        "blocker",
        Situation(site=OWN_STORE, plant={"@-store": {"summary.freeSpace": 1}}, to_datastore="@-store"),
    ),
    "swap.placement": (
        "warning",
        Situation(
            site=OWN_STORE,
            plant={
                "@-vm": {"config.swapPlacement": "hostLocal"},
                "@-2": {"config.localSwapDatastore": {"type": "Datastore", "value": "@-store"}},
            },
        ),
    ),
    "network.uplink": ("blocker", Situation(vm=ON_STANDARD, plant={"@-1": {"config.network.vswitch[0].pnic": []}})),
    "network.vlan": (
        "warning",
        Situation(vm=ON_STANDARD, plant={"@-2": {"config.network.portgroup[0].spec.vlanId": 7}}),
    ),
    "vmknic.link": ("blocker", Situation(there={"vmotion": {"link_down": True}})),
    "vmknic.family": (
        "blocker",
        Situation(
            plant={
                "@-2": {
                    f"{VNIC}.ip": {
                        "dhcp": False,
                        "ipV6Config": {
                            "ipV6Address": [{"ipAddress": "fd00::2", "prefixLength": 64}],
                        },
                    }
                }
            }
        ),
    ),
    "vmknic.speed": ("info", Situation(there={"vmotion": {"link_gbps": 25}})),
    "vmknic.count": ("info", Situation(plant={"@-2": {f"{VMOTION}.selectedVnic": ["key-1", "key-2"]}})),
    "devices.floppy": ("blocker", Situation(vm={"floppy": {"kind": "host", "connected": True}})),
    "devices.port": ("blocker", Situation(vm={"devices": ["serial-file"]})),
    "devices.usb": ("blocker", Situation(vm={"devices": ["usb"]})),
    "devices.passthrough": ("blocker", Situation(vm={"devices": ["passthrough"]})),
    "devices.sriov": ("blocker", Situation(vm={"devices": ["sriov"]})),
    "devices.vgpu": (
        "blocker",
        Situation(vm={"devices": ["vgpu"]}, plant={"@-vm": {f"{GPU}.migrateSupported": False}}),
    ),
    "devices.vgpu-profile": ("blocker", Situation(vm={"devices": ["vgpu-migratable"]})),
    "devices.vgpu-stun": (
        "blocker",
        Situation(vm={"devices": ["vgpu-migratable"]}, plant={"@-vm": {f"{GPU}.vgpuMigrateDataSizeMB": 10**6}}),
    ),
    "encryption.vtpm": (
        "blocker",
        Situation(
            plant={
                "@-vm": {"config.hardware.device[3000]": {"_typeName": "VirtualTPM", "key": 11000}},
                "@-2": {"runtime.cryptoState": "incapable"},
            }
        ),
    ),
    "cluster.must-rule": (
        "blocker",
        Situation(site={"rules": [rule("vm-host-must", vms=["@-vm"], hosts=["@-1"])]}),
    ),
    "cluster.should-rule": (
        "warning",
        Situation(site={"rules": [rule("vm-host-should", vms=["@-vm"], hosts=["@-1"])]}),
    ),
    "cluster.affinity": (
        "warning",
        Situation(site={"vms": TWO_VMS, "rules": [rule("affinity", vms=["@-vm", "@-here"])]}),
    ),
    "cluster.anti-affinity": (
        "warning",
        Situation(site={"vms": TWO_VMS, "rules": [rule("anti-affinity", vms=["@-vm", "@-there"])]}),
    ),
    "cluster.pool": ("info", Situation(elsewhere=True)),
    "cluster.ha": (
        "blocker",
        Situation(
            vm={"memory_gib": 64, "reservation": {"memory_mib": 60 * 1024}},
            there={"memory_gib": 128},
            elsewhere=True,
            other={"ha": {"enabled": True, "memory_percent": 60}},
        ),
    ),
    "cluster.ha-protection": ("warning", Situation(elsewhere=True, cluster={"ha": {"enabled": True}})),
    "cluster.automation": ("info", Situation(cluster={"drs": {"automation": "fullyAutomated"}})),
    "cluster.vsan": (
        "warning",
        Situation(
            vm={"datastore": "@-store"},
            elsewhere=True,
            site=OWN_STORE,
            plant={"@-store": {"summary.type": "vsan"}},
        ),
    ),
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One site with everything, and a VM that nothing is wrong with."""
    environment = {**REAL_ENVIRONMENT, "VSPHERE_MOTION_STATE_DIR": str(tmp_path_factory.mktemp("simulators"))}
    situations = {"nothing": Situation()} | {name: one for name, (_, one) in SITUATIONS.items()}
    directory: Path = tmp_path_factory.mktemp("scenario")
    with ExitStack() as stack, playing(make_factory(stack, environment), directory, situations) as scene:
        yield scene


@pytest.fixture(scope="module")
def found(scene: Scene) -> dict[str, tuple[Finding, ...]]:
    """What our own checks say of every situation."""
    return scene.findings(Opinions.CLIENT)


def test_nothing_is_found_where_nothing_is_wrong(found: dict[str, tuple[Finding, ...]]) -> None:
    assert found["nothing"] == ()


@pytest.mark.parametrize("check_id", SITUATIONS)
def test_what_the_scenario_has_is_found(found: dict[str, tuple[Finding, ...]], check_id: str) -> None:
    severity = SITUATIONS[check_id][0]
    assert severity in {finding.severity.value for finding in found[check_id] if finding.id == check_id}
