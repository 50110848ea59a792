"""An inventory and what pre-flight says of it, as the rooms and loads of a site.

Rules of this file: what could not be read is never ok: such a host takes nothing, such a VM goes nowhere. The checks
say where a VM may go, without those whose answer depends on where other VMs are: placement answers these itself, for
the whole plan instead of for one move.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import (
    Cluster,
    ConnectionState,
    DrsRule,
    HaAdmission,
    Host,
    Inventory,
    PowerState,
    RuleKind,
    Vm,
)
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.site import Load, Room, Site
from vsphere_motion.preflight.vm import AGENT_MANAGER

ANSWERED_BY_PLACEMENT = frozenset(
    {
        "memory.admission",
        "memory.reservation",
        "memory.headroom",
        "memory.active",
        "cpu.reservation",
        "cpu.load",
        "cluster.affinity",
        "cluster.anti-affinity",
        "cluster.ha",
        "concurrency.host",
        "concurrency.network",
        "concurrency.datastore",
    }
)
"""Checks whose answer depends on where other VMs are or on what else runs: room, rules between VMs, the reserve of
vSphere HA, and vCenter's limits. A plan moves many, so placement, order and the window answer them for all together."""

UNWANTED = frozenset({"cluster.should-rule", "cluster.drs"})
"""Checks that warn of a host which is possible and not wanted: such a host is taken only where there is no other."""

STOPS = frozenset({Severity.BLOCKER})
STRICTLY_STOPS = STOPS | {Severity.WARNING, Severity.UNKNOWN}

SYSTEM_NAME = "vCLS-"
LINK_BPS = 10_000_000_000
IDLE = frozenset({PowerState.OFF, PowerState.SUSPENDED})

