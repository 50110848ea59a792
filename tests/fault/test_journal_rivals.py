"""Several processes on one journal: no VM is moved twice, one process watches a run, and the others say who does."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.program import Program
from tests.promises import IS_NIGHTLY, record, tries
from tests.running import running
from vsphere_motion.run.journal import FILE_NAME
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = [pytest.mark.vcsim, pytest.mark.timeout(3600 if IS_NIGHTLY else 120)]

MOVE = ("migrate", "vm-001", "vm-005", "--to-host", "esx-002", "--yes", "--max-concurrent", "1", "-o", "json")
SETTLED = {"moved", "unchanged", "not_started"}


def both(run: Program, vms: list[str], destinations: tuple[str, str]) -> list[dict[str, str]]:
    """Two processes that move the same VMs at the same time; the states that each reports, by VM."""
    reports = []
    words = ("--yes", "--partial", "--max-concurrent", "8", "-o", "json")
    with (
        running(run, "migrate", *vms, "--to-host", destinations[0], *words) as first,
        running(run, "migrate", *vms, "--to-host", destinations[1], *words) as second,
    ):
        for process in (first, second):
            code, output = process.end()
            assert code in {0, 7}, process.said
            assert not any("Traceback" in line for line in process.said), process.said
            reports.append({outcome["vm"]["name"]: outcome["state"] for outcome in json.loads(output)["outcomes"]})
    return reports


@pytest.mark.parametrize(
    "destinations",
    [
        pytest.param(("esx-002", "esx-002"), id="to one host"),
        pytest.param(("esx-002", "esx-003"), id="to two hosts"),
    ],
)
def test_row_08_two_operators_on_one_host_move_no_vm_twice(
    destinations: tuple[str, str],
    vcenter_factory: VCenterFactory,
    program: Callable[[SimulatedVCenter], Program],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    count, runs = tries(reduced=8, whole=50), tries(reduced=2, whole=10)
    for _ in range(runs):
        vcenter = vcenter_factory(hosts=4, vms=4 * count, speed=50.0)
        vms = [f"vm-{number:03}" for number in range(1, 4 * count, 4)]
        run = Program(home=tmp_path_factory.mktemp("home"), environment=vcenter.environment())
        reports = both(run, vms, destinations)
        moved = Counter(truth["vm"] for truth in vcenter.control.motions())
        assert len(moved) == len(vms)
        assert set(moved.values()) == {1}, moved
        for report in reports:
            assert set(report) == set(vms)
            assert set(report.values()) <= SETTLED, report
        assert all("moved" in {report[vm] for report in reports} for vm in vms)
    record(8, f"{2 * runs} runs x {count} VMs: at most {count} tasks each, both reports whole")


@pytest.fixture
def slow_vcenter(vcenter_factory: VCenterFactory) -> SimulatedVCenter:
    """A vCenter in which a move of 1 GiB takes longer than the commands of a test."""
    return vcenter_factory(hosts=4, vms=8, speed=0.03)


def run_of(run: Program) -> str:
    return str(run("history", "-o", "json").json["runs"][0]["run"])


def test_a_run_that_is_watched_is_not_resumed_beside_it(
    slow_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run = program(slow_vcenter)
    with running(run, *MOVE) as first:
        first.wait_for("started")
        name = run_of(run)
        second = run("resume", "-o", "json")
        (lock,) = run("unlock", "-o", "json").json["locks"]
        kept = run("unlock", name, "--yes")
        listed = run("history")
        status = run("status")
        first.signal(signal.SIGTERM)
        code, output = first.end()

    assert code == 143, first.said
    assert second.exit_code == 7
    assert second.json["error"]["code"] == "run_locked"
    assert f"run {name} is watched already" in second.stderr
    assert f"on {socket.gethostname()}, process {first.process.pid}, for " in second.stderr
    assert (lock["run"], lock["pid"], lock["is_alive"]) == (name, first.process.pid, True)
    assert kept.exit_code == 7
    assert "a process that lives" in kept.stderr
    assert f"process {first.process.pid}" in listed.stdout
    assert f"process {first.process.pid}" in status.stdout
    assert [outcome["state"] for outcome in json.loads(output)["outcomes"]] == ["unknown", "not_started"]
    assert len(slow_vcenter.control.motions()) == 1
    assert run("unlock").stdout == ""


def test_a_killed_process_needs_no_unlocking_and_another_machine_does(
    vcenter_factory: VCenterFactory, program: Callable[[SimulatedVCenter], Program]
) -> None:
    vcenter = vcenter_factory(hosts=4, vms=8, speed=1.0)
    run = program(vcenter)
    with running(run, *MOVE) as first:
        first.wait_for("started")
        first.signal(signal.SIGKILL)
        first.end()
    (lock,) = run("unlock", "-o", "json").json["locks"]
    assert lock["is_alive"] is False
    with closing(sqlite3.connect(run.home / "state" / FILE_NAME)) as database:
        database.execute("UPDATE watch SET host = 'elsewhere'")
        database.commit()

    refused = run("resume")
    unasked = run("unlock", lock["run"], "--no-input")
    unlocked = run("unlock", lock["run"], "--yes")
    resumed = run("resume", "-o", "json")

    assert refused.exit_code == 7
    assert f"vsphere-motion unlock {lock['run']}" in refused.stderr
    assert "on elsewhere, process" in refused.stderr
    assert unasked.exit_code == 2
    assert unlocked.exit_code == 0, unlocked.text
    assert "elsewhere" in unlocked.stdout
    assert resumed.exit_code == 0, resumed.text
    assert len(vcenter.control.motions()) == 2


def test_a_run_is_cancelled_from_beside_it(
    slow_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run = program(slow_vcenter)
    with running(run, *MOVE) as first:
        first.wait_for("started")
        cancelled = run("cancel", "--yes", "-o", "json")
        code, output = first.end()

    states = ["cancelled", "cancelled"]
    assert cancelled.exit_code == 0, cancelled.text
    assert [outcome["state"] for outcome in cancelled.json["outcomes"]] == states
    assert (code, [outcome["state"] for outcome in json.loads(output)["outcomes"]]) == (6, states), first.said
    assert len(slow_vcenter.control.motions()) == 1


def test_the_vm_of_an_unfinished_run_is_left_to_it(
    vcenter_factory: VCenterFactory, program: Callable[[SimulatedVCenter], Program]
) -> None:
    vcenter = vcenter_factory(hosts=4, vms=8, speed=1.0)
    run = program(vcenter)
    killed = run("migrate", "vm-001", "--to-host", "esx-002", "--yes", VSPHERE_MOTION_FAILPOINT="after_intent")
    assert killed.exit_code == -signal.SIGKILL
    name = run_of(run)

    other = run("migrate", "vm-001", "--to-host", "esx-003", "--yes", "-o", "json")

    (outcome,) = other.json["outcomes"]
    assert outcome["state"] == "not_started"
    assert f"run {name} has asked for a relocation of this VM" in outcome["note"]
    assert f"process {lock_pid(run)}" in outcome["note"]
    assert vcenter.control.motions() == []


def lock_pid(run: Program) -> int:
    return int(run("unlock", "-o", "json").json["locks"][0]["pid"])


def test_the_history_is_told_newest_first_without_a_vcenter(
    vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run = program(vcenter)
    assert run("history").exit_code == 0
    for vm in ("vm-001", "vm-002"):
        assert run("migrate", vm, "--to-host", "esx-003", "--yes").exit_code == 0
    offline = Program(home=run.home)

    everything = offline("history", "-o", "json").json
    table = offline("history")
    of_one = offline("history", "--vm", "VM-00[1]", "-o", "json").json
    by_moid = offline("history", "--vm", "moid:vm-999", "-o", "json").json
    recent = offline("history", "--since", "7d", "-o", "json").json

    assert everything["schema"] == "vsphere-motion/history/v1"
    assert [entry["counts"] for entry in everything["runs"]] == [{"moved": 1}, {"moved": 1}]
    assert everything["runs"][0]["started_at"] > everything["runs"][1]["started_at"]
    assert table.stdout.splitlines()[1].split()[0] == everything["runs"][0]["run"]
    assert [entry["run"] for entry in of_one["runs"]] == [everything["runs"][1]["run"]]
    assert by_moid["runs"] == []
    assert len(recent["runs"]) == 2
    assert list((run.home / "state" / "locks").iterdir()) == []
