"""Whether the resource pool in another cluster can give a running VM what it reserves.

Rules of this file: vCenter itself says what a pool has left, with what an expandable pool may borrow from its parents.
A VM that stays in its pool has been given what it reserves by it, and nothing is asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import Pool
from vsphere_motion.model.move import Change
from vsphere_motion.model.refs import NamedRef
from vsphere_motion.preflight.check import About, Check
from vsphere_motion.preflight.cpu import VM_RESERVATION as VM_CPU
from vsphere_motion.preflight.cpu import reserves
from vsphere_motion.preflight.memory import MIB, VM_OVERHEAD, mib_up, reservation_bytes, unread_reservation
from vsphere_motion.preflight.memory import VM_RESERVATION as VM_MEMORY
from vsphere_motion.preflight.subject import Subject

CLUSTER_POOL = "resourcePool"
POOL_MEMORY = "runtime.memory.unreservedForVm"
POOL_CPU = "runtime.cpu.unreservedForVm"


def check_memory(subject: Subject) -> Iterator[Finding]:
    """The VM's memory reservation and overhead against what the pool has left."""
    if not _comes_into_pool(subject):
        return
    vm, pool = subject.vm, _pool(subject)
    needed_bytes = reservation_bytes(vm)
    if needed_bytes is None or pool is None or pool.unreserved_bytes is None:
        yield from MEMORY.unread(*unread_reservation(vm))
        yield from _unread_pool(MEMORY, subject, POOL_MEMORY, pool.unreserved_bytes if pool else None)
    elif needed_bytes > pool.unreserved_bytes:
        yield MEMORY.found(
            NamedRef(ref=pool.ref, name=pool.name),
            f"{vm.name} reserves {mib_up(needed_bytes)} MiB with its overhead, "
            f"resource pool {pool.name} has {pool.unreserved_bytes // MIB} MiB left",
            needed_bytes=needed_bytes,
            unreserved_bytes=pool.unreserved_bytes,
        )


def check_cpu(subject: Subject) -> Iterator[Finding]:
    """The VM's CPU reservation against what the pool has left."""
    vm = subject.vm
    if not reserves(subject.of_vm) or not _comes_into_pool(subject):
        return
    pool = _pool(subject)
    if vm.cpu_reservation_mhz is None or pool is None or pool.unreserved_mhz is None:
        yield from CPU.unread((vm, VM_CPU, vm.cpu_reservation_mhz))
        yield from _unread_pool(CPU, subject, POOL_CPU, pool.unreserved_mhz if pool else None)
    elif vm.cpu_reservation_mhz > pool.unreserved_mhz:
        yield CPU.found(
            NamedRef(ref=pool.ref, name=pool.name),
            f"{vm.name} reserves {vm.cpu_reservation_mhz} MHz, "
            f"resource pool {pool.name} has {pool.unreserved_mhz} MHz left",
            needed_mhz=vm.cpu_reservation_mhz,
            unreserved_mhz=pool.unreserved_mhz,
        )


def _comes_into_pool(subject: Subject) -> bool:
    """Whether a running VM comes into the pool from another one; a compute resource that was not read is another."""
    source, there = subject.source, subject.destination.compute_resource
    is_other = source is not None and (there is None or source.compute_resource != there)
    return subject.is_live and (is_other or (Change.POOL in subject.changes and subject.vm.pool is not None))


def _pool(subject: Subject) -> Pool | None:
    return subject.inventory.find_pool(subject.pool.ref) if subject.pool else None


def _unread_pool(check: Check, subject: Subject, path: str, left: int | None) -> Iterator[Finding]:
    if subject.pool is None:
        yield check.unknown(subject.destination.named, CLUSTER_POOL)
    elif left is None:
        yield check.unknown(subject.pool, path)


MEMORY = Check(
    id="pool.memory",
    severity=Severity.BLOCKER,
    title="unreserved memory in the resource pool of another cluster",
    about=About.POOL,
    on_pair=check_memory,
    on_stay=True,
    concerns=lambda subject: subject.is_live,
    reads=(VM_MEMORY, VM_OVERHEAD, CLUSTER_POOL, POOL_MEMORY),
    source="vSphere API 8.0: InsufficientMemoryResourcesFault, ResourcePoolResourceUsage.unreservedForVm",
    remedy="lower the VM's memory reservation, or that of pools and VMs in the destination's cluster",
)
CPU = Check(
    id="pool.cpu",
    severity=Severity.BLOCKER,
    title="unreserved processor time in the resource pool of another cluster",
    about=About.POOL,
    on_pair=check_cpu,
    on_stay=True,
    concerns=reserves,
    reads=(VM_CPU, CLUSTER_POOL, POOL_CPU),
    source="vSphere API 8.0: InsufficientCpuResourcesFault, ResourcePoolResourceUsage.unreservedForVm",
    remedy="lower the VM's CPU reservation, or that of pools and VMs in the destination's cluster",
)

CHECKS = (MEMORY, CPU)
