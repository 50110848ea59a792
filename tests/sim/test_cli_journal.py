"""What is known of a run afterwards: status, resume, cancel, logs, report."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.observer import observing
from tests.program import READS, Program
from tests.sim.test_cli_signals import running
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim


@pytest.mark.parametrize("command", ["status", "resume", "cancel"])
def test_without_an_unfinished_run_there_is_nothing_to_do(
    command: str, shared_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    done = program(shared_vcenter)(command)

    assert done.exit_code == 0, done.text
    assert "no unfinished run" in done.text


def test_a_killed_client_resumes_and_starts_nothing_twice(
    vcenter_factory: Callable[..., SimulatedVCenter], program: Callable[[SimulatedVCenter], Program]
) -> None:
    vcenter = vcenter_factory(hosts=4, vms=8, speed=0.5)
    run = program(vcenter)
    with running(run, "migrate", "vm-001", "vm-005", "--to-host", "esx-002", "--yes", "--max-concurrent", "1") as first:
        first.wait_for("started")
        first.signal(signal.SIGKILL)
        first.end()

    status = run("status", "-o", "json")
    assert status.exit_code == 0, status.text
    assert [move["state"] for move in status.json["moves"]] == ["running", "planned"]

    resumed = run("resume", "-o", "json")

    assert resumed.exit_code == 0, resumed.text
    assert [outcome["state"] for outcome in resumed.json["outcomes"]] == ["moved", "moved"]
    assert len(vcenter.control.motions()) == 2
    assert {truth["operation_id"].rsplit("-", 2)[0] for truth in vcenter.control.motions()} == {
        f"vsphere-motion-{resumed.json['run']}"
    }


def test_logs_and_report_of_a_run(vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]) -> None:
    run = program(vcenter)
    moved = run("migrate", "vm-001", "--to-host", "esx-002", "--yes", "-o", "json")
    (truth,) = vcenter.control.motions()

    by_run = run("logs", moved.json["run"])
    by_vm = run("logs", "vm-001")
    report = run("report", moved.json["run"])

    for done in (by_run, by_vm, report):
        assert done.exit_code == 0, done.text
        assert truth["migration_id"] in done.stdout
        assert "Stopping pre-copy" in done.stdout
        assert "esx-001" in done.stdout
        assert "esx-002" in done.stdout
    assert run("report").stdout == report.stdout


def test_status_of_a_finished_run_reads_only(
    vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run = program(vcenter)
    moved = run("migrate", "vm-001", "--to-host", "esx-002", "--yes", "-o", "json")
    vcenter.control.clear_trace()

    status = run("status", moved.json["run"])

    assert status.exit_code == 0, status.text
    assert "moved" in status.stdout
    assert {call["method"] for call in vcenter.control.trace()} <= READS


def test_an_unknown_run_is_not_found(
    shared_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    done = program(shared_vcenter)("status", "r-nosuch")

    assert done.exit_code == 2
    assert "r-nosuch" in done.stderr


def test_no_secret_is_in_any_file_or_output(
    vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program], tmp_path: Path
) -> None:
    run = program(vcenter)
    log = tmp_path / "log.txt"
    page = tmp_path / "r.html"

    done = run(
        "migrate", "vm-001", "--to-host", "esx-002", "--yes", "--debug", "--log-file", str(log), "--report", str(page)
    )

    assert done.exit_code == 0, done.text
    assert vcenter.password not in done.text
    for directory, _, names in os.walk(run.home):
        for name in names:
            assert vcenter.password.encode() not in Path(directory, name).read_bytes(), name
    assert vcenter.password not in log.read_text()
    assert vcenter.password not in page.read_text()


def test_no_session_is_left_behind_by_any_command(
    vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run = program(vcenter)
    with observing(vcenter) as observer:
        before = observer.sessions()
        for words in (
            ("check", "vm-001", "--to-host", "esx-002"),
            ("migrate", "vm-001", "--to-host", "esx-002", "--yes"),
            ("migrate", "no-such-vm", "--to-host", "esx-002", "--yes"),
            ("status",),
            ("resume",),
            ("logs", "vm-001"),
            ("doctor",),
        ):
            run(*words)
            assert observer.sessions() == before, words
