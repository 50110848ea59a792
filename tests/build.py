"""Builders of values for tests: each gives a value that nothing is wrong with, and a test changes one keyword.

The site they make: cluster1 with host1 and host2, cluster2 with host3; vm1 runs on host1 and every check lets it move
to host2. Numbers tell objects of one kind apart: `vm(2)` is vm2 with the reference vm-2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import (
    BackingKind,
    Cluster,
    ConnectionState,
    Container,
    Datastore,
    DatastoreMount,
    Device,
    DeviceKind,
    DrsRule,
    Feature,
    HaAdmission,
    Host,
    HostPortgroup,
    Inventory,
    Network,
    Pool,
    PowerState,
    RuleKind,
    RunningTask,
    VCenterIdentity,
    Vm,
    VmkNic,
)
from vsphere_motion.model.move import Move, NicPlacement, Placement
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.model.request import MoveRequest
from vsphere_motion.planning.file_places import files_now

MIB = 1024 * 1024
GIB = 1024 * MIB
TAKEN_AT = datetime(2026, 11, 22, 19, 56, 12, tzinfo=UTC)


def vm_ref(number: int = 1) -> MoRef:
    return MoRef(kind="VirtualMachine", moid=f"vm-{number}")


def host_ref(number: int = 1) -> MoRef:
    return MoRef(kind="HostSystem", moid=f"host-{number}")


def cluster_ref(number: int = 1) -> MoRef:
    return MoRef(kind="ClusterComputeResource", moid=f"domain-c{number}")


def pool_ref(number: int = 1) -> MoRef:
    return MoRef(kind="ResourcePool", moid=f"resgroup-{number}")


def datastore_ref(number: int = 1) -> MoRef:
    return MoRef(kind="Datastore", moid=f"datastore-{number}")


def network_ref(number: int = 1) -> MoRef:
    return MoRef(kind="Network", moid=f"network-{number}")


def portgroup_ref(number: int = 1) -> MoRef:
    return MoRef(kind="DistributedVirtualPortgroup", moid=f"dvportgroup-{number}")


def folder_ref(number: int = 1) -> MoRef:
    return MoRef(kind="Folder", moid=f"group-v{number}")


def disk(number: int = 1, **changes: Any) -> Device:
    """A disk on datastore1."""
    given: dict[str, Any] = {
        "key": 2000 + number,
        "kind": DeviceKind.DISK,
        "label": f"Hard disk {number}",
        "backing": BackingKind.FILE,
        "detail": f"[datastore1] vm1/disk{number}.vmdk",
        "datastore": datastore_ref(1),
        "capacity_bytes": 40 * GIB,
    }
    return Device(**given | changes)


def nic(number: int = 1, **changes: Any) -> Device:
    """A connected NIC on network1."""
    given: dict[str, Any] = {
        "key": 4000 + number,
        "kind": DeviceKind.NIC,
        "label": f"Network adapter {number}",
        "backing": BackingKind.NETWORK,
        "connected": True,
        "detail": "network1",
        "network": network_ref(1),
    }
    return Device(**given | changes)


def cdrom(number: int = 1, **changes: Any) -> Device:
    """A CD-ROM drive backed by a client and disconnected, as vCenter makes it for a new VM."""
    given: dict[str, Any] = {
        "key": 3000 + number,
        "kind": DeviceKind.CDROM,
        "label": f"CD/DVD drive {number}",
        "backing": BackingKind.CLIENT,
        "connected": False,
    }
    return Device(**given | changes)


def vmknic(number: int = 1, **changes: Any) -> VmkNic:
    """A vmknic for vMotion; hosts of one site share the subnet."""
    given: dict[str, Any] = {
        "device": "vmk1",
        "address": f"10.20.0.{10 + number}",
        "prefix_length": 24,
        "mtu_bytes": 9000,
        "net_stack": "defaultTcpipStack",
        "link_bps": 10_000_000_000,
        "switch_mtu_bytes": 9000,
    }
    return VmkNic(**given | changes)


def vm(number: int = 1, **changes: Any) -> Vm:
    """A running VM on host1 that every check lets move to host2."""
    given: dict[str, Any] = {
        "ref": vm_ref(number),
        "name": f"vm{number}",
        "instance_uuid": f"50000000-0000-4000-8000-{number:012d}",
        "bios_uuid": f"42000000-0000-4000-8000-{number:012d}",
        "is_template": False,
        "power_state": PowerState.ON,
        "connection_state": ConnectionState.CONNECTED,
        "host": host_ref(1),
        "pool": pool_ref(1),
        "folder": folder_ref(1),
        "datastores": (datastore_ref(1),),
        "cpu_count": 4,
        "memory_bytes": 8 * GIB,
        "memory_used_bytes": 6 * GIB,
        "memory_active_bytes": GIB,
        "memory_overhead_bytes": 64 * MIB,
        "memory_reservation_bytes": 0,
        "cpu_reservation_mhz": 0,
        "devices": (disk(), nic(), cdrom()),
        "snapshot_count": 0,
        "disabled_methods": (),
        "running_tasks": (),
        "vmx_path": f"[datastore1] vm{number}/vm{number}.vmx",
        "memory_swapped_bytes": 0,
        "memory_ballooned_bytes": 0,
        "hardware_version": "vmx-19",
        "cores_per_socket": 1,
        "consolidation_needed": False,
        "failover_in_progress": False,
        "console_count": 0,
        "tools_installer_mounted": False,
        "tools_running": "guestToolsRunning",
        "heartbeat": "green",
        "latency_sensitivity": "normal",
        "app_notification": False,
        "app_notification_timeout_s": 0,
        "ft_state": "notConfigured",
        "ft_instance_uuids": (),
        "managed_by": "",
        "is_encrypted": False,
        "migrate_encryption": "opportunistic",
        "swap_placement": "inherit",
        "has_affinity": False,
        "nested_hv": False,
        "cpu_counters": False,
        "required_evc_mode": "intel-skylake",
        "features": (Feature(key="cpuid.AVX", value="Bool:Min:1"),),
        "committed_bytes": 20 * GIB,
        "uncommitted_bytes": 20 * GIB,
    }
    given |= changes
    given.setdefault("path", f"/DC0/vm/{given['name']}")
    return Vm(**given)


def host(number: int = 1, **changes: Any) -> Host:
    """A connected host of cluster1 with 32 cores, 512 GiB and one vMotion vmknic."""
    given: dict[str, Any] = {
        "ref": host_ref(number),
        "name": f"host{number}",
        "compute_resource": cluster_ref(1),
        "connection_state": ConnectionState.CONNECTED,
        "power_state": "poweredOn",
        "in_maintenance_mode": False,
        "in_quarantine_mode": False,
        "version": "8.0.3",
        "build": "24022510",
        "cpu_threads": 64,
        "cpu_mhz": 83_200,
        "cpu_used_mhz": 8_000,
        "memory_bytes": 512 * GIB,
        "memory_used_bytes": 64 * GIB,
        "vmotion_nics": (vmknic(number),),
        "datastores": (datastore_ref(1),),
        "networks": (network_ref(1),),
        "vms": (),
        "cpu_cores": 32,
        "cpu_packages": 2,
        "cpu_vendor": "intel",
        "evc_mode": "intel-skylake",
        "max_evc_mode": "intel-icelake",
        "features": (Feature(key="cpuid.AVX", value="1"),),
        "crypto_state": "safe",
        "reboot_required": False,
        "vmotion_supported": True,
        "encrypted_vmotion_supported": True,
        "unshared_swap_supported": True,
        "per_vm_swap_supported": True,
        "storage_vmotion_supported": True,
        "full_storage_vmotion_supported": True,
        "delta_disks_supported": True,
        "snapshot_relayout_supported": True,
        "network_change_supported": True,
        "nested_hv_supported": True,
        "cpu_counters_supported": True,
        "max_vm_cpus": 768,
        "max_vm_memory_bytes": 24 * 1024 * GIB,
        "max_running_vcpus": 4096,
        "suspended_relocate_supported": True,
        "portgroups": (HostPortgroup(name="network1", switch="vSwitch0", vlan=10, uplink_count=2, free_ports=100),),
        "switches": (),
        "luns": ("lun-1",),
        "vgpu_profiles": ("grid_v100-8q",),
        "running_tasks": (),
    }
    given |= changes
    given.setdefault("path", f"/DC0/host/cluster1/{given['name']}")
    return Host(**given)


def mount(host_number: int = 1, **changes: Any) -> DatastoreMount:
    """A datastore mounted and writable on a host."""
    given: dict[str, Any] = {"host": host_ref(host_number), "accessible": True, "mounted": True}
    return DatastoreMount(**{"access_mode": "readWrite"} | given | changes)


def datastore(number: int = 1, **changes: Any) -> Datastore:
    """A datastore on host1, host2 and host3."""
    given: dict[str, Any] = {
        "ref": datastore_ref(number),
        "name": f"datastore{number}",
        "kind": "VMFS",
        "accessible": True,
        "capacity_bytes": 4096 * GIB,
        "free_bytes": 2048 * GIB,
        "maintenance_mode": "normal",
        "max_file_bytes": 62 * 1024 * GIB,
        "max_disk_bytes": 62 * 1024 * GIB,
        "max_swap_bytes": 62 * 1024 * GIB,
        "mounts": (mount(1), mount(2), mount(3)),
    }
    return Datastore(**given | changes)


def network(number: int = 1, **changes: Any) -> Network:
    """A standard network on host1, host2 and host3."""
    given: dict[str, Any] = {
        "ref": network_ref(number),
        "name": f"network{number}",
        "hosts": (host_ref(1), host_ref(2), host_ref(3)),
    }
    return Network(**given | changes)


def rule(kind: RuleKind, **changes: Any) -> DrsRule:
    """An enabled rule about vm1."""
    given: dict[str, Any] = {
        "name": "rule1",
        "kind": kind,
        "enabled": True,
        "mandatory": kind in {RuleKind.VM_HOST_MUST, RuleKind.VM_HOST_MUST_NOT},
        "vms": (vm_ref(1),),
        "hosts": (),
    }
    return DrsRule(**given | changes)


def cluster(number: int = 1, **changes: Any) -> Cluster:
    """A cluster with DRS that is not automatic, and no rules."""
    given: dict[str, Any] = {
        "ref": cluster_ref(number),
        "name": f"cluster{number}",
        "is_cluster": True,
        "root_pool": pool_ref(number),
        "hosts": (host_ref(1), host_ref(2)) if number == 1 else (host_ref(3),),
        "drs_enabled": True,
        "drs_automation": "manual",
        "ha_enabled": False,
        "rules": (),
        "drs_overrides": (),
        "ha_admission": HaAdmission(enabled=False),
        "swap_placement": "vmDirectory",
        "vsan_enabled": False,
        "max_ft_vms": 4,
        "max_ft_vcpus": 8,
    }
    return Cluster(**given | changes)


def pool(number: int = 1, **changes: Any) -> Pool:
    """The root pool of a cluster."""
    given: dict[str, Any] = {
        "ref": pool_ref(number),
        "name": "Resources",
        "owner": cluster_ref(number),
        "unreserved_bytes": 1024 * GIB,
        "unreserved_mhz": 160_000,
    }
    return Pool(**given | changes)


def container(number: int = 1, **changes: Any) -> Container:
    """The folder of all VMs, or another one."""
    given: dict[str, Any] = {"ref": folder_ref(number), "name": "vm" if number == 1 else f"folder{number}"}
    return Container(**given | changes)


def task(number: int = 1, name: str | None = "CreateSnapshot_Task") -> RunningTask:
    return RunningTask(ref=MoRef(kind="Task", moid=f"task-{number}"), name=name)


def identity(**changes: Any) -> VCenterIdentity:
    given: dict[str, Any] = {
        "host": "vcenter.example.com",
        "instance_uuid": "8f5ad1a1-0000-4000-8000-000000000001",
        "product": "VMware vCenter Server 8.0.3 build-24322831",
        "version": "8.0.3",
        "api_version": "8.0.3.0",
    }
    return VCenterIdentity(**given | changes)


def inventory(**changes: Any) -> Inventory:
    """The site of this file's docstring."""
    far = {"compute_resource": cluster_ref(2), "path": "/DC0/host/cluster2/host3"}
    given: dict[str, Any] = {
        "vcenter": identity(),
        "taken_at": TAKEN_AT,
        "vms": (vm(1),),
        "hosts": (host(1), host(2), host(3, **far)),
        "clusters": (cluster(1), cluster(2)),
        "pools": (pool(1), pool(2)),
        "containers": (container(1),),
        "datastores": (datastore(1),),
        "networks": (network(1),),
    }
    return Inventory(**given | changes)


