"""A journal that cannot be written starts nothing, and says with which command each task comes into it later."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import START
from tests.unit.run.test_journal import MOTION, OUTCOME, TASK, info, rows
from vsphere_motion.errors import JournalError
from vsphere_motion.run.journal import Journal, MoveState, open_journal
from vsphere_motion.run.recorder import Recorder
from vsphere_motion.run.store import PAD_BYTES, PAD_NAME, Store


class Full(Journal):
    """A journal whose file may have no page more than it has now."""

    def fill(self) -> None:
        (pages,) = self._store.read("PRAGMA page_count")
        self._store.read(f"PRAGMA max_page_count={pages[0]}")
        self._store.read("PRAGMA wal_checkpoint(TRUNCATE)")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Full]:
    with closing(open_journal(tmp_path / "state")):
        pass
    with closing(Full(tmp_path / "state" / "journal.sqlite3")) as opened:
        opened.create_run(info("r-1"), rows(3))
        yield opened


def big(position: int) -> object:
    """An outcome that needs pages of its own."""
    lines = tuple(replace(MOTION.lines[0], text="x" * 900) for _ in range(40))
    return replace(OUTCOME, motion=replace(MOTION, lines=lines))


def test_the_pad_is_there_once_a_run_is(journal: Full) -> None:
    assert (journal.path.parent / PAD_NAME).stat().st_size == PAD_BYTES


def test_an_outcome_that_finds_no_room_is_written_without_its_log_lines(journal: Full) -> None:
    journal.fill()
    assert journal.write_outcome("r-1", 0, big(0))  # type: ignore[arg-type]
    written = journal.load_run("r-1").moves[0].outcome
    assert written == replace(OUTCOME, motion=None)
    assert not (journal.path.parent / PAD_NAME).exists()


def test_what_is_lost_is_said_with_its_command(journal: Full, caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder(journal)
    assert recorder.write_intents("r-1", {0: "op"}, at=START)
    journal.close()

    recorder.write_tasks("r-1", {0: (TASK, rows(1)[0].move.vm.ref)})
    assert not recorder.write_intents("r-1", {1: "op"}, at=START)
    recorder.write_outcome("r-1", 0, OUTCOME)

    command = "vsphere-motion resume --task task-1 --vm moid:vm-0"
    assert command in caplog.text
    with pytest.raises(JournalError) as lost:
        recorder.require_written("r-1")
    (line,) = lost.value.details
    assert line == f"task-1 of vm-0: failed, and the journal lacks it; later: {command}"
    assert "vsphere-motion resume r-1" in str(lost.value.hint)


def test_nothing_is_said_of_a_journal_that_takes_everything(journal: Full) -> None:
    recorder = Recorder(journal)
    assert recorder.write_intents("r-1", {0: "op"}, at=START)
    recorder.write_tasks("r-1", {0: (TASK, rows(1)[0].move.vm.ref)})
    recorder.write_outcome("r-1", 0, OUTCOME)
    recorder.require_written("r-1")


def test_after_a_failure_nothing_more_starts(journal: Full) -> None:
    recorder = Recorder(journal, failure=JournalError("full"))
    assert not recorder.write_intents("r-1", {0: "op"}, at=START)
    assert journal.load_run("r-1").moves[0].state is MoveState.PLANNED


def fail_half_way(store: Store) -> None:
    with store.transaction("try") as database:
        database.execute("INSERT INTO run VALUES ('a', 'b', 'c', 'd', NULL)")
        raise sqlite3.OperationalError("something else")


def test_a_transaction_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path)):
        pass
    with closing(Store(tmp_path / "journal.sqlite3")) as store:
        with pytest.raises(JournalError):
            fail_half_way(store)
        assert store.read("SELECT * FROM run") == []
