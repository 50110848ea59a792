"""Which VMs of a scope go where, by the kind of the plan, and what is said of those that cannot.

Rules of this file: wishes (rules that are no musts) are kept where that leaves no VM behind that could go otherwise.
Nobody is pushed aside where everybody finds room without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from vsphere_motion.model.inventory import Host, Inventory, RuleKind, Vm
from vsphere_motion.model.plan_file import Evenness, HostReason, PlanHost, PlanKind, PlanStuck
from vsphere_motion.model.plan_request import PlanRequest
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.site import Order, Placing, Site, Step, Stuck
from vsphere_motion.planning.advice import Advice
from vsphere_motion.planning.placement.evacuate import evacuate
from vsphere_motion.planning.placement.floor import NO_MEMORY, NOT_ALLOWED
from vsphere_motion.planning.placement.of_inventory import (
    SiteMap,
    SiteRules,
    Verdict,
    rules_between,
    site_of,
)
from vsphere_motion.planning.placement.order import in_order
from vsphere_motion.planning.placement.rebalance import Goal, balance_of, rebalance
from vsphere_motion.planning.placement.send import send
from vsphere_motion.planning.placement.spread import spread
from vsphere_motion.planning.refusals import Refusal, after_refusals
from vsphere_motion.planning.scope import Scope, plan_host, plan_vm

NO_ORDER = "no safe order was found: its host and its destination are too full to exchange VMs"
MIB = 1024 * 1024

Ask = Callable[[Sequence[Vm]], Mapping[tuple[MoRef, MoRef], Verdict]]
"""The verdicts of VMs on every host that the scope lets them go to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was chosen.

    Args:
        verdicts: what the checks said of the pairs that were looked at.
    """

    seen: SiteMap
    placing: Placing
    order: Order
    verdicts: Mapping[tuple[MoRef, MoRef], Verdict]

    @property
    def stuck_count(self) -> int:
        """How many VMs cannot go."""
        return len(self.placing.stuck) + len(self.order.impossible)


def choose(inventory: Inventory, request: PlanRequest, scope: Scope, ask: Ask) -> Choice:
    """The first of a few attempts, from the strictest on, that leaves the fewest VMs behind."""
    best: Choice | None = None
    for keeps_wishes, pushes in _attempts(request.kind):
        verdicts = ask((*scope.wanted, *scope.others) if pushes else scope.wanted)
        rules = SiteRules(cordoned=scope.closed, keeps_ha_reserve=request.keeps_ha_reserve, keeps_wishes=keeps_wishes)
        choice = _attempt(inventory, request, scope, rules, verdicts)
        if best is None or choice.stuck_count < best.stuck_count:
            best = choice
        if not best.stuck_count:
            break
    assert best is not None, "there is at least one attempt"
    return best


def stuck_of(inventory: Inventory, choice: Choice) -> tuple[PlanStuck, ...]:
    """The VMs that cannot go, with the reason for each host."""
    found = [_plan_stuck(inventory, choice, one) for one in choice.placing.stuck]
    for shift in choice.order.impossible:
        vm = choice.seen.vms[shift.load]
        found.append(PlanStuck(vm=plan_vm(vm), host=plan_host(inventory, vm.host), note=NO_ORDER))
    return tuple(sorted(found, key=lambda one: (one.vm.name, one.vm.moid)))


def evenness_of(choice: Choice, goal: Goal) -> Evenness:
    """How even the hosts are before and after the moves."""
    rooms = [load.at for load in choice.seen.site.loads]
    before = balance_of(choice.seen.site, goal, rooms)
    for step in choice.order.steps:
        rooms[step.load] = step.destination
    after = balance_of(choice.seen.site, goal, rooms)
    return Evenness(goal=goal.value, before_percent=round(before.deviation, 2), after_percent=round(after.deviation, 2))


def reason_for(
    choice: Choice, request: PlanRequest, scope: Scope, advice: Advice, refusals: Sequence[Refusal]
) -> Callable[[Step], str]:
    """Why each step is taken, in a few words."""
    wanted = {vm.ref for vm in scope.wanted}

    def told(step: Step) -> str:
        recommended = advice.reason(choice.seen.vms[step.load].ref, choice.seen.hosts[step.destination].ref)
        own = reason(step) + after_refusals(refusals, choice.seen.vms[step.load].ref)
        if recommended is None or step.is_parking:
            return own
        return recommended if request.kind is PlanKind.REBALANCE else f"{own}; {recommended}"

    def reason(step: Step) -> str:
        source = choice.seen.hosts[step.source].name
        if step.is_parking:
            return f"waits on {choice.seen.hosts[step.destination].name} until its destination has room"
        if request.kind is PlanKind.REBALANCE:
            return {"both": "evens out memory and CPU", "memory": "evens out memory"}.get(request.goal, "evens out CPU")
        if request.kind is PlanKind.SPREAD:
            return "so that the rules hold"
        vm = choice.seen.vms[step.load]
        if vm.ref not in wanted:
            return f"makes room on {source}"
        if request.kind is PlanKind.EVACUATE:
            return f"empties {source}"
        line = scope.lines.get(vm.ref)
        return f"line {line.line} of {request.listed.name}" if line and request.listed else "as it was asked for"

    return told


def _attempts(kind: PlanKind) -> tuple[tuple[bool, bool], ...]:
    """Whether wishes are kept, and whether others are pushed aside: the attempts of a kind of plan."""
    if kind is PlanKind.EVACUATE:
        return (True, False), (True, True), (False, True)
    if kind is PlanKind.REBALANCE:
        return ((True, False),)
    return (True, False), (False, False)


def _attempt(
    inventory: Inventory,
    request: PlanRequest,
    scope: Scope,
    rules: SiteRules,
    verdicts: Mapping[tuple[MoRef, MoRef], Verdict],
) -> Choice:
    seen = site_of(inventory, scope.hosts, verdicts, rules)
    placing = _place(inventory, request, scope, seen)
    return Choice(seen=seen, placing=placing, order=in_order(seen.site, placing.shifts), verdicts=verdicts)


def _place(inventory: Inventory, request: PlanRequest, scope: Scope, seen: SiteMap) -> Placing:
    wanted = frozenset(seen.loads[vm.ref] for vm in scope.wanted if vm.ref in seen.loads)
    if scope.targets is not None:
        return send(_tied(seen.site, wanted), _targets(scope.targets, seen))
    if request.kind is PlanKind.REBALANCE:
        return rebalance(seen.site, goal=Goal(request.goal), max_moves=request.max_moves, min_gain=request.min_gain)
    if request.kind is PlanKind.SPREAD:
        return spread(seen.site, misplaced=_misplaced(inventory, seen))
    leaving = frozenset(seen.rooms[ref] for ref in scope.leaving)
    leavers = frozenset(number for number, load in enumerate(seen.site.loads) if load.at in leaving)
    return evacuate(_tied(seen.site, leavers), leaving, only=wanted)


def _targets(targets: Mapping[MoRef, Sequence[Host]], seen: SiteMap) -> dict[int, frozenset[int]]:
    """The rooms that each load is sent to."""
    return {
        seen.loads[ref]: frozenset(seen.rooms[host.ref] for host in hosts)
        for ref, hosts in targets.items()
        if ref in seen.loads
    }


def _tied(site: Site, leavers: frozenset[int]) -> Site:
    """Loads that must stay with others which do not leave go nowhere but to them."""
    bound: dict[int, frozenset[int]] = {}
    for group in site.together:
        homes = {site.loads[load].at for load in group if load not in leavers}
        if homes:
            bound |= {load: frozenset(homes) for load in group if load in leavers}
    if not bound:
        return site
    loads = tuple(
        replace(load, may_go=load.may_go & bound[number]) if number in bound else load
        for number, load in enumerate(site.loads)
    )
    return replace(site, loads=loads)


def _misplaced(inventory: Inventory, seen: SiteMap) -> Iterator[int]:
    """The loads on a host that a must rule keeps them off."""
    for kind in (RuleKind.VM_HOST_MUST, RuleKind.VM_HOST_MUST_NOT):
        for _, rule in rules_between(inventory, kind):
            for ref in rule.vms:
                if ref in seen.loads and seen.vms[seen.loads[ref]].host is not None:
                    is_member = seen.vms[seen.loads[ref]].host in rule.hosts
                    if is_member is (kind is RuleKind.VM_HOST_MUST_NOT):
                        yield seen.loads[ref]


def _plan_stuck(inventory: Inventory, choice: Choice, stuck: Stuck) -> PlanStuck:
    vm = choice.seen.vms[stuck.load]
    reasons = tuple(
        HostReason(
            host=PlanHost(name=choice.seen.hosts[room].name, moid=choice.seen.hosts[room].ref.moid),
            reason=_reason(choice, stuck.load, room, words),
        )
        for room, words in stuck.reasons
    )
    return PlanStuck(vm=plan_vm(vm), host=plan_host(inventory, vm.host), reasons=reasons, note=stuck.note)


def _reason(choice: Choice, load: int, room: int, words: str) -> str:
    """The checks' own words where they are why, and how much is needed where there is too little."""
    seen = choice.seen
    if room in seen.closed:
        return seen.closed[room]
    if words == NO_MEMORY:
        return f"{words} for the {seen.site.loads[load].needs_bytes // MIB} MiB of {seen.vms[load].name}"
    if words == NOT_ALLOWED:
        verdict = choice.verdicts.get((seen.vms[load].ref, seen.hosts[room].ref))
        if verdict is None:
            return "it is outside the cluster, or it is kept with others"
        if verdict.why_not:
            return verdict.why_not
        return "a rule or an override does not want it there" if verdict.is_unwanted else "it is kept with others"
    return words
