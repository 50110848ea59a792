"""What pre-flight wants to know of a VM beyond its place: the paths, and what their being unset means.

Rules of this file: what was refused is None. What is unset has the meaning that the vSphere API 8.0 gives it: no key,
no affinity, no Fault Tolerance, the default of an older host.
"""

from __future__ import annotations

from typing import Any

from vsphere_motion.model.inventory import Feature
from vsphere_motion.vcenter.collector import Reading, plain

_MIB = 1024 * 1024

_UNSET: dict[str, tuple[str, Any]] = {
    "hardware_version": ("config.version", None),
    "cores_per_socket": ("config.hardware.numCoresPerSocket", 1),
    "consolidation_needed": ("runtime.consolidationNeeded", False),
    "failover_in_progress": ("runtime.vmFailoverInProgress", False),
    "console_count": ("runtime.numMksConnections", 0),
    "tools_installer_mounted": ("runtime.toolsInstallerMounted", False),
    "tools_running": ("guest.toolsRunningStatus", "guestToolsNotRunning"),
    "heartbeat": ("guestHeartbeatStatus", "gray"),
    "latency_sensitivity": ("config.latencySensitivity.level", "normal"),
    "app_notification": ("config.vmOpNotificationToAppEnabled", False),
    "app_notification_timeout_s": ("config.vmOpNotificationTimeout", 0),
    "ft_state": ("runtime.faultToleranceState", "notConfigured"),
    "managed_by": ("config.managedBy.extensionKey", ""),
    "migrate_encryption": ("config.migrateEncryption", "disabled"),
    "swap_placement": ("config.swapPlacement", "inherit"),
    "nested_hv": ("config.nestedHVEnabled", False),
    "cpu_counters": ("config.vPMCEnabled", False),
    "required_evc_mode": ("runtime.minRequiredEVCModeKey", None),
    "committed_bytes": ("summary.storage.committed", None),
    "uncommitted_bytes": ("summary.storage.uncommitted", None),
}
"""Field of `Vm`: its path, and what it is where the server leaves it unset."""

_SWAPPED = "summary.quickStats.swappedMemory"
_BALLOONED = "summary.quickStats.balloonedMemory"
_CPU_AFFINITY = "config.cpuAffinity"  # whole: the set by itself comes empty from govmomi's simulator
_MEMORY_AFFINITY = "config.memoryAffinity"
_FT_GROUP = "config.ftInfo"  # whole: the path into it is declared on a derived type alone
_KEY = "config.keyId"
_FEATURES = "runtime.featureRequirement"

VM_TRAIT_PATHS = (
    *(path for path, _ in _UNSET.values()),
    _SWAPPED,
    _BALLOONED,
    _CPU_AFFINITY,
    _MEMORY_AFFINITY,
    _FT_GROUP,
    _KEY,
    _FEATURES,
)


def vm_traits(one: Reading) -> dict[str, Any]:
    """The fields of `Vm` that this file reads."""
    fields = {name: plain(one.get(path, unset=unset)) for name, (path, unset) in _UNSET.items()}
    return fields | {
        "memory_swapped_bytes": _bytes(one, _SWAPPED),
        "memory_ballooned_bytes": _bytes(one, _BALLOONED),
        "has_affinity": _has_affinity(one),
        "ft_instance_uuids": _ft_group(one),
        "is_encrypted": None if _KEY in one.unread else one.get(_KEY) is not None,
        "features": features_of(one, _FEATURES),
    }


def features_of(one: Reading, path: str) -> tuple[Feature, ...] | None:
    """CPU features with their values; None if refused."""
    listed = one.get(path, unset=())
    return None if listed is None else tuple(Feature(key=each.key, value=each.value) for each in listed)


def snapshot_count(one: Reading) -> int | None:
    """The number of snapshots in the tree; None if refused."""
    if "snapshot.rootSnapshotList" in one.unread:
        return None
    waiting, count = list(one.get("snapshot.rootSnapshotList") or ()), 0
    while waiting:
        count += 1
        waiting += waiting.pop().childSnapshotList
    return count


def _bytes(one: Reading, path: str) -> int | None:
    mib = one.get(path, unset=0)
    return None if mib is None else mib * _MIB


def _has_affinity(one: Reading) -> bool | None:
    paths = (_CPU_AFFINITY, _MEMORY_AFFINITY)
    if any(info.affinitySet for path in paths if (info := one.get(path)) is not None):
        return True
    return None if any(path in one.unread for path in paths) else False


def _ft_group(one: Reading) -> tuple[str, ...] | None:
    if _FT_GROUP in one.unread:
        return None
    info = one.get(_FT_GROUP)
    return () if info is None else tuple(info.instanceUuids)
