"""Whether the destination has the processors that the VM needs: enough of them, free, and of the same kind."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import Feature
from vsphere_motion.preflight.check import About, Check
from vsphere_motion.preflight.subject import HostFacts, HostSubject, RouteSubject, Subject, VmSubject
from vsphere_motion.vmotion.evc import is_at_least, is_met

VM_CPUS = "config.hardware.numCPU"
VM_CORES = "config.hardware.numCoresPerSocket"
VM_RESERVATION = "config.cpuAllocation.reservation"
VM_AFFINITY = "config.cpuAffinity"
VM_FEATURES = "runtime.featureRequirement"
VM_EVC = "runtime.minRequiredEVCModeKey"
VM_NESTED = "config.nestedHVEnabled"
VM_COUNTERS = "config.vPMCEnabled"
HOST_THREADS = "summary.hardware.numCpuThreads"
HOST_CORES = "summary.hardware.numCpuCores"
HOST_PACKAGES = "summary.hardware.numCpuPkgs"
HOST_MHZ = "summary.hardware.cpuMhz"
HOST_USED = "summary.quickStats.overallCpuUsage"
HOST_VENDOR = "hardware.cpuPkg"
HOST_FEATURES = "config.featureCapability"
HOST_EVC = "summary.currentEVCModeKey"
HOST_MAX_EVC = "summary.maxEVCModeKey"
HOST_NESTED = "capability.nestedHVSupported"
HOST_COUNTERS = "capability.vPMCSupported"

# UNVERIFIED: a rule of thumb. vMotion takes a reserved share of a core on both ends, and slows down where none is left.
BUSY_PERCENT = 90


def check_threads(subject: Subject) -> Iterator[Finding]:
    """The VM's vCPUs against the destination's logical processors; one that is off could not be started there."""
    vm, host = subject.vm, subject.destination
    if vm.cpu_count is None or host.cpu_threads is None:
        yield from THREADS.unread((vm, VM_CPUS, vm.cpu_count), (host, HOST_THREADS, host.cpu_threads))
        return
    if vm.cpu_count > host.cpu_threads:
        yield THREADS.found(
            subject.named_vm,
            f"{vm.name} has {vm.cpu_count} vCPUs, {host.name} has {host.cpu_threads} logical processors",
            severity=Severity.BLOCKER if subject.is_live else Severity.WARNING,
            vcpus=vm.cpu_count,
            logical_processors=host.cpu_threads,
        )


def reserves(subject: VmSubject) -> bool:
    """Whether the VM runs and reserves processor time, or may do so as far as was read."""
    return subject.is_live and subject.vm.cpu_reservation_mhz != 0


def check_capacity(subject: Subject) -> Iterator[Finding]:
    """A running VM's CPU reservation against what the destination does not use now.

    vCenter admits by reservations (`cpu.reservation`); a host that is short now takes the time from its other VMs.
    """
    vm, host = subject.vm, subject.destination
    if not reserves(subject.of_vm):
        return
    if vm.cpu_reservation_mhz is None or host.cpu_mhz is None or host.cpu_used_mhz is None:
        readings = (vm, VM_RESERVATION, vm.cpu_reservation_mhz), (host, HOST_MHZ, host.cpu_mhz)
        yield from CAPACITY.unread(*readings, (host, HOST_USED, host.cpu_used_mhz))
        return
    free_mhz = host.cpu_mhz - host.cpu_used_mhz
    if vm.cpu_reservation_mhz > free_mhz:
        yield CAPACITY.found(
            subject.named_vm,
            f"{vm.name} reserves {vm.cpu_reservation_mhz} MHz, {host.name} has {free_mhz} MHz free",
            needed_mhz=vm.cpu_reservation_mhz,
            free_mhz=free_mhz,
            host_mhz=host.cpu_mhz,
            host_used_mhz=host.cpu_used_mhz,
        )


def check_reservation(subject: Subject) -> Iterator[Finding]:
    """A running VM's CPU reservation against what the destination has not reserved for its other VMs."""
    vm, host = subject.vm, subject.destination
    if not reserves(subject.of_vm):
        return
    if vm.cpu_reservation_mhz is None or host.cpu_mhz is None:
        yield from RESERVATION.unread((vm, VM_RESERVATION, vm.cpu_reservation_mhz), (host, HOST_MHZ, host.cpu_mhz))
        return
    reserved_mhz, unknown = _reserved_on(subject.there)
    unreserved_mhz = host.cpu_mhz - reserved_mhz
    if vm.cpu_reservation_mhz > unreserved_mhz:
        yield RESERVATION.found(
            subject.named_vm,
            f"{vm.name} reserves {vm.cpu_reservation_mhz} MHz, {host.name} has {unreserved_mhz} MHz unreserved",
            needed_mhz=vm.cpu_reservation_mhz,
            unreserved_mhz=unreserved_mhz,
            host_mhz=host.cpu_mhz,
            reserved_mhz=reserved_mhz,
        )
        return
    yield from unknown


