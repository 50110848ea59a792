"""Whether the destination has room for the VM's memory, and how long its memory takes to send.

Rules of this file: sizes are bytes. A message rounds what is needed up and what is free down to MiB, so that it never
says that 1024 MiB do not fit into 1024 MiB. A time is a bound or a model's answer, and the message says which.
"""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import Vm
from vsphere_motion.preflight.check import About, Check, Reading
from vsphere_motion.preflight.subject import HostFacts, Subject, VmSubject
from vsphere_motion.preflight.vmknic import HOST_LINKS
from vsphere_motion.vmotion.estimate import active_rate_bps, best_case_s, estimate_precopy, slows_guest

VM_MEMORY = "config.hardware.memoryMB"
VM_RESERVATION = "config.memoryAllocation.reservation"
VM_OVERHEAD = "runtime.memoryOverhead"
VM_USED = "summary.quickStats.hostMemoryUsage"
VM_ACTIVE = "summary.quickStats.guestMemoryUsage"
VM_SWAPPED = "summary.quickStats.swappedMemory"
VM_BALLOONED = "summary.quickStats.balloonedMemory"
HOST_MEMORY = "summary.hardware.memorySize"
HOST_USED = "summary.quickStats.overallMemoryUsage"

MIB = 1024 * 1024
GIB = 1024 * MIB

# VMware's published time for 64 GB over 10 GbE is 57 s: wire speed, every page sent once. Larger VMs deserve a word.
LARGE_BYTES = 64 * GIB

# UNVERIFIED: a rule of thumb. ESXi begins to take memory back when 6 % or less are free (Mem.MinFreePct, sliding).
FULL_PERCENT = 94


def check_admission(subject: Subject) -> Iterator[Finding]:
    """A running VM's configured memory against the destination's free memory.

    vCenter admits a VM by its reservation alone, and the host makes room by ballooning and swapping. This check asks
    for the whole configured size, which is what the guest may come to touch.
    """
    vm, host = subject.vm, subject.destination
    if not subject.is_live:
        return
    if vm.memory_bytes is None or host.memory_bytes is None or host.memory_used_bytes is None:
        yield from ADMISSION.unread((vm, VM_MEMORY, vm.memory_bytes), *_host_readings(subject))
        return
    free_bytes = host.memory_bytes - host.memory_used_bytes
    if vm.memory_bytes > free_bytes:
        yield ADMISSION.found(
            subject.named_vm,
            f"{vm.name} needs {mib_up(vm.memory_bytes)} MiB, {host.name} has {free_bytes // MIB} MiB free",
            remedy=f"choose another host, or move other VMs off {host.name} first",
            needed_bytes=vm.memory_bytes,
            free_bytes=free_bytes,
            host_memory_bytes=host.memory_bytes,
            host_memory_used_bytes=host.memory_used_bytes,
        )


def check_reservation(subject: Subject) -> Iterator[Finding]:
    """A running VM's memory reservation and overhead against what the destination has not reserved yet.

    The host's own memory is not known and not counted, so this finds a lack that is certain, not every lack.
    """
    vm, host = subject.vm, subject.destination
    if not subject.is_live:
        return
    needed_bytes = reservation_bytes(vm)
    if needed_bytes is None or host.memory_bytes is None:
        yield from RESERVATION.unread(*unread_reservation(vm), (host, HOST_MEMORY, host.memory_bytes))
        return
    reserved_bytes, unknown = _reserved_on(subject.there)
    unreserved_bytes = host.memory_bytes - reserved_bytes
    if needed_bytes > unreserved_bytes:
        yield RESERVATION.found(
            subject.named_vm,
            f"{vm.name} reserves {mib_up(needed_bytes)} MiB with its overhead, "
            f"{host.name} has {unreserved_bytes // MIB} MiB unreserved",
            needed_bytes=needed_bytes,
            unreserved_bytes=unreserved_bytes,
            host_memory_bytes=host.memory_bytes,
            reserved_bytes=reserved_bytes,
        )
    elif needed_bytes:
        yield from unknown


def check_headroom(subject: Subject) -> Iterator[Finding]:
    """What the destination would use after the move, by what the VM uses now."""
    vm, host = subject.vm, subject.destination
    if not subject.is_live:
        return
    if vm.memory_used_bytes is None or host.memory_bytes is None or host.memory_used_bytes is None:
        yield from HEADROOM.unread((vm, VM_USED, vm.memory_used_bytes), *_host_readings(subject))
        return
    after_bytes = host.memory_used_bytes + vm.memory_used_bytes
    if after_bytes * 100 > host.memory_bytes * FULL_PERCENT:
        yield HEADROOM.found(
            host.named,
            f"with {vm.name} {host.name} would use {mib_up(after_bytes)} of {host.memory_bytes // MIB} MiB",
            used_after_bytes=after_bytes,
            host_memory_bytes=host.memory_bytes,
        )


