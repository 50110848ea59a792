"""One snapshot of a vCenter: hosts, virtual machines, clusters and what they use, as plain values.

Rules of this file: a field that could not be read is None and stays None; zero means zero. Sizes are bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import TypeAlias

from vsphere_motion.model.clusters import DrsOverride as DrsOverride
from vsphere_motion.model.clusters import DrsRule as DrsRule
from vsphere_motion.model.clusters import HaAdmission as HaAdmission
from vsphere_motion.model.clusters import Pool as Pool
from vsphere_motion.model.clusters import RuleKind as RuleKind
from vsphere_motion.model.hardware import BackingKind as BackingKind
from vsphere_motion.model.hardware import Device as Device
from vsphere_motion.model.hardware import DeviceKind as DeviceKind
from vsphere_motion.model.hardware import Feature as Feature
from vsphere_motion.model.hardware import HostPortgroup as HostPortgroup
from vsphere_motion.model.hardware import HostSwitch as HostSwitch
from vsphere_motion.model.hardware import VmkNic as VmkNic
from vsphere_motion.model.refs import MoRef, NamedRef, VmIdentity
from vsphere_motion.model.shared import Container as Container
from vsphere_motion.model.shared import Datastore as Datastore
from vsphere_motion.model.shared import DatastoreCluster as DatastoreCluster
from vsphere_motion.model.shared import DatastoreMount as DatastoreMount
from vsphere_motion.model.shared import Network as Network
from vsphere_motion.model.vcenter import VCenterIdentity


class PowerState(Enum):
    """`VirtualMachinePowerState` of the vSphere API."""

    ON = "poweredOn"
    OFF = "poweredOff"
    SUSPENDED = "suspended"


class ConnectionState(Enum):
    """`HostSystemConnectionState` and `VirtualMachineConnectionState` of the vSphere API, in one list."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    NOT_RESPONDING = "notResponding"
    ORPHANED = "orphaned"
    INACCESSIBLE = "inaccessible"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningTask:
    """A queued or running task on a VM or host, whoever started it; `name` is the API method, as `RelocateVM_Task`."""

    ref: MoRef
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host (`HostSystem`).

    Args:
        path: inventory path such as `/DC0/host/cluster-a/esx01`, with names as vCenter escapes them.
        cpu_threads: number of logical processors.
        cpu_mhz: capacity of all its cores together.
        vmotion_nics: vmknics selected for vMotion; None if unread, () if there is none.
        cpu_packages: number of processor packages (sockets).
        cpu_vendor: such as `intel` or `amd`.
        evc_mode: key of the EVC mode that applies now; None if there is none or it was not read.
        max_evc_mode: key of the highest EVC mode it can take.
        features: CPU features it offers (`config.featureCapability`).
        crypto_state: `incapable`, `prepared`, `safe` or `pendingIncapable`; None if the host does not say.
        max_vm_cpus, max_vm_memory_bytes: the largest VM it runs; None if it does not say.
        max_running_vcpus: the most vCPUs that its running VMs may have together; 0 if it names no limit.
        local_swap_datastore: where it keeps swap files that are not beside their VM; None if it has no such place.
        per_vm_swap_supported: whether it knows a place for the swap file of a single VM.
        storage_vmotion_supported, full_storage_vmotion_supported: whether a running VM's files can move, and whether
            they can together with the VM.
        delta_disks_supported, snapshot_relayout_supported: whether files of a VM with snapshots can move, and whether
            the snapshots can be laid out anew.
        network_change_supported: whether a running VM can be attached to another network on its way; None if unsaid.
        portgroups: port groups of its standard switches.
        switches: its parts of distributed switches.
        luns: unique identifiers of the LUNs it sees; None if they were not asked for.
        vgpu_profiles: vGPU profiles that it offers.
        running_tasks: queued and running tasks of `recentTask`.
        unread: property paths that vCenter did not give and that are not merely unset.
    """

    ref: MoRef
    name: str
    compute_resource: MoRef | None
    connection_state: ConnectionState | None = None
    power_state: str | None = None
    in_maintenance_mode: bool | None = None
    in_quarantine_mode: bool | None = None
    version: str | None = None
    build: str | None = None
    cpu_threads: int | None = None
    cpu_mhz: int | None = None
    cpu_used_mhz: int | None = None
    memory_bytes: int | None = None
    memory_used_bytes: int | None = None
    vmotion_nics: tuple[VmkNic, ...] | None = None
    datastores: tuple[MoRef, ...] | None = None
    networks: tuple[MoRef, ...] | None = None
    vms: tuple[MoRef, ...] | None = None
    path: str | None = None
    cpu_cores: int | None = None
    cpu_packages: int | None = None
    cpu_vendor: str | None = None
    evc_mode: str | None = None
    max_evc_mode: str | None = None
    features: tuple[Feature, ...] | None = None
    crypto_state: str | None = None
    reboot_required: bool | None = None
    vmotion_supported: bool | None = None
    encrypted_vmotion_supported: bool | None = None
    unshared_swap_supported: bool | None = None
    nested_hv_supported: bool | None = None
    cpu_counters_supported: bool | None = None
    max_vm_cpus: int | None = None
    max_vm_memory_bytes: int | None = None
    max_running_vcpus: int | None = None
    suspended_relocate_supported: bool | None = None
    network_change_supported: bool | None = None
    local_swap_datastore: MoRef | None = None
    per_vm_swap_supported: bool | None = None
    storage_vmotion_supported: bool | None = None
    full_storage_vmotion_supported: bool | None = None
    delta_disks_supported: bool | None = None
    snapshot_relayout_supported: bool | None = None
    portgroups: tuple[HostPortgroup, ...] | None = None
    switches: tuple[HostSwitch, ...] | None = None
    luns: tuple[str, ...] | None = None
    vgpu_profiles: tuple[str, ...] | None = None
    running_tasks: tuple[RunningTask, ...] | None = None
    unread: tuple[str, ...] = ()

    @property
    def named(self) -> NamedRef:
        """The host's reference and name."""
        return NamedRef(ref=self.ref, name=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vm:
    """A virtual machine.

    Args:
        path: inventory path such as `/DC0/vm/web/web01`.
        disabled_methods: names of API methods that vCenter refuses for this VM, as the server spells them.
        question: text of a question the VM waits for; None if there is none.
        snapshot_count: number of snapshots in the tree.
        running_tasks: queued and running tasks of `recentTask`; None if unread.
        memory_used_bytes: consumed host memory (quickStats.hostMemoryUsage).
        cpu_used_mhz: what it was using of its host's processors (quickStats.overallCpuUsage).
        memory_overhead_bytes: overhead memory the hypervisor reserves for it; None if unread.
        memory_swapped_bytes, memory_ballooned_bytes: what the host has taken back of it.
        hardware_version: such as `vmx-21`.
        tools_running: `guestToolsRunning`, `guestToolsNotRunning` or `guestToolsExecutingScripts`.
        heartbeat: `gray`, `green`, `yellow` or `red`.
        app_notification: whether applications in the guest are told of a migration and may delay it.
        console_count: open console sessions.
        ft_state: `notConfigured` or the state of Fault Tolerance.
        ft_instance_uuids: instance UUIDs of all VMs of its Fault Tolerance group; () if it has none.
        managed_by: key of the extension that manages it; empty if none does.
        is_encrypted: whether it has a key; None if unread.
        migrate_encryption: `disabled`, `opportunistic` or `required`.
        swap_placement: `inherit`, `vmDirectory` or `hostLocal`.
        has_affinity: whether it is tied to processors or memory of its host.
        required_evc_mode: the lowest EVC mode that offers what it was started with; None if unset or unread.
        features: CPU features it needs (`runtime.featureRequirement`).
        committed_bytes, uncommitted_bytes: what its files use, and how much they can still grow.
        unread: property paths that vCenter did not give and that are not merely unset.
    """

    ref: MoRef
    name: str
    path: str | None = None
    instance_uuid: str | None = None
    bios_uuid: str | None = None
    is_template: bool | None = None
    power_state: PowerState | None = None
    connection_state: ConnectionState | None = None
    host: MoRef | None = None
    pool: MoRef | None = None
    folder: MoRef | None = None
    datastores: tuple[MoRef, ...] | None = None
    cpu_count: int | None = None
    memory_bytes: int | None = None
    memory_used_bytes: int | None = None
    memory_active_bytes: int | None = None
    memory_overhead_bytes: int | None = None
    memory_reservation_bytes: int | None = None
    cpu_reservation_mhz: int | None = None
    cpu_used_mhz: int | None = None
    devices: tuple[Device, ...] | None = None
    snapshot_count: int | None = None
    question: str | None = None
    disabled_methods: tuple[str, ...] | None = None
    running_tasks: tuple[RunningTask, ...] | None = None
    vmx_path: str | None = None
    memory_swapped_bytes: int | None = None
    memory_ballooned_bytes: int | None = None
    hardware_version: str | None = None
    cores_per_socket: int | None = None
    consolidation_needed: bool | None = None
    failover_in_progress: bool | None = None
    console_count: int | None = None
    tools_installer_mounted: bool | None = None
    tools_running: str | None = None
    heartbeat: str | None = None
    latency_sensitivity: str | None = None
    app_notification: bool | None = None
    app_notification_timeout_s: int | None = None
    ft_state: str | None = None
    ft_instance_uuids: tuple[str, ...] | None = None
    managed_by: str | None = None
    is_encrypted: bool | None = None
    migrate_encryption: str | None = None
    swap_placement: str | None = None
    has_affinity: bool | None = None
    nested_hv: bool | None = None
    cpu_counters: bool | None = None
    required_evc_mode: str | None = None
    features: tuple[Feature, ...] | None = None
    committed_bytes: int | None = None
    uncommitted_bytes: int | None = None
    unread: tuple[str, ...] = ()

    @property
    def identity(self) -> VmIdentity:
        """The VM's reference, name and instance UUID."""
        return VmIdentity(ref=self.ref, name=self.name, instance_uuid=self.instance_uuid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster or a standalone host's compute resource.

    Args:
        is_cluster: False for the compute resource of a standalone host, which has no DRS, HA or rules.
        drs_automation: default automation level (`manual`, `partiallyAutomated`, `fullyAutomated`); None if unread.
        drs_overrides: what DRS does with single VMs; None if unread.
        ha_admission: how vSphere HA keeps room for failed hosts; None if unread.
        swap_placement: `vmDirectory` or `hostLocal`, for VMs that inherit it.
        vsan_enabled: whether its hosts form a vSAN cluster.
        max_ft_vms, max_ft_vcpus: the most fault tolerant VMs a host runs, and their vCPUs; 0: no limit; None if unread.
    """

    ref: MoRef
    name: str
    is_cluster: bool
    root_pool: MoRef | None
    hosts: tuple[MoRef, ...] | None = None
    drs_enabled: bool | None = None
    drs_automation: str | None = None
    ha_enabled: bool | None = None
    rules: tuple[DrsRule, ...] | None = None
    drs_overrides: tuple[DrsOverride, ...] | None = None
    ha_admission: HaAdmission | None = None
    swap_placement: str | None = None
    vsan_enabled: bool | None = None
    max_ft_vms: int | None = None
    max_ft_vcpus: int | None = None

    @property
    def named(self) -> NamedRef:
        """The cluster's reference and name."""
        return NamedRef(ref=self.ref, name=self.name)


AnyObject: TypeAlias = Vm | Host | Cluster | Pool | Container | Datastore | DatastoreCluster | Network


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """A snapshot of one vCenter; the only thing that planning and pre-flight look at.

    Args:
        taken_at: vCenter's own clock when the snapshot was taken, in UTC.
        unreadable: one line for each object that vCenter named and did not let us read.
    """

    vcenter: VCenterIdentity
    taken_at: datetime
    vms: tuple[Vm, ...] = ()
    hosts: tuple[Host, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    pools: tuple[Pool, ...] = ()
    containers: tuple[Container, ...] = ()
    datastores: tuple[Datastore, ...] = ()
    datastore_clusters: tuple[DatastoreCluster, ...] = ()
    networks: tuple[Network, ...] = ()
    unreadable: tuple[str, ...] = field(default=())

    @cached_property
    def _by_ref(self) -> Mapping[MoRef, AnyObject]:
        return self._every()

    def _every(self) -> Mapping[MoRef, AnyObject]:
        groups: tuple[tuple[AnyObject, ...], ...] = (
            self.vms,
            self.hosts,
            self.clusters,
            self.pools,
            self.containers,
            self.datastores,
            self.datastore_clusters,
            self.networks,
        )
        return {item.ref: item for group in groups for item in group}

    def find_host(self, ref: MoRef | None) -> Host | None:
        """The host with this reference, or None."""
        found = self._by_ref.get(ref) if ref else None
        return found if isinstance(found, Host) else None

    def find_vm(self, ref: MoRef | None) -> Vm | None:
        """The virtual machine with this reference, or None."""
        found = self._by_ref.get(ref) if ref else None
        return found if isinstance(found, Vm) else None

    def find_cluster(self, ref: MoRef | None) -> Cluster | None:
        """The cluster or standalone compute resource with this reference, or None."""
        found = self._by_ref.get(ref) if ref else None
        return found if isinstance(found, Cluster) else None

    def find_pool(self, ref: MoRef | None) -> Pool | None:
        """The resource pool with this reference, or None."""
        found = self._by_ref.get(ref) if ref else None
        return found if isinstance(found, Pool) else None

    def find_datastore(self, ref: MoRef | None) -> Datastore | None:
        """The datastore with this reference, or None."""
        found = self._by_ref.get(ref) if ref else None
        return found if isinstance(found, Datastore) else None

    def find_network(self, ref: MoRef | None) -> Network | None:
        """The network with this reference, or None."""
        found = self._by_ref.get(ref) if ref else None
        return found if isinstance(found, Network) else None

    def find_container(self, ref: MoRef | None) -> Container | None:
        """The folder or datacenter with this reference, or None."""
        found = self._by_ref.get(ref) if ref else None
        return found if isinstance(found, Container) else None

    def cluster_of(self, host: Host) -> Cluster | None:
        """The cluster (or standalone compute resource) that a host belongs to, or None if it was not read."""
        return self.find_cluster(host.compute_resource)

    def knows(self, ref: MoRef) -> bool:
        """Whether there is such an object."""
        return ref in self._by_ref

    def name_of(self, ref: MoRef | None) -> NamedRef | None:
        """The reference with its name; the moid stands in for the name of an object that was not read."""
        if ref is None:
            return None
        found = self._by_ref.get(ref)
        return NamedRef(ref=ref, name=found.name if found else ref.moid)