def _reserved_on(there: HostFacts) -> tuple[int, tuple[Finding, ...]]:
    """What the host's running VMs reserve as far as it was read, and what was not."""
    known = there.memo.get(RESERVATION.id)
    if known is None:
        total = sum(vm.cpu_reservation_mhz or 0 for vm in there.running)
        readings = [(vm, VM_RESERVATION, vm.cpu_reservation_mhz) for vm in there.running]
        known = there.memo[RESERVATION.id] = (total, tuple(RESERVATION.unread(*readings)))
    assert isinstance(known, tuple)
    return known


def check_vcpu_reservation(subject: Subject) -> Iterator[Finding]:
    """A running VM's CPU reservation against its vCPUs: each runs on one core at a time."""
    vm, host = subject.vm, subject.destination
    if not reserves(subject.of_vm):
        return
    if vm.cpu_reservation_mhz is None or vm.cpu_count is None or host.cpu_mhz is None or not host.cpu_cores:
        readings = (vm, VM_RESERVATION, vm.cpu_reservation_mhz), (vm, VM_CPUS, vm.cpu_count)
        yield from VCPU_RESERVATION.unread(*readings, (host, HOST_MHZ, host.cpu_mhz))
        yield from VCPU_RESERVATION.unread((host, HOST_CORES, host.cpu_cores or None))
    elif vm.cpu_reservation_mhz * host.cpu_cores > host.cpu_mhz * vm.cpu_count:
        core_mhz = host.cpu_mhz // host.cpu_cores
        message = f"{vm.name} reserves {vm.cpu_reservation_mhz} MHz for {vm.cpu_count} vCPUs, "
        yield VCPU_RESERVATION.found(
            subject.named_vm,
            f"{message}a core of {host.name} has {core_mhz} MHz",
            reserved_mhz=vm.cpu_reservation_mhz,
            vcpus=vm.cpu_count,
            core_mhz=core_mhz,
        )


def check_load(subject: HostSubject) -> Iterator[Finding]:
    """How busy the destination's processors are; only a running VM adds to that."""
    host = subject.host
    if not subject.is_live:
        return
    if host.cpu_mhz is None or host.cpu_used_mhz is None:
        yield from LOAD.unread((host, HOST_MHZ, host.cpu_mhz), (host, HOST_USED, host.cpu_used_mhz))
    elif host.cpu_used_mhz * 100 >= host.cpu_mhz * BUSY_PERCENT:
        message = f"{host.name} uses {host.cpu_used_mhz} of {host.cpu_mhz} MHz"
        yield LOAD.found(host.named, message, host_used_mhz=host.cpu_used_mhz, host_mhz=host.cpu_mhz)


