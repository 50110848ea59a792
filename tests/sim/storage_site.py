"""A site for moves of files, networks and places, and what plain pyVmomi sees of a virtual machine there."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Any

from pyVmomi import SoapStubAdapter, pbm, vim

from tests.observer import Observer
from tests.program import READS, Program
from vsphere_motion.testing.simulator import SimulatedVCenter

SITE = """
version: 1
clusters:
  - name: one
    drs: {automation: manual}
    pools: [{name: Gold}, {name: Silver}]
    hosts: [{name: esx-1, memory_gib: 256}, {name: esx-2, memory_gib: 256}]
  - name: two
    drs: {enabled: false}
    pools: [{name: Gold}]
    hosts: [{name: esx-3, memory_gib: 256}]
  - name: far
    datacenter: DC1
    hosts: [{name: esx-9, memory_gib: 256}]
datastores:
  - {name: slow, capacity_gib: 4096, hosts: [esx-1, esx-2, esx-3]}
  - {name: fast, capacity_gib: 4096, hosts: [esx-1, esx-2, esx-3]}
  - {name: tiny, capacity_gib: 20, hosts: [esx-1, esx-2, esx-3]}
  - {name: pod-1, capacity_gib: 2048, hosts: [esx-1, esx-2, esx-3]}
  - {name: pod-2, capacity_gib: 1024, hosts: [esx-1, esx-2, esx-3]}
  - {name: still-1, capacity_gib: 1024, hosts: [esx-1, esx-2, esx-3]}
  - {name: still-2, capacity_gib: 2048, hosts: [esx-1, esx-2, esx-3]}
  - {name: lonely, capacity_gib: 1024, hosts: [esx-3]}
  - {name: far-store, capacity_gib: 4096, hosts: [esx-9]}
datastore_clusters:
  - {name: pod, datastores: [pod-1, pod-2]}
  - {name: still, datastores: [still-1, still-2], sdrs: false}
storage_policies:
  - {name: Gold storage, datastores: [fast]}
networks:
  - {name: lan}
  - {name: dmz}
  - {name: old, kind: standard}
  - {name: segment, kind: nsx}
  - {name: far-net, kind: standard, hosts: [esx-9]}
vms:
  - {name: whole, host: esx-1, datastore: slow, networks: [lan]}
  - {name: split, host: esx-1, datastore: slow, networks: [lan], disks: [{gib: 4}, {gib: 8}, {gib: 2}]}
  - name: half
    host: esx-1
    datastore: slow
    networks: [lan]
    disks: [{gib: 4, datastore: fast}, {gib: 8, datastore: fast}, {gib: 2}]
  - {name: shaped, host: esx-1, datastore: slow, networks: [lan], disks: [{gib: 4}, {gib: 8, format: thick}]}
  - {name: ruled, host: esx-1, datastore: slow, networks: [lan], disks: [{gib: 4}]}
  - {name: placed, host: esx-1, datastore: slow, networks: [lan], folder: Web}
  - {name: wired, host: esx-1, datastore: slow, networks: [lan, lan, old]}
  - {name: podded, host: esx-1, datastore: slow, networks: [lan], disks: [{gib: 4}, {gib: 8}]}
  - {name: stilled, host: esx-1, datastore: slow, networks: [lan], disks: [{gib: 4}, {gib: 8}]}
  - {name: mapped, host: esx-1, datastore: slow, networks: [lan], disks: [{gib: 4}], devices: [rdm-physical]}
  - {name: large, host: esx-1, datastore: slow, networks: [lan], disks: [{gib: 400, format: thick}]}
  - {name: quick, host: esx-1, datastore: slow, networks: [lan]}
  - {name: secret, host: esx-1, datastore: slow, networks: [lan]}
  - {name: cold, host: esx-1, datastore: slow, networks: [lan], power: "off"}
  - {name: asleep, host: esx-1, datastore: slow, networks: [lan], power: suspended}
  - {name: golden, host: esx-1, datastore: slow, networks: [lan], power: "off", template: true}
  - {name: traveller, host: esx-1, datastore: slow, networks: [lan]}
"""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A virtual machine as plain pyVmomi sees it.

    Args:
        disks: datastore, format and path of each disk by its label.
        nics: network and connection of each adapter by its label.
        policies: storage policies, the home's under an empty label.
    """

    host: str
    power: str
    pool: str
    folder: str
    config: str
    disks: dict[str, tuple[str, str, str]]
    nics: dict[str, tuple[str, bool]]
    datastores: set[str]

    @property
    def stores(self) -> list[str]:
        """Where the configuration and each disk are."""
        return [self.config, *(disk[0] for disk in self.disks.values())]


PATHS = (
    "runtime.host",
    "runtime.powerState",
    "resourcePool",
    "parent",
    "config.files.vmPathName",
    "config.hardware.device",
    "datastore",
)


