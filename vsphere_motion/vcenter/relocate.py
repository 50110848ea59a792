"""The relocate spec of a move, and the call that starts it: sent once, never again by itself."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from vsphere_motion.errors import VCenterFault
from vsphere_motion.model.move import Move
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.run.failpoints import passing
from vsphere_motion.vcenter.collector import managed_object, ref_of
from vsphere_motion.vcenter.faults import translated

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

_ENDED = {"InvalidState", "ManagedObjectNotFound", "NotSupported"}
_log = logging.getLogger(__name__)


def relocate_spec(session: Session, move: Move) -> Any:
    """The RelocateSpec of a move: the host, and only what else differs from where the VM is.

    A pool or datastore that is named again would be a placement of its own to vCenter. With several datastores as
    destination the disks stay: one spec field cannot say which disk goes where.
    """
    source, destination = move.source, move.destination
    spec = vim.vm.RelocateSpec()
    spec.host = _target(session, destination.host)
    spec.pool = _target(session, _changed(source.pool, destination.pool))
    spec.folder = _target(session, _changed(source.folder, destination.folder))
    if len(destination.datastores) == 1 and destination.datastores != source.datastores:
        spec.datastore = _target(session, destination.datastores[0])
    return spec


class VCenterRelocator:
    """A `run.ports.Relocator`.

    Calls: RelocateVM_Task, CancelTask.
    Needs: Resource.HotMigrate (powered on) or Resource.ColdMigrate (powered off) on the VM,
        Resource.AssignVMToPool on the destination pool if it changes; Global.CancelTask to cancel another's task.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def burst(self) -> AbstractContextManager[None]:
        """In the block one call follows the other at once; see `run.ports.Relocator`."""
        return self._session.burst()

    def start_relocation(self, move: Move, *, op_id: str) -> MoRef:
        """Ask vCenter for one relocation, exactly once, and return its task; see `run.ports.Relocator`."""
        vm = managed_object(self._session, move.vm.ref)
        spec = relocate_spec(self._session, move)
        what = f"start the relocation of {move.vm} to {move.destination.host}"
        with self._session.operation(op_id), translated(what, changing=True):
            task = ref_of(vm.RelocateVM_Task(spec, vim.VirtualMachine.MovePriority.defaultPriority))
        passing("after_answer")
        return task

    def cancel_task(self, task: MoRef) -> None:
        """Ask vCenter to cancel a task; one that has ended or cannot be cancelled is left alone."""
        try:
            with translated(f"cancel {task}", changing=True):
                managed_object(self._session, task).CancelTask()
        except VCenterFault as error:
            if error.fault_kind not in _ENDED:
                raise
            _log.info("task %s is not cancelled: %s", task, error)


def _changed(source: NamedRef | None, destination: NamedRef | None) -> NamedRef | None:
    if destination is None or (source is not None and source.ref == destination.ref):
        return None
    return destination


def _target(session: Session, named: NamedRef | None) -> Any:
    return None if named is None else managed_object(session, named.ref)