def check_vendor(subject: RouteSubject) -> Iterator[Finding]:
    """A running VM cannot change the make of its processor."""
    source, destination = subject.source, subject.destination
    if not subject.is_live:
        return
    if source.cpu_vendor is None or destination.cpu_vendor is None:
        readings = (source, HOST_VENDOR, source.cpu_vendor), (destination, HOST_VENDOR, destination.cpu_vendor)
        yield from VENDOR.unread(*readings)
    elif source.cpu_vendor != destination.cpu_vendor:
        message = f"{source.name} has {source.cpu_vendor} processors, {destination.name} {destination.cpu_vendor}"
        evidence = {"source_vendor": source.cpu_vendor, "destination_vendor": destination.cpu_vendor}
        yield VENDOR.found(destination.named, message, evidence=evidence)


def check_features(subject: Subject) -> Iterator[Finding]:
    """Every CPU feature that the VM was started with must be there; the guest does not look for them again."""
    vm, host = subject.vm, subject.destination
    if not subject.is_live or vm.features == ():
        return
    if vm.features is None or subject.there.features is None:
        yield from FEATURES.unread((vm, VM_FEATURES, vm.features), (host, HOST_FEATURES, host.features))
        return
    missing, unclear = _compare(subject.of_vm.features or (), subject.there)
    if missing:
        message = f"{host.name} lacks CPU features that {vm.name} was started with: {', '.join(missing)}"
        yield FEATURES.found(subject.named_vm, message, features=missing)
    if unclear:
        yield FEATURES.unknown(subject.named_vm, f"{VM_FEATURES} {', '.join(unclear)}")


