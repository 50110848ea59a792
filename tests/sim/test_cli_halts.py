"""Runs that stop by themselves because moves fail, or pause for a person to look."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.program import Program
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

MakeProgram = Callable[[SimulatedVCenter], Program]
FOUR = ("vm-001", "vm-004", "vm-007", "vm-010")
GO = ("migrate", *FOUR, "--to-host", "esx-002", "--yes", "--max-concurrent", "1")


@pytest.fixture
def site(vcenter_factory: VCenterFactory) -> SimulatedVCenter:
    return vcenter_factory(hosts=3, vms=12)


def states(document: dict[str, object]) -> list[str]:
    outcomes = document["outcomes"]
    assert isinstance(outcomes, list)
    return [outcome["state"] for outcome in outcomes]


@pytest.mark.parametrize("rule", ["failed=1", "failed=25%"])
def test_a_failure_more_than_the_rule_lets_starts_nothing_more(
    site: SimulatedVCenter, program: MakeProgram, rule: str
) -> None:
    site.control.plant_faults({"match": {"vm": "vm-004"}, "fail": {"fault": "GenericVmConfigFault"}})
    run = program(site)

    done = run(*GO, "--halt-on", rule, "-o", "json")

    assert done.exit_code == 9, done.text
    assert states(done.json) == ["moved", "failed", "not_started", "not_started"]
    assert done.json["halted"] == f"no further moves start: 1 move of 4 failed, --halt-on {rule}"
    assert f"vsphere-motion resume {done.json['run']}" in done.stderr
    site.control.remove_faults()
    rest = run("resume", "-o", "json")
    assert rest.exit_code == 6, rest.text
    assert states(rest.json) == ["moved", "failed", "moved", "moved"]
    assert "halted" not in rest.json


def test_without_a_terminal_a_pause_leaves_the_run_open_and_names_the_way_on(
    site: SimulatedVCenter, program: MakeProgram
) -> None:
    run = program(site)

    done = run(*GO, "--pause-after", "2", "-o", "json")

    assert done.exit_code == 9, done.text
    assert states(done.json) == ["moved", "moved", "not_started", "not_started"]
    assert done.json["halted"] == "paused: 2 moves have ended; 2 wait, and nobody is there to let them go on"
    assert f"vsphere-motion resume {done.json['run']}" in done.stderr
    rest = run("resume", "--pause-after", "2", "-o", "jsonl")
    assert rest.exit_code == 0, rest.text
    *events, report = [json.loads(line) for line in rest.stdout.splitlines()]
    assert states(report) == ["moved"] * 4
    assert not any(event["event"] == "paused" for event in events)
    overall = [event for event in events if event["event"] == "run_progressed"]
    assert (overall[-1]["ended"], overall[-1]["running"], overall[-1]["waiting"]) == (4, 0, 0)


def test_the_canary_is_looked_at_before_the_rest(site: SimulatedVCenter, program: MakeProgram) -> None:
    done = program(site)(*GO, "--canary", "1", "--pause-after", "canary", "-o", "json")

    assert done.exit_code == 9, done.text
    assert states(done.json) == ["moved", "not_started", "not_started", "not_started"]


def test_at_a_terminal_enter_goes_on(site: SimulatedVCenter, program: MakeProgram, tmp_path: Path) -> None:
    run = program(site)
    person, terminal = os.openpty()
    command = run.command("--no-color", *GO, "--pause-after", "2")
    with (tmp_path / "out").open("wb") as out:
        process = subprocess.Popen(command, stdin=terminal, stdout=out, stderr=terminal, env=run.variables())
    os.close(terminal)
    said = b""
    try:
        while (piece := read(person)) is not None:
            if b"Press Enter" in piece or (b"Press Enter" in said + piece and b"Press Enter" not in said):
                os.write(person, b"\n")
            said += piece
        assert process.wait(timeout=60) == 0, said.decode()
    finally:
        process.kill()
        process.wait()
        os.close(person)
    assert said.count(b"Press Enter") == 1
    assert (tmp_path / "out").read_text(encoding="utf-8").count("moved") == 4


def read(descriptor: int) -> bytes | None:
    """What the program has said since; None at its end, which Linux tells as an error."""
    try:
        return os.read(descriptor, 4096) or None
    except OSError:
        return None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--halt-on", "failed=0"), "--halt-on failed=0 is no rule"),
        (("--halt-on", "failed=101%"), "--halt-on failed=101% is no rule"),
        (("--halt-on", "stalled=1"), "--halt-on stalled=1 is no rule"),
        (("--pause-after", "0"), "--pause-after 0 is no place to pause"),
        (("--pause-after", "canary"), "--pause-after canary needs to know how many moves that is"),
        (("--pause-after", "1", "--no-wait"), "leave --no-wait out"),
        (("--halt-on", "failed=1", "--no-wait"), "leave --no-wait out"),
    ],
)
def test_a_rule_that_cannot_be_kept_is_refused(
    shared_vcenter: SimulatedVCenter, program: MakeProgram, words: tuple[str, ...], said: str
) -> None:
    done = program(shared_vcenter)("migrate", "vm-001", "--to-host", "esx-002", "--yes", *words)
    assert done.exit_code == 2, done.text
    assert said in done.stderr