CLOSED_BY_HAND = "it is cordoned"
KEPT_FOR_HA = "vSphere HA keeps it empty for failed hosts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the checks say of one VM on one host, as far as placement cannot answer it.

    Args:
        why_not: the shortest reason against it; None if it may go there.
        is_unwanted: it may go there and should not.
    """

    why_not: str | None
    is_unwanted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRules:
    """How strict a site is.

    Args:
        cordoned: hosts that nothing is placed on.
        keeps_ha_reserve: leave free what vSphere HA keeps for failed hosts.
        keeps_wishes: keep rules that are no musts, too.
    """

    cordoned: frozenset[MoRef] = frozenset()
    keeps_ha_reserve: bool = True
    keeps_wishes: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteMap:
    """A site with the way from its numbers to references and back.

    Args:
        hosts, vms: what each room and each load is.
        closed: why a room takes nothing, for those that do not.
    """

    site: Site
    hosts: tuple[Host, ...]
    vms: tuple[Vm, ...]
    rooms: Mapping[MoRef, int]
    loads: Mapping[MoRef, int]
    closed: Mapping[int, str]


def site_of(
    inventory: Inventory,
    hosts: Sequence[Host],
    verdicts: Mapping[tuple[MoRef, MoRef], Verdict],
    rules: SiteRules | None = None,
) -> SiteMap:
    """The hosts as rooms and every VM on them as a load.

    Args:
        verdicts: by the references of VM and host; a VM goes only to hosts that it has a verdict for.
    """
    rules = rules or SiteRules()
    members = tuple(sorted(hosts, key=lambda one: (one.name, one.ref)))
    rooms = {host.ref: number for number, host in enumerate(members)}
    vms = tuple(
        sorted((one for one in inventory.vms if one.host in rooms and not one.is_template), key=lambda one: one.ref)
    )
    here: dict[MoRef, list[Vm]] = {host.ref: [] for host in members}
    for vm in vms:
        assert vm.host is not None
        here[vm.host].append(vm)
    reserves = _reserves(inventory, members) if rules.keeps_ha_reserve else {}
    closed = dict(_closed(inventory, members, rules))
    loads = {vm.ref: number for number, vm in enumerate(vms)}
    allowed = _allowed(verdicts, rooms, keeps_wishes=rules.keeps_wishes)
    site = Site(
        rooms=tuple(
            _room(host, here[host.ref], reserves.get(host.ref, (0, 0)), is_open=number not in closed)
            for number, host in enumerate(members)
        ),
        loads=tuple(_load(vm, rooms, allowed.get(vm.ref, frozenset())) for vm in vms),
        apart=tuple(_groups(inventory, loads, vms, RuleKind.ANTI_AFFINITY, rules)),
        together=tuple(_joined(_groups(inventory, loads, vms, RuleKind.AFFINITY, rules))),
    )
    return SiteMap(site=site, hosts=members, vms=vms, rooms=rooms, loads=loads, closed=closed)


def verdict_of(findings: Iterable[Finding], skip_checks: Iterable[str] = (), *, strict: bool = False) -> Verdict:
    """What findings about one VM and one host mean for placement.

    Args:
        strict: warnings and what could not be read stop a move as well.
    """
    skipped = frozenset(skip_checks)
    stops = STRICTLY_STOPS if strict else STOPS
    stopping, is_unwanted = [], False
    for finding in findings:
        if finding.id in ANSWERED_BY_PLACEMENT or finding.id in skipped:
            continue
        if finding.severity in stops:
            stopping.append(finding)
        is_unwanted = is_unwanted or finding.id in UNWANTED
    shortest = min(stopping, key=lambda one: len(one.message), default=None)
    why_not = f"{shortest.message} [{shortest.id}]" if shortest else None
    return Verdict(why_not=why_not, is_unwanted=is_unwanted)


def is_system_vm(vm: Vm) -> bool:
    """Whether vCenter or a solution looks after the VM by itself: cluster services and agents of hosts."""
    return vm.name.startswith(SYSTEM_NAME) or vm.managed_by == AGENT_MANAGER


def needed_bytes(vm: Vm) -> int | None:
    """What a host must have free for the VM to come: its configured memory, as `memory.admission` counts it."""
    if vm.power_state in IDLE:
        return 0
    return None if vm.memory_bytes is None else max(vm.memory_bytes, _reserved_bytes(vm))


def link_bps(host: Host) -> int:
    """The bandwidth of its vMotion network; 10 Gbit/s where it was not read."""
    return max((nic.link_bps for nic in host.vmotion_nics or () if nic.link_bps), default=LINK_BPS)


def _room(host: Host, vms: Sequence[Vm], reserve: tuple[int, int], *, is_open: bool) -> Room:
    """What the host's own work takes, and what is kept for failures, is no room for VMs."""
    own_bytes = max(0, (host.memory_used_bytes or 0) - sum(vm.memory_used_bytes or 0 for vm in vms))
    own_mhz = max(0, (host.cpu_used_mhz or 0) - sum(vm.cpu_used_mhz or 0 for vm in vms))
    return Room(
        host=host.named,
        memory_bytes=max(0, (host.memory_bytes or 0) - own_bytes - reserve[0]),
        cpu_mhz=max(0, (host.cpu_mhz or 0) - own_mhz - reserve[1]),
        is_open=is_open,
        link_bps=link_bps(host),
    )


def _load(vm: Vm, rooms: Mapping[MoRef, int], may_go: frozenset[int]) -> Load:
    assert vm.host is not None
    needs = needed_bytes(vm)
    is_idle = vm.power_state in IDLE
    used = 0 if is_idle else max(vm.memory_used_bytes or 0, _reserved_bytes(vm))
    return Load(
        vm=vm.identity,
        at=rooms[vm.host],
        needs_bytes=needs or 0,
        holds_bytes=used,
        needs_mhz=0 if is_idle else vm.cpu_reservation_mhz or 0,
        uses_bytes=0 if is_idle else vm.memory_used_bytes or 0,
        uses_mhz=0 if is_idle else vm.cpu_used_mhz or 0,
        may_go=may_go - {rooms[vm.host]} if needs is not None else frozenset(),
        memory_bytes=0 if is_idle else vm.memory_bytes or 0,
    )


def _reserved_bytes(vm: Vm) -> int:
    return (vm.memory_reservation_bytes or 0) + (vm.memory_overhead_bytes or 0) if vm.memory_reservation_bytes else 0


def _allowed(
    verdicts: Mapping[tuple[MoRef, MoRef], Verdict], rooms: Mapping[MoRef, int], *, keeps_wishes: bool
) -> dict[MoRef, frozenset[int]]:
    found: dict[MoRef, set[int]] = {}
    for (vm, host), verdict in verdicts.items():
        if host in rooms and verdict.why_not is None and not (keeps_wishes and verdict.is_unwanted):
            found.setdefault(vm, set()).add(rooms[host])
    return {vm: frozenset(allowed) for vm, allowed in found.items()}


