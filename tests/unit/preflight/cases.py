"""For each check of ours what it must say: a boundary pair (just right, just wrong) and what it cannot know.

Rules of this file: the usual site of `tests/build.py` is right for every check; a case changes as little of it as it
can. The pair is the nearest there is: a byte, a second, a word, a switch that is on or off. `test_cases.py` runs them
all, and `docs/generate.py` makes the table of what is tested of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
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
    Inventory,
    PowerState,
    RuleKind,
)
from vsphere_motion.model.keepsakes import Attribute, Keepsakes, KnownCategory, TagName, Vocabulary
from vsphere_motion.model.move import Move, OtherVCenter
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.preflight.registry import Preflight
from vsphere_motion.preflight.subject import Site, Subject, move_subject
from vsphere_motion.preflight.surroundings import (
    NOTHING,
    ClockReading,
    DirtyRate,
    Lacking,
    RecentMove,
    Surroundings,
    VmLimits,
)


@dataclass(frozen=True, kw_only=True)
class Look:
    """A site, what surrounds it, where vm1, its files and its adapters shall go, and what else is asked of the move."""

    site: Inventory
    around: Surroundings = NOTHING
    to: int = 2
    files_to: int | None = None
    asking: Callable[[Move], Move] = lambda move: move
    nics_to: int | None = None

    def findings(self, check_id: str) -> list[Finding]:
        """What one check finds, after running them all."""
        found = Preflight(self.site, self.around).findings(self._move())
        return [finding for finding in found if finding.id == check_id]

    def subject(self) -> Subject:
        """What a check of the pair looks at."""
        return move_subject(Site(inventory=self.site, surroundings=self.around), self._move())

    def _move(self) -> Move:
        move = self.asking(build.move(self.site, to=self.to))
        if self.files_to is not None:
            move = build.to_datastore(move, self.site, self.files_to)
        if self.nics_to is not None:
            move = build.to_network(move, self.site, self.nics_to)
        return move


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is tested of one check.

    Args:
        right, wrong: the boundary pair.
        severity: what the wrong one of the pair is.
        unknown: the looks at something that could not be read.
    """

    right: Look
    wrong: Look
    severity: str
    unknown: tuple[Look, ...]


USUAL = Look(site=build.site())
Changes = dict[str, Any]


def at(**changes: Any) -> Look:
    """The site with some of it replaced."""
    return Look(site=build.site(**changes))


def vm(**changes: Any) -> Look:
    """vm1 with some fields changed."""
    return at(vm=build.vm(**changes))


def there(**changes: Any) -> Look:
    """host2 with some fields changed."""
    return at(destination=build.host(2, **changes))


def here(**changes: Any) -> Look:
    """host1 with some fields changed."""
    return at(source=build.host(1, **changes))


def both(vm_changes: Changes, host_changes: Changes, **changes: Any) -> Look:
    """vm1 and host2 with some fields changed."""
    return at(vm=build.vm(**vm_changes), destination=build.host(2, **host_changes), **changes)


def nic(**changes: Any) -> Look:
    """The vMotion vmknic of host2 with some fields changed."""
    return there(vmotion_nics=(build.vmknic(2, **changes),))


def has(*devices: Any, host_changes: Changes | None = None) -> Look:
    """vm1 with these devices alone."""
    return both({"devices": devices}, host_changes or {})


def around(**changes: Any) -> Look:
    """The usual site in other surroundings."""
    return Look(site=build.site(), around=Surroundings(**changes))


def far(vm_changes: Changes | None = None, host_changes: Changes | None = None, **changes: Any) -> Look:
    """vm1 on its way to host3 of cluster2."""
    usual = build.inventory().hosts
    third = build.host(3, **{"compute_resource": build.cluster_ref(2), "path": "/x"} | (host_changes or {}))
    given = {"vms": (build.vm(**vm_changes or {}),), "hosts": (usual[0], usual[1], third)}
    return Look(site=build.inventory(**given | changes), to=3)


def ruled(*rules: Any, others: tuple[Any, ...] = ()) -> Look:
    """cluster1 with these rules."""
    return at(clusters=(build.cluster(1, rules=rules), build.cluster(2)), others=others)


def in_cluster(**changes: Any) -> Look:
    """cluster1 with some fields changed."""
    return at(clusters=(build.cluster(1, **changes), build.cluster(2)))


def device(kind: DeviceKind, **changes: Any) -> Any:
    """A device that is connected to its host."""
    return build.cdrom(kind=kind, **{"backing": BackingKind.HOST_DEVICE, "connected": True} | changes)


def moving(count: int) -> tuple[Any, ...]:
    """VMs of host1 that are migrating."""
    tasks = (build.task(name="RelocateVM_Task"),)
    return tuple(build.vm(number, running_tasks=tasks) for number in range(10, 10 + count))


def rested(seconds: float) -> tuple[RecentMove, ...]:
    """vm1 moved so long ago."""
    return (RecentMove(vm=build.vm_ref(1), ended_at=build.TAKEN_AT - timedelta(seconds=seconds)),)


