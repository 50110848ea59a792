"""What a cluster wants of its virtual machines, and has for them: rules, overrides, room for failed hosts, pools."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from vsphere_motion.model.refs import MoRef


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
class DrsOverride:
    """What DRS does with one VM.

    Args:
        enabled: False: DRS leaves the VM alone.
        automation: its automation level; None if it follows the cluster.
    """

    vm: MoRef
    enabled: bool
    automation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HaAdmission:
    """How vSphere HA keeps room for failed hosts.

    Args:
        enabled: whether admission control is on.
        failover_hosts: hosts that are kept empty for it.
        cpu_percent, memory_percent: share of the cluster that is kept free; None under another policy.
        host_failures: number of failed hosts it keeps room for; None under another policy.
    """

    enabled: bool
    failover_hosts: tuple[MoRef, ...] = ()
    cpu_percent: int | None = None
    memory_percent: int | None = None
    host_failures: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A resource pool or vApp and the compute resource that owns it.

    Args:
        unreserved_bytes, unreserved_mhz: what it can still reserve for a VM, with what its parents lend it.
        path: inventory path such as `/DC0/host/cluster-a/Resources/gold`.
    """

    ref: MoRef
    name: str
    owner: MoRef | None = None
    parent: MoRef | None = None
    unreserved_bytes: int | None = None
    unreserved_mhz: int | None = None
    path: str | None = None
