"""What pre-flight knows of VMs and hosts beyond their place: what is unset has a meaning, what is refused has none."""

from __future__ import annotations

from typing import Any

import pytest
from pyVmomi import vim

from tests.unit.vcenter.things import managed
from vsphere_motion.model.inventory import Feature, HostPortgroup, HostSwitch
from vsphere_motion.model.refs import MoRef
from vsphere_motion.vcenter.collector import Reading
from vsphere_motion.vcenter.host_traits import HOST_TRAIT_PATHS, host_traits, luns_of, networks_of
from vsphere_motion.vcenter.vm_traits import VM_TRAIT_PATHS, vm_traits

VM = MoRef(kind="VirtualMachine", moid="vm-1")
HOST = MoRef(kind="HostSystem", moid="host-1")
AFFINITY = vim.vm.AffinityInfo(affinitySet=[0])


def reading(ref: MoRef, values: dict[str, Any] | None = None, unread: tuple[str, ...] = ()) -> Reading:
    return Reading(ref=ref, values=values or {}, unread=dict.fromkeys(unread, "NoPermission"))


UNSET_VM = {
    "hardware_version": None,
    "cores_per_socket": 1,
    "consolidation_needed": False,
    "failover_in_progress": False,
    "console_count": 0,
    "tools_installer_mounted": False,
    "tools_running": "guestToolsNotRunning",
    "heartbeat": "gray",
    "latency_sensitivity": "normal",
    "app_notification": False,
    "app_notification_timeout_s": 0,
    "ft_state": "notConfigured",
    "ft_instance_uuids": (),
    "managed_by": "",
    "migrate_encryption": "disabled",
    "swap_placement": "inherit",
    "nested_hv": False,
    "cpu_counters": False,
    "required_evc_mode": None,
    "committed_bytes": None,
    "uncommitted_bytes": None,
    "memory_swapped_bytes": 0,
    "memory_ballooned_bytes": 0,
    "has_affinity": False,
    "is_encrypted": False,
    "features": (),
}


def test_what_a_vm_leaves_unset_has_the_meaning_of_the_api() -> None:
    assert vm_traits(reading(VM)) == UNSET_VM


def test_what_was_refused_of_a_vm_is_none() -> None:
    assert vm_traits(reading(VM, unread=VM_TRAIT_PATHS)) == dict.fromkeys(UNSET_VM)


@pytest.mark.parametrize(
    ("path", "value", "field", "expected"),
    [
        ("config.version", "vmx-21", "hardware_version", "vmx-21"),
        ("summary.quickStats.swappedMemory", 3, "memory_swapped_bytes", 3 * 1024 * 1024),
        ("summary.quickStats.balloonedMemory", 2, "memory_ballooned_bytes", 2 * 1024 * 1024),
        ("config.cpuAffinity", AFFINITY, "has_affinity", True),
        ("config.memoryAffinity", AFFINITY, "has_affinity", True),
        ("config.keyId", vim.encryption.CryptoKeyId(keyId="k"), "is_encrypted", True),
        ("runtime.minRequiredEVCModeKey", "intel-skylake", "required_evc_mode", "intel-skylake"),
        ("config.ftInfo", vim.vm.FaultToleranceConfigInfo(instanceUuids=["a", "b"]), "ft_instance_uuids", ("a", "b")),
        (
            "runtime.featureRequirement",
            [vim.vm.FeatureRequirement(key="cpuid.AVX", value="Bool:Min:1")],
            "features",
            (Feature(key="cpuid.AVX", value="Bool:Min:1"),),
        ),
    ],
)
def test_a_property_of_a_vm_reaches_its_field(path: str, value: Any, field: str, expected: Any) -> None:
    assert vm_traits(reading(VM, {path: value}))[field] == expected


def test_one_affinity_that_is_set_is_enough_and_one_that_was_refused_is_unknown() -> None:
    cpu, memory = "config.cpuAffinity", "config.memoryAffinity"
    assert vm_traits(reading(VM, {cpu: AFFINITY}, (memory,)))["has_affinity"] is True
    assert vm_traits(reading(VM, {cpu: vim.vm.AffinityInfo()}, (memory,)))["has_affinity"] is None


def traits(values: dict[str, Any] | None = None, unread: tuple[str, ...] = (), *, connected: bool = True) -> Any:
    one = reading(HOST, values, unread)
    return host_traits(one, networks_of(one), is_connected=connected)


def test_an_unset_capability_of_a_connected_host_is_one_that_it_does_not_have() -> None:
    found = traits()
    assert (found["vmotion_supported"], found["encrypted_vmotion_supported"], found["nested_hv_supported"]) == (
        False,
        False,
        False,
    )
    assert (found["max_vm_cpus"], found["max_vm_memory_bytes"], found["vgpu_profiles"]) == (0, 0, ())
    assert (found["crypto_state"], found["reboot_required"]) == ("incapable", False)


def test_a_host_without_a_connection_shows_nothing() -> None:
    found = traits(connected=False)
    assert {name for name, value in found.items() if value is not None} == {"unread"}


def test_what_was_refused_of_a_host_is_none_and_named() -> None:
    found = traits(unread=HOST_TRAIT_PATHS)
    assert {name for name, value in found.items() if value is not None} == {"unread"}
    assert set(found["unread"]) == set(HOST_TRAIT_PATHS)


