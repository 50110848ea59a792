"""The story of a plan that asks for more than hosts: looked up and checked as `migrate` does, ordered, written down.

Rules of this file: hosts are chosen as `migrate` chooses them; what the placement of a plan can be told besides is
refused, because nothing that a person names is passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vsphere_motion.errors import BadInput, UsageProblem
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.list_file import ListLine
from vsphere_motion.model.move import Move, OtherVCenter
from vsphere_motion.model.plan import Plan, PlannedMove
from vsphere_motion.model.plan_file import Placement, PlanFile, PlanKind
from vsphere_motion.model.plan_request import PlanRequest
from vsphere_motion.model.request import NO_WISHES
from vsphere_motion.planning.across import lines_of_vms
from vsphere_motion.planning.facts import facts_of, fingerprint_of
from vsphere_motion.planning.joined import JoinedInventory
from vsphere_motion.planning.list_wishes import ask_more
from vsphere_motion.planning.placement.of_inventory import SiteRules
from vsphere_motion.planning.plan_order import Asked, ordered
from vsphere_motion.service.check import asked_for, check_moves, check_offline
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.made import Made
from vsphere_motion.service.selection import read_tagged
from vsphere_motion.service.surroundings import NOWHERE, Places
from vsphere_motion.service.windows import written_window


def asks_for_places(inventory: Inventory, request: PlanRequest) -> bool:
    """Whether more than hosts is asked for: by an option, or by a line of the list."""
    if request.kind is not PlanKind.MIGRATE:
        return False
    lines = request.listed.lines if request.listed else ()
    return request.wishes != NO_WISHES or ask_more(inventory, lines)


def make_place_plan(
    inventory: Inventory, request: PlanRequest, *, vcenter: VCenter | None = None, places: Places = NOWHERE
) -> Made:
    """The plan of a request against one snapshot.

    Args:
        inventory: the snapshot; of both vCenters where the VMs go to another one.

    Raises:
        NotFound, Ambiguous, BadInput, UsageProblem: what the request names cannot be resolved, or does not go together.
    """
    _require_unplaced(request)
    plan, lines = _checked(inventory, request, vcenter, places)
    asked = [
        _asked(request, planned, line)
        for planned, line in zip(plan.moves, lines or (None,) * len(plan.moves), strict=True)
    ]
    found = ordered(inventory, asked, SiteRules(keeps_ha_reserve=request.keeps_ha_reserve, keeps_wishes=False))
    facts = facts_of(inventory, found.moves, found.before)
    file = PlanFile(
        kind=request.kind,
        server=_server(inventory, vcenter),
        fingerprint=fingerprint_of(facts),
        moves=found.moves,
        created_at=inventory.taken_at,
        stuck=found.stuck,
        left=found.left,
        estimate=found.times,
        facts=facts,
        choices=request.choices,
        note="; ".join(plan.notes),
        to_vcenter=_other_of([one.move for one in asked]),
    )
    findings = {
        (one.move.vm.ref, host.ref): one.planned.findings for one in asked if (host := one.move.destination.host)
    }
    return Made(file=file, findings=findings)


def _checked(
    inventory: Inventory, request: PlanRequest, vcenter: VCenter | None, places: Places
) -> tuple[Plan, Sequence[ListLine | None]]:
    """The checked moves, and the line that asks for each where there is a list."""
    wanted = request.moves
    if request.wishes.to_vcenter:
        plan = _checked_across(inventory, request, vcenter, places)
        return plan, _lines_across(inventory, request, vcenter, plan)
    asked = asked_for(vcenter, inventory, wanted)
    if vcenter is None:
        plan = check_offline(inventory, asked.moves, wanted)
    else:
        plan = check_moves(vcenter, inventory, asked.moves, wanted, places)
    return replace(plan, notes=(*asked.notes, *plan.notes)), asked.lines


def _checked_across(inventory: Inventory, request: PlanRequest, vcenter: VCenter | None, places: Places) -> Plan:
    from vsphere_motion.service.across import check_across, require_other, trust_note

    if vcenter is None:
        raise BadInput("moves to another vCenter are planned with both of them", hint="leave --from out")
    assert request.wishes.to_vcenter is not None, "that is why we are here"
    assert isinstance(inventory, JoinedInventory), "the snapshot is of both vCenters"
    other = require_other(vcenter, request.wishes.to_vcenter)
    plan = check_across(vcenter, other, request.moves, places, inventory=inventory)
    known = trust_note(other)  # the plan has the certificate itself
    return replace(plan, notes=tuple(note for note in plan.notes if note not in known))


def _lines_across(
    inventory: Inventory, request: PlanRequest, vcenter: VCenter | None, plan: Plan
) -> Sequence[ListLine | None]:
    if request.listed is None or vcenter is None:
        return ()
    assert isinstance(inventory, JoinedInventory), "the snapshot is of both vCenters"
    tagged = read_tagged(vcenter, tuple(line.vm for line in request.listed.lines))
    lines = lines_of_vms(inventory.source, request.listed, tagged)
    return [lines.get(one.move.vm.ref) for one in plan.moves]


def _asked(request: PlanRequest, planned: PlannedMove, line: ListLine | None) -> Asked:
    said = (line.window if line else None) or planned.window or request.window
    return Asked(
        planned=planned,
        reason=f"line {line.line} of {request.listed.name}" if line and request.listed else "as it was asked for",
        window=written_window(said, request.zone or None) if said else "",
        priority=line.priority if line else 0,
    )


def _require_unplaced(request: PlanRequest) -> None:
    """Refuse what can be said only to a placement of hosts.

    Raises:
        UsageProblem: it is said.
    """
    given = ["--cordon"] if request.cordoned else []
    given += ["--placement drs"] if request.placement is Placement.DRS else []
    if given:
        raise UsageProblem(
            f"{' and '.join(given)} is for plans that know hosts alone, and more is asked for",
            hint="name the hosts with --to-host, or in the list",
        )


def _server(inventory: Inventory, vcenter: VCenter | None) -> str:
    return vcenter.identity.instance_uuid if vcenter else inventory.vcenter.instance_uuid


def _other_of(moves: Sequence[Move]) -> OtherVCenter | None:
    return next((move.destination.vcenter for move in moves if move.destination.vcenter), None)
