"""A plan: the moves of one request with what was found about each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.move import Move
from vsphere_motion.model.plan import Plan, PlannedMove
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.request import MatrixRequest, MoveRequest


def make_plan(moves: Iterable[Move], findings: Mapping[MoRef, tuple[Finding, ...]], request: MoveRequest) -> Plan:
    """The plan of a request.

    The moves stay in the order in which the person named them: with a fixed number in flight no other order is known
    to be better, and this one can be foreseen.
    """
    return Plan(
        moves=tuple(planned_move(move, findings.get(move.vm.ref, ()), request) for move in moves),
        skip_checks=request.skip_checks,
        partial=request.partial,
    )


def planned_move(move: Move, findings: tuple[Finding, ...], request: MoveRequest | MatrixRequest) -> PlannedMove:
    """A move with its findings, and what the request says of overriding them."""
    stopping = {Severity.BLOCKER} | ({Severity.WARNING, Severity.UNKNOWN} if request.strict else set())
    stopped_by = {finding.id for finding in findings if finding.severity in stopping}
    return PlannedMove(
        move=move,
        findings=findings,
        skipped=tuple(check_id for check_id in dict.fromkeys(request.skip_checks) if check_id in stopped_by),
        strict=request.strict,
    )
