"""What pre-flight wants to know of a host beyond its state: the paths, and what their being unset means.

Rules of this file: what was refused is None, and so is what a host without a connection does not show. On a connected
host an unset capability is one that its release does not have.
"""

from __future__ import annotations

from typing import Any

from vsphere_motion.model.inventory import Feature
from vsphere_motion.vcenter.collector import Reading, plain
from vsphere_motion.vcenter.host_networks import HostNetworks, switches_from
from vsphere_motion.vcenter.vm_traits import features_of

_MIB = 1024 * 1024

_UNSET: dict[str, tuple[str, Any]] = {
    "cpu_cores": ("summary.hardware.numCpuCores", None),
    "cpu_packages": ("summary.hardware.numCpuPkgs", None),
    "evc_mode": ("summary.currentEVCModeKey", None),
    "max_evc_mode": ("summary.maxEVCModeKey", None),
    "crypto_state": ("runtime.cryptoState", "incapable"),
    "reboot_required": ("summary.rebootRequired", False),
    "vmotion_supported": ("capability.vmotionSupported", False),
    "encrypted_vmotion_supported": ("capability.encryptedVMotionSupported", False),
    "unshared_swap_supported": ("capability.unsharedSwapVMotionSupported", False),
    "per_vm_swap_supported": ("capability.perVmSwapFiles", False),
    "storage_vmotion_supported": ("capability.storageVMotionSupported", False),
    "full_storage_vmotion_supported": ("capability.vmotionWithStorageVMotionSupported", False),
    "delta_disks_supported": ("capability.deltaDiskBackingsSupported", False),
    "snapshot_relayout_supported": ("capability.snapshotRelayoutSupported", False),
    "nested_hv_supported": ("capability.nestedHVSupported", False),
    "cpu_counters_supported": ("capability.vPMCSupported", False),
    "max_vm_cpus": ("capability.maxSupportedVcpus", 0),
    "max_running_vcpus": ("capability.maxHostSupportedVcpus", 0),
    "network_change_supported": ("capability.vmotionAcrossNetworkSupported", None),  # not said is not "no" (API 5.5)
    "suspended_relocate_supported": ("capability.suspendedRelocateSupported", False),
}
"""Field of `Host`: its path, and what it is where a connected host leaves it unset."""

_VM_MEMORY = "capability.maxSupportedVmMemory"
_VENDOR = "hardware.cpuPkg"
_FEATURES = "config.featureCapability"
_SWAP = "config.localSwapDatastore"
_VGPUS = "config.sharedPassthruGpuTypes"
PNIC = "config.network.pnic"
PORTGROUP = "config.network.portgroup"
PROXY = "config.network.proxySwitch"
SWITCH = "config.network.vswitch"
LUNS = "config.storageDevice.scsiLun"
"""Large, and read only where a VM has a raw device mapping."""

HOST_TRAIT_PATHS = (
    *(path for path, _ in _UNSET.values()),
    _VM_MEMORY,
    _VENDOR,
    _FEATURES,
    _SWAP,
    _VGPUS,
    PNIC,
    PORTGROUP,
    PROXY,
    SWITCH,
    "recentTask",
)


def host_traits(one: Reading, networks: HostNetworks | None, *, is_connected: bool) -> dict[str, Any]:
    """The fields of `Host` that this file reads."""

    def read(path: str, unset: Any) -> Any:
        return plain(one.get(path, unset=unset if is_connected else None))

    memory_mib = read(_VM_MEMORY, 0)
    return {name: read(path, unset) for name, (path, unset) in _UNSET.items()} | {
        "max_vm_memory_bytes": None if memory_mib is None else memory_mib * _MIB,
        "cpu_vendor": _vendor(one),
        "features": _features(one),
        "local_swap_datastore": one.ref_at(_SWAP),
        "vgpu_profiles": _texts(read(_VGPUS, ())),
        "portgroups": None if networks is None else networks.portgroups,
        "switches": switches_from(read(PROXY, ())),
        "unread": tuple(sorted(one.unread)),
    }


def luns_of(one: Reading | None) -> tuple[str, ...] | None:
    """The LUNs a host sees; None if they were refused or not asked for."""
    luns = one.get(LUNS) if one is not None else None
    return None if luns is None else tuple(str(lun.uuid) for lun in luns)


def networks_of(one: Reading) -> HostNetworks | None:
    """The switches of a host; None if a part of them was not read."""
    parts = [one.get(path) for path in (PNIC, PORTGROUP, SWITCH)]
    if None in parts:
        return None
    pnics, portgroups, switches = parts
    return HostNetworks.of(pnics, portgroups, switches, one.get(PROXY, unset=()) or ())


def _vendor(one: Reading) -> str | None:
    packages = one.get(_VENDOR) or ()
    return str(packages[0].vendor) if packages else None


def _features(one: Reading) -> tuple[Feature, ...] | None:
    """Every host has some; an empty list is one that the server did not fill."""
    return features_of(one, _FEATURES) or None


def _texts(values: Any) -> tuple[str, ...] | None:
    return None if values is None else tuple(map(str, values))
