"""The story of a check: one snapshot, names to objects, vCenter's checks and ours, a plan. Nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from vsphere_motion.errors import BadInput
from vsphere_motion.model.compat import CompatAnswers
from vsphere_motion.model.finding import Finding
from vsphere_motion.model.inventory import Host, Inventory
from vsphere_motion.model.list_file import ListLine
from vsphere_motion.model.move import Change, Move, StoragePolicy
from vsphere_motion.model.plan import Plan, PlannedMove
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.model.request import MoveRequest, Opinions, Wishes
from vsphere_motion.model.selection import NO_TAGS
from vsphere_motion.planning.list_file import ForAll, resolve_list
from vsphere_motion.planning.move_costs import costs_of_move
from vsphere_motion.planning.plan import make_plan
from vsphere_motion.planning.resolve import resolve_request
from vsphere_motion.planning.visibility import visibility_notes
from vsphere_motion.preflight.check import in_order
from vsphere_motion.preflight.registry import Preflight
from vsphere_motion.preflight.together import space_together
from vsphere_motion.preflight.vcenter import findings_from_verdict, merge
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.forecasts import read_past, with_forecasts
from vsphere_motion.service.preparation import preparation_notes
from vsphere_motion.service.selection import read_tagged
from vsphere_motion.service.storage import find_policy, offline_notes, with_policies, with_storage_drs
from vsphere_motion.service.surroundings import NOWHERE, Places, look_around


def check(vcenter: VCenter, request: MoveRequest, places: Places = NOWHERE) -> Plan:
    """The plan of a request, with every finding about every move.

    Raises:
        NotFound, Ambiguous, BadInput: what the request names cannot be resolved; all its problems are in the details.
    """
    if request.wishes.to_vcenter:
        from vsphere_motion.service.across import check_across, require_other

        return check_across(vcenter, require_other(vcenter, request.wishes.to_vcenter), request, places)
    inventory = vcenter.snapshot()
    asked = asked_for(vcenter, inventory, request)
    plan = check_moves(vcenter, inventory, asked.moves, request, places)
    lines = asked.lines or (None,) * len(asked.moves)
    timed = (
        replace(one, window=line.window or "") if line else one for one, line in zip(plan.moves, lines, strict=True)
    )
    return replace(plan, moves=tuple(timed), notes=(*asked.notes, *plan.notes))


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFor:
    """What a request asks for, looked up.

    Args:
        lines: of each move, the line of the list that asks for it; empty where there is no list.
        notes: what its words matched, and who chose the datastores.
    """

    moves: tuple[Move, ...]
    lines: tuple[ListLine, ...] = ()
    notes: tuple[str, ...] = ()


def asked_for(vcenter: VCenter | None, inventory: Inventory, request: MoveRequest) -> AskedFor:
    """The moves that a request asks for; the lines of a list may have different destinations, and still are one plan.

    Args:
        vcenter: who knows of tags, policies and recommendations; None: the snapshot alone is looked at.

    Raises:
        NotFound, Ambiguous, BadInput, UsageProblem: what the request names cannot be resolved; all in the details.
    """
    listed, wishes = request.listed, request.wishes
    words = request.selectors if listed is None else tuple(line.vm for line in listed.lines)
    tagged = NO_TAGS if vcenter is None else read_tagged(vcenter, (*words, *request.exclude))
    policy = _policy(vcenter, wishes)
    lines: tuple[ListLine, ...] = ()
    if listed is None:
        moves, selected = resolve_request(inventory, request, tagged, policy)
    else:
        for_all = ForAll(to_host=request.to_host, wishes=wishes, policy=policy)
        found = resolve_list(inventory, listed, for_all, exclude=request.exclude, tagged=tagged)
        moves, selected, lines = found.moves, found.selected, found.lines
    said = offline_notes(inventory, wishes) if vcenter is None else ()
    if vcenter is not None:
        moves, said = with_storage_drs(vcenter, inventory, moves, wishes)
        moves = with_policies(vcenter, moves, wishes)
    return AskedFor(moves=moves, lines=lines, notes=(*selected.notes, *said))


def _policy(vcenter: VCenter | None, wishes: Wishes) -> StoragePolicy | None:
    """The storage policy that is asked for.

    Raises:
        NotFound, Ambiguous: the name is no policy's, or that of several.
        BadInput: there is no vCenter to ask.
    """
    if vcenter is not None:
        return find_policy(vcenter, wishes)
    if wishes.policy:
        raise BadInput(
            f"the storage policy {wishes.policy} is looked up in vCenter, and a snapshot knows none",
            hint="leave --storage-policy or --from out",
        )
    return None


def check_offline(inventory: Inventory, moves: Sequence[Move], request: MoveRequest) -> Plan:
    """The plan of moves by our checks alone, on what a snapshot has."""
    preflight = Preflight(inventory)
    findings = {move.vm.ref: preflight.findings(move) for move in moves}
    plan = make_plan(moves, _with_room(inventory, moves, findings), request)
    known = (with_facts(inventory, planned) for planned in plan.moves)
    return replace(plan, moves=with_forecasts(inventory, known, ()), notes=preparation_notes(moves))


def check_moves(
    vcenter: VCenter, inventory: Inventory, moves: Sequence[Move], request: MoveRequest, places: Places = NOWHERE
) -> Plan:
    """The plan of moves that are already resolved against this snapshot."""
    answers = ask(vcenter, inventory, moves, request.opinions)
    preflight = None
    if request.opinions.has_client:
        preflight = Preflight(inventory, look_around(vcenter, inventory, moves, places))
    findings = {
        move.vm.ref: merged(inventory, move, preflight.findings(move) if preflight else (), answers) for move in moves
    }
    if preflight is not None:
        findings = _with_room(inventory, moves, findings)
    plan = make_plan(moves, findings, request)
    past = read_past(places.state_dir, vcenter.identity.instance_uuid)
    counts = any(Change.STORAGE in move.changes for move in moves)
    known = (with_facts(inventory, planned, counts=counts) for planned in plan.moves)
    planned_moves = with_forecasts(inventory, known, past)
    return replace(plan, moves=planned_moves, notes=(*preparation_notes(moves), *notes_of(inventory, answers)))


def _with_room(
    inventory: Inventory, moves: Sequence[Move], findings: Mapping[MoRef, tuple[Finding, ...]]
) -> dict[MoRef, tuple[Finding, ...]]:
    """The findings, with those of VMs that have no room together."""
    together = space_together(inventory, moves, findings)
    return dict(findings) | {vm: in_order([*findings[vm], *more]) for vm, more in together.items()}


def ask(vcenter: VCenter, inventory: Inventory, moves: Sequence[Move], opinions: Opinions) -> CompatAnswers:
    """vCenter's opinion of the moves that change something; none where it is not wanted."""
    from vsphere_motion.vcenter.compat import ask_vcenter

    if not opinions.has_vcenter:
        return CompatAnswers(verdicts={})
    asked = [move for move in moves if not move.is_noop and not move.manner.is_template]
    answers = ask_vcenter(vcenter.session, inventory, asked)
    templates = [move.vm.name for move in moves if move.manner.is_template]
    if not templates:
        return answers
    words = f"vCenter's own checks refuse every template, and were not asked for {', '.join(templates)}"
    return replace(answers, notes=(*answers.notes, words))


