"""Whether a VM under Fault Tolerance stays one, and apart from its partner."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.refs import NamedRef
from vsphere_motion.preflight.check import About, Check
from vsphere_motion.preflight.subject import Subject, VmSubject

VM_STATE = "runtime.faultToleranceState"
VM_GROUP = "config.ftInfo"
VM_UUID = "config.instanceUuid"
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
    if vm.ft_state is None or vm.ft_state == NOT_CONFIGURED:
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
    reads=(VM_STATE, VM_GROUP, VM_UUID),
    source="vSphere API 8.0: FaultToleranceAntiAffinityViolated",
    remedy="choose a host that runs no other VM of the group, or turn Fault Tolerance off",
)
SUPPORT = Check(
    id="ft.support",
    severity=Severity.BLOCKER,
    title="a destination that can run the fault tolerant VM",
    source="vSphere API 8.0: FaultToleranceNotSameBuild, VmFaultToleranceTooManyVMsOnHost",
    remedy="choose a host of the same build with room for another fault tolerant VM, or turn Fault Tolerance off",
)

CHECKS = (STATE, PARTNER, SUPPORT)
