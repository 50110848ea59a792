"""DRS is asked where VMs should go, and what it says is merged with what the checks and the room allow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.observer import observing
from tests.program import READS, Program
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = [pytest.mark.vcsim, pytest.mark.timeout(360)]

Run = Callable[[SimulatedVCenter], Program]

SITE = """
version: 1
clusters:
  - name: Automated
    drs: {automation: manual}
    hosts: [{name: esx1, memory_gib: 64}, {name: esx2, memory_gib: 64}, {name: esx3, memory_gib: 128}]
  - name: Without
    drs: {enabled: false}
    hosts: [{name: bare1, memory_gib: 64}, {name: bare2, memory_gib: 64}]
datastores: [{name: shared}]
networks: [{name: lan}]
vms:
  - {repeat: 4, name: "load-#", host: esx1, memory_gib: 8, touched_percent: 90}
  - {name: filler, host: esx2, memory_gib: 40, touched_percent: 90}
  - {name: stray, host: bare1, memory_gib: 4}
"""

RECOMMENDED = "DRS recommends it"


@pytest.fixture
def site(vcenter_factory: VCenterFactory, tmp_path: Path) -> SimulatedVCenter:
    scenario = tmp_path / "site.yaml"
    scenario.write_text(SITE, encoding="utf-8")
    return vcenter_factory(scenario=scenario, speed=200)


def hosts_of(vcenter: SimulatedVCenter) -> dict[str, str]:
    with observing(vcenter) as observer:
        return observer.hosts()


def calls(vcenter: SimulatedVCenter, method: str) -> int:
    return sum(1 for call in vcenter.control.trace() if call["method"] == method)


def test_vms_come_into_a_cluster_where_drs_wants_them(site: SimulatedVCenter, program: Run) -> None:
    done = program(site)("migrate", "stray", "--to-cluster", "Automated", "--placement", "drs", "--yes")

    assert done.exit_code == 0, done.text
    assert RECOMMENDED in done.stderr
    assert hosts_of(site)["stray"] == "esx3", "the emptiest, which the simulator's DRS names first"
    assert calls(site, "PlaceVm") == 1


def test_a_host_is_emptied_onto_hosts_that_drs_recommends(site: SimulatedVCenter, program: Run) -> None:
    done = program(site)("evacuate", "esx1", "--placement", "drs", "--yes", "-o", "json")

    assert done.exit_code == 0, done.text
    assert calls(site, "RecommendHostsForVm") == 4
    assert "esx1" not in hosts_of(site).values()
    assert {one["state"] for one in done.json["outcomes"]} == {"moved"}


def test_a_host_that_is_cordoned_stays_so_whatever_drs_says(site: SimulatedVCenter, program: Run) -> None:
    done = program(site)("plan", "evacuate", "esx1", "--placement", "drs", "--cordon", "esx3", "-o", "json")

    moves = done.json["moves"]
    assert {move["destination"]["name"] for move in moves} == {"esx2"}
    assert all(move["reason"].startswith("empties esx1; DRS recommends it, 2 of its 2 hosts") for move in moves)
    assert done.exit_code == 3, "esx2 has no room for all of them"
    assert {one["reason"] for stuck in done.json["stuck"] for one in stuck["reasons"]} >= {"it is cordoned"}


def test_moves_that_drs_recommends_are_made_by_a_run_of_ours(site: SimulatedVCenter, program: Run) -> None:
    run = program(site)
    quiet = run("plan", "rebalance", "Automated", "--placement", "drs", "-o", "json")
    assert (quiet.exit_code, quiet.json["moves"]) == (0, [])
    assert quiet.json["note"] == "DRS of Automated recommends no move now"
    with observing(site) as observer:
        cluster = observer.host("esx1").parent
        cluster.RefreshRecommendation()
        wanted = {
            action.drsMigration.vm.name: action.drsMigration.destination.name
            for one in cluster.recommendation
            for action in one.action
        }
    assert wanted, "the simulator's DRS evens this cluster out"

    done = run("rebalance", "Automated", "--placement", "drs", "--yes")

    assert done.exit_code == 0, done.text
    assert RECOMMENDED in done.stderr
    assert {name: hosts_of(site)[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("migrate", "load-1", "--to-cluster", "Without"), "Without has no DRS that is on", id="off"),
        pytest.param(("evacuate", "bare1"), "Without has no DRS that is on", id="evacuate"),
        pytest.param(("rebalance", "Without"), "Without has no DRS that is on", id="rebalance"),
        pytest.param(
            ("migrate", "load-1", "--to-host", "esx2"), "chooses the hosts, and --to-host names one", id="one"
        ),
    ],
)
def test_where_there_is_no_drs_to_ask_it_is_said_and_nothing_moves(
    words: tuple[str, ...], said: str, site: SimulatedVCenter, program: Run
) -> None:
    site.control.clear_trace()

    done = program(site)(*words, "--placement", "drs", "--yes")

    assert done.exit_code == 2, done.text
    assert said in done.stderr
    assert {call["method"] for call in site.control.trace()} <= READS


def test_a_snapshot_has_no_drs(site: SimulatedVCenter, program: Run) -> None:
    run = program(site)
    assert run("snapshot", "save", "-O", "site.json").exit_code == 0

    done = run("plan", "evacuate", "esx1", "--placement", "drs", "--from", "site.json")

    assert done.exit_code == 2
    assert "DRS has to be asked, and a snapshot has none" in done.stderr


def test_planning_with_drs_changes_nothing(site: SimulatedVCenter, program: Run) -> None:
    site.control.clear_trace()

    done = program(site)("plan", "migrate", "load-1", "stray", "--to-cluster", "Automated", "--placement", "drs")

    assert done.exit_code == 0, done.text
    assert {call["method"] for call in site.control.trace()} <= READS
