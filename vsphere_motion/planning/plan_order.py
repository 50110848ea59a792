"""Checked moves of any sort as the moves of a plan: who cannot go, who waits for whom, what it costs and takes.

Rules of this file: where hosts are too full for all at once, moves are put in an order in which they never are; nobody
takes a detour, because a machine whose files move is not moved twice. What the checks say of room on hosts is answered
by that order; whatever else blocks a move keeps its VM where it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vsphere_motion.model.finding import Finding
from vsphere_motion.model.inventory import Host, Inventory, PowerState
from vsphere_motion.model.move import Change, Move, sets_encryption
from vsphere_motion.model.plan import PlannedMove
from vsphere_motion.model.plan_file import (
    HostReason,
    PlanCost,
    PlanEstimate,
    PlanHost,
    PlanLeft,
    PlanMove,
    PlanStuck,
    PlanTimes,
    PlanVm,
)
from vsphere_motion.model.plan_place import PlanPlace
from vsphere_motion.model.plan_request import MOST_AT_ONCE, MOST_PER_HOST
from vsphere_motion.model.refs import MoRef, NamedRef, VmIdentity
from vsphere_motion.model.schedule import Job
from vsphere_motion.model.site import Order, Shift
from vsphere_motion.planning.move_costs import costs_of_move
from vsphere_motion.planning.placement.of_inventory import (
    LINK_BPS,
    STOPS,
    STRICTLY_STOPS,
    SiteMap,
    SiteRules,
    Verdict,
    link_bps,
    site_of,
)
from vsphere_motion.planning.placement.order import in_order
from vsphere_motion.planning.plan_places import place_after, place_before
from vsphere_motion.planning.schedule import make_schedule
from vsphere_motion.planning.scope import ALREADY_THERE
from vsphere_motion.planning.steps import COLD_S, FIXED_S, in_turn, memory_sent, notable, others_of
from vsphere_motion.planning.window import Window
from vsphere_motion.vmotion.forecast import STORE_BPS

ANSWERED_BY_ORDER = frozenset(
    {
        "memory.admission",
        "memory.reservation",
        "memory.headroom",
        "memory.active",
        "cpu.reservation",
        "cpu.load",
        "concurrency.host",
        "concurrency.network",
        "concurrency.datastore",
    }
)
"""Checks whose answer depends on who has left a host before, or on what else runs."""

NO_ROOM = "its destination has too little room for it, whoever leaves first"
HA_TOO = ", with what vSphere HA keeps free for failed hosts (--use-ha-reserve)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A checked move with what its plan says of it.

    Args:
        reason: why it is made.
        window: when it may start; empty: at any time.
        priority: smaller ones start first.
    """

    planned: PlannedMove
    reason: str
    window: str = ""
    priority: int = 0

    @property
    def move(self) -> Move:
        """The move."""
        return self.planned.move


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """The moves of a plan, who stays, and who cannot go.

    Args:
        before: where each VM is now besides its host, by its identifier.
    """

    moves: tuple[PlanMove, ...] = ()
    times: PlanTimes | None = None
    left: tuple[PlanLeft, ...] = ()
    stuck: tuple[PlanStuck, ...] = ()
    before: Mapping[str, PlanPlace] = field(default_factory=dict)


def ordered(inventory: Inventory, asked: Sequence[Asked], rules: SiteRules) -> Ordered:
    """The moves of a plan in the order in which they may start."""
    left = [one for one in asked if one.move.is_noop and not sets_encryption(one.move)]
    open_moves = [one for one in asked if not one.move.is_noop or sets_encryption(one.move)]
    blocked = {place: why for place, one in enumerate(open_moves) if (why := blockers_of(one.planned))}
    going = [one for place, one in enumerate(open_moves) if place not in blocked]
    stuck = [_stuck(open_moves[place], why) for place, why in blocked.items()]
    turns = _Turns(inventory, [one.move for one in going], rules)
    note = f"{NO_ROOM}{HA_TOO if rules.keeps_ha_reserve else ''}"
    stuck += [_stuck(going[place], _room_of(going[place].planned), note) for place in sorted(turns.impossible)]
    kept = [place for place in range(len(going)) if place not in turns.impossible]
    moves, times = _planned(inventory, [going[place] for place in kept], turns.of(kept))
    return Ordered(
        moves=moves,
        times=times,
        left=tuple(PlanLeft(vm=_vm(one.move.vm), host=_end(one.move.source.host), why=ALREADY_THERE) for one in left),
        stuck=tuple(sorted(stuck, key=lambda one: (one.vm.name, one.vm.moid))),
        before={one.move.vm.ref.moid: place_before(one.move) for one in going},
    )


