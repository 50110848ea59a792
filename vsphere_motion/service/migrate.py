"""The story of a migration: ask, resolve, check, plan, run, verify, explain, report."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from vsphere_motion import __version__
from vsphere_motion.errors import AccessRefused, BadInput, MotionError, VCenterUnavailable
from vsphere_motion.model.event import Event, MoveEnded, RunEnded, RunStarted
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.plan import Plan, PlannedMove
from vsphere_motion.model.report import Report, RunInfo
from vsphere_motion.model.request import MoveRequest
from vsphere_motion.run.execute import Execution
from vsphere_motion.run.gate import PlanGate, Start
from vsphere_motion.run.journal import Journal, JournaledMove, JournaledRun, open_journal
from vsphere_motion.run.locks import watching
from vsphere_motion.run.ports import Control
from vsphere_motion.run.workbook import Moment, Workbook
from vsphere_motion.service.budgets import with_budgets
from vsphere_motion.service.check import check
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.forecasts import of_moves, rest_of, telling
from vsphere_motion.service.giving_back import giving_back
from vsphere_motion.service.loads import note_loads
from vsphere_motion.service.once_more import with_replans
from vsphere_motion.service.options import DEFAULT_OPTIONS, NEVER_STOP, Given, RunOptions
from vsphere_motion.service.preparation import prepared
from vsphere_motion.service.put_back import put_back
from vsphere_motion.service.report import report_of
from vsphere_motion.service.run_ports import make_ports, utc_now
from vsphere_motion.service.surroundings import Places
from vsphere_motion.service.truce import begin_truce
from vsphere_motion.service.windows import timely
from vsphere_motion.settings import state_directory


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
    given: Given | None = None,
) -> Iterator[Event]:
    """Run a plan; the last event is `RunEnded` with the report.

    One blocked move means that nothing starts, unless the plan is partial. What is not started, unchanged or blocked
    has its outcome in the journal before anything runs.

    Raises:
        BadInput: something is to be put back after the moves, and nobody waits for their end.
    """
    if not options.is_watching:
        _require_no_waiting(plan, options)
    options = with_budgets(vcenter, options)
    plan = prepared(vcenter, plan)
    given = given or Given()
    info = given.info or describe_run(vcenter)
    with watching(journal, info.run, now=info.started_at):
        journal.create_run(info, [*_rows(plan), *_settled_rows(given, len(plan.moves))])
        _write_beside(journal, info.run, given)
        journaled = journal.load_run(info.run)
        if any(row.outcome is None for row in journaled.moves):
            note_loads(vcenter, journal, journaled, Moment.BEFORE, info.started_at)
        yield RunStarted(at=utc_now(), run=info.run)
        for row in journaled.moves:
            if row.outcome is not None:
                yield MoveEnded(at=utc_now(), outcome=row.outcome)
        if options.drs_override:
            yield from begin_truce(vcenter, journal, journaled)

        def watch(row: JournaledRun, moves: tuple[PlannedMove, ...]) -> Iterator[Event]:
            return watch_open_moves(vcenter, row, moves, journal=journal, control=control, options=options)

        first = watch(journaled, plan.moves)
        yield from with_replans(first, given.replan, run=info.run, journal=journal, watch=watch)
        yield from put_back(vcenter, journal, info.run)
        yield end_run(vcenter, journaled, journal)


def _require_no_waiting(plan: Plan, options: RunOptions) -> None:
    """Refuse what is put back after the moves, where nobody waits for their end."""
    if options.drs_override:
        raise BadInput(
            "DRS is kept away until the moves have ended, and nobody is to wait for them",
            hint="leave out --no-wait or --drs-override",
        )
    if any(one.move.manner.is_template for one in plan.runnable()):
        raise BadInput(
            "templates are to be moved, which are templates again only after somebody has waited for the end",
            hint="leave out --no-wait, or the templates",
        )
    if any(one.move.manner.keepsakes for one in plan.runnable()):
        raise BadInput(
            "virtual machines are to have their tags or attributes again, which is done after somebody has waited for "
            "the end",
            hint="leave out --no-wait, or --keep-tags and --keep-attributes",
        )


def _write_beside(journal: Journal, run: str, given: Given) -> None:
    """What a run is for, and what its plan was made of."""
    if given.purpose is not None:
        Workbook(journal).write_purpose(run, given.purpose)
    if given.replan is not None:
        Workbook(journal).write_asked(run, given.replan.asked)


def watch_open_moves(
    vcenter: VCenter,
    journaled: JournaledRun,
    planned: tuple[PlannedMove, ...],
    *,
    journal: Journal,
    control: Control,
    options: RunOptions,
) -> Iterator[Event]:
    """Start every planned move of a run, find and watch what was asked for.

    Args:
        planned: the moves as planned against a fresh snapshot: they carry the hosts' vMotion addresses.
    """
    options = with_budgets(vcenter, options)
    run_id = journaled.info.run
    forecasts, gate = of_moves(planned, options.max_concurrent), gate_of(journaled, planned)
    execution = Execution(
        run=run_id,
        items=[row for row in journaled.moves if row.outcome is None],
        ports=make_ports(vcenter, planned, options, forecasts),
        journal=journal,
        control=control,
        limits=options.limits,
        gate=timely(journaled, gate, utc_now),
        counts_others=any(start.costs for start in gate.starts.values()),
        ended={row.position: row.outcome.state for row in journaled.moves if row.outcome is not None},
    )
    events = rest_of(journaled, forecasts, options.max_concurrent).telling(telling(execution.events(), forecasts))
    try:
        yield from giving_back(vcenter, journal, run_id, events, control)
    except (VCenterUnavailable, AccessRefused) as error:
        raise _with_way_back(error, run_id) from error


def gate_of(journaled: JournaledRun, planned: tuple[PlannedMove, ...] = ()) -> PlanGate:
    """Which moves of a run wait for others, as they were planned.

    Args:
        planned: the moves as planned against a fresh snapshot: they know what they take of vCenter's limits.
    """
    costs = {one.move.vm.ref: one.costs for one in planned}
    return PlanGate(
        starts={
            row.position: Start(relies_on=row.planned.relies_on, costs=costs.get(row.move.vm.ref) or row.planned.costs)
            for row in journaled.moves
            if row.planned.relies_on or costs.get(row.move.vm.ref) or row.planned.costs
        }
    )


def end_run(vcenter: VCenter, journaled: JournaledRun, journal: Journal) -> RunEnded:
    """Write when a run ended, if it has, by vCenter's clock; its report."""
    run_id = journaled.info.run
    present = journal.load_run(run_id)
    at = _server_now(vcenter, present)
    if present.info.loads_before and all(row.outcome is not None for row in present.moves):
        note_loads(vcenter, journal, present, Moment.AFTER, at)
    journal.end_run(run_id, at)
    return RunEnded(at=utc_now(), report=report_of(journal.load_run(run_id)))