def merged(inventory: Inventory, move: Move, ours: tuple[Finding, ...], answers: CompatAnswers) -> tuple[Finding, ...]:
    """Our findings about a move with vCenter's verdict of its pair."""
    host = move.destination.host
    verdict = answers.verdicts.get((move.vm.ref, host.ref)) if host else None
    return ours if verdict is None else merge(ours, findings_from_verdict(inventory, move, verdict))


def notes_of(inventory: Inventory, answers: CompatAnswers) -> tuple[str, ...]:
    """What is to be said of a check as a whole: what the account cannot see, and which checker is missing."""
    return (*visibility_notes(inventory), *answers.notes)


def with_facts(inventory: Inventory, planned: PlannedMove, *, counts: bool = False) -> PlannedMove:
    """Add what running and explaining the move will need of the snapshot.

    Args:
        counts: whether the moves are started by what they take of vCenter's limits. A vMotion costs every host and
            datastore the least, so that a plan of nothing else needs no counting: vCenter's queue does it.
    """
    vm = inventory.find_vm(planned.move.vm.ref)
    return replace(
        planned,
        memory_bytes=vm.memory_bytes if vm else None,
        costs=costs_of_move(inventory, planned.move) if counts else planned.costs,
        source_addresses=_addresses(_host(inventory, planned.move.source.host)),
        destination_addresses=_addresses(_host(inventory, planned.move.destination.host)),
    )


def _host(inventory: Inventory, named: NamedRef | None) -> Host | None:
    return inventory.find_host(named.ref) if named else None


def _addresses(host: Host | None) -> tuple[str, ...]:
    nics = host.vmotion_nics if host and host.vmotion_nics else ()
    return tuple(nic.address for nic in nics if nic.address)