VGPU = device(DeviceKind.VGPU, detail="grid_v100-8q", migratable=True, migrate_bytes=8 * GIB, connected=None)
VIDEO = device(DeviceKind.VIDEO, label="Video card", backing=None, connected=None, video_bytes=4 * MIB)
TPM = device(DeviceKind.TPM, backing=None, connected=None)
RDM = build.disk(rdm_mode="virtualMode", lun="lun-1")
NO_DEVICES = vm(devices=None)
NO_TASKS_READ = build.vm(9, running_tasks=None)
LOCAL = {"swap_placement": "hostLocal"}
PLACE = MoRef(kind="Datastore", moid="datastore-9")
FT = {"ft_state": "running", "ft_instance_uuids": ("uuid-a", "uuid-b")}
ACCOUNT = NamedRef(ref=build.vm_ref(1), name="vm1")
SCANT = {"memory_bytes": 100 * GIB}


def _partner(uuid: str | None) -> Any:
    return build.vm(5, host=build.host_ref(2), instance_uuid=uuid)


def _tolerant(count: int, **changes: Any) -> Look:
    """vm1 and so many VMs of host2 are fault tolerant."""
    given: Changes = {"host": build.host_ref(2), "ft_state": "running", "cpu_count": 1}
    return at(vm=build.vm(**FT), others=tuple(build.vm(n, **given | changes) for n in range(5, 5 + count)))


def _portgroup(**changes: Any) -> Look:
    given: Changes = {"name": "network1", "switch": "vSwitch0", "vlan": 10, "uplink_count": 1, "free_ports": 1}
    return there(portgroups=(HostPortgroup(**given | changes),))


def _ha(reserved_bytes: int, **changes: Any) -> Look:
    """vm1 reserves so much on its way to cluster2, which has 512 GiB and keeps a quarter of them."""
    policy = HaAdmission(enabled=True, memory_percent=25, cpu_percent=25)
    cluster = build.cluster(2, **{"ha_enabled": True, "ha_admission": policy} | changes)
    return far({"memory_reservation_bytes": reserved_bytes}, clusters=(build.cluster(1), cluster))


def _vsan(to: int, **changes: Any) -> Look:
    store = build.datastore(1, kind="vsan")
    look = far(datastores=(store,), clusters=(build.cluster(1), build.cluster(2, **changes)))
    return Look(site=look.site, to=to)


def _grown(**changes: Any) -> Look:
    return at(vm=build.vm(uncommitted_bytes=GIB), datastores=(build.datastore(1, **changes),))


def _drifting(count: int) -> Look:
    """So many hosts with MTU 1500 beside host1 and host2 with 9000."""
    odd = tuple(build.host(n, vmotion_nics=(build.vmknic(n, mtu_bytes=1500),)) for n in range(10, 10 + count))
    usual = build.inventory().hosts
    return Look(site=build.inventory(hosts=(*usual, *odd)))


CASES: dict[str, Case] = {}


def add(check_id: str, severity: str, right: Look, wrong: Look, *unknown: Look) -> None:
    """Add a row of the table."""
    assert check_id not in CASES
    CASES[check_id] = Case(right=right, wrong=wrong, severity=severity, unknown=unknown)


def _vm() -> None:
    add("vm.power-state", "info", USUAL, vm(power_state=PowerState.OFF), vm(power_state=None))
    lost = ConnectionState.ORPHANED
    add("vm.connection", "blocker", USUAL, vm(connection_state=lost), vm(connection_state=None))
    add("vm.host", "blocker", USUAL, vm(host=None), vm(host=None, unread=("runtime.host",)))
    add("vm.template", "info", USUAL, vm(is_template=True), vm(is_template=None))
    add("vm.snapshots", "warning", USUAL, vm(snapshot_count=1), vm(snapshot_count=None))
    add("vm.consolidation", "warning", USUAL, vm(consolidation_needed=True), vm(consolidation_needed=None))
    off = ("PowerOffVM_Task",), ("RelocateVM_Task",)
    right, wrong = (vm(disabled_methods=methods) for methods in off)
    add("vm.disabled-method", "blocker", right, wrong, vm(disabled_methods=None))
    add("vm.running-task", "blocker", USUAL, vm(running_tasks=(build.task(),)), vm(running_tasks=None))
    add("vm.question", "blocker", USUAL, vm(question="?"), vm(unread=("runtime.question.text",)))
    add("vm.failover", "blocker", USUAL, vm(failover_in_progress=True), vm(failover_in_progress=None))
    add("vm.console", "info", USUAL, vm(console_count=1), vm(console_count=None))
    add("vm.managed", "warning", USUAL, vm(managed_by="com.vmware.vim.eam"), vm(managed_by=None))
    add("vm.same-host", "info", USUAL, Look(site=build.site(), to=1))
    add("ft.state", "info", USUAL, vm(ft_state="running"), vm(ft_state=None))
    right, wrong, other = (at(vm=build.vm(**FT), others=(_partner(uuid),)) for uuid in ("uuid-c", "uuid-b", None))
    add("ft.partner", "blocker", right, wrong, other, vm(ft_state="running", ft_instance_uuids=None))
    right, wrong, unread = (both(FT, {"build": build_number}) for build_number in ("24022510", "24022511", None))
    add("ft.build", "blocker", right, wrong, unread)
    right, wrong = (vm(**FT, devices=(build.disk(disk_mode=m),)) for m in ("persistent", "independent_persistent"))
    add("ft.disk", "blocker", right, wrong, vm(**FT, devices=None))
    unlimited = at(vm=build.vm(**FT), clusters=(build.cluster(1, max_ft_vms=None), build.cluster(2)))
    homeless = both(FT, {"compute_resource": None})
    add("ft.limit", "blocker", _tolerant(3), _tolerant(4), unlimited, homeless, _tolerant(1, ft_state=None))


