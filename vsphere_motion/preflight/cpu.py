"""Whether the destination has the processors that the VM needs."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.preflight.check import Check, unread
from vsphere_motion.preflight.subject import Subject

THREADS = "cpu.threads"
CAPACITY = "cpu.capacity"
RESERVATION = "cpu.reservation"
LOAD = "cpu.load"
FEATURES = "cpu.features"
AFFINITY = "cpu.affinity"

VM_CPUS = "config.hardware.numCPU"
VM_RESERVATION = "config.cpuAllocation.reservation"
HOST_THREADS = "summary.hardware.numCpuThreads"
HOST_MHZ = "summary.hardware.cpuMhz"
HOST_USED = "summary.quickStats.overallCpuUsage"

# UNVERIFIED: a rule of thumb. vMotion takes a reserved share of a core on both ends, and slows down where none is left.
BUSY_PERCENT = 90


def check_threads(subject: Subject) -> Iterator[Finding]:
    """The VM's vCPUs against the destination's logical processors; one that is off could not be started there."""
    vm, host = subject.vm, subject.destination
    if vm.cpu_count is None or host.cpu_threads is None:
        yield from unread(THREADS, (vm, VM_CPUS, vm.cpu_count), (host, HOST_THREADS, host.cpu_threads))
        return
    if vm.cpu_count > host.cpu_threads:
        yield Finding(
            id=THREADS,
            severity=Severity.BLOCKER if subject.is_live else Severity.WARNING,
            subject=subject.named_vm,
            message=f"{vm.name} has {vm.cpu_count} vCPUs, {host.name} has {host.cpu_threads} logical processors",
            remedy=f"choose a host with at least {vm.cpu_count} logical processors, or power {vm.name} off and "
            "give it fewer vCPUs",
            evidence=(("vcpus", vm.cpu_count), ("logical_processors", host.cpu_threads)),
        )


def check_capacity(subject: Subject) -> Iterator[Finding]:
    """A running VM's CPU reservation against what the destination does not use now.

    vCenter admits by reservations (`cpu.reservation`); a host that is short now takes the time from its other VMs.
    """
    vm, host = subject.vm, subject.destination
    if not subject.is_live or vm.cpu_reservation_mhz == 0:
        return
    if vm.cpu_reservation_mhz is None or host.cpu_mhz is None or host.cpu_used_mhz is None:
        readings = (vm, VM_RESERVATION, vm.cpu_reservation_mhz), (host, HOST_MHZ, host.cpu_mhz)
        yield from unread(CAPACITY, *readings, (host, HOST_USED, host.cpu_used_mhz))
        return
    free_mhz = host.cpu_mhz - host.cpu_used_mhz
    if vm.cpu_reservation_mhz > free_mhz:
        yield Finding(
            id=CAPACITY,
            severity=Severity.BLOCKER,
            subject=subject.named_vm,
            message=f"{vm.name} reserves {vm.cpu_reservation_mhz} MHz, {host.name} has {free_mhz} MHz free",
            remedy=f"choose another host, or move other VMs off {host.name} first",
            evidence=(
                ("needed_mhz", vm.cpu_reservation_mhz),
                ("free_mhz", free_mhz),
                ("host_mhz", host.cpu_mhz),
                ("host_used_mhz", host.cpu_used_mhz),
            ),
        )


def check_reservation(subject: Subject) -> Iterator[Finding]:
    """A running VM's CPU reservation against what the destination has not reserved for its other VMs."""
    vm, host = subject.vm, subject.destination
    if not subject.is_live or vm.cpu_reservation_mhz == 0:
        return
    if vm.cpu_reservation_mhz is None or host.cpu_mhz is None:
        yield from unread(RESERVATION, (vm, VM_RESERVATION, vm.cpu_reservation_mhz), (host, HOST_MHZ, host.cpu_mhz))
        return
    neighbours = tuple(subject.neighbours())
    reserved_mhz = sum(other.cpu_reservation_mhz or 0 for other in neighbours)
    unreserved_mhz = host.cpu_mhz - reserved_mhz
    if vm.cpu_reservation_mhz > unreserved_mhz:
        yield Finding(
            id=RESERVATION,
            severity=Severity.BLOCKER,
            subject=subject.named_vm,
            message=f"{vm.name} reserves {vm.cpu_reservation_mhz} MHz, {host.name} has {unreserved_mhz} MHz unreserved",
            remedy=f"choose another host, or lower the CPU reservation of {vm.name} or of VMs on {host.name}",
            evidence=(
                ("needed_mhz", vm.cpu_reservation_mhz),
                ("unreserved_mhz", unreserved_mhz),
                ("host_mhz", host.cpu_mhz),
                ("reserved_mhz", reserved_mhz),
            ),
        )
        return
    for other in neighbours:
        yield from unread(RESERVATION, (other, VM_RESERVATION, other.cpu_reservation_mhz))


def check_load(subject: Subject) -> Iterator[Finding]:
    """How busy the destination's processors are; only a running VM adds to that."""
    host = subject.destination
    if not subject.is_live:
        return
    if host.cpu_mhz is None or host.cpu_used_mhz is None:
        yield from unread(LOAD, (host, HOST_MHZ, host.cpu_mhz), (host, HOST_USED, host.cpu_used_mhz))
        return
    if host.cpu_used_mhz * 100 >= host.cpu_mhz * BUSY_PERCENT:
        yield Finding(
            id=LOAD,
            severity=Severity.WARNING,
            subject=host.named,
            message=f"{host.name} uses {host.cpu_used_mhz} of {host.cpu_mhz} MHz",
            remedy="expect a slower move and CPU ready time after it, or choose a less busy host",
            evidence=(("host_used_mhz", host.cpu_used_mhz), ("host_mhz", host.cpu_mhz)),
        )


CHECKS = (
    Check(
        id=THREADS,
        severity=Severity.BLOCKER,
        title="at least as many logical processors as the VM has vCPUs",
        function=check_threads,
        reads=(VM_CPUS, HOST_THREADS),
        source="vSphere API 8.0: NotEnoughLogicalCpus",
    ),
    Check(
        id=CAPACITY,
        severity=Severity.BLOCKER,
        title="free processor time for the CPU reservation of a running VM",
        function=check_capacity,
        reads=(VM_RESERVATION, HOST_MHZ, HOST_USED),
        source="stricter than vCenter: vSphere Resource Management 8.0, CPU reservation",
    ),
    Check(
        id=RESERVATION,
        severity=Severity.BLOCKER,
        title="unreserved processor time for the CPU reservation of a running VM",
        function=check_reservation,
        reads=(VM_RESERVATION, HOST_MHZ),
        source="vSphere API 8.0: InsufficientHostCpuCapacityFault, InsufficientCpuResourcesFault",
    ),
    Check(
        id=LOAD,
        severity=Severity.WARNING,
        title="processors of the destination that are not nearly all busy",
        function=check_load,
        reads=(HOST_MHZ, HOST_USED),
        source="UNVERIFIED: rule of thumb",
    ),
    Check(
        id=FEATURES,
        severity=Severity.BLOCKER,
        title="every CPU feature that the VM was started with",
        source="vSphere API 8.0: FeatureRequirementsNotMet",
    ),
    Check(
        id=AFFINITY,
        severity=Severity.BLOCKER,
        title="no CPU affinity on a running VM",
        source="vSphere API 8.0: AffinityConfigured",
    ),
)
