"""Everything that a check compares, as ladders: values of some fields from plenty to nothing, or from modest to greedy.

Rules of this file: every step down a ladder takes a capability away or raises a demand, and nothing else, so that no
check may be content with a lower step where it was not with a higher one. A step is the fields that change together:
more vCPUs alone would lower what is reserved for each. `World` is a site with some ladders stepped down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from tests import build
from tests.build import GIB, MIB
from vsphere_motion.model.finding import Finding
from vsphere_motion.model.inventory import (
    BackingKind,
    ConnectionState,
    DeviceKind,
    DrsOverride,
    Feature,
    HaAdmission,
    HostPortgroup,
    PowerState,
    RuleKind,
)
from vsphere_motion.model.move import Move
from vsphere_motion.model.refs import NamedRef
from vsphere_motion.preflight.registry import Preflight
from vsphere_motion.preflight.surroundings import ClockReading, DirtyRate, Lacking, RecentMove, Surroundings, VmLimits

Step = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """Steps of one part of the site.

    Args:
        part: what the fields are of: `vm`, `here` (its host), `there` (the destination), `beside` (a VM that runs
            there), `cluster` (the destination's), `pool`, `home` (the VM's datastore), `target` (where files go),
            `network` or `around`.
        unset: the path by which vCenter says that a field was refused, for fields that are often unset.
    """

    part: str
    steps: tuple[Step, ...]
    unset: str = ""


def ladder(part: str, name: str, *values: Any, unset: str = "") -> Ladder:
    """A ladder of one field."""
    return Ladder(part=part, steps=tuple({name: value} for value in values), unset=unset)


FEATURES = tuple(Feature(key=f"cpuid.{name}", value="1") for name in ("AVX", "AES", "SGX"))
NEEDS = tuple(Feature(key=one.key, value="Bool:Min:1") for one in FEATURES)
EVC = ("intel-haswell", "intel-broadwell", "intel-skylake", "intel-icelake")
VM1, HOST1 = NamedRef(ref=build.vm_ref(1), name="vm1"), build.host_ref(1)
RULES = (
    build.rule(RuleKind.VM_HOST_SHOULD, name="should", hosts=(HOST1,)),
    build.rule(RuleKind.ANTI_AFFINITY, name="apart", vms=(build.vm_ref(1), build.vm_ref(9))),
    build.rule(RuleKind.AFFINITY, name="together", vms=(build.vm_ref(1), build.vm_ref(8))),
    build.rule(RuleKind.VM_HOST_MUST, name="must", hosts=(HOST1,)),
)
STORES = build.datastore_ref(1), build.datastore_ref(2)
NETWORKS = build.network_ref(1), build.network_ref(2)
ENTERING = build.task(2, name="EnterMaintenanceMode_Task")


def _device(number: int, kind: DeviceKind, **changes: Any) -> Any:
    given = {"kind": kind, "label": f"{kind.value} {number}", "backing": BackingKind.HOST_DEVICE, "connected": True}
    return build.cdrom(number, **given | changes)


DEVICES = (
    build.disk(),
    build.nic(),
    _device(2, DeviceKind.TPM, connected=None),
    build.disk(2, rdm_mode="virtualMode", lun="lun-1"),
    _device(3, DeviceKind.VGPU, detail="grid_v100-8q", migratable=True, migrate_bytes=GIB, connected=None),
    build.disk(3, disk_mode="independent_persistent"),
    build.disk(4, sharing="sharingMultiWriter"),
    build.disk(5, disk_mode="independent_nonpersistent"),
    build.disk(6, is_raw=True),
    _device(11, DeviceKind.VIDEO, video_bytes=128 * MIB, connected=None),
    _device(4, DeviceKind.FLOPPY),
    _device(5, DeviceKind.CDROM),
    _device(6, DeviceKind.USB),
    _device(7, DeviceKind.SERIAL),
    _device(8, DeviceKind.PASSTHROUGH),
    _device(9, DeviceKind.SRIOV),
    _device(10, DeviceKind.CONTROLLER, bus_sharing="physicalSharing"),
)


USUAL = build.vmknic(7).address
"""The address of a vmknic that gets one of its host's own."""


def _vmknic(**changes: Any) -> tuple[Any, ...]:
    return (build.vmknic(7, **changes),)


