"""The story of a restore: what a run has moved goes back to where it was, as far as it may and fits.

Rules of this file: the difference is made and shown before anything moves; what somebody else has changed since stays
as it is, and the report says so, as it does of what the journal does not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from vsphere_motion.errors import BadInput, NotFound, UsageProblem
from vsphere_motion.model.event import Event
from vsphere_motion.model.finding import Finding
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.move import Change, Move
from vsphere_motion.model.outcome import Outcome
from vsphere_motion.model.plan import Plan, PlannedMove
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.model.report import RunInfo
from vsphere_motion.model.request import MoveRequest, Opinions
from vsphere_motion.model.site import Step
from vsphere_motion.planning.changed import NO_POLICIES, Aspect, PoliciesNow
from vsphere_motion.planning.placement.of_inventory import ANSWERED_BY_PLACEMENT
from vsphere_motion.planning.restore import WayBack, way_back, with_exits
from vsphere_motion.planning.restore_lines import Back, BackLine, Taken, compare_places, taken_of
from vsphere_motion.planning.restore_moves import MovesBack
from vsphere_motion.planning.selectors import find_host
from vsphere_motion.planning.steps import Words, plan_moves, slots_of
from vsphere_motion.preflight.together import space_together
from vsphere_motion.run.journal import Journal
from vsphere_motion.run.ports import Control
from vsphere_motion.run.workbook import Purpose, PurposeKind, Workbook
from vsphere_motion.service.check import check_moves, with_facts
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.forecasts import read_past, with_forecasts
from vsphere_motion.service.migrate import run
from vsphere_motion.service.options import DEFAULT_OPTIONS, NEVER_STOP, Given, RunOptions
from vsphere_motion.service.restore_words import difference_document, outcomes_of
from vsphere_motion.service.storage import read_policies
from vsphere_motion.service.surroundings import NOWHERE, Places

EXIT_HINT = "add --exit-maintenance to take it out of maintenance mode first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to go back.

    Args:
        runs: the runs whose moves are taken back, the oldest first.
        host: only VMs that were on this host; None: all.
        skip_checks: ids of checks whose blockers are overridden.
        not_to: hosts that nothing goes back to.
        exits: hosts may be taken out of maintenance mode for it.
        keeps_ha_reserve: leave free what vSphere HA keeps for failed hosts.
    """

    runs: tuple[str, ...]
    host: NamedRef | None = None
    not_to: tuple[MoRef, ...] = ()
    skip_checks: tuple[str, ...] = ()
    exits: bool = False
    keeps_ha_reserve: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """What a restore would do.

    Args:
        leaving: hosts that are taken out of maintenance mode before.
        plan: the moves back, for a run.
        settled: what becomes of the VMs that do not go, and of what is left of those that do.
    """

    wanted: Wanted
    lines: tuple[BackLine, ...]
    leaving: tuple[NamedRef, ...]
    plan: Plan
    settled: tuple[Outcome, ...]

    def count(self, back: Back) -> int:
        """How many VMs it is so with."""
        return sum(1 for line in self.lines if line.back is back)

    @property
    def has_blocked(self) -> bool:
        """Whether anything that should go back cannot."""
        return any(line.of(Back.CANNOT) for line in self.lines)


def find_wanted(vcenter: VCenter, journal: Journal, word: str, *, may_be_empty: bool = False) -> Wanted:
    """The run that a word names, or the newest evacuation of the host that it names.

    Args:
        may_be_empty: a host that nothing was moved off is wanted too: it may still leave maintenance mode.

    Raises:
        NotFound, Ambiguous: it names neither, or several.
        BadInput: the run is another vCenter's.
    """
    try:
        found = journal.load_run(word).info
    except NotFound:
        return _of_host(vcenter, journal, word, may_be_empty=may_be_empty)
    if found.vcenter.instance_uuid != vcenter.identity.instance_uuid:
        raise BadInput(
            f"run {found.run} belongs to {found.vcenter.host}, not to {vcenter.identity.host}",
            hint=f"connect to it with --server {found.vcenter.host}",
        )
    return Wanted(runs=(found.run,))


