"""The story of an adoption: a relocation task that the journal lacks is written into it, so that it can be watched.

Rules of this file: the task is taken over only if vCenter says that it is about this VM; where the journal has asked
for a relocation of the VM, the task belongs to that run, otherwise it makes a run of its own. Nothing is started.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from vsphere_motion.errors import BadInput, NotFound
from vsphere_motion.model.inventory import Inventory, Vm
from vsphere_motion.model.move import Move, Placement
from vsphere_motion.model.plan import PlannedMove
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import TaskStatus
from vsphere_motion.planning.resolve import resolve_vms
from vsphere_motion.run.journal import Journal, JournaledMove, MoveState
from vsphere_motion.run.locks import watching
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.migrate import describe_run

HISTORY = timedelta(days=30)
"""How far back the history of tasks is searched: as long as vCenter keeps it by default."""


def adopt(vcenter: VCenter, journal: Journal, *, task: str, selector: str) -> str:
    """Write a task into the journal, and return the id of the run that has it now.

    Args:
        task: the task's moid, such as `task-1181`.
        selector: the VM that it moves.

    Raises:
        NotFound: there is no such VM, or vCenter no longer knows the task.
        BadInput: several VMs are meant, or the task is about something else.
        RunLocked: another process watches the run that asked for the relocation.
    """
    inventory = vcenter.snapshot()
    vm = _one_vm(inventory, selector)
    ref = MoRef(kind="Task", moid=task)
    found = _find_asked_for(vcenter, journal, vm, ref)
    if found is not None and found[1].task == ref:
        return found[0]
    status = _read(vcenter, vm, ref, since=inventory.taken_at - HISTORY)
    if found is None or not _is_of(status, found[1]):
        return _new_run(vcenter, journal, inventory, vm, status)
    run, item = found
    with watching(journal, run, now=vcenter.session.now()):
        journal.write_task(run, item.position, ref)
    return run


def _one_vm(inventory: Inventory, selector: str) -> Vm:
    vms = resolve_vms(inventory, (selector,))
    if len(vms) != 1:
        raise BadInput(f"{selector} names {len(vms)} VMs, and a task moves one", hint="give moid:...")
    return vms[0]


def _find_asked_for(vcenter: VCenter, journal: Journal, vm: Vm, task: MoRef) -> tuple[str, JournaledMove] | None:
    """The journal's relocation of this VM that has the task already, or else the newest that still lacks one."""
    rows = journal.find_asked_for(vcenter_uuid=vcenter.identity.instance_uuid, vm=vm.ref)
    having = [row for row in rows if row[1].task == task]
    lacking = [row for row in rows if row[1].task is None]
    return next(iter((*having, *lacking)), None)


def _is_of(status: TaskStatus, item: JournaledMove) -> bool:
    """Whether a task may be the one a move was asked for with; a server without operationIDs cannot say."""
    return status.activation_id is None or (item.op_id or "") in status.activation_id


def _read(vcenter: VCenter, vm: Vm, task: MoRef, *, since: datetime) -> TaskStatus:
    from vsphere_motion.vcenter.tasks import VCenterTaskFinder

    finder = VCenterTaskFinder(vcenter.session)
    status: TaskStatus | None = finder.read_tasks([task])[task]
    if status is None or status.is_gone:
        status = finder.find_ended(vm.ref, task=task, since=since)
    if status is None:
        raise NotFound(f"vCenter knows no task {task.moid} of {vm.name}, nor does its history of {HISTORY.days} days")
    if status.entity != vm.ref:
        raise BadInput(f"{task.moid} is about {status.entity}, not about {vm.name} ({vm.ref.moid})")
    return status


def _new_run(vcenter: VCenter, journal: Journal, inventory: Inventory, vm: Vm, status: TaskStatus) -> str:
    """A run of one move to a destination that is not known: where the VM is when the task has ended."""
    info = describe_run(vcenter)
    move = Move(vm=vm.identity, source=Placement(host=inventory.name_of(vm.host)), destination=Placement(host=None))
    item = JournaledMove(
        position=0,
        planned=PlannedMove(move=move, findings=()),
        memory_bytes=vm.memory_bytes,
        op_id=status.activation_id or status.task.moid,
        intent_at=status.queued_at or info.started_at,
        task=status.task,
        state=MoveState.SUBMITTED,
    )
    with watching(journal, info.run, now=info.started_at):
        journal.create_run(info, [item])
    return info.run
