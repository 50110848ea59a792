"""`watch` on the simulator: motions of this program and of others, and the numbers kept for Prometheus."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.program import READS, Program
from tests.running import running
from tests.sim.reading import move_to, session_with
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.inventory import take_snapshot
from vsphere_motion.vcenter.motions import MotionWatcher
from vsphere_motion.vcenter.relocate import VCenterRelocator

pytestmark = pytest.mark.vcsim


def somewhere_else(vcenter: SimulatedVCenter, program: Program, vm: str) -> str:
    """A host the VM is not on."""
    with session_with(vcenter) as session:
        inventory = take_snapshot(session)
    here = next(one.host for one in inventory.vms if one.name == vm)
    return next(host.name for host in inventory.hosts if host.ref != here)


def test_once_says_that_nothing_runs_and_changes_nothing(
    vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    vcenter.control.clear_trace()
    done = program(vcenter)("watch", "--once")

    assert done.exit_code == 0
    assert done.stdout == ""
    assert "No migration runs" in done.stderr
    assert {call["method"] for call in vcenter.control.trace()} <= READS


def test_a_migration_of_this_program_is_seen_with_its_run_and_ends(
    vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program], tmp_path: Path
) -> None:
    call, numbers = program(vcenter), tmp_path / "motion.prom"
    host = somewhere_else(vcenter, call, "vm-001")
    with running(call, "watch", "-o", "jsonl", "--metrics", str(numbers)) as watching:
        watching.wait_for("Watching the migrations")
        run = call("migrate", "vm-001", "--to-host", host, "--yes", "-o", "json")
        assert run.exit_code == 0, run.text
        seen = [json.loads(watching.process.stdout.readline())]  # type: ignore[union-attr]
        while seen[-1]["state"] not in {"moved", "failed"}:
            seen.append(json.loads(watching.process.stdout.readline()))  # type: ignore[union-attr]
        watching.signal(signal.SIGINT)
        code, _ = watching.end()

    assert code == 130
    assert {one["vm"]["name"] for one in seen} == {"vm-001"}
    assert seen[-1]["state"] == "moved"
    assert seen[-1]["destination"]["name"] == host
    assert seen[-1]["started_by"].startswith(f"run {run.json['run']}")
    assert seen[-1]["duration_s"] > 0
    percents = [one["progress_percent"] or 0 for one in seen]
    assert percents == sorted(percents)
    text = numbers.read_text(encoding="utf-8")
    assert re.search(r'^vsphere_motion_moves\{vcenter="[^"]+",state="moved"\} 1$', text, re.MULTILINE)
    assert re.search(r'^vsphere_motion_moves_running\{vcenter="[^"]+"\} 0$', text, re.MULTILINE)

    table = call("watch", "--once")
    assert re.search(rf"vm-001 moved  \S+ -> {re.escape(host)} in [\d.]+s  by run {run.json['run']}", table.stdout)


def test_a_motion_of_somebody_else_is_told_while_it_runs(vcenter_factory: VCenterFactory) -> None:
    vcenter = vcenter_factory(speed=5)
    with session_with(vcenter) as theirs, session_with(vcenter) as session:
        watcher = MotionWatcher(session)
        try:
            assert list(watcher.wait_for_motions(timeout_s=0)) == []
            inventory = take_snapshot(theirs)
            vm = inventory.vms[0]
            target = next(host for host in inventory.hosts if host.ref != vm.host)
            VCenterRelocator(theirs).start_relocation(move_to(inventory, vm, target), op_id="op-9")
            seen: list[Any] = []
            while not seen or not seen[-1].is_over:
                seen += watcher.wait_for_motions(timeout_s=10)
        finally:
            watcher.close()
    assert {one.vm.name for one in seen} == {vm.name}
    assert seen[0].source is not None
    assert seen[0].source.ref == vm.host
    assert not seen[0].is_over
    assert seen[-1].destination is not None
    assert seen[-1].destination.ref == target.ref
    assert seen[-1].started.operation_id == "op-9"


def test_a_file_for_metrics_without_a_directory_is_refused_before_anything_starts(
    vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    vcenter.control.clear_trace()
    done = program(vcenter)("migrate", "vm-001", "--to-host", "esx-002", "--yes", "--metrics", "nowhere/motion.prom")
    assert done.exit_code == 2
    assert "no directory nowhere" in done.stderr
    assert vcenter.control.trace() == []
