"""The properties of each kind of object that a snapshot reads, by leaf path."""

from __future__ import annotations

from vsphere_motion.vcenter.clusters import POOL_PATHS
from vsphere_motion.vcenter.host_traits import HOST_TRAIT_PATHS
from vsphere_motion.vcenter.vm_traits import VM_TRAIT_PATHS

_COMPUTE = ("name", "host", "parent", "resourcePool")
_NETWORK = ("name", "host", "parent")
VM_ALWAYS_SET = (
    "config.hardware.device",
    "config.hardware.memoryMB",
    "config.hardware.numCPU",
    "config.template",
    "runtime.connectionState",
    "runtime.powerState",
)
"""Set on every VM whose configuration vCenter knows; where one is absent, nothing may be concluded from it."""

PATHS = {
    "VirtualMachine": (
        *VM_ALWAYS_SET,
        "runtime.host",
        "config.cpuAllocation.reservation",
        "config.files.vmPathName",
        "config.initialOverhead.initialMemoryReservation",
        "config.instanceUuid",
        "config.memoryAllocation.reservation",
        "config.uuid",
        "datastore",
        "disabledMethod",
        "name",
        "parent",
        "parentVApp",
        "recentTask",
        "resourcePool",
        "runtime.memoryOverhead",
        "runtime.question.text",
        "snapshot.rootSnapshotList",
        "summary.quickStats.guestMemoryUsage",
        "summary.quickStats.hostMemoryUsage",
        "summary.quickStats.overallCpuUsage",
        *VM_TRAIT_PATHS,
    ),
    "HostSystem": (
        "config.product.build",
        "config.product.version",
        "config.virtualNicManagerInfo.netConfig",
        "datastore",
        "name",
        "network",
        "parent",
        "runtime.connectionState",
        "runtime.inMaintenanceMode",
        "runtime.inQuarantineMode",
        "runtime.powerState",
        "summary.hardware.cpuMhz",
        "summary.hardware.memorySize",
        "summary.hardware.numCpuThreads",
        "summary.quickStats.overallCpuUsage",
        "summary.quickStats.overallMemoryUsage",
        "vm",
        *HOST_TRAIT_PATHS,
    ),
    # whole: vCenter 7 is reported to refuse a path into it with InvalidProperty (it is declared as the base type),
    # which vcsim accepts; UNVERIFIED here, and safe either way
    "ClusterComputeResource": (*_COMPUTE, "configurationEx"),
    "ComputeResource": _COMPUTE,
    "ResourcePool": POOL_PATHS,
    "VirtualApp": (*POOL_PATHS, "parentFolder"),
    "Folder": ("childType", "name", "parent"),
    # whole, for the same reason; a kind of folder
    "StoragePod": ("name", "parent", "podStorageDrsEntry"),
    "Datacenter": ("name", "parent"),
    "Datastore": (
        "host",
        "info.maxFileSize",
        "info.maxMemoryFileSize",
        "info.maxVirtualDiskCapacity",
        "name",
        "parent",
        "summary.accessible",
        "summary.capacity",
        "summary.freeSpace",
        "summary.maintenanceMode",
        "summary.type",
    ),
    "Network": _NETWORK,
    "DistributedVirtualPortgroup": (*_NETWORK, "key", "config.distributedVirtualSwitch", "config.uplink"),
    "OpaqueNetwork": (*_NETWORK, "summary"),  # whole, for the same reason
    "DistributedVirtualSwitch": ("name", "uuid"),
}