def _guest() -> None:
    mounted = "tools_installer_mounted"
    add("guest.tools-installer", "blocker", USUAL, vm(**{mounted: True}), vm(**{mounted: None}))
    right, wrong = (vm(tools_running=word) for word in ("guestToolsExecutingScripts", "guestToolsNotRunning"))
    add("guest.tools", "info", right, wrong, vm(tools_running=None))
    add("guest.heartbeat", "warning", vm(heartbeat="gray"), vm(heartbeat="yellow"), vm(heartbeat=None))
    right, wrong = (vm(latency_sensitivity=word) for word in ("low", "medium"))
    add("guest.latency-sensitivity", "warning", right, wrong, vm(latency_sensitivity=None))
    untimed = vm(app_notification=True, app_notification_timeout_s=None)
    add("guest.notification", "info", USUAL, vm(app_notification=True), vm(app_notification=None), untimed)


def _hosts() -> None:
    away = ConnectionState.NOT_RESPONDING
    add("host.connection", "blocker", USUAL, there(connection_state=away), there(connection_state=None))
    add("host.power", "blocker", USUAL, there(power_state="standBy"), there(power_state=None))
    mode = "in_maintenance_mode"
    add("host.maintenance", "blocker", USUAL, there(**{mode: True}), there(**{mode: None}))
    right, wrong = (
        there(running_tasks=(build.task(name=f"{word}MaintenanceMode_Task"),)) for word in ("Exit", "Enter")
    )
    add("host.entering-maintenance", "warning", right, wrong, there(running_tasks=None))
    add("host.quarantine", "warning", USUAL, there(in_quarantine_mode=True), there(in_quarantine_mode=None))
    add("host.reboot", "info", USUAL, there(reboot_required=True), there(reboot_required=None))
    add("host.feature", "blocker", USUAL, here(vmotion_supported=False), there(vmotion_supported=None))
    state = {"power_state": PowerState.SUSPENDED}
    right, wrong, unread = (both(state, {"suspended_relocate_supported": word}) for word in (True, False, None))
    add("host.suspended-relocate", "blocker", right, wrong, unread)
    kept = [HaAdmission(enabled=True, failover_hosts=(build.host_ref(n),)) for n in (1, 2)]
    right, wrong = (in_cluster(ha_enabled=True, ha_admission=policy) for policy in kept)
    unknown = in_cluster(ha_enabled=None), in_cluster(ha_enabled=True, ha_admission=None), there(compute_resource=None)
    add("host.failover", "blocker", right, wrong, *unknown)
    add("host.version", "warning", there(version="8.0.3"), there(version="8.0.2"), there(version=None))
    right, wrong = (both({"hardware_version": "vmx-19"}, {"version": word}) for word in ("7.0.2", "7.0.1"))
    unknown = (vm(hardware_version=None), vm(hardware_version="vmx"), there(version=None), there(version="5.5.0"))
    beyond = both({"hardware_version": "vmx-23"}, {"version": "9.1.0"})
    unsure = both({"hardware_version": "vmx-15"}, {"version": "6.7.0"})
    add("hardware.version", "blocker", right, wrong, *unknown, beyond, unsure)
    right, wrong = (there(max_vm_cpus=number) for number in (4, 3))
    add("hardware.vcpus", "blocker", right, wrong, there(max_vm_cpus=None), vm(cpu_count=None))
    right, wrong, unread = (there(max_running_vcpus=number) for number in (4, 3, None))
    neighbour = build.vm(7, host=build.host_ref(2), cpu_count=None)
    add("hardware.host-vcpus", "blocker", right, wrong, unread, vm(cpu_count=None), at(others=(neighbour,)))
    most = "max_vm_memory_bytes"
    right, wrong = (there(**{most: 8 * GIB - lack}) for lack in (0, 1))
    add("hardware.memory", "blocker", right, wrong, there(**{most: None}), vm(memory_bytes=None))


