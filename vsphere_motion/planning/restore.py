"""What a run has moved, and which of it goes back: a pure difference of its outcomes and an inventory.

Rules of this file: only what the run itself was seen to move goes back, from where the run put it; whatever else has
moved a VM since has had a reason, and the VM is left there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from vsphere_motion.model.finding import Finding
from vsphere_motion.model.inventory import Host, Inventory, Vm
from vsphere_motion.model.move import Change, Move
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.refs import MoRef, NamedRef, VmIdentity
from vsphere_motion.model.site import Shift, Step
from vsphere_motion.planning.placement.floor import Floor
from vsphere_motion.planning.placement.of_inventory import SiteMap, SiteRules, Verdict, site_of, verdict_of
from vsphere_motion.planning.placement.order import in_order

FULL = "it does not fit there now"


class Back(Enum):
    """What becomes of a VM: it goes back, it is there already, it is left where it is, or it cannot go back."""

    GOES = "goes"
    THERE = "there"
    LEFT = "left"
    CANNOT = "cannot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A VM that a run has moved.

    Args:
        origin: the host it was on before.
        put: the host it was moved to last.
        pool: the resource pool it was in before.
        beside: what else was changed of it, in words; a restore brings back hosts and pools alone.
    """

    vm: VmIdentity
    origin: NamedRef
    put: NamedRef
    pool: NamedRef | None = None
    beside: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackLine:
    """One line of the difference.

    Args:
        now: the host it is on; None: it is gone, or on no host.
        why: why it does not go back; empty where it does.
        findings: what the checks say of the way back.
    """

    taken: Taken
    back: Back
    now: NamedRef | None
    why: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """The difference, and in which order the VMs go.

    Args:
        steps: by their place among `movers`; a VM that waits in a third room has two.
    """

    lines: tuple[BackLine, ...]
    seen: SiteMap
    steps: tuple[Step, ...]


def taken_of(outcomes: Iterable[Outcome]) -> tuple[Taken, ...]:
    """The VMs that these outcomes moved, from the first source to the last destination of each.

    Args:
        outcomes: in the order in which the moves ended.
    """
    found: dict[MoRef, Taken] = {}
    for outcome in outcomes:
        source, put = outcome.move.source, outcome.move.destination.host
        if outcome.state is not OutcomeState.MOVED or source.host is None or put is None:
            continue
        vm = outcome.move.vm
        before = found.get(vm.ref)
        origin, pool = (before.origin, before.pool) if before else (source.host, source.pool)
        beside = _beside(outcome.move) or (before.beside if before else "")
        found[vm.ref] = Taken(vm=vm, origin=origin, put=put, pool=pool, beside=beside)
    return tuple(found.values())


def compare_places(inventory: Inventory, taken: Sequence[Taken], only_to: MoRef | None = None) -> tuple[BackLine, ...]:
    """Which VMs are still where they were put, before anything is checked.

    Args:
        only_to: look at VMs alone that were on this host.
    """
    return tuple(_compare(inventory, one) for one in taken if only_to in {None, one.origin.ref})


def with_exits(inventory: Inventory, hosts: Iterable[MoRef]) -> Inventory:
    """The inventory as it would be with these hosts out of maintenance mode."""
    refs = frozenset(hosts)
    return replace(
        inventory,
        hosts=tuple(replace(host, in_maintenance_mode=False) if host.ref in refs else host for host in inventory.hosts),
    )


def way_back(
    inventory: Inventory,
    lines: Sequence[BackLine],
    findings: Mapping[MoRef, tuple[Finding, ...]],
    skip_checks: tuple[str, ...] = (),
    *,
    keeps_ha_reserve: bool = True,
) -> WayBack:
    """What can go back together, in a safe order, and why the rest cannot.

    Args:
        findings: what the checks say of the VMs that would go back.
    """
    verdicts = {
        (line.taken.vm.ref, line.taken.origin.ref): verdict_of(findings.get(line.taken.vm.ref, ()), skip_checks)
        for line in lines
        if line.back is Back.GOES
    }
    seen = site_of(
        inventory,
        _hosts(inventory, lines),
        verdicts,
        SiteRules(keeps_wishes=False, keeps_ha_reserve=keeps_ha_reserve),
    )
    judged = [_judge(line, findings.get(line.taken.vm.ref, ()), verdicts, seen) for line in lines]
    shifts = [_shift(seen, line) for line in judged if line.back is Back.GOES]
    order = in_order(seen.site, shifts)
    stuck = {seen.vms[shift.load].ref for shift in order.impossible}
    reasons = _reasons(seen, order.steps, order.impossible)
    final = tuple(
        _cannot(line, reasons[line.taken.vm.ref]) if line.taken.vm.ref in stuck and line.back is Back.GOES else line
        for line in judged
    )
    return WayBack(lines=final, seen=seen, steps=order.steps)