def _of_host(vcenter: VCenter, journal: Journal, word: str, *, may_be_empty: bool) -> Wanted:
    try:
        host = find_host(vcenter.snapshot(), word)
    except NotFound as error:
        error.message = f"no run of the journal and no host is called {word}"
        error.args = (error.message,)
        raise
    found = Workbook(journal).find_evacuation(host.ref, vcenter_uuid=vcenter.identity.instance_uuid)
    if found is None and may_be_empty:
        return Wanted(runs=(), host=host.named)
    if found is None:
        raise NotFound(
            f"no run of the journal has moved a VM off {host.name}", hint="list runs with: vsphere-motion history"
        )
    return Wanted(runs=(found,), host=host.named)


def prepare_restore(vcenter: VCenter, journal: Journal, wanted: Wanted, places: Places = NOWHERE) -> Restoration:
    """The difference between where the VMs were and where they are, and the moves that undo it.

    Raises:
        BadInput: moves of the run are not finished.
    """
    taken = [one for one in _taken(journal, wanted) if one.origin.ref not in wanted.not_to]
    policies = _policies(vcenter, taken)
    inventory = vcenter.snapshot()
    lines = compare_places(inventory, taken, wanted.host.ref if wanted.host else None, policies)
    leaving = _in_maintenance(inventory, lines, wanted) if wanted.exits else ()
    seen = with_exits(inventory, (host.ref for host in leaving))
    making = _Making(vcenter, seen, MovesBack(seen, policies), wanted, places)
    checked = making.check(lines, frozenset(host.ref for host in leaving))
    back = way_back(seen, checked.lines, checked.findings, wanted.skip_checks, keeps_ha_reserve=wanted.keeps_ha_reserve)
    return Restoration(
        wanted=wanted,
        lines=back.lines,
        leaving=leaving,
        plan=Plan(
            moves=making.planned(back, checked),
            skip_checks=wanted.skip_checks,
            partial=True,
            notes=checked.notes,
        ),
        settled=tuple(outcome for line in back.lines for outcome in outcomes_of(line)),
    )


def restoration_document(restoration: Restoration) -> dict[str, object]:
    """The difference as `vsphere-motion/restoration/v1`."""
    return difference_document(restoration.wanted.runs, restoration.leaving, restoration.lines)


def restore(
    vcenter: VCenter,
    journal: Journal,
    restoration: Restoration,
    *,
    control: Control = NEVER_STOP,
    options: RunOptions = DEFAULT_OPTIONS,
    info: RunInfo | None = None,
) -> Iterator[Event]:
    """Bring the VMs back, as a run of its own; the last event is `RunEnded`."""
    hosts = tuple(dict.fromkeys(line.taken.origin.ref for line in restoration.lines))
    given = Given(info=info, purpose=Purpose(kind=PurposeKind.RESTORE, hosts=hosts), settled=restoration.settled)
    yield from run(vcenter, restoration.plan, journal=journal, control=control, options=options, given=given)


def _taken(journal: Journal, wanted: Wanted) -> tuple[Taken, ...]:
    ended: list[Outcome] = []
    for run_id in wanted.runs:
        journaled = journal.load_run(run_id)
        if not journaled.is_finished:
            raise BadInput(
                f"run {run_id} is not finished, so what it moves is not known yet",
                hint=f"end it with: vsphere-motion resume {run_id}, or: vsphere-motion cancel {run_id}",
            )
        outcomes = [item.outcome for item in journaled.moves if item.outcome is not None]
        ended += sorted(outcomes, key=_ended_at)
    return taken_of(ended)


def _ended_at(outcome: Outcome) -> datetime:
    return outcome.completed_at or datetime.min.replace(tzinfo=UTC)


def _in_maintenance(inventory: Inventory, lines: Sequence[BackLine], wanted: Wanted) -> tuple[NamedRef, ...]:
    """The hosts that VMs go back to and that are in maintenance mode; the named one also where no VM goes back."""
    refs = [wanted.host.ref] if wanted.host else []
    refs += [line.taken.origin.ref for line in lines if line.changes_host]
    hosts = [host for ref in dict.fromkeys(refs) if (host := inventory.find_host(ref))]
    return tuple(host.named for host in hosts if host.in_maintenance_mode)