def _memory() -> None:
    right, wrong = (there(memory_bytes=72 * GIB - lack, memory_used_bytes=64 * GIB) for lack in (0, 1))
    used = there(memory_used_bytes=None)
    add("memory.admission", "blocker", right, wrong, used, there(memory_bytes=None), vm(memory_bytes=None))
    right, wrong = (
        both({"memory_reservation_bytes": 8 * GIB - 64 * MIB + more}, {"memory_bytes": 8 * GIB}) for more in (0, 1)
    )
    unknown = vm(memory_reservation_bytes=None), there(memory_bytes=None)
    add("memory.reservation", "blocker", right, wrong, *unknown)
    right, wrong = (both({"memory_used_bytes": 30 * GIB + more}, SCANT) for more in (0, 1))
    unknown = vm(memory_used_bytes=None), used, there(memory_bytes=None)
    add("memory.headroom", "warning", right, wrong, *unknown)
    right, wrong = (there(memory_bytes=65 * GIB - lack, memory_used_bytes=64 * GIB) for lack in (0, 1))
    add("memory.active", "warning", right, wrong, vm(memory_active_bytes=None), used)
    for word in ("swapped", "ballooned"):
        field = f"memory_{word}_bytes"
        add(f"memory.{word}", "info", USUAL, vm(**{field: 1}), vm(**{field: None}))
    right, wrong = (vm(memory_bytes=64 * GIB - lack) for lack in (1, 0))
    linkless = both({"memory_bytes": 64 * GIB}, {"vmotion_nics": (build.vmknic(2, link_bps=None),)})
    add("memory.large", "info", right, wrong, linkless, vm(memory_bytes=None))
    other = DirtyRate(vm=build.vm_ref(2), rate_bps=9e9)
    rates = [(other, DirtyRate(vm=build.vm_ref(1), rate_bps=10e9 / 1.3 + more)) for more in (-1, 1)]
    right, wrong = (around(dirty_rates=rate) for rate in rates)
    lost = around(dirty_rates=(DirtyRate(vm=build.vm_ref(1), rate_bps=None),))
    unread = Look(site=vm(memory_active_bytes=None).site, around=Surroundings(dirty_rates=(other,)))
    unknown = (
        around(dirty_rates=None),
        lost,
        unread,
        vm(memory_active_bytes=None),
        vm(memory_bytes=None),
        nic(link_bps=None),
    )
    add("memory.dirty-rate", "warning", right, wrong, *unknown)


def _cpu() -> None:
    right, wrong = (there(cpu_threads=number) for number in (4, 3))
    add("cpu.threads", "blocker", right, wrong, there(cpu_threads=None), vm(cpu_count=None))
    right, wrong = (both({"cpu_reservation_mhz": 75_200 + more}, {}) for more in (0, 1))
    unknown = vm(cpu_reservation_mhz=None), both({"cpu_reservation_mhz": 1}, {"cpu_used_mhz": None})
    add("cpu.capacity", "blocker", right, wrong, *unknown)
    neighbour = build.vm(7, host=build.host_ref(2), cpu_reservation_mhz=83_000)
    right, wrong = (at(vm=build.vm(cpu_reservation_mhz=mhz), others=(neighbour,)) for mhz in (200, 201))
    unread = at(vm=build.vm(cpu_reservation_mhz=1), others=(build.unread(neighbour, "cpu_reservation_mhz"),))
    add("cpu.reservation", "blocker", right, wrong, vm(cpu_reservation_mhz=None), unread)
    right, wrong = (vm(cpu_reservation_mhz=mhz) for mhz in (10_400, 10_401))
    unknown = vm(cpu_reservation_mhz=None), vm(cpu_reservation_mhz=1, cpu_count=None)
    coreless = both({"cpu_reservation_mhz": 1}, {"cpu_cores": None})
    add("cpu.vcpu-reservation", "blocker", right, wrong, *unknown, coreless)
    right, wrong = (there(cpu_mhz=1000, cpu_used_mhz=mhz) for mhz in (899, 900))
    add("cpu.load", "warning", right, wrong, there(cpu_used_mhz=None), there(cpu_mhz=None))
    add("cpu.vendor", "blocker", USUAL, there(cpu_vendor="amd"), there(cpu_vendor=None))
    right, wrong = (there(features=(Feature(key="cpuid.AVX", value=value),)) for value in ("1", "0"))
    vague = vm(features=(Feature(key="cpuid.AVX", value="Some:1"),))
    add("cpu.features", "blocker", right, wrong, there(features=None), vm(features=None), vague)
    right, wrong = (there(evc_mode=f"intel-{word}") for word in ("skylake", "broadwell"))
    unread = vm(required_evc_mode=None, unread=("runtime.minRequiredEVCModeKey",))
    refused = there(evc_mode=None, unread=("summary.currentEVCModeKey",))
    unknown = (unread, refused, there(evc_mode=None, max_evc_mode=None), there(evc_mode="intel-future"))
    add("cpu.evc", "blocker", right, wrong, *unknown)
    add("cpu.affinity", "blocker", USUAL, vm(has_affinity=True), vm(has_affinity=None))
    right, wrong = (vm(cores_per_socket=number) for number in (16, 17))
    add("cpu.topology", "warning", right, wrong, vm(cores_per_socket=None), there(cpu_packages=None))
    for check_id, wanted, offered in (
        ("cpu.nested", "nested_hv", "nested_hv_supported"),
        ("cpu.counters", "cpu_counters", "cpu_counters_supported"),
    ):
        right, wrong, unread = (both({wanted: True}, {offered: answer}) for answer in (True, False, None))
        add(check_id, "blocker", right, wrong, unread, vm(**{wanted: None}))


