"""Hosts are emptied, clusters evened out and rules repaired, seen by an independent client."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pyVmomi import vim

from tests.observer import observing
from tests.program import READS, Program
from tests.unit.report.schema import load, problems
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

Run = Callable[[SimulatedVCenter], Program]

UNEVEN = """
version: 1
clusters:
  - name: Uneven
    drs: {automation: manual}
    hosts: [{name: esx1, memory_gib: 64}, {name: esx2, memory_gib: 64}, {name: esx3, memory_gib: 64}]
datastores: [{name: shared}]
networks: [{name: lan}]
vms:
  - {repeat: 6, name: "load-#", host: esx1, memory_gib: 8, touched_percent: 90}
  - {name: twin-a, host: esx2, memory_gib: 4}
  - {name: twin-b, host: esx2, memory_gib: 4}
  - {name: vCLS-1234, host: esx1, memory_gib: 1}
  - {name: asleep, host: esx1, memory_gib: 2, power: "off"}
rules:
  - {cluster: Uneven, name: twins apart, kind: anti-affinity, vms: [twin-a, twin-b]}
"""


@pytest.fixture
def uneven(vcenter_factory: VCenterFactory, tmp_path: Path) -> SimulatedVCenter:
    scenario = tmp_path / "uneven.yaml"
    scenario.write_text(UNEVEN, encoding="utf-8")
    return vcenter_factory(scenario=scenario, speed=200)


@pytest.fixture
def plain(vcenter_factory: VCenterFactory, tmp_path: Path) -> SimulatedVCenter:
    """The same without a system VM, which on a real vCenter leaves by itself when its host enters maintenance mode."""
    scenario = tmp_path / "plain.yaml"
    scenario.write_text("".join(line for line in UNEVEN.splitlines(True) if "vCLS" not in line), encoding="utf-8")
    return vcenter_factory(scenario=scenario, speed=200)


def writes(vcenter: SimulatedVCenter) -> set[str]:
    return {call["method"] for call in vcenter.control.trace()} - READS


def in_maintenance(vcenter: SimulatedVCenter) -> dict[str, bool]:
    with observing(vcenter) as observer:
        hosts = observer.read(vim.HostSystem, "runtime.inMaintenanceMode")
    return {name: bool(values["runtime.inMaintenanceMode"]) for name, values in hosts.items()}


def test_a_host_is_emptied_evenly_and_enters_maintenance_mode(plain: SimulatedVCenter, program: Run) -> None:
    done = program(plain)("evacuate", "esx1", "--maintenance-mode", "--yes", "-o", "json")

    assert done.exit_code == 0, done.text
    with observing(plain) as observer:
        hosts = observer.hosts()
    assert "esx1" not in hosts.values()
    loads = [hosts[f"load-{number}"] for number in range(1, 7)]
    assert sorted(map(loads.count, ("esx2", "esx3"))) in ([2, 4], [3, 3])
    (entered,) = done.json["maintenance"]
    assert (entered["host"], entered["in_maintenance_mode"]) == ("esx1", True)
    assert entered["run"] == done.json["run"]
    assert in_maintenance(plain) == {"esx1": True, "esx2": False, "esx3": False}


def test_vms_that_are_off_stay_where_they_are_told_to(uneven: SimulatedVCenter, program: Run) -> None:
    done = program(uneven)("evacuate", "esx1", "--powered-off", "leave", "--yes")

    assert done.exit_code == 0, done.text
    assert "left: asleep on esx1: it is powered off, and those are left" in done.stderr
    with observing(uneven) as observer:
        assert {name for name, host in observer.hosts().items() if host == "esx1"} == {"vCLS-1234", "asleep"}


def test_a_dry_run_shows_the_plan_and_changes_nothing(uneven: SimulatedVCenter, program: Run) -> None:
    uneven.control.clear_trace()

    done = program(uneven)("evacuate", "esx1", "--maintenance-mode", "--dry-run")

    assert done.exit_code == 0, done.text
    assert "empties esx1" in done.stdout
    assert "left: vCLS-1234 on esx1: a system VM" in done.stdout
    assert writes(uneven) == set()


def test_off_a_terminal_nothing_moves_without_yes(uneven: SimulatedVCenter, program: Run) -> None:
    uneven.control.clear_trace()

    done = program(uneven)("evacuate", "esx1")

    assert done.exit_code == 2
    assert "--yes" in done.stderr
    assert writes(uneven) == set()


def test_who_cannot_leave_is_named_for_each_host_before_anything_starts(
    vcenter_factory: VCenterFactory, program: Run
) -> None:
    site = vcenter_factory(scenario="brownfield", speed=200)
    run = program(site)
    site.control.clear_trace()

    done = run("evacuate", "prod-old-01", "--maintenance-mode", "--yes", "-o", "json")

    assert done.exit_code == 3, done.text
    assert writes(site) == set()
    details = "\n".join(done.json["error"]["details"])
    for vm, check in [
        ("erp-db", "[storage.rdm]"),
        ("cluster-node-1", "[devices.shared-bus]"),
        ("cd-left-in", "[devices.cdrom]"),
        ("local-disk", "[storage.reachable]"),
    ]:
        named = details.split(f"{vm} on prod-old-01")[1].split(" on prod-old-01")[0]
        assert "prod-old-02: " in named
        assert "prod-old-03: " in named
        assert check in named

    partly = run("evacuate", "prod-old-01", "--maintenance-mode", "--yes", "--partial", "-o", "json")
    assert partly.exit_code == 3, partly.text
    states = {outcome["vm"]["name"]: outcome["state"] for outcome in partly.json["outcomes"]}
    stayed = ("erp-db", "cluster-node-1", "cd-left-in", "local-disk")
    assert states == {"web-01": "moved", **dict.fromkeys(stayed, "blocked")}
    assert problems(load("run-v1.json"), partly.json) == []
    assert "[devices.cdrom]" in run("report", partly.json["run"]).stdout
    assert partly.json["maintenance"] == []
    assert not in_maintenance(site)["prod-old-01"]


def test_nobody_is_sent_to_a_host_in_maintenance_mode_or_disconnected(
    vcenter_factory: VCenterFactory, program: Run
) -> None:
    site = vcenter_factory(scenario="brownfield", speed=200)

    done = program(site)("plan", "evacuate", "prod-new-01", "-o", "json")

    assert done.exit_code == 3, done.text
    assert {move["destination"]["name"] for move in done.json["moves"]} == {"prod-new-02"}
    reasons = {
        stuck["vm"]["name"]: {one["host"]["name"]: one["reason"] for one in stuck["reasons"]}
        for stuck in done.json["stuck"]
    }
    assert reasons["reserved-giant"]["prod-new-03"] == "it is in maintenance mode"
    assert "not enough memory" in reasons["reserved-giant"]["prod-new-02"]
    assert "[devices.vgpu-profile]" in reasons["gpu-render"]["prod-new-02"]


def test_a_must_rule_holds_a_vm(vcenter_factory: VCenterFactory, program: Run) -> None:
    site = vcenter_factory(scenario="brownfield", speed=200)

    done = program(site)("evacuate", "dmz-02", "--yes")

    assert done.exit_code == 3, done.text
    assert "mail-relay on dmz-02" in done.stderr
    assert "[cluster.must-rule]" in done.stderr


def test_two_hosts_are_emptied_in_one_plan_and_cordoned_ones_stay_out(
    vcenter_factory: VCenterFactory, program: Run
) -> None:
    site = vcenter_factory(hosts=5, vms=15, speed=200)

    done = program(site)("evacuate", "esx-001", "esx-002", "--cordon", "esx-003", "--yes", "-o", "json")

    assert done.exit_code == 0, done.text
    assert {outcome["destination"]["host"]["name"] for outcome in done.json["outcomes"]} == {"esx-004", "esx-005"}
    with observing(site) as observer:
        assert not {"esx-001", "esx-002"} & set(observer.hosts().values())


def test_a_cluster_is_evened_out_with_few_moves(uneven: SimulatedVCenter, program: Run) -> None:
    run = program(uneven)

    planned = run("plan", "rebalance", "Uneven", "--goal", "memory", "-o", "json")
    done = run("rebalance", "Uneven", "--goal", "memory", "--yes", "-o", "json")

    assert done.exit_code == 0, done.text
    evenness = planned.json["evenness"]
    assert evenness["after_percent"] < evenness["before_percent"] / 2
    assert 1 <= len(done.json["outcomes"]) <= 5
    assert {outcome["source"]["host"]["name"] for outcome in done.json["outcomes"]} == {"esx1"}

    again = run("plan", "rebalance", "Uneven", "--goal", "memory", "-o", "json")
    moved = {outcome["vm"]["name"] for outcome in done.json["outcomes"]}
    assert not moved & {move["vm"]["name"] for move in again.json["moves"]}


def test_max_moves_is_kept(uneven: SimulatedVCenter, program: Run) -> None:
    run = program(uneven)

    assert len(run("plan", "rebalance", "Uneven", "--max-moves", "1", "-o", "json").json["moves"]) == 1
    assert run("plan", "rebalance", "Uneven", "--min-gain", "90", "-o", "json").json["moves"] == []


def test_a_broken_rule_is_repaired_by_one_move(uneven: SimulatedVCenter, program: Run) -> None:
    run = program(uneven)

    done = run("spread", "Uneven", "--yes", "-o", "json")

    assert done.exit_code == 0, done.text
    (outcome,) = done.json["outcomes"]
    assert outcome["vm"]["name"] in {"twin-a", "twin-b"}
    with observing(uneven) as observer:
        hosts = observer.hosts()
    assert hosts["twin-a"] != hosts["twin-b"]
    nothing = run("spread", "Uneven", "--yes")
    assert nothing.exit_code == 0
    assert "Nothing to do" in nothing.stdout


def test_every_word_that_cannot_be_used_is_told_at_once(uneven: SimulatedVCenter, program: Run) -> None:
    done = program(uneven)("evacuate", "esx9", "--cordon", "esx8", "--yes")

    assert done.exit_code == 2
    assert "esx9" in done.stderr
    assert "esx8" in done.stderr


def test_a_host_without_a_cluster_needs_a_destination(vcenter_factory: VCenterFactory, program: Run) -> None:
    site = vcenter_factory(hosts=2, vms=2, clusters=2, speed=200)

    done = program(site)("evacuate", "esx-001", "--yes")

    assert done.exit_code == 2
    assert "--to-cluster" in done.stderr
