"""The story of a plan that is run: what it relies on is compared first, what is done is left out, the rest is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from vsphere_motion.errors import BadInput, StalePlan, UsageProblem
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.move import Move
from vsphere_motion.model.plan import Plan
from vsphere_motion.model.plan_file import PlanFile, PlanMove
from vsphere_motion.model.plan_request import request_of
from vsphere_motion.model.request import Wishes
from vsphere_motion.model.site import Step
from vsphere_motion.planning.facts import Standing, compare
from vsphere_motion.planning.joined import joined
from vsphere_motion.planning.placement.of_inventory import SiteRules, site_of
from vsphere_motion.planning.selectors import find_host
from vsphere_motion.planning.steps import shortfalls
from vsphere_motion.preflight.storage import SPACE
from vsphere_motion.preflight.together import store_shortfalls
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.placing import make_plan
from vsphere_motion.service.runnable import moves_of
from vsphere_motion.service.runnable import runnable_plan as runnable_plan
from vsphere_motion.service.surroundings import NOWHERE, Places

MAKE_AGAIN = "look at the differences; --replan makes the plan again from how things are now and shows it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A plan that may be run now.

    Args:
        plan: what is left of it, for `service.migrate.run`.
        file: the plan as it is now; another one than was read where it was made again.
        done: moves, by their place in the file, whose VM is there already.
    """

    plan: Plan
    file: PlanFile
    done: frozenset[int] = frozenset()


def require_server(vcenter: VCenter, plan: PlanFile) -> None:
    """Refuse a plan of another vCenter.

    Raises:
        BadInput: it was made for another.
    """
    if plan.server != vcenter.identity.instance_uuid:
        raise BadInput(
            f"the plan was made for the vCenter {plan.server}, and this is {vcenter.identity.instance_uuid}",
            hint="connect to the vCenter of the plan with --server or --context",
        )


def require_destination(vcenter: VCenter, plan: PlanFile) -> None:
    """Refuse to run a plan whose VMs go to another vCenter, where that one is not connected.

    Raises:
        UsageProblem: it is not, or another is.
        StalePlan: it is, and presents another certificate than when the plan was made.
    """
    wanted, side = plan.to_vcenter, vcenter.other
    if wanted is None:
        return
    if side is None or side.named.instance_uuid != wanted.instance_uuid:
        found = "none is connected" if side is None else f"{side.named.host} is another one"
        raise UsageProblem(
            f"the plan brings VMs to the vCenter {wanted.host} ({wanted.instance_uuid}), and {found}",
            hint=f"give --to-vcenter {wanted.context}, or nothing: the plan says where to",
        )
    if side.named.thumbprint != wanted.thumbprint:
        raise stale((f"the certificate of {wanted.host} is {side.named.thumbprint} and was {wanted.thumbprint}",))


def snapshot_for(vcenter: VCenter, wishes: Wishes) -> Inventory:
    """How things are: in the vCenter, and in the other one where VMs go there."""
    if not wishes.to_vcenter or vcenter.other is None:
        return vcenter.snapshot()
    return joined(vcenter.snapshot(), vcenter.other.vcenter.snapshot())


def prepare(
    vcenter: VCenter, plan: PlanFile, *, replan: bool = False, partial: bool = False, places: Places = NOWHERE
) -> Ready:
    """Compare what a plan relies on with how things are, and check again what is left of it.

    Args:
        replan: make the plan again where something is different, instead of refusing it.
        partial: run what can be run where the checks stop a move.

    Raises:
        BadInput, UsageProblem: the plan is for another vCenter, or the one that its VMs go to is not connected.
        StalePlan: something that the plan relies on is different; the details say what.
    """
    require_server(vcenter, plan)
    require_destination(vcenter, plan)
    inventory = snapshot_for(vcenter, plan.choices.wishes)
    standing = standing_of(plan, inventory, moves_of(vcenter, inventory, plan))
    if standing.differences and not replan:
        raise stale(standing.differences)
    if standing.differences:
        made = make_plan(inventory, request_of(plan.kind, plan.choices), vcenter=vcenter, places=places)
        again = runnable_plan(vcenter, inventory, made.file, partial=partial, places=places, findings=made.findings)
        return Ready(plan=again, file=made.file)
    return Ready(
        plan=runnable_plan(vcenter, inventory, plan, standing.done, partial=partial, places=places),
        file=plan,
        done=standing.done,
    )


def stale(differences: tuple[str, ...]) -> StalePlan:
    """The error for a plan with these differences."""
    count = len(differences)
    return StalePlan(
        f"{count} of the facts that the plan relies on {'is' if count == 1 else 'are'} different now; "
        "nothing was changed",
        hint=MAKE_AGAIN,
        details=differences,
    )


def standing_of(plan: PlanFile, inventory: Inventory, moves: Mapping[int, Move] | None = None) -> Standing:
    """How far a plan has come, with what does not fit any more where all its facts are as they were.

    Args:
        moves: its moves that decide more than the host, as `moves_of` gives them; None: as the snapshot has them.
    """
    standing = compare(plan, inventory, moves)
    if standing.differences:
        return standing
    left = {number: move for number, move in enumerate(plan.moves) if number not in standing.done}
    changing = [move for move in left.values() if move.changes_host and not _is_there(inventory, move)]
    lacking = _shortfalls(plan, inventory, changing) if changing and plan.to_vcenter is None else ()
    files = [move for number, move in (moves or {}).items() if number in left]
    if SPACE.id in plan.choices.skip_checks:
        return replace(standing, differences=lacking)
    return replace(standing, differences=(*lacking, *store_shortfalls(inventory, files)))


def standing_now(vcenter: VCenter, plan: PlanFile) -> Standing:
    """How far a plan has come by how things are now.

    Raises:
        BadInput, UsageProblem, StalePlan: as `require_server` and `require_destination`.
    """
    require_server(vcenter, plan)
    require_destination(vcenter, plan)
    inventory = snapshot_for(vcenter, plan.choices.wishes)
    return standing_of(plan, inventory, moves_of(vcenter, inventory, plan))


def _is_there(inventory: Inventory, move: PlanMove) -> bool:
    """Whether the VM is on the host already, with something else still to come."""
    vm = inventory.find_vm(move.vm.ref)
    return vm is not None and vm.host == move.destination.ref


def _shortfalls(plan: PlanFile, inventory: Inventory, left: Sequence[PlanMove]) -> tuple[str, ...]:
    """What of the rest does not fit where other VMs have come or grown since."""
    ends = {end.ref for move in left for end in (move.source, move.destination)}
    homes = {host.compute_resource for host in inventory.hosts if host.ref in ends}
    hosts = [host for host in inventory.hosts if host.compute_resource in homes]
    cordoned = frozenset(find_host(inventory, word).ref for word in plan.choices.cordoned)
    rules = SiteRules(cordoned=cordoned, keeps_ha_reserve=plan.choices.keeps_ha_reserve, keeps_wishes=False)
    seen = site_of(inventory, hosts, {}, rules)
    steps = [
        Step(
            load=seen.loads[move.vm.ref],
            source=seen.rooms[move.source.ref],
            destination=seen.rooms[move.destination.ref],
            wave=move.wave,
        )
        for move in left
        if move.vm.ref in seen.loads and move.source.ref in seen.rooms  # a template takes no room
    ]
    return shortfalls(seen, steps)
