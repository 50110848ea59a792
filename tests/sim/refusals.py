"""Situations in which the simulator refuses a move, or in which a move that it makes would go wrong on real hosts."""

from __future__ import annotations

from typing import Any

from tests.sim.situations import VNIC, Situation
from vsphere_motion.model.move import DiskFormat

OWN_STORE = {"datastores": [{"name": "@-store"}]}
STORE_OF_ONE = {"datastores": [{"name": "@-store", "hosts": ["@-1"]}]}
ON_STANDARD = {"networks": ["VM Network"]}
VSWITCH = "config.network.vswitch[0]"
GPU = "config.hardware.device[13000].backing"
PROFILE = {"vgpus": ["grid_a40-8q"]}
IPV6 = {"ipV6Address": [{"ipAddress": "fd00::2", "prefixLength": 64}]}
NIC = "config.hardware.device[4000]"
LEGACY = {"_typeName": "VirtualEthernetCardLegacyNetworkBackingInfo", "deviceName": "VM Network"}
POLICY = "config.network.portgroup[0].computedPolicy"
ALLOWED = {"macChanges": True, "forgedTransmits": True}
ON_DISTRIBUTED: dict[str, Any] = {"vm": {"networks": ["@-net"]}, "site": {"networks": [{"name": "@-net"}]}}
POWER_OFF = {"power": "off"}


def on_switch(here: dict[str, Any], there: dict[str, Any], **nic: Any) -> dict[str, Any]:
    """A VM on a distributed switch, of which each host has its part."""
    usual = {"dvsUuid": "@dvs", "dvsName": "dvs", "key": "key", "numPorts": 8, "numPortsAvailable": 1, "spec": {}}
    card = {f"{NIC}.backing.port.switchUuid": "@dvs"}
    parts = {"@-1": usual | here, "@-2": usual | there}
    plant = {host: {"config.network.proxySwitch": [part]} for host, part in parts.items()}
    return {**ON_DISTRIBUTED, "plant": {"@-vm": card | nic, **plant}}


RESERVED = {f"{NIC}.resourceAllocation": {"reservation": 100, "share": {"level": "normal", "shares": 50}, "limit": -1}}


def rule(kind: str, **more: Any) -> dict[str, Any]:
    return {"cluster": "@", "name": "@-rule", "kind": kind, **more}


def mount(host: str, **values: Any) -> dict[str, Any]:
    return {f"host[{host}].mountInfo.{name}": value for name, value in values.items()}


