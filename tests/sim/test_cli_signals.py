"""Ctrl-C and SIGTERM as documented: what runs goes on, what does not has not started, no session is left behind."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable

import pytest

from tests.observer import observing
from tests.program import Program
from tests.running import running
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

MOVE = ("migrate", "vm-001", "vm-005", "--to-host", "esx-002", "--yes", "-o", "json", "--max-concurrent", "1")


@pytest.fixture
def slow_vcenter(vcenter_factory: Callable[..., SimulatedVCenter]) -> SimulatedVCenter:
    """A vCenter in which the first move, of vm-001, stands still until `go_on`."""
    vcenter = vcenter_factory(hosts=4, vms=8, speed=2)
    vcenter.control.plant_faults({"name": "still", "match": {"vm": "vm-001", "count": 1}, "hang": {}})
    return vcenter


def go_on(vcenter: SimulatedVCenter) -> None:
    vcenter.control.remove_faults("still")


def test_one_ctrl_c_finishes_what_runs_and_starts_no_more(
    slow_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    with observing(slow_vcenter) as observer:
        before = observer.sessions()
        with running(program(slow_vcenter), *MOVE) as run:
            run.wait_for("started")
            run.signal(signal.SIGINT)
            run.wait_for("no further moves start")
            go_on(slow_vcenter)
            code, output = run.end()

        assert code == 130, run.said
        states = {outcome["vm"]["name"]: outcome["state"] for outcome in json.loads(output)["outcomes"]}
        assert states == {"vm-001": "moved", "vm-005": "not_started"}
        assert observer.hosts()["vm-001"] == "esx-002"
        assert observer.sessions() == before


@pytest.mark.parametrize(
    ("signals", "exit_code"),
    [
        pytest.param((signal.SIGINT, signal.SIGINT), 130, id="ctrl-c twice"),
        pytest.param((signal.SIGTERM,), 143, id="sigterm"),
    ],
)
def test_detaching_leaves_the_task_running_and_names_the_way_back(
    signals: tuple[int, ...],
    exit_code: int,
    slow_vcenter: SimulatedVCenter,
    program: Callable[[SimulatedVCenter], Program],
) -> None:
    with observing(slow_vcenter) as observer:
        before = observer.sessions()
        with running(program(slow_vcenter), *MOVE) as run:
            run.wait_for("started")
            for number in signals:
                run.signal(number)
                if number is signal.SIGINT and not any("no further" in line for line in run.said):
                    run.wait_for("no further moves start")
            code, output = run.end()

        assert code == exit_code, run.said
        document = json.loads(output)
        states = {outcome["vm"]["name"]: outcome["state"] for outcome in document["outcomes"]}
        assert states == {"vm-001": "unknown", "vm-005": "not_started"}
        said = "".join(run.said)
        assert f"vsphere-motion resume {document['run']}" in said
        assert f"vsphere-motion cancel {document['run']}" in said
        assert observer.sessions() == before
        (truth,) = slow_vcenter.control.motions()
        assert truth["phase"] not in {"cancelled", "failed"}

        go_on(slow_vcenter)
        resumed = program(slow_vcenter)("resume", "-o", "json")

        assert resumed.exit_code == 0, resumed.text
        states = {outcome["vm"]["name"]: outcome["state"] for outcome in resumed.json["outcomes"]}
        assert states == {"vm-001": "moved", "vm-005": "moved"}
        assert len(slow_vcenter.control.motions()) == 2


def test_a_time_limit_leaves_the_running_move_and_says_so(
    slow_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run = program(slow_vcenter)
    done = run(*MOVE, "--timeout", "1s")

    assert done.exit_code == 7, done.text
    states = {outcome["vm"]["name"]: outcome["state"] for outcome in done.json["outcomes"]}
    assert states == {"vm-001": "unknown", "vm-005": "not_started"}

    cancelled = run("cancel", "--yes", "-o", "json")

    states = {outcome["vm"]["name"]: outcome["state"] for outcome in cancelled.json["outcomes"]}
    assert states == {"vm-001": "cancelled", "vm-005": "cancelled"}, cancelled.text
    with observing(slow_vcenter) as observer:
        assert observer.hosts()["vm-001"] == "esx-001"
