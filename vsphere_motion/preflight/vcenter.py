"""vCenter's own opinion of a move as findings, and how it joins ours.

Rules of this file: vCenter's opinion is merged in and never trusted alone; its words are kept whatever we say of the
same thing; where both disagree, the graver severity stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from vsphere_motion.model.compat import CompatVerdict
from vsphere_motion.model.finding import EvidenceValue, Finding, Origin, Severity
from vsphere_motion.model.inventory import DeviceKind, Inventory
from vsphere_motion.model.move import Move
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.model.task import Fault
from vsphere_motion.preflight import devices, storage
from vsphere_motion.preflight.check import GRAVITY, Check, in_order
from vsphere_motion.preflight.faults import FAULTS, FaultRow
from vsphere_motion.preflight.naming import find_check_of
from vsphere_motion.preflight.subject import Subject, subject_of

# Evidence of a finding that vCenter confirms: its words, one entry for each fault.
WORDS = "vcenter"

DEVICE_IDS = {
    DeviceKind.CDROM: devices.CDROM.id,
    DeviceKind.FLOPPY: devices.FLOPPY.id,
    DeviceKind.SERIAL: devices.PORT.id,
    DeviceKind.PARALLEL: devices.PORT.id,
    DeviceKind.USB: devices.USB.id,
    DeviceKind.PASSTHROUGH: devices.PASSTHROUGH.id,
    DeviceKind.CONTROLLER: devices.SHARED_BUS.id,
    DeviceKind.SRIOV: devices.SRIOV.id,
    DeviceKind.VGPU: devices.VGPU.id,
}


def findings_from_verdict(inventory: Inventory, move: Move, verdict: CompatVerdict) -> tuple[Finding, ...]:
    """What vCenter's checkers say of a move: errors block, warnings warn, a checker without an answer is unknown."""
    subject = subject_of(inventory, move)
    silence = () if verdict.unknown_reason is None else (_unanswered(subject, verdict.unknown_reason),)
    blockers = (_from_fault(subject, fault, Severity.BLOCKER) for fault in verdict.errors)
    warnings = (_from_fault(subject, fault, Severity.WARNING) for fault in verdict.warnings)
    return (*blockers, *warnings, *silence)


def merge(client: Iterable[Finding], vcenter: Iterable[Finding]) -> tuple[Finding, ...]:
    """Both sides' findings, the gravest first.

    Where both say the same about the same thing, our finding stays, because it has the numbers, with vCenter's words
    in its evidence; a finding of ours that could not look gives way to vCenter's.
    """
    merged = list(client)
    for theirs in vcenter:
        place = _find_same(merged, theirs)
        if place is None:
            merged.append(theirs)
        else:
            merged[place] = _joined(merged[place], theirs)
    return in_order(merged)


def _unanswered(subject: Subject, reason: str) -> Finding:
    return Finding(
        id=UNANSWERED.id,
        severity=Severity.UNKNOWN,
        subject=subject.named_vm,
        message=f"vCenter did not say whether {subject.vm.name} can move to {subject.destination.name}: {reason}",
        remedy="check again, or look at vCenter's answer in the Migrate wizard of the vSphere Client",
        evidence=(("reason", reason),),
        origin=Origin.VCENTER,
    )


def _from_fault(subject: Subject, fault: Fault, severity: Severity) -> Finding:
    row = _named_row(subject, fault, severity) or _row_of(subject, fault)
    words = fault.message or fault.kind
    evidence: tuple[tuple[str, EvidenceValue], ...] = (("fault", fault.kind), (WORDS, (words,)))
    return Finding(
        id=row.id,
        severity=severity,
        subject=_about(subject, fault, row),
        message=f"vCenter says of {subject.vm.name} on {subject.destination.name}: {words}",
        remedy=row.remedy,
        evidence=evidence + ((("details", fault.details),) if fault.details else ()),
        origin=Origin.VCENTER,
    )


def _named_row(subject: Subject, fault: Fault, severity: Severity) -> FaultRow | None:
    """The row of a check that our own findings choose, where the fault's class can stand for several."""
    check = find_check_of(subject, fault, frozenset(_values(fault)), severity)
    return FaultRow(id=check.id, remedy=check.remedy) if check else None


