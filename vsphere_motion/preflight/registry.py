"""All checks, and the one place that runs them: for one move, or for many VMs and many hosts at once.

Rules of this file: every check runs on every move and none stops the others. A VM that is already on its destination
is looked at only by the checks that have something to say about that, so nothing blocks a move that does nothing. What
a check says of a VM, a host or two hosts alone is asked once and kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import Host, Inventory, Vm
from vsphere_motion.model.move import Move
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.preflight import (
    clock,
    cluster,
    concurrency,
    cpu,
    devices,
    encryption,
    files,
    ft,
    guest,
    hardware,
    history,
    host,
    keepsakes,
    limits,
    memory,
    network,
    permissions,
    place,
    pool,
    storage,
    swap,
    vcenter,
    vm,
    vmknic,
)
from vsphere_motion.preflight.check import GRAVITY, Check, PairFunction
from vsphere_motion.preflight.subject import (
    HostFacts,
    HostSubject,
    RouteSubject,
    Site,
    Subject,
    VmSubject,
    move_subject,
    pair_subject,
    vm_subject,
)
from vsphere_motion.preflight.surroundings import NOTHING, Surroundings

CHECKS: tuple[Check, ...] = (
    *vm.CHECKS,
    *ft.CHECKS,
    *guest.CHECKS,
    *host.CHECKS,
    *hardware.CHECKS,
    *limits.CHECKS,
    *memory.CHECKS,
    *cpu.CHECKS,
    *pool.CHECKS,
    *storage.CHECKS,
    *files.CHECKS,
    *swap.CHECKS,
    *network.CHECKS,
    *vmknic.CHECKS,
    *devices.CHECKS,
    *encryption.CHECKS,
    *cluster.CHECKS,
    *concurrency.CHECKS,
    *history.CHECKS,
    *permissions.CHECKS,
    *keepsakes.CHECKS,
    *place.CHECKS,
    *clock.CHECKS,
    *vcenter.CHECKS,
)

_PLACE = {check.id: place for place, check in enumerate(CHECKS)}
_RANK = {severity.value: rank for rank, severity in enumerate(GRAVITY)}
_OF_VM = tuple(check.on_vm for check in CHECKS if check.on_vm)
_OF_HOST = tuple(check.on_host for check in CHECKS if check.on_host)
_OF_SOURCE = tuple(check.on_host for check in CHECKS if check.on_host and check.at_source)
_OF_ROUTE = tuple(check.on_route for check in CHECKS if check.on_route)
_OF_PAIR = tuple(check for check in CHECKS if check.on_pair)
_OF_STAY = tuple(check.on_pair for check in CHECKS if check.on_pair and check.on_stay)
_OF_NOOP = tuple(check.on_pair for check in CHECKS if check.on_pair and check.on_noop)

_Findings = tuple[Finding, ...]
_Functions = Sequence[PairFunction]


def known_ids() -> tuple[str, ...]:
    """The ids of all checks, ours and those that only vCenter's checker makes, in the order of the table."""
    return tuple(_PLACE)


def find_check(check_id: str) -> Check | None:
    """The check with this id, or None."""
    place = _PLACE.get(check_id)
    return None if place is None else CHECKS[place]


def run_checks(inventory: Inventory, move: Move, surroundings: Surroundings = NOTHING) -> tuple[Finding, ...]:
    """What all checks of ours find about one move, the gravest first; for many moves make one `Preflight`."""
    return Preflight(inventory, surroundings).findings(move)


