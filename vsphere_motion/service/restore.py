"""The story of a restore: what a run has moved goes back to where it was, as far as it may and fits.

Rules of this file: the difference is made and shown before anything moves; what somebody else has moved since stays
where it is, and the report says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from vsphere_motion.errors import BadInput, NotFound
from vsphere_motion.model.event import Event
from vsphere_motion.model.finding import Finding
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.move import Move, Placement
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.plan import Plan, PlannedMove
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.model.report import RunInfo
from vsphere_motion.model.request import MoveRequest, Opinions
from vsphere_motion.model.site import Step
from vsphere_motion.planning.placement.of_inventory import ANSWERED_BY_PLACEMENT
from vsphere_motion.planning.resolve import move_to
from vsphere_motion.planning.restore import (
    Back,
    BackLine,
    Taken,
    WayBack,
    compare_places,
    taken_of,
    way_back,
    with_exits,
)
from vsphere_motion.planning.selectors import find_host
from vsphere_motion.planning.steps import Words, plan_moves, slots_of
from vsphere_motion.run.journal import Journal
from vsphere_motion.run.ports import Control
from vsphere_motion.run.workbook import Purpose, PurposeKind, Workbook
from vsphere_motion.service.check import check_moves, with_facts
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.forecasts import read_past, with_forecasts
from vsphere_motion.service.migrate import run
from vsphere_motion.service.options import DEFAULT_OPTIONS, NEVER_STOP, Given, RunOptions
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
        settled: what becomes of the VMs that do not go.
    """

    wanted: Wanted
    lines: tuple[BackLine, ...]
    leaving: tuple[NamedRef, ...]
    plan: Plan
    settled: tuple[Outcome, ...]

    def count(self, back: Back) -> int:
        """How many VMs it is so with."""
        return sum(1 for line in self.lines if line.back is back)


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
    inventory = vcenter.snapshot()
    lines = compare_places(inventory, taken, wanted.host.ref if wanted.host else None)
    leaving = _in_maintenance(inventory, lines, wanted) if wanted.exits else ()
    seen = with_exits(inventory, (host.ref for host in leaving))
    findings = _findings(vcenter, seen, lines, wanted, leaving, places)
    back = way_back(seen, lines, findings, wanted.skip_checks, keeps_ha_reserve=wanted.keeps_ha_reserve)
    return Restoration(
        wanted=wanted,
        lines=back.lines,
        leaving=leaving,
        plan=Plan(
            moves=with_forecasts(
                seen, _planned(seen, back, findings), read_past(places.state_dir, vcenter.identity.instance_uuid)
            ),
            skip_checks=wanted.skip_checks,
            partial=True,
        ),
        settled=tuple(_outcome(line) for line in back.lines if line.back is not Back.GOES),
    )


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


def restoration_document(restoration: Restoration) -> dict[str, object]:
    """The difference as `vsphere-motion/restoration/v1`."""
    return {
        "schema": "vsphere-motion/restoration/v1",
        "runs": list(restoration.wanted.runs),
        "exit_maintenance": [{"name": host.name, "moid": host.moid} for host in restoration.leaving],
        "vms": [
            {
                "vm": {"name": line.taken.vm.name, "moid": line.taken.vm.moid},
                "now": line.now.name if line.now else None,
                "back_to": line.taken.origin.name,
                "put_on": line.taken.put.name,
                "state": line.back.value,
                "why": line.why,
            }
            for line in restoration.lines
        ],
    }


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
    refs += [line.taken.origin.ref for line in lines if line.back is Back.GOES]
    hosts = [host for ref in dict.fromkeys(refs) if (host := inventory.find_host(ref))]
    return tuple(host.named for host in hosts if host.in_maintenance_mode)


def _findings(
    vcenter: VCenter,
    inventory: Inventory,
    lines: Sequence[BackLine],
    wanted: Wanted,
    leaving: Sequence[NamedRef],
    places: Places,
) -> dict[MoRef, tuple[Finding, ...]]:
    """What the checks say of the way back; of a host in maintenance mode ours alone: vCenter would only say that."""
    refs = frozenset(host.ref for host in leaving)
    found: dict[MoRef, tuple[Finding, ...]] = {}
    going = [line for line in lines if line.back is Back.GOES]
    for opinions, group in (
        (Opinions.BOTH, [line for line in going if line.taken.origin.ref not in refs]),
        (Opinions.CLIENT, [line for line in going if line.taken.origin.ref in refs]),
    ):
        if group:
            request = MoveRequest(
                selectors=(), to_host="", skip_checks=wanted.skip_checks, partial=True, opinions=opinions
            )
            plan = check_moves(vcenter, inventory, [_move(inventory, line.taken) for line in group], request, places)
            found |= {planned.move.vm.ref: planned.findings for planned in plan.moves}
    return found


def _move(inventory: Inventory, taken: Taken, host: MoRef | None = None) -> Move:
    """The move to where the VM was, or to a host on the way; back into its pool where that is there still."""
    vm, target = inventory.find_vm(taken.vm.ref), inventory.find_host(host or taken.origin.ref)
    assert vm is not None, "it was looked up"
    assert target is not None, "it was looked up"
    move = move_to(inventory, vm, target)
    pool = inventory.name_of(taken.pool.ref) if taken.pool and target.ref == taken.origin.ref else None
    return move if pool is None else replace(move, destination=replace(move.destination, pool=pool))


def _planned(
    inventory: Inventory, back: WayBack, findings: dict[MoRef, tuple[Finding, ...]]
) -> tuple[PlannedMove, ...]:
    """The steps as moves, with what they cost and whom they wait for."""
    taken = {line.taken.vm.ref: line.taken for line in back.lines}
    priced, _ = plan_moves(inventory, back.seen, back.steps, Words(reason=lambda _: "", findings={}))
    planned = []
    for step, price in zip(back.steps, priced, strict=True):
        move = _step_move(inventory, back, taken[back.seen.vms[step.load].ref], step)
        told = tuple(one for one in findings.get(move.vm.ref, ()) if one.id not in ANSWERED_BY_PLACEMENT)
        planned.append(
            with_facts(
                inventory,
                PlannedMove(
                    move=move,
                    findings=() if step.is_parking else told,
                    skipped=(),
                    relies_on=step.relies_on,
                    costs=slots_of(price.costs),
                ),
            )
        )
    return tuple(planned)


def _step_move(inventory: Inventory, back: WayBack, taken: Taken, step: Step) -> Move:
    """One step; a VM that waited in a third room goes on from there."""
    move = _move(inventory, taken, back.seen.hosts[step.destination].ref)
    return replace(move, source=replace(move.source, host=back.seen.hosts[step.source].named))


def _outcome(line: BackLine) -> Outcome:
    """What the report says of a VM that does not go back."""
    there = line.taken.origin if line.back is Back.CANNOT else line.now
    move = Move(
        vm=line.taken.vm,
        source=Placement(host=line.now),
        destination=Placement(host=there),
    )
    state = OutcomeState.BLOCKED if line.back is Back.CANNOT else OutcomeState.UNCHANGED
    return Outcome(move=move, state=state, note=_note(line))


def _note(line: BackLine) -> str:
    if line.back is Back.CANNOT:
        return f"it cannot go back to {line.taken.origin.name}: {line.why}"
    return f"left where it is: {line.why}" if line.back is Back.LEFT else line.why
