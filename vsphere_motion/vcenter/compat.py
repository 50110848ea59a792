"""vCenter's own opinion of moves, from `CheckRelocate_Task`.

It is an opinion beside our own checks: where it cannot be had, the verdict says why, and nothing stops.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vsphere_motion.errors import (
    CallTimeout,
    MotionError,
    OutcomeUnknown,
    PermissionMissing,
    ProtocolError,
    VCenterFault,
)
from vsphere_motion.model.compat import CompatVerdict
from vsphere_motion.model.move import Move
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import Fault
from vsphere_motion.vcenter.collector import Reading, managed_object, read_objects, ref_of
from vsphere_motion.vcenter.faults import fault_from, translated
from vsphere_motion.vcenter.relocate import VCenterRelocator, relocate_spec
from vsphere_motion.vcenter.tasks import VCenterTaskWatcher

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

IN_FLIGHT = 8
"""Checks asked for at once; each costs vCenter a look at both hosts."""

TIMEOUT_S = 120.0
"""For all checks of one call together."""

_POLL_S = 10.0
_RESULTS = ("info.error", "info.result", "info.state")
_NO_OPINION = (CallTimeout, OutcomeUnknown, PermissionMissing, ProtocolError, VCenterFault)
_UNSUPPORTED = {"MethodNotFound", "NotImplemented", "NotSupported"}


def check_relocations(
    session: Session, moves: Sequence[Move], *, timeout_s: float = TIMEOUT_S
) -> dict[MoRef, CompatVerdict]:
    """One verdict for each move's VM; what could not be learned has `unknown_reason`.

    All of vCenter's tests are run (no `testType` is given). At most `IN_FLIGHT` checks run at once.

    Calls: CheckRelocate_Task (one for each move), those of `VCenterTaskWatcher`, RetrievePropertiesEx; CancelTask for
        a check that outlives the deadline.
    Needs: System.View; for the move itself Resource.HotMigrate or Resource.ColdMigrate, Resource.AssignVMToPool.

    Raises:
        SessionEnded, Unreachable: vCenter is away.
    """
    checks = _Checks(session=session, waiting=list(moves), ends_at_s=time.monotonic() + timeout_s)
    try:
        while checks.waiting or checks.running:
            checks.start_more()
            checks.take_results()
    except _NO_OPINION as error:
        checks.give_up_all(error.message)
    finally:
        checks.watcher.close()
    return {move.vm.ref: checks.verdicts[move.vm.ref] for move in moves}


@dataclass(slots=True, kw_only=True)
class _Checks:
    """The checks of one call on their way."""

    session: Session
    waiting: list[Move]
    ends_at_s: float
    running: dict[MoRef, MoRef] = field(default_factory=dict)
    verdicts: dict[MoRef, CompatVerdict] = field(default_factory=dict)
    watcher: VCenterTaskWatcher = field(init=False)

    def __post_init__(self) -> None:
        self.watcher = VCenterTaskWatcher(self.session)

    def start_more(self) -> None:
        """Ask for checks up to the limit; a server that has no such check is asked once."""
        started = []
        while self.waiting and len(self.running) < IN_FLIGHT:
            move = self.waiting.pop(0)
            try:
                task = _start(self.session, move)
            except _NO_OPINION as error:
                self._give_up(move.vm.ref, error)
                continue
            self.running[task] = move.vm.ref
            started.append(task)
        self.watcher.watch(started)

    def take_results(self) -> None:
        """Wait for checks to end and read their results in one call; give up those that are late."""
        if not self.running:
            return
        left_s = self.ends_at_s - time.monotonic()
        statuses = self.watcher.wait_for_updates(timeout_s=max(0.0, min(left_s, _POLL_S)))
        ended = [one.task for one in statuses if one.is_gone or (one.state is not None and one.state.is_final)]
        if ended:
            readings = read_objects(self.session, ended, _RESULTS)
            for task in ended:
                vm = self.running.pop(task)
                self.verdicts[vm] = _verdict(vm, readings.get(task))
            self.watcher.forget(ended)
        if left_s <= 0:
            for task in self.running:
                _cancel(self.session, task)
            self.give_up_all("vCenter's own check did not end in time")

    def give_up_all(self, reason: str) -> None:
        """Say of every move that has no verdict yet why it has none."""
        vms = [*self.running.values(), *(move.vm.ref for move in self.waiting)]
        self.verdicts |= {vm: _unknown(vm, reason) for vm in vms}
        self.running.clear()
        self.waiting.clear()

    def _give_up(self, vm: MoRef, error: MotionError) -> None:
        self.verdicts[vm] = _unknown(vm, error.message)
        if isinstance(error, VCenterFault) and error.fault_kind in _UNSUPPORTED:
            self.give_up_all(error.message)


def _start(session: Session, move: Move) -> MoRef:
    content: Any = session.content
    vm = managed_object(session, move.vm.ref)
    if content.vmProvisioningChecker is None:
        raise VCenterFault("this server has no check of relocations", fault_kind="NotSupported")
    with translated(f"ask vCenter whether {move.vm} can move to {move.destination.host}"):
        return ref_of(content.vmProvisioningChecker.CheckRelocate_Task(vm=vm, spec=relocate_spec(session, move)))


def _cancel(session: Session, task: MoRef) -> None:
    try:
        VCenterRelocator(session).cancel_task(task)
    except _NO_OPINION:
        return  # the check ends by itself, and nobody waits for it


def _verdict(vm: MoRef, reading: Reading | None) -> CompatVerdict:
    if reading is None:
        return _unknown(vm, "vCenter forgot the task of its check")
    if reading.get("info.error") is not None:
        fault = fault_from(reading.get("info.error"))
        return _unknown(vm, f"vCenter's own check failed: {fault.message or fault.kind}")
    if reading.unread or reading.get("info.state") != "success":
        return _unknown(vm, "the result of vCenter's own check cannot be understood")
    results = reading.get("info.result") or ()
    return CompatVerdict(
        vm=vm,
        errors=_faults(error for result in results for error in result.error),
        warnings=_faults(warning for result in results for warning in result.warning),
    )


def _faults(faults: Any) -> tuple[Fault, ...]:
    """The faults as data, each once: vCenter repeats one for every host it looked at."""
    return tuple(dict.fromkeys(fault_from(fault) for fault in faults))


def _unknown(vm: MoRef, reason: str) -> CompatVerdict:
    return CompatVerdict(vm=vm, unknown_reason=reason)
