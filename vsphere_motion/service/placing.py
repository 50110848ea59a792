"""The story of a plan: what is asked for, what the checks say of each VM on each host, who goes where, in which order.

Rules of this file: our checks look at every pair; vCenter's own checkers are asked about the moves that were chosen,
and what they refuse is planned again without that pair. Without a vCenter, a plan is made of a snapshot alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from vsphere_motion.model.finding import Finding, Origin, Severity
from vsphere_motion.model.inventory import Host, Inventory, Vm
from vsphere_motion.model.move import Move
from vsphere_motion.model.plan_file import PlanFile, PlanHost, PlanKind
from vsphere_motion.model.plan_request import PlanRequest
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.request import MoveRequest
from vsphere_motion.model.selection import NO_TAGS
from vsphere_motion.planning.choose import Choice, choose, evenness_of, reason_for, stuck_of
from vsphere_motion.planning.facts import facts_of, fingerprint_of
from vsphere_motion.planning.placement.of_inventory import Verdict, verdict_of
from vsphere_motion.planning.placement.rebalance import Goal
from vsphere_motion.planning.refusals import Refusal, told_of
from vsphere_motion.planning.resolve import move_to
from vsphere_motion.planning.scope import Scope, scope_of
from vsphere_motion.planning.steps import Words, plan_moves
from vsphere_motion.preflight.registry import Preflight
from vsphere_motion.preflight.surroundings import NOTHING, Surroundings
from vsphere_motion.service.advice import Advised, advised
from vsphere_motion.service.check import check_moves
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.made import Findings as Findings
from vsphere_motion.service.made import Made as Made
from vsphere_motion.service.plan_places import asks_for_places, make_place_plan
from vsphere_motion.service.selection import read_tagged
from vsphere_motion.service.surroundings import NOWHERE, Places, look_around
from vsphere_motion.service.windows import written_window

ROUNDS = 5
"""How often a plan is made again with the pairs left out that vCenter refused; then such a VM stays where it is."""


def make_plan_file(
    inventory: Inventory, request: PlanRequest, *, vcenter: VCenter | None = None, places: Places = NOWHERE
) -> PlanFile:
    """The plan of a request; as `make_plan`."""
    return make_plan(inventory, request, vcenter=vcenter, places=places).file


def make_plan(
    inventory: Inventory,
    request: PlanRequest,
    *,
    vcenter: VCenter | None = None,
    places: Places = NOWHERE,
    refused: Sequence[Refusal] = (),
) -> Made:
    """The plan of a request against one snapshot.

    Args:
        vcenter: whose checkers are asked about the chosen moves; None: our checks alone, on what the snapshot has.
        refused: what vCenter has refused already: no VM is sent there again.

    Raises:
        NotFound, Ambiguous, BadInput: what the request names cannot be resolved.
    """
    if asks_for_places(inventory, request):
        return make_place_plan(inventory, request, vcenter=vcenter, places=places)
    listed = [line.vm for line in request.listed.lines] if request.listed else []
    tagged = NO_TAGS if vcenter is None else read_tagged(vcenter, (*request.words, *listed, *request.exclude))
    asked = advised(vcenter, inventory, request, scope_of(inventory, request, tagged))
    scope = asked.scope
    pairs = _Pairs(inventory, request, asked, _surroundings(vcenter, inventory, request, scope, places), list(refused))
    choice = pairs.choose()
    for turn in range(1, len(scope.wanted) + len(scope.others) + ROUNDS):
        if vcenter is None:
            break
        opinions = _opinions(vcenter, inventory, request, _batches(inventory, choice, pairs.confirmed), places)
        if not pairs.learn(opinions, turn):
            break
        choice = pairs.choose()
    pairs.tell_refusals(choice)
    return Made(file=_document(inventory, request, asked, choice, pairs), findings=pairs.findings)


@dataclass(slots=True)
class _Pairs:
    """What was found of each VM on each host, asked once.

    Args:
        refusals: what vCenter alone has refused, whatever our checks say.
        confirmed: the pairs of chosen moves about which vCenter was asked.
    """

    inventory: Inventory
    request: PlanRequest
    asked: Advised
    surroundings: Surroundings
    refusals: list[Refusal]
    findings: dict[tuple[MoRef, MoRef], tuple[Finding, ...]] = field(default_factory=dict)
    confirmed: set[tuple[MoRef, MoRef]] = field(default_factory=set)
    _verdicts: dict[tuple[MoRef, MoRef], Verdict] = field(default_factory=dict)
    _asked: set[MoRef] = field(default_factory=set)
    _preflight: Preflight | None = None

    @property
    def scope(self) -> Scope:
        """What the plan is about."""
        return self.asked.scope

    def choose(self) -> Choice:
        """Who goes where; where DRS is asked about one VM, its first choice goes before all of them together."""
        if len(self.asked.advice.ranked) == 1:
            first = self._choose(firsts=1)
            if not first.stuck_count:
                return first
        return self._choose()

    def _choose(self, firsts: int | None = None) -> Choice:
        def ask(vms: Sequence[Vm]) -> Mapping[tuple[MoRef, MoRef], Verdict]:
            return self.asked.advice.narrowed(self.verdicts(vms), firsts=firsts)

        return choose(self.inventory, self.request, self.scope, ask)

    def verdicts(self, vms: Sequence[Vm]) -> Mapping[tuple[MoRef, MoRef], Verdict]:
        """The verdicts of these VMs on every host that the scope lets them go to."""
        for hosts, group in self._by_destinations(vms):
            self._look(group, hosts)
        for one in self.refusals:
            self._verdicts[one.vm, one.host.ref] = Verdict(why_not=one.words)
        wanted = {vm.ref for vm in vms}
        return {pair: verdict for pair, verdict in self._verdicts.items() if pair[0] in wanted}

    def learn(self, opinions: Mapping[tuple[MoRef, MoRef], tuple[Finding, ...]], turn: int) -> bool:
        """Take over what was found of chosen moves; whether that rules one of them out."""
        is_new = False
        self.confirmed |= opinions.keys()
        for pair, findings in opinions.items():
            self.findings[pair] = findings
            verdict = verdict_of(findings, self.request.skip_checks, strict=self.request.strict)
            if verdict.why_not is not None:
                is_new = True
                self._remember(pair, findings)
                self._rule_out(pair, verdict, everywhere=turn >= ROUNDS)
        return is_new

    def tell_refusals(self, choice: Choice) -> None:
        """Add to the findings of each chosen move which hosts vCenter has refused its VM before."""
        for step in choice.order.steps:
            vm, host = choice.seen.vms[step.load], choice.seen.hosts[step.destination]
            told = told_of(self.refusals, vm.ref)
            if told:
                self.findings[vm.ref, host.ref] = (*self.findings.get((vm.ref, host.ref), ()), *told)

    def _remember(self, pair: tuple[MoRef, MoRef], findings: Sequence[Finding]) -> None:
        """Keep what vCenter alone says against a pair that our checks had allowed."""
        host = self.inventory.find_host(pair[1])
        against = tuple(one for one in findings if one.severity is Severity.BLOCKER and one.origin is Origin.VCENTER)
        if host is not None and against:
            self.refusals.append(Refusal(vm=pair[0], host=host.named, findings=against))

    def _rule_out(self, pair: tuple[MoRef, MoRef], verdict: Verdict, *, everywhere: bool) -> None:
        for known in [one for one in self._verdicts if one[0] == pair[0]] if everywhere else [pair]:
            self._verdicts[known] = verdict

    def _by_destinations(self, vms: Sequence[Vm]) -> list[tuple[tuple[Host, ...], list[Vm]]]:
        groups: dict[MoRef | None, list[Vm]] = {}
        for vm in vms:
            host = self.inventory.find_host(vm.host)
            if vm.ref not in self._asked and host is not None:
                groups.setdefault(host.compute_resource, []).append(vm)
                self._asked.add(vm.ref)
        return [(self._destinations(home), group) for home, group in groups.items()]

    def _destinations(self, home: MoRef | None) -> tuple[Host, ...]:
        """Hosts to which VMs of a compute resource may go; those that nothing is named for stay within it."""
        hosts = self.scope.to.get(home) if home is not None else None
        if hosts is None:
            hosts = tuple(host for host in self.scope.hosts if host.compute_resource == home)
        return tuple(host for host in hosts if host.ref not in self.scope.leaving)

    def _look(self, vms: Sequence[Vm], hosts: Sequence[Host]) -> None:
        if self._preflight is None:
            self._preflight = Preflight(self.inventory, self.surroundings)
        for row in self._preflight.matrix(vms, hosts).rows:
            for cell in row:
                if not cell.is_noop:
                    self.findings[cell.vm, cell.host] = cell.findings
                    self._verdicts[cell.vm, cell.host] = verdict_of(
                        cell.findings, self.request.skip_checks, strict=self.request.strict
                    )


def _surroundings(
    vcenter: VCenter | None, inventory: Inventory, request: PlanRequest, scope: Scope, places: Places
) -> Surroundings:
    """What is looked at besides the snapshot: each VM and each host is in one of the moves that are asked about."""
    if vcenter is None:
        return NOTHING
    moves = []
    for number, vm in enumerate(scope.wanted):
        host = inventory.find_host(vm.host)
        hosts = scope.to.get(host.compute_resource, ()) if host and host.compute_resource else ()
        others = [one for one in hosts if host and one.ref != host.ref]
        if others:
            moves.append(move_to(inventory, vm, others[number % len(others)]))
    found = look_around(vcenter, inventory, moves, places)
    return replace(found, is_rebalancing=request.kind is PlanKind.REBALANCE)


def _opinions(
    vcenter: VCenter, inventory: Inventory, request: PlanRequest, batches: Sequence[Sequence[Move]], places: Places
) -> dict[tuple[MoRef, MoRef], tuple[Finding, ...]]:
    """What both sides' checks say of the chosen moves."""
    wanted = MoveRequest(selectors=(), to_host="", skip_checks=request.skip_checks, strict=request.strict, partial=True)
    found: dict[tuple[MoRef, MoRef], tuple[Finding, ...]] = {}
    for moves in batches:
        for planned in check_moves(vcenter, inventory, moves, wanted, places).moves:
            host = planned.move.destination.host
            assert host is not None
            found[planned.move.vm.ref, host.ref] = planned.findings
    return found


