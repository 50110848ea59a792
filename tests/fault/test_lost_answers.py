"""The answer to the start of a relocation is lost: it was made once, it is found again, and nothing starts twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fault.doors import session_through
from tests.fault.runs import run_through, states_of, truths_of
from tests.promises import record, tries
from vsphere_motion.model.endpoint import DEFAULT_CALL_TIMEOUT_S
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.request import MoveRequest
from vsphere_motion.service.options import RunOptions
from vsphere_motion.testing.faultproxy import FaultProxy, Rule
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.inventory import take_snapshot

pytestmark = pytest.mark.vcsim

KINDS: dict[str, dict[str, Any]] = {
    "reset": {"kind": "reset_after"},
    "close": {"kind": "close_after"},
    "truncate": {"kind": "truncate", "at": -20},
    "hang": {"kind": "hang_after"},
}
HANG_TIMEOUT_S = float(tries(reduced=2, whole=4))
"""The deadline of a call where answers never come; a snapshot of the site has to fit into it."""

DESTINATION = "esx-002"


def _vms_elsewhere(proxy: FaultProxy, count: int) -> tuple[str, ...]:
    """The names of VMs that are not on the destination yet."""
    with session_through(proxy) as session:
        inventory = take_snapshot(session)
    [destination] = [host.ref for host in inventory.hosts if host.name == DESTINATION]
    names = tuple(vm.name for vm in inventory.vms if vm.host != destination)
    assert len(names) >= count
    return names[:count]


@pytest.mark.timeout(600)
def test_row_01_a_lost_answer_is_one_relocation_and_the_right_outcome(
    vcenter_factory: VCenterFactory, fault_proxy: Callable[..., FaultProxy], tmp_path: Path
) -> None:
    lost = {kind: _lose_answers(kind, vcenter_factory, fault_proxy, tmp_path / kind) for kind in KINDS}
    total = sum(lost.values())
    record(
        1, f"{total}/{total}: sent 1, tasks 1, outcome right ({', '.join(f'{n} {kind}' for kind, n in lost.items())})"
    )
    assert len(lost) == 4


def _lose_answers(
    kind: str, vcenter_factory: VCenterFactory, fault_proxy: Callable[..., FaultProxy], state_dir: Path
) -> int:
    """Lose every answer in one way; returns how many relocations came out right."""
    count = tries(reduced=3 if kind == "hang" else 6, whole=25)
    vcenter = vcenter_factory(hosts=4, vms=2 + 4 * count // 3, speed=200)
    proxy = fault_proxy(vcenter)
    names = _vms_elsewhere(proxy, count)
    planted = proxy.plant(Rule(method="RelocateVM_Task", times=None, **KINDS[kind]))
    report = run_through(
        proxy,
        MoveRequest(selectors=names, to_host=DESTINATION),
        state_dir,
        RunOptions(max_concurrent=8, read_logs=False),
        call_timeout_s=HANG_TIMEOUT_S if kind == "hang" else DEFAULT_CALL_TIMEOUT_S,
    )
    truths = truths_of(vcenter)
    figure = f"{planted.hits}/{count} lost by {kind}: sent {proxy.sent('RelocateVM_Task')}, tasks {len(truths)}"
    assert planted.hits == count
    assert states_of(report) == {OutcomeState.MOVED: count}, figure
    assert proxy.sent("RelocateVM_Task") == count, figure
    assert [len(motions) for motions in truths.values()] == [1] * count, figure
    _compare_with_the_truth([item.outcome for item in report.moves], truths, proxy, vcenter)
    return count


def _compare_with_the_truth(
    outcomes: Any, truths: dict[str, list[dict[str, Any]]], proxy: FaultProxy, vcenter: SimulatedVCenter
) -> None:
    sent = {call.operation_id for call in proxy.calls("RelocateVM_Task")}
    destination = vcenter.control.moid("HostSystem", DESTINATION)
    for outcome in outcomes:
        [truth] = truths[outcome.move.vm.ref.moid]
        assert truth["phase"] == "done"
        assert truth["operation_id"] in sent
        assert vcenter.control.read(outcome.move.vm.ref.moid)["runtime"]["host"]["value"] == destination
