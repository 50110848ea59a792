"""Checks against a simulated vCenter: what is planted there over the wire is found by the check it belongs to.

Each case has a VM, its host and a destination of its own, so that all are planted first, read in one snapshot and
judged from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REAL_ENVIRONMENT
from tests.observer import observing
from tests.sim.reading import as_it_is, rewritten, session_with
from tests.sim.transport import servers
from tests.sim.transport.canned import answer, fault
from vsphere_motion.model.finding import Finding
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.move import Move, Placement
from vsphere_motion.model.request import MoveRequest
from vsphere_motion.planning.resolve import move_to
from vsphere_motion.preflight.registry import Preflight
from vsphere_motion.service.check import check
from vsphere_motion.service.connection import VCenter
from vsphere_motion.testing.control import Control
from vsphere_motion.testing.plugin import VCenterFactory, make_factory
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.checkers import MIGRATE, QUERY, RELOCATE
from vsphere_motion.vcenter.inventory import take_snapshot
from vsphere_motion.vcenter.relocate import VCenterRelocator

pytestmark = pytest.mark.vcsim

VNIC = "config.virtualNicManagerInfo.netConfig[vmotion].candidateVnic[0].spec"
CDROM = "config.hardware.device[3000]"
HOST = ("HostSystem", "esx-002")
DISK = "config.hardware.device[2000]"
RAW = {
    "_typeName": "VirtualDiskRawDiskMappingVer1BackingInfo",
    "fileName": "[datastore1] raw.vmdk",
    "lunUuid": "02000000006001405a",
    "diskMode": "independent_persistent",
}

VM: dict[str, tuple[str, Mapping[str, Any]]] = {
    "vm.power-state": ("info", {"runtime.powerState": "suspended"}),
    "vm.connection": ("blocker", {"runtime.connectionState": "orphaned"}),
    "vm.template": ("info", {"config.template": True}),
    "vm.consolidation": ("warning", {"runtime.consolidationNeeded": True}),
    "vm.disabled-method": ("blocker", {"disabledMethod": ["RelocateVM_Task"]}),
    "vm.failover": ("blocker", {"runtime.vmFailoverInProgress": True}),
    "vm.console": ("info", {"runtime.numMksConnections": 2}),
    "vm.managed": ("info", {"config.managedBy": {"extensionKey": "com.example.appliance", "type": "appliance"}}),
    "ft.state": ("info", {"runtime.faultToleranceState": "running"}),
    "guest.tools-installer": ("blocker", {"runtime.toolsInstallerMounted": True}),
    "guest.tools": ("info", {"guest.toolsRunningStatus": "guestToolsNotRunning"}),
    "guest.heartbeat": ("warning", {"guestHeartbeatStatus": "red"}),
    "guest.latency-sensitivity": ("warning", {"config.latencySensitivity": {"level": "high"}}),
    "guest.notification": ("info", {"config.vmOpNotificationToAppEnabled": True}),
    "hardware.version": ("blocker", {"config.version": "vmx-22"}),
    "hardware.vcpus": ("blocker", {"config.hardware.numCPU": 5000}),
    "hardware.memory": ("blocker", {"config.hardware.memoryMB": 2**25}),
    "memory.admission": ("blocker", {"config.hardware.memoryMB": 2**20}),
    "memory.reservation": ("blocker", {"config.memoryAllocation.reservation": 2**20}),
    "memory.headroom": ("warning", {"summary.quickStats.hostMemoryUsage": 2**20}),
    "memory.active": ("warning", {"summary.quickStats.guestMemoryUsage": 2**20}),
    "memory.swapped": ("info", {"summary.quickStats.swappedMemory": 1}),
    "memory.ballooned": ("info", {"summary.quickStats.balloonedMemory": 1}),
    "memory.large": ("info", {"config.hardware.memoryMB": 64 * 1024}),
    "memory.dirty-rate": ("warning", {"summary.quickStats.guestMemoryUsage": 60 * 1024}),
    "cpu.threads": ("blocker", {"config.hardware.numCPU": 128}),
    "cpu.capacity": ("blocker", {"config.cpuAllocation.reservation": 83_100}),
    "cpu.reservation": ("blocker", {"config.cpuAllocation.reservation": 90_000}),
    "cpu.features": (
        "blocker",
        {"runtime.featureRequirement": [{"key": "cpuid.AVX", "featureName": "cpuid.AVX", "value": "Bool:Min:1"}]},
    ),
    "cpu.evc": ("blocker", {"runtime.minRequiredEVCModeKey": "intel-icelake"}),
    "cpu.affinity": ("blocker", {"config.cpuAffinity": {"affinitySet": [0]}}),
    "cpu.topology": ("warning", {"config.hardware.numCoresPerSocket": 17}),
    "cpu.nested": ("blocker", {"config.nestedHVEnabled": True}),
    "cpu.counters": ("blocker", {"config.vPMCEnabled": True}),
    "storage.growth": ("warning", {"summary.storage.uncommitted": 2**60}),
    "storage.multi-writer": ("warning", {f"{DISK}.backing.sharing": "sharingMultiWriter"}),
    "storage.independent": ("warning", {f"{DISK}.backing.diskMode": "independent_nonpersistent"}),
    "storage.first-class": ("info", {f"{DISK}.vDiskId": {"id": "fcd-1"}}),
    "storage.rdm": ("blocker", {f"{DISK}.backing": RAW | {"compatibilityMode": "virtualMode"}}),
    "storage.rdm-physical": ("info", {f"{DISK}.backing": RAW | {"compatibilityMode": "physicalMode"}}),
    "swap.support": ("blocker", {"config.swapPlacement": "hostLocal"}),
    "devices.cdrom": (
        "blocker",
        {
            f"{CDROM}.connectable.connected": True,
            f"{CDROM}.backing": {"_typeName": "VirtualCdromAtapiBackingInfo", "deviceName": "cdrom0"},
        },
    ),
    "devices.shared-bus": ("blocker", {"config.hardware.device[1000].sharedBus": "physicalSharing"}),
    "encryption.keys": ("blocker", {"config.keyId": {"keyId": "key-1"}}),
    "encryption.vmotion": ("blocker", {"config.migrateEncryption": "required"}),
}

AT_BOTH_ENDS: dict[str, Mapping[str, Any]] = {
    "swap.support": {"capability.unsharedSwapVMotionSupported": False},
    "encryption.vmotion": {"capability.encryptedVMotionSupported": False},
    "cpu.features": {"config.featureCapability": [{"key": "cpuid.AVX", "featureName": "cpuid.AVX", "value": "0"}]},
}
"""What the destination has besides, for a case of a VM."""

LOST: dict[str, tuple[str, Mapping[str, Any]]] = {
    "host.connection": ("blocker", {"runtime.connectionState": "notResponding"}),
    "host.power": ("blocker", {"runtime.powerState": "standBy"}),
    "host.maintenance": ("blocker", {"runtime.inMaintenanceMode": True}),
    "host.quarantine": ("warning", {"runtime.inQuarantineMode": True}),
    "host.reboot": ("info", {"summary.rebootRequired": True}),
    "host.feature": ("blocker", {"capability.vmotionSupported": False}),
    "host.version": ("warning", {"config.product.version": "8.0.1"}),
    "cpu.load": ("warning", {"summary.quickStats.overallCpuUsage": 83_000}),
    "cpu.vendor": ("blocker", {"hardware.cpuPkg[0].vendor": "amd"}),
    "storage.reachable": ("blocker", {"datastore": None}),
    "network.present": ("blocker", {"network": None}),
    "vmknic.missing": (
        "blocker",
        {"config.virtualNicManagerInfo.netConfig[vmotion].selectedVnic": None},
    ),
    "vmknic.stack": ("blocker", {f"{VNIC}.netStackInstanceKey": "vmotion"}),
    "vmknic.subnet": ("warning", {f"{VNIC}.ip.ipAddress": "10.99.0.1"}),
    "vmknic.mtu": ("warning", {f"{VNIC}.mtu": 1500}),
    "vmknic.switch-mtu": ("warning", {f"{VNIC}.mtu": 9216}),
    "vmknic.drift": ("warning", {f"{VNIC}.mtu": 8000}),
    "vmknic.duplicate": ("blocker", {f"{VNIC}.ip.ipAddress": "10.20.0.11"}),
}


@dataclass(frozen=True, kw_only=True)
class Planted:
    """The site with everything planted, and the number of the pair that each case has."""

    inventory: Inventory
    places: Mapping[str, int]

    def findings(self, case: str) -> list[Finding]:
        """What all checks say of the case's VM on its way to the case's destination."""
        inventory, place = self.inventory, self.places[case]
        vm = next(one for one in inventory.vms if one.name == _vm_name(place))
        host = next(one for one in inventory.hosts if one.name == _host_name(place))
        source = Placement(host=inventory.name_of(vm.host), pool=inventory.name_of(vm.pool))
        move = Move(vm=vm.identity, source=source, destination=Placement(host=host.named, pool=source.pool))
        return list(Preflight(inventory).findings(move))


def _vm_name(place: int) -> str:
    return f"vm-{2 * place + 1:03d}"


def _host_name(place: int) -> str:
    return f"esx-{2 * place + 2:03d}"


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    """One simulator with two hosts for each case, in one cluster; the first pair is left as it is."""
    environment = {**REAL_ENVIRONMENT, "VSPHERE_MOTION_STATE_DIR": str(tmp_path_factory.mktemp("simulators"))}
    places = {case: number for number, case in enumerate(["", *VM, *(f"host {case}" for case in LOST)])}
    count = 2 * len(places)
    with ExitStack() as stack:
        vcenter = make_factory(stack, environment)(hosts=count, vms=count, clusters=1)
        moids = {entry["name"]: entry["moid"] for entry in vcenter.control.site()}
        _plant(vcenter.control, moids, places)
        with session_with(vcenter) as session:
            yield Planted(inventory=take_snapshot(session), places=places)


def _plant(control: Control, moids: Mapping[str, str], places: Mapping[str, int]) -> None:
    for case, (_, values) in VM.items():
        control.patch(moids[_vm_name(places[case])], values)
    for case, more in AT_BOTH_ENDS.items():
        control.patch(moids[_host_name(places[case])], more)
    for case, (_, values) in LOST.items():
        control.patch(moids[_host_name(places[f"host {case}"])], values)


def test_nothing_is_found_where_nothing_is_planted(planted: Planted) -> None:
    assert [finding.id for finding in planted.findings("") if finding.id != "vmknic.duplicate"] == []


@pytest.mark.parametrize("check_id", VM)
def test_what_is_planted_on_a_vm_is_found(planted: Planted, check_id: str) -> None:
    severity = VM[check_id][0]
    assert severity in {finding.severity.value for finding in planted.findings(check_id) if finding.id == check_id}


@pytest.mark.parametrize("check_id", LOST)
def test_what_is_planted_on_the_destination_is_found(planted: Planted, check_id: str) -> None:
    severity = LOST[check_id][0]
    found = planted.findings(f"host {check_id}")
    assert severity in {finding.severity.value for finding in found if finding.id == check_id}


def test_what_is_planted_on_the_cluster_is_found(vcenter: SimulatedVCenter) -> None:
    moids = {entry["name"]: entry["moid"] for entry in vcenter.control.site()}
    vm, host = ({"type": kind, "value": moids[name]} for kind, name in (("VirtualMachine", "vm-001"), HOST))
    policy = {"_typeName": "ClusterFailoverHostAdmissionControlPolicy", "failoverHosts": [host]}
    vcenter.control.patch(
        moids["cluster-01"],
        {
            "configurationEx.drsVmConfig": [{"key": vm, "enabled": False}],
            "configurationEx.dasConfig.enabled": True,
            "configurationEx.dasConfig.admissionControlEnabled": True,
            "configurationEx.dasConfig.admissionControlPolicy": policy,
        },
    )
    with session_with(vcenter) as session:
        planted = Planted(inventory=take_snapshot(session), places={"": 0})
    assert {finding.id for finding in planted.findings("")} == {"cluster.drs", "host.failover"}


def _found(vcenter: SimulatedVCenter) -> dict[str, str]:
    """The severities by id of what all checks say of vm-001 on its way to esx-002."""
    with session_with(vcenter) as session:
        planted = Planted(inventory=take_snapshot(session), places={"": 0})
    return {finding.id: finding.severity.value for finding in planted.findings("")}


def test_a_destination_on_its_way_into_maintenance_is_found(vcenter: SimulatedVCenter) -> None:
    assert _found(vcenter) == {}
    with observing(vcenter) as observer:
        task = observer.host("esx-002").EnterMaintenanceMode_Task(timeout=0)
        assert _found(vcenter) == {"host.entering-maintenance": "warning"}
        task.CancelTask()


def test_migrations_under_way_are_found(vcenter_factory: VCenterFactory) -> None:
    """All but the first few wait for their turn in vCenter, and are under way as well."""
    vcenter = vcenter_factory(hosts=3, vms=300, clusters=1, speed=0.01)
    assert _found(vcenter) == {}
    with session_with(vcenter) as session:
        inventory = take_snapshot(session)
        first, *others = sorted(inventory.vms, key=lambda vm: vm.name)
        beside = [vm for vm in others if vm.datastores == first.datastores][:128]
        relocator = VCenterRelocator(session)
        for number, vm in enumerate(beside):
            host = next(host for host in inventory.hosts if host.ref != vm.host)
            relocator.start_relocation(move_to(inventory, vm, host), op_id=f"op-{number}")
    waits = dict.fromkeys(("concurrency.host", "concurrency.network", "concurrency.datastore"), "info")
    assert len(beside) == 128
    assert _found(vcenter).items() >= waits.items()


def test_clocks_that_are_off_and_checkers_that_are_silent_are_found(vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    request = MoveRequest(selectors=("vm-001",), to_host="esx-002")
    with rewritten(vcenter, tmp_path, as_it_is) as (session, server):
        assert not check(VCenter(session), request).moves[0].findings
        at = (session.now() + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
        clock = servers.send(answer("QueryDateTime", f"<returnval>{at}</returnval>"))
        silent = servers.send(fault("MethodNotFound", "not here", "<receiver type='Task'>t</receiver>"))
        server.faults |= {"QueryDateTime": [clock, clock], RELOCATE: [silent], MIGRATE: [silent], QUERY: [silent]}
        findings = check(VCenter(session), request).moves[0].findings
    said = [(finding.id, finding.severity.value, finding.subject.name) for finding in findings]
    assert said == [
        ("vcenter.unanswered", "unknown", "vm-001"),
        ("clock.skew", "warning", "esx-001"),
        ("clock.skew", "warning", "esx-002"),
    ]
