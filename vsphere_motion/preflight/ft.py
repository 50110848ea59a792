"""Whether a VM under Fault Tolerance stays one, and apart from its partner."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import DeviceKind, Vm
from vsphere_motion.model.refs import NamedRef
from vsphere_motion.preflight.check import About, Check
from vsphere_motion.preflight.subject import Subject, VmSubject

VM_STATE = "runtime.faultToleranceState"
VM_GROUP = "config.ftInfo"
VM_UUID = "config.instanceUuid"
VM_DEVICES = "config.hardware.device"
VM_CPUS = "config.hardware.numCPU"
HOST_BUILD = "config.product.build"
HOST_PARENT = "parent"
CLUSTER_OPTIONS = "configurationEx"
NOT_CONFIGURED = "notConfigured"


def check_state(subject: VmSubject) -> Iterator[Finding]:
    """Only one VM of a Fault Tolerance pair can move at a time, and its downtime counts for both."""
    vm = subject.vm
    if vm.ft_state is None:
        yield STATE.unknown(subject.named_vm, VM_STATE)
    elif vm.ft_state != NOT_CONFIGURED:
        message = f"Fault Tolerance of {vm.name} is {vm.ft_state}"
        yield STATE.found(subject.named_vm, message, fault_tolerance=vm.ft_state)


def check_partner(subject: Subject) -> Iterator[Finding]:
    """Two VMs of one Fault Tolerance group must not share a host."""
    vm = subject.vm
    if not is_tolerant(vm):
        return
    if vm.ft_instance_uuids is None:
        yield PARTNER.unknown(subject.named_vm, VM_GROUP)
        return
    for other in subject.neighbours():
        if other.instance_uuid is None:
            yield PARTNER.unknown(NamedRef(ref=other.ref, name=other.name), VM_UUID)
        elif other.instance_uuid in vm.ft_instance_uuids:
            host = subject.destination
            message = f"{host.name} already runs {other.name} ({other.ref.moid}) of the same Fault Tolerance group"
            yield PARTNER.found(host.named, message, partner=other.ref.moid)


def check_build(subject: Subject) -> Iterator[Finding]:
    """Both VMs of a running group execute in step, which hosts of different builds do not promise."""
    source, destination = subject.source, subject.destination
    if not subject.is_live or source is None or not is_tolerant(subject.vm):
        return
    if source.build is None or destination.build is None:
        yield from BUILD.unread((source, HOST_BUILD, source.build), (destination, HOST_BUILD, destination.build))
    elif source.build != destination.build:
        message = f"{source.name} runs build {source.build}, {destination.name} build {destination.build}"
        evidence = {"source_build": source.build, "destination_build": destination.build}
        yield BUILD.found(destination.named, f"{message}, and {subject.vm.name} is fault tolerant", evidence=evidence)


def check_disk(subject: VmSubject) -> Iterator[Finding]:
    """Fault Tolerance knows no disk outside snapshots; one with several writers is `storage.multi-writer`'s to say."""
    if not is_tolerant(subject.vm):
        return
    if subject.vm.devices is None:
        yield DISK.unknown(subject.named_vm, VM_DEVICES)
    for disk in subject.of_kind(DeviceKind.DISK):
        if (disk.disk_mode or "").startswith("independent"):
            message = f"{disk.label} of the fault tolerant {subject.vm.name} is {disk.disk_mode}"
            yield DISK.found(subject.named_vm, message, disk=disk.label, mode=disk.disk_mode)


