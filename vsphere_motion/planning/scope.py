"""What a plan is about: which VMs are to move, which hosts they may go to, and which VMs are left alone on purpose.

Rules of this file: all words are looked up before any is complained about. System VMs are never chosen unless a person
names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from vsphere_motion.errors import BadInput, UsageProblem
from vsphere_motion.model.inventory import Cluster, Host, Inventory, PowerState, Vm
from vsphere_motion.model.list_file import ListFile, ListLine
from vsphere_motion.model.plan_file import PlanHost, PlanKind, PlanLeft, PlanVm
from vsphere_motion.model.plan_request import PlanRequest
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.selection import NO_TAGS, Tagged
from vsphere_motion.planning.list_file import ForAll, resolve_list
from vsphere_motion.planning.placement.of_inventory import is_system_vm
from vsphere_motion.planning.resolve import resolve_vms
from vsphere_motion.planning.selection import excluded
from vsphere_motion.planning.selectors import find_cluster, find_host
from vsphere_motion.preflight.registry import known_ids

SYSTEM = "a system VM: vCenter or a solution looks after it"
TEMPLATE = "a template: convert it to a virtual machine to move it"
EXCLUDED = "it is excluded"
POWERED_OFF = "it is powered off, and those are left"
ALREADY_THERE = "it is already there"

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The part of an inventory that a plan is about.

    Args:
        hosts: every host that is looked at.
        closed: hosts that nothing is placed on.
        leaving: hosts that wanted VMs leave; nothing is placed there.
        wanted: VMs that have to move, or that may move where the plan evens out or repairs.
        others: VMs beside them that may be pushed aside.
        to: hosts to which the VMs of a compute resource may go, by its reference.
        emptied: hosts that are to be empty afterwards.
        targets: the hosts of which each wanted VM is to go to one; None: where it goes is for the plan to find.
        lines: what a list file says of each wanted VM.
    """

    hosts: tuple[Host, ...]
    closed: frozenset[MoRef]
    leaving: frozenset[MoRef]
    wanted: tuple[Vm, ...]
    others: tuple[Vm, ...]
    to: Mapping[MoRef, tuple[Host, ...]]
    left: tuple[PlanLeft, ...] = ()
    emptied: tuple[Host, ...] = ()
    targets: Mapping[MoRef, tuple[Host, ...]] | None = None
    lines: Mapping[MoRef, ListLine] = field(default_factory=dict)


def scope_of(inventory: Inventory, request: PlanRequest, tagged: Tagged = NO_TAGS) -> Scope:
    """The scope of a request.

    Args:
        tagged: what carries the tags that the request names.

    Raises:
        NotFound, Ambiguous, BadInput, UsageProblem: words cannot be used; the details have every one.
    """
    words = _Words(inventory, request.exclude, tagged)
    for check_id in request.skip_checks:
        words.require(check_id in known_ids(), f"no check is called {check_id}")
    if request.kind is PlanKind.EVACUATE:
        return _of_hosts(inventory, request, words)
    if request.kind is PlanKind.MIGRATE:
        if request.listed is not None:
            return _of_list(inventory, request, request.listed, words)
        return _of_vms(inventory, request, words)
    return _of_cluster(inventory, request, words)


class _Words:
    """Looks words up and remembers what cannot be used."""

    def __init__(self, inventory: Inventory, exclude: Sequence[str], tagged: Tagged) -> None:
        self._inventory = inventory
        vms, self._problems = excluded(inventory, exclude, tagged)
        self.out = frozenset(vm.ref for vm in vms)
        self.tagged = tagged

    def look_up(self, find: Callable[[Inventory, str], Found], words: Iterable[str]) -> list[Found]:
        """What the words name, as far as they name something."""
        found = []
        for word in words:
            try:
                found.append(find(self._inventory, word))
            except UsageProblem as problem:
                self._problems.append(problem)
        return found

    def require(self, is_so: bool, message: str, hint: str | None = None) -> None:
        """Remember a complaint unless it is so."""
        if not is_so:
            self._problems.append(BadInput(message, hint=hint))

    def settle(self) -> None:
        """Raise what was remembered."""
        if len(self._problems) == 1:
            raise self._problems[0]
        if self._problems:
            kinds = {type(problem) for problem in self._problems}
            raise (kinds.pop() if len(kinds) == 1 else UsageProblem)(
                f"{len(self._problems)} of the words given cannot be used: {self._problems[0].message}",
                hint="; ".join(dict.fromkeys(one.hint for one in self._problems if one.hint)) or None,
                details=tuple(line for one in self._problems for line in (one.message, *one.details)),
            )


