"""Every VM on every host: the same as asking for each move, and asked for once where it is the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests import build
from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import Inventory, PowerState, RuleKind
from vsphere_motion.model.move import Placement
from vsphere_motion.preflight.check import Scope
from vsphere_motion.preflight.registry import CHECKS, Cell, Preflight, check_matrix, find_check, run_checks
from vsphere_motion.preflight.surroundings import Surroundings


def _mixed() -> Inventory:
    """VMs on different hosts, off, on none, ruled; hosts that lack one thing each, and one of another cluster."""
    usual = build.inventory().hosts
    rules = (build.rule(RuleKind.VM_HOST_MUST, hosts=(build.host_ref(1),)),)
    return build.inventory(
        vms=(
            build.vm(1, snapshot_count=1),
            build.vm(2, host=build.host_ref(2), memory_reservation_bytes=build.GIB),
            build.vm(3, host=build.host_ref(3), power_state=PowerState.OFF, pool=build.pool_ref(2)),
            build.vm(4, host=None, datastores=None, pool=None),
            build.vm(5, cpu_count=None, devices=None),
        ),
        hosts=(
            usual[0],
            build.host(2, networks=(), vmotion_nics=(build.vmknic(2, mtu_bytes=1500),)),
            usual[2],
            build.host(4, in_maintenance_mode=True, compute_resource=None),
        ),
        clusters=(build.cluster(1, rules=rules), build.cluster(2)),
    )


def _one_by_one(site: Inventory, number: int, to: int) -> tuple[Finding, ...]:
    """The move as `planning/resolve.py` makes it: the root pool of another cluster, the own pool within one."""
    move = build.move(site, number=number, to=to)
    here, there = (site.find_host(named.ref) if named else None for named in (move.source.host, move.destination.host))
    assert there is not None
    pool = move.source.pool
    if here is None or here.compute_resource != there.compute_resource:
        cluster = site.cluster_of(there)
        pool = site.name_of(cluster.root_pool) if cluster else None
    destination = Placement(host=there.named, pool=pool, datastores=move.destination.datastores)
    return run_checks(site, replace(move, destination=destination))


def test_a_cell_has_what_the_move_by_itself_has() -> None:
    site = _mixed()
    matrix = check_matrix(site, site.vms, site.hosts)
    assert [named.name for named in matrix.vms] == [f"vm{number}" for number in range(1, 6)]
    assert [named.name for named in matrix.hosts] == [f"host{number}" for number in range(1, 5)]
    for number, row in enumerate(matrix.rows, start=1):
        for to, cell in enumerate(row, start=1):
            assert (cell.vm, cell.host) == (build.vm_ref(number), build.host_ref(to))
            assert cell.findings == _one_by_one(site, number, to), (number, to)


def test_a_vm_on_its_host_is_a_cell_without_a_move() -> None:
    site = _mixed()
    cells = [cell for row in check_matrix(site, site.vms, site.hosts).rows for cell in row if cell.is_noop]
    assert [(cell.vm.moid, cell.host.moid) for cell in cells] == [
        ("vm-1", "host-1"),
        ("vm-2", "host-2"),
        ("vm-3", "host-3"),
        ("vm-5", "host-1"),
    ]
    assert {finding.id for cell in cells for finding in cell.findings} == {"vm.same-host"}


def test_what_a_host_has_reserved_is_the_same_for_every_vm_that_asks() -> None:
    greedy = {"cpu_reservation_mhz": 200, "memory_reservation_bytes": build.GIB}
    busy = build.vm(7, host=build.host_ref(2), cpu_reservation_mhz=83_001, memory_reservation_bytes=512 * build.GIB)
    site = build.inventory(vms=(build.vm(1, **greedy), build.vm(2, **greedy), busy))
    rows = check_matrix(site, site.vms[:2], site.hosts[1:2]).rows
    found = [{finding.id for (cell,) in (row,) for finding in cell.findings} for row in rows]
    assert found == [{"cpu.reservation", "memory.reservation"}] * 2


def test_the_surroundings_count_in_a_matrix_too() -> None:
    site = build.inventory()
    ((_, cell, _),) = check_matrix(site, site.vms, site.hosts, Surroundings(clocks=None)).rows
    assert [(f.id, f.subject.name) for f in cell.findings] == [("clock.skew", "host1"), ("clock.skew", "host2")]


def _cell(*findings: Finding) -> Cell:
    return Cell(vm=build.vm_ref(1), host=build.host_ref(2), findings=findings, is_noop=False)


def test_of_the_gravest_findings_the_shortest_is_the_worst() -> None:
    long, short = (build.finding(message=words) for words in ("a long message", "short"))
    mild = build.finding(severity=Severity.WARNING, message="!")
    assert _cell(long, short, mild).worst == short
    assert _cell(long, short, mild).severity is Severity.BLOCKER


def test_a_cell_in_which_nothing_was_found_has_no_worst() -> None:
    assert (_cell().worst, _cell().severity) == (None, None)


def test_findings_of_one_preflight_do_not_depend_on_what_was_asked_before() -> None:
    site = _mixed()
    kept = Preflight(site)
    for number, to in ((1, 2), (5, 2), (1, 2), (2, 1), (5, 3)):
        move = build.move(site, number=number, to=to)
        assert kept.findings(move) == run_checks(site, move)


def test_a_check_is_found_by_its_id() -> None:
    check = find_check("memory.reservation")
    assert check is not None
    assert check.id == "memory.reservation"
    assert find_check("memory.nothing") is None


@pytest.mark.parametrize(
    ("check_id", "scope"),
    [
        ("vm.snapshots", Scope.VM),
        ("host.maintenance", Scope.HOST),
        ("vmknic.mtu", Scope.ROUTE),
        ("memory.reservation", Scope.PAIR),
        ("vcenter.fault", Scope.VCENTER),
    ],
)
def test_a_check_says_how_often_it_runs(check_id: str, scope: Scope) -> None:
    check = find_check(check_id)
    assert check is not None
    assert check.scope is scope


def test_no_check_runs_twice() -> None:
    for check in CHECKS:
        functions = [check.on_vm, check.on_host, check.on_route, check.on_pair]
        assert sum(function is not None for function in functions) <= 1