def _compare(inventory: Inventory, taken: Taken) -> BackLine:
    vm, origin = inventory.find_vm(taken.vm.ref), inventory.find_host(taken.origin.ref)
    now = inventory.name_of(vm.host) if vm else None
    if vm is None:
        return BackLine(taken=taken, back=Back.LEFT, now=None, why="it no longer exists")
    if not _is_same(vm, taken.vm):
        words = f"{vm.ref.moid} is another VM now: {vm.name}"
        return BackLine(taken=taken, back=Back.LEFT, now=now, why=words)
    if taken.beside and taken.origin.ref == taken.put.ref:
        words = f"its {taken.beside} changed, and a restore brings back hosts alone; say where to with migrate"
        return BackLine(taken=taken, back=Back.LEFT, now=now, why=words)
    if now is not None and now.ref == taken.origin.ref:
        return BackLine(taken=taken, back=Back.THERE, now=now, why="it is back already")
    if now is None or now.ref != taken.put.ref:
        words = f"it was put on {taken.put.name} and somebody else has moved it since"
        return BackLine(taken=taken, back=Back.LEFT, now=now, why=words)
    if origin is None:
        return BackLine(taken=taken, back=Back.CANNOT, now=now, why=f"{taken.origin.name} no longer exists")
    return BackLine(taken=taken, back=Back.GOES, now=now)


_BESIDE = {Change.STORAGE: "files", Change.NETWORK: "networks", Change.FOLDER: "folder", Change.POOL: "pool"}


def _beside(move: Move) -> str:
    """What else the move changed; the pool goes back with the host, and counts alone where no host changed."""
    changes = move.changes - {Change.POOL} if Change.HOST in move.changes else move.changes
    return " and ".join(word for change, word in _BESIDE.items() if change in changes)


def _is_same(vm: Vm, identity: VmIdentity) -> bool:
    return None in {vm.instance_uuid, identity.instance_uuid} or vm.instance_uuid == identity.instance_uuid


def _hosts(inventory: Inventory, lines: Sequence[BackLine]) -> list[Host]:
    """Every host of the compute resources that take part."""
    ends = {ref for line in lines for ref in (line.taken.origin.ref, line.now.ref if line.now else None)}
    homes = {host.compute_resource for host in inventory.hosts if host.ref in ends}
    return [host for host in inventory.hosts if host.compute_resource in homes]


def _judge(
    line: BackLine,
    findings: tuple[Finding, ...],
    verdicts: Mapping[tuple[MoRef, MoRef], Verdict],
    seen: SiteMap,
) -> BackLine:
    if line.back is not Back.GOES:
        return line
    line = replace(line, findings=findings)
    origin = line.taken.origin
    closed = seen.closed.get(seen.rooms[origin.ref])
    verdict = verdicts[line.taken.vm.ref, origin.ref]
    if closed is not None:
        return _cannot(line, f"{origin.name}: {closed}")
    return line if verdict.why_not is None else _cannot(line, verdict.why_not)


def _cannot(line: BackLine, why: str) -> BackLine:
    return replace(line, back=Back.CANNOT, why=why)


def _shift(seen: SiteMap, line: BackLine) -> Shift:
    load = seen.loads[line.taken.vm.ref]
    return Shift(load=load, source=seen.site.loads[load].at, destination=seen.rooms[line.taken.origin.ref])


def _reasons(seen: SiteMap, steps: Sequence[Step], impossible: Sequence[Shift]) -> dict[MoRef, str]:
    """Why each of these has no place once the others are back."""
    floor = Floor(seen.site)
    for step in steps:
        floor.move(floor.unit_of((step.load,)), step.destination)
    found = {}
    for shift in impossible:
        words = floor.reason(floor.unit_of((shift.load,)), shift.destination) or FULL
        found[seen.vms[shift.load].ref] = f"{seen.hosts[shift.destination].name}: {words}"
    return found
