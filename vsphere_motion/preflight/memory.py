"""Whether the destination has room for the VM's memory.

Rules of this file: sizes are bytes. A message rounds what is needed up and what is free down to MiB, so that it never
says that 1024 MiB do not fit into 1024 MiB.
"""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import Vm
from vsphere_motion.preflight.check import Check, unread
from vsphere_motion.preflight.subject import Subject

ADMISSION = "memory.admission"
RESERVATION = "memory.reservation"
SIZE = "memory.size"

VM_MEMORY = "config.hardware.memoryMB"
VM_RESERVATION = "config.memoryAllocation.reservation"
VM_OVERHEAD = "runtime.memoryOverhead"
HOST_MEMORY = "summary.hardware.memorySize"
HOST_USED = "summary.quickStats.overallMemoryUsage"

MIB = 1024 * 1024


def check_admission(subject: Subject) -> Iterator[Finding]:
    """A running VM's configured memory against the destination's free memory.

    vCenter admits a VM by its reservation alone, and the host makes room by ballooning and swapping. This check asks
    for the whole configured size, which is what the guest may come to touch.
    """
    vm, host = subject.vm, subject.destination
    if not subject.is_live:
        return
    if vm.memory_bytes is None or host.memory_bytes is None or host.memory_used_bytes is None:
        readings = (vm, VM_MEMORY, vm.memory_bytes), (host, HOST_MEMORY, host.memory_bytes)
        yield from unread(ADMISSION, *readings, (host, HOST_USED, host.memory_used_bytes))
        return
    free_bytes = host.memory_bytes - host.memory_used_bytes
    if vm.memory_bytes > free_bytes:
        yield Finding(
            id=ADMISSION,
            severity=Severity.BLOCKER,
            subject=subject.named_vm,
            message=f"{vm.name} needs {_mib_up(vm.memory_bytes)} MiB, {host.name} has {free_bytes // MIB} MiB free",
            remedy=f"choose another host, or move other VMs off {host.name} first",
            evidence=(
                ("needed_bytes", vm.memory_bytes),
                ("free_bytes", free_bytes),
                ("host_memory_bytes", host.memory_bytes),
                ("host_memory_used_bytes", host.memory_used_bytes),
            ),
        )


def check_reservation(subject: Subject) -> Iterator[Finding]:
    """A running VM's memory reservation and overhead against what the destination has not reserved yet.

    The host's own memory is not known and not counted, so this finds a lack that is certain, not every lack.
    """
    vm, host = subject.vm, subject.destination
    if not subject.is_live:
        return
    needed_bytes = _reserved_bytes(vm)
    if needed_bytes is None or host.memory_bytes is None:
        yield from unread(RESERVATION, *_unread_reservation(vm), (host, HOST_MEMORY, host.memory_bytes))
        return
    neighbours = tuple(subject.neighbours())
    reserved_bytes = sum(_reserved_bytes(other) or 0 for other in neighbours)
    unreserved_bytes = host.memory_bytes - reserved_bytes
    if needed_bytes > unreserved_bytes:
        yield Finding(
            id=RESERVATION,
            severity=Severity.BLOCKER,
            subject=subject.named_vm,
            message=f"{vm.name} reserves {_mib_up(needed_bytes)} MiB with its overhead, "
            f"{host.name} has {unreserved_bytes // MIB} MiB unreserved",
            remedy=f"choose another host, or lower the memory reservation of {vm.name} or of VMs on {host.name}",
            evidence=(
                ("needed_bytes", needed_bytes),
                ("unreserved_bytes", unreserved_bytes),
                ("host_memory_bytes", host.memory_bytes),
                ("reserved_bytes", reserved_bytes),
            ),
        )
    elif needed_bytes:
        for other in neighbours:
            yield from unread(RESERVATION, *_unread_reservation(other))


def _mib_up(size_bytes: int) -> int:
    return -(-size_bytes // MIB)


def _reserved_bytes(vm: Vm) -> int | None:
    """Reservation and overhead; vCenter leaves the overhead unset where there is none, which is not unread."""
    if vm.memory_reservation_bytes is None or (vm.memory_overhead_bytes is None and VM_OVERHEAD in vm.unread):
        return None
    return vm.memory_reservation_bytes + (vm.memory_overhead_bytes or 0)


def _unread_reservation(vm: Vm) -> tuple[tuple[Vm, str, object], ...]:
    overhead = None if VM_OVERHEAD in vm.unread else 0
    return (vm, VM_RESERVATION, vm.memory_reservation_bytes), (vm, VM_OVERHEAD, overhead)


CHECKS = (
    Check(
        id=ADMISSION,
        severity=Severity.BLOCKER,
        title="room for the configured memory of a running VM",
        function=check_admission,
        reads=(VM_MEMORY, HOST_MEMORY, HOST_USED),
        source="stricter than vCenter: vSphere Resource Management 8.0, Memory Overcommitment",
    ),
    Check(
        id=RESERVATION,
        severity=Severity.BLOCKER,
        title="unreserved memory for the reservation and overhead of a running VM",
        function=check_reservation,
        reads=(VM_RESERVATION, VM_OVERHEAD, HOST_MEMORY),
        source="vSphere API 8.0: InsufficientHostMemoryCapacityFault, InsufficientMemoryResourcesFault",
    ),
    Check(
        id=SIZE,
        severity=Severity.BLOCKER,
        title="a memory size that the destination supports",
        source="vSphere API 8.0: MemorySizeNotSupported",
    ),
)
