"""Whether the destination can run a VM of that make: virtual hardware version, largest VM, all VMs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.preflight.check import Check
from vsphere_motion.preflight.subject import HostFacts, Subject

VM_VERSION = "config.version"
VM_CPUS = "config.hardware.numCPU"
VM_MEMORY = "config.hardware.memoryMB"
HOST_VERSION = "config.product.version"
HOST_LARGEST = "capability.maxSupportedVcpus"
HOST_RUNNING = "capability.maxHostSupportedVcpus"
HOST_VM_MEMORY = "capability.maxSupportedVmMemory"

RELEASES = (
    ("9.0", 22),
    ("8.0.2", 21),
    ("8.0", 20),
    ("7.0.2", 19),
    ("7.0.1", 18),
    ("7.0", 17),
    ("6.7", 15),
    ("6.5", 13),
    ("6.0", 11),
)
"""The newest virtual hardware version of each ESXi release (KB 1003746); a later release runs every one before it."""

UNCERTAIN = 15
"""ESXi 6.7 runs this one from Update 2, and `config.product.version` is 6.7.0 for every update."""

MIB = 1024 * 1024


def check_version(subject: Subject) -> Iterator[Finding]:
    """The VM's hardware version against the newest one that the destination's release runs."""
    vm, host = subject.vm, subject.destination
    if vm.hardware_version is None or host.version is None:
        readings = (vm, VM_VERSION, vm.hardware_version), (host, HOST_VERSION, host.version)
        yield from VERSION.unread(*readings)
        return
    wanted, newest = number_of(vm.hardware_version), newest_version(host.version)
    if wanted is None:
        yield VERSION.unknown(subject.named_vm, VM_VERSION)
    elif newest is None or wanted == newest == UNCERTAIN or (wanted > newest and is_beyond_table(host.version)):
        yield VERSION.unknown(host.named, HOST_VERSION)
    elif wanted > newest:
        message = f"{vm.name} has virtual hardware {wanted}, {host.name} with ESXi {host.version} runs up to {newest}"
        yield VERSION.found(subject.named_vm, message, hardware_version=wanted, newest_of_host=newest)


def check_vcpus(subject: Subject) -> Iterator[Finding]:
    """The VM's vCPUs against the most that a VM may have there; a host that tells no limit (0) has none to compare."""
    vm, host = subject.vm, subject.destination
    if vm.cpu_count is None or host.max_vm_cpus is None:
        yield from VCPUS.unread((vm, VM_CPUS, vm.cpu_count), (host, HOST_LARGEST, host.max_vm_cpus))
    elif 0 < host.max_vm_cpus < vm.cpu_count:
        message = f"{vm.name} has {vm.cpu_count} vCPUs, {host.name} supports VMs with up to {host.max_vm_cpus}"
        yield VCPUS.found(subject.named_vm, message, vcpus=vm.cpu_count, max_vcpus=host.max_vm_cpus)


def check_host_vcpus(subject: Subject) -> Iterator[Finding]:
    """The vCPUs of all running VMs against the most that the destination runs together; 0 is a host without a limit."""
    vm, host = subject.vm, subject.destination
    if not subject.is_live:
        return
    if vm.cpu_count is None or host.max_running_vcpus is None:
        yield from HOST_VCPUS.unread((vm, VM_CPUS, vm.cpu_count), (host, HOST_RUNNING, host.max_running_vcpus))
    elif host.max_running_vcpus:
        running, unknown = _vcpus_on(subject.there)
        if running + vm.cpu_count <= host.max_running_vcpus:
            yield from unknown
            return
        message = f"with {vm.name} {host.name} would run {running + vm.cpu_count} vCPUs"
        yield HOST_VCPUS.found(
            subject.named_vm,
            f"{message}, and supports {host.max_running_vcpus}",
            vcpus=vm.cpu_count,
            running_vcpus=running,
            max_running_vcpus=host.max_running_vcpus,
        )


