"""One snapshot of a vCenter: every object a move can depend on, in a number of calls that does not grow with the site.

To read one more property: add its path to `inventory_properties.py` and its field to the builder of its kind.

Rules of this file:
- Leaf paths only, except two small composites that cannot be read in parts (see there).
- Units become the package's here and nowhere else in this room: MB become bytes.
- Absent and refused differ: what is unset has its own meaning (no snapshot, no question), what was refused is None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from vsphere_motion.model.inventory import (
    ConnectionState,
    Container,
    Datastore,
    DatastoreCluster,
    DatastoreMount,
    Device,
    Host,
    Inventory,
    Network,
    PowerState,
    RunningTask,
    Vm,
    VmkNic,
)
from vsphere_motion.model.refs import MoRef
from vsphere_motion.vcenter.clusters import cluster_from, pool_from
from vsphere_motion.vcenter.collector import (
    Reading,
    Readings,
    listed_kind,
    method_name,
    plain,
    read_all,
    read_objects,
    ref_of,
)
from vsphere_motion.vcenter.devices import NetworkIndex, devices_from, has_raw_mapping
from vsphere_motion.vcenter.garbage import collection_held_back
from vsphere_motion.vcenter.host_networks import HostNetworks
from vsphere_motion.vcenter.host_traits import LUNS, host_traits, luns_of, networks_of
from vsphere_motion.vcenter.inventory_paths import inventory_path, plain_name
from vsphere_motion.vcenter.inventory_properties import PATHS, VM_ALWAYS_SET
from vsphere_motion.vcenter.vm_traits import snapshot_count, vm_traits
from vsphere_motion.vcenter.vmknics import vmotion_nics_from

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

_MIB = 1024 * 1024
_MANY = 5
"""Unread properties of one object from which on one is named for all."""

T = TypeVar("T")
Word = TypeVar("Word", PowerState, ConnectionState)


@collection_held_back()
def take_snapshot(session: Session) -> Inventory:
    """Everything `Inventory` has, as vCenter lets this account see it.

    An object that vCenter names and does not let us read is a line in `unreadable`; a property of a VM that it
    withholds is in `Vm.unread`. A VM that moves while the snapshot is taken can be left out of a paged read (KB
    2064555), so the VMs that only the hosts name are read once more.

    Calls: CurrentTime, CreateContainerView, RetrievePropertiesEx (2 to 4), ContinueRetrievePropertiesEx (one for each
        further 1,000 objects), DestroyView.
    Needs: System.View, System.Read.

    Raises:
        SessionEnded: vCenter no longer knows the session.
    """
    taken_at = session.now()
    readings = read_all(session, PATHS)
    readings |= _read_skipped_vms(session, readings)
    site = _Site(
        readings=readings,
        root=ref_of(session.content.rootFolder),
        running=_read_running(session, readings),
        luns=_read_luns(session, readings),
    )
    return Inventory(
        vcenter=session.identity,
        taken_at=taken_at,
        vms=_each(site, _vm, "VirtualMachine"),
        hosts=_each(site, _host, "HostSystem"),
        clusters=_each(site, lambda _, one: cluster_from(one, _name(one)), "ClusterComputeResource", "ComputeResource"),
        pools=_each(site, lambda site, one: pool_from(one, _name(one), site.path(one)), "ResourcePool", "VirtualApp"),
        containers=_each(site, _container, "Folder", "Datacenter"),
        datastores=_each(site, _datastore, "Datastore"),
        datastore_clusters=_each(site, _datastore_cluster, "StoragePod"),
        networks=_each(site, _network, "Network", "DistributedVirtualPortgroup", "OpaqueNetwork"),
        unreadable=tuple(_unreadable_lines(readings)),
    )


@dataclass(frozen=True, kw_only=True)
class _Site:
    """What the builders look at.

    Args:
        running: name of the API method of every queued or running task that a VM or a host names.
        luns: what the hosts say of their LUNs; empty where no VM has a raw device mapping.
    """

    readings: Readings
    root: MoRef
    running: dict[MoRef, str | None]
    luns: Readings

    def members(self, *kinds: str) -> Iterator[Reading]:
        """The objects of these kinds, in the order of their references."""
        return (self.readings[ref] for ref in sorted(self.readings) if self._listed[ref.kind] in kinds)

    def path(self, one: Reading) -> str | None:
        """The inventory path of an object."""
        return inventory_path(one.ref, self.readings, self.root)

    @cached_property
    def networks(self) -> NetworkIndex:
        """What leads from a NIC to its network."""
        opaque = [one for one in self.members("OpaqueNetwork") if one.get("summary") is not None]
        networks = [*self.members("Network", "DistributedVirtualPortgroup"), *opaque]
        return NetworkIndex(
            names={one.ref: _name(one) for one in networks},
            by_portgroup={one.get("key"): one.ref for one in networks if one.get("key")},
            by_opaque_id={one.get("summary").opaqueNetworkId: one.ref for one in opaque},
        )

    @cached_property
    def _listed(self) -> dict[str, str | None]:
        return {kind: listed_kind(kind, PATHS) for kind in {ref.kind for ref in self.readings}}


def _read_skipped_vms(session: Session, readings: Readings) -> Readings:
    named = {ref for one in readings.values() if one.ref.kind == "HostSystem" for ref in one.refs("vm") or ()}
    return read_objects(session, sorted(named - readings.keys()), PATHS["VirtualMachine"])


def _read_running(session: Session, readings: Readings) -> dict[MoRef, str | None]:
    recent = {ref for one in readings.values() for ref in one.refs("recentTask") or ()}
    tasks = read_objects(session, sorted(recent), ("info.state", "info.name"))
    return {
        ref: method_name(one.get("info.name"))
        for ref, one in tasks.items()
        if one.get("info.state") in {"queued", "running"}
    }


def _read_luns(session: Session, readings: Readings) -> Readings:
    devices = (one.get("config.hardware.device") or () for one in readings.values())
    if not any(has_raw_mapping(listed) for listed in devices):
        return {}
    return read_objects(session, sorted(ref for ref in readings if ref.kind == "HostSystem"), (LUNS,))


def _each(site: _Site, build: Callable[[_Site, Reading], T], *kinds: str) -> tuple[T, ...]:
    return tuple(build(site, reading) for reading in site.members(*kinds))


def _vm(site: _Site, one: Reading) -> Vm:
    return Vm(
        ref=one.ref,
        name=_name(one),
        path=inventory_path(one.ref, site.readings, site.root),
        instance_uuid=one.get("config.instanceUuid"),
        bios_uuid=one.get("config.uuid"),
        is_template=one.get("config.template"),
        power_state=_word(PowerState, one.get("runtime.powerState")),
        connection_state=_word(ConnectionState, one.get("runtime.connectionState")),
        host=one.ref_at("runtime.host"),
        pool=one.ref_at("resourcePool"),
        folder=one.ref_at("parent"),
        datastores=one.refs("datastore"),
        cpu_count=one.get("config.hardware.numCPU"),
        memory_bytes=_bytes(one.get("config.hardware.memoryMB")),
        memory_used_bytes=_bytes(one.get("summary.quickStats.hostMemoryUsage")),
        memory_active_bytes=_bytes(one.get("summary.quickStats.guestMemoryUsage")),
        memory_overhead_bytes=_overhead_bytes(one),
        memory_reservation_bytes=_bytes(one.get("config.memoryAllocation.reservation")),
        cpu_reservation_mhz=one.get("config.cpuAllocation.reservation"),
        cpu_used_mhz=one.get("summary.quickStats.overallCpuUsage"),
        devices=_devices(site, one),
        snapshot_count=snapshot_count(one),
        question=one.get("runtime.question.text"),
        disabled_methods=_disabled_methods(one),
        running_tasks=_running_tasks(site, one),
        vmx_path=one.get("config.files.vmPathName"),
        unread=_unread(one),
        **vm_traits(one),
    )


def _unread(one: Reading) -> tuple[str, ...]:
    return tuple(sorted({*one.unread, *(path for path in VM_ALWAYS_SET if path not in one.values)}))


def _overhead_bytes(one: Reading) -> int | None:
    """What the hypervisor reserves now, or needs at power-on for a VM that has never run; both are bytes in the API."""
    now: int | None = one.get("runtime.memoryOverhead")
    at_power_on: int | None = one.get("config.initialOverhead.initialMemoryReservation")
    return at_power_on if now is None else now


def _devices(site: _Site, one: Reading) -> tuple[Device, ...] | None:
    devices = one.get("config.hardware.device")
    return None if devices is None else devices_from(devices, site.networks)


def _disabled_methods(one: Reading) -> tuple[str, ...] | None:
    if "disabledMethod" in one.unread:
        return None
    return tuple(filter(None, map(method_name, one.get("disabledMethod") or ())))


def _running_tasks(site: _Site, one: Reading) -> tuple[RunningTask, ...] | None:
    recent = one.refs("recentTask")
    if recent is None:
        return None
    return tuple(RunningTask(ref=ref, name=site.running[ref]) for ref in recent if ref in site.running)


def _host(site: _Site, one: Reading) -> Host:
    connection = _word(ConnectionState, one.get("runtime.connectionState"))
    networks = networks_of(one)
    return Host(
        ref=one.ref,
        name=_name(one),
        compute_resource=one.ref_at("parent"),
        connection_state=connection,
        power_state=one.get("runtime.powerState"),
        in_maintenance_mode=one.get("runtime.inMaintenanceMode"),
        in_quarantine_mode=one.get("runtime.inQuarantineMode", unset=False),
        version=one.get("config.product.version"),
        build=one.get("config.product.build"),
        cpu_threads=one.get("summary.hardware.numCpuThreads"),
        cpu_mhz=_cpu_mhz(one),
        cpu_used_mhz=one.get("summary.quickStats.overallCpuUsage"),
        memory_bytes=one.get("summary.hardware.memorySize"),
        memory_used_bytes=_bytes(one.get("summary.quickStats.overallMemoryUsage")),
        vmotion_nics=_vmotion_nics(one, networks, is_connected=connection is ConnectionState.CONNECTED),
        datastores=one.refs("datastore"),
        networks=one.refs("network"),
        vms=one.refs("vm"),
        path=inventory_path(one.ref, site.readings, site.root),
        running_tasks=_running_tasks(site, one),
        luns=luns_of(site.luns.get(one.ref)),
        **host_traits(one, networks, is_connected=connection is ConnectionState.CONNECTED),
    )


def _cpu_mhz(one: Reading) -> int | None:
    cores, mhz = one.get("summary.hardware.numCpuCores"), one.get("summary.hardware.cpuMhz")
    return None if cores is None or mhz is None else int(cores * mhz)


def _vmotion_nics(one: Reading, networks: HostNetworks | None, *, is_connected: bool) -> tuple[VmkNic, ...] | None:
    """None where nothing is known: the property was refused, or a host that is away has no configuration to show."""
    path = "config.virtualNicManagerInfo.netConfig"
    if path in one.values:
        return vmotion_nics_from(one.get(path), networks)
    return () if is_connected and path not in one.unread else None


def _container(site: _Site, one: Reading) -> Container:
    children = one.get("childType")
    return Container(
        ref=one.ref,
        name=_name(one),
        parent=one.ref_at("parent"),
        path=site.path(one),
        holds_vms=None if children is None else any(_wsdl_name(kind) == "VirtualMachine" for kind in children),
    )


def _wsdl_name(kind: Any) -> str:
    """The name of a managed object type, which pyVmomi gives as a class where it knows it."""
    return str(getattr(kind, "_wsdlName", kind))


def _datastore_cluster(site: _Site, one: Reading) -> DatastoreCluster:
    entry = one.get("podStorageDrsEntry")
    return DatastoreCluster(
        ref=one.ref,
        name=_name(one),
        path=site.path(one),
        parent=one.ref_at("parent"),
        sdrs_enabled=None if entry is None else bool(entry.storageDrsConfig.podConfig.enabled),
    )


def _datastore(site: _Site, one: Reading) -> Datastore:
    return Datastore(
        ref=one.ref,
        name=_name(one),
        kind=one.get("summary.type"),
        accessible=one.get("summary.accessible"),
        capacity_bytes=one.get("summary.capacity"),
        free_bytes=one.get("summary.freeSpace"),
        maintenance_mode=one.get("summary.maintenanceMode"),
        max_file_bytes=plain(one.get("info.maxFileSize", unset=0)),
        max_disk_bytes=plain(one.get("info.maxVirtualDiskCapacity", unset=0)),
        max_swap_bytes=plain(one.get("info.maxMemoryFileSize", unset=0)),
        mounts=None if "host" in one.unread else tuple(map(_mount, one.get("host") or ())),
        path=site.path(one),
        parent=one.ref_at("parent"),
    )


def _mount(mount: Any) -> DatastoreMount:
    return DatastoreMount(
        host=ref_of(mount.key),
        accessible=mount.mountInfo.accessible,
        mounted=mount.mountInfo.mounted,
        access_mode=mount.mountInfo.accessMode,
    )


def _network(site: _Site, one: Reading) -> Network:
    switch, summary = one.ref_at("config.distributedVirtualSwitch"), one.get("summary")
    return Network(
        ref=one.ref,
        name=_name(one),
        hosts=one.refs("host"),
        portgroup_key=one.get("key"),
        switch_uuid=site.readings[switch].get("uuid") if switch in site.readings else None,
        path=site.path(one),
        opaque_id=None if summary is None else summary.opaqueNetworkId,
        opaque_type=None if summary is None else summary.opaqueNetworkType,
        is_uplink=bool(one.get("config.uplink")),
    )


def _unreadable_lines(readings: Readings) -> Iterator[str]:
    for ref in sorted(readings):
        refused = sorted(f"{path} ({why})" for path, why in readings[ref].unread.items())
        if refused:
            words = ", ".join(refused) if len(refused) <= _MANY else f"{refused[0]} and {len(refused) - 1} more"
            yield f"{ref.kind} {_name(readings[ref])} ({ref.moid}): {words}"


def _name(one: Reading) -> str:
    return plain_name(one.get("name") or one.ref.moid)


def _bytes(mib: int | None) -> int | None:
    return None if mib is None else mib * _MIB


def _word(words: type[Word], value: Any) -> Word | None:
    """The word of a closed set; None for one that this program does not know."""
    return next((word for word in words if word.value == value), None)