def _share(percent: int) -> HaAdmission:
    return HaAdmission(enabled=True, memory_percent=percent, cpu_percent=percent)


def _mounts(**changes: Any) -> tuple[Any, ...]:
    return build.mount(1), build.mount(2, **changes), build.mount(3, **changes)


def _portgroup(**changes: Any) -> tuple[HostPortgroup, ...]:
    given: dict[str, Any] = {"name": "network1", "switch": "vSwitch0", "vlan": 10, "uplink_count": 2, "free_ports": 100}
    return (HostPortgroup(**given | changes),)


def _reserving(*asked: tuple[int, int]) -> tuple[Step, ...]:
    return tuple({"cpu_count": count, "cpu_reservation_mhz": mhz} for count, mhz in asked)


def _lacking(*privileges: str) -> tuple[Lacking, ...]:
    return (Lacking(object=VM1, privileges=privileges),)


def _ahead(seconds: float) -> tuple[ClockReading, ...]:
    return tuple(ClockReading(host=build.host_ref(n), ahead_s=seconds) for n in (2, 3))


def _ended(*seconds: int) -> tuple[RecentMove, ...]:
    return tuple(RecentMove(vm=build.vm_ref(1), ended_at=build.TAKEN_AT - timedelta(seconds=s)) for s in seconds)


def _limits(video_mib: int, cores: int) -> tuple[VmLimits, ...]:
    given = {"max_video_bytes": video_mib * MIB, "max_cores_per_socket": cores}
    return tuple(VmLimits(host=build.host_ref(n), **given) for n in (2, 3))


def _dirty(rate_bps: float) -> tuple[DirtyRate, ...]:
    return (DirtyRate(vm=build.vm_ref(1), rate_bps=rate_bps),)