def seen(observer: Observer, name: str) -> Seen:
    """What there is to see of a VM now; it is named by its name or by its inventory path."""
    vm = observer.properties(name, *PATHS)
    devices = vm["config.hardware.device"]
    return Seen(
        host=vm["runtime.host"].name,
        power=vm["runtime.powerState"],
        pool=vm["resourcePool"].name if "resourcePool" in vm else "",
        folder=vm["parent"].name,
        config=_store_of(vm["config.files.vmPathName"]),
        disks={
            one.deviceInfo.label: (one.backing.datastore.name, _format(one.backing), one.backing.fileName)
            for one in devices
            if isinstance(one, vim.vm.device.VirtualDisk)
        },
        nics={
            one.deviceInfo.label: (_network(observer, one.backing), one.connectable.connected)
            for one in devices
            if isinstance(one, vim.vm.device.VirtualEthernetCard)
        },
        datastores={store.name for store in vm["datastore"]},
    )


def _store_of(path: str) -> str:
    return path[1 : path.index("]")]


def _format(backing: Any) -> str:
    if isinstance(backing, vim.vm.device.VirtualDisk.RawDiskMappingVer1BackingInfo):
        return "mapping"
    if backing.thinProvisioned:
        return "thin"
    return "eager" if backing.eagerlyScrub else "thick"


def _network(observer: Observer, backing: Any) -> str:
    card = vim.vm.device.VirtualEthernetCard
    if isinstance(backing, card.DistributedVirtualPortBackingInfo):
        groups = observer.read(vim.dvs.DistributedVirtualPortgroup, "key")
        return next(name for name, group in groups.items() if group["key"] == backing.port.portgroupKey)
    if isinstance(backing, card.OpaqueNetworkBackingInfo):
        found = observer.read(vim.OpaqueNetwork, "summary")
        return next(name for name, one in found.items() if one["summary"].opaqueNetworkId == backing.opaqueNetworkId)
    return str(backing.deviceName)


def policies(site: SimulatedVCenter, observer: Observer, name: str) -> list[str]:
    """The policy of the VM's home and of each of its disks, by the policy service and plain pyVmomi."""
    cookie = observer.instance._stub.cookie.partition("=")[2].partition(";")[0].strip('"')
    stub = SoapStubAdapter(
        host=site.host,
        port=site.port,
        path="/pbm",
        version="pbm.version.version2",
        sslContext=ssl.create_default_context(cafile=str(site.ca_file)),
        requestContext={"vcSessionCookie": cookie},
    )
    manager = pbm.ServiceInstance("ServiceInstance", stub).PbmRetrieveServiceContent().profileManager
    vm = observer.vm(name)
    disks = [one for one in vm.config.hardware.device if isinstance(one, vim.vm.device.VirtualDisk)]
    entities = [pbm.ServerObjectRef(objectType="virtualMachine", key=vm._moId)]
    entities += [pbm.ServerObjectRef(objectType="virtualDiskId", key=f"{vm._moId}:{disk.key}") for disk in disks]
    found = [profile for entity in entities for profile in manager.PbmQueryAssociatedProfile(entity=entity)]
    names = [one.name for one in manager.PbmRetrieveContent(profileIds=found)]
    stub.DropConnections()
    return names


def relocations(site: SimulatedVCenter) -> int:
    """How often a relocation was asked for since the trace was cleared."""
    return sum(call["method"] in {"RelocateVM_Task", "MigrateVM_Task"} for call in site.control.trace())


def writes(site: SimulatedVCenter) -> set[str]:
    return {call["method"] for call in site.control.trace()} - READS


def migrate(run: Program, vm: str, *words: str) -> str:
    """Migrate and give the state of the VM's outcome."""
    done = run("migrate", vm, *words, "--yes", "-o", "json")
    assert done.exit_code == 0, done.text
    (outcome,) = done.json["outcomes"]
    return str(outcome["state"])


def migrate_twice(run: Program, site: SimulatedVCenter, vm: str, *words: str) -> None:
    """The first time it moves; the second time there is nothing to do, and no call changes anything."""
    assert migrate(run, vm, *words) == "moved"
    site.control.clear_trace()
    assert migrate(run, vm, *words) == "unchanged"
    assert writes(site) == set()


def make_vapp(observer: Observer, cluster: str, name: str) -> None:
    """A vApp in a cluster of DC0."""
    root = observer.read(vim.ClusterComputeResource, "resourcePool")[cluster]["resourcePool"]
    config = vim.ResourceConfigSpec(cpuAllocation=_allocation(), memoryAllocation=_allocation())
    folder = observer.read(vim.Datacenter, "vmFolder")["DC0"]["vmFolder"]
    root.CreateVApp(name=name, resSpec=config, configSpec=vim.vApp.VAppConfigSpec(), vmFolder=folder)


def _allocation() -> vim.ResourceAllocationInfo:
    shares = vim.SharesInfo(level="normal", shares=4000)
    return vim.ResourceAllocationInfo(reservation=0, expandableReservation=True, limit=-1, shares=shares)