def check_matrix(
    inventory: Inventory, vms: Iterable[Vm], hosts: Iterable[Host], surroundings: Surroundings = NOTHING
) -> Matrix:
    """What all checks of ours find about every VM on every host; no destination is asked for twice."""
    return Preflight(inventory, surroundings).matrix(vms, hosts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One VM on one host.

    Args:
        findings: what was found, the gravest first.
        is_noop: whether the VM is there already.
    """

    vm: MoRef
    host: MoRef
    findings: tuple[Finding, ...]
    is_noop: bool

    @property
    def worst(self) -> Finding | None:
        """The gravest finding: of several as grave the one with the shortest message; None if there is none."""
        if not self.findings:
            return None
        gravest = self.findings[0].severity
        return min((f for f in self.findings if f.severity is gravest), key=lambda finding: len(finding.message))

    @property
    def severity(self) -> Severity | None:
        """How grave the gravest finding is; None if there is none."""
        return self.findings[0].severity if self.findings else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Every VM on every host: `rows` has a row for each VM and in it a cell for each host."""

    vms: tuple[NamedRef, ...]
    hosts: tuple[NamedRef, ...]
    rows: tuple[tuple[Cell, ...], ...]


class Preflight:
    """The checks over one snapshot; what was found of hosts and routes is kept for the moves that are still to come."""

    def __init__(self, inventory: Inventory, surroundings: Surroundings = NOTHING) -> None:
        self._site = Site(inventory=inventory, surroundings=surroundings)
        self._ends: dict[tuple[MoRef, bool, bool], _Findings] = {}
        self._routes: dict[tuple[MoRef, MoRef, bool], _Findings] = {}

    def findings(self, move: Move) -> tuple[Finding, ...]:
        """What all checks find about one move, the gravest first."""
        of_vm = vm_subject(self._site, move)
        subject = move_subject(self._site, move, of_vm)
        if subject.is_noop:
            return _in_order([*_pair(subject, _OF_NOOP)])
        if subject.stays:
            return _in_order([*self._of_vm(of_vm), *_pair(subject, _OF_STAY)])
        functions = _of_pair(of_vm, moves_files=bool(subject.arrivals))
        return self._judge(subject, functions, self._of_vm(of_vm))

    def matrix(self, vms: Iterable[Vm], hosts: Iterable[Host]) -> Matrix:
        """What all checks find about each VM on each host."""
        every = tuple(self._site.facts_of(host) for host in hosts)
        moved = tuple(vms)
        return Matrix(
            vms=tuple(NamedRef(ref=one.ref, name=one.name) for one in moved),
            hosts=tuple(facts.host.named for facts in every),
            rows=tuple(self._row(one, every) for one in moved),
        )

    def _row(self, moved: Vm, hosts: Sequence[HostFacts]) -> tuple[Cell, ...]:
        inventory = self._site.inventory
        of_vm = VmSubject(site=self._site, vm=moved, source=inventory.find_host(moved.host))
        found = self._of_vm(of_vm)
        pool = inventory.name_of(moved.pool)
        datastores = tuple(named for ref in moved.datastores or () if (named := inventory.name_of(ref)))
        functions = _of_pair(of_vm, moves_files=False)
        cells = []
        for there in hosts:
            subject = pair_subject(of_vm, there, _pool_at(of_vm, there, pool), datastores)
            is_noop = subject.is_noop
            findings = _in_order([*_pair(subject, _OF_NOOP)]) if is_noop else self._judge(subject, functions, found)
            cells.append(Cell(vm=moved.ref, host=there.host.ref, findings=findings, is_noop=is_noop))
        return tuple(cells)

    def _judge(self, subject: Subject, functions: _Functions, found: _Findings) -> _Findings:
        live = subject.is_live
        together = list(found)
        if subject.source is not None:
            here = self._site.facts_of(subject.source)
            together += self._end(here, live=live, is_destination=False)
            together += self._route(here, subject.there, live=live)
        together += self._end(subject.there, live=live)
        for function in functions:
            together += function(subject)
        return _in_order(together)

    def _of_vm(self, of_vm: VmSubject) -> _Findings:
        return tuple(finding for function in _OF_VM for finding in function(of_vm))

    def _end(self, facts: HostFacts, *, live: bool, is_destination: bool = True) -> _Findings:
        key = (facts.host.ref, is_destination, live)
        found = self._ends.get(key)
        if found is None:
            subject = HostSubject(facts=facts, is_destination=is_destination, is_live=live)
            functions = _OF_HOST if is_destination else _OF_SOURCE
            found = tuple(finding for function in functions for finding in function(subject))
            self._ends[key] = found
        return found

    def _route(self, here: HostFacts, there: HostFacts, *, live: bool) -> _Findings:
        key = (here.host.ref, there.host.ref, live)
        found = self._routes.get(key)
        if found is None:
            subject = RouteSubject(from_facts=here, to_facts=there, is_live=live)
            found = tuple(finding for function in _OF_ROUTE for finding in function(subject))
            self._routes[key] = found
        return found


def _pool_at(of_vm: VmSubject, there: HostFacts, pool: NamedRef | None) -> NamedRef | None:
    """The VM's pool within one compute resource, else the root pool of the destination's."""
    if of_vm.source is not None and of_vm.source.compute_resource == there.host.compute_resource:
        return pool
    return there.site.inventory.name_of(there.cluster.root_pool) if there.cluster else None


def _of_pair(of_vm: VmSubject, *, moves_files: bool) -> _Functions:
    """The checks of a pair that can have anything to say of the VM, or of its files on their way."""
    return [
        check.on_pair
        for check in _OF_PAIR
        if check.on_pair
        and (moves_files or not check.moves_files)
        and (check.concerns is None or check.concerns(of_vm))
    ]


def _pair(subject: Subject, functions: _Functions) -> Iterator[Finding]:
    for function in functions:
        yield from function(subject)


def _in_order(findings: list[Finding]) -> _Findings:
    """The gravest first, and those as grave in the order of the table."""
    if len(findings) > 1:
        findings.sort(key=lambda finding: (_RANK[finding.severity.value], _PLACE[finding.id]))
    return tuple(findings)
