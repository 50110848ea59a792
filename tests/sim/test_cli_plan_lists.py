"""Lists as plans, and windows of every command that runs a plan: kept in the file, in the journal, and by resume."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.observer import observing
from tests.program import READS, Program
from tests.sim.exchange import EXCHANGE
from tests.unit.report.schema import load, problems
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = [pytest.mark.vcsim, pytest.mark.timeout(360)]

Run = Callable[[SimulatedVCenter], Program]


def hosts_of(vcenter: SimulatedVCenter) -> dict[str, str]:
    with observing(vcenter) as observer:
        return observer.hosts()


def relocations(vcenter: SimulatedVCenter) -> int:
    return sum(1 for call in vcenter.control.trace() if call["method"] == "RelocateVM_Task")


def shut() -> str:
    """A window that opens in two hours."""
    now = datetime.now(UTC)
    return f"{now + timedelta(hours=2):%H:%M}-{now + timedelta(hours=3):%H:%M}"


def open_now() -> str:
    now = datetime.now(UTC)
    return f"{now - timedelta(hours=2):%H:%M}-{now + timedelta(hours=2):%H:%M}"


def written(run: Program, name: str, text: str) -> str:
    (run.home / name).write_text(text, encoding="utf-8")
    return name


def test_a_list_becomes_a_plan_that_is_looked_at_and_run(vcenter: SimulatedVCenter, program: Run) -> None:
    run = program(vcenter)
    later = shut()
    written(
        run,
        "moves.csv",
        f"vm,host,cluster,window,priority\nvm-001,esx-003,,{open_now()},5\nvm-002,esx-003,,,-1\nvm-003,esx-004,,{later},\n",
    )

    made = run("plan", "migrate", "-f", "moves.csv", "--tz", "UTC", "-O", "plan.json", "-o", "json")

    assert made.exit_code == 0, made.text
    document = json.loads((run.home / "plan.json").read_text())
    assert problems(load("plan-v1.json"), document) == []
    told = [(move["vm"]["name"], move["window"], move["priority"], move["reason"]) for move in document["moves"]]
    assert told == [
        ("vm-002", "", -1, "line 3 of moves.csv"),
        ("vm-003", f"{later} UTC", 0, "line 4 of moves.csv"),
        ("vm-001", f"{open_now()} UTC", 5, "line 2 of moves.csv"),
    ]
    assert {call["method"] for call in vcenter.control.trace()} <= READS
    before = hosts_of(vcenter)["vm-003"]

    applied = run("apply", "plan.json", "--yes", "--timeout", "5s", "-o", "json")

    assert applied.exit_code == 7, applied.text
    states = {one["vm"]["name"]: one["state"] for one in applied.json["outcomes"]}
    assert states == {"vm-001": "moved", "vm-002": "moved", "vm-003": "not_started"}
    resumed = run("resume", "--timeout", "2s")
    assert resumed.exit_code == 7, resumed.text
    assert hosts_of(vcenter)["vm-003"] == before, "its window is kept by resume"


def test_a_list_is_run_as_it_is_with_cluster_rows_placed(vcenter: SimulatedVCenter, program: Run) -> None:
    run = program(vcenter)
    with observing(vcenter) as observer:
        cluster = observer.host("esx-001").parent.name
    written(run, "moves.yaml", f"- {{vm: vm-001, host: esx-004}}\n- {{vm: vm-002, cluster: {cluster}}}\n")

    done = run("apply", "moves.yaml", "--yes", "-o", "json")

    assert done.exit_code == 0, done.text
    assert {one["vm"]["name"]: one["state"] for one in done.json["outcomes"]} == {"vm-001": "moved"}
    assert "left: vm-002" in done.stderr, "it is in the cluster already"
    again = run("apply", "moves.yaml", "--yes")
    assert (again.exit_code, relocations(vcenter)) == (0, 1), again.text


def test_vms_that_change_places_go_by_a_third_host(
    vcenter_factory: VCenterFactory, tmp_path: Path, program: Run
) -> None:
    (tmp_path / "exchange.yaml").write_text(EXCHANGE, encoding="utf-8")
    vcenter = vcenter_factory(scenario=tmp_path / "exchange.yaml", speed=200)
    run = program(vcenter)
    written(run, "swap.csv", "vm,host\nleft,esx-2\nright,esx-1\n")

    done = run("apply", "swap.csv", "--yes")

    assert done.exit_code == 0, done.text
    assert "waits on esx-3 until its destination has room" in done.stderr
    assert hosts_of(vcenter) == {"left": "esx-2", "right": "esx-1"}
    assert relocations(vcenter) == 3


def test_a_plan_of_a_list_is_made_again_from_the_list(vcenter: SimulatedVCenter, program: Run) -> None:
    run = program(vcenter)
    written(run, "moves.csv", "vm,host,priority\nvm-001,esx-003,2\nvm-002,esx-004,1\n")
    assert run("plan", "migrate", "-f", "moves.csv", "-O", "plan.json").exit_code == 0
    elsewhere = next(host for host in ("esx-001", "esx-002") if host != hosts_of(vcenter)["vm-001"])
    assert run("migrate", "vm-001", "--to-host", elsewhere, "--yes").exit_code == 0
    stale = run("apply", "plan.json", "--yes")
    assert stale.exit_code == 8, stale.text

    again = run("apply", "plan.json", "--replan", "--yes")

    assert again.exit_code == 0, again.text
    assert (hosts_of(vcenter)["vm-001"], hosts_of(vcenter)["vm-002"]) == ("esx-003", "esx-004")


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("evacuate", "esx-001"), id="evacuate"),
        pytest.param(("migrate", "vm-001", "--to-cluster", "elsewhere"), id="migrate"),
        pytest.param(("rolling", "{cluster}", "--each", "true {host}"), id="rolling"),
        pytest.param(("apply", "plan.json"), id="apply"),
    ],
)
def test_nothing_starts_before_the_window_opens(
    words: tuple[str, ...], vcenter: SimulatedVCenter, program: Run
) -> None:
    run = program(vcenter)
    with observing(vcenter) as observer:
        cluster = observer.host("esx-001").parent.name
    if words[0] == "migrate":
        words = ("migrate", "vm-001", "--to-host", "esx-004")
    if words[0] == "apply":
        assert run("plan", "evacuate", "esx-001", "-O", "plan.json").exit_code == 0
    before = hosts_of(vcenter)
    given = [word.format(cluster=cluster, host="{host}") for word in words]
    process = run.start(*given, "--yes", "--window", shut(), "--timeout", "3s") if words[0] != "rolling" else None

    if process is None:
        assert_rolling_waits(run, given)
    else:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 7, errors
        assert "no move starts before" in errors
    assert (relocations(vcenter), hosts_of(vcenter)) == (0, before)


def assert_rolling_waits(run: Program, words: list[str]) -> None:
    """It says when it begins, and a Ctrl-C ends the waiting; what was asked for is kept for later."""
    process = run.start(*words, "--yes", "--window", shut())
    assert process.stderr is not None
    lines: list[str] = []
    for line in process.stderr:
        lines.append(line)
        if "the next host is begun at" in line:
            process.send_signal(2)
            break
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 130, "".join(lines) + rest
    assert "is begun at" in lines[-1]
    resumed = run("rolling", "--resume", rolling_id(lines), "--dry-run", "-o", "json")
    assert resumed.exit_code == 0, resumed.text


def rolling_id(lines: list[str]) -> str:
    return next(word.strip() for line in lines for word in line.split() if word.startswith("roll-"))


def test_a_restore_keeps_to_its_window(vcenter: SimulatedVCenter, program: Run) -> None:
    run = program(vcenter)
    evacuated = run("evacuate", "esx-001", "--yes", "-o", "json")
    assert evacuated.exit_code == 0, evacuated.text
    away = hosts_of(vcenter)

    done = run("restore", evacuated.json["run"], "--yes", "--window", shut(), "--timeout", "2s", "-o", "json")

    assert done.exit_code == 7, done.text
    assert "no move starts before" in done.stderr
    assert hosts_of(vcenter) == away


def plan_document(run: Program) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((run.home / "plan.json").read_text())
    return document


def test_a_plan_keeps_the_window_that_it_was_made_with(vcenter: SimulatedVCenter, program: Run) -> None:
    run = program(vcenter)

    made = run("plan", "evacuate", "esx-001", "--window", "22:00-05:00", "--tz", "Europe/Berlin", "-O", "plan.json")

    assert made.exit_code == 0, made.text
    assert {move["window"] for move in plan_document(run)["moves"]} == {"22:00-05:00 Europe/Berlin"}
    assert "22:00-05:00 Europe/Berlin" in run("plan", "show", "plan.json").stdout
    bad = plan_document(run)
    bad["moves"][0]["window"] = "22:00-22:00 UTC"
    (run.home / "bad.json").write_text(json.dumps(bad))
    refused = run("apply", "bad.json", "--yes")
    assert refused.exit_code == 2, refused.text
    assert "$.moves[0].window" in refused.stderr