def _batches(inventory: Inventory, choice: Choice, confirmed: AbstractSet[tuple[MoRef, MoRef]]) -> list[list[Move]]:
    """The chosen moves that were not asked about yet, no VM twice in one batch: a VM that is parked moves twice."""
    batches: list[list[Move]] = []
    seen: dict[MoRef, int] = {}
    for step in choice.order.steps:
        vm, host = choice.seen.vms[step.load], choice.seen.hosts[step.destination]
        if (vm.ref, host.ref) in confirmed:
            continue
        place = seen.get(vm.ref, 0)
        seen[vm.ref] = place + 1
        if place == len(batches):
            batches.append([])
        batches[place].append(move_to(inventory, vm, host))
    return batches


def _windows(request: PlanRequest, scope: Scope, choice: Choice) -> dict[MoRef, str]:
    """When the moves of each VM may start: as its line says, else as the person says of all."""
    said = {vm.ref: request.window for vm in choice.seen.vms if request.window}
    said |= {ref: line.window for ref, line in scope.lines.items() if line.window}
    written = {text: written_window(text, request.zone or None) for text in set(said.values())}
    return {ref: written[text] for ref, text in said.items()}


def _document(
    inventory: Inventory,
    request: PlanRequest,
    asked: Advised,
    choice: Choice,
    pairs: _Pairs,
) -> PlanFile:
    scope = asked.scope
    words = Words(
        reason=reason_for(choice, request, scope, asked.advice, pairs.refusals),
        findings=pairs.findings,
        windows=_windows(request, scope, choice),
        priorities={ref: line.priority for ref, line in scope.lines.items() if line.priority},
    )
    moves, times = plan_moves(inventory, choice.seen, choice.order.steps, words)
    facts = facts_of(inventory, moves)
    evens = request.kind is PlanKind.REBALANCE
    return PlanFile(
        kind=request.kind,
        server=inventory.vcenter.instance_uuid,
        fingerprint=fingerprint_of(facts),
        moves=moves,
        created_at=inventory.taken_at,
        stuck=stuck_of(inventory, choice),
        left=scope.left,
        hosts=tuple(PlanHost(name=host.name, moid=host.ref.moid) for host in scope.emptied),
        estimate=times,
        evenness=evenness_of(choice, Goal(request.goal)) if evens else None,
        facts=facts,
        choices=request.choices,
        note=asked.note,
    )
