"""What the checks look at besides the snapshot: names of what is missing, and the journal's earlier moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests import build
from tests.unit.run.test_journal import moved, run_of
from vsphere_motion.model.inventory import Container
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.preflight.surroundings import Lacking, RecentMove
from vsphere_motion.run.journal import FILE_NAME, open_journal
from vsphere_motion.service.surroundings import lacking, read_recent_moves

ROOT = MoRef(kind="Folder", moid="group-d1")
SITE = build.inventory(containers=(Container(ref=MoRef(kind="Datacenter", moid="dc-1"), name="DC0", parent=ROOT),))


def test_what_is_missing_has_names_and_what_is_granted_is_left_out() -> None:
    found = lacking(SITE, {build.vm_ref(1): ("a", "b"), ROOT: ("c",), build.pool_ref(1): (), build.host_ref(1): None})
    assert found == (
        Lacking(object=NamedRef(ref=build.vm_ref(1), name="vm1"), privileges=("a", "b")),
        Lacking(object=NamedRef(ref=ROOT, name="the vCenter's root"), privileges=("c",)),
        Lacking(object=NamedRef(ref=build.host_ref(1), name="host1"), privileges=None),
    )


def test_an_object_that_was_not_read_goes_by_its_moid() -> None:
    gone = MoRef(kind="ResourcePool", moid="resgroup-99")
    assert lacking(SITE, {gone: ("a",)})[0].object.name == "resgroup-99"


def test_earlier_moves_are_those_of_the_journal_that_is_there(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    run_of(journal, "r-1", moved(0, 10))
    ended = moved(0, 10).completed_at
    assert ended is not None
    move = moved(0, 10).move
    expected = RecentMove(
        vm=move.vm.ref, ended_at=ended, source=move.source.host, destination=move.destination.host, run="r-1"
    )
    assert read_recent_moves(tmp_path, "u-1", ended) == (expected,)
    assert read_recent_moves(tmp_path, "u-1", ended + timedelta(seconds=1)) == ()
    assert read_recent_moves(tmp_path, "u-2", ended) == ()


def test_a_directory_without_a_journal_has_no_moves_and_gets_none(tmp_path: Path) -> None:
    assert read_recent_moves(tmp_path / "no", "u-1", build.TAKEN_AT) == ()
    assert read_recent_moves(None, "u-1", build.TAKEN_AT) == ()
    assert list(tmp_path.iterdir()) == []


def test_a_journal_that_cannot_be_read_is_unknown_and_not_empty(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("this is no database, and long enough to be seen as none" * 50)
    assert read_recent_moves(tmp_path, "u-1", build.TAKEN_AT) is None


def test_the_site_may_have_no_root() -> None:
    site = replace(SITE, containers=())
    assert lacking(site, {ROOT: ("a",)})[0].object.name == "group-d1"