def _pool() -> None:
    asks = {"memory_reservation_bytes": GIB, "memory_overhead_bytes": MIB, "cpu_reservation_mhz": 1000}
    for word, field, reads, enough in (
        ("memory", "unreserved_bytes", "memory_reservation_bytes", GIB + MIB),
        ("cpu", "unreserved_mhz", "cpu_reservation_mhz", 1000),
    ):
        lefts = enough, enough - 1, None
        right, wrong, unread = (far(asks, pools=(build.pool(1, **{field: left}),)) for left in lefts)
        unknown = unread, far(asks | {reads: None}), far(asks | {"pool": None}), far(asks, pools=())
        add(f"pool.{word}", "blocker", right, wrong, *unknown)


def _storage() -> None:
    right, wrong = (at(datastores=(build.datastore(1, mounts=(build.mount(n),)),)) for n in (2, 1))
    unknown = vm(datastores=None), at(datastores=(build.datastore(1, mounts=None),))
    add("storage.reachable", "blocker", right, wrong, *unknown)
    leaving, unread = (at(datastores=(build.datastore(1, maintenance_mode=m),)) for m in ("inMaintenance", None))
    add("storage.maintenance", "blocker", USUAL, leaving, unread, vm(datastores=None))
    right, wrong, unread = (_grown(free_bytes=size) for size in (GIB, GIB - 1, None))
    add("storage.growth", "warning", right, wrong, unread, vm(uncommitted_bytes=None), vm(datastores=None))
    right, wrong, unread = (
        storing({"uncommitted_bytes": 0}, free_bytes=size) for size in (20 * GIB, 20 * GIB - 1, None)
    )
    add("storage.space", "blocker", right, wrong, unread, storing(vm_changes={"committed_bytes": None}))
    add("storage.rdm", "blocker", has(RDM), has(RDM, host_changes={"luns": ()}), NO_DEVICES, *_rdm_unknown())
    right, wrong = (has(build.disk(rdm_mode=f"{word}Mode", lun="lun-1")) for word in ("virtual", "physical"))
    add("storage.rdm-physical", "info", right, wrong, NO_DEVICES)
    right, wrong = (has(build.disk(sharing=f"sharing{word}")) for word in ("None", "MultiWriter"))
    add("storage.multi-writer", "warning", right, wrong, NO_DEVICES)
    right, wrong = (has(build.disk(disk_mode=f"independent_{word}persistent")) for word in ("", "non"))
    add("storage.independent", "warning", right, wrong, NO_DEVICES)
    add("storage.disk", "blocker", USUAL, has(build.disk(is_raw=True)), NO_DEVICES)
    add("storage.first-class", "info", USUAL, has(build.disk(is_first_class=True)), NO_DEVICES)
    own, other = (both(LOCAL, {"local_swap_datastore": place}) for place in (None, PLACE))
    refused = both(LOCAL, {"unread": ("config.localSwapDatastore",)})
    unknown = refused, vm(swap_placement=None), in_cluster(swap_placement=None), there(compute_resource=None)
    add("swap.placement", "warning", own, other, *unknown)
    right, wrong, unread = (both(LOCAL, {"unshared_swap_supported": word}) for word in (True, False, None))
    unread_override = both(LOCAL, {"per_vm_swap_supported": None})
    add("swap.support", "blocker", right, wrong, unread, unread_override)


def _files() -> None:
    right, wrong, unread = (storing(there={"storage_vmotion_supported": able}) for able in (True, False, None))
    add("files.vmotion", "blocker", right, wrong, unread, storing(there={"full_storage_vmotion_supported": None}))
    right, wrong, unread = (storing(here={"in_maintenance_mode": mode}) for mode in (False, True, None))
    add("files.source", "blocker", right, wrong, unread)
    one = {"snapshot_count": 1}
    right, wrong, unread = (storing(one, there={"delta_disks_supported": able}) for able in (True, False, None))
    unknown = unread, storing(one, there={"snapshot_relayout_supported": None}), storing({"snapshot_count": None})
    add("files.snapshots", "blocker", right, wrong, *unknown)
    mapped, hidden = {"devices": (RDM,)}, storing({"devices": None})
    right, wrong, unread, other = (storing(mapped, kind=kind) for kind in ("VMFS", "NFS41", None, "OTHER"))
    add("files.rdm", "blocker", right, wrong, unread, other, hidden)
    right, wrong, unread = (storing(max_file_bytes=size) for size in (40 * GIB, 40 * GIB - 1, None))
    add("files.size", "blocker", right, wrong, unread, storing(max_disk_bytes=None), hidden)
    right, wrong, unread = (storing(max_swap_bytes=size) for size in (8 * GIB, 8 * GIB - 1, None))
    add("files.swap", "blocker", right, wrong, unread, storing({"memory_bytes": None}))


