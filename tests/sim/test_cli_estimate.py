"""`estimate`, the expected time of a run, `history --calibrate` and the stun budget, on the simulator."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.program import READS, Program
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

SITE = """\
version: 1
clusters:
  - name: c
    hosts:
      - {name: a, memory_gib: 2048, vmotion: {link_gbps: 10}}
      - {name: b, memory_gib: 2048, vmotion: {link_gbps: 10}}
      - {name: slow, memory_gib: 2048, vmotion: {link_gbps: 1}}
datastores:
  - {name: ds, capacity_gib: 65536}
networks:
  - {name: net}
vms:
  - {name: idle, host: a, memory_gib: 64, datastore: ds, networks: [net]}
  - {name: off, host: a, power: "off", memory_gib: 64, datastore: ds, networks: [net]}
  - {name: there, host: b, memory_gib: 8, datastore: ds, networks: [net]}
  - {name: one, host: a, memory_gib: 4, dirty_mbps: 400, datastore: ds, networks: [net]}
  - {name: two, host: a, memory_gib: 4, dirty_mbps: 400, datastore: ds, networks: [net]}
  - {name: three, host: a, memory_gib: 4, dirty_mbps: 400, datastore: ds, networks: [net]}
"""


@pytest.fixture
def site(vcenter_factory: VCenterFactory, tmp_path: Path) -> SimulatedVCenter:
    path = tmp_path / "site.yaml"
    path.write_text(SITE, encoding="utf-8")
    return vcenter_factory(scenario=path, speed=200)


def estimates(done: Any) -> dict[str, Any]:
    assert done.exit_code == 0, done.text
    assert done.json["schema"] == "vsphere-motion/estimate/v1"
    return {move["vm"]["name"]: move["estimate"] for move in done.json["moves"]}


def test_64_gib_of_an_idle_guest_at_10_gbit_take_55_to_60_seconds(
    site: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    site.control.clear_trace()
    done = program(site)("estimate", "idle", "--to-host", "b", "-o", "json")
    one = estimates(done)["idle"]

    assert 55 <= one["duration_s"]["likely"] <= 60
    assert one["duration_s"]["low"] <= 57.6 <= one["duration_s"]["high"]
    assert one["basis"] == "link"
    assert one["convergence"] == "yes"
    assert any("no move was measured" in reason for reason in one["reasons"])
    assert {call["method"] for call in site.control.trace()} <= READS


def test_what_cannot_be_told_is_not_told(
    site: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    found = estimates(program(site)("estimate", "off", "there", "idle", "--to-host", "b", "-o", "json"))
    assert found["there"] is None
    assert found["off"]["duration_s"] is None
    assert found["off"]["reasons"] == ["it is off, so no memory is sent"]
    slow = estimates(program(site)("estimate", "idle", "--to-host", "slow", "-o", "json"))["idle"]
    assert slow["duration_s"]["likely"] == pytest.approx(10 * found["idle"]["duration_s"]["likely"], rel=0.1)
    assert slow["link_bps"] == 1_000_000_000


def test_the_table_has_each_vm_and_the_reasons_once(
    site: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    done = program(site)("estimate", "one", "two", "three", "off", "--to-host", "b", "--at-once", "3")
    assert done.exit_code == 0, done.text
    assert done.stdout.splitlines()[0].split() == [
        "VM",
        "FROM",
        "TO",
        "MEMORY",
        "DURATION",
        "STUN",
        "PRE-COPY",
        "BANDWIDTH",
    ]
    assert done.stdout.count("~") == 6, "a duration and a stun for each VM that runs"
    assert done.stderr.count("up to 3 moves share the links") == 1


def test_a_measured_move_makes_the_next_estimate_narrow_and_calibration_tells_how_good_it_is(
    site: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    call = program(site)
    nothing = call("history", "--calibrate", "-o", "json")
    assert nothing.json["moves"] == 0
    moved = call("migrate", "idle", "--to-host", "b", "--yes")
    assert moved.exit_code == 0, moved.text
    assert " expected ~" in moved.stderr, "a run says what it expects"
    back = estimates(call("estimate", "idle", "--to-host", "a", "-o", "json"))["idle"]
    told = call("history", "--calibrate", "-o", "json")

    assert back["basis"] == "pair"
    assert back["samples"] == 1
    assert back["duration_s"]["high"] / back["duration_s"]["low"] <= 2
    assert back["duration_s"]["low"] <= 57.6 <= back["duration_s"]["high"]
    (truth,) = site.control.motions()
    assert back["stun_s"]["low"] <= truth["downtime_s"] <= back["stun_s"]["high"]
    assert told.json["schema"] == "vsphere-motion/calibration/v1"
    (trial,) = told.json["trials"]
    assert trial["inside"] is True
    assert trial["basis"] == "link", "told from what was known before it"
    assert "1 move, each told from those before it: 100% inside" in call("history", "--calibrate").stdout
    assert call("history", "calibrate").stdout == call("history", "--calibrate").stdout
    assert call("history", "calibrate", "--vm", "idle").exit_code == 2
    assert call("history", "--calibrate", "--vm", "idle").exit_code == 2


def test_a_broken_stun_budget_stops_the_run(
    site: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    call = program(site)
    done = call(
        "migrate", "one", "two", "three", "--to-host", "b", "--yes", "--canary", "1", "--max-stun", "50ms", "-o", "json"
    )
    assert done.exit_code == 9, done.text
    assert "no further moves start: one stood still for" in done.stderr
    assert "more than --max-stun 50ms" in done.stderr
    assert [outcome["state"] for outcome in done.json["outcomes"]] == ["moved", "not_started", "not_started"]
    assert len(site.control.motions()) == 1
    assert "resume" in done.stderr

    rest = call("resume", "--max-stun", "2s", "-o", "json")
    assert rest.exit_code == 0, rest.text
    assert [outcome["state"] for outcome in rest.json["outcomes"]] == ["moved"] * 3


def test_the_canary_goes_alone(site: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]) -> None:
    done = program(site)("migrate", "one", "two", "three", "--to-host", "b", "--yes", "--canary", "1", "-o", "json")
    assert done.exit_code == 0, done.text
    first, *others = sorted(site.control.motions(), key=lambda motion: motion["queued_at"])
    assert all(motion["queued_at"] >= first["completed_at"] for motion in others)


def test_a_budget_needs_somebody_who_watches(
    site: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    done = program(site)("migrate", "one", "--to-host", "b", "--yes", "--canary", "1", "--no-wait")
    assert done.exit_code == 2
    assert "leave --no-wait out" in done.stderr
    assert site.control.motions() == []


def test_a_budget_of_what_a_selector_names_stops_the_run_for_these_alone(
    site: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    call = program(site)
    words = ("migrate", "one", "two", "three", "--to-host", "b", "--yes", "--max-concurrent", "1")
    bad = call(*words, "--max-stun-of", "nobody=50ms")
    assert (bad.exit_code, "nobody" in bad.stderr, site.control.motions()) == (2, True, [])
    assert call(*words, "--max-stun-of", "50ms").exit_code == 2

    done = call(*words, "--max-stun", "2s", "--max-stun-of", "tw*=50ms", "-o", "json")
    assert done.exit_code == 9, done.text
    assert "no further moves start: two stood still for" in done.stderr
    assert [outcome["state"] for outcome in done.json["outcomes"]] == ["moved", "moved", "not_started"]