SITUATIONS: dict[str, Situation] = {
    # the VM
    "method disabled": Situation(vm={"disabled_methods": ["RelocateVM_Task"]}),
    "VM not connected": Situation(plant={"@-vm": {"runtime.connectionState": "inaccessible"}}),
    "question pending": Situation(vm={"question": "I have moved or copied it?"}),
    "migration disabled": Situation(vm={"migration_disabled": True}),
    "not ready": Situation(vm={"not_ready": "resuming"}),
    "tools installer": Situation(vm={"tools_mounted": True}),
    "CPU affinity": Situation(vm={"affinity": {"cpu": [0]}}),
    "memory affinity": Situation(vm={"affinity": {"memory": [0]}}),
    "encrypted": Situation(vm={"encrypted": True}, plant={"@-2": {"runtime.cryptoState": "incapable"}}),
    "hardware version": Situation(vm={"hardware_version": 20}, there={"esxi": "6.5"}),
    # the hosts
    "source disconnected": Situation(here={"connection": "disconnected"}),
    "destination disconnected": Situation(there={"connection": "disconnected"}),
    "destination not responding": Situation(there={"connection": "notResponding"}),
    "maintenance mode": Situation(there={"maintenance": True}),
    "standby": Situation(plant={"@-2": {"runtime.powerState": "standBy"}}),
    "failover host": Situation(cluster={"ha": {"enabled": True}}, there={"failover_host": True}),
    "agent VMs": Situation(there={"agent_vms": {"required": 2, "deployed": 1}}),
    "suspended": Situation(vm={"power": "suspended"}, there={"lacks": ["suspended-relocate"]}),
    "no vMotion": Situation(there={"lacks": ["vmotion"]}),
    "no vMotion at the source": Situation(here={"lacks": ["vmotion"]}),
    "no licence": Situation(there={"licensed": False}),
    "no vmknic": Situation(there={"vmotion": None}),
    "no vmknic at the source": Situation(here={"vmotion": None}),
    "TCP/IP stacks": Situation(there={"vmotion": {"stack": "vmotion"}}),
    "link down": Situation(there={"vmotion": {"link_down": True}}),
    "vMotion protocol": Situation(here={"vmotion": {"protocol": 2}}),
    # CPU and memory
    "too few threads": Situation(vm={"cpus": 65}, there={"cores": 8}),
    "too many vCPUs": Situation(vm={"cpus": 4}, plant={"@-2": {"capability.maxSupportedVcpus": 2}}),
    "vCPUs of the host": Situation(vm={"cpus": 4}, plant={"@-2": {"capability.maxHostSupportedVcpus": 2}}),
    "cores a socket": Situation(vm={"cpus": 8, "cores_per_socket": 8}, there={"max_cores_per_socket": 4}),
    "memory size": Situation(vm={"memory_gib": 64}, plant={"@-2": {"capability.maxSupportedVmMemory": 1024}}),
    "CPU features": Situation(vm={"features": ["cpuid.SGX"]}, here={"features": ["cpuid.SGX"]}),
    "EVC mode": Situation(there={"evc": "intel-haswell"}),
    "CPU vendor": Situation(there={"evc": "amd-zen2"}),
    "memory reservation": Situation(
        vm={"memory_gib": 64, "reservation": {"memory_mib": 60 * 1024}}, there={"memory_gib": 32}
    ),
    "CPU reservation": Situation(vm={"cpus": 8, "reservation": {"cpu_mhz": 20000}}, there={"cores": 4}),
    "CPU reservation a vCPU": Situation(vm={"cpus": 2, "reservation": {"cpu_mhz": 5000}}, there={"cpu_mhz": 2000}),
    # the cluster
    "memory of the pool": Situation(
        vm={"memory_gib": 64, "reservation": {"memory_mib": 60 * 1024}},
        elsewhere=True,
        there={"memory_gib": 64},
        other={"pools": [{"name": "@-pool", "memory_mib": 20 * 1024}]},
    ),
    "CPU of the pool": Situation(
        vm={"reservation": {"cpu_mhz": 4000}},
        elsewhere=True,
        there={"cores": 4},
        other={"pools": [{"name": "@-pool", "cpu_mhz": 8000}]},
    ),
    "HA reserve": Situation(
        vm={"memory_gib": 64, "reservation": {"memory_mib": 60 * 1024}},
        there={"memory_gib": 128},
        elsewhere=True,
        other={"ha": {"enabled": True, "memory_percent": 60}},
    ),
    "must rule": Situation(site={"rules": [rule("vm-host-must", vms=["@-vm"], hosts=["@-1"])]}),
    "mandatory anti-affinity": Situation(
        site={
            "vms": [{"name": "@-there", "host": "@-2"}],
            "rules": [rule("anti-affinity", vms=["@-vm", "@-there"])],
        },
        plant={"@": {"configurationEx.rule[0].mandatory": True}},
    ),
    "mandatory affinity": Situation(
        site={"vms": [{"name": "@-here", "host": "@-1"}], "rules": [rule("affinity", vms=["@-vm", "@-here"])]},
        plant={"@": {"configurationEx.rule[0].mandatory": True}},
    ),
    "fault tolerance partner": Situation(
        vm={"ft": "@-pair"}, site={"vms": [{"name": "@-second", "host": "@-2", "ft": "@-pair"}]}
    ),
    "fault tolerance build": Situation(
        vm={"ft": "@-pair"},
        there={"esxi": "7.0"},
        site={"vms": [{"name": "@-second", "host": "@-1", "ft": "@-pair"}]},
    ),
    "fault tolerance multi-writer": Situation(
        vm={"ft": "@-pair", "devices": ["multi-writer"]},
        site={"vms": [{"name": "@-second", "host": "@-1", "ft": "@-pair"}]},
    ),
    "fault tolerance independent disk": Situation(
        vm={"ft": "@-pair", "devices": ["independent"]},
        site={"vms": [{"name": "@-second", "host": "@-1", "ft": "@-pair"}]},
    ),
    "fault tolerant VMs on the host": Situation(
        vm={"ft": "@-pair"}, site={"vms": [{"name": f"@-{n}th", "host": "@-2", "ft": f"@-{n}"} for n in range(4)]}
    ),
    "fault tolerant vCPUs on the host": Situation(
        vm={"ft": "@-pair"}, site={"vms": [{"name": "@-wide", "host": "@-2", "ft": "@-other", "cpus": 8}]}
    ),
    # devices
    "host CD-ROM": Situation(vm={"cdrom": {"kind": "host", "connected": True}}),
    "client CD-ROM": Situation(vm={"cdrom": {"kind": "client", "connected": True}}),
    "CD-ROM image": Situation(
        vm={"cdrom": {"kind": "iso", "path": "[@-store] a.iso", "connected": True}}, site=STORE_OF_ONE
    ),
    "host floppy": Situation(vm={"floppy": {"kind": "host", "connected": True}}),
    "client floppy": Situation(vm={"floppy": {"kind": "client", "connected": True}}),
    "floppy image": Situation(
        vm={"floppy": {"kind": "image", "path": "[@-store] a.flp", "connected": True}}, site=STORE_OF_ONE
    ),
    **{
        word: Situation(vm={"devices": [word]})
        for word in (
            "serial-file",
            "serial-host",
            "parallel-host",
            "usb",
            "passthrough",
            "sriov",
            "shared-bus",
            "raw-disk",
            "rdm-invisible",
            "undoable",
        )
    },
    "vGPU that cannot migrate": Situation(
        vm={"devices": ["vgpu"]}, there=PROFILE, plant={"@-vm": {f"{GPU}.migrateSupported": False}}
    ),
    "vGPU that does not say": Situation(vm={"devices": ["vgpu"]}, there=PROFILE),
    "vGPU of another profile": Situation(vm={"devices": ["vgpu-migratable"]}),
    "video memory": Situation(there={"max_video_ram_mib": 1}),
    # storage
    "datastore not mounted": Situation(vm={"datastore": "@-store"}, site=STORE_OF_ONE),
    "datastore not accessible": Situation(
        vm={"datastore": "@-store"}, site=OWN_STORE, plant={"@-store": mount("@-2", accessible=False)}
    ),
    "datastore read-only": Situation(
        vm={"datastore": "@-store"}, site=OWN_STORE, plant={"@-store": mount("@-2", accessMode="readOnly")}
    ),
    "datastore in maintenance": Situation(
        vm={"datastore": "@-store"}, site=OWN_STORE, plant={"@-store": {"summary.maintenanceMode": "inMaintenance"}}
    ),
    "swap placement": Situation(
        there={"lacks": ["per-vm-swap"]}, plant={"@-vm": {"config.swapPlacement": "hostLocal"}}
    ),
    "unshared swap": Situation(
        there={"lacks": ["unshared-swap-vmotion"]}, plant={"@-vm": {"config.swapPlacement": "hostLocal"}}
    ),
    "no space for files": Situation(
        site=OWN_STORE, plant={"@-store": {"summary.freeSpace": 1}}, to_datastore="@-store"
    ),
    "files to a datastore not mounted": Situation(site=STORE_OF_ONE, to_datastore="@-store"),
    "files to a datastore in maintenance": Situation(
        site=OWN_STORE, plant={"@-store": {"summary.maintenanceMode": "inMaintenance"}}, to_datastore="@-store"
    ),
    "files and a nonpersistent disk": Situation(
        vm={"devices": ["nonpersistent"]}, site=OWN_STORE, to_datastore="@-store"
    ),
    "files and a multi-writer disk": Situation(
        vm={"devices": ["multi-writer"]}, site=OWN_STORE, to_datastore="@-store"
    ),
    "files and no Storage vMotion": Situation(
        there={"lacks": ["storage-vmotion"]}, site=OWN_STORE, to_datastore="@-store"
    ),
    "file too large": Situation(site=OWN_STORE, plant={"@-store": {"info.maxFileSize": 1}}, to_datastore="@-store"),
    "files to a read-only datastore": Situation(
        site=OWN_STORE, plant={"@-store": mount("@-2", accessMode="readOnly")}, to_datastore="@-store"
    ),
    "files and a source in maintenance": Situation(here={"maintenance": True}, site=OWN_STORE, to_datastore="@-store"),
    "files and no full Storage vMotion": Situation(
        there={"lacks": ["full-storage-vmotion"]}, site=OWN_STORE, to_datastore="@-store"
    ),
    "files with snapshots": Situation(
        vm={"snapshots": 1}, there={"lacks": ["delta-disks"]}, site=OWN_STORE, to_datastore="@-store"
    ),
    "files with snapshots to lay out": Situation(
        vm={"snapshots": 1}, there={"lacks": ["snapshot-relayout"]}, site=OWN_STORE, to_datastore="@-store"
    ),
    "files with snapshots to lay out, off": Situation(
        vm={"snapshots": 1, **POWER_OFF}, there={"lacks": ["snapshot-relayout"]}, site=OWN_STORE, to_datastore="@-store"
    ),
    "files with native snapshots": Situation(
        site=OWN_STORE,
        plant={"@-vm": {"config.hardware.device[2000].backing.deltaDiskFormat": "nativeFormat"}},
        to_datastore="@-store",
    ),
    "files and a raw device to NFS": Situation(
        vm={"devices": ["rdm-virtual"]},
        site=OWN_STORE,
        plant={"@-store": {"summary.type": "NFS"}},
        to_datastore="@-store",
    ),
    "swap file too large": Situation(
        site=OWN_STORE, plant={"@-store": {"info.maxMemoryFileSize": 2**20}}, to_datastore="@-store"
    ),
    # files alone: the VM stays on its host
    "no space, on its host": Situation(
        site=OWN_STORE, plant={"@-store": {"summary.freeSpace": 1}}, to_datastore="@-store", stays=True
    ),
    "no space for a thick disk": Situation(
        site=OWN_STORE,
        plant={"@-store": {"summary.freeSpace": 20 * 2**30}},
        to_datastore="@-store",
        form=DiskFormat.THICK,
        stays=True,
    ),
    "file too large, on its host": Situation(
        site=OWN_STORE, plant={"@-store": {"info.maxFileSize": 1}}, to_datastore="@-store", stays=True
    ),
    "no Storage vMotion, on its host": Situation(
        here={"lacks": ["storage-vmotion"]}, site=OWN_STORE, to_datastore="@-store", stays=True
    ),
    "nonpersistent disk, on its host": Situation(
        vm={"devices": ["nonpersistent"]}, site=OWN_STORE, to_datastore="@-store", stays=True
    ),
    "host in maintenance, on its host": Situation(
        here={"maintenance": True}, site=OWN_STORE, to_datastore="@-store", stays=True
    ),
    "datastore of another host": Situation(
        site={"datastores": [{"name": "@-store", "hosts": ["@-2"]}]}, to_datastore="@-store", stays=True
    ),
    "snapshots, on its host": Situation(
        vm={"snapshots": 1}, here={"lacks": ["snapshot-relayout"]}, site=OWN_STORE, to_datastore="@-store", stays=True
    ),
    # single disks
    "single disk and no move of single disks": Situation(
        here={"lacks": ["independent-disk-vmotion"]}, site=OWN_STORE, disk="1=@-store", stays=True
    ),
    "mapping and no move away from its home": Situation(
        vm={"devices": ["rdm-virtual"]},
        here={"lacks": ["non-home-rdm-vmotion"]},
        site=OWN_STORE,
        disk="2=@-store",
        stays=True,
    ),
    "snapshots of a disk outside of the home": Situation(
        vm={"snapshots": 1, "disks": [{"gib": 1}, {"gib": 1, "datastore": "@-store"}]},
        here={"lacks": ["snapshot-relayout"]},
        site=OWN_STORE,
        disk="2=shared",
        stays=True,
    ),
    "snapshots of a disk that leaves the home": Situation(
        vm={"snapshots": 1}, here={"lacks": ["snapshot-relayout"]}, site=OWN_STORE, disk="1=@-store", stays=True
    ),
    "configuration not mounted": Situation(
        vm={"datastore": "@-store", "disks": [{"gib": 1, "datastore": "shared"}]}, site=STORE_OF_ONE
    ),
    # networks
    "other network and no change of networks": Situation(
        here={"lacks": ["vmotion-across-network"]},
        site={"networks": [{"name": "@-net"}]},
        network="VM Network=@-net",
        stays=True,
    ),
    "other network missing": Situation(
        site={"networks": [{"name": "@-net", "hosts": ["@-1"]}]}, network="VM Network=@-net"
    ),
    "other network missing, on its host": Situation(
        site={"networks": [{"name": "@-net", "hosts": ["@-2"]}]}, network="VM Network=@-net", stays=True
    ),
    "legacy network": Situation(plant={"@-vm": {f"{NIC}.backing": LEGACY}}),
    "temporary port": Situation(**ON_DISTRIBUTED, plant={"@-vm": {f"{NIC}.backing.port.portKey": "c-1"}}),
    "port group policy": Situation(
        vm=ON_STANDARD,
        plant={
            f"@-{number}": {f"{POLICY}.security": {**ALLOWED, "allowPromiscuous": number == 1}} for number in (1, 2)
        },
    ),
    "distributed network missing": Situation(
        vm={"networks": ["@-net"]}, site={"networks": [{"name": "@-net", "hosts": ["@-1"]}]}
    ),
    "standard network missing": Situation(
        vm={"networks": ["@-net"]}, site={"networks": [{"name": "@-net", "kind": "standard", "hosts": ["@-1"]}]}
    ),
    "switch full": Situation(vm=ON_STANDARD, plant={"@-2": {f"{VSWITCH}.numPortsAvailable": 0}}),
    "distributed switch full": Situation(**on_switch({}, {"numPortsAvailable": 0})),
    "no reservation on the switch": Situation(**on_switch({}, {"networkReservationSupported": False}, **RESERVED)),
    "data path mode of the switch": Situation(**on_switch({"ensEnabled": True}, {})),
    "virtual intranet": Situation(vm=ON_STANDARD, plant={"@-1": {f"{VSWITCH}.pnic": []}}),
    # what vCenter lets start
    "virtual intranet at the destination": Situation(vm=ON_STANDARD, plant={"@-2": {f"{VSWITCH}.pnic": []}}),
    "addresses of two families": Situation(plant={"@-2": {f"{VNIC}.ip": {"dhcp": False, "ipV6Config": IPV6}}}),
    "one address twice": Situation(
        here={"vmotion": {"address": "10.20.200.1/16"}}, plant={"@-2": {f"{VNIC}.ip.ipAddress": "10.20.200.1"}}
    ),
    "encrypted vMotion required": Situation(
        plant={
            "@-vm": {"config.migrateEncryption": "required"},
            "@-2": {"capability.encryptedVMotionSupported": False},
        }
    ),
    "virtual TPM": Situation(
        plant={
            "@-vm": {"config.hardware.device[3000]": {"_typeName": "VirtualTPM", "key": 11000}},
            "@-2": {"runtime.cryptoState": "incapable"},
        }
    ),
    "memory that is not reserved": Situation(vm={"memory_gib": 64}, there={"memory_gib": 32}),
}
"""Every situation, by the words that the reference has for it."""
