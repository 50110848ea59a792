"""Which of the VMs that runs have moved go back together, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from vsphere_motion.model.finding import Finding
from vsphere_motion.model.inventory import Host, Inventory
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.site import Shift, Step
from vsphere_motion.planning.placement.floor import Floor
from vsphere_motion.planning.placement.of_inventory import SiteMap, SiteRules, Verdict, site_of, verdict_of
from vsphere_motion.planning.placement.order import in_order
from vsphere_motion.planning.restore_lines import Back, BackLine

FULL = "it does not fit there now"


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """The difference, and in which order the VMs go.

    Args:
        steps: of those that change their host, in order; a VM that waits in a third room has two. Those that go back
            without a step stay on their host, or need no room on the other one, and may go at any time.
    """

    lines: tuple[BackLine, ...]
    seen: SiteMap
    steps: tuple[Step, ...]

    def without_step(self) -> tuple[BackLine, ...]:
        """The VMs that go back at any time."""
        stepping = {self.seen.vms[step.load].ref for step in self.steps}
        return tuple(one for one in self.lines if one.back is Back.GOES and one.taken.vm.ref not in stepping)


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
        line.taken.vm.ref: verdict_of(findings.get(line.taken.vm.ref, ()), skip_checks)
        for line in lines
        if line.back is Back.GOES
    }
    going = [line for line in lines if line.back is Back.GOES and _needs_room(inventory, line)]
    seen = site_of(
        inventory,
        _hosts(inventory, going),
        {(line.taken.vm.ref, line.taken.origin.ref): verdicts[line.taken.vm.ref] for line in going},
        SiteRules(keeps_wishes=False, keeps_ha_reserve=keeps_ha_reserve),
    )
    judged = [_judge(line, findings.get(line.taken.vm.ref, ()), verdicts, seen) for line in lines]
    shifts = [_shift(seen, line) for line in judged if line.back is Back.GOES and _needs_room(inventory, line)]
    order = in_order(seen.site, shifts)
    stuck = {seen.vms[shift.load].ref for shift in order.impossible}
    reasons = _reasons(seen, order.steps, order.impossible)
    final = tuple(
        line.stopped(reasons[line.taken.vm.ref]) if line.taken.vm.ref in stuck and line.back is Back.GOES else line
        for line in judged
    )
    return WayBack(lines=final, seen=seen, steps=order.steps)


def _needs_room(inventory: Inventory, line: BackLine) -> bool:
    """Whether it takes room on another host; a template never runs."""
    vm = inventory.find_vm(line.taken.vm.ref)
    return line.changes_host and vm is not None and not vm.is_template


def _hosts(inventory: Inventory, lines: Sequence[BackLine]) -> list[Host]:
    """Every host of the compute resources that take part."""
    ends = {ref for line in lines for ref in (line.taken.origin.ref, line.now.ref if line.now else None)}
    homes = {host.compute_resource for host in inventory.hosts if host.ref in ends}
    return [host for host in inventory.hosts if host.compute_resource in homes]


def _judge(line: BackLine, findings: tuple[Finding, ...], verdicts: Mapping[MoRef, Verdict], seen: SiteMap) -> BackLine:
    if line.back is not Back.GOES:
        return line
    line = replace(line, findings=findings)
    origin = line.taken.origin
    closed = seen.closed.get(seen.rooms[origin.ref]) if line.changes_host and origin.ref in seen.rooms else None
    verdict = verdicts[line.taken.vm.ref]
    if closed is not None:
        return line.stopped(f"{origin.name}: {closed}")
    return line if verdict.why_not is None else line.stopped(verdict.why_not)


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