def _of_hosts(inventory: Inventory, request: PlanRequest, words: _Words) -> Scope:
    emptied = list(dict.fromkeys(words.look_up(find_host, request.words)))
    clusters = words.look_up(find_cluster, [request.to_cluster] if request.to_cluster else [])
    closed = frozenset(host.ref for host in words.look_up(find_host, request.cordoned))
    for host in emptied:
        has_others = any(one.ref != host.ref for one in _members(inventory, host.compute_resource))
        words.require(
            has_others or bool(clusters),
            f"{host.name} is in no cluster with other hosts, so its VMs have nowhere to go",
            "name a cluster with --to-cluster",
        )
    words.settle()
    leaving = frozenset(host.ref for host in emptied)
    to = {
        host.compute_resource: _members(inventory, clusters[0].ref if clusters else host.compute_resource)
        for host in emptied
        if host.compute_resource is not None
    }
    present = [vm for vm in inventory.vms if vm.host in leaving]
    left = tuple(_left(inventory, vm, why) for vm in present if (why := _why_left(vm, request, words.out)))
    kept = {one.vm.moid for one in left}
    wanted = tuple(vm for vm in present if vm.ref.moid not in kept)
    hosts = _united([emptied, *to.values()])
    return Scope(
        hosts=hosts,
        closed=closed,
        leaving=leaving,
        wanted=wanted,
        others=tuple(vm for vm in _others(inventory, hosts, wanted, leaving) if vm.ref not in words.out),
        to=to,
        left=left,
        emptied=tuple(emptied),
    )


def _of_vms(inventory: Inventory, request: PlanRequest, words: _Words) -> Scope:
    vms = words.look_up(lambda seen, _: resolve_vms(seen, request.words, (), words.tagged), ["all of them"])
    chosen = tuple(vm for vm in (vms[0] if vms else ()) if vm.ref not in words.out)
    hosts = words.look_up(find_host, [request.to_host] if request.to_host else [])
    clusters = words.look_up(find_cluster, [request.to_cluster] if request.to_cluster else [])
    closed = frozenset(host.ref for host in words.look_up(find_host, request.cordoned))
    words.require(
        bool(request.to_host or request.to_cluster), "no destination is named", "give --to-host or --to-cluster"
    )
    for vm in chosen:
        words.require(vm.host is not None, f"{vm.name} ({vm.ref.moid}) is on no host that vCenter names")
    words.settle()
    targets = tuple(hosts) or _members(inventory, clusters[0].ref)
    return _sent(inventory, closed, {vm.ref: targets for vm in chosen})


def _of_list(inventory: Inventory, request: PlanRequest, listed: ListFile, words: _Words) -> Scope:
    closed = frozenset(host.ref for host in words.look_up(find_host, request.cordoned))
    words.settle()
    found = resolve_list(
        inventory,
        listed,
        ForAll(to_host=request.to_host or ""),
        exclude=request.exclude,
        tagged=words.tagged,
    )
    refs = [move.vm.ref for move in found.moves]
    return replace(
        _sent(inventory, closed, dict(zip(refs, found.targets, strict=True))),
        lines=dict(zip(refs, found.lines, strict=True)),
    )


def _sent(inventory: Inventory, closed: frozenset[MoRef], targets: Mapping[MoRef, tuple[Host, ...]]) -> Scope:
    """The scope of VMs each of which is to go to one of its own hosts."""
    chosen = [vm for ref in targets if (vm := inventory.find_vm(ref))]
    there = {ref: frozenset(host.ref for host in hosts) for ref, hosts in targets.items()}
    left = tuple(_left(inventory, vm, why) for vm in chosen if (why := _why_unmoved(vm, there[vm.ref])))
    kept = {one.vm.moid for one in left}
    wanted = tuple(vm for vm in chosen if vm.ref.moid not in kept)
    ends = {vm.ref: targets[vm.ref] for vm in wanted}
    sources = [host for vm in wanted if (host := inventory.find_host(vm.host))]
    to = _by_home(inventory, wanted, ends)
    return Scope(
        hosts=_united([sources, *to.values()]),
        closed=closed,
        leaving=frozenset(),
        wanted=wanted,
        others=(),
        to=to,
        left=left,
        targets=ends,
    )


