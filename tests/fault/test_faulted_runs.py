"""Whole runs with a fault somewhere, by chance: they end by themselves, move nothing twice, claim nothing untrue."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fault.mutations import mutated
from tests.fault.runs import run_through, truths_of
from tests.promises import record, tries
from vsphere_motion.errors import MotionError
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.report import Report
from vsphere_motion.model.request import MoveRequest
from vsphere_motion.service.options import RunOptions
from vsphere_motion.testing.faultproxy import FaultProxy, Rule
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

FIRST_SEED = 460_000
LIMIT_S = 60.0
"""How long a run of two moves may take with one fault in it: several deadlines one after the other."""

OPTIONS = RunOptions(max_concurrent=2, timeout_s=10.0, outage_limit_s=5.0, read_logs=False)
METHODS = (
    None,
    "RetrieveServiceContent",
    "Login",
    "CurrentTime",
    "RetrievePropertiesEx",
    "CreateListView",
    "CreateFilter",
    "ModifyListView",
    "RelocateVM_Task",
    "WaitForUpdatesEx",
    "CreateCollectorForTasks",
    "Logout",
)
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "hang_before"},
    {"kind": "hang_after"},
    {"kind": "trickle"},
    {"kind": "reset_before"},
    {"kind": "reset_after"},
    {"kind": "close_before"},
    {"kind": "close_after"},
    {"kind": "truncate", "at": 150},
    {"kind": "truncate", "at": -3},
    {"kind": "answer", "status": 503},
    {"kind": "answer", "status": 503, "forward": True},
    {"kind": "fault", "fault": "NotAuthenticated"},
    {"kind": "refuse", "seconds": 0.5},
)


@dataclass(frozen=True, kw_only=True)
class _Ground:
    """A vCenter in which VMs are moved to and fro."""

    vcenter: SimulatedVCenter
    proxy: FaultProxy
    directory: Path

    def run(self, seed: int) -> tuple[Report | None, str, float]:
        """Two VMs to one host: the report or the error's class, and how long it took."""
        names = tuple(f"vm-{number:03}" for number in random.Random(seed).sample(range(1, 9), 2))
        request = MoveRequest(selectors=names, to_host=f"esx-00{1 + seed % 4}")
        started = time.monotonic()
        try:
            report = run_through(
                self.proxy, request, self.directory / str(seed), OPTIONS, call_timeout_s=2.0, connect_timeout_s=2.0
            )
        except MotionError as error:
            return None, type(error).__name__, time.monotonic() - started
        finally:
            self.proxy.remove()
            self.proxy.listen()
        return report, "report", time.monotonic() - started


@pytest.fixture
def ground(vcenter_factory: VCenterFactory, fault_proxy: Callable[..., FaultProxy], tmp_path: Path) -> _Ground:
    vcenter = vcenter_factory(hosts=4, vms=8, speed=1000)
    return _Ground(vcenter=vcenter, proxy=fault_proxy(vcenter), directory=tmp_path)


def _fault(seed: int) -> Rule:
    chance = random.Random(seed)
    fault = chance.choice(FAULTS)
    return Rule(method=chance.choice(METHODS), nth=chance.randint(1, 3), times=chance.randint(1, 2), **fault)


def _damage(seed: int) -> Rule:
    pieces = iter(range(seed * 1000, (seed + 1) * 1000))
    return Rule(kind="edit", edit=lambda body: mutated(body, next(pieces)), probability=0.1, seed=seed, times=None)


def _hosts_of(vcenter: SimulatedVCenter) -> dict[str, str]:
    return {
        entry["moid"]: vcenter.control.read(entry["moid"])["runtime"]["host"]["value"]
        for entry in vcenter.control.site()
        if entry["type"] == "VirtualMachine"
    }


def _untrue(report: Report | None, ground: _Ground) -> list[str]:
    """Moves that are said to have been made and were not."""
    if report is None:
        return []
    where = _hosts_of(ground.vcenter)
    moved = [item.outcome.move for item in report.moves if item.outcome.state is OutcomeState.MOVED]
    return [
        move.vm.name
        for move in moved
        if move.destination.host is None or where[move.vm.ref.moid] != move.destination.host.ref.moid
    ]


def _moved_twice(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> list[str]:
    return [vm for vm, motions in after.items() if len(motions) > 1 + len(before.get(vm, []))]


def _run_all(ground: _Ground, count: int, rule_of: Callable[[int], Rule]) -> tuple[Counter[str], float, int]:
    """How the runs ended, the longest of them, and how many faults there were."""
    ends: Counter[str] = Counter()
    slowest_s, faults = 0.0, 0
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        before = truths_of(ground.vcenter)
        planted = ground.proxy.plant(rule_of(seed))
        report, end, took_s = ground.run(seed)
        assert took_s < LIMIT_S, f"seed {seed}"
        assert _untrue(report, ground) == [], f"seed {seed}"
        assert _moved_twice(before, truths_of(ground.vcenter)) == [], f"seed {seed}"
        ends[end] += 1
        slowest_s, faults = max(slowest_s, took_s), faults + planted.hits
    return ends, slowest_s, faults


@pytest.mark.timeout(7200)
def test_row_02_every_run_with_a_fault_ends_by_itself(ground: _Ground) -> None:
    count = tries(reduced=12, whole=200)
    ends, slowest_s, faults = _run_all(ground, count, _fault)
    record(2, f"0 hangs in {count} runs with {faults} faults ({dict(ends)}); longest {slowest_s:.1f} s")
    assert faults >= count // 3
    assert ends["report"] >= count // 3


@pytest.mark.timeout(7200)
def test_row_46_no_run_claims_a_move_that_was_not_made(ground: _Ground) -> None:
    count = tries(reduced=12, whole=300)
    ends, _, faults = _run_all(ground, count, _damage)
    assert faults >= count
    assert sum(ends.values()) == count
