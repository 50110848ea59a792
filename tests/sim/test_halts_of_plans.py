"""Plans and rollings that stop for a person to look or because a first move went badly, and go on where they stood."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.observer import observing
from tests.program import Program
from tests.sim.exchange import EXCHANGE
from tests.sim.patching import Patching
from tests.sim.storage_site import relocations
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

ProgramFor = Callable[[SimulatedVCenter], Program]


@pytest.fixture
def exchange(vcenter_factory: VCenterFactory, tmp_path: Path) -> SimulatedVCenter:
    scenario = tmp_path / "exchange.yaml"
    scenario.write_text(EXCHANGE, encoding="utf-8")
    return vcenter_factory(scenario=scenario, speed=500)


@pytest.fixture
def pair(vcenter_factory: VCenterFactory) -> SimulatedVCenter:
    """Two hosts with two VMs each."""
    return vcenter_factory(hosts=2, vms=4, speed=500)


@pytest.fixture
def patching(tmp_path: Path) -> Patching:
    place = tmp_path / "patching"
    place.mkdir()
    return Patching(place)


def hosts_of(vcenter: SimulatedVCenter) -> dict[str, str]:
    with observing(vcenter) as observer:
        return observer.hosts()


def states(document: dict[str, Any]) -> list[str]:
    return [outcome["state"] for outcome in document["outcomes"]]


def steps(document: dict[str, Any]) -> dict[str, str]:
    return {host["name"]: host["state"] for host in document["hosts"]}


@pytest.mark.parametrize("rule", ["wave", "1"])
def test_a_plan_pauses_after_each_wave_and_resume_goes_on(
    rule: str, exchange: SimulatedVCenter, program: ProgramFor
) -> None:
    run = program(exchange)
    (run.home / "swap.csv").write_text("vm,host\nleft,esx-2\nright,esx-1\n")
    made = run("plan", "migrate", "-f", "swap.csv", "-O", "plan.json", "-o", "json")
    assert [move["wave"] for move in made.json["moves"]] == [0, 1, 2]

    done = run("apply", "plan.json", "--pause-after", rule, "--yes", "-o", "json")

    assert done.exit_code == 9, done.text
    assert states(done.json) == ["moved", "not_started", "not_started"]
    assert ("wave 1 has ended" if rule == "wave" else "one move has ended") in done.json["halted"]
    assert relocations(exchange) == 1
    rest = run("resume", done.json["run"], "-o", "json")
    assert rest.exit_code == 0, rest.text
    assert hosts_of(exchange) == {"left": "esx-2", "right": "esx-1"}
    assert relocations(exchange) == 3


def test_a_canary_of_a_plan_that_does_not_move_starts_nothing_else(
    exchange: SimulatedVCenter, program: ProgramFor
) -> None:
    run = program(exchange)
    (run.home / "swap.csv").write_text("vm,host\nleft,esx-2\nright,esx-1\n")
    assert run("plan", "migrate", "-f", "swap.csv", "-O", "plan.json").exit_code == 0
    exchange.control.plant_faults({"match": {"count": 1}, "fail": {"fault": "GenericVmConfigFault"}})

    done = run("apply", "plan.json", "--canary", "1", "--yes", "-o", "json")

    assert done.exit_code == 9, done.text
    assert "one of the first 1, did not move" in done.json["halted"]
    assert states(done.json) == ["failed", "not_started", "not_started"]
    assert relocations(exchange) == 1
    assert hosts_of(exchange) == {"left": "esx-1", "right": "esx-2"}


def cluster_of(vcenter: SimulatedVCenter) -> str:
    (name,) = [one["name"] for one in vcenter.control.site() if one["type"] == "ClusterComputeResource"]
    return str(name)


def test_a_rolling_pauses_while_a_host_is_emptied_and_goes_on_where_it_stood(
    pair: SimulatedVCenter, program: ProgramFor, patching: Patching
) -> None:
    run, before = program(pair), hosts_of(pair)
    words = ("rolling", cluster_of(pair), "--each", patching.each, "--pause-after", "1", "--yes", "-o", "json")

    paused = run(*words)

    assert paused.exit_code == 9, paused.text
    assert steps(paused.json) == {"esx-001": "evacuating", "esx-002": "planned"}
    assert "paused: one move has ended" in paused.stderr
    assert f"vsphere-motion rolling --resume {paused.json['rolling']}" in paused.stderr
    assert (relocations(pair), patching.hosts) == (1, [])
    done = run("rolling", "--resume", paused.json["rolling"], "--yes", "-o", "json")
    assert done.exit_code == 0, done.text
    assert set(steps(done.json).values()) == {"done"}
    assert (patching.hosts, hosts_of(pair)) == (["esx-001", "esx-002"], before)


def test_a_rolling_whose_canary_does_not_move_patches_nothing(
    pair: SimulatedVCenter, program: ProgramFor, patching: Patching
) -> None:
    run, before = program(pair), hosts_of(pair)
    pair.control.plant_faults({"match": {"count": 1}, "fail": {"fault": "GenericVmConfigFault"}})
    words = ("rolling", cluster_of(pair), "--each", patching.each, "--canary", "1", "--yes", "-o", "json")

    halted = run(*words)

    assert halted.exit_code == 9, halted.text
    assert steps(halted.json) == {"esx-001": "evacuating", "esx-002": "planned"}
    assert "did not move" in halted.stderr
    assert (relocations(pair), patching.hosts, hosts_of(pair)) == (1, [], before)
    done = run("rolling", "--resume", halted.json["rolling"], "--yes", "-o", "json")
    assert done.exit_code == 0, done.text
    assert (patching.hosts, hosts_of(pair)) == (["esx-001", "esx-002"], before)
