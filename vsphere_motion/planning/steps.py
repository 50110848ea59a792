"""The steps of an order as the moves of a plan: with costs, an estimate, and who waits for whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import Inventory, PowerState, Vm
from vsphere_motion.model.plan_file import (
    PlanCost,
    PlanEstimate,
    PlanFinding,
    PlanHost,
    PlanMove,
    PlanTimes,
    PlanVm,
)
from vsphere_motion.model.plan_request import MOST_AT_ONCE, MOST_PER_HOST
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.schedule import Job, Slot
from vsphere_motion.model.site import Site, Step
from vsphere_motion.planning.placement.floor import Floor
from vsphere_motion.planning.placement.of_inventory import ANSWERED_BY_PLACEMENT, SiteMap
from vsphere_motion.planning.schedule import make_schedule
from vsphere_motion.planning.window import Window, costs_of
from vsphere_motion.preflight.vm import MOVING_METHODS
from vsphere_motion.vmotion.costs import Operation, Resource
from vsphere_motion.vmotion.estimate import active_rate_bps, estimate_precopy

FIXED_S = 4.0
"""UNVERIFIED: what a vMotion takes besides sending: the tests beforehand, the switch-over and the clean-up."""

COLD_S = 2.0
"""UNVERIFIED: registering a VM that does not run on another host, on storage that both see."""

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What is said of each step.

    Args:
        reason: why the step is taken.
        findings: what the checks said of a VM on a host.
        windows: when the moves of a VM may start, where that is said; the others start at any time.
        priorities: of VMs, where that is said; 0 of the others.
    """

    reason: Callable[[Step], str]
    findings: Mapping[tuple[MoRef, MoRef], tuple[Finding, ...]]
    windows: Mapping[MoRef, str] = field(default_factory=dict)
    priorities: Mapping[MoRef, int] = field(default_factory=dict)

    def priority_of(self, vm: Vm) -> int:
        """Smaller ones start first."""
        return self.priorities.get(vm.ref, 0)


def plan_moves(
    inventory: Inventory, seen: SiteMap, steps: Sequence[Step], words: Words
) -> tuple[tuple[PlanMove, ...], PlanTimes]:
    """The moves of a plan in the order in which they may start, and what the whole is expected to take."""
    steps = _by_priority(seen, steps, words)
    jobs = [_job(seen, step, words) for step in steps]
    links = [room.link_bps for room in seen.site.rooms]
    window = Window(others=others_of(inventory), max_concurrent=MOST_AT_ONCE, max_per_host=MOST_PER_HOST)
    schedule = make_schedule(jobs, links, window)
    times = {one.job: one for one in schedule.jobs}
    moves = tuple(
        PlanMove(
            vm=_vm(seen.vms[step.load]),
            source=_host(seen, step.source),
            destination=_host(seen, step.destination),
            wave=step.wave,
            reason=words.reason(step),
            findings=notable(words.findings.get(_pair(seen, step), ())),
            costs=tuple(PlanCost(resource=slot[0].value, moid=slot[1].moid, units=units) for slot, units in job.costs),
            estimate=PlanEstimate(
                start_s=round(times[number].start_s, 1),
                duration_s=round(times[number].end_s - times[number].start_s, 1),
                sends_bytes=job.sends_bytes,
            ),
            relies_on=step.relies_on,
            parking=step.is_parking,
            window=words.windows.get(seen.vms[step.load].ref, ""),
            priority=words.priority_of(seen.vms[step.load]),
        )
        for number, (step, job) in enumerate(zip(steps, jobs, strict=True))
    )
    return moves, PlanTimes(makespan_s=round(schedule.makespan_s, 1), bound_s=round(schedule.bound_s, 1))


def others_of(inventory: Inventory) -> dict[Slot, int]:
    """The units that relocations take which run already, as far as it can be seen: each on the host of its VM."""
    taken: Counter[Slot] = Counter()
    for vm in inventory.vms:
        running = sum(1 for task in vm.running_tasks or () if task.name in MOVING_METHODS)
        if running and vm.host is not None:
            taken[Resource.HOST, vm.host] += running
    return dict(taken)


def slots_of(costs: Sequence[PlanCost]) -> tuple[tuple[Slot, int], ...]:
    """The costs of a planned move as the window counts them."""
    found: list[tuple[Slot, int]] = []
    for cost in costs:
        resource = Resource(cost.resource)
        kind = "Datastore" if resource is Resource.DATASTORE else "HostSystem"
        found.append(((resource, MoRef(kind=kind, moid=cost.moid)), cost.units))
    return tuple(found)


