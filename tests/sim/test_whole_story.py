"""A host is emptied, patched and filled again on a site that has grown, while somebody else moves a VM too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pyVim.task import WaitForTask

from tests.observer import observing
from tests.program import Done, Program
from tests.sim.patching import WatchfulPatching
from tests.sim.places import places
from tests.sim.storage_site import relocations
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = [pytest.mark.vcsim, pytest.mark.timeout(240)]

ProgramFor = Callable[[SimulatedVCenter], Program]

HOST = "prod-old-03"
UNMOVABLE = "print server"
FOREIGN = "snap-chain"
OTHERS = ("prod-old-01", "prod-old-02")
GOING = {"web-02", "snap-chain", "old-and-off"}


@pytest.fixture
def brownfield(vcenter_factory: VCenterFactory) -> SimulatedVCenter:
    return vcenter_factory(scenario="brownfield", speed=500)


@pytest.fixture
def patching(tmp_path: Path, brownfield: SimulatedVCenter) -> WatchfulPatching:
    place = tmp_path / "patching"
    place.mkdir()
    return WatchfulPatching(place, brownfield)


def is_named_before_the_first_move(done: Done, name: str) -> bool:
    """Whether a line names a VM that cannot leave, before the first line that says that a move has started."""
    lines = done.stderr.splitlines()
    named = next(number for number, line in enumerate(lines) if name in line)
    started = next((number for number, line in enumerate(lines) if " started " in line), len(lines))
    return named < started


def powered_off(vcenter: SimulatedVCenter, name: str) -> None:
    with observing(vcenter) as observer:
        WaitForTask(observer.vm(name).PowerOffVM_Task())


def test_a_host_is_emptied_patched_and_filled_and_a_foreign_move_is_left_alone(
    brownfield: SimulatedVCenter, program: ProgramFor, patching: WatchfulPatching
) -> None:
    run, before = program(brownfield), places(brownfield)

    # somebody cannot leave: it is named, the others go, and the host is not shut
    partly = run("evacuate", HOST, "--maintenance-mode", "--partial", "--yes", "--report", "away.txt")

    assert partly.exit_code == 3, partly.text
    assert is_named_before_the_first_move(partly, UNMOVABLE), partly.stderr
    assert {motion["vm_name"] for motion in brownfield.control.motions()} == GOING
    assert patching.patch(HOST).returncode != 0, "the host is not in maintenance mode yet"

    # a person helps, and the rest of the evacuation moves nothing twice
    powered_off(brownfield, UNMOVABLE)
    brownfield.control.clear_trace()
    entered = run("evacuate", HOST, "--maintenance-mode", "--powered-off", "leave", "--yes", "-o", "json")
    assert entered.exit_code == 0, entered.text
    assert [one["in_maintenance_mode"] for one in entered.json["maintenance"]] == [True]
    assert relocations(brownfield) == 0

    # the patch, and another operator in between
    patching.move_meanwhile(FOREIGN, *OTHERS)
    patched = patching.patch(HOST)
    assert (patched.returncode, patching.hosts) == (0, [HOST]), patched.stderr

    restored = run("restore", HOST, "--exit-maintenance", "--yes", "-o", "json", "--report", "back.txt")

    assert restored.exit_code == 0, restored.text
    assert places(brownfield) == {**before, moid(brownfield, FOREIGN): patching.put_on}
    states = {one["vm"]["name"]: one["state"] for one in restored.json["outcomes"]}
    assert states == {**dict.fromkeys(GOING, "moved"), FOREIGN: "unchanged"}
    told = " ".join((run.home / "back.txt").read_text(encoding="utf-8").split())
    assert "somebody else has moved it since" in told
    assert patching.put_on in told
    gone = " ".join((run.home / "away.txt").read_text(encoding="utf-8").split())
    assert UNMOVABLE in gone
    assert "[devices.port]" in gone


def moid(vcenter: SimulatedVCenter, vm: str) -> str:
    return vcenter.control.moid("VirtualMachine", vm)


def test_a_rolling_does_all_of_it_by_itself(
    brownfield: SimulatedVCenter, program: ProgramFor, patching: WatchfulPatching
) -> None:
    """Two of the three hosts have VMs that cannot leave: they are named and left out before anything moves."""
    run = program(brownfield)
    powered_off(brownfield, UNMOVABLE)
    before = places(brownfield)
    patching.move_meanwhile(FOREIGN, *OTHERS)
    options = ("--each", patching.each, "--powered-off", "leave", "--partial", "--yes", "-o", "json")

    done = run("rolling", "Production (old)", *options)

    assert done.exit_code == 3, done.text
    for name in ("erp-db", "cluster-node-1", "local-disk", "licence-dongle", "backup-running"):
        assert is_named_before_the_first_move(done, name), done.stderr
    assert patching.hosts == [HOST]
    assert {host["name"]: host["state"] for host in done.json["hosts"]} == {HOST: "done"}
    assert places(brownfield) == {**before, moid(brownfield, FOREIGN): patching.put_on}
    assert f"{FOREIGN} does not go back to {HOST}" in done.stderr
    assert "somebody else has moved it since" in done.stderr
    emptied, filled = done.json["hosts"][0]["runs"]
    assert {one["state"] for one in run("report", emptied, "-o", "json").json["outcomes"]} == {"moved"}
    report = run("report", filled)
    assert "somebody else has moved it since" in report.text