def _row_of(subject: Subject, fault: Fault) -> FaultRow:
    """The fault's row; for a device fault the row of the device it names, or of the fault that it wraps."""
    row = FAULTS.get(fault.kind)
    if row is None:
        return FaultRow(id=FAULT.id, remedy=f"look up {fault.kind} in VMware's knowledge base, or choose another host")
    if row.id == storage.REACHABLE.id:
        return _wrapped(fault, row)
    if row.id != devices.SUPPORTED.id:
        return row
    named = set(_values(fault))
    for device in subject.vm.devices or ():
        if device.label in named and device.kind in DEVICE_IDS:
            return replace(row, id=DEVICE_IDS[device.kind])
    return _wrapped(fault, row)


def _wrapped(fault: Fault, row: FaultRow) -> FaultRow:
    """The row of the fault inside this one; its own row if there is none that is known."""
    return next((FAULTS[value] for value in _values(fault) if value in FAULTS), row)


def _about(subject: Subject, fault: Fault, row: FaultRow) -> NamedRef:
    """The object that a fault names among those its check is about; the VM if it names none."""
    room = row.id.partition(".")[0]
    named = set(_values(fault))
    for candidate in _candidates(subject, room):
        if candidate.moid in named or candidate.name in named:
            return candidate
    if "atSourceHost: True" in fault.details:
        return subject.hosts[0].named
    return subject.destination.named if "atSourceHost: False" in fault.details else subject.named_vm


def _candidates(subject: Subject, room: str) -> list[NamedRef]:
    refs: Sequence[MoRef] = ()
    if room in {"host", "vmknic"}:
        refs = [host.ref for host in subject.hosts]
    elif room == "storage":
        refs = _datastores(subject)
    elif room == "files":
        refs = [*_datastores(subject), *(host.ref for host in subject.hosts)]
    elif room == "network":
        refs = [device.network for device in subject.vm.devices or () if device.network is not None]
    return [named for ref in refs if (named := subject.inventory.name_of(ref))]


def _datastores(subject: Subject) -> list[MoRef]:
    return [*(subject.vm.datastores or ()), *(named.ref for named in subject.datastores)]


def _values(fault: Fault) -> Iterator[str]:
    """What the fault's own fields say: the details are lines such as `failedHost: host-21` and `fault: Kind: words`."""
    for line in fault.details:
        _, _, value = line.partition(": ")
        yield value
        yield value.partition(": ")[0]


def _find_same(merged: list[Finding], theirs: Finding) -> int | None:
    """The place of the finding about the same thing; vCenter often names none but the VM, then the id decides."""
    same_id = [place for place, ours in enumerate(merged) if ours.id == theirs.id]
    same = [place for place in same_id if merged[place].subject.ref == theirs.subject.ref]
    if same:
        return same[0]
    return same_id[0] if same_id and theirs.subject.ref.kind == "VirtualMachine" else None


def _joined(ours: Finding, theirs: Finding) -> Finding:
    if ours.severity is Severity.UNKNOWN:
        return replace(theirs, evidence=theirs.evidence + ours.evidence)
    told = dict(ours.evidence)
    words = tuple(dict.fromkeys((*_as_words(told.pop(WORDS, ())), *_as_words(dict(theirs.evidence).get(WORDS, ())))))
    severity = min(ours.severity, theirs.severity, key=GRAVITY.index)
    return replace(ours, severity=severity, evidence=(*told.items(), (WORDS, words)))


def _as_words(value: EvidenceValue) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (str(value),)


UNANSWERED = Check(
    id="vcenter.unanswered",
    severity=Severity.UNKNOWN,
    title="an answer of vCenter's own checker",
    source="vSphere API 8.0: VirtualMachineProvisioningChecker.CheckRelocate_Task",
    remedy="check again, or look at vCenter's answer in the Migrate wizard of the vSphere Client",
)
FAULT = Check(
    id="vcenter.fault",
    severity=Severity.BLOCKER,
    title="anything else that vCenter's own checker says",
    source="vSphere API 8.0: VirtualMachineProvisioningChecker.CheckRelocate_Task",
    remedy="look the fault up in VMware's knowledge base, or choose another host",
)

CHECKS = (UNANSWERED, FAULT)