def blockers_of(planned: PlannedMove) -> tuple[Finding, ...]:
    """What keeps a move from being made, whatever is moved before it."""
    stops = STRICTLY_STOPS if planned.strict else STOPS
    answered = answered_by_order(planned.move)
    return tuple(
        one
        for one in planned.findings
        if one.severity in stops and one.id not in planned.skipped and one.id not in answered
    )


def answered_by_order(move: Move) -> frozenset[str]:
    """The checks that the order of a plan answers for a move; the rooms of another vCenter are not in its order."""
    return frozenset() if move.destination.vcenter is not None else ANSWERED_BY_ORDER


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    wave: int = 0
    relies_on: tuple[int, ...] = ()


class _Turns:
    """Which moves wait for which, by their places; only those that change hosts of this vCenter do."""

    def __init__(self, inventory: Inventory, moves: Sequence[Move], rules: SiteRules) -> None:
        self._moves = moves
        self.impossible: set[int] = set()
        self._turns: dict[int, _Turn] = {}
        ends = [(place, ends) for place, move in enumerate(moves) if (ends := _hosts(inventory, move))]
        if ends:
            self._settle(inventory, ends, rules)

    def of(self, kept: Sequence[int]) -> list[_Turn]:
        """The turn of each of these moves, with the numbers that they have among themselves."""
        number = {place: turn for turn, place in enumerate(kept)}
        turns = [self._turns.get(place, _Turn()) for place in kept]
        return [
            _Turn(wave=one.wave, relies_on=tuple(number[other] for other in one.relies_on if other in number))
            for one in turns
        ]

    def _settle(self, inventory: Inventory, ends: Sequence[tuple[int, tuple[Host, Host]]], rules: SiteRules) -> None:
        refs = {host.ref for _, both in ends for host in both}
        verdicts = {(self._moves[place].vm.ref, both[1].ref): Verdict(why_not=None) for place, both in ends}
        seen = site_of(inventory, [host for host in inventory.hosts if host.ref in refs], verdicts, rules)
        shifts = {
            shift: place for place, both in ends if (shift := _shift(seen, self._moves[place].vm.ref, both)) is not None
        }
        order = in_order(seen.site, tuple(shifts))
        places = {seen.vms[shift.load].ref: place for shift, place in shifts.items()}
        self._take(seen, order, places)

    def _take(self, seen: SiteMap, order: Order, places: Mapping[MoRef, int]) -> None:
        self.impossible = {places[seen.vms[shift.load].ref] for shift in order.impossible}
        steps = [places[seen.vms[step.load].ref] for step in order.steps]
        for step, place in zip(order.steps, steps, strict=True):
            relies_on = tuple(steps[other] for other in step.relies_on)
            self._turns[place] = _Turn(wave=step.wave, relies_on=relies_on)


def _planned(
    inventory: Inventory, asked: Sequence[Asked], turns: Sequence[_Turn]
) -> tuple[tuple[PlanMove, ...], PlanTimes | None]:
    if not asked:
        return (), None
    sequence = in_turn([one.priority for one in asked], [turn.relies_on for turn in turns])
    number = {place: turn for turn, place in enumerate(sequence)}
    rooms: dict[MoRef, int] = {}
    links: list[int] = []
    jobs = []
    for place in sequence:
        relies_on = tuple(sorted(number[other] for other in turns[place].relies_on))
        jobs.append(_job(inventory, asked[place], relies_on, rooms, links))
    window = Window(others=others_of(inventory), max_concurrent=MOST_AT_ONCE, max_per_host=MOST_PER_HOST)
    schedule = make_schedule(jobs, links, window)
    times = {one.job: (one.start_s, one.end_s - one.start_s) for one in schedule.jobs}
    moves = tuple(
        _plan_move(asked[place], turns[place].wave, jobs[turn], times[turn]) for turn, place in enumerate(sequence)
    )
    return moves, PlanTimes(makespan_s=round(schedule.makespan_s, 1), bound_s=round(schedule.bound_s, 1))