def _server_now(vcenter: VCenter, journaled: JournaledRun) -> datetime:
    """vCenter's clock; when the last move ended where it does not answer. Never this machine's clock."""
    try:
        return vcenter.session.now()
    except (VCenterUnavailable, AccessRefused):
        ends = [row.outcome.completed_at for row in journaled.moves if row.outcome and row.outcome.completed_at]
        return max(ends, default=journaled.info.started_at)


def describe_run(vcenter: VCenter) -> RunInfo:
    """A new run that begins now, by vCenter's clock."""
    return RunInfo(
        run=f"r-{secrets.token_hex(3)}",
        vcenter=vcenter.identity,
        user=vcenter.user,
        tool_version=__version__,
        tls=vcenter.tls,
        started_at=vcenter.session.now(),
    )


def _rows(plan: Plan) -> list[JournaledMove]:
    runnable = {id(planned) for planned in plan.runnable()}
    return [
        JournaledMove(
            position=position,
            planned=planned,
            memory_bytes=planned.memory_bytes,
            outcome=None if id(planned) in runnable else _settled(planned),
        )
        for position, planned in enumerate(plan.moves)
    ]


def _settled_rows(given: Given, first: int) -> list[JournaledMove]:
    return [
        JournaledMove(position=first + place, planned=PlannedMove(move=outcome.move, findings=()), outcome=outcome)
        for place, outcome in enumerate(given.settled)
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


def _with_way_back(error: VCenterUnavailable | AccessRefused, run_id: str) -> MotionError:
    """The same error, with the command that goes on with this run."""
    way_back = f"what was started goes on in vCenter; go on with: vsphere-motion resume {run_id}"
    hint = f"{error.hint}; {way_back}" if error.hint else way_back
    error.hint = hint
    return error
