"""Plans as files: made with and without a vCenter, shown, compared, refused when they are garbage or stale, and run."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.observer import observing
from tests.program import READS, Program
from tests.unit.report.schema import load, problems
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

Run = Callable[[SimulatedVCenter], Program]

FULL = """
version: 1
clusters:
  - name: Small
    drs: {automation: manual}
    hosts: [{name: esx1, memory_gib: 32}, {name: esx2, memory_gib: 32}, {name: esx3, memory_gib: 32}]
datastores: [{name: shared}]
networks: [{name: lan}]
vms:
  - {name: big-a, host: esx1, memory_gib: 20, touched_percent: 100}
  - {name: big-b, host: esx2, memory_gib: 20, touched_percent: 100}
  - {name: small, host: esx2, memory_gib: 4, touched_percent: 100}
"""


NARROW = """
version: 1
clusters:
  - name: Narrow
    drs: {automation: manual}
    hosts: [{name: esx1, memory_gib: 32}, {name: esx2, memory_gib: 32}, {name: esx3, memory_gib: 32}]
datastores: [{name: shared}]
networks: [{name: lan}]
vms:
  - {name: big, host: esx1, memory_gib: 20, touched_percent: 100}
  - {name: middle, host: esx2, memory_gib: 14, touched_percent: 100}
  - {name: small, host: esx3, memory_gib: 8, touched_percent: 100}
rules:
  - {cluster: Narrow, name: licence, kind: vm-host-must, vms: [big], hosts: [esx1, esx2]}
