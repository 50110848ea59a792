"""The story of a migration: ask, resolve, check, plan, run, verify, explain, report."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vsphere_motion import __version__
from vsphere_motion.errors import MotionError, VCenterUnavailable
from vsphere_motion.model.event import Event, MoveEnded, RunEnded, RunStarted
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.plan import Plan, PlannedMove
from vsphere_motion.model.report import Report, RunInfo
from vsphere_motion.model.request import MoveRequest
from vsphere_motion.run.execute import DEFAULT_MAX_CONCURRENT, Execution, Limits, Ports
from vsphere_motion.run.journal import Journal, JournaledMove, JournaledRun, MoveState, open_journal
from vsphere_motion.run.ports import Control
from vsphere_motion.service.check import check
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.explain import make_explainer
from vsphere_motion.service.report import report_of
from vsphere_motion.service.surroundings import Places
from vsphere_motion.settings import state_directory


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a plan is run.

    Args:
        max_concurrent: relocations in flight at once.
        timeout_s: after this the running moves are left alone and the run is open; None: no limit.
        read_logs: fetch both hosts' vmkernel lines of each move right after it.
    """

    max_concurrent: int = DEFAULT_MAX_CONCURRENT
    timeout_s: float | None = None
    read_logs: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverStop:
    """A control for callers that cannot be interrupted."""

    is_halting: bool = False
    is_detaching: bool = False


NEVER_STOP = NeverStop()
DEFAULT_OPTIONS = RunOptions()


def migrate(vcenter: VCenter, request: MoveRequest, *, state_dir: Path | None = None) -> Report:
    """Check, run and report in one call, without asking anyone.

    Raises:
        NotFound, Ambiguous, BadInput: what the request names cannot be resolved.
        VCenterUnavailable: vCenter went away; the journal knows what was started.
    """
    directory = state_dir or state_directory({})
    journal = open_journal(directory)
    try:
        *_, last = run(vcenter, check(vcenter, request, Places(state_dir=directory)), journal=journal)
    finally:
        journal.close()
    assert isinstance(last, RunEnded)
    return last.report


def run(
    vcenter: VCenter,
    plan: Plan,
    *,
    journal: Journal,
    control: Control = NEVER_STOP,
    options: RunOptions = DEFAULT_OPTIONS,
) -> Iterator[Event]:
    """Run a plan; the last event is `RunEnded` with the report.

    One blocked move means that nothing starts, unless the plan is partial. What is not started, unchanged or blocked
    has its outcome in the journal before anything runs.
    """
    info = _describe(vcenter)
    journal.create_run(info, _rows(plan))
    journaled = journal.load_run(info.run)
    yield RunStarted(at=utc_now(), run=info.run)
    for row in journaled.moves:
        if row.outcome is not None:
            yield MoveEnded(at=utc_now(), outcome=row.outcome)
    yield from run_open_moves(vcenter, journaled, plan.moves, journal=journal, control=control, options=options)


def run_open_moves(
    vcenter: VCenter,
    journaled: JournaledRun,
    planned: tuple[PlannedMove, ...],
    *,
    journal: Journal,
    control: Control,
    options: RunOptions,
) -> Iterator[Event]:
    """Start every planned move of a run and watch every submitted one, then end with `RunEnded`.

    Args:
        planned: the moves as planned against a fresh snapshot: they carry the hosts' vMotion addresses.
    """
    run_id = journaled.info.run
    execution = Execution(
        run=run_id,
        items=[row for row in journaled.moves if row.state in {MoveState.PLANNED, MoveState.SUBMITTED}],
        ports=make_ports(vcenter, planned, options),
        journal=journal,
        control=control,
        limits=Limits(max_concurrent=options.max_concurrent, timeout_s=options.timeout_s),
    )
    try:
        yield from execution.events()
    except VCenterUnavailable as error:
        raise _with_way_back(error, run_id) from error
    journal.end_run(run_id, utc_now())
    yield RunEnded(at=utc_now(), report=report_of(journal.load_run(run_id)))


def make_ports(vcenter: VCenter, planned: tuple[PlannedMove, ...], options: RunOptions) -> Ports:
    """The loop's ports, served by this vCenter."""
    from vsphere_motion.vcenter.placement import VCenterPlacementReader
    from vsphere_motion.vcenter.relocate import VCenterRelocator
    from vsphere_motion.vcenter.tasks import VCenterTaskFinder, VCenterTaskWatcher

    return Ports(
        relocator=VCenterRelocator(vcenter.session),
        watcher=VCenterTaskWatcher(vcenter.session),
        finder=VCenterTaskFinder(vcenter.session),
        placements=VCenterPlacementReader(vcenter.session),
        clock=vcenter.session,
        now=utc_now,
        monotonic_s=time.monotonic,
        explain=make_explainer(vcenter, planned) if options.read_logs else lambda outcome: outcome,
    )


def utc_now() -> datetime:
    """This machine's clock in UTC."""
    return datetime.now(UTC)


def _describe(vcenter: VCenter) -> RunInfo:
    return RunInfo(
        run=f"r-{secrets.token_hex(3)}",
        vcenter=vcenter.identity,
        user=vcenter.user,
        tool_version=__version__,
        tls=vcenter.tls,
        started_at=utc_now(),
    )


def _rows(plan: Plan) -> list[JournaledMove]:
    runnable = plan.runnable()
    return [
        JournaledMove(
            position=position,
            planned=planned,
            memory_bytes=planned.memory_bytes,
            outcome=None if planned in runnable else _settled(planned),
        )
        for position, planned in enumerate(plan.moves)
    ]


def _settled(planned: PlannedMove) -> Outcome:
    """The outcome of a move that is not started."""
    if planned.move.is_noop:
        return Outcome(move=planned.move, state=OutcomeState.UNCHANGED, note="it is already there")
    if planned.blockers:
        return blocked_outcome(planned)
    return Outcome(move=planned.move, state=OutcomeState.NOT_STARTED, note="another VM of this request is blocked")


def blocked_outcome(planned: PlannedMove) -> Outcome:
    """The outcome of a move that its findings stop."""
    ids = ", ".join(dict.fromkeys(finding.id for finding in planned.blockers))
    return Outcome(move=planned.move, state=OutcomeState.BLOCKED, note=f"blocked by {ids}")


def _with_way_back(error: VCenterUnavailable, run_id: str) -> MotionError:
    """The same error, with the command that goes on with this run."""
    way_back = f"what was started goes on in vCenter; go on with: vsphere-motion resume {run_id}"
    hint = f"{error.hint}; {way_back}" if error.hint else way_back
    error.hint = hint
    return error