def site(
    *,
    vm: Vm | None = None,
    source: Host | None = None,
    destination: Host | None = None,
    others: Iterable[Vm] = (),
    **changes: Any,
) -> Inventory:
    """The site with vm1, host1 or host2 replaced, and with other VMs beside vm1."""
    vms = (vm or _vm1(), *others)
    hosts = (source or host(1), destination or host(2), inventory().hosts[2])
    return inventory(**{"vms": vms, "hosts": hosts} | changes)


def _vm1() -> Vm:
    return vm(1)


def move(snapshot: Inventory | None = None, *, number: int = 1, to: int = 2) -> Move:
    """The move of a VM from where the snapshot has it to a host, within its pool, folder and datastores."""
    seen = snapshot or inventory()
    moved = seen.find_vm(vm_ref(number)) or vm(number)
    source = Placement(
        host=seen.name_of(moved.host),
        pool=seen.name_of(moved.pool),
        folder=seen.name_of(moved.folder),
        datastores=tuple(named for ref in moved.datastores or () if (named := seen.name_of(ref))),
    )
    wanted = seen.name_of(host_ref(to))
    destination = Placement(host=wanted, pool=source.pool, folder=source.folder, datastores=source.datastores)
    return Move(vm=moved.identity, source=source, destination=destination)


