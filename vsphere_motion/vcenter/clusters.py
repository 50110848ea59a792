"""A cluster or a standalone compute resource, with the configuration of DRS, vSphere HA and vSAN, and its pools."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from vsphere_motion.model.inventory import Cluster, HaAdmission, Pool
from vsphere_motion.vcenter.collector import Reading, plain, refs_of
from vsphere_motion.vcenter.drs_rules import drs_overrides_from, drs_rules_from

_policies = vim.cluster
_UNRESERVED_MEMORY = "runtime.memory.unreservedForVm"  # bytes, unlike the pool's configuration
_UNRESERVED_CPU = "runtime.cpu.unreservedForVm"

POOL_PATHS = ("name", "owner", "parent", _UNRESERVED_CPU, _UNRESERVED_MEMORY)

MAX_FT_VMS, MAX_FT_VCPUS = 4, 8
"""Fault tolerant VMs on a host and their vCPUs, where no option says otherwise (vSphere Availability 8.0)."""


def cluster_from(one: Reading, name: str) -> Cluster:
    """The cluster; a standalone host's compute resource has no configuration of this kind."""
    config = one.get("configurationEx")
    return Cluster(
        ref=one.ref,
        name=name,
        is_cluster=one.ref.kind != "ComputeResource",
        root_pool=one.ref_at("resourcePool"),
        hosts=one.refs("host"),
        **({} if config is None else _traits(config)),
    )


def pool_from(one: Reading, name: str, path: str | None = None) -> Pool:
    """The resource pool or vApp, with what it has left for another VM."""
    return Pool(
        ref=one.ref,
        name=name,
        owner=one.ref_at("owner"),
        parent=one.ref_at("parent"),
        unreserved_bytes=one.get(_UNRESERVED_MEMORY),
        unreserved_mhz=one.get(_UNRESERVED_CPU),
        path=path,
    )


def _traits(config: Any) -> dict[str, Any]:
    return {
        "drs_enabled": bool(config.drsConfig.enabled),
        "drs_automation": plain(config.drsConfig.defaultVmBehavior),
        "ha_enabled": bool(config.dasConfig.enabled),
        "rules": drs_rules_from(config.rule, config.group),
        "drs_overrides": drs_overrides_from(config.drsVmConfig),
        "ha_admission": ha_admission_from(config.dasConfig),
        "swap_placement": plain(config.vmSwapPlacement),
        "vsan_enabled": is_vsan(config),
        "max_ft_vms": _option(config.dasConfig, "das.maxftvmsperhost", MAX_FT_VMS),
        "max_ft_vcpus": _option(config.dasConfig, "das.maxftvcpusperhost", MAX_FT_VCPUS),
    }


def _option(config: Any, key: str, default: int) -> int | None:
    """A number among the advanced options of vSphere HA; the last one counts, and None is one that is no number."""
    values = [str(one.value) for one in config.option or () if one.key.lower() == key]
    if not values:
        return default
    return int(values[-1]) if values[-1].isdecimal() else None


def ha_admission_from(config: Any) -> HaAdmission:
    """The admission control of vSphere HA."""
    policy = config.admissionControlPolicy
    is_share = isinstance(policy, _policies.FailoverResourcesAdmissionControlPolicy)
    is_level = isinstance(policy, _policies.FailoverLevelAdmissionControlPolicy)
    is_hosts = isinstance(policy, _policies.FailoverHostAdmissionControlPolicy)
    return HaAdmission(
        enabled=config.admissionControlEnabled is not False,
        failover_hosts=refs_of(policy.failoverHosts) if is_hosts else (),
        cpu_percent=policy.cpuFailoverResourcesPercent if is_share else None,
        memory_percent=policy.memoryFailoverResourcesPercent if is_share else None,
        host_failures=policy.failoverLevel if is_level else None,
    )


def is_vsan(config: Any) -> bool:
    """Whether the hosts of the cluster form a vSAN cluster."""
    return config.vsanConfigInfo is not None and bool(config.vsanConfigInfo.enabled)
