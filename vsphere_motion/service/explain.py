"""What the hosts' logs say of a move, fetched right after it ended, because hosts rotate their logs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from vsphere_motion.errors import AccessRefused, VCenterUnavailable
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.plan import PlannedMove
from vsphere_motion.model.record import LogLine, MotionRecord
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.motionlog.timeline import read_motion
from vsphere_motion.service.connection import VCenter

CLOCK_SKEW = timedelta(seconds=120)
"""How far a host's clock may be off vCenter's; a published log shows 98 s (KB 436882's sample)."""

HAS_LOGS = {OutcomeState.MOVED, OutcomeState.FAILED, OutcomeState.CANCELLED}


def make_explainer(vcenter: VCenter, planned: Sequence[PlannedMove]) -> Callable[[Outcome], Outcome]:
    """A function that adds to an outcome what both hosts' logs say of it."""
    plans = {item.move.vm.ref: item for item in planned}
    return lambda outcome: _explain(vcenter, plans, outcome)


def _explain(vcenter: VCenter, plans: dict[MoRef, PlannedMove], outcome: Outcome) -> Outcome:
    if outcome.state not in HAS_LOGS or outcome.started_at is None:
        return outcome
    try:
        record, notes = fetch_motion(vcenter, plans[outcome.move.vm.ref], outcome)
    except (VCenterUnavailable, AccessRefused) as error:
        record, notes = None, (error.message,)
    if record is not None:
        return replace(outcome, motion=replace(record, notes=(*record.notes, *notes)))
    return _with_notes(outcome, notes)


def fetch_motion(
    vcenter: VCenter, planned: PlannedMove, outcome: Outcome
) -> tuple[MotionRecord | None, tuple[str, ...]]:
    """What both hosts' vmkernel logs say of one move, and what could not be read of them."""
    source, destination = planned.move.source.host, planned.move.destination.host
    if source is None or destination is None or outcome.started_at is None:
        return None, ("the source or destination host is not known",)
    since = outcome.started_at - CLOCK_SKEW
    source_lines, source_notes = _read(vcenter, source, since)
    destination_lines, destination_notes = _read(vcenter, destination, since)
    record = read_motion(
        source_host=source.name,
        destination_host=destination.name,
        source_lines=source_lines,
        destination_lines=destination_lines,
        source_addresses=planned.source_addresses,
        destination_addresses=planned.destination_addresses,
        since=outcome.started_at,
        until=outcome.completed_at,
        operation_id=outcome.operation_id,
    )
    return record, (*source_notes, *destination_notes)


def _read(vcenter: VCenter, host: NamedRef, since: datetime) -> tuple[tuple[LogLine, ...], tuple[str, ...]]:
    """The vmkernel log has the timeline; vpxa's, where it is verbose, has the exact downtime."""
    from vsphere_motion.vcenter.hostlogs import read_log_tail

    vmkernel = read_log_tail(vcenter.session, host, since=since)
    vpxa = read_log_tail(vcenter.session, host, log="vpxa", since=since)
    return (*vmkernel.lines, *vpxa.lines), vmkernel.notes


def _with_notes(outcome: Outcome, notes: tuple[str, ...]) -> Outcome:
    if not notes:
        return outcome
    words = "the hosts' logs say nothing: " + "; ".join(notes)
    return replace(outcome, note=f"{outcome.note}; {words}" if outcome.note else words)
