"""The call that starts a relocation, sent once, never again by itself; and the one that cancels it."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from vsphere_motion.errors import VCenterFault
from vsphere_motion.model.move import Move
from vsphere_motion.model.refs import MoRef
from vsphere_motion.run.failpoints import passing
from vsphere_motion.vcenter.collector import managed_object, ref_of
from vsphere_motion.vcenter.faults import translated
from vsphere_motion.vcenter.relocate_spec import move_priority, relocate_spec
from vsphere_motion.vcenter.templates import make_virtual_machine

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

_ENDED = {"InvalidState", "ManagedObjectNotFound", "NotSupported"}
_log = logging.getLogger(__name__)


class VCenterRelocator:
    """A `run.ports.Relocator`.

    Calls: RelocateVM_Task, CancelTask; MarkAsVirtualMachine for a template.
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
        if move.manner.is_template:
            make_virtual_machine(self._session, move.vm)
        spec = relocate_spec(self._session, move)
        what = f"start the relocation of {move.vm} to {move.destination.host}"
        with self._session.operation(op_id), translated(what, changing=True):
            task = ref_of(vm.RelocateVM_Task(spec, move_priority(move)))
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
