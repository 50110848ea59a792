"""Whether the VM itself can be moved now: its state, its locks and what is going on with it."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import ConnectionState, PowerState
from vsphere_motion.preflight.check import Check
from vsphere_motion.preflight.subject import Subject, VmSubject

VM_POWER = "runtime.powerState"
VM_CONNECTION = "runtime.connectionState"
VM_HOST = "runtime.host"
VM_TEMPLATE = "config.template"
VM_SNAPSHOT = "snapshot.rootSnapshotList"
VM_DISABLED = "disabledMethod"
VM_TASKS = "recentTask"
VM_QUESTION = "runtime.question.text"
VM_CONSOLIDATION = "runtime.consolidationNeeded"
VM_FAILOVER = "runtime.vmFailoverInProgress"
VM_CONSOLES = "runtime.numMksConnections"
VM_MANAGED = "config.managedBy.extensionKey"

# With and without underscore: govmomi's simulator spells the names as Go does.
MOVING_METHODS = frozenset({"RelocateVM_Task", "RelocateVMTask", "MigrateVM_Task", "MigrateVMTask"})

# The extension behind agent VMs of hosts and behind vCenter's own cluster services (vCLS).
AGENT_MANAGER = "com.vmware.vim.eam"


def check_power_state(subject: VmSubject) -> Iterator[Finding]:
    """A VM that is off or suspended can move, but not as a vMotion."""
    vm = subject.vm
    if vm.power_state is None:
        yield POWER_STATE.unknown(subject.named_vm, VM_POWER)
    elif vm.power_state is not PowerState.ON:
        words = "powered off" if vm.power_state is PowerState.OFF else "suspended"
        message = f"{vm.name} is {words}, so this is a cold move and no vMotion"
        yield POWER_STATE.found(subject.named_vm, message, power_state=vm.power_state.value)


def check_connection(subject: VmSubject) -> Iterator[Finding]:
    """vCenter can only move a VM whose host answers for it."""
    state = subject.vm.connection_state
    if state is None:
        yield CONNECTION.unknown(subject.named_vm, VM_CONNECTION)
    elif state is not ConnectionState.CONNECTED:
        message = f"{subject.vm.name} is {state.value} in vCenter"
        yield CONNECTION.found(subject.named_vm, message, connection_state=state.value)


def check_host(subject: VmSubject) -> Iterator[Finding]:
    """A VM on no host has no place to move from."""
    if subject.source is None and VM_HOST in subject.vm.unread:
        yield ON_HOST.unknown(subject.named_vm, VM_HOST)
    elif subject.source is None:
        yield ON_HOST.found(subject.named_vm, f"{subject.vm.name} is on no host")


def check_template(subject: VmSubject) -> Iterator[Finding]:
    """vCenter relocates no template, so it becomes a VM for the move, and a template again after it."""
    if subject.vm.is_template is None:
        yield TEMPLATE.unknown(subject.named_vm, VM_TEMPLATE)
    elif subject.vm.is_template:
        yield TEMPLATE.found(subject.named_vm, f"{subject.vm.name} is a template, and a VM only while it moves")


def check_snapshots(subject: VmSubject) -> Iterator[Finding]:
    """Snapshots move along, but a revert afterwards can fail on another host."""
    vm = subject.vm
    if vm.snapshot_count is None:
        yield SNAPSHOTS.unknown(subject.named_vm, VM_SNAPSHOT)
    elif vm.snapshot_count:
        noun = "snapshot" if vm.snapshot_count == 1 else "snapshots"
        message = f"{vm.name} has {vm.snapshot_count} {noun}, and a revert may fail after the move"
        yield SNAPSHOTS.found(subject.named_vm, message, snapshots=vm.snapshot_count)


def check_consolidation(subject: VmSubject) -> Iterator[Finding]:
    """Delta disks that a failed snapshot deletion left behind grow on and slow the VM."""
    if subject.vm.consolidation_needed is None:
        yield CONSOLIDATION.unknown(subject.named_vm, VM_CONSOLIDATION)
    elif subject.vm.consolidation_needed:
        message = f"the disks of {subject.vm.name} need consolidation"
        yield CONSOLIDATION.found(subject.named_vm, message, consolidation_needed=True)


def check_disabled_method(subject: VmSubject) -> Iterator[Finding]:
    """A backup or import tool locks a VM by disabling the methods that move it."""
    vm = subject.vm
    if vm.disabled_methods is None:
        yield DISABLED_METHOD.unknown(subject.named_vm, VM_DISABLED)
        return
    disabled = tuple(name for name in vm.disabled_methods if name in MOVING_METHODS)
    if disabled:
        message = f"{vm.name} has {', '.join(disabled)} disabled in vCenter"
        yield DISABLED_METHOD.found(subject.named_vm, message, disabled_methods=disabled)


def check_running_task(subject: VmSubject) -> Iterator[Finding]:
    """vCenter refuses a relocation with TaskInProgress while another task works on the VM."""
    vm = subject.vm
    if vm.running_tasks is None:
        yield RUNNING_TASK.unknown(subject.named_vm, VM_TASKS)
    for task in vm.running_tasks or ():
        message = f"{task.name or 'a task'} ({task.ref.moid}) is working on {vm.name}"
        yield RUNNING_TASK.found(subject.named_vm, message, task=task.ref.moid, method=task.name)


def check_question(subject: VmSubject) -> Iterator[Finding]:
    """A VM that waits for an answer stands still until it gets one."""
    vm = subject.vm
    if vm.question is not None:
        message = f"{vm.name} waits for an answer: {vm.question}"
        yield QUESTION.found(subject.named_vm, message, question=vm.question)
    elif VM_QUESTION in vm.unread:
        yield QUESTION.unknown(subject.named_vm, VM_QUESTION)


def check_failover(subject: VmSubject) -> Iterator[Finding]:
    """vSphere HA restarts the VM elsewhere: where it is, is open."""
    if subject.vm.failover_in_progress is None:
        yield FAILOVER.unknown(subject.named_vm, VM_FAILOVER)
    elif subject.vm.failover_in_progress:
        yield FAILOVER.found(subject.named_vm, f"vSphere HA is restarting {subject.vm.name}", failover_in_progress=True)


def check_console(subject: VmSubject) -> Iterator[Finding]:
    """Somebody works on the console, and sees it freeze at the switch-over."""
    if not subject.is_live:
        return
    if subject.vm.console_count is None:
        yield CONSOLE.unknown(subject.named_vm, VM_CONSOLES)
    elif subject.vm.console_count:
        message = f"{subject.vm.name} has open console sessions: {subject.vm.console_count}"
        yield CONSOLE.found(subject.named_vm, message, consoles=subject.vm.console_count)


def check_managed(subject: VmSubject) -> Iterator[Finding]:
    """A solution owns the VM; an agent VM belongs to its host and comes back, or its host goes without."""
    vm = subject.vm
    if vm.managed_by is None:
        yield MANAGED.unknown(subject.named_vm, VM_MANAGED)
    elif vm.managed_by:
        is_agent = vm.managed_by == AGENT_MANAGER
        what = "an agent VM of its host or cluster" if is_agent else f"managed by {vm.managed_by}"
        severity = Severity.WARNING if is_agent else Severity.INFO
        yield MANAGED.found(subject.named_vm, f"{vm.name} is {what}", severity=severity, managed_by=vm.managed_by)


def check_same_host(subject: Subject) -> Iterator[Finding]:
    """A VM that is already there needs no move; an unread host is the business of `vm.host`."""
    if subject.is_noop:
        message = f"{subject.vm.name} is already on {subject.destination.name}"
        yield SAME_HOST.found(subject.named_vm, message, host=subject.destination.ref.moid)


POWER_STATE = Check(
    id="vm.power-state",
    severity=Severity.INFO,
    title="a VM that runs, so that the move is a vMotion",
    on_vm=check_power_state,
    reads=(VM_POWER,),
    source="vSphere API 8.0: MigrationFault, powered on and powered off",
    remedy="power it on first if it shall move while it runs",
)
CONNECTION = Check(
    id="vm.connection",
    severity=Severity.BLOCKER,
    title="a VM that is connected in vCenter",
    on_vm=check_connection,
    reads=(VM_CONNECTION,),
    source="vSphere API 8.0: VirtualMachineConnectionState, InvalidState",
    remedy="reconnect its host, or remove the VM from the inventory and register it again",
)
ON_HOST = Check(
    id="vm.host",
    severity=Severity.BLOCKER,
    title="a host that the VM is on",
    on_vm=check_host,
    reads=(VM_HOST,),
    source="vSphere API 8.0: VirtualMachineRuntimeInfo.host",
    remedy="register it on a host, or power it on so that vCenter places it",
)
TEMPLATE = Check(
    id="vm.template",
    severity=Severity.INFO,
    title="a VM that is no template",
    on_vm=check_template,
    reads=(VM_TEMPLATE,),
    source="vSphere API 8.0: RelocateVM_Task, NotSupported",
    remedy="nothing to do: it is made a template again when the move has ended, also by resume after a crash",
)
SNAPSHOTS = Check(
    id="vm.snapshots",
    severity=Severity.WARNING,
    title="no snapshots",
    on_vm=check_snapshots,
    reads=(VM_SNAPSHOT,),
    source="vSphere API 8.0: SnapshotRevertIssue",
    remedy="delete the snapshots that are no longer needed",
)
CONSOLIDATION = Check(
    id="vm.consolidation",
    severity=Severity.WARNING,
    title="disks that need no consolidation",
    on_vm=check_consolidation,
    reads=(VM_CONSOLIDATION,),
    source="vSphere API 8.0: VirtualMachineRuntimeInfo.consolidationNeeded",
    remedy="consolidate the disks of the VM (Snapshots > Consolidate) before the move",
)
DISABLED_METHOD = Check(
    id="vm.disabled-method",
    severity=Severity.BLOCKER,
    title="no lock on moving the VM",
    on_vm=check_disabled_method,
    reads=(VM_DISABLED,),
    source="vSphere API 8.0: MethodDisabled",
    remedy="wait for the backup or import that locked it, or remove a stale lock with that tool",
)
RUNNING_TASK = Check(
    id="vm.running-task",
    severity=Severity.BLOCKER,
    title="no running task on the VM",
    on_vm=check_running_task,
    reads=(VM_TASKS,),
    source="vSphere API 8.0: TaskInProgress",
    remedy="wait until the task has ended, or cancel it",
)
QUESTION = Check(
    id="vm.question",
    severity=Severity.BLOCKER,
    title="no question that waits for an answer",
    on_vm=check_question,
    reads=(VM_QUESTION,),
    source="vSphere API 8.0: QuestionPending",
    remedy="answer the question in the vSphere Client",
)
FAILOVER = Check(
    id="vm.failover",
    severity=Severity.BLOCKER,
    title="a VM that vSphere HA is not restarting",
    on_vm=check_failover,
    reads=(VM_FAILOVER,),
    source="vSphere API 8.0: VirtualMachineRuntimeInfo.vmFailoverInProgress, WillLoseHAProtection",
    remedy="wait until vSphere HA has restarted the VM, and check again",
)
CONSOLE = Check(
    id="vm.console",
    severity=Severity.INFO,
    title="no open console sessions",
    on_vm=check_console,
    reads=(VM_CONSOLES,),
    source="vSphere API 8.0: VirtualMachineRuntimeInfo.numMksConnections",
    remedy="tell whoever works on the console that it stands still for a moment",
)
MANAGED = Check(
    id="vm.managed",
    severity=Severity.WARNING,
    title="a VM that no solution manages",
    on_vm=check_managed,
    reads=(VM_MANAGED,),
    source="vSphere API 8.0: ManagedByInfo; vSphere ESX Agent Manager",
    remedy="let the solution that manages the VM move it, or ask its documentation whether the VM may move",
)
SAME_HOST = Check(
    id="vm.same-host",
    severity=Severity.INFO,
    title="a VM that is not on its destination yet",
    on_pair=check_same_host,
    reads=(VM_HOST,),
    source="a VM on its destination is left alone, and no task is started",
    remedy="nothing to do",
    on_noop=True,
)
READY = Check(
    id="vm.ready",
    severity=Severity.BLOCKER,
    title="a VM that has finished powering on or resuming",
    source="vSphere API 8.0: MigrationNotReady",
    remedy="wait until the VM has finished powering on or resuming",
)

CHECKS = (
    POWER_STATE,
    CONNECTION,
    ON_HOST,
    TEMPLATE,
    SNAPSHOTS,
    CONSOLIDATION,
    DISABLED_METHOD,
    RUNNING_TASK,
    QUESTION,
    FAILOVER,
    CONSOLE,
    MANAGED,
    SAME_HOST,
    READY,
)
