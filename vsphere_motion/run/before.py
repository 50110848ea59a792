"""What becomes of a move right before it starts, from what was read at most a second ago. PURE.

Rules of this file: a VM is the one that was planned if its reference and its instanceUuid are; a new name changes
nothing. What is already being moved is followed, never moved a second time. Where something has changed that the
checks did not see, nothing is started and the words say why.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from vsphere_motion.model.current import CurrentHost, CurrentState, CurrentVm, RunningTask
from vsphere_motion.model.finding import Severity
from vsphere_motion.model.inventory import ConnectionState, PowerState
from vsphere_motion.model.move import Move, changes_policy
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import Fault
from vsphere_motion.run.records import JournaledMove
from vsphere_motion.run.verify import find_differences, gone

COLD_FINDING = "vm.power-state"
"""Id of the finding by which the plan says that this is a cold move."""

ALREADY_THERE = "it is already there"
TASK_IN_PROGRESS = "TaskInProgress"
_OPERATION_ID = re.compile(r"vsphere-motion-(?P<run>r-[0-9a-z]+)-(?P<position>\d+)-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Nothing stands against it: ask for the relocation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """It is not started; this is its outcome."""

    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """Something else moves the VM: watch that."""

    running: RunningTask


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """The relocation that runs is this very move, asked for earlier with an answer that was lost."""

    running: RunningTask


Step: TypeAlias = Start | Settle | Follow | Adopt


def judge(item: JournaledMove, now: CurrentState, *, run: str) -> Step:
    """What to do with a move, by how things are now.

    Args:
        run: the id of the run the move belongs to.
    """
    move = item.move
    vm = now.vms.get(move.vm.ref)
    if vm is None:
        return Settle(outcome=gone(move))
    if is_another_vm(move, vm):
        return Settle(outcome=_another_vm(move, vm))
    if vm.running is not None:
        is_ours = belongs_to(vm.running, run=run, position=item.position)
        return Adopt(running=vm.running) if is_ours else Follow(running=vm.running)
    if is_there(move, vm):
        return Settle(outcome=Outcome(move=move, state=OutcomeState.UNCHANGED, note=ALREADY_THERE))
    why_not = _why_not(item, vm, now)
    return Start() if why_not is None else Settle(outcome=not_started(move, why_not))


def is_there(move: Move, vm: CurrentVm) -> bool:
    """Whether the VM is where the move would bring it; a storage policy to apply is not to be seen of it."""
    return vm.host is not None and not find_differences(move, vm) and not changes_policy(move)


def is_another_vm(move: Move, vm: CurrentVm) -> bool:
    """Whether the reference belongs to another VM than the planned one."""
    planned = move.vm.instance_uuid
    return planned is not None and vm.instance_uuid is not None and vm.instance_uuid != planned


def not_started(move: Move, why: str) -> Outcome:
    """The outcome of a move that was given up."""
    return Outcome(move=move, state=OutcomeState.NOT_STARTED, note=why)


def belongs_to(running: RunningTask, *, run: str, position: int) -> bool:
    """Whether a task was started for this move of this run."""
    match = _OPERATION_ID.search(running.operation_id or "")
    return match is not None and (match["run"], int(match["position"])) == (run, position)


def who_started(running: RunningTask) -> str:
    """Who started a task, in words."""
    match = _OPERATION_ID.search(running.operation_id or "")
    if match is not None:
        return f"run {match['run']}" + (f" of {running.user}" if running.user else "")
    if running.user is None:
        return "someone else"
    return running.user or "vCenter itself (such as DRS)"


def task_in_progress(fault_kind: str, details: tuple[str, ...]) -> MoRef | None:
    """The task that the fault TaskInProgress names in its field `task`."""
    if fault_kind != TASK_IN_PROGRESS:
        return None
    named = next((line.removeprefix("task: ") for line in details if line.startswith("task: ")), None)
    return None if named is None else MoRef(kind="Task", moid=named)


def _another_vm(move: Move, vm: CurrentVm) -> Outcome:
    words = f"{move.vm.moid} is another VM now: its instanceUuid is {vm.instance_uuid}, not {move.vm.instance_uuid}"
    fault = Fault(kind="IdentityChanged", message=words)
    return Outcome(move=move, state=OutcomeState.FAILED, fault=fault, note="nothing was started")


def _why_not(item: JournaledMove, vm: CurrentVm, now: CurrentState) -> str | None:
    destination = item.move.destination.host
    if destination is not None:
        why_not = _why_not_there(destination.name, now.hosts.get(destination.ref))
        if why_not is not None:
            return why_not
    return _why_not_from_there(item.move, vm) or _why_not_as_planned(item, vm)


def _why_not_from_there(move: Move, vm: CurrentVm) -> str | None:
    """Somebody else has moved the VM since the checks: it is not moved a second time behind that person's back."""
    planned = move.source.host
    if planned is None or vm.host is None or vm.host == planned.ref:
        return None
    return f"it was on {planned.name} when it was checked and is on {vm.host} now; run the command again to plan that"


def _why_not_there(name: str, host: CurrentHost | None) -> str | None:
    if host is None:
        return f"its destination {name} is no longer in vCenter"
    if host.connection_state not in {None, ConnectionState.CONNECTED}:
        assert host.connection_state is not None
        return f"its destination {name} is {host.connection_state.value} now"
    if host.in_maintenance_mode:
        return f"its destination {name} is in maintenance mode now"
    return None


def _why_not_as_planned(item: JournaledMove, vm: CurrentVm) -> str | None:
    """A cold move and a vMotion are checked in different ways: what was planned as one is not started as the other."""
    said = [finding for finding in item.planned.findings if finding.id == COLD_FINDING]
    if vm.power_state is None or any(finding.severity is Severity.UNKNOWN for finding in said):
        return None
    is_cold = vm.power_state is not PowerState.ON
    if is_cold == bool(said):
        return None
    words = {PowerState.ON: "powered on", PowerState.OFF: "powered off", PowerState.SUSPENDED: "suspended"}
    kind = "a cold move" if is_cold else "a vMotion"
    return f"it is {words[vm.power_state]} now, and {kind} was not what was checked; run the command again to plan that"