def storing(
    vm_changes: Changes | None = None, here: Changes | None = None, there: Changes | None = None, **changes: Any
) -> Look:
    """The files of vm1 go to datastore2."""
    stores = (build.datastore(1), build.datastore(2, **changes))
    mounted = {"datastores": (build.datastore_ref(1), build.datastore_ref(2))}
    look = at(
        vm=build.vm(**{"committed_bytes": 20 * GIB} | (vm_changes or {})),
        source=build.host(1, **here or {}),
        destination=build.host(2, **mounted | (there or {})),
        datastores=stores,
    )
    return replace(look, files_to=2)


def attaching(vm_changes: Changes | None = None, here: Changes | None = None, there: Changes | None = None) -> Look:
    """The adapter of vm1 goes to network2."""
    both_networks = {"networks": (build.network_ref(1), build.network_ref(2))}
    look = at(
        vm=build.vm(**vm_changes or {}),
        source=build.host(1, **both_networks | (here or {})),
        destination=build.host(2, **both_networks | (there or {})),
        networks=(build.network(1), build.network(2)),
    )
    return replace(look, nics_to=2)


def _rdm_unknown() -> tuple[Look, Look]:
    return has(RDM, host_changes={"luns": None}), has(build.disk(rdm_mode="virtualMode"))


def _network() -> None:
    unread = both({}, {"networks": None}, networks=(build.network(1, hosts=None),))
    add("network.present", "blocker", USUAL, there(networks=()), NO_DEVICES, unread, has(build.nic(network=None)))
    right, wrong, unread = (_portgroup(uplink_count=number) for number in (1, 0, None))
    add("network.uplink", "blocker", right, wrong, unread, there(portgroups=None))
    right, wrong, unread = (_portgroup(vlan=number) for number in (10, 11, None))
    add("network.vlan", "warning", right, wrong, unread, there(portgroups=None))
    right, wrong, unread = (_portgroup(free_ports=number) for number in (1, 0, None))
    away = {"networks": (build.network_ref(1), build.portgroup_ref(1)), "switches": None}
    hidden = has(build.nic(network=build.portgroup_ref(1), switch_uuid="dvs-1"), host_changes=away)
    add("network.usable", "blocker", right, wrong, unread, there(portgroups=None), hidden, NO_DEVICES)
    right, wrong, unread = (attaching(there={"network_change_supported": able}) for able in (True, False, None))
    add("network.change", "blocker", right, wrong, unread, attaching(here={"network_change_supported": None}))
    add("vmknic.missing", "blocker", USUAL, there(vmotion_nics=()), there(vmotion_nics=None))
    right, wrong = (nic(link_bps=speed) for speed in (10**9, 10**9 - 1))
    add("vmknic.link", "warning", right, wrong, nic(link_bps=None))
    right, wrong = (nic(switch_mtu_bytes=size) for size in (9000, 8999))
    add("vmknic.switch-mtu", "warning", right, wrong, nic(switch_mtu_bytes=None), nic(mtu_bytes=None))
    right, wrong = (nic(address=f"10.20.0.{number}") for number in (12, 11))
    add("vmknic.duplicate", "blocker", right, wrong, nic(address=None))
    add("vmknic.drift", "warning", _drifting(2), _drifting(3), there(vmotion_nics=None), there(compute_resource=None))
    add("vmknic.stack", "blocker", USUAL, nic(net_stack="vmotion"), nic(net_stack=None))
    sixth = {"address": "fd00::12", "prefix_length": 64}
    add("vmknic.family", "blocker", nic(address="10.21.0.12"), nic(**sixth), nic(address=None))
    right, wrong = (nic(address=f"10.{net}.0.12") for net in (20, 21))
    add("vmknic.subnet", "warning", right, wrong, nic(address=None), nic(prefix_length=None))
    add("vmknic.mtu", "warning", USUAL, nic(mtu_bytes=8999), nic(mtu_bytes=None))
    add("vmknic.speed", "info", USUAL, nic(link_bps=25 * 10**9), nic(link_bps=None))
    two = there(vmotion_nics=(build.vmknic(2), build.vmknic(3, device="vmk2")))
    add("vmknic.count", "info", USUAL, two, there(vmotion_nics=None))