LADDERS: dict[str, Ladder] = {
    # the destination can do less
    "host memory": ladder("there", "memory_bytes", *(size * GIB for size in (512, 128, 64, 8, 0))),
    "host memory used": ladder("there", "memory_used_bytes", *(size * GIB for size in (0, 60, 64, 500))),
    "host threads": ladder("there", "cpu_threads", 64, 8, 2),
    "host cores": Ladder(
        part="there",
        steps=tuple(
            {"cpu_cores": cores, "cpu_mhz": mhz} for cores, mhz in ((32, 83_200), (32, 41_600), (4, 4_000), (2, 500))
        ),
    ),
    "host CPU used": ladder("there", "cpu_used_mhz", 0, 3_900, 82_000),
    "vMotion link": ladder(
        "there", "vmotion_nics", *(_vmknic(link_bps=bps) for bps in (10**10, 10**9, 10**8, 0)), _vmknic()[:0]
    ),
    "vMotion MTU": ladder("there", "vmotion_nics", *(_vmknic(mtu_bytes=size) for size in (9000, 1500))),
    "vMotion switch": ladder("there", "vmotion_nics", *(_vmknic(switch_mtu_bytes=size) for size in (9000, 1500))),
    "vMotion stack": ladder("there", "vmotion_nics", *(_vmknic(net_stack=s) for s in ("defaultTcpipStack", "vmotion"))),
    "vMotion subnet": ladder("there", "vmotion_nics", _vmknic(), _vmknic(address="10.99.0.2")),
    "vMotion family": ladder("there", "vmotion_nics", _vmknic(), _vmknic(address="fd00::2", prefix_length=64)),
    "vMotion address": ladder("there", "vmotion_nics", _vmknic(), _vmknic(address="10.20.0.11")),
    "VLAN": ladder("there", "portgroups", *(_portgroup(vlan=vlan) for vlan in (10, 11))),
    "swap datastore": ladder("there", "local_swap_datastore", None, STORES[1], unset="config.localSwapDatastore"),
    "datastores": ladder("there", "datastores", STORES, ()),
    "networks": ladder("there", "networks", NETWORKS, ()),
    "maintenance": ladder("there", "in_maintenance_mode", False, True),
    "quarantine": ladder("there", "in_quarantine_mode", False, True),
    "host connection": ladder("there", "connection_state", ConnectionState.CONNECTED, ConnectionState.NOT_RESPONDING),
    "host power": ladder("there", "power_state", "poweredOn", "standBy"),
    "host tasks": ladder("there", "running_tasks", (), (ENTERING,)),
    "largest VM": ladder("there", "max_vm_cpus", 768, 4, 1),
    "largest VM memory": ladder("there", "max_vm_memory_bytes", *(size * GIB for size in (24_576, 64, 1))),
    "running vCPUs": ladder("there", "max_running_vcpus", 4096, 8, 2),
    "host features": ladder("there", "features", FEATURES, FEATURES[:2], FEATURES[:1], FEATURES[2:]),
    "host EVC": ladder("there", "evc_mode", *reversed(EVC), unset="summary.currentEVCModeKey"),
    "host vendor": ladder("there", "cpu_vendor", "intel", "amd"),
    "host version": ladder("there", "version", "8.0.3", "7.0.3", "6.5.0"),
    "host build": ladder("there", "build", "24022510", "1"),
    "host crypto": ladder("there", "crypto_state", "safe", "prepared", "incapable"),
    "LUNs": ladder("there", "luns", ("lun-1",), ()),
    "vGPU profiles": ladder("there", "vgpu_profiles", ("grid_v100-8q",), ()),
    "uplinks": ladder("there", "portgroups", *(_portgroup(uplink_count=count) for count in (2, 0))),
    "free ports": ladder("there", "portgroups", *(_portgroup(free_ports=count) for count in (100, 0))),
    **{
        f"{name} there": ladder("there", name, True, False)
        for name in (
            "vmotion_supported",
            "encrypted_vmotion_supported",
            "suspended_relocate_supported",
            "unshared_swap_supported",
            "per_vm_swap_supported",
            "storage_vmotion_supported",
            "full_storage_vmotion_supported",
            "network_change_supported",
            "delta_disks_supported",
            "snapshot_relayout_supported",
            "nested_hv_supported",
            "cpu_counters_supported",
        )
    },
    # the source
    "source connection": ladder("here", "connection_state", ConnectionState.CONNECTED, ConnectionState.DISCONNECTED),
    "source power": ladder("here", "power_state", "poweredOn", "standBy"),
    "source maintenance": ladder("here", "in_maintenance_mode", False, True),
    "source link": ladder(
        "here", "vmotion_nics", *(_vmknic(address="10.20.0.6", link_bps=bps) for bps in (10**10, 10**8, 0)), ()
    ),
    **{
        f"{name} here": ladder("here", name, True, False)
        for name in (
            "vmotion_supported",
            "encrypted_vmotion_supported",
            "suspended_relocate_supported",
            "unshared_swap_supported",
            "storage_vmotion_supported",
            "full_storage_vmotion_supported",
            "network_change_supported",
        )
    },
    # the VM asks for more
    "vCPUs": Ladder(
        part="vm", steps=_reserving((1, 0), (2, 0), (4, 0), (4, 3_000), (8, 20_000), (16, 60_000), (96, 400_000))
    ),
    "cores a socket": ladder("vm", "cores_per_socket", 1, 2, 17),
    "memory": ladder("vm", "memory_bytes", *(size * GIB for size in (1, 8, 64, 600))),
    "memory used": ladder("vm", "memory_used_bytes", *(size * GIB for size in (1, 8, 500))),
    "memory active": ladder("vm", "memory_active_bytes", *(size * GIB for size in (0, 1, 60, 500))),
    "memory reserved": ladder("vm", "memory_reservation_bytes", *(size * GIB for size in (0, 8, 130, 500, 600))),
    "memory overhead": ladder(
        "vm", "memory_overhead_bytes", 64 * MIB, 9 * GIB, 600 * GIB, unset="runtime.memoryOverhead"
    ),
    "needed features": ladder("vm", "features", *(NEEDS[:count] for count in range(4))),
    "needed EVC": ladder("vm", "required_evc_mode", *EVC, unset="runtime.minRequiredEVCModeKey"),
    "hardware version": ladder("vm", "hardware_version", "vmx-13", "vmx-19", "vmx-22"),
    "devices": ladder("vm", "devices", *(DEVICES[:count] for count in range(2, len(DEVICES) + 1))),
    "nested": ladder("vm", "nested_hv", False, True),
    "counters": ladder("vm", "cpu_counters", False, True),
    "encrypted": ladder("vm", "is_encrypted", False, True),
    "vMotion encryption": ladder("vm", "migrate_encryption", "opportunistic", "required"),
    "swap placement": ladder("vm", "swap_placement", "vmDirectory", "hostLocal"),
    "affinity": ladder("vm", "has_affinity", False, True),
    "snapshots": ladder("vm", "snapshot_count", 0, 1, 2),
    "locks": ladder("vm", "disabled_methods", (), ("RelocateVM_Task",)),
    "tasks": ladder("vm", "running_tasks", (), (build.task(),)),
    "question": ladder("vm", "question", None, "?", unset="runtime.question.text"),
    "consolidation": ladder("vm", "consolidation_needed", False, True),
    "failover": ladder("vm", "failover_in_progress", False, True),
    "tools installer": ladder("vm", "tools_installer_mounted", False, True),
    "heartbeat": ladder("vm", "heartbeat", "green", "yellow", "red"),
    "latency": ladder("vm", "latency_sensitivity", "normal", "high"),
    "agent": ladder("vm", "managed_by", "", "com.vmware.vim.eam"),
    "VM connection": ladder("vm", "connection_state", ConnectionState.CONNECTED, ConnectionState.ORPHANED),
    "fault tolerance": Ladder(
        part="vm",
        steps=(
            {"ft_state": "notConfigured", "ft_instance_uuids": ()},
            {"ft_state": "running", "ft_instance_uuids": ("uuid-a",)},
            {"ft_state": "running", "ft_instance_uuids": ("uuid-a", "uuid-9")},
        ),
    ),
    "committed": ladder("vm", "committed_bytes", GIB, 100 * GIB),
    "uncommitted": ladder("vm", "uncommitted_bytes", GIB, 100 * GIB),
    # who is there already
    "neighbour's memory": ladder("beside", "memory_reservation_bytes", 0, 120 * GIB, 510 * GIB),
    "neighbour's CPU": ladder("beside", "cpu_reservation_mhz", 0, 3_900, 83_000),
    "neighbour's vCPUs": ladder("beside", "cpu_count", 1, 4, 4_095),
    "neighbour's fault tolerance": ladder("beside", "ft_state", "notConfigured", "running"),
    # the cluster
    "rules": ladder("cluster", "rules", *(RULES[:count] for count in range(len(RULES) + 1))),
    "override": ladder("cluster", "drs_overrides", (), (DrsOverride(vm=build.vm_ref(1), enabled=False),)),
    "HA reserve": Ladder(
        part="cluster",
        steps=tuple({"ha_enabled": True, "ha_admission": _share(percent)} for percent in (0, 25, 99)),
    ),
    "failover host": Ladder(
        part="cluster",
        steps=tuple(
            {"ha_enabled": True, "ha_admission": HaAdmission(enabled=True, failover_hosts=hosts)}
            for hosts in ((), (build.host_ref(2), build.host_ref(3)))
        ),
    ),
    "fault tolerant VMs": ladder("cluster", "max_ft_vms", 4, 1),
    "fault tolerant vCPUs": ladder("cluster", "max_ft_vcpus", 8, 1),
    "pool memory": ladder("pool", "unreserved_bytes", *(size * GIB for size in (1024, 100, 1, 0))),
    "pool CPU": ladder("pool", "unreserved_mhz", 160_000, 10_000, 0),
    # storage and network
    **{
        f"{part} mounts": ladder(
            part, "mounts", _mounts(), _mounts(access_mode="readOnly"), _mounts(accessible=False), ()
        )
        for part in ("home", "target")
    },
    **{
        f"{part} maintenance": ladder(part, "maintenance_mode", "normal", "inMaintenance")
        for part in ("home", "target")
    },
    **{f"{part} room": ladder(part, "free_bytes", 2048 * GIB, 50 * GIB, 0) for part in ("home", "target")},
    "vSAN": ladder("home", "kind", "VMFS", "vsan"),
    "target type": ladder("target", "kind", "VMFS", "NFS"),
    "target files": ladder("target", "max_file_bytes", 62 * 1024 * GIB, GIB),
    "target disks": ladder("target", "max_disk_bytes", 62 * 1024 * GIB, GIB),
    "target swap": ladder("target", "max_swap_bytes", 62 * 1024 * GIB, GIB),
    "network": ladder("network", "hosts", (HOST1, build.host_ref(2), build.host_ref(3)), (HOST1,)),
    # what surrounds the snapshot
    "privileges": ladder("around", "lacking", (), _lacking("Resource.HotMigrate")),
    "clocks": ladder("around", "clocks", _ahead(0.0), _ahead(600.0)),
    "recent moves": ladder("around", "recent_moves", (), _ended(10)),
    "VM limits": ladder("around", "vm_limits", _limits(0, 0), _limits(256, 16), _limits(64, 1)),
    "dirty rate": ladder("around", "dirty_rates", _dirty(0.0), _dirty(9e9)),
}


