"""vCenter's own opinion of moves: what is asked of which checker, and how the answers become one verdict a pair.

Three checkers are asked. `CheckRelocate_Task` knows most; `CheckMigrate_Task` looks at host and pool alone;
`QueryVMotionCompatibilityEx_Task` takes many running VMs and hosts in one call. Rules of this file:
- The number of calls grows with the VMs, never with VMs x hosts: in a cluster with DRS one call without a host gives
  every host's answer, and the calls that need a host have a fixed budget.
- Their opinion stands beside our own checks: where it cannot be had, the verdict says why, and nothing stops.
- A host that an answer leaves out was not looked at, which is unknown and never ok.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vsphere_motion.errors import VCenterFault
from vsphere_motion.model.compat import CompatAnswers, CompatVerdict, Pair
from vsphere_motion.model.inventory import Inventory, PowerState
from vsphere_motion.model.move import Change, Move
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.vcenter.checkers import MIGRATE, QUERY, RELOCATE, Answers, Ask, ask_all
from vsphere_motion.vcenter.collector import managed_object, ref_of
from vsphere_motion.vcenter.faults import translated
from vsphere_motion.vcenter.relocate_spec import relocate_spec

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

VMS_A_QUERY = 64
"""Virtual machines in one call of `QueryVMotionCompatibilityEx_Task`."""

PAIR_BUDGET = 64
"""Pairs asked for one by one where a cluster's hosts cannot be asked about in one call, because it has no DRS."""

_OVER_BUDGET = f"not asked: the cluster has no DRS, each host costs a call, and {PAIR_BUDGET} are made at most"


def ask_vcenter(
    session: Session, inventory: Inventory, moves: Sequence[Move], *, timeout_s: float | None = None
) -> CompatAnswers:
    """One verdict for each move's VM and destination host; what could not be learned has `unknown_reason`.

    All of vCenter's tests are run (no `testType` is given). At most `checkers.IN_FLIGHT` checks run at once.

    Calls: CheckRelocate_Task, CheckMigrate_Task, QueryVMotionCompatibilityEx_Task, those of `VCenterTaskWatcher`,
        RetrievePropertiesEx; CancelTask for a check that outlives the deadline.
    Needs: System.View; for the move itself Resource.HotMigrate or Resource.ColdMigrate, Resource.AssignVMToPool.

    Raises:
        SessionEnded, Unreachable: vCenter is away.
    """
    asks, over_budget = _asks(session, inventory, moves)
    answers = ask_all(session, asks, timeout_s=timeout_s)
    answers.be_silent(RELOCATE, over_budget, _OVER_BUDGET)
    pairs = [_pair(move) for move in moves]
    return CompatAnswers(
        verdicts={pair: _verdict(pair, answers) for pair in pairs}, notes=tuple(dict.fromkeys(answers.notes))
    )


def _verdict(pair: Pair, answers: Answers) -> CompatVerdict:
    errors = tuple(dict.fromkeys(answers.errors.get(pair, ())))
    warnings = dict.fromkeys(answers.warnings.get(pair, ()))
    return CompatVerdict(
        vm=pair[0],
        host=pair[1],
        errors=errors,
        warnings=tuple(fault for fault in warnings if fault not in errors),
        unknown_reason=answers.why_silent(pair),
    )


def _asks(session: Session, inventory: Inventory, moves: Sequence[Move]) -> tuple[list[Ask], list[Pair]]:
    """Every call to make, and the pairs for which there is no budget left."""
    asks: list[Ask] = []
    left_over: list[Pair] = []
    budget = PAIR_BUDGET
    for group in _groups(inventory, moves):
        if len(group) == 1 or _has_drs(inventory, group[0]):
            asks += _check_asks(session, group)
            continue
        asked, budget = group[:budget], budget - len(group[:budget])
        asks += [ask for move in asked for ask in _check_asks(session, [move])]
        left_over += [_pair(move) for move in group[len(asked) :]]
    return [*asks, *_query_asks(session, inventory, moves)], left_over


def _groups(inventory: Inventory, moves: Sequence[Move]) -> list[list[Move]]:
    """The moves of one VM to one compute resource and pool together, in their order."""
    groups: dict[tuple[MoRef | None, ...], list[Move]] = {}
    for move in moves:
        host = inventory.find_host(_pair(move)[1])
        pool = move.destination.pool
        key = (move.vm.ref, host.compute_resource if host else _pair(move)[1], pool.ref if pool else None)
        groups.setdefault(key, []).append(move)
    return list(groups.values())


def _has_drs(inventory: Inventory, move: Move) -> bool:
    host = inventory.find_host(_pair(move)[1])
    cluster = inventory.cluster_of(host) if host else None
    return move.destination.pool is not None and cluster is not None and cluster.drs_enabled is True