def to_datastore(move: Move, site: Inventory, number: int) -> Move:
    """The same move with all files of the VM going to a datastore."""
    named = NamedRef(ref=datastore_ref(number), name=f"datastore{number}")
    vm = site.find_vm(move.vm.ref)
    assert vm is not None
    now = files_now(site, vm)
    disks = tuple(replace(disk, datastore=named, format=None) for disk in now.disks)
    return replace(
        move,
        source=replace(move.source, config=now.config, disks=now.disks),
        destination=replace(move.destination, config=named, disks=disks, datastores=(named,)),
    )


def to_network(move: Move, site: Inventory, number: int) -> Move:
    """The same move with all adapters of the VM going to a network."""
    vm = site.find_vm(move.vm.ref)
    assert vm is not None
    now = tuple(
        NicPlacement(key=nic.key, label=nic.label, network=site.name_of(nic.network))
        for nic in vm.devices or ()
        if nic.kind is DeviceKind.NIC
    )
    named = NamedRef(ref=network_ref(number), name=f"network{number}")
    return replace(
        move,
        source=replace(move.source, nics=now),
        destination=replace(move.destination, nics=tuple(replace(nic, network=named) for nic in now)),
    )


def request(**changes: Any) -> MoveRequest:
    """vm1 to host2."""
    given: dict[str, Any] = {"selectors": ("vm1",), "to_host": "host2"}
    return MoveRequest(**given | changes)


def finding(**changes: Any) -> Finding:
    """A blocker about vm1."""
    given: dict[str, Any] = {
        "id": "memory.admission",
        "severity": Severity.BLOCKER,
        "subject": NamedRef(ref=vm_ref(1), name="vm1"),
        "message": "vm1 needs 65536 MiB, host2 has 40960 MiB free",
        "remedy": "choose another host",
        "evidence": (("needed_bytes", 64 * GIB), ("free_bytes", 40 * GIB)),
    }
    return Finding(**given | changes)


def unread(value: Any, *names: str) -> Any:
    """The value with fields that could not be read."""
    known = {field.name for field in fields(value)}
    assert known >= set(names)
    return type(value)(**{name: None if name in names else getattr(value, name) for name in known})
