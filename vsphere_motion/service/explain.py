"""What the hosts' logs say of a move, fetched right after it ended, because hosts rotate their logs.

Rules of this file: reading is bounded, goes on beside the loop over moves, and never decides how a move ended; what
could not be read is a note.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from vsphere_motion.errors import AccessRefused, MotionError, VCenterUnavailable
from vsphere_motion.model.elsewhere import here, is_elsewhere
from vsphere_motion.model.move import Move
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.plan import PlannedMove
from vsphere_motion.model.record import LogLine, MotionRecord
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.motionlog.belonging import split_own_logs
from vsphere_motion.motionlog.timeline import read_motion
from vsphere_motion.service.beside import Crew, beside
from vsphere_motion.service.connection import VCenter

if TYPE_CHECKING:
    from vsphere_motion.vcenter.deadline import Deadline

CLOCK_SKEW = timedelta(seconds=120)
"""How far a host's clock may be off vCenter's; a published log shows 98 s (KB 436882's sample)."""

READINGS_AT_ONCE = 8
"""Of how many moves the logs are read at once; each has a thread for either host and one for the VM's own."""

READ_LIMIT_S = 30.0
"""How long the logs of one move are read at most."""

CALL_LIMIT_S = 10.0
"""How long one page of a log is waited for."""

HOST_LOGS = ("vmkernel", "vpxa", "hostd")
"""The vmkernel log has the timeline; vpxa's, where it is verbose, the exact downtime; hostd's names the fault."""

HAS_LOGS = {OutcomeState.MOVED, OutcomeState.FAILED, OutcomeState.CANCELLED}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """The lines of one place, and what could not be read of it."""

    lines: tuple[LogLine, ...] = ()
    notes: tuple[str, ...] = ()


def make_explainer(
    vcenter: VCenter, planned: Sequence[PlannedMove], *, keep_lines: bool = True
) -> Callable[[Outcome], Outcome | Future[Outcome]]:
    """A function that adds to an outcome what both hosts' logs say of it, beside whoever calls it.

    Args:
        keep_lines: whether the lines themselves are kept with what was read from them.
    """
    plans = {item.move.vm.ref: item for item in planned}
    crew = Crew[Outcome](READINGS_AT_ONCE)

    def explain(outcome: Outcome) -> Outcome | Future[Outcome]:
        if outcome.state not in HAS_LOGS or outcome.started_at is None:
            return outcome
        return crew.begin(lambda: _explain(vcenter, plans[outcome.move.vm.ref], outcome, keep_lines=keep_lines))

    return explain


def _explain(vcenter: VCenter, planned: PlannedMove, outcome: Outcome, *, keep_lines: bool) -> Outcome:
    try:
        record, notes = fetch_motion(vcenter, planned, outcome)
    except (VCenterUnavailable, AccessRefused) as error:
        record, notes = None, (error.message,)
    if record is not None:
        lines = record.lines if keep_lines else ()
        return replace(outcome, motion=replace(record, lines=lines, notes=(*record.notes, *notes)))
    return _with_notes(outcome, notes)


def fetch_motion(
    vcenter: VCenter, planned: PlannedMove, outcome: Outcome
) -> tuple[MotionRecord | None, tuple[str, ...]]:
    """What both hosts' logs say of one move, and what could not be read of them."""
    source, destination = planned.move.source.host, planned.move.destination.host
    if source is None or destination is None or outcome.started_at is None:
        return None, ("the source or destination host is not known",)
    of_source, of_destination, own = _read_all(vcenter, planned, (source, destination), outcome.started_at - CLOCK_SKEW)
    at_source, at_destination = split_own_logs(own.lines, source=source.name, destination=destination.name)
    record = read_motion(
        source_host=source.name,
        destination_host=destination.name,
        source_lines=(*of_source.lines, *at_source),
        destination_lines=(*of_destination.lines, *at_destination),
        source_addresses=planned.source_addresses,
        destination_addresses=planned.destination_addresses,
        since=outcome.started_at,
        until=outcome.completed_at,
        operation_id=outcome.operation_id,
    )
    return record, (*of_source.notes, *of_destination.notes)


def _read_all(vcenter: VCenter, planned: PlannedMove, hosts: Sequence[NamedRef], since: datetime) -> list[_Read]:
    """Both hosts' logs and the VM's own at once; what takes too long is left out."""
    from vsphere_motion.vcenter.deadline import Deadline

    deadline = Deadline(READ_LIMIT_S)
    places = [*(partial(_read, vcenter, host, since, deadline) for host in hosts)]
    readings = [beside(place) for place in (*places, partial(_read_own, vcenter, planned.move, deadline))]
    wait(readings, timeout=READ_LIMIT_S + CALL_LIMIT_S)
    names = (*map(str, hosts), planned.move.vm.name)
    return [_taken(reading, name) for reading, name in zip(readings, names, strict=True)]


def _taken(reading: Future[_Read], name: str) -> _Read:
    if not reading.done():
        return _Read(notes=(f"the logs of {name} were not read within {READ_LIMIT_S:.0f} s",))
    try:
        return reading.result()
    except MotionError as error:
        return _Read(notes=(error.message,))


def _read_own(vcenter: VCenter, move: Move, deadline: Deadline) -> _Read:
    """The VM's own logs tell what the hosts' have lost; that they cannot be read is no news."""
    from vsphere_motion.vcenter.vmlogs import read_vm_logs

    vcenter, vm = _where_it_is(vcenter, move)
    with vcenter.session.deadline(CALL_LIMIT_S, tries=2):
        return _Read(lines=read_vm_logs(vcenter.session, vm, deadline=deadline).lines)


def _where_it_is(vcenter: VCenter, move: Move) -> tuple[VCenter, MoRef]:
    """The vCenter that has the VM now, and its reference there."""
    other = vcenter.other
    if other is None or move.destination.vcenter is None or move.vm.instance_uuid is None:
        return vcenter, move.vm.ref
    from vsphere_motion.vcenter.across import find_by_uuid

    arrived = find_by_uuid(other.end, move.vm.instance_uuid)
    return (vcenter, move.vm.ref) if arrived is None else (other.vcenter, arrived)


def _read(vcenter: VCenter, host: NamedRef, since: datetime, deadline: Deadline) -> _Read:
    """Notes are the vmkernel log's alone: a log beside it is read where it is there.

    A host of another vCenter is asked there, and by the clock there.
    """
    from vsphere_motion.vcenter.hostlogs import read_log_tail

    if vcenter.other is not None and is_elsewhere(host.ref):
        there = vcenter.other.vcenter
        since += there.session.now() - vcenter.session.now()
        vcenter, host = there, replace(host, ref=here(host.ref))
    with vcenter.session.deadline(CALL_LIMIT_S, tries=2):
        tails = [read_log_tail(vcenter.session, host, log=log, since=since, deadline=deadline) for log in HOST_LOGS]
    return _Read(lines=tuple(line for tail in tails for line in tail.lines), notes=tails[0].notes)


def _with_notes(outcome: Outcome, notes: tuple[str, ...]) -> Outcome:
    if not notes:
        return outcome
    words = "the hosts' logs say nothing: " + "; ".join(notes)
    return replace(outcome, note=f"{outcome.note}; {words}" if outcome.note else words)
