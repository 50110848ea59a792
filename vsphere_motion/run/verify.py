"""Whether a move really happened: what the task says, held against where the VM was seen afterwards."""

from __future__ import annotations

from vsphere_motion.model.move import Move
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import Fault, TaskState, TaskStatus
from vsphere_motion.run.differences import find_differences as find_differences
from vsphere_motion.run.ports import SeenPlacement

CANCELLED_KIND = "RequestCanceled"


def verify(move: Move, status: TaskStatus, seen: SeenPlacement | None) -> Outcome:
    """The outcome of a move whose task has ended or is gone.

    Args:
        status: the last reading of the task.
        seen: where the VM was read to be afterwards; None if it no longer exists.
    """
    state, fault, note = _judge(move, status, seen)
    return Outcome(
        move=move,
        state=state,
        task=status.task.moid,
        queued_at=status.queued_at,
        started_at=status.started_at,
        completed_at=status.completed_at,
        fault=fault,
        note=note,
    )


def verify_followed(
    move: Move, seen: SeenPlacement | None, *, task: MoRef, who: str, fault: Fault | None
) -> Outcome | None:
    """The outcome of a move whose VM somebody else moved; None if the VM is where it was, so that it may still start.

    Args:
        seen: where the VM was read to be afterwards; None if it no longer exists.
        task: the other relocation, which has ended.
        who: who started that, in words.
        fault: how our own task ended because of it; such a move does not start again.
    """
    if seen is None:
        return gone(move)
    if seen.host is not None and not find_differences(move, seen):
        note = f"it is there: {who} moved it ({task.moid})"
        return Outcome(move=move, state=OutcomeState.UNCHANGED, note=note)
    words = f"{who} was moving it ({task.moid}); {_where(move, seen)}"
    if fault is not None:
        return Outcome(move=move, state=OutcomeState.FAILED, fault=fault, note=words)
    if seen.host is None or move.source.host is None or seen.host != move.source.host.ref:
        return Outcome(move=move, state=OutcomeState.NOT_STARTED, note=f"{words}; it is not moved a second time")
    return None


def gone(move: Move) -> Outcome:
    """The outcome of a move whose VM was deleted or unregistered before it was started."""
    fault = Fault(kind="Gone", message=f"the VM no longer exists in vCenter ({move.vm.moid})")
    return Outcome(move=move, state=OutcomeState.FAILED, fault=fault, note="nothing was started")


def _judge(move: Move, status: TaskStatus, seen: SeenPlacement | None) -> tuple[OutcomeState, Fault | None, str | None]:
    if status.state is TaskState.SUCCESS:
        return _judge_success(move, seen)
    if status.state is TaskState.ERROR:
        return _judge_error(move, status, seen)
    return _judge_gone(move, status, seen)


def _judge_gone(
    move: Move, status: TaskStatus, seen: SeenPlacement | None
) -> tuple[OutcomeState, Fault | None, str | None]:
    """Neither vCenter nor its history knows the task: only where the VM is can tell."""
    words = f"vCenter no longer knows {status.task.moid}; {_where(move, seen)}"
    is_there = seen is not None and seen.host is not None and not find_differences(move, seen)
    if is_there and move.destination.host is not None and not move.is_noop:
        return OutcomeState.MOVED, None, f"{words}, its destination; judged by that alone"
    return OutcomeState.UNKNOWN, None, words


def _judge_success(move: Move, seen: SeenPlacement | None) -> tuple[OutcomeState, Fault | None, str | None]:
    if seen is None:
        return OutcomeState.UNKNOWN, None, "the task succeeded, but the VM no longer exists in vCenter"
    if seen.host is None:
        return OutcomeState.UNKNOWN, None, "the task succeeded, but the VM's placement could not be read afterwards"
    differences = find_differences(move, seen)
    if not differences:
        return OutcomeState.MOVED, None, _nic_note(seen)
    fault = Fault(
        kind="PlacementMismatch",
        message="the task succeeded, but the VM was seen elsewhere afterwards",
        details=differences,
    )
    return OutcomeState.FAILED, fault, "something else, such as DRS, may have moved it since"


def _judge_error(
    move: Move, status: TaskStatus, seen: SeenPlacement | None
) -> tuple[OutcomeState, Fault | None, str | None]:
    fault = status.fault or Fault(kind="UnknownFault", message="vCenter gave no fault for the failed task")
    is_cancelled = status.cancelled or fault.kind == CANCELLED_KIND
    if is_cancelled and seen is not None and seen.host is not None and not find_differences(move, seen):
        # The last word has the placement: a cancel can come too late (seen with vcsim, whose cancelled tasks succeed).
        words = f"vCenter says that {status.task.moid} was cancelled, but the VM is on its destination"
        return OutcomeState.UNKNOWN, fault, words
    state = OutcomeState.CANCELLED if is_cancelled else OutcomeState.FAILED
    return state, fault, _where(move, seen)


def _nic_note(seen: SeenPlacement) -> str | None:
    if not seen.disconnected_nics:
        return None
    return f"disconnected after the move: {', '.join(seen.disconnected_nics)}"


def _where(move: Move, seen: SeenPlacement | None) -> str:
    if seen is None:
        return "the VM no longer exists in vCenter"
    if seen.host is None:
        return "where the VM is now could not be read"
    for place in (move.source.host, move.destination.host):
        if place is not None and place.ref == seen.host:
            return f"the VM is on {place.name} now"
    return f"the VM is on {seen.host} now, neither its source nor its destination"