def _by_home(
    inventory: Inventory, wanted: Sequence[Vm], targets: Mapping[MoRef, tuple[Host, ...]]
) -> dict[MoRef, tuple[Host, ...]]:
    """Hosts that VMs of a compute resource go to; all of it where VMs may change places, so that one can step aside."""
    sources = {vm.host for vm in wanted}
    exchanges = any(host.ref in sources for hosts in targets.values() for host in hosts)
    groups: dict[MoRef, list[Iterable[Host]]] = {}
    for vm in wanted:
        home = inventory.find_host(vm.host)
        if home is not None and home.compute_resource is not None:
            groups.setdefault(home.compute_resource, []).append(targets[vm.ref])
    return {
        home: _united([*hosts, _members(inventory, home)] if exchanges else hosts) for home, hosts in groups.items()
    }


def _of_cluster(inventory: Inventory, request: PlanRequest, words: _Words) -> Scope:
    clusters: list[Cluster] = words.look_up(find_cluster, request.words)
    closed = frozenset(host.ref for host in words.look_up(find_host, request.cordoned))
    words.settle()
    hosts = _united([_members(inventory, cluster.ref) for cluster in clusters])
    refs = {host.ref for host in hosts}
    present = [vm for vm in inventory.vms if vm.host in refs and not vm.is_template and vm.ref not in words.out]
    return Scope(
        hosts=hosts,
        closed=closed,
        leaving=frozenset(),
        wanted=tuple(vm for vm in present if vm.power_state is PowerState.ON and not is_system_vm(vm)),
        others=(),
        to={cluster.ref: _members(inventory, cluster.ref) for cluster in clusters},
    )


def _others(
    inventory: Inventory, hosts: Sequence[Host], wanted: Sequence[Vm], leaving: frozenset[MoRef]
) -> tuple[Vm, ...]:
    """The running VMs on hosts that stay, who may be pushed aside within their cluster."""
    refs = {host.ref for host in hosts} - leaving
    chosen = {vm.ref for vm in wanted}
    return tuple(
        vm
        for vm in inventory.vms
        if vm.host in refs and vm.ref not in chosen and vm.power_state is PowerState.ON and not is_system_vm(vm)
    )


def _why_left(vm: Vm, request: PlanRequest, out: frozenset[MoRef]) -> str | None:
    if vm.ref in out:
        return EXCLUDED
    if vm.is_template:
        return TEMPLATE
    if is_system_vm(vm):
        return SYSTEM
    return POWERED_OFF if vm.power_state is PowerState.OFF and not request.moves_powered_off else None


def _why_unmoved(vm: Vm, there: frozenset[MoRef]) -> str | None:
    if vm.is_template:
        return TEMPLATE
    return ALREADY_THERE if vm.host in there else None


def _left(inventory: Inventory, vm: Vm, why: str) -> PlanLeft:
    return PlanLeft(vm=plan_vm(vm), host=plan_host(inventory, vm.host), why=why)


def plan_vm(vm: Vm) -> PlanVm:
    """A VM as a plan names it."""
    return PlanVm(name=vm.name, moid=vm.ref.moid, instance_uuid=vm.instance_uuid)


def plan_host(inventory: Inventory, ref: MoRef | None) -> PlanHost:
    """A host as a plan names it; without a name where it was not read."""
    named = inventory.name_of(ref)
    return PlanHost(name=named.name, moid=named.moid) if named else PlanHost(name="-", moid="-")


def _members(inventory: Inventory, compute_resource: MoRef | None) -> tuple[Host, ...]:
    return tuple(host for host in inventory.hosts if compute_resource and host.compute_resource == compute_resource)


def _united(groups: Iterable[Iterable[Host]]) -> tuple[Host, ...]:
    """Each host once, by name."""
    return tuple(sorted(_once(groups), key=lambda one: (one.name, one.ref)))


def _once(groups: Iterable[Iterable[Host]]) -> Iterator[Host]:
    seen: set[MoRef] = set()
    for group in groups:
        for host in group:
            if host.ref not in seen:
                seen.add(host.ref)
                yield host
