"""The library's door to the checks: the same as the command line's, without a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sim.reading import session_with
from vsphere_motion.errors import BadInput
from vsphere_motion.model.finding import Origin, Verdict
from vsphere_motion.model.plan import Plan
from vsphere_motion.service.connection import VCenter
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim


@pytest.fixture
def library(shared_vcenter: SimulatedVCenter) -> Iterator[VCenter]:
    with session_with(shared_vcenter) as session:
        yield VCenter(session)


def _ids(plan: Plan) -> set[str]:
    return {finding.id for planned in plan.moves for finding in planned.findings}


def test_a_matrix_has_a_cell_for_each_vm_and_host(library: VCenter, tmp_path: Path) -> None:
    inventory = library.snapshot()
    matrix = library.matrix("vm-00[12]", all_hosts=True, state_dir=tmp_path)
    assert [row.vm.name for row in matrix.rows] == ["vm-001", "vm-002"]
    assert {host.name for host in matrix.hosts} == {host.name for host in inventory.hosts}
    assert all(len(row.cells) == len(inventory.hosts) for row in matrix.rows)
    assert [cell.verdict for row in matrix.rows for cell in row.cells if cell.move.is_noop] == [Verdict.OK] * 2


def test_a_matrix_of_a_cluster_has_its_hosts_alone(library: VCenter, tmp_path: Path) -> None:
    inventory = library.snapshot()
    cluster = inventory.clusters[0]
    matrix = library.matrix("vm-001", to_cluster=cluster.name, checks="client", state_dir=tmp_path)
    assert {host.ref for host in matrix.hosts} == set(cluster.hosts or ())


@pytest.mark.parametrize("destination", [{}, {"to_cluster": "cluster-01", "all_hosts": True}])
def test_a_matrix_has_exactly_one_destination(library: VCenter, destination: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="one destination") as raised:
        library.matrix("vm-001", **destination)
    assert "all_hosts=True" in (raised.value.hint or "")


def test_nobody_else_has_checks(library: VCenter) -> None:
    with pytest.raises(BadInput, match="nobody") as raised:
        library.check("vm-001", to_host="esx-002", checks="theirs")
    assert "client, vcenter, both" in (raised.value.hint or "")


def test_each_side_is_asked_alone(vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    moids = {entry["name"]: entry["moid"] for entry in vcenter.control.site()}
    vcenter.control.patch(moids["esx-002"], {"runtime.inMaintenanceMode": True})
    with session_with(vcenter) as session:
        plans = {
            word: VCenter(session).check("vm-001", to_host="esx-002", checks=word, state_dir=tmp_path)
            for word in ("client", "vcenter", "both")
        }
    origins = {
        word: {finding.origin for finding in plan.moves[0].findings if finding.id == "host.maintenance"}
        for word, plan in plans.items()
    }
    assert origins == {"client": {Origin.CLIENT}, "vcenter": {Origin.VCENTER}, "both": {Origin.CLIENT}}


def test_a_vm_that_the_journal_saw_move_is_warned_about(vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    with session_with(vcenter) as session:
        library = VCenter(session)
        before = library.check("vm-001", to_host="esx-003", state_dir=tmp_path)
        library.migrate("vm-001", to_host="esx-002", state_dir=tmp_path)
        after = library.check("vm-001", to_host="esx-003", state_dir=tmp_path)
        elsewhere = library.check("vm-001", to_host="esx-003", state_dir=tmp_path / "another")
        strict = library.check("vm-001", to_host="esx-003", state_dir=tmp_path, strict=True)
        cells = library.matrix("vm-001", all_hosts=True, state_dir=tmp_path).rows[0].cells
    assert ["history.recent" in _ids(plan) for plan in (before, after, elsewhere)] == [False, True, False]
    assert (after.moves[0].verdict, strict.moves[0].verdict) == (Verdict.OK, Verdict.BLOCKED)
    assert all("history.recent" in {one.id for one in cell.findings} for cell in cells if not cell.move.is_noop)