def check_limit(subject: Subject) -> Iterator[Finding]:
    """How many fault tolerant VMs, and vCPUs of them, vSphere HA lets run on one host; both VMs of a group count."""
    if not subject.is_live or not is_tolerant(subject.vm):
        return
    cluster, host = subject.cluster, subject.destination
    if cluster is None or (cluster.is_cluster and None in {cluster.max_ft_vms, cluster.max_ft_vcpus}):
        yield LIMIT.unknown(host.named, CLUSTER_OPTIONS if cluster else HOST_PARENT)
        return
    others = [vm for vm in subject.neighbours() if is_tolerant(vm)]
    together = [subject.vm, *others]
    vcpus = sum(vm.cpu_count or 0 for vm in together)
    if 0 < (cluster.max_ft_vms or 0) < len(together) or 0 < (cluster.max_ft_vcpus or 0) < vcpus:
        message = f"with {subject.vm.name} {host.name} would run {len(together)} fault tolerant VMs with {vcpus} vCPUs"
        limits = f"the limits are {cluster.max_ft_vms} and {cluster.max_ft_vcpus} (0: none)"
        evidence = {"max_vms": cluster.max_ft_vms, "max_vcpus": cluster.max_ft_vcpus}
        yield LIMIT.found(host.named, f"{message}, {limits}", evidence=evidence, vms=len(together), vcpus=vcpus)
        return
    yield from LIMIT.unread(*((vm, VM_STATE, vm.ft_state) for vm in subject.neighbours()))
    yield from LIMIT.unread(*((vm, VM_CPUS, vm.cpu_count) for vm in together))


def concerns(subject: VmSubject) -> bool:
    """Only a fault tolerant VM."""
    return is_tolerant(subject.vm)


def is_tolerant(vm: Vm) -> bool:
    """Whether Fault Tolerance is turned on for it; an unread state is the business of `ft.state`."""
    return vm.ft_state is not None and vm.ft_state != NOT_CONFIGURED


STATE = Check(
    id="ft.state",
    severity=Severity.INFO,
    title="a VM without Fault Tolerance",
    on_vm=check_state,
    reads=(VM_STATE,),
    source="vSphere Availability 8.0, Fault Tolerance interoperability",
    remedy="move one VM of the pair at a time, and wait until both are in step again",
)
PARTNER = Check(
    id="ft.partner",
    severity=Severity.BLOCKER,
    title="a destination without another VM of the same Fault Tolerance group",
    about=About.DESTINATION,
    on_pair=check_partner,
    concerns=concerns,
    reads=(VM_STATE, VM_GROUP, VM_UUID),
    source="vSphere API 8.0: FaultToleranceAntiAffinityViolated",
    remedy="choose a host that runs no other VM of the group, or turn Fault Tolerance off",
)
BUILD = Check(
    id="ft.build",
    severity=Severity.BLOCKER,
    title="a destination of the source's ESXi build for a fault tolerant VM",
    about=About.DESTINATION,
    on_pair=check_build,
    concerns=concerns,
    reads=(VM_STATE, HOST_BUILD),
    source="vSphere API 8.0: FaultToleranceNotSameBuild",
    remedy="choose a host of the same build, or turn Fault Tolerance off for the move",
)
DISK = Check(
    id="ft.disk",
    severity=Severity.BLOCKER,
    title="disks of modes that Fault Tolerance supports",
    on_vm=check_disk,
    reads=(VM_STATE, VM_DEVICES),
    source="vSphere API 8.0: VirtualDiskModeNotSupported",
    remedy="make the disk dependent, or turn Fault Tolerance off",
)
LIMIT = Check(
    id="ft.limit",
    severity=Severity.BLOCKER,
    title="room for another fault tolerant VM on the destination",
    about=About.DESTINATION,
    on_pair=check_limit,
    concerns=concerns,
    reads=(VM_STATE, VM_CPUS, HOST_PARENT, CLUSTER_OPTIONS),
    source="vSphere API 8.0: VmSmpFaultToleranceTooManyVMsOnHost, VmFaultToleranceTooManyFtVcpusOnHost",
    remedy="choose a host that runs fewer fault tolerant VMs",
    override="the options das.maxFtVmsPerHost and das.maxFtVcpusPerHost of vSphere HA raise the limits",
)
SUPPORT = Check(
    id="ft.support",
    severity=Severity.BLOCKER,
    title="a destination that can run the fault tolerant VM",
    source="vSphere API 8.0: FaultToleranceNeedsThickDisk, FaultToleranceCpuIncompatible, FtVmHostRuleViolation",
    remedy="choose a host that suits the fault tolerant VM, or turn Fault Tolerance off",
)

CHECKS = (STATE, PARTNER, BUILD, DISK, LIMIT, SUPPORT)