"""


@pytest.fixture
def site(vcenter_factory: VCenterFactory) -> SimulatedVCenter:
    return vcenter_factory(hosts=4, vms=12, speed=200)


@pytest.fixture
def full(vcenter_factory: VCenterFactory, tmp_path: Path) -> SimulatedVCenter:
    scenario = tmp_path / "full.yaml"
    scenario.write_text(FULL, encoding="utf-8")
    return vcenter_factory(scenario=scenario, speed=200)


def writes(vcenter: SimulatedVCenter) -> set[str]:
    return {call["method"] for call in vcenter.control.trace()} - READS


def plan_of(run: Program, *words: str) -> dict[str, Any]:
    done = run("plan", *words, "-O", "plan.json", "-o", "json")
    assert done.exit_code == 0, done.text
    document: dict[str, Any] = json.loads((run.home / "plan.json").read_text())
    assert done.json == document
    return document


def test_a_plan_is_a_document_of_its_schema_and_making_it_changes_nothing(site: SimulatedVCenter, program: Run) -> None:
    site.control.clear_trace()

    document = plan_of(program(site), "evacuate", "esx-001")

    assert problems(load("plan-v1.json"), document) == []
    assert list(document)[:5] == ["schema", "kind", "server", "fingerprint", "moves"]
    assert {move["source"]["name"] for move in document["moves"]} == {"esx-001"}
    assert {move["destination"]["name"] for move in document["moves"]} <= {"esx-002", "esx-003", "esx-004"}
    assert document["estimate"]["makespan_s"] >= document["estimate"]["bound_s"] > 0
    assert writes(site) == set()


def test_a_plan_from_a_snapshot_is_the_plan_from_the_vcenter(site: SimulatedVCenter, program: Run) -> None:
    run = program(site)
    assert run("snapshot", "save", "-O", "site.json").exit_code == 0
    live = plan_of(run, "evacuate", "esx-001")
    offline = Program(home=run.home)

    done = offline("plan", "evacuate", "esx-001", "--from", "site.json", "-o", "json")

    assert done.exit_code == 0, done.text
    ways = [{move["vm"]["name"]: move["destination"]["name"] for move in one["moves"]} for one in (live, done.json)]
    assert ways[0] == ways[1]
    assert done.json["fingerprint"] == live["fingerprint"]


def test_apply_runs_a_plan_once_and_then_all_is_done(site: SimulatedVCenter, program: Run) -> None:
    run = program(site)
    document = plan_of(run, "evacuate", "esx-001")
    wanted = {move["vm"]["name"]: move["destination"]["name"] for move in document["moves"]}

    first = run("apply", "plan.json", "--yes", "-o", "json")

    assert first.exit_code == 0, first.text
    with observing(site) as observer:
        hosts = observer.hosts()
        assert {name: hosts[name] for name in wanted} == wanted
        assert "esx-001" not in hosts.values()
    site.control.clear_trace()
    second = run("apply", "plan.json", "--yes")
    assert second.exit_code == 0, second.text
    assert "Nothing to do" in second.stdout
    assert writes(site) == set()


def test_a_vm_that_somebody_has_moved_there_already_is_done_and_the_rest_is_run(
    site: SimulatedVCenter, program: Run
) -> None:
    run = program(site)
    document = plan_of(run, "evacuate", "esx-001")
    first, *others = document["moves"]
    assert run("migrate", first["vm"]["name"], "--to-host", first["destination"]["name"], "--yes").exit_code == 0

    done = run("apply", "plan.json", "--yes", "-o", "json")

    assert done.exit_code == 0, done.text
    assert {outcome["vm"]["name"] for outcome in done.json["outcomes"]} == {move["vm"]["name"] for move in others}


def test_what_has_changed_is_shown_and_nothing_starts_unless_it_is_planned_again(
    site: SimulatedVCenter, program: Run
) -> None:
    run = program(site)
    document = plan_of(run, "evacuate", "esx-001")
    move = document["moves"][0]
    elsewhere = next(name for name in ("esx-002", "esx-003", "esx-004") if name != move["destination"]["name"])
    assert run("migrate", move["vm"]["name"], "--to-host", elsewhere, "--yes").exit_code == 0
    site.control.clear_trace()

    stale = run("apply", "plan.json", "--yes", "-o", "json")

    assert stale.exit_code == 8, stale.text
    assert stale.json["error"]["code"] == "stale_plan"
    assert stale.json["error"]["details"] == [f"{move['vm']['name']} is on {elsewhere} and was on esx-001"]
    assert writes(site) == set()

    again = run("apply", "plan.json", "--yes", "--replan", "-o", "json")
    assert again.exit_code == 0, again.text
    with observing(site) as observer:
        assert "esx-001" not in observer.hosts().values()
        assert observer.hosts()[move["vm"]["name"]] == elsewhere


def test_a_destination_in_maintenance_mode_is_a_difference(site: SimulatedVCenter, program: Run) -> None:
    run = program(site)
    document = plan_of(run, "evacuate", "esx-001")
    destination = document["moves"][0]["destination"]
    site.control.patch(destination["moid"], {"runtime.inMaintenanceMode": True})

    stale = run("apply", "plan.json", "--yes")

    assert stale.exit_code == 8, stale.text
    assert f"maintenance mode of the destination {destination['name']} is True and was False" in stale.stderr


def test_room_that_somebody_else_has_taken_is_a_difference(full: SimulatedVCenter, program: Run) -> None:
    run = program(full)
    plan_of(run, "migrate", "big-a", "--to-host", "esx3")
    assert run("migrate", "big-b", "--to-host", "esx3", "--yes").exit_code == 0

    stale = run("apply", "plan.json", "--yes")

    assert stale.exit_code == 8, stale.text
    assert "esx3 has" in stale.stderr
    assert "left when big-a comes, which needs 20480" in stale.stderr


def test_every_problem_of_a_garbage_plan_is_told_at_once_and_nothing_is_connected(
    site: SimulatedVCenter, program: Run
) -> None:
    run = program(site)
    document = plan_of(run, "evacuate", "esx-001")
    document["kind"] = "explode"
    document["moves"][0]["wave"] = "first"
    del document["moves"][1]["reason"]
    document["surprise"] = 1
    (run.home / "bad.json").write_text(json.dumps(document))
    site.control.clear_trace()

    done = run("apply", "bad.json", "--yes", "-o", "json")

    assert done.exit_code == 2
    assert done.json["error"]["code"] == "bad_input"
    told = "\n".join(done.json["error"]["details"])
    for line in ("$.kind", "$.moves[0].wave", "$.moves[1].reason", "$.surprise"):
        assert line in told
    assert site.control.trace() == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(lambda plan: plan["moves"][0].update(relies_on=[99]), "relies_on names the move 99", id="order"),
        pytest.param(lambda plan: plan["facts"]["vms"][0].update(host="host-1"), "changed by hand", id="facts by hand"),
        pytest.param(lambda plan: plan["moves"].append(plan["moves"][0]), "is moved already", id="twice"),
        pytest.param(lambda plan: plan.update(schema="vsphere-motion/plan/v9"), "plan/v9", id="another version"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(
    change: Callable[[dict[str, Any]], object], told: str, site: SimulatedVCenter, program: Run
) -> None:
    run = program(site)
    document = plan_of(run, "evacuate", "esx-001")
    change(document)
    (run.home / "bad.json").write_text(json.dumps(document))

    done = run("plan", "show", "bad.json")

    assert done.exit_code == 2
    assert told in done.stderr


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00", "[" * 100_000], ids=["empty", "cut", "list", "nul", "deep"])
def test_a_file_that_is_no_plan_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text(text)

    done = Program(home=tmp_path)("plan", "show", "bad.json")

    assert done.exit_code == 2, done.text
    assert "bad.json" in done.stderr
    assert "Traceback" not in done.stderr


def test_plans_are_shown_compared_and_exported(site: SimulatedVCenter, program: Run) -> None:
    run = program(site)
    plan_of(run, "evacuate", "esx-001")
    (run.home / "first.json").write_bytes((run.home / "plan.json").read_bytes())
    document = plan_of(run, "evacuate", "esx-001", "--cordon", "esx-002")
    names = [move["vm"]["name"] for move in document["moves"]]

    shown = run("plan", "show", "plan.json")
    compared = run("plan", "diff", "first.json", "plan.json", "-o", "json")
    table = run("plan", "export", "plan.json", "--csv", "-")

    assert all(name in shown.stdout for name in names)
    changed = [change["name"] for change in compared.json["changes"]]
    assert changed
    assert set(changed) <= set(names)
    assert all("esx-002" in change["before"] for change in compared.json["changes"] if change["name"] == changed[0])
    assert [row["vm"] for row in csv.DictReader(io.StringIO(table.stdout))] == names
    assert "esx-002" not in {move["destination"]["name"] for move in document["moves"]}


def test_who_is_pushed_aside_leaves_before_the_other_comes(
    vcenter_factory: VCenterFactory, tmp_path: Path, program: Run
) -> None:
    scenario = tmp_path / "narrow.yaml"
    scenario.write_text(NARROW, encoding="utf-8")
    vcenter = vcenter_factory(scenario=scenario, speed=50)
    run = program(vcenter)

    document = plan_of(run, "evacuate", "esx1")
    done = run("apply", "plan.json", "--yes", "-o", "json")

    ways = [(move["vm"]["name"], move["destination"]["name"], move["relies_on"]) for move in document["moves"]]
    assert ways == [("middle", "esx3", []), ("big", "esx2", [0])]
    assert done.exit_code == 0, done.text
    times = {outcome["vm"]["name"]: outcome for outcome in done.json["outcomes"]}
    assert times["middle"]["completed_at"] <= times["big"]["queued_at"]


def test_a_run_that_is_killed_goes_on_in_the_order_of_its_plan(
    vcenter_factory: VCenterFactory, tmp_path: Path, program: Run
) -> None:
    scenario = tmp_path / "narrow.yaml"
    scenario.write_text(NARROW, encoding="utf-8")
    vcenter = vcenter_factory(scenario=scenario, speed=20)
    run = program(vcenter)
    plan_of(run, "evacuate", "esx1")

    killed = run("apply", "plan.json", "--yes", VSPHERE_MOTION_FAILPOINT="after_task_row")
    resumed = run("resume", "-o", "json")

    assert killed.exit_code == -9
    assert resumed.exit_code == 0, resumed.text
    times = {outcome["vm"]["name"]: outcome for outcome in resumed.json["outcomes"]}
    assert {name: outcome["state"] for name, outcome in times.items()} == {"middle": "moved", "big": "moved"}
    assert times["middle"]["completed_at"] <= times["big"]["queued_at"]


def test_migrate_to_a_cluster_spreads_the_vms(vcenter_factory: VCenterFactory, program: Run) -> None:
    vcenter = vcenter_factory(hosts=4, vms=8, clusters=2, speed=200)
    run = program(vcenter)
    with observing(vcenter) as observer:
        before = observer.hosts()
    first = {name for name, host in before.items() if host == before["vm-001"]}
    document = plan_of(run, "migrate", *sorted(first), "--to-cluster", "cluster-02")

    done = run("apply", "plan.json", "--yes")

    assert done.exit_code == 0, done.text
    with observing(vcenter) as observer:
        after = observer.hosts()
    assert {name: after[name] for name in first} == {
        move["vm"]["name"]: move["destination"]["name"] for move in document["moves"]
    }
    assert not {after[name] for name in first} & {before["vm-001"]}


def test_a_plan_of_another_vcenter_is_refused(
    site: SimulatedVCenter, vcenter_factory: VCenterFactory, program: Run
) -> None:
    run = program(site)
    document = plan_of(run, "evacuate", "esx-001")
    document["server"] = "00000000-0000-0000-0000-000000000000"
    (run.home / "other.json").write_text(json.dumps(document))

    done = run("apply", "other.json", "--yes")

    assert done.exit_code == 2
    assert "was made for the vCenter 00000000" in done.stderr
