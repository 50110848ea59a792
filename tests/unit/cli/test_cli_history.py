"""`history` and `unlock` on a journal that a test has written; no vCenter."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import START
from tests.unit.cli.calls import call
from tests.unit.run.test_journal import OUTCOME, info, rows
from vsphere_motion.run.journal import open_journal
from vsphere_motion.run.locks import this_process
from vsphere_motion.run.records import Watch

HOSTILE = "\x1b[2J=cmd()\u202e"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A finished run, one that nobody goes on with, and one that another machine watches."""
    directory = tmp_path / "state"
    with closing(open_journal(directory)) as journal:
        for run in ("r-1", "r-2", "r-3"):
            journal.create_run(replace(info(run), user=HOSTILE), rows(2))
        for position in range(2):
            journal.write_outcome("r-1", position, OUTCOME)
        journal.write_watch(Watch(run="r-3", owner=HOSTILE, host="elsewhere", pid=7, since=START, seen_at=START))
        dead = Watch(run="r-2", owner="ann", host=this_process().host, pid=1, since=START, seen_at=START)
        journal.write_watch(dead)
    return directory


def test_the_history_says_how_each_run_stands(state: Path, tmp_path: Path) -> None:
    table = call(tmp_path, "history", VSPHERE_MOTION_STATE_DIR=str(state))
    document = json.loads(call(tmp_path, "history", "-o", "json", VSPHERE_MOTION_STATE_DIR=str(state)).stdout)

    lines = table.stdout.splitlines()
    assert lines[0].split() == ["RUN", "STARTED", "VCENTER", "USER", "STATE", "MOVES"]
    assert [line.split()[0] for line in lines[1:]] == ["r-3", "r-2", "r-1"]
    assert "on elsewhere, process 7" in lines[1]
    assert "not finished" in lines[2]
    assert lines[3].endswith("2 failed")
    assert "\x1b" not in table.stdout
    assert "\u202e" not in table.stdout
    assert [run["is_finished"] for run in document["runs"]] == [False, False, True]
    assert [run["lock"] and run["lock"]["is_alive"] for run in document["runs"]] == [None, None, None]
    assert document["runs"][0]["lock"]["pid"] == 7
    assert document["runs"][0]["counts"] == {"planned": 2}


@pytest.mark.parametrize(
    ("words", "runs"),
    [
        pytest.param(("--vm", "vm1"), ["r-3", "r-2", "r-1"], id="a name"),
        pytest.param(("--vm", "VM*"), ["r-3", "r-2", "r-1"], id="a glob"),
        pytest.param(("--vm", "moid:vm-1"), ["r-3", "r-2", "r-1"], id="a moid"),
        pytest.param(("--vm", "m1"), [], id="a part of a name"),
        pytest.param(("--since", "1s"), [], id="later than all"),
        pytest.param(("--since", "99999d"), ["r-3", "r-2", "r-1"], id="earlier than all"),
    ],
)
def test_the_history_of_some(words: tuple[str, ...], runs: list[str], state: Path, tmp_path: Path) -> None:
    done = call(tmp_path, "history", *words, "-o", "json", VSPHERE_MOTION_STATE_DIR=str(state))
    assert [run["run"] for run in json.loads(done.stdout)["runs"]] == runs


def test_unlock_shows_all_and_takes_away_one(state: Path, tmp_path: Path) -> None:
    shown = call(tmp_path, "unlock", VSPHERE_MOTION_STATE_DIR=str(state))
    taken = call(tmp_path, "unlock", "r-3", "--yes", "-o", "json", VSPHERE_MOTION_STATE_DIR=str(state))
    left = call(tmp_path, "unlock", "-o", "json", VSPHERE_MOTION_STATE_DIR=str(state))
    unknown = call(tmp_path, "unlock", "r-9", "--yes", VSPHERE_MOTION_STATE_DIR=str(state))

    alive = {line.split()[0]: line.split()[-1] for line in shown.stdout.splitlines()}
    assert alive == {"RUN": "ALIVE", "r-2": "no", "r-3": "unknown"}
    assert "\x1b" not in shown.stdout
    assert json.loads(taken.stdout)["locks"][0]["run"] == "r-3"
    assert "Run r-3 is not locked any more" in taken.stderr
    assert [lock["run"] for lock in json.loads(left.stdout)["locks"]] == ["r-2"]
    assert unknown.code == 2


def test_the_mode_of_the_journal_can_be_chosen(state: Path, tmp_path: Path) -> None:
    wrong = call(tmp_path, "history", VSPHERE_MOTION_STATE_DIR=str(state), VSPHERE_MOTION_JOURNAL_MODE="fast")
    right = call(tmp_path, "history", VSPHERE_MOTION_STATE_DIR=str(state), VSPHERE_MOTION_JOURNAL_MODE="DELETE")

    assert wrong.code == 2
    assert "VSPHERE_MOTION_JOURNAL_MODE=fast" in wrong.stderr
    assert right.code == 0
    assert (state / "journal.sqlite3").read_bytes()[18:20] == b"\x01\x01", "SQLite's header says rollback journal"