def _compare(needed: tuple[Feature, ...], there: HostFacts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The features that the host lacks, and those whose requirement cannot be understood; kept for equal demands."""
    name = f"{FEATURES.id} {id(needed)}"
    known = there.memo.get(name)
    if known is None:
        offered = there.features or {}
        answers = [(one.key, is_met(one.value, offered.get(one.key))) for one in needed]
        missing = tuple(key for key, answer in answers if answer is False)
        known = there.memo[name] = (missing, tuple(key for key, answer in answers if answer is None))
    assert isinstance(known, tuple)
    return known


def check_evc(subject: Subject) -> Iterator[Finding]:
    """The EVC mode that the VM needs against the destination's; without EVC against the highest it could take."""
    vm, host = subject.vm, subject.destination
    if not subject.is_live:
        return
    if vm.required_evc_mode is None:
        if VM_EVC in vm.unread:
            yield EVC.unknown(subject.named_vm, VM_EVC)
        return
    mode = host.evc_mode or host.max_evc_mode
    if mode is None or (host.evc_mode is None and HOST_EVC in host.unread):
        yield EVC.unknown(host.named, HOST_MAX_EVC if mode is None else HOST_EVC)
        return
    enough = is_at_least(mode, vm.required_evc_mode)
    if enough is None:
        yield EVC.unknown(host.named, f"order of the EVC modes {mode} and {vm.required_evc_mode}")
    elif not enough:
        message = f"{vm.name} needs EVC mode {vm.required_evc_mode}, {host.name} offers {mode}"
        yield EVC.found(subject.named_vm, message, required_mode=vm.required_evc_mode, host_mode=mode)


def check_affinity(subject: VmSubject) -> Iterator[Finding]:
    """A VM that is tied to certain processors or memory of its host cannot leave it while it runs."""
    vm = subject.vm
    if vm.has_affinity is None:
        yield AFFINITY.unknown(subject.named_vm, VM_AFFINITY)
    elif vm.has_affinity:
        message = f"{vm.name} is tied to certain processors or memory of its host"
        severity = Severity.BLOCKER if subject.is_live else Severity.WARNING
        yield AFFINITY.found(subject.named_vm, message, severity=severity, has_affinity=True)


def check_topology(subject: Subject) -> Iterator[Finding]:
    """A virtual socket with more cores than a processor of the host spans NUMA nodes that the guest does not see."""
    vm, host = subject.vm, subject.destination
    if vm.cores_per_socket is None or host.cpu_cores is None or host.cpu_packages is None:
        readings = (host, HOST_CORES, host.cpu_cores), (host, HOST_PACKAGES, host.cpu_packages)
        yield from TOPOLOGY.unread((vm, VM_CORES, vm.cores_per_socket), *readings)
    elif vm.cores_per_socket * host.cpu_packages > host.cpu_cores:
        each = host.cpu_cores // host.cpu_packages if host.cpu_packages else 0
        message = f"{vm.name} has {vm.cores_per_socket} cores a socket, {host.name} {each} cores a processor"
        yield TOPOLOGY.found(subject.named_vm, message, cores_per_socket=vm.cores_per_socket, cores_per_processor=each)


def check_nested(subject: Subject) -> Iterator[Finding]:
    """A guest that runs a hypervisor itself needs a host that lets it."""
    yield from _feature_of_host(
        subject, NESTED, (VM_NESTED, subject.vm.nested_hv), (HOST_NESTED, subject.destination.nested_hv_supported)
    )


def check_counters(subject: Subject) -> Iterator[Finding]:
    """A guest that reads performance counters of the processor needs a host that has them."""
    supported = subject.destination.cpu_counters_supported
    yield from _feature_of_host(subject, COUNTERS, (VM_COUNTERS, subject.vm.cpu_counters), (HOST_COUNTERS, supported))


def _feature_of_host(
    subject: Subject, check: Check, wanted: tuple[str, bool | None], offered: tuple[str, bool | None]
) -> Iterator[Finding]:
    vm, host = subject.vm, subject.destination
    if wanted[1] is False:
        return
    if wanted[1] is None:
        yield check.unknown(subject.named_vm, wanted[0])
    elif offered[1] is None:
        yield check.unknown(host.named, offered[0])
    elif not offered[1]:
        severity = Severity.BLOCKER if subject.is_live else Severity.WARNING
        message = f"{host.name} has not what {vm.name} needs: {check.title}"
        yield check.found(subject.named_vm, message, severity=severity, host=host.ref.moid)


THREADS = Check(
    id="cpu.threads",
    severity=Severity.BLOCKER,
    title="at least as many logical processors as the VM has vCPUs",
    on_pair=check_threads,
    reads=(VM_CPUS, HOST_THREADS),
    source="vSphere API 8.0: NotEnoughLogicalCpus",
    remedy="choose a host with more logical processors, or power the VM off and give it fewer vCPUs",
)
CAPACITY = Check(
    id="cpu.capacity",
    severity=Severity.BLOCKER,
    title="free processor time for the CPU reservation of a running VM",
    on_pair=check_capacity,
    concerns=reserves,
    reads=(VM_RESERVATION, HOST_MHZ, HOST_USED),
    source="stricter than vCenter: vSphere Resource Management 8.0, CPU reservation",
    remedy="choose another host, or move other VMs off the destination first",
)
RESERVATION = Check(
    id="cpu.reservation",
    severity=Severity.BLOCKER,
    title="unreserved processor time for the CPU reservation of a running VM",
    on_pair=check_reservation,
    concerns=reserves,
    reads=(VM_RESERVATION, HOST_MHZ),
    source="vSphere API 8.0: InsufficientHostCpuCapacityFault, InsufficientCpuResourcesFault",
    remedy="choose another host, or lower the CPU reservation of the VM or of VMs on the destination",
)
VCPU_RESERVATION = Check(
    id="cpu.vcpu-reservation",
    severity=Severity.BLOCKER,
    title="cores as fast as the CPU reservation asks of each vCPU of a running VM",
    on_pair=check_vcpu_reservation,
    concerns=reserves,
    reads=(VM_RESERVATION, VM_CPUS, HOST_MHZ, HOST_CORES),
    source="vSphere API 8.0: InsufficientPerCpuCapacity",
    remedy="choose a host with faster cores, or lower the VM's CPU reservation",
)
LOAD = Check(
    id="cpu.load",
    severity=Severity.WARNING,
    title="processors of the destination that are not nearly all busy",
    about=About.DESTINATION,
    on_host=check_load,
    reads=(HOST_MHZ, HOST_USED),
    source="UNVERIFIED: rule of thumb",
    remedy="expect a slower move and CPU ready time after it, or choose a less busy host",
)
VENDOR = Check(
    id="cpu.vendor",
    severity=Severity.BLOCKER,
    title="processors of one make on both hosts",
    about=About.DESTINATION,
    on_route=check_vendor,
    reads=(HOST_VENDOR,),
    source="vCenter Server and Host Management 8.0, CPU Compatibility and EVC; CpuIncompatible",
    remedy="choose a host with processors of the same vendor, or move the VM while it is off",
)
FEATURES = Check(
    id="cpu.features",
    severity=Severity.BLOCKER,
    title="every CPU feature that the VM was started with",
    on_pair=check_features,
    reads=(VM_FEATURES, HOST_FEATURES),
    source="vSphere API 8.0: FeatureRequirementsNotMet, VirtualMachineRuntimeInfo.featureRequirement",
    remedy="choose a host with those CPU features, or power the VM off, or enable EVC on the cluster",
)
EVC = Check(
    id="cpu.evc",
    severity=Severity.BLOCKER,
    title="an EVC mode that the VM can live with",
    on_pair=check_evc,
    reads=(VM_EVC, HOST_EVC, HOST_MAX_EVC),
    source="vSphere API 8.0: VirtualMachineRuntimeInfo.minRequiredEVCModeKey; KB 1003212",
    remedy="choose a host of that EVC mode or a higher one, or power the VM off and on again in the lower mode",
)
AFFINITY = Check(
    id="cpu.affinity",
    severity=Severity.BLOCKER,
    title="no CPU affinity on a running VM",
    on_vm=check_affinity,
    reads=(VM_AFFINITY, "config.memoryAffinity"),
    source="vSphere API 8.0: AffinityConfigured",
    remedy="remove the VM's CPU or memory affinity, or power it off",
)
TOPOLOGY = Check(
    id="cpu.topology",
    severity=Severity.WARNING,
    title="virtual sockets that fit a processor of the destination",
    on_pair=check_topology,
    reads=(VM_CORES, HOST_CORES, HOST_PACKAGES),
    source="vSphere Resource Management 8.0, Using NUMA Systems; NumVirtualCoresPerSocketNotSupported",
    remedy="choose a host with larger processors, or give the VM fewer cores a socket when it is off next",
)
NESTED = Check(
    id="cpu.nested",
    severity=Severity.BLOCKER,
    title="hardware virtualization for the guest",
    on_pair=check_nested,
    concerns=lambda subject: subject.vm.nested_hv is not False,
    reads=(VM_NESTED, HOST_NESTED),
    source="vSphere API 8.0: HostCapability.nestedHVSupported",
    remedy="choose a host that offers hardware virtualization to guests, or turn it off for the VM",
)
COUNTERS = Check(
    id="cpu.counters",
    severity=Severity.BLOCKER,
    title="CPU performance counters for the guest",
    on_pair=check_counters,
    concerns=lambda subject: subject.vm.cpu_counters is not False,
    reads=(VM_COUNTERS, HOST_COUNTERS),
    source="vSphere Virtual Machine Administration 8.0, Virtual CPU Performance Counters",
    remedy="choose a host with compatible counters, or turn the counters off for the VM",
)

CHECKS = (
    THREADS,
    CAPACITY,
    RESERVATION,
    VCPU_RESERVATION,
    LOAD,
    VENDOR,
    FEATURES,
    EVC,
    AFFINITY,
    TOPOLOGY,
    NESTED,
    COUNTERS,
)
