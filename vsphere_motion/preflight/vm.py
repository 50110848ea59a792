"""Whether the VM itself can be moved now: its state, its locks and what is going on with it."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import ConnectionState, PowerState
from vsphere_motion.preflight.check import Check, unknown
from vsphere_motion.preflight.subject import Subject

POWER_STATE = "vm.power-state"
CONNECTION = "vm.connection"
ON_HOST = "vm.host"
TEMPLATE = "vm.template"
SNAPSHOTS = "vm.snapshots"
DISABLED_METHOD = "vm.disabled-method"
RUNNING_TASK = "vm.running-task"
QUESTION = "vm.question"
SAME_HOST = "vm.same-host"
READY = "vm.ready"
TOOLS = "vm.tools"
ENCRYPTION = "vm.encryption"
FAULT_TOLERANCE = "vm.fault-tolerance"
HARDWARE_VERSION = "vm.hardware-version"

VM_POWER = "runtime.powerState"
VM_CONNECTION = "runtime.connectionState"
VM_HOST = "runtime.host"
VM_TEMPLATE = "config.template"
VM_SNAPSHOT = "snapshot.rootSnapshotList"
VM_DISABLED = "disabledMethod"
VM_TASKS = "recentTask"
VM_QUESTION = "runtime.question.text"

# With and without underscore: govmomi's simulator spells the names as Go does.
MOVING_METHODS = frozenset({"RelocateVM_Task", "RelocateVMTask", "MigrateVM_Task", "MigrateVMTask"})


def check_power_state(subject: Subject) -> Iterator[Finding]:
    """A VM that is off or suspended can move, but not as a vMotion."""
    vm = subject.vm
    if vm.power_state is None:
        yield unknown(POWER_STATE, subject.named_vm, VM_POWER)
    elif vm.power_state is not PowerState.ON:
        words = "powered off" if vm.power_state is PowerState.OFF else "suspended"
        yield Finding(
            id=POWER_STATE,
            severity=Severity.INFO,
            subject=subject.named_vm,
            message=f"{vm.name} is {words}, so this is a cold move and no vMotion",
            remedy="power it on first if it shall move while it runs",
            evidence=(("power_state", vm.power_state.value),),
        )


def check_connection(subject: Subject) -> Iterator[Finding]:
    """vCenter can only move a VM whose host answers for it."""
    vm = subject.vm
    if vm.connection_state is None:
        yield unknown(CONNECTION, subject.named_vm, VM_CONNECTION)
    elif vm.connection_state is not ConnectionState.CONNECTED:
        yield Finding(
            id=CONNECTION,
            severity=Severity.BLOCKER,
            subject=subject.named_vm,
            message=f"{vm.name} is {vm.connection_state.value} in vCenter",
            remedy="reconnect its host, or remove the VM from the inventory and register it again",
            evidence=(("connection_state", vm.connection_state.value),),
        )


def check_host(subject: Subject) -> Iterator[Finding]:
    """A VM on no host has no place to move from."""
    vm = subject.vm
    if subject.source is None and VM_HOST in vm.unread:
        yield unknown(ON_HOST, subject.named_vm, VM_HOST)
    elif subject.source is None:
        yield Finding(
            id=ON_HOST,
            severity=Severity.BLOCKER,
            subject=subject.named_vm,
            message=f"{vm.name} is on no host",
            remedy="register it on a host, or power it on so that vCenter places it",
        )


def check_template(subject: Subject) -> Iterator[Finding]:
    """A template cannot be migrated as a VM."""
    vm = subject.vm
    if vm.is_template is None:
        yield unknown(TEMPLATE, subject.named_vm, VM_TEMPLATE)
    elif vm.is_template:
        yield Finding(
            id=TEMPLATE,
            severity=Severity.BLOCKER,
            subject=subject.named_vm,
            message=f"{vm.name} is a template",
            remedy="convert it to a virtual machine, move it, and convert it back",
        )


def check_snapshots(subject: Subject) -> Iterator[Finding]:
    """Snapshots move along, but a revert afterwards can fail on another host."""
    vm = subject.vm
    if vm.snapshot_count is None:
        yield unknown(SNAPSHOTS, subject.named_vm, VM_SNAPSHOT)
    elif vm.snapshot_count:
        noun = "snapshot" if vm.snapshot_count == 1 else "snapshots"
        yield Finding(
            id=SNAPSHOTS,
            severity=Severity.WARNING,
            subject=subject.named_vm,
            message=f"{vm.name} has {vm.snapshot_count} {noun}, and a revert may fail after the move",
            remedy="delete the snapshots that are no longer needed",
            evidence=(("snapshots", vm.snapshot_count),),
        )


def check_disabled_method(subject: Subject) -> Iterator[Finding]:
    """A backup or import tool locks a VM by disabling the methods that move it."""
    vm = subject.vm
    if vm.disabled_methods is None:
        yield unknown(DISABLED_METHOD, subject.named_vm, VM_DISABLED)
        return
    disabled = tuple(name for name in vm.disabled_methods if name in MOVING_METHODS)
    if disabled:
        yield Finding(
            id=DISABLED_METHOD,
            severity=Severity.BLOCKER,
            subject=subject.named_vm,
            message=f"{vm.name} has {', '.join(disabled)} disabled in vCenter",
            remedy="wait for the backup or import that locked it, or remove a stale lock with that tool",
            evidence=(("disabled_methods", disabled),),
        )


def check_running_task(subject: Subject) -> Iterator[Finding]:
    """vCenter refuses a relocation with TaskInProgress while another task works on the VM."""
    vm = subject.vm
    if vm.running_tasks is None:
        yield unknown(RUNNING_TASK, subject.named_vm, VM_TASKS)
        return
    for task in vm.running_tasks:
        name = task.name or "a task"
        yield Finding(
            id=RUNNING_TASK,
            severity=Severity.BLOCKER,
            subject=subject.named_vm,
            message=f"{name} ({task.ref.moid}) is working on {vm.name}",
            remedy="wait until the task has ended, or cancel it",
            evidence=(("task", task.ref.moid), ("method", task.name)),
        )


def check_question(subject: Subject) -> Iterator[Finding]:
    """A VM that waits for an answer stands still until it gets one."""
    vm = subject.vm
    if vm.question is not None:
        yield Finding(
            id=QUESTION,
            severity=Severity.BLOCKER,
            subject=subject.named_vm,
            message=f"{vm.name} waits for an answer: {vm.question}",
            remedy="answer the question in the vSphere Client",
            evidence=(("question", vm.question),),
        )
    elif VM_QUESTION in vm.unread:
        yield unknown(QUESTION, subject.named_vm, VM_QUESTION)


def check_same_host(subject: Subject) -> Iterator[Finding]:
    """A VM that is already there needs no move; an unread host is the business of `vm.host`."""
    if subject.move.is_noop:
        yield Finding(
            id=SAME_HOST,
            severity=Severity.INFO,
            subject=subject.named_vm,
            message=f"{subject.vm.name} is already on {subject.destination.name}",
            remedy="nothing to do",
            evidence=(("host", subject.destination.ref.moid),),
        )


CHECKS = (
    Check(
        id=POWER_STATE,
        severity=Severity.INFO,
        title="a VM that runs, so that the move is a vMotion",
        function=check_power_state,
        reads=(VM_POWER,),
        source="vSphere API 8.0: MigrationFault, powered on and powered off",
    ),
    Check(
        id=CONNECTION,
        severity=Severity.BLOCKER,
        title="a VM that is connected in vCenter",
        function=check_connection,
        reads=(VM_CONNECTION,),
        source="vSphere API 8.0: VirtualMachineConnectionState, InvalidState",
    ),
    Check(
        id=ON_HOST,
        severity=Severity.BLOCKER,
        title="a host that the VM is on",
        function=check_host,
        reads=(VM_HOST,),
        source="vSphere API 8.0: VirtualMachineRuntimeInfo.host",
    ),
    Check(
        id=TEMPLATE,
        severity=Severity.BLOCKER,
        title="a VM that is no template",
        function=check_template,
        reads=(VM_TEMPLATE,),
        source="vSphere API 8.0: RelocateVM_Task, NotSupported",
    ),
    Check(
        id=SNAPSHOTS,
        severity=Severity.WARNING,
        title="no snapshots",
        function=check_snapshots,
        reads=(VM_SNAPSHOT,),
        source="vSphere API 8.0: SnapshotRevertIssue",
    ),
    Check(
        id=DISABLED_METHOD,
        severity=Severity.BLOCKER,
        title="no lock on moving the VM",
        function=check_disabled_method,
        reads=(VM_DISABLED,),
        source="vSphere API 8.0: MethodDisabled",
    ),
    Check(
        id=RUNNING_TASK,
        severity=Severity.BLOCKER,
        title="no running task on the VM",
        function=check_running_task,
        reads=(VM_TASKS,),
        source="vSphere API 8.0: TaskInProgress",
    ),
    Check(
        id=QUESTION,
        severity=Severity.BLOCKER,
        title="no question that waits for an answer",
        function=check_question,
        reads=(VM_QUESTION,),
        source="vSphere API 8.0: QuestionPending",
    ),
    Check(
        id=SAME_HOST,
        severity=Severity.INFO,
        title="a VM that is not on its destination yet",
        function=check_same_host,
        reads=(VM_HOST,),
        source="a VM on its destination is left alone, and no task is started",
        on_noop=True,
    ),
    Check(
        id=READY,
        severity=Severity.BLOCKER,
        title="a VM that has finished powering on or resuming",
        source="vSphere API 8.0: MigrationNotReady",
    ),
    Check(
        id=TOOLS,
        severity=Severity.BLOCKER,
        title="no VMware Tools installation under way, and a guest heartbeat",
        source="vSphere API 8.0: ToolsInstallationInProgress, NoGuestHeartbeat",
    ),
    Check(
        id=ENCRYPTION,
        severity=Severity.BLOCKER,
        title="the keys of an encrypted VM on the destination",
        source="vSphere API 8.0: EncryptionKeyRequired",
    ),
    Check(
        id=FAULT_TOLERANCE,
        severity=Severity.BLOCKER,
        title="a destination that suits a fault tolerant VM",
        source="vSphere API 8.0: FaultToleranceAntiAffinityViolated",
    ),
    Check(
        id=HARDWARE_VERSION,
        severity=Severity.BLOCKER,
        title="a virtual hardware version that the destination supports",
        source="vSphere API 8.0: VirtualHardwareVersionNotSupported",
    ),
)