def check_active(subject: Subject) -> Iterator[Finding]:
    """The memory that the guest touches now must be free, or the host swaps what is in use."""
    vm, host = subject.vm, subject.destination
    if not subject.is_live:
        return
    if vm.memory_active_bytes is None or host.memory_bytes is None or host.memory_used_bytes is None:
        yield from ACTIVE.unread((vm, VM_ACTIVE, vm.memory_active_bytes), *_host_readings(subject))
        return
    free_bytes = host.memory_bytes - host.memory_used_bytes
    if vm.memory_active_bytes > free_bytes:
        active = mib_up(vm.memory_active_bytes)
        message = f"{vm.name} actively uses {active} MiB, {host.name} has {free_bytes // MIB} MiB free"
        yield ACTIVE.found(host.named, message, active_bytes=vm.memory_active_bytes, free_bytes=free_bytes)


def check_swapped(subject: VmSubject) -> Iterator[Finding]:
    """Pages that the host has swapped out are slow to send: the source reads them from the swap file first."""
    yield from _taken_back(subject, SWAPPED, VM_SWAPPED, subject.vm.memory_swapped_bytes, "swapped out")


def check_ballooned(subject: VmSubject) -> Iterator[Finding]:
    """A ballooned guest is short of memory already, and gets it back only where memory is free."""
    yield from _taken_back(subject, BALLOONED, VM_BALLOONED, subject.vm.memory_ballooned_bytes, "in its balloon")


def check_large(subject: Subject) -> Iterator[Finding]:
    """The least time a large VM takes; the bound is wire speed with every page sent once, and no expectation."""
    vm = subject.vm
    if not subject.is_live:
        return
    if vm.memory_bytes is None:
        yield LARGE.unknown(subject.named_vm, VM_MEMORY)
    elif vm.memory_bytes >= LARGE_BYTES:
        link_bps = _link_bps(subject)
        if link_bps is None:
            yield from _unread_links(LARGE, subject)
            return
        bound_s = best_case_s(vm.memory_bytes, link_bps)
        took = "has no live link to send it" if bound_s is None else f"takes at least {bound_s:.0f} s, a bound"
        message = (
            f"{vm.name} has {vm.memory_bytes // GIB} GiB of memory: if all of it is touched, the move {took} "
            f"at {link_bps / 1e9:g} Gbit/s"
        )
        yield LARGE.found(
            subject.named_vm, message, memory_bytes=vm.memory_bytes, link_bps=link_bps, at_least_s=_rounded(bound_s)
        )


def check_dirty_rate(subject: Subject) -> Iterator[Finding]:
    """Whether the link gains on what the guest writes; else vMotion slows the guest down until it does."""
    vm = subject.vm
    if not subject.is_live:
        return
    rate_bps, path = _dirty_rate_bps(subject)
    if rate_bps is None:
        yield DIRTY_RATE.unknown(subject.named_vm, path)
        return
    if vm.memory_bytes is None:
        yield DIRTY_RATE.unknown(subject.named_vm, VM_MEMORY)
        return
    link_bps = _link_bps(subject)
    if link_bps is None:
        yield from _unread_links(DIRTY_RATE, subject)
        return
    estimate = estimate_precopy(vm.memory_bytes, link_bps, rate_bps) if slows_guest(link_bps, rate_bps) else None
    if estimate is None:
        return
    yield DIRTY_RATE.found(
        subject.named_vm,
        f"{vm.name} writes up to {rate_bps / 1e9:.2f} Gbit/s into its memory, the link has {link_bps / 1e9:g}: "
        f"vMotion would slow the guest down for about {estimate.precopy_s:.0f} s (a model's estimate)",
        dirty_rate_bps=round(rate_bps),
        link_bps=link_bps,
        estimated_precopy_s=_rounded(estimate.precopy_s),
        read_from=path,
    )


def _host_readings(subject: Subject) -> tuple[Reading, Reading]:
    host = subject.destination
    return (host, HOST_MEMORY, host.memory_bytes), (host, HOST_USED, host.memory_used_bytes)


