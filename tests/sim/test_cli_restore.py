"""`restore`: back goes what the run has moved and nobody else has touched since, as far as it fits."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pyVim.task import WaitForTask

from tests.observer import observing
from tests.program import Program
from tests.sim.places import places
from tests.unit.report.schema import load, problems
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

ProgramFor = Callable[[SimulatedVCenter], Program]


@pytest.fixture
def brownfield(vcenter_factory: VCenterFactory) -> SimulatedVCenter:
    """A site that has grown, on which moves take no time worth speaking of."""
    return vcenter_factory(scenario="brownfield", speed=500)


def moved_away(vcenter: SimulatedVCenter, vm: str, host: str) -> None:
    """Somebody else moves a VM."""
    with observing(vcenter) as observer:
        WaitForTask(observer.vm(vm).MigrateVM_Task(host=observer.host(host), priority="defaultPriority"))


def test_evacuation_maintenance_command_and_restore_leave_every_vm_where_it_was(
    brownfield: SimulatedVCenter, program: ProgramFor
) -> None:
    run, before = program(brownfield), places(brownfield)
    refused = run("evacuate", "prod-old-03", "--maintenance-mode", "--yes")

    assert refused.exit_code == 3, refused.text
    assert "print server" in refused.text, "who cannot leave is named before anything moves"
    assert not brownfield.control.motions()
    with observing(brownfield) as observer:
        WaitForTask(observer.vm("print server").PowerOffVM_Task())
    evacuated = run("evacuate", "prod-old-03", "--maintenance-mode", "--powered-off", "leave", "--yes", "-o", "json")

    assert evacuated.exit_code == 0, evacuated.text
    assert [one["in_maintenance_mode"] for one in evacuated.json["maintenance"]] == [True]
    away = places(brownfield)
    assert away != before
    shut = run("restore", "prod-old-03", "--dry-run", "-o", "json")
    assert shut.exit_code == 3, shut.text
    assert {one["state"] for one in shut.json["vms"]} == {"cannot"}
    assert problems(load("restoration-v1.json"), shut.json) == []
    assert "maintenance mode" in shut.json["vms"][0]["why"]
    shown = run("restore", "prod-old-03", "--exit-maintenance", "--dry-run")
    assert shown.exit_code == 0, shown.text
    assert "prod-old-03 leaves maintenance mode first." in shown.stdout
    assert "goes back" in shown.stdout
    assert places(brownfield) == away
    restored = run("restore", "prod-old-03", "--exit-maintenance", "--yes", "-o", "json")

    assert restored.exit_code == 0, restored.text
    assert {one["state"] for one in restored.json["outcomes"]} == {"moved"}
    assert places(brownfield) == before
    again = run("restore", evacuated.json["run"], "--yes", "-o", "json")
    assert again.exit_code == 0, again.text
    assert {one["state"] for one in again.json["outcomes"]} == {"unchanged"}


def test_a_foreign_move_in_between_is_left_alone_and_the_report_tells_it(
    vcenter_factory: VCenterFactory, program: ProgramFor
) -> None:
    vcenter = vcenter_factory(hosts=3, vms=9, speed=500)
    run, before = program(vcenter), places(vcenter)
    with observing(vcenter) as observer:
        own = sorted(name for name, host in observer.hosts().items() if host == "esx-001")
    evacuated = run("evacuate", "esx-001", "--yes", "-o", "json")
    assert evacuated.exit_code == 0, evacuated.text
    with observing(vcenter) as observer:
        elsewhere = next(h for h in ("esx-002", "esx-003") if h != observer.hosts()[own[0]])
        foreign = observer.vm(own[0])._moId
    moved_away(vcenter, own[0], elsewhere)

    restored = run("restore", evacuated.json["run"], "--yes", "-o", "json", "--report", "report.txt")

    assert restored.exit_code == 0, restored.text
    told = {one["vm"]["name"]: one for one in restored.json["outcomes"]}
    assert told[own[0]]["state"] == "unchanged"
    assert "somebody else has moved it since" in told[own[0]]["note"]
    assert {one["state"] for name, one in told.items() if name != own[0]} == {"moved"}
    assert "somebody else has moved it since" in run("report", restored.json["run"]).text
    assert places(vcenter) == {**before, foreign: elsewhere}


def test_what_no_longer_fits_stays_and_is_told(vcenter_factory: VCenterFactory, program: ProgramFor) -> None:
    vcenter = vcenter_factory(hosts=2, vms=4, speed=500)
    run = program(vcenter)
    evacuated = run("evacuate", "esx-001", "--yes", "-o", "json")
    assert evacuated.exit_code == 0, evacuated.text
    away = places(vcenter)
    host = vcenter.control.moid("HostSystem", "esx-001")
    vcenter.control.patch(host, {"summary.hardware.memorySize": 2 * 1024**3, "hardware.memorySize": 2 * 1024**3})

    restored = run("restore", "esx-001", "--yes", "-o", "json")

    assert restored.exit_code == 3, restored.text
    assert {one["state"] for one in restored.json["outcomes"]} == {"blocked"}
    assert "not enough memory" in restored.json["outcomes"][0]["note"]
    assert places(vcenter) == away


@pytest.mark.parametrize(
    ("word", "said"),
    [
        pytest.param("r-ffffff", "no run of the journal and no host is called r-ffffff", id="no run"),
        pytest.param("esx-001", "no run of the journal has moved a VM off esx-001", id="never emptied"),
    ],
)
def test_what_there_is_nothing_to_restore_of_is_refused(
    word: str, said: str, shared_vcenter: SimulatedVCenter, program: ProgramFor
) -> None:
    done = program(shared_vcenter)("restore", word, "--yes")

    assert done.exit_code == 2, done.text
    assert said in done.stderr