def _vcpus_on(there: HostFacts) -> tuple[int, tuple[Finding, ...]]:
    """The vCPUs of the host's running VMs as far as they were read, and what was not."""
    known = there.memo.get(HOST_VCPUS.id)
    if known is None:
        readings = [(vm, VM_CPUS, vm.cpu_count) for vm in there.running]
        unread = tuple(HOST_VCPUS.unread(*readings))
        known = there.memo[HOST_VCPUS.id] = (sum(vm.cpu_count or 0 for vm in there.running), unread)
    assert isinstance(known, tuple)
    return known


def check_memory(subject: Subject) -> Iterator[Finding]:
    """The VM's memory against the most that a VM may have there; a host that tells no limit (0) has none to compare."""
    vm, host = subject.vm, subject.destination
    if vm.memory_bytes is None or host.max_vm_memory_bytes is None:
        yield from MEMORY.unread((vm, VM_MEMORY, vm.memory_bytes), (host, HOST_VM_MEMORY, host.max_vm_memory_bytes))
    elif 0 < host.max_vm_memory_bytes < vm.memory_bytes:
        most = host.max_vm_memory_bytes
        message = f"{vm.name} has {-(-vm.memory_bytes // MIB)} MiB, {host.name} supports VMs with up to {most // MIB}"
        yield MEMORY.found(subject.named_vm, message, memory_bytes=vm.memory_bytes, max_memory_bytes=most)


@cache
def number_of(version: str) -> int | None:
    """21 for `vmx-21`; None for another form."""
    found = re.fullmatch(r"vmx-(\d+)", version)
    return int(found[1]) if found else None


@cache
def newest_version(release: str) -> int | None:
    """The newest hardware version of an ESXi release; None for one older than the table."""
    numbers = _numbers(release)
    return next((newest for since, newest in RELEASES if numbers >= _numbers(since)), None)


@cache
def is_beyond_table(release: str) -> bool:
    """Whether the release is newer than the table, so that it may run more than the table says."""
    return _numbers(release)[:2] > _numbers(RELEASES[0][0])[:2]


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", release))


VERSION = Check(
    id="hardware.version",
    severity=Severity.BLOCKER,
    title="a virtual hardware version that the destination supports",
    on_pair=check_version,
    reads=(VM_VERSION, HOST_VERSION),
    source="vSphere API 8.0: VirtualHardwareVersionNotSupported; KB 1003746",
    remedy="choose a newer host: a virtual hardware version cannot be lowered",
)
VCPUS = Check(
    id="hardware.vcpus",
    severity=Severity.BLOCKER,
    title="no more vCPUs than the destination supports",
    on_pair=check_vcpus,
    reads=(VM_CPUS, HOST_LARGEST),
    source="vSphere API 8.0: NumVirtualCpusNotSupported, HostCapability.maxSupportedVcpus",
    remedy="choose a newer host, or power the VM off and give it fewer vCPUs",
)
HOST_VCPUS = Check(
    id="hardware.host-vcpus",
    severity=Severity.BLOCKER,
    title="no more vCPUs of running VMs than the destination supports together",
    on_pair=check_host_vcpus,
    reads=(VM_CPUS, HOST_RUNNING),
    source="vSphere API 8.0: NumVirtualCpusExceedsLimit, HostCapability.maxHostSupportedVcpus",
    remedy="choose another host, or move other VMs off the destination first",
)
MEMORY = Check(
    id="hardware.memory",
    severity=Severity.BLOCKER,
    title="a memory size that the destination supports",
    on_pair=check_memory,
    reads=(VM_MEMORY, HOST_VM_MEMORY),
    source="vSphere API 8.0: MemorySizeNotSupported, HostCapability.maxSupportedVmMemory",
    remedy="choose a host that supports the VM's memory size, or power the VM off and give it less",
)

CHECKS = (VERSION, VCPUS, HOST_VCPUS, MEMORY)
