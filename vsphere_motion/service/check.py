"""The story of a check: one snapshot, names to objects, vCenter's checks and ours, a plan. Nothing is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vsphere_motion.model.inventory import Host, Inventory
from vsphere_motion.model.move import Move
from vsphere_motion.model.plan import Plan, PlannedMove
from vsphere_motion.model.refs import NamedRef
from vsphere_motion.model.request import MoveRequest
from vsphere_motion.planning.plan import make_plan
from vsphere_motion.planning.resolve import resolve
from vsphere_motion.preflight.registry import run_checks
from vsphere_motion.preflight.vcenter import findings_from_verdict, merge
from vsphere_motion.service.connection import VCenter


def check(vcenter: VCenter, request: MoveRequest) -> Plan:
    """The plan of a request, with every finding about every move.

    Raises:
        NotFound, Ambiguous, BadInput: what the request names cannot be resolved; all its problems are in the details.
    """
    inventory = vcenter.snapshot()
    return check_moves(vcenter, inventory, resolve(inventory, request), request)


def check_moves(vcenter: VCenter, inventory: Inventory, moves: Sequence[Move], request: MoveRequest) -> Plan:
    """The plan of moves that are already resolved against this snapshot."""
    from vsphere_motion.vcenter.compat import check_relocations

    verdicts = check_relocations(vcenter.session, [move for move in moves if not move.is_noop])
    findings = {}
    for move in moves:
        ours = run_checks(inventory, move)
        verdict = verdicts.get(move.vm.ref)
        theirs = findings_from_verdict(inventory, move, verdict) if verdict else ()
        findings[move.vm.ref] = merge(ours, theirs)
    plan = make_plan(moves, findings, request)
    return replace(plan, moves=tuple(with_facts(inventory, planned) for planned in plan.moves))


def with_facts(inventory: Inventory, planned: PlannedMove) -> PlannedMove:
    """Add what running and explaining the move will need of the snapshot."""
    vm = inventory.find_vm(planned.move.vm.ref)
    return replace(
        planned,
        memory_bytes=vm.memory_bytes if vm else None,
        source_addresses=_addresses(_host(inventory, planned.move.source.host)),
        destination_addresses=_addresses(_host(inventory, planned.move.destination.host)),
    )


def _host(inventory: Inventory, named: NamedRef | None) -> Host | None:
    return inventory.find_host(named.ref) if named else None


def _addresses(host: Host | None) -> tuple[str, ...]:
    nics = host.vmotion_nics if host and host.vmotion_nics else ()
    return tuple(nic.address for nic in nics if nic.address)