@dataclass(frozen=True, kw_only=True)
class World:
    """The usual site of `tests/build.py`, with a running VM beside the destination's, and some ladders stepped down.

    Args:
        steps: how far each ladder is stepped down; one that is not named is at its first step.
        power: of vm1.
        to: the destination: 2 in the VM's cluster, 3 in another one.
        moves_files: whether the files go to datastore2.
        moves_nics: whether the adapter goes to network2.
        changes: fields of parts after all steps.
    """

    steps: Mapping[str, int] = field(default_factory=dict)
    power: PowerState = PowerState.ON
    to: int = 2
    moves_files: bool = False
    moves_nics: bool = False
    changes: Mapping[str, Step] = field(default_factory=dict)

    def down(self, name: str, step: int) -> World:
        """With a ladder at another step."""
        return replace(self, steps={**self.steps, name: step})

    def unread(self, name: str, one: str) -> World:
        """With a field of a ladder that could not be read."""
        rung = LADDERS[name]
        refused: dict[str, Any] = {one: None} | ({"unread": (rung.unset,)} if rung.unset else {})
        return self.changed(rung.part, refused)

    def changed(self, part: str, fields: Step) -> World:
        """With fields of a part set."""
        return replace(self, changes={**self.changes, part: {**self.changes.get(part, {}), **fields}})

    def findings(self) -> tuple[Finding, ...]:
        """What all checks say of the move."""
        parts = self._parts()
        far = {"compute_resource": build.cluster_ref(2), "path": "/DC0/host/cluster2/host3"}
        cluster = parts["cluster"]
        site = build.inventory(
            vms=(
                build.vm(1, power_state=self.power, **parts["vm"]),
                build.vm(8),
                build.vm(
                    9, host=build.host_ref(self.to), **{"instance_uuid": "uuid-9", "cpu_count": 1} | parts["beside"]
                ),
            ),
            hosts=(
                build.host(1, **parts["here"]),
                build.host(2, **_own(2, parts["there"])),
                build.host(3, **far | _own(3, parts["there"])),
            ),
            clusters=(build.cluster(1, **cluster), build.cluster(2, **cluster)),
            pools=(build.pool(1, **parts["pool"]), build.pool(2, **parts["pool"])),
            datastores=(build.datastore(1, **parts["home"]), build.datastore(2, **parts["target"])),
            networks=(build.network(1, **parts["network"]), build.network(2)),
        )
        return Preflight(site, Surroundings(**parts["around"])).findings(self._move(site))

    def _parts(self) -> dict[str, dict[str, Any]]:
        parts: dict[str, dict[str, Any]] = {rung.part: {} for rung in LADDERS.values()}
        for name, step in self.steps.items():
            parts[LADDERS[name].part] |= LADDERS[name].steps[step]
        for part, fields in self.changes.items():
            parts[part] |= fields
        return parts

    def _move(self, site: Any) -> Move:
        move = build.move(site, to=self.to)
        if self.moves_files:
            move = build.to_datastore(move, site, 2)
        return build.to_network(move, site, 2) if self.moves_nics else move


def _own(number: int, fields: Step) -> dict[str, Any]:
    """The fields of a host that has both datastores, both networks and an address of its own."""
    own = {"datastores": STORES, "networks": NETWORKS} | dict(fields)
    if own.get("vmotion_nics") is not None:
        own["vmotion_nics"] = tuple(
            replace(nic, address=f"10.20.0.{10 + number}") if nic.address == USUAL else nic
            for nic in own["vmotion_nics"]
        )
    return own
