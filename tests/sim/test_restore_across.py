"""`restore` from another vCenter: what somebody else has changed there stays there, whole, and is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyVim.task import WaitForTask
from pyVmomi import vim

from tests.program import Done
from tests.two_vcenters import Pair, make_pair
from vsphere_motion.testing.plugin import VCenterFactory

pytestmark = [pytest.mark.vcsim, pytest.mark.timeout(300)]

TO_B = ("--to-host", "b-esx2", "--to-datastore", "b-vmfs1", "--network", "a-dmz=b-dmz", "--yes", "-o", "json")
PATHS = ("config.instanceUuid", "config.files.vmPathName", "runtime.host", "parent", "resourcePool", "network")


@pytest.fixture
def pair(vcenter_factory: VCenterFactory, tmp_path: Path) -> Pair:
    return make_pair(vcenter_factory, tmp_path / "home")


def told(done: Done) -> dict[str, tuple[str, str | None]]:
    return {one["vm"]["name"]: (one["state"], one.get("note")) for one in done.json["outcomes"]}


def test_what_somebody_else_has_changed_there_stays_and_the_others_come_back(pair: Pair) -> None:
    with pair.observing() as (source, destination):
        before = source.read(vim.VirtualMachine, *PATHS)["a-web01"]
        gone = pair.run("migrate", "a-web01", "a-web02", *pair.there, *TO_B)
        assert gone.exit_code == 0, gone.text
        store = destination.read(vim.Datastore)["b-vmfs2"]["ref"]
        WaitForTask(destination.vm("a-web02").RelocateVM_Task(vim.vm.RelocateSpec(datastore=store)))
        motions = len(pair.destination.control.motions())

        looked = pair.run("restore", gone.json["run"], "--dry-run")
        assert looked.exit_code == 0, looked.text
        why = "configuration: it was put on b-vmfs1 and somebody else has moved it since"
        assert f"a-web02: left where it is: {why}" in looked.text
        assert len(pair.destination.control.motions()) == motions

        back = pair.run("restore", gone.json["run"], "--yes", "-o", "json")
        assert back.exit_code == 0, back.text
        assert told(back) == {"a-web01": ("moved", None), "a-web02": ("unchanged", f"left where it is: {why}")}
        after = source.read(vim.VirtualMachine, *PATHS)["a-web01"]
        assert {path: after[path] for path in PATHS} == {path: before[path] for path in PATHS}
        assert "a-web02" not in source.read(vim.VirtualMachine)

        again = pair.run("restore", gone.json["run"], "--yes", "-o", "json")
        assert told(again) == {
            "a-web01": ("unchanged", "left where it is: it is not at the other vCenter any more"),
            "a-web02": ("unchanged", f"left where it is: {why}"),
        }
        assert len(pair.destination.control.motions()) == motions + 1


def test_what_has_no_place_at_home_any_more_is_told_and_stays(pair: Pair) -> None:
    """The folder that it was in is gone."""
    with pair.observing() as (source, destination):
        gone = pair.run("migrate", "a-web01", *pair.there, *TO_B)
        assert gone.exit_code == 0, gone.text
        folder = source.read(vim.Folder)["Web"]["ref"]
        WaitForTask(source.vm("a-web02").RelocateVM_Task(vim.vm.RelocateSpec(folder=folder.parent)))
        WaitForTask(folder.Destroy_Task())

        looked = pair.run("restore", gone.json["run"], "--dry-run")
        assert looked.exit_code == 3, looked.text
        done = pair.run("restore", gone.json["run"], "--yes", "-o", "json")
        assert done.exit_code == 3, done.text
        (state, note) = told(done)["a-web01"]
        assert state == "blocked"
        assert note is not None
        assert note.startswith("it cannot come back: Web no longer exists at ")
        assert "a-web01" in destination.read(vim.VirtualMachine)