def shortfalls(seen: SiteMap, steps: Sequence[Step]) -> tuple[str, ...]:
    """What does not fit any more if the steps are taken now, wave by wave; empty if all of them fit."""
    floor, lines = Floor(seen.site), []
    for wave in sorted({step.wave for step in steps}):
        started = [step for step in steps if step.wave == wave]
        for step in started:
            unit = floor.unit_of((step.load,))
            if not floor.fits(unit, step.destination):
                lines.append(_shortfall(seen, floor, step))
            floor.drop_copy(unit, step.destination)
        for step in started:
            unit = floor.unit_of((step.load,))
            floor.erase_copy(unit, step.destination)
            floor.move(unit, step.destination)
    return tuple(lines)


def _shortfall(seen: SiteMap, floor: Floor, step: Step) -> str:
    load = seen.site.loads[step.load]
    vm, host = load.vm.name, seen.hosts[step.destination].name
    free_bytes, free_mhz = floor.free_bytes[step.destination], floor.free_mhz[step.destination]
    if load.needs_bytes > free_bytes:
        return f"{host} has {max(0, free_bytes) // MIB} MiB left when {vm} comes, which needs {load.needs_bytes // MIB}"
    if load.needs_mhz > free_mhz:
        return f"{host} has {max(0, free_mhz)} MHz left when {vm} comes, which needs {load.needs_mhz}"
    return f"a rule keeps {vm} apart from a virtual machine that is on {host} now"


def in_turn(priorities: Sequence[int], relies_on: Sequence[Sequence[int]]) -> list[int]:
    """Numbers with the urgent ones first, then as they are, each after all that it relies on."""
    ready: list[tuple[int, int]] = []
    missing = [len(set(others)) for others in relies_on]
    enables: dict[int, list[int]] = {}
    for number, others in enumerate(relies_on):
        for other in set(others):
            enables.setdefault(other, []).append(number)
    for number, count in enumerate(missing):
        if not count:
            heappush(ready, (priorities[number], number))
    turns: list[int] = []
    while ready:
        _, number = heappop(ready)
        turns.append(number)
        for other in enables.get(number, ()):
            missing[other] -= 1
            if not missing[other]:
                heappush(ready, (priorities[other], other))
    return turns


def _by_priority(seen: SiteMap, steps: Sequence[Step], words: Words) -> Sequence[Step]:
    """The steps with the urgent ones first, each after all that it relies on, and the numbers as they are then."""
    if not words.priorities:
        return steps
    priorities = [words.priority_of(seen.vms[step.load]) for step in steps]
    turns = in_turn(priorities, [step.relies_on for step in steps])
    place = {number: turn for turn, number in enumerate(turns)}
    return [
        replace(steps[number], relies_on=tuple(sorted(place[other] for other in steps[number].relies_on)))
        for number in turns
    ]


def _job(seen: SiteMap, step: Step, words: Words) -> Job:
    vm, site = seen.vms[step.load], seen.site
    ends = [(seen.hosts[room].ref, site.rooms[room].link_bps) for room in (step.source, step.destination)]
    is_live = vm.power_state is PowerState.ON
    return Job(
        source=step.source,
        destination=step.destination,
        sends_bytes=_sends_bytes(vm, site, step) if is_live else 0,
        fixed_s=FIXED_S if is_live else COLD_S,
        costs=costs_of(
            Operation.VMOTION if is_live else Operation.PROVISIONING, hosts=ends, datastores=vm.datastores or ()
        ),
        relies_on=step.relies_on,
        priority=words.priority_of(vm),
    )


def _sends_bytes(vm: Vm, site: Site, step: Step) -> int:
    return memory_sent(vm, min(site.rooms[step.source].link_bps, site.rooms[step.destination].link_bps))


def memory_sent(vm: Vm, link: int) -> int:
    """What goes over a network of so many bits a second, with the passes over what the guest writes meanwhile."""
    memory = vm.memory_bytes or 0
    estimate = estimate_precopy(memory, link, active_rate_bps(vm.memory_active_bytes or 0))
    return max(memory, estimate.sent_bytes) if estimate else memory


def _pair(seen: SiteMap, step: Step) -> tuple[MoRef, MoRef]:
    return seen.vms[step.load].ref, seen.hosts[step.destination].ref


def notable(findings: Sequence[Finding], answered: AbstractSet[str] = ANSWERED_BY_PLACEMENT) -> tuple[PlanFinding, ...]:
    """What a plan keeps of findings.

    Args:
        answered: ids of checks that the plan itself answers.
    """
    return tuple(
        PlanFinding(id=one.id, severity=one.severity, message=one.message, remedy=one.remedy)
        for one in findings
        if one.severity is not Severity.INFO and one.id not in answered
    )


def _vm(vm: Vm) -> PlanVm:
    return PlanVm(name=vm.name, moid=vm.ref.moid, instance_uuid=vm.instance_uuid)


def _host(seen: SiteMap, room: int) -> PlanHost:
    return PlanHost(name=seen.hosts[room].name, moid=seen.hosts[room].ref.moid)
