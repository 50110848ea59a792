"""The story of a matrix: every VM against every host of a cluster or of the site, on one snapshot."""

from __future__ import annotations

from collections.abc import Sequence

from vsphere_motion.model.finding import Finding
from vsphere_motion.model.inventory import Host, Vm
from vsphere_motion.model.matrix import Matrix, MatrixRow
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.request import MatrixRequest
from vsphere_motion.planning.plan import planned_move
from vsphere_motion.planning.resolve import move_to, resolve_matrix
from vsphere_motion.preflight.registry import Preflight
from vsphere_motion.service.check import ask, merged, notes_of
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.selection import read_tagged
from vsphere_motion.service.surroundings import NOWHERE, Places, look_around


def check_matrix(vcenter: VCenter, request: MatrixRequest, places: Places = NOWHERE) -> Matrix:
    """Every VM of a request on every host that it may go to, with the findings of each pair.

    Raises:
        NotFound, Ambiguous, BadInput: what the request names cannot be resolved; all its problems are in the details.
    """
    inventory = vcenter.snapshot()
    tagged = read_tagged(vcenter, (*request.selectors, *request.exclude))
    selected, hosts = resolve_matrix(inventory, request, tagged)
    vms = selected.vms
    moves = [[move_to(inventory, vm, host) for host in hosts] for vm in vms]
    every = [move for row in moves for move in row]
    answers = ask(vcenter, inventory, every, request.opinions)
    ours: dict[tuple[MoRef, MoRef], tuple[Finding, ...]] = {}
    if request.opinions.has_client:
        preflight = Preflight(inventory, look_around(vcenter, inventory, every, places))
        ours = _findings(preflight, vms, hosts)
    rows = []
    for vm, row in zip(vms, moves, strict=True):
        cells = tuple(
            planned_move(move, merged(inventory, move, ours.get((vm.ref, host.ref), ()), answers), request)
            for host, move in zip(hosts, row, strict=True)
        )
        rows.append(MatrixRow(vm=vm.identity, source=inventory.name_of(vm.host), cells=cells))
    return Matrix(
        hosts=tuple(host.named for host in hosts),
        rows=tuple(rows),
        skip_checks=request.skip_checks,
        notes=notes_of(inventory, answers),
    )


def _findings(
    preflight: Preflight, vms: Sequence[Vm], hosts: Sequence[Host]
) -> dict[tuple[MoRef, MoRef], tuple[Finding, ...]]:
    matrix = preflight.matrix(vms, hosts)
    return {(cell.vm, cell.host): cell.findings for row in matrix.rows for cell in row}