def _policies(vcenter: VCenter, taken: Sequence[Taken]) -> PoliciesNow:
    """The storage policies of the files whose policy the runs have changed; nothing is asked where there are none."""
    keys = [
        (one.vm.ref, changed.thing.key)
        for one in taken
        for changed in one.changed
        if changed.thing.aspect is Aspect.POLICY
    ]
    return read_policies(vcenter, keys) if keys else NO_POLICIES


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """What is known of the way back before it is put in order.

    Args:
        lines: those that have no place on their old host cannot go.
        moves: of those that would go.
        findings: what the checks say of these.
    """

    lines: tuple[BackLine, ...]
    moves: dict[MoRef, Move]
    findings: dict[MoRef, tuple[Finding, ...]]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Making:
    """Makes the moves of one restore, against the inventory with its hosts out of maintenance mode."""

    vcenter: VCenter
    inventory: Inventory
    moves_back: MovesBack
    wanted: Wanted
    places: Places

    def check(self, lines: Sequence[BackLine], leaving: frozenset[MoRef]) -> _Checked:
        """The moves of what would go, and what the checks say of each.

        Args:
            leaving: hosts in maintenance mode, of which ours alone are asked: vCenter would only say that.
        """
        moves: dict[MoRef, Move] = {}
        judged = tuple(self._with_move(line, moves) for line in lines)
        found: dict[MoRef, tuple[Finding, ...]] = {}
        notes: list[str] = []
        for opinions in (Opinions.BOTH, Opinions.CLIENT):
            group = [move for move in moves.values() if _is_to(move, leaving) is (opinions is Opinions.CLIENT)]
            if group:
                request = MoveRequest(
                    selectors=(), skip_checks=self.wanted.skip_checks, partial=True, opinions=opinions
                )
                plan = check_moves(self.vcenter, self.inventory, group, request, self.places)
                found |= {planned.move.vm.ref: planned.findings for planned in plan.moves}
                notes += plan.notes
        for vm, more in space_together(self.inventory, list(moves.values()), found).items():
            found[vm] = tuple(dict.fromkeys((*found[vm], *more)))
        return _Checked(lines=judged, moves=moves, findings=found, notes=tuple(dict.fromkeys(notes)))

    def _with_move(self, line: BackLine, moves: dict[MoRef, Move]) -> BackLine:
        if line.back is not Back.GOES:
            return line
        try:
            moves[line.taken.vm.ref] = self.moves_back.to_where_it_was(line)
        except UsageProblem as problem:
            return line.stopped(problem.message)
        return line

    def planned(self, back: WayBack, checked: _Checked) -> tuple[PlannedMove, ...]:
        """The steps as moves, with what they cost and whom they wait for; behind them those that wait for nobody."""
        lines = {line.taken.vm.ref: line for line in back.lines}
        priced, _ = plan_moves(self.inventory, back.seen, back.steps, Words(reason=lambda _: "", findings={}))
        stepping = [
            PlannedMove(
                move=self._step_move(back, lines[back.seen.vms[step.load].ref], step, checked),
                findings=() if step.is_parking else _told(checked.findings[back.seen.vms[step.load].ref]),
                relies_on=step.relies_on,
                costs=slots_of(price.costs),
            )
            for step, price in zip(back.steps, priced, strict=True)
        ]
        rest = [
            PlannedMove(move=checked.moves[line.taken.vm.ref], findings=_told(checked.findings[line.taken.vm.ref]))
            for line in back.without_step()
        ]
        counts = any(Change.STORAGE in one.move.changes for one in (*stepping, *rest))
        known = (with_facts(self.inventory, one, counts=counts) for one in (*stepping, *rest))
        past = read_past(self.places.state_dir, self.vcenter.identity.instance_uuid)
        return with_forecasts(self.inventory, known, past)

    def _step_move(self, back: WayBack, line: BackLine, step: Step, checked: _Checked) -> Move:
        """One step; a VM that waited in a third room goes on from there."""
        there = back.seen.hosts[step.destination].ref
        is_end = there == line.taken.origin.ref
        move = checked.moves[line.taken.vm.ref] if is_end else self.moves_back.to_wait(line, there)
        return replace(move, source=replace(move.source, host=back.seen.hosts[step.source].named))


def _is_to(move: Move, hosts: frozenset[MoRef]) -> bool:
    return move.destination.host is not None and move.destination.host.ref in hosts


def _told(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """What is to be said of a move that placement has found room for."""
    return tuple(one for one in findings if one.id not in ANSWERED_BY_PLACEMENT)
