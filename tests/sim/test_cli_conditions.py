"""Each of the fifteen conditions, planted over the wire and found by `check`, which changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pyVmomi import vim

from tests.observer import Observer, observing
from tests.program import READS, Done, Program
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

GIB = 1024**3
VMOTION = "config.virtualNicManagerInfo.netConfig[vmotion]"
VMKNIC = f"{VMOTION}.candidateVnic[0].spec"


@dataclass(frozen=True)
class Site:
    """A simulated vCenter with an independent client that plants conditions; vm-001 is on esx-001."""

    vcenter: SimulatedVCenter
    observer: Observer

    def plant(self, managed: Any, values: dict[str, Any]) -> None:
        self.vcenter.control.patch(managed._moId, values)

    @property
    def vm(self) -> Any:
        return self.observer.vm("vm-001")

    @property
    def source(self) -> Any:
        return self.observer.host("esx-001")

    @property
    def destination(self) -> Any:
        return self.observer.host("esx-002")

    def run_task(self, task: Any) -> None:
        """Wait for a task of the independent client, by the update that ends it."""
        from pyVim.task import WaitForTask

        WaitForTask(task)

    def add_device(self, device: Any) -> None:
        change = vim.vm.device.VirtualDeviceSpec(operation="add", device=device)
        self.run_task(self.vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[change])))

    def edit_devices(self, kind: type, **changes: Any) -> None:
        devices = self.observer.read(vim.VirtualMachine, "config.hardware.device")["vm-001"]["config.hardware.device"]
        specs = []
        for device in devices:
            if isinstance(device, kind):
                for name, value in changes.items():
                    setattr(device, name, value)
                specs.append(vim.vm.device.VirtualDeviceSpec(operation="edit", device=device))
        assert specs
        self.run_task(self.vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=specs)))


def connected() -> Any:
    return vim.vm.device.VirtualDevice.ConnectInfo(
        startConnected=True, allowGuestControl=True, connected=True, status="ok"
    )


def host_cdrom(site: Site) -> None:
    backing = vim.vm.device.VirtualCdrom.AtapiBackingInfo(deviceName="/dev/cdrom")
    site.edit_devices(vim.vm.device.VirtualCdrom, backing=backing, connectable=connected())


def client_cdrom(site: Site) -> None:
    backing = vim.vm.device.VirtualCdrom.RemotePassthroughBackingInfo(deviceName="", exclusive=False)
    site.edit_devices(vim.vm.device.VirtualCdrom, backing=backing, connectable=connected())


def passthrough(site: Site) -> None:
    backing = vim.vm.device.VirtualPCIPassthrough.DeviceBackingInfo(
        id="0000:3b:00.0", deviceId="1eb8", systemId="system", vendorId=4318, deviceName="GPU"
    )
    site.add_device(vim.vm.device.VirtualPCIPassthrough(key=-1, backing=backing))


def usb(site: Site) -> None:
    backing = vim.vm.device.VirtualUSB.USBBackingInfo(deviceName="path:1/2")
    site.add_device(vim.vm.device.VirtualUSB(key=-1, backing=backing, connected=True, vendor=1, product=2))


def snapshot(site: Site) -> None:
    site.run_task(site.vm.CreateSnapshot_Task(name="before", memory=False, quiesce=False))


def must_rule(site: Site) -> None:
    cluster = next(iter(site.observer.read(vim.ClusterComputeResource).values()))["ref"]
    groups = [
        vim.cluster.GroupSpec(operation="add", info=vim.cluster.VmGroup(name="vms", vm=[site.vm])),
        vim.cluster.GroupSpec(operation="add", info=vim.cluster.HostGroup(name="hosts", host=[site.source])),
    ]
    rule = vim.cluster.VmHostRuleInfo(
        name="stay", enabled=True, mandatory=True, vmGroupName="vms", affineHostGroupName="hosts"
    )
    spec = vim.cluster.ConfigSpecEx(groupSpec=groups, rulesSpec=[vim.cluster.RuleSpec(operation="add", info=rule)])
    site.run_task(cluster.ReconfigureComputeResource_Task(spec, modify=True))


def unreachable_datastore(site: Site) -> None:
    datastore = site.observer.read(vim.VirtualMachine, "datastore")["vm-001"]["datastore"][0]
    mounts = site.observer.read(vim.Datastore, "host")
    (found,) = [item for item in mounts.values() if item["ref"] == datastore]
    index = [mount.key for mount in found["host"]].index(site.destination)
    site.plant(datastore, {f"host[{index}].mountInfo.accessible": False})


def missing_network(site: Site) -> None:
    networks = site.observer.read(vim.HostSystem, "network")["esx-002"]["network"]
    used = site.observer.read(vim.VirtualMachine, "network")["vm-001"]["network"]
    kept = [ref for ref in networks if ref not in used]
    assert len(kept) < len(networks)
    site.plant(
        site.destination,
        {"network": [{"type": type(ref).__name__.rpartition(".")[2], "value": ref._moId} for ref in kept]},
    )
    for ref in used:
        hosts = [host for host in ref.host if host != site.destination]
        site.plant(ref, {"host": [{"type": "HostSystem", "value": host._moId} for host in hosts]})


Plant = Callable[[Site], None]

MOVED = {"_typeName": "ElementDescription", "label": "Moved", "summary": "", "key": "1"}

CONDITIONS = [
    pytest.param(
        lambda s: s.plant(s.destination, {"runtime.connectionState": "notResponding"}),
        "host.connection", "blocker", 3, id="destination not connected",
    ),
    pytest.param(
        lambda s: s.plant(s.source, {"runtime.connectionState": "disconnected"}),
        "host.connection", "blocker", 3, id="source not connected",
    ),
    pytest.param(
        lambda s: s.plant(s.destination, {"runtime.inMaintenanceMode": True}),
        "host.maintenance", "blocker", 3, id="destination in maintenance",
    ),
    pytest.param(
        lambda s: s.plant(s.vm, {"config.hardware.memoryMB": 600 * 1024, "summary.config.memorySizeMB": 600 * 1024}),
        "memory.admission", "blocker", 3, id="memory",
    ),
    pytest.param(
        lambda s: s.plant(s.vm, {"config.hardware.numCPU": 256, "summary.config.numCpu": 256}),
        "cpu.threads", "blocker", 3, id="cpu",
    ),
    pytest.param(unreachable_datastore, "storage.reachable", "blocker", 3, id="datastore"),
    pytest.param(missing_network, "network.present", "blocker", 3, id="network"),
    pytest.param(
        lambda s: s.plant(s.destination, {f"{VMOTION}.selectedVnic": []}),
        "vmknic.missing", "blocker", 3, id="vmknic missing on the destination",
    ),
    pytest.param(
        lambda s: s.plant(s.source, {f"{VMOTION}.selectedVnic": []}),
        "vmknic.missing", "blocker", 3, id="vmknic missing on the source",
    ),
    pytest.param(
        lambda s: s.plant(s.destination, {f"{VMKNIC}.netStackInstanceKey": "vmotion"}),
        "vmknic.stack", None, None, id="another TCP/IP stack",
    ),
    pytest.param(
        lambda s: s.plant(s.destination, {f"{VMKNIC}.ip.ipAddress": "172.16.9.9"}),
        "vmknic.subnet", None, None, id="another subnet",
    ),
    pytest.param(
        lambda s: s.plant(s.destination, {f"{VMKNIC}.mtu": 1400}), "vmknic.mtu", None, None, id="another MTU"
    ),
    pytest.param(host_cdrom, "devices.cdrom", "blocker", 3, id="host CD-ROM"),
    pytest.param(client_cdrom, "devices.cdrom", "blocker", 3, id="client CD-ROM"),
    pytest.param(passthrough, "devices.passthrough", "blocker", 3, id="passthrough"),
    pytest.param(usb, "devices.usb", "blocker", 3, id="USB"),
    pytest.param(snapshot, "vm.snapshots", "warning", 0, id="snapshot"),
    pytest.param(must_rule, "cluster.must-rule", "blocker", 3, id="must rule"),
    pytest.param(
        lambda s: s.plant(s.vm, {"disabledMethod": ["RelocateVM_Task", "MigrateVM_Task"]}),
        "vm.disabled-method", "blocker", 3, id="disabled method",
    ),
    pytest.param(
        lambda s: s.plant(
            s.vm,
            {
                "runtime.question": {
                    "id": "1",
                    "text": "moved or copied?",
                    "choice": {"choiceInfo": [MOVED]},
                }
            },
        ),
        "vm.question", "blocker", 3, id="pending question",
    ),
    pytest.param(lambda s: s.run_task(s.vm.PowerOffVM_Task()), "vm.power-state", "info", 0, id="powered off"),
]  # fmt: skip


@pytest.fixture
def site(vcenter: SimulatedVCenter) -> Any:
    with observing(vcenter) as observer:
        yield Site(vcenter, observer)


def check(site: Site, program: Callable[[SimulatedVCenter], Program], *words: str) -> Done:
    site.vcenter.control.clear_trace()
    done = program(site.vcenter)("check", "vm-001", "--to-host", "esx-002", "-o", "json", *words)
    mine = {call["method"] for call in site.vcenter.control.trace()}
    assert mine <= READS, mine - READS
    return done


def found(done: Done) -> dict[str, str]:
    (move,) = done.json["moves"]
    return {finding["id"]: finding["severity"] for finding in move["findings"]}


@pytest.mark.parametrize(("plant", "check_id", "severity", "exit_code"), CONDITIONS)
def test_a_planted_condition_is_found(
    plant: Plant,
    check_id: str,
    severity: str | None,
    exit_code: int | None,
    site: Site,
    program: Callable[[SimulatedVCenter], Program],
) -> None:
    before = check(site, program)
    assert (before.exit_code, found(before)) == (0, {}), before.text
    plant(site)

    done = check(site, program)

    assert check_id in found(done), done.text
    if severity is not None:
        assert found(done)[check_id] == severity
        assert done.exit_code == exit_code
    for finding in done.json["moves"][0]["findings"]:
        assert finding["message"]
        assert finding["remedy"]


def test_a_running_task_on_the_vm_is_found(
    vcenter_factory: Callable[..., SimulatedVCenter], program: Callable[[SimulatedVCenter], Program]
) -> None:
    vcenter = vcenter_factory(hosts=4, vms=8, speed=0.1)
    with observing(vcenter) as observer:
        site = Site(vcenter, observer)
        task = site.vm.RelocateVM_Task(vim.vm.RelocateSpec(host=observer.host("esx-003")))

        done = check(site, program)

        assert found(done)["vm.running-task"] == "blocker", done.text
        assert done.exit_code == 3
        assert task._moId in done.stdout


def test_the_vm_is_already_there(site: Site, program: Callable[[SimulatedVCenter], Program]) -> None:
    done = program(site.vcenter)("check", "vm-002", "--to-host", "esx-002", "-o", "json")

    assert done.exit_code == 0, done.text
    assert found(done) == {"vm.same-host": "info"}


def test_blockers_that_can_meet_are_all_found_on_one_vm_in_one_run(
    site: Site, program: Callable[[SimulatedVCenter], Program]
) -> None:
    expected = set()
    apart = {"source not connected", "vmknic missing on the source", "host CD-ROM", "destination not connected"}
    for parameters in CONDITIONS:
        plant, check_id, severity, _ = parameters.values
        if severity == "blocker" and parameters.id not in apart and check_id != "vm.disabled-method":
            plant(site)  # type: ignore[operator]
            expected.add(check_id)
    site.plant(site.vm, {"disabledMethod": ["RelocateVM_Task"]})
    expected.add("vm.disabled-method")

    done = check(site, program)

    blockers = {check_id for check_id, severity in found(done).items() if severity == "blocker"}
    assert expected <= blockers, expected - blockers
    assert done.exit_code == 3


def test_strict_makes_a_warning_block(site: Site, program: Callable[[SimulatedVCenter], Program]) -> None:
    snapshot(site)

    assert check(site, program).exit_code == 0
    assert check(site, program, "--strict").exit_code == 3


def test_a_skipped_check_no_longer_blocks_and_is_named(
    site: Site, program: Callable[[SimulatedVCenter], Program]
) -> None:
    site.plant(site.vm, {"config.hardware.memoryMB": 600 * 1024, "summary.config.memorySizeMB": 600 * 1024})

    done = check(site, program, "--skip-check", "memory.admission", "--skip-check", "memory.reservation")

    assert done.exit_code == 0, done.text
    assert "memory.admission" in done.stdout