def _job(
    inventory: Inventory, one: Asked, relies_on: tuple[int, ...], rooms: dict[MoRef, int], links: list[int]
) -> Job:
    ends = []
    for end in (one.move.source.host, one.move.destination.host):
        assert end is not None, "a move of a plan has both hosts"
        host = inventory.find_host(end.ref)
        if end.ref not in rooms:
            rooms[end.ref] = len(links)
            links.append(link_bps(host) if host else LINK_BPS)
        ends.append(rooms[end.ref])
    vm = inventory.find_vm(one.move.vm.ref)
    is_live = vm is not None and vm.power_state is PowerState.ON and Change.HOST in one.move.changes
    return Job(
        source=ends[0],
        destination=ends[1],
        sends_bytes=memory_sent(vm, min(links[ends[0]], links[ends[1]])) if vm is not None and is_live else 0,
        fixed_s=(FIXED_S if is_live else COLD_S) + _file_bytes(one) * 8 / STORE_BPS.likely,
        costs=costs_of_move(inventory, one.move),
        relies_on=relies_on,
        priority=one.priority,
    )


def _plan_move(one: Asked, wave: int, job: Job, times: tuple[float, float]) -> PlanMove:
    move = one.move
    return PlanMove(
        vm=_vm(move.vm),
        source=_end(move.source.host),
        destination=_end(move.destination.host),
        wave=wave,
        reason=one.reason,
        findings=notable(one.planned.findings, answered_by_order(move)),
        costs=tuple(PlanCost(resource=slot[0].value, moid=slot[1].moid, units=units) for slot, units in job.costs),
        estimate=PlanEstimate(
            start_s=round(times[0], 1), duration_s=round(times[1], 1), sends_bytes=job.sends_bytes + _file_bytes(one)
        ),
        relies_on=job.relies_on,
        window=one.window,
        priority=one.priority,
        place=place_after(move),
    )


def _file_bytes(one: Asked) -> int:
    forecast = one.planned.forecast
    return (forecast.load.file_bytes or 0) if forecast else 0


def _hosts(inventory: Inventory, move: Move) -> tuple[Host, Host] | None:
    """Both hosts of a move between hosts of one vCenter; None of any other."""
    if Change.HOST not in move.changes or move.destination.vcenter is not None:
        return None
    source, destination = move.source.host, move.destination.host
    both = tuple(inventory.find_host(end.ref) for end in (source, destination) if end)
    return (both[0], both[1]) if len(both) == 2 and both[0] and both[1] else None


def _shift(seen: SiteMap, vm: MoRef, ends: tuple[Host, Host]) -> Shift | None:
    """The move of a VM as a shift; None of one that takes no room, such as a template."""
    if vm not in seen.loads:
        return None
    return Shift(load=seen.loads[vm], source=seen.rooms[ends[0].ref], destination=seen.rooms[ends[1].ref])


def _room_of(planned: PlannedMove) -> tuple[Finding, ...]:
    """What the checks say of room on the destination."""
    return tuple(one for one in planned.findings if one.severity in STOPS and one.id in ANSWERED_BY_ORDER)


def _stuck(one: Asked, why: Sequence[Finding], note: str = "") -> PlanStuck:
    host = _end(one.move.destination.host)
    return PlanStuck(
        vm=_vm(one.move.vm),
        host=_end(one.move.source.host),
        reasons=tuple(HostReason(host=host, reason=f"{finding.message} [{finding.id}]") for finding in why),
        note="" if why else note,
    )


def _vm(vm: VmIdentity) -> PlanVm:
    return PlanVm(name=vm.name, moid=vm.ref.moid, instance_uuid=vm.instance_uuid)


def _end(host: NamedRef | None) -> PlanHost:
    return PlanHost(name=host.name, moid=host.moid) if host else PlanHost(name="-", moid="-")