def mib_up(size_bytes: int) -> int:
    """MiB, rounded up."""
    return -(-size_bytes // MIB)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def reservation_bytes(vm: Vm) -> int | None:
    """Reservation and overhead; vCenter leaves the overhead unset where there is none, which is not unread."""
    if vm.memory_reservation_bytes is None or (vm.memory_overhead_bytes is None and VM_OVERHEAD in vm.unread):
        return None
    return vm.memory_reservation_bytes + (vm.memory_overhead_bytes or 0)


def unread_reservation(vm: Vm) -> tuple[Reading, Reading]:
    """What `reserved_bytes` reads, as readings."""
    overhead = None if VM_OVERHEAD in vm.unread else 0
    return (vm, VM_RESERVATION, vm.memory_reservation_bytes), (vm, VM_OVERHEAD, overhead)


def _reserved_on(there: HostFacts) -> tuple[int, tuple[Finding, ...]]:
    """What the host's running VMs reserve as far as it was read, and what was not."""
    known = there.memo.get(RESERVATION.id)
    if known is None:
        total = sum(reservation_bytes(vm) or 0 for vm in there.running)
        unread = tuple(finding for vm in there.running for finding in RESERVATION.unread(*unread_reservation(vm)))
        known = there.memo[RESERVATION.id] = (total, unread)
    assert isinstance(known, tuple)
    return known


def _taken_back(subject: VmSubject, check: Check, path: str, size_bytes: int | None, where: str) -> Iterator[Finding]:
    if not subject.is_live:
        return
    if size_bytes is None:
        yield check.unknown(subject.named_vm, path)
    elif size_bytes:
        message = f"{subject.vm.name} has {mib_up(size_bytes)} MiB {where}"
        yield check.found(subject.named_vm, message, size_bytes=size_bytes)


def _link_bps(subject: Subject) -> int | None:
    """The slower of both ends' fastest vMotion links; None if one was not read."""
    here, there = subject.of_vm.here, subject.there.link_bps
    if here is None or here.link_bps is None or there is None:
        return None
    return min(here.link_bps, there)


def _unread_links(check: Check, subject: Subject) -> Iterator[Finding]:
    """Unknown for each end without a link speed; an end without a vmknic is the business of `vmknic.missing`."""
    for end in subject.ends:
        if end.host.vmotion_nics != () and end.link_bps is None:
            yield check.unknown(end.host.named, HOST_LINKS)


def _dirty_rate_bps(subject: Subject) -> tuple[float | None, str]:
    """The rate that was measured, else the most that the active memory allows, and where it was read."""
    measured = subject.site.surroundings.dirty_rates
    if measured is None:
        return None, "measured dirty rate"
    for one in measured:
        if one.vm == subject.vm.ref:
            return one.rate_bps, "measured dirty rate"
    active = subject.vm.memory_active_bytes
    return (None if active is None else active_rate_bps(active)), VM_ACTIVE


ADMISSION = Check(
    id="memory.admission",
    severity=Severity.BLOCKER,
    title="room for the configured memory of a running VM",
    on_pair=check_admission,
    reads=(VM_MEMORY, HOST_MEMORY, HOST_USED),
    source="stricter than vCenter: vSphere Resource Management 8.0, Memory Overcommitment",
    remedy="choose another host, or move other VMs off the destination first",
)
RESERVATION = Check(
    id="memory.reservation",
    severity=Severity.BLOCKER,
    title="unreserved memory for the reservation and overhead of a running VM",
    on_pair=check_reservation,
    reads=(VM_RESERVATION, VM_OVERHEAD, HOST_MEMORY),
    source="vSphere API 8.0: InsufficientHostMemoryCapacityFault, InsufficientMemoryResourcesFault",
    remedy="choose another host, or lower the memory reservation of the VM or of VMs on the destination",
)
HEADROOM = Check(
    id="memory.headroom",
    severity=Severity.WARNING,
    title="free memory on the destination after the move",
    about=About.DESTINATION,
    on_pair=check_headroom,
    reads=(VM_USED, HOST_MEMORY, HOST_USED),
    source="UNVERIFIED: rule of thumb after vSphere Resource Management 8.0, Memory Reclamation",
    remedy="choose a host with more free memory, or move other VMs off the destination first",
)
ACTIVE = Check(
    id="memory.active",
    severity=Severity.WARNING,
    title="free memory for what the guest uses actively",
    about=About.DESTINATION,
    on_pair=check_active,
    reads=(VM_ACTIVE, HOST_MEMORY, HOST_USED),
    source="vSphere Resource Management 8.0, Memory Overcommitment",
    remedy="choose a host with more free memory: this one would swap what the guest is using",
)
SWAPPED = Check(
    id="memory.swapped",
    severity=Severity.INFO,
    title="no memory that the host has swapped out",
    on_vm=check_swapped,
    reads=(VM_SWAPPED,),
    source="vSphere API 8.0: VirtualMachineQuickStats.swappedMemory",
    remedy="expect a slower move: the pages are read from the swap file; free memory on the source if there is time",
)
BALLOONED = Check(
    id="memory.ballooned",
    severity=Severity.INFO,
    title="no memory that the host has taken back by ballooning",
    on_vm=check_ballooned,
    reads=(VM_BALLOONED,),
    source="vSphere API 8.0: VirtualMachineQuickStats.balloonedMemory",
    remedy="choose a destination with free memory, so that the guest gets its memory back",
)
LARGE = Check(
    id="memory.large",
    severity=Severity.INFO,
    title="memory that is sent within a minute at 10 GbE",
    on_pair=check_large,
    reads=(VM_MEMORY, HOST_LINKS),
    source="64 GB over 10 GbE takes 57 s at best: wire speed with every page sent once",
    remedy="allow for the time, move it alone, or give vMotion a faster network",
)
DIRTY_RATE = Check(
    id="memory.dirty-rate",
    severity=Severity.WARNING,
    title="a guest that writes slower than the link sends",
    on_pair=check_dirty_rate,
    reads=(VM_ACTIVE, VM_MEMORY, HOST_LINKS),
    source="UNVERIFIED model of Migrate.PreCopyMinProgressPerc and Migrate.SdpsTargetRate, ESXi 6.0 to 9.0",
    remedy="move it while the guest is less busy, move it alone, or give vMotion a faster network",
)

CHECKS = (ADMISSION, RESERVATION, HEADROOM, ACTIVE, SWAPPED, BALLOONED, LARGE, DIRTY_RATE)