def _devices() -> None:
    away = build.datastore(2, mounts=None)
    for word in ("cdrom", "floppy", "usb"):
        kind = DeviceKind(word)
        right, wrong, unread = (has(device(kind, connected=state)) for state in (False, True, None))
        image = device(kind, backing=BackingKind.FILE, datastore=build.datastore_ref(2))
        hidden = at(
            vm=build.vm(devices=(image,)),
            destination=build.host(2, datastores=None),
            datastores=(build.datastore(1), away),
        )
        add(f"devices.{word}", "blocker", right, wrong, unread, NO_DEVICES, *([] if word == "usb" else [hidden]))
    right, wrong, unread = (has(device(DeviceKind.SERIAL, connected=state)) for state in (False, True, None))
    add("devices.port", "blocker", right, wrong, unread, NO_DEVICES)
    for word in ("passthrough", "sriov"):
        add(f"devices.{word}", "blocker", USUAL, has(device(DeviceKind(word))), NO_DEVICES)
    right, wrong = (has(device(DeviceKind.CONTROLLER, bus_sharing=word)) for word in (None, "physicalSharing"))
    add("devices.shared-bus", "blocker", right, wrong, NO_DEVICES)
    old = at(vm=build.vm(devices=(device(DeviceKind.VGPU),)), vcenter=build.identity(api_version="7.0.1.1"))
    add("devices.vgpu", "blocker", USUAL, has(device(DeviceKind.VGPU)), NO_DEVICES, old)
    right, wrong, unread = (has(VGPU, host_changes={"vgpu_profiles": p}) for p in (("grid_v100-8q",), (), None))
    add("devices.vgpu-profile", "blocker", right, wrong, NO_DEVICES, unread)
    sizes = 36_764_705_882, 36_764_705_883, None
    right, wrong, unread = (has(device(DeviceKind.VGPU, migratable=True, migrate_bytes=size)) for size in sizes)
    dead = {"vmotion_nics": (build.vmknic(2, link_bps=0),)}
    unknown = (unread, NO_DEVICES, has(VGPU, host_changes={"vmotion_nics": None}), has(VGPU, host_changes=dead))
    add("devices.vgpu-stun", "warning", right, wrong, *unknown)
    right, wrong, unread = (both({"is_encrypted": True}, {"crypto_state": s}) for s in ("safe", "incapable", None))
    add("encryption.keys", "blocker", right, wrong, unread, vm(is_encrypted=None))
    right, wrong, unread = (has(TPM, host_changes={"crypto_state": s}) for s in ("safe", "prepared", None))
    add("encryption.vtpm", "warning", right, wrong, unread, NO_DEVICES)
    able = "encrypted_vmotion_supported"
    right, wrong, unread = (both({"migrate_encryption": "required"}, {able: w}) for w in (True, False, None))
    add("encryption.vmotion", "blocker", right, wrong, unread, vm(migrate_encryption=None), vm(is_encrypted=None))


def _cluster() -> None:
    unread = in_cluster(rules=None), there(compute_resource=None)
    for word, severity in (("must", "blocker"), ("should", "warning")):
        kind = RuleKind(f"vm_host_{word}")
        right, wrong = (ruled(build.rule(kind, hosts=(build.host_ref(number),))) for number in (2, 1))
        add(f"cluster.{word}-rule", severity, right, wrong, *unread)
    pair = (build.vm_ref(1), build.vm_ref(2))
    for kind, places in ((RuleKind.AFFINITY, (2, 1)), (RuleKind.ANTI_AFFINITY, (1, 2))):
        rule = build.rule(kind, vms=pair)
        right, wrong = (ruled(rule, others=(build.vm(2, host=build.host_ref(place)),)) for place in places)
        add(f"cluster.{kind.value.replace('_', '-')}", "warning", right, wrong, *unread, ruled(rule))
    add("cluster.pool", "info", USUAL, far(), far({"pool": None}), far({}, {"compute_resource": None}))
    room = 512 * GIB * 3 // 4
    add("cluster.ha", "blocker", _ha(room), _ha(room + 1), _ha(1, ha_admission=None), _ha_unread())
    clusters = build.cluster(1, ha_enabled=True), build.cluster(2, ha_enabled=True)
    right, wrong = (far(clusters=(clusters[0], last)) for last in (clusters[1], build.cluster(2)))
    unknown = far(clusters=(clusters[0], build.cluster(2, ha_enabled=None))), far({}, {"compute_resource": None})
    add("cluster.ha-protection", "warning", right, wrong, *unknown)
    right, wrong = (in_cluster(drs_overrides=(DrsOverride(vm=build.vm_ref(1), enabled=on),)) for on in (True, False))
    add("cluster.drs", "warning", right, wrong, in_cluster(drs_overrides=None))
    right, wrong = (in_cluster(drs_automation=f"{word}Automated") for word in ("partially", "fully"))
    unknown = in_cluster(drs_automation=None), in_cluster(drs_enabled=None), in_cluster(drs_overrides=None)
    add("cluster.automation", "info", right, wrong, *unknown)
    kindless = far(datastores=(build.datastore(1, kind=None),))
    add("cluster.vsan", "warning", _vsan(2), _vsan(3), _vsan(3, vsan_enabled=None), kindless)