@pytest.mark.parametrize(
    ("path", "value", "field", "expected"),
    [
        ("capability.maxSupportedVmMemory", 1024, "max_vm_memory_bytes", 1024**3),
        ("hardware.cpuPkg", [vim.host.CpuPackage(vendor="amd")], "cpu_vendor", "amd"),
        ("hardware.cpuPkg", [], "cpu_vendor", None),
        ("config.sharedPassthruGpuTypes", ["grid_v100-8q"], "vgpu_profiles", ("grid_v100-8q",)),
        ("config.featureCapability", [], "features", None),
        (
            "config.featureCapability",
            [vim.host.FeatureCapability(key="cpuid.AVX", value="1")],
            "features",
            (Feature(key="cpuid.AVX", value="1"),),
        ),
        (
            "config.localSwapDatastore",
            managed(vim.Datastore, "datastore-9"),
            "local_swap_datastore",
            MoRef(kind="Datastore", moid="datastore-9"),
        ),
    ],
)
def test_a_property_of_a_host_reaches_its_field(path: str, value: Any, field: str, expected: Any) -> None:
    assert traits({path: value})[field] == expected


def test_luns_are_known_by_their_identifier_and_unknown_where_they_were_not_asked_for() -> None:
    path = "config.storageDevice.scsiLun"
    assert luns_of(reading(HOST, {path: [vim.host.ScsiLun(uuid="u-1"), vim.host.ScsiLun(uuid="u-2")]})) == (
        "u-1",
        "u-2",
    )
    assert luns_of(reading(HOST, unread=(path,))) is None
    assert luns_of(None) is None


def pnic(name: str, speed_mbit: int | None) -> Any:
    link = None if speed_mbit is None else vim.host.PhysicalNic.LinkSpeedDuplex(speedMb=speed_mbit, duplex=True)
    return vim.host.PhysicalNic(key=f"key-{name}", device=name, linkSpeed=link)


def portgroup(name: str, switch: str, vlan: int = 0, security: Any = None) -> Any:
    spec = vim.host.PortGroup.Specification(name=name, vlanId=vlan, vswitchName=switch)
    policy = vim.host.NetworkPolicy(security=security)
    return vim.host.PortGroup(key=f"key-{name}", vswitch=f"key-{switch}", spec=spec, computedPolicy=policy)


def switch(name: str, *pnics: str, mtu: int = 1500, free: int = 0) -> Any:
    keys = [f"key-{one}" for one in pnics]
    return vim.host.VirtualSwitch(key=f"key-{name}", name=name, mtu=mtu, pnic=keys, numPortsAvailable=free)


PROMISCUOUS = vim.host.NetworkPolicy.SecurityPolicy(allowPromiscuous=True)


NETWORK = {
    "config.network.pnic": [pnic("vmnic0", 1000), pnic("vmnic1", 25_000), pnic("vmnic2", None)],
    "config.network.portgroup": [
        portgroup("VM Network", "vSwitch0", 10, PROMISCUOUS),
        portgroup("inside", "vSwitch1"),
        portgroup("lost", "gone"),
    ],
    "config.network.vswitch": [switch("vSwitch0", "vmnic0", "vmnic1", mtu=9000, free=100), switch("vSwitch1")],
    "config.network.proxySwitch": [
        vim.host.HostProxySwitch(
            dvsUuid="dvs-1",
            dvsName="prod",
            mtu=1600,
            pnic=["key-vmnic2"],
            numPorts=8,
            numPortsAvailable=3,
            networkReservationSupported=True,
        )
    ],
}


def candidate(portgroup_name: str = "", dvs: str | None = None) -> Any:
    port = None if dvs is None else vim.dvs.PortConnection(switchUuid=dvs)
    spec = vim.host.VirtualNic.Specification(distributedVirtualPort=port)
    return vim.host.VirtualNic(device="vmk1", portgroup=portgroup_name, spec=spec)


@pytest.mark.parametrize(
    ("vmknic", "link_bps", "mtu_bytes"),
    [
        pytest.param(candidate("VM Network"), 25_000_000_000, 9000, id="the fastest live uplink"),
        pytest.param(candidate("inside"), 0, 1500, id="no uplink"),
        pytest.param(candidate(dvs="dvs-1"), 0, 1600, id="a distributed switch whose uplink is down"),
    ],
)
def test_what_is_behind_a_vmknic(vmknic: Any, link_bps: int, mtu_bytes: int) -> None:
    networks = networks_of(reading(HOST, NETWORK))
    assert networks is not None
    behind = networks.behind(vmknic)
    assert behind is not None
    assert (behind.link_bps, behind.mtu_bytes) == (link_bps, mtu_bytes)


@pytest.mark.parametrize("vmknic", [candidate("other"), candidate(dvs="dvs-2"), candidate("lost")])
def test_a_switch_that_was_not_read_is_unknown(vmknic: Any) -> None:
    networks = networks_of(reading(HOST, NETWORK))
    assert networks is not None
    assert networks.behind(vmknic) is None


def test_portgroups_know_their_switch_and_its_uplinks() -> None:
    assert traits(NETWORK)["portgroups"] == (
        HostPortgroup(name="VM Network", switch="vSwitch0", vlan=10, uplink_count=2, free_ports=100, promiscuous=True),
        HostPortgroup(name="inside", switch="vSwitch1", vlan=0, uplink_count=0, free_ports=0),
        HostPortgroup(name="lost", switch="gone", vlan=0, uplink_count=None),
    )


def test_a_host_knows_its_part_of_distributed_switches() -> None:
    assert traits(NETWORK)["switches"] == (
        HostSwitch(uuid="dvs-1", name="prod", ports=8, free_ports=3, reservation_supported=True, ens_enabled=False),
    )
    assert traits({})["switches"] == ()


@pytest.mark.parametrize("missing", ["pnic", "portgroup", "vswitch"])
def test_without_a_part_of_the_network_nothing_is_known_of_it(missing: str) -> None:
    path = f"config.network.{missing}"
    values = {name: value for name, value in NETWORK.items() if name != path}
    assert networks_of(reading(HOST, values, (path,))) is None