def _check_asks(session: Session, group: Sequence[Move]) -> Iterator[Ask]:
    """The two checks of one VM: on the only host of the group, or without a host on all hosts of the pool's cluster."""
    pairs = tuple(_pair(move) for move in group)
    one = group[0]
    yield Ask(method=RELOCATE, pairs=pairs, start=functools.partial(_start_relocate, session, group))
    if _is_compute_alone(one):
        yield Ask(method=MIGRATE, pairs=pairs, start=functools.partial(_start_migrate, session, group))


def _is_compute_alone(move: Move) -> bool:
    """Whether vCenter's checks that know nothing but hosts and pools can judge the move."""
    return not move.changes & {Change.STORAGE, Change.FOLDER, Change.NETWORK}


def _query_asks(session: Session, inventory: Inventory, moves: Sequence[Move]) -> Iterator[Ask]:
    """Running VMs with the hosts they may go to, many in one call; the query takes every VM for a running one."""
    running = {vm.ref for vm in inventory.vms if vm.power_state is PowerState.ON}
    wanted: dict[MoRef, set[MoRef]] = {}
    for vm, host in (_pair(move) for move in moves if _is_compute_alone(move)):
        if vm in running:
            wanted.setdefault(vm, set()).add(host)
    for hosts, vms in _blocks(wanted):
        for start in range(0, len(vms), VMS_A_QUERY):
            chunk = vms[start : start + VMS_A_QUERY]
            yield Ask(
                method=QUERY,
                pairs=tuple((vm, host) for vm in chunk for host in hosts if host in wanted[vm]),
                start=functools.partial(_start_query, session, chunk, hosts),
            )


def _blocks(wanted: Mapping[MoRef, set[MoRef]]) -> Iterator[tuple[tuple[MoRef, ...], list[MoRef]]]:
    """Hosts and the VMs to ask about on them: one block of all where it is mostly full, else one for each set of hosts.

    In a matrix every VM lacks the host that it is on, which is no reason to ask once for each host.
    """
    every = set().union(*wanted.values())
    if 2 * sum(map(len, wanted.values())) >= len(wanted) * len(every):
        sets = {tuple(sorted(every)): list(wanted)} if wanted else {}
    else:
        sets = {}
        for vm, hosts in wanted.items():
            sets.setdefault(tuple(sorted(hosts)), []).append(vm)
    yield from sets.items()


def _start_relocate(session: Session, group: Sequence[Move]) -> MoRef:
    move = group[0]
    spec = relocate_spec(session, move)
    if len(group) > 1:
        spec.host, spec.pool = None, _managed(session, move.destination.pool)
    elif spec.host is None:  # without a host every one of the cluster would be looked at, and not one in maintenance
        spec.host = _managed(session, move.destination.host)
    vm = managed_object(session, move.vm.ref)
    return _started(session, _question(group), lambda checker: checker.CheckRelocate_Task(vm=vm, spec=spec))


def _start_migrate(session: Session, group: Sequence[Move]) -> MoRef:
    """With a host the pool is named where it changes; without one it says whose hosts are meant."""
    move = group[0]
    spec = relocate_spec(session, move)
    host, pool = (spec.host, spec.pool) if len(group) == 1 else (None, _managed(session, move.destination.pool))
    vm = managed_object(session, move.vm.ref)
    return _started(session, _question(group), lambda checker: checker.CheckMigrate_Task(vm=vm, host=host, pool=pool))


def _start_query(session: Session, vms: Sequence[MoRef], hosts: Sequence[MoRef]) -> MoRef:
    machines = [managed_object(session, ref) for ref in vms]
    targets = [managed_object(session, ref) for ref in hosts]
    what = f"ask vCenter whether {len(vms)} virtual machines suit {len(hosts)} hosts"
    return _started(session, what, lambda checker: checker.QueryVMotionCompatibilityEx_Task(vm=machines, host=targets))


def _question(group: Sequence[Move]) -> str:
    where = group[0].destination.host if len(group) == 1 else f"{len(group)} hosts"
    return f"ask vCenter whether {group[0].vm} can move to {where}"


def _started(session: Session, what: str, call: Callable[[Any], Any]) -> MoRef:
    content: Any = session.content
    if content.vmProvisioningChecker is None:
        raise VCenterFault("this server has no check of relocations", fault_kind="NotSupported")
    with translated(what):
        return ref_of(call(content.vmProvisioningChecker))


def _managed(session: Session, named: NamedRef | None) -> Any:
    return None if named is None else managed_object(session, named.ref)


def _pair(move: Move) -> Pair:
    host = move.destination.host or move.source.host
    assert host is not None, "a move names a host on at least one end"
    return move.vm.ref, host.ref
