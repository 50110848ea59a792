"""A host that our checks allow and vCenter refuses: the next best is tried, a few times, and the report tells it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.observer import observing
from tests.program import Program
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = [pytest.mark.vcsim, pytest.mark.timeout(360)]

Run = Callable[[SimulatedVCenter], Program]

SITE = """
version: 1
clusters:
  - name: Cluster
    drs: {automation: manual}
    hosts:
      - {name: esx1, memory_gib: 64}
      - {name: esx2, memory_gib: 64}
      - {name: esx3, memory_gib: 128%s}
datastores: [{name: shared}]
networks: [{name: lan}]
vms:
  - {repeat: 3, name: "load-#", host: esx1, memory_gib: 8, touched_percent: 50}
  - {name: filler, host: esx2, memory_gib: 24, touched_percent: 50}
"""

OLD_PROTOCOL = ", vmotion: {protocol: 0}"
"""What no property shows, so that vCenter alone can say it."""

REFUSED = {"fault": "GenericVmConfigFault", "message": "this host takes nobody today"}


@pytest.fixture
def make(vcenter_factory: VCenterFactory, tmp_path: Path) -> Callable[[str], SimulatedVCenter]:
    def started(words: str = "") -> SimulatedVCenter:
        scenario = tmp_path / "site.yaml"
        scenario.write_text(SITE % words, encoding="utf-8")
        return vcenter_factory(scenario=scenario, speed=200)

    return started


def hosts_of(vcenter: SimulatedVCenter) -> dict[str, str]:
    with observing(vcenter) as observer:
        return observer.hosts()


def test_what_vcenter_refuses_beforehand_is_planned_for_the_next_best_host(
    make: Callable[[str], SimulatedVCenter], program: Run
) -> None:
    vcenter = make(OLD_PROTOCOL)
    run = program(vcenter)

    done = run("evacuate", "esx1", "--yes", "-o", "json")

    assert done.exit_code == 0, done.text
    assert {name: hosts_of(vcenter)[name] for name in ("load-1", "load-2", "load-3")} == dict.fromkeys(
        ("load-1", "load-2", "load-3"), "esx2"
    )
    assert "empties esx1, for vCenter refuses esx3" in done.stderr
    told = run("report", done.json["run"]).stdout
    assert "vCenter says of load-1 on esx3" in told, told


def test_what_vcenter_refuses_on_the_way_goes_to_the_next_best_host(
    make: Callable[[str], SimulatedVCenter], program: Run
) -> None:
    vcenter = make("")
    vcenter.control.plant_faults({"match": {"destination": "esx3"}, "fail": REFUSED})
    run = program(vcenter)

    done = run("evacuate", "esx1", "--maintenance-mode", "--yes", "-o", "json")

    assert done.exit_code == 0, done.text
    assert set(hosts_of(vcenter).values()) == {"esx2"}
    refused = [one["vm"]["name"] for one in done.json["outcomes"] if one["state"] == "failed"]
    assert refused, "the emptiest host comes first"
    assert f"vCenter refused {refused[0]} on esx3" in done.stderr
    assert "it goes to esx2 instead" in done.stderr
    assert [one["in_maintenance_mode"] for one in done.json["maintenance"]] == [True]
    told = run("report", done.json["run"]).stdout
    assert f"vCenter says of {refused[0]} on esx3: this host takes nobody today" in told, told
    restored = run("restore", "esx1", "--exit-maintenance", "--yes", "-o", "json")
    assert restored.exit_code == 0, restored.text
    assert {hosts_of(vcenter)[name] for name in ("load-1", "load-2", "load-3")} == {"esx1"}


def test_it_is_tried_a_few_times_and_no_host_twice(make: Callable[[str], SimulatedVCenter], program: Run) -> None:
    vcenter = make("")
    vcenter.control.plant_faults({"match": {"vm": "load-1"}, "fail": REFUSED})

    done = program(vcenter)("evacuate", "esx1", "--maintenance-mode", "--yes", "-o", "json")

    assert done.exit_code == 6, done.text
    tried = [one["destination"]["host"]["name"] for one in done.json["outcomes"] if one["vm"]["name"] == "load-1"]
    assert sorted(tried) == ["esx2", "esx3"]
    assert "vCenter refused load-1" in done.stderr
    assert "no other host takes it" in done.stderr
    assert done.json["maintenance"] == []
    assert hosts_of(vcenter)["load-1"] == "esx1"


def test_it_is_not_tried_where_that_is_not_wanted(make: Callable[[str], SimulatedVCenter], program: Run) -> None:
    vcenter = make("")
    vcenter.control.plant_faults({"match": {"vm": "load-1"}, "fail": REFUSED})

    done = program(vcenter)("evacuate", "esx1", "--try-others", "0", "--yes", "-o", "json")

    assert done.exit_code == 6, done.text
    assert [one["state"] for one in done.json["outcomes"] if one["vm"]["name"] == "load-1"] == ["failed"]


def test_a_host_that_was_named_is_the_only_one(make: Callable[[str], SimulatedVCenter], program: Run) -> None:
    vcenter = make("")
    vcenter.control.plant_faults({"match": {"destination": "esx3"}, "fail": REFUSED})
    run = program(vcenter)
    assert run("plan", "migrate", "load-1", "--to-host", "esx3", "-O", "plan.json").exit_code == 0

    done = run("apply", "plan.json", "--yes", "-o", "json")

    assert done.exit_code == 6, done.text
    assert [one["state"] for one in done.json["outcomes"]] == ["failed"]
    assert hosts_of(vcenter)["load-1"] == "esx1"


@pytest.mark.parametrize("passage", [1, 3], ids=["after the first outcome", "after the last outcome"])
def test_a_killed_run_is_planned_again_by_resume_as_it_would_have_been(
    passage: int, make: Callable[[str], SimulatedVCenter], program: Run
) -> None:
    vcenter = make("")
    vcenter.control.plant_faults({"match": {"destination": "esx3"}, "fail": REFUSED})
    run = program(vcenter)
    killed = run("evacuate", "esx1", "--yes", VSPHERE_MOTION_FAILPOINT=f"after_outcome:{passage}")
    assert killed.exit_code == -signal.SIGKILL, killed.text

    done = run("resume", "-o", "json")

    assert done.exit_code == 0, done.text
    assert set(hosts_of(vcenter).values()) == {"esx2"}
    assert "it goes to esx2 instead" in done.stderr
    asked_for = [(one["vm_name"], one["destination"]) for one in vcenter.control.motions()]
    assert len(asked_for) == len(set(asked_for)), "no host is asked twice"
    again = run("resume", done.json["run"], "-o", "json")
    assert again.exit_code == 0
    assert len(vcenter.control.motions()) == len(asked_for)


def test_what_was_refused_on_the_host_that_a_person_named_is_not_asked_for_again_and_that_is_said(
    make: Callable[[str], SimulatedVCenter], program: Run
) -> None:
    vcenter = make("")
    vcenter.control.plant_faults({"match": {"vm": "load-1"}, "fail": REFUSED})
    run = program(vcenter)

    done = run("migrate", "load-1", "load-2", "--to-host", "esx3", "--yes", "-o", "json")
    assert done.exit_code == 6, done.text
    said = "1 move failed; resume does not ask again for what was refused."
    assert said in done.stderr
    resumed = run("resume", done.json["run"])
    assert resumed.exit_code == 6, resumed.text
    assert said in resumed.stderr
    assert len(vcenter.control.motions()) == 2
    vcenter.control.remove_faults()

    again = run("migrate", "load-1", "load-2", "--to-host", "esx3", "--yes", "-o", "json")
    assert again.exit_code == 0, again.text
    assert {one["vm"]["name"]: one["state"] for one in again.json["outcomes"]} == {
        "load-1": "moved",
        "load-2": "unchanged",
    }
