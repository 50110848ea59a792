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

from vsphere_motion.model.refs import MoRef, NamedRef, VmIdentity
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


class DeviceKind(Enum):
    """What a virtual device is, as far as a migration cares."""

    CDROM = "cdrom"
    FLOPPY = "floppy"
    DISK = "disk"
    NIC = "nic"
    PASSTHROUGH = "passthrough"
    VGPU = "vgpu"
    USB = "usb"
    SERIAL = "serial"
    PARALLEL = "parallel"
    OTHER = "other"


class BackingKind(Enum):
    """Where a device's backing lives."""

    FILE = "file"
    HOST_DEVICE = "host_device"
    CLIENT = "client"
    NETWORK = "network"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A virtual device of a VM.

    Args:
        key: the device key, unique within the VM.
        label: the label vCenter shows, such as `CD/DVD drive 1`.
        backing: None if the backing's type is unknown to this program.
        connected: whether it is connected now; None where the device has no such state.
        detail: file path, host device name or network name, for messages.
        network: the network or distributed portgroup a NIC is attached to.
        datastore: the datastore that holds a file backing.
        capacity_bytes: size of a disk.
    """

    key: int
    kind: DeviceKind
    label: str
    backing: BackingKind | None = None
    connected: bool | None = None
    detail: str | None = None
    network: MoRef | None = None
    datastore: MoRef | None = None
    capacity_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VmkNic:
    """A vmknic that is enabled for vMotion.

    Args:
        device: its name on the host, such as `vmk1`.
        address: IPv4 or IPv6 address, or None if it has none.
        prefix_length: length of the subnet prefix.
        mtu_bytes: maximum transmission unit.
        net_stack: key of its TCP/IP stack, such as `defaultTcpipStack` or `vmotion`.
    """

    device: str
    address: str | None
    prefix_length: int | None
    mtu_bytes: int | None
    net_stack: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host (`HostSystem`).

    Args:
        path: inventory path such as `/DC0/host/cluster-a/esx01`, with names as vCenter escapes them.
        cpu_threads: number of logical processors.
        cpu_mhz: capacity of all its cores together.
        vmotion_nics: vmknics selected for vMotion; None if unread, () if there is none.
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

    @property
    def named(self) -> NamedRef:
        """The host's reference and name."""
        return NamedRef(ref=self.ref, name=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningTask:
    """A queued or running task on a VM, whoever started it. `name` is the API method, such as `RelocateVM_Task`."""

    ref: MoRef
    name: str | None


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
        memory_overhead_bytes: overhead memory the hypervisor reserves for it; None if unread.
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
    devices: tuple[Device, ...] | None = None
    snapshot_count: int | None = None
    question: str | None = None
    disabled_methods: tuple[str, ...] | None = None
    running_tasks: tuple[RunningTask, ...] | None = None
    vmx_path: str | None = None
    unread: tuple[str, ...] = ()

    @property
    def identity(self) -> VmIdentity:
        """The VM's reference, name and instance UUID."""
        return VmIdentity(ref=self.ref, name=self.name, instance_uuid=self.instance_uuid)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatastoreMount:
    """How one host sees a datastore; `access_mode` is `readWrite` or `readOnly`."""

    host: MoRef
    accessible: bool | None
    mounted: bool | None
    access_mode: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Datastore:
    """A datastore and the hosts that mount it; `mounts` is None if unread."""

    ref: MoRef
    name: str
    kind: str | None = None
    accessible: bool | None = None
    capacity_bytes: int | None = None
    free_bytes: int | None = None
    maintenance_mode: str | None = None
    mounts: tuple[DatastoreMount, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A standard network, a distributed portgroup or an opaque network; the reference's kind tells which.

    Args:
        hosts: hosts on which it exists; None if unread.
        portgroup_key: key of a distributed portgroup.
        switch_uuid: UUID of its distributed switch.
    """

    ref: MoRef
    name: str
    hosts: tuple[MoRef, ...] | None = None
    portgroup_key: str | None = None
    switch_uuid: str | None = None


class RuleKind(Enum):
    """DRS rules that concern where a VM may run."""

    VM_HOST_MUST = "vm_host_must"
    VM_HOST_MUST_NOT = "vm_host_must_not"
    VM_HOST_SHOULD = "vm_host_should"
    VM_HOST_SHOULD_NOT = "vm_host_should_not"
    AFFINITY = "affinity"
    ANTI_AFFINITY = "anti_affinity"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrsRule:
    """A rule of a cluster. For VM-host rules `hosts` is the host group's members; else it is empty."""

    name: str
    kind: RuleKind
    enabled: bool
    mandatory: bool
    vms: tuple[MoRef, ...]
    hosts: tuple[MoRef, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster or a standalone host's compute resource.

    Args:
        is_cluster: False for the compute resource of a standalone host, which has no DRS, HA or rules.
        drs_automation: default automation level (`manual`, `partiallyAutomated`, `fullyAutomated`); None if unread.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A resource pool or vApp and the compute resource that owns it."""

    ref: MoRef
    name: str
    owner: MoRef | None = None
    parent: MoRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A folder or datacenter: a step of an inventory path."""

    ref: MoRef
    name: str
    parent: MoRef | None = None


AnyObject: TypeAlias = Vm | Host | Cluster | Pool | Container | Datastore | Network


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
    networks: tuple[Network, ...] = ()
    unreadable: tuple[str, ...] = field(default=())

    @cached_property
    def _by_ref(self) -> Mapping[MoRef, AnyObject]:
        groups: tuple[tuple[AnyObject, ...], ...] = (
            self.vms,
            self.hosts,
            self.clusters,
            self.pools,
            self.containers,
            self.datastores,
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

    def cluster_of(self, host: Host) -> Cluster | None:
        """The cluster (or standalone compute resource) that a host belongs to, or None if it was not read."""
        return self.find_cluster(host.compute_resource)

    def name_of(self, ref: MoRef | None) -> NamedRef | None:
        """The reference with its name; the moid stands in for the name of an object that was not read."""
        if ref is None:
            return None
        found = self._by_ref.get(ref)
        return NamedRef(ref=ref, name=found.name if found else ref.moid)
