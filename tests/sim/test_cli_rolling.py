"""`rolling`: host by host, and after a kill it goes on at the host where it stood."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.observer import observing
from tests.program import Program
from tests.running import running
from tests.sim.patching import Patching
from tests.unit.report.schema import load, problems
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

ProgramFor = Callable[[SimulatedVCenter], Program]


@pytest.fixture
def patching(tmp_path: Path) -> Patching:
    place = tmp_path / "patching"
    place.mkdir()
    return Patching(place)


@pytest.fixture
def small(vcenter_factory: VCenterFactory) -> SimulatedVCenter:
    return vcenter_factory(hosts=3, vms=6, speed=500)


def states(document: dict[str, object]) -> dict[str, str]:
    hosts = document["hosts"]
    assert isinstance(hosts, list)
    return {host["name"]: host["state"] for host in hosts}


def cluster_of(vcenter: SimulatedVCenter) -> str:
    (name,) = [one["name"] for one in vcenter.control.site() if one["type"] == "ClusterComputeResource"]
    return str(name)


def test_every_host_is_emptied_patched_and_filled_again(
    small: SimulatedVCenter, program: ProgramFor, patching: Patching
) -> None:
    run = program(small)
    with observing(small) as observer:
        before = observer.hosts()
        done = run("rolling", cluster_of(small), "--each", patching.each, "--yes", "-o", "json")

        assert done.exit_code == 0, done.text
        assert patching.hosts == ["esx-001", "esx-002", "esx-003"]
        assert set(states(done.json).values()) == {"done"}
        assert problems(load("rolling-v1.json"), done.json) == []
        assert observer.hosts() == before
    first = done.json["hosts"][0]
    assert first["exit_code"] == 0
    assert Path(first["output"]).read_text(encoding="utf-8") == "patching esx-001\n"
    assert Path(first["output"]).stat().st_mode & 0o777 == 0o600
    assert len(first["runs"]) == 2, "one run empties it and one fills it"


@pytest.fixture
def pair(vcenter_factory: VCenterFactory) -> SimulatedVCenter:
    """Two hosts with two VMs each."""
    return vcenter_factory(hosts=2, vms=4, speed=500)


def test_the_first_failure_stops_it_and_resume_goes_on_at_that_host(
    pair: SimulatedVCenter, program: ProgramFor, patching: Patching
) -> None:
    run = program(pair)
    (patching.place / "fails-on").write_text("esx-001")
    with observing(pair) as observer:
        before = observer.hosts()
        failed = run("rolling", cluster_of(pair), "--each", patching.each, "--yes", "-o", "json")

        assert failed.exit_code == 6, failed.text
        assert states(failed.json) == {"esx-001": "command", "esx-002": "planned"}
        note = failed.json["hosts"][0]["note"]
        assert "the command ended with 9; the host is left in maintenance mode" in note
        assert f"vsphere-motion rolling --resume {failed.json['rolling']}" in note
        assert set(observer.hosts().values()) == {"esx-002"}

        (patching.place / "fails-on").unlink()
        resumed = run("resume", "-o", "json")

        assert resumed.exit_code == 0, resumed.text
        assert patching.hosts == ["esx-001", "esx-001", "esx-002"]
        assert observer.hosts() == before


@pytest.mark.parametrize(
    "failpoint",
    [
        pytest.param("after_step:10", id="before the run that empties the second host"),
        pytest.param("after_task_row:5", id="while the second host is emptied"),
        pytest.param("after_step:11", id="before the second host enters maintenance mode"),
        pytest.param("after_step:14", id="after the command on the second host"),
        pytest.param("after_task_row:7", id="while the second host is filled"),
    ],
)
def test_a_killed_rolling_goes_on_at_the_host_where_it_stood(
    failpoint: str, pair: SimulatedVCenter, program: ProgramFor, patching: Patching
) -> None:
    run = program(pair)
    with observing(pair) as observer:
        before = observer.hosts()
        words = ("rolling", cluster_of(pair), "--each", patching.each, "--yes", "-o", "json")
        killed = run(*words, VSPHERE_MOTION_FAILPOINT=failpoint)
        assert killed.exit_code == -signal.SIGKILL, killed.text
        rolling = next(line.split()[1] for line in killed.stderr.splitlines() if line.startswith("Rolling "))

        resumed = run("rolling", "--resume", rolling, "--yes", "-o", "json")

        assert resumed.exit_code == 0, resumed.text
        assert set(states(resumed.json).values()) == {"done"}
        assert patching.hosts == ["esx-001", "esx-002"], "no command runs twice that has ended"
        assert observer.hosts() == before
    assert run("resume").exit_code == 0, "nothing is left over"


def test_a_command_that_outlives_its_program_is_never_run_beside_itself(
    pair: SimulatedVCenter, program: ProgramFor, patching: Patching
) -> None:
    run, gate = program(pair), patching.place / "go-on"
    os.mkfifo(gate)
    (patching.place / "waits-on").write_text("esx-001")
    words = ("rolling", cluster_of(pair), "--each", patching.each, "--yes", "-o", "json")
    with running(run, *words) as rolling:
        rolling.wait_for("which writes to")
        rolling.signal(signal.SIGKILL)
        code, _ = rolling.end()
    assert code == -signal.SIGKILL
    name = next(line.split()[1] for line in rolling.said if line.startswith("Rolling "))

    beside = run("rolling", "--resume", name, "--yes")
    assert beside.exit_code == 7, beside.text
    assert "the command still runs" in beside.stderr
    (patching.place / "waits-on").unlink()
    gate.write_text("go")

    again = run("rolling", "--resume", name, "--yes", "-o", "json")
    for _ in range(20):
        if again.exit_code != 7:
            break
        again = run("rolling", "--resume", name, "--yes", "-o", "json")
    assert again.exit_code == 0, again.text
    assert patching.hosts == ["esx-001", "esx-001", "esx-002"]


def test_what_cannot_be_done_is_refused_before_anything_moves(
    pair: SimulatedVCenter, program: ProgramFor, patching: Patching
) -> None:
    run, cluster = program(pair), cluster_of(pair)
    plan = run("rolling", cluster, "--each", patching.each, "--dry-run")
    assert plan.exit_code == 0, plan.text
    assert "empties esx-001" in plan.stdout
    for words in ((), (cluster,), (cluster, "--each", "'"), (cluster, "--each", ""), ("--resume", "x", "--each", "y")):
        assert run("rolling", *words, "--yes").exit_code == 2, words
    assert run("rolling", "--resume", "roll-ffffff", "--yes").exit_code == 2
    pair.control.patch(
        pair.control.moid("HostSystem", "esx-002"),
        {"name": "esx;touch /tmp/x", "summary.config.name": "esx;touch /tmp/x"},
    )
    hostile = run("rolling", cluster, "--each", f"sh -c '{patching.each}'", "--yes")
    assert hostile.exit_code == 2, hostile.text
    assert "has no name that is safe in a command" in hostile.stderr
    assert patching.hosts == []
    assert not pair.control.motions()


def test_two_hosts_at_once_where_their_vms_fit(
    vcenter_factory: VCenterFactory, program: ProgramFor, patching: Patching
) -> None:
    vcenter = vcenter_factory(hosts=4, vms=4, speed=500)
    run = program(vcenter)
    with observing(vcenter) as observer:
        before = observer.hosts()
        done = run("rolling", cluster_of(vcenter), "--each", patching.each, "--parallel", "2", "--yes", "-o", "json")

        assert done.exit_code == 0, done.text
        assert observer.hosts() == before
    runs = [host["runs"] for host in done.json["hosts"]]
    assert runs[0] == runs[1] != runs[2] == runs[3]
    assert sorted(patching.hosts) == ["esx-001", "esx-002", "esx-003", "esx-004"]


def test_a_rolling_that_is_given_up_names_what_it_leaves(
    pair: SimulatedVCenter, program: ProgramFor, patching: Patching
) -> None:
    run = program(pair)
    (patching.place / "fails-on").write_text("esx-001")
    with observing(pair) as observer:
        before = observer.hosts()
        failed = run("rolling", cluster_of(pair), "--each", patching.each, "--yes", "-o", "json")
        assert failed.exit_code == 6, failed.text

        given_up = run("cancel", failed.json["rolling"], "--yes")

        assert given_up.exit_code == 0, given_up.text
        assert "esx-001 is left as it is (command)" in given_up.stdout
        assert run("resume").exit_code == 0
        assert patching.hosts == ["esx-001"]
        assert run("restore", "esx-001", "--exit-maintenance", "--yes").exit_code == 0
        assert observer.hosts() == before


def test_a_host_that_is_not_well_afterwards_stops_it(
    pair: SimulatedVCenter, program: ProgramFor, patching: Patching
) -> None:
    run, host = program(pair), pair.control.moid("HostSystem", "esx-001")
    pair.control.patch(host, {"overallStatus": "red"})
    with observing(pair) as observer:
        before = observer.hosts()
        sick = run("rolling", cluster_of(pair), "--each", patching.each, "--yes", "-o", "json")

        assert sick.exit_code == 6, sick.text
        assert states(sick.json) == {"esx-001": "checking", "esx-002": "planned"}
        assert "its overall status is red" in sick.json["hosts"][0]["note"]
        pair.control.patch(host, {"overallStatus": "green"})
        resumed = run("rolling", "--resume", sick.json["rolling"], "--yes", "-o", "json")
        assert resumed.exit_code == 0, resumed.text
        assert patching.hosts == ["esx-001", "esx-002"], "the command is not run again"
        assert observer.hosts() == before


@pytest.mark.timeout(360)
def test_a_rolling_is_planned_as_a_file_and_run_from_it_unless_something_has_changed(
    pair: SimulatedVCenter, program: ProgramFor, patching: Patching
) -> None:
    run, cluster = program(pair), cluster_of(pair)
    made = run("plan", "rolling", cluster, "--each", patching.each, "-O", "rolling.json", "-o", "json")
    assert made.exit_code == 0, made.text
    assert problems(load("plan-v1.json"), made.json) == []
    assert [host["name"] for host in made.json["hosts"]] == ["esx-001", "esx-002"]
    assert {move["source"]["name"]: move["stage"] for move in made.json["moves"]} == {"esx-001": 0, "esx-002": 1}
    moved = made.json["moves"][0]
    assert run("migrate", moved["vm"]["name"], "--to-host", "esx-002", "--yes").exit_code == 0

    stale = run("apply", "rolling.json", "--yes")

    assert stale.exit_code == 8, stale.text
    assert f"{moved['vm']['name']} is on esx-002 and was on esx-001" in stale.stderr
    assert patching.hosts == []
    assert run("migrate", moved["vm"]["name"], "--to-host", "esx-001", "--yes").exit_code == 0
    with observing(pair) as observer:
        before = observer.hosts()
        done = run("apply", "rolling.json", "--yes", "-o", "json")
        assert done.exit_code == 0, done.text
        assert observer.hosts() == before
    assert patching.hosts == ["esx-001", "esx-002"]


@pytest.mark.timeout(360)
def test_who_cannot_leave_is_named_before_anything_moves_and_such_hosts_can_be_left_out(
    vcenter_factory: VCenterFactory, program: ProgramFor, patching: Patching
) -> None:
    vcenter = vcenter_factory(scenario="demo", speed=500)
    run = program(vcenter)

    refused = run("rolling", "Production", "--each", patching.each, "--yes")

    assert refused.exit_code == 3, refused.text
    assert "build01 on esx03.prod.example" in refused.stderr
    assert "add --partial to leave such hosts out" in refused.stderr
    assert not vcenter.control.motions()
    with observing(vcenter) as observer:
        before = observer.hosts()
        done = run("rolling", "Production", "--each", patching.each, "--parallel", "2", "--partial", "--yes")
        assert done.exit_code == 3, done.text
        assert observer.hosts() == before
    assert "esx03.prod.example is left out: not every VM can leave it" in done.stderr
    assert sorted(patching.hosts) == [f"esx0{number}.prod.example" for number in (1, 2, 4, 5)]