def _ha_unread() -> Look:
    policy = HaAdmission(enabled=True, memory_percent=25)
    last = build.cluster(2, ha_enabled=True, ha_admission=policy)
    return far({"memory_reservation_bytes": None}, clusters=(build.cluster(1), last))


def _around() -> None:
    right, wrong = (at(others=moving(count)) for count in (7, 8))
    add("concurrency.host", "info", right, wrong, at(others=(NO_TASKS_READ,)))
    slow = build.host(1, vmotion_nics=(build.vmknic(1, link_bps=10**9),))
    right, wrong = (at(source=slow, others=moving(count)) for count in (3, 4))
    add("concurrency.network", "info", right, wrong, at(others=(NO_TASKS_READ,)), nic(link_bps=None))
    right, wrong = (at(others=moving(count)) for count in (127, 128))
    add("concurrency.datastore", "info", right, wrong, vm(datastores=None))
    right, wrong = (around(recent_moves=rested(seconds)) for seconds in (900, 899))
    add("history.recent", "warning", right, wrong, around(recent_moves=None))
    right, wrong, unread = (around(lacking=(Lacking(object=ACCOUNT, privileges=p),)) for p in ((), ("A.B",), None))
    add("permissions.missing", "blocker", right, wrong, unread, around(lacking=None))
    right, wrong, unread = (
        around(clocks=(ClockReading(host=build.host_ref(2), ahead_s=ahead),)) for ahead in (5.0, 5.1, None)
    )
    add("clock.skew", "warning", right, wrong, unread, around(clocks=None))


def _abroad(around: Surroundings = NOTHING, keepsakes: Keepsakes | None = None, **changes: Any) -> Look:
    """vm1 goes to another vCenter, into folder 2, with these keepsakes."""
    other = OtherVCenter(context="zurich", host="vc-b", instance_uuid="uuid-b", thumbprint="AB")
    folder = NamedRef(ref=build.folder_ref(2), name="folder2")

    def asking(move: Move) -> Move:
        to = replace(move.destination, vcenter=other, folder=folder)
        return replace(move, destination=to, manner=replace(move.manner, keepsakes=keepsakes))

    return Look(site=build.site(**changes), around=around, files_to=2, asking=asking)


def _beside(**changes: Any) -> Look:
    """Another VM, in folder 2."""
    return _abroad(others=(build.vm(5, **{"folder": build.folder_ref(2)} | changes),))


def _places() -> None:
    right, wrong = (_beside(name=name) for name in ("VM11", "VM1"))
    hidden = _beside(name="vm1", folder=None, unread=("parent",))
    add("place.name", "blocker", right, wrong, hidden)
    uuids = ("50000000-0000-4000-8000-000000000002", build.vm(1).instance_uuid)
    right, wrong = (_beside(instance_uuid=uuid) for uuid in uuids)
    add("place.identity", "blocker", right, wrong, _abroad(vm=build.vm(instance_uuid=None)))


def _keepsakes() -> None:
    tag = TagName(category="env", name="prod")
    known = KnownCategory(name="env", is_single=True, takes_vms=True, tags=frozenset({"prod"}))
    wanted = Keepsakes(tags=(tag,))
    right, wrong, unread = (
        _abroad(Surroundings(vocabulary=Vocabulary(categories=categories)), wanted)
        for categories in ((known,), (replace(known, tags=frozenset({"Prod"})),), None)
    )
    add("keepsakes.tags", "blocker", right, wrong, unread)
    right, wrong, unread = (
        _abroad(
            Surroundings(vocabulary=Vocabulary(attributes=names)),
            Keepsakes(attributes=(Attribute(name="owner", value="web"),)),
        )
        for names in (frozenset({"owner"}), frozenset({"Owner"}), None)
    )
    add("keepsakes.attributes", "blocker", right, wrong, unread)


def _limits() -> None:
    video, cores = {"devices": (VIDEO,)}, {"cores_per_socket": 8}
    right, wrong, unread = (_limited(video, max_video_bytes=most) for most in (4 * MIB, 4 * MIB - 1, None))
    add("limits.video-memory", "blocker", right, wrong, unread, around(vm_limits=None), _limited({"devices": None}))
    right, wrong, unread = (_limited(cores, max_cores_per_socket=most) for most in (8, 7, None))
    hidden = _limited({"cores_per_socket": None})
    add("limits.cores-per-socket", "blocker", right, wrong, unread, around(vm_limits=None), hidden)


def _limited(vm_changes: Changes, **changes: Any) -> Look:
    """host2 tells what a VM may have there."""
    given: Changes = {"host": build.host_ref(2), "max_video_bytes": GIB, "max_cores_per_socket": 64}
    limits = VmLimits(**given | changes)
    return Look(site=vm(**vm_changes).site, around=Surroundings(vm_limits=(limits,)))


for _part in (
    _vm,
    _guest,
    _hosts,
    _memory,
    _cpu,
    _pool,
    _storage,
    _files,
    _network,
    _devices,
    _cluster,
    _around,
    _limits,
    _places,
    _keepsakes,
):
    _part()