def _closed(inventory: Inventory, hosts: Sequence[Host], rules: SiteRules) -> Iterator[tuple[int, str]]:
    for number, host in enumerate(hosts):
        cluster = inventory.cluster_of(host)
        policy = cluster.ha_admission if cluster and cluster.ha_enabled else None
        why = _why_closed(host)
        if host.ref in rules.cordoned:
            why = CLOSED_BY_HAND
        elif why is None and policy and policy.enabled and host.ref in policy.failover_hosts:
            why = KEPT_FOR_HA
        if why is not None:
            yield number, why


def _why_closed(host: Host) -> str | None:
    """Why nothing may be placed on a host, or None."""
    if host.connection_state is not ConnectionState.CONNECTED:
        return f"it is {host.connection_state.value if host.connection_state else 'in a state that was not read'}"
    if host.in_maintenance_mode is not False:
        return "it is in maintenance mode" if host.in_maintenance_mode else "its maintenance mode was not read"
    if host.in_quarantine_mode:
        return "it is in quarantine mode"
    if host.power_state not in {None, "poweredOn"}:
        return f"it is {host.power_state}"
    unread = {"memory": host.memory_bytes, "used memory": host.memory_used_bytes, "CPU": host.cpu_mhz}
    missing = [word for word, value in unread.items() if value is None]
    return f"its {missing[0]} was not read" if missing else None


def _reserves(inventory: Inventory, hosts: Sequence[Host]) -> dict[MoRef, tuple[int, int]]:
    """Bytes and MHz of each host that its cluster keeps for failed hosts."""
    found: dict[MoRef, tuple[int, int]] = {}
    for cluster in inventory.clusters:
        policy = cluster.ha_admission
        if not (cluster.ha_enabled and policy and policy.enabled):
            continue
        members = [host for host in inventory.hosts if host.compute_resource == cluster.ref]
        memory, cpu = _shares(policy, members)
        for host in members:
            found[host.ref] = (int((host.memory_bytes or 0) * memory), int((host.cpu_mhz or 0) * cpu))
    return {host.ref: found[host.ref] for host in hosts if host.ref in found}


def _shares(policy: HaAdmission, hosts: Sequence[Host]) -> tuple[float, float]:
    """The shares of memory and CPU of each host: as it is set, or as much as the largest hosts that may fail have."""
    if policy.host_failures:
        memory = sorted((host.memory_bytes or 0 for host in hosts), reverse=True)
        cpu = sorted((host.cpu_mhz or 0 for host in hosts), reverse=True)
        return _largest(memory, policy.host_failures), _largest(cpu, policy.host_failures)
    return (policy.memory_percent or 0) / 100, (policy.cpu_percent or 0) / 100


def _largest(sizes: Sequence[int], count: int) -> float:
    total = sum(sizes)
    return min(1.0, sum(sizes[:count]) / total) if total else 0.0


def rules_between(inventory: Inventory, kind: RuleKind) -> Iterator[tuple[Cluster, DrsRule]]:
    """The enabled rules of one kind."""
    for cluster in inventory.clusters:
        for rule in cluster.rules or ():
            if rule.enabled and rule.kind is kind:
                yield cluster, rule


def _groups(
    inventory: Inventory, loads: Mapping[MoRef, int], vms: Sequence[Vm], kind: RuleKind, rules: SiteRules
) -> Iterator[tuple[int, ...]]:
    """The loads of each rule: a rule concerns VMs that are not off, and two at least."""
    for _, rule in rules_between(inventory, kind):
        if not (rule.mandatory or rules.keeps_wishes):
            continue
        numbers = sorted({loads[ref] for ref in rule.vms if ref in loads})
        group = tuple(number for number in numbers if vms[number].power_state is not PowerState.OFF)
        if len(group) > 1:
            yield group


def _joined(groups: Iterable[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Groups that share a load are one: who must be with one must be with all."""
    joined: list[set[int]] = []
    for group in groups:
        apart = [one for one in joined if not one & set(group)]
        met = [one for one in joined if one & set(group)]
        joined = [*apart, set(group).union(*met)]
    return sorted(tuple(sorted(group)) for group in joined)
