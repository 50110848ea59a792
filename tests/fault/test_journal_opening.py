"""A journal that cannot be used is refused with the reason and left as it is; an old one keeps its rows."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import START
from tests.promises import record
from tests.unit.run.test_journal import OUTCOME, TASK, info, rows
from vsphere_motion.errors import JournalError, RunLocked
from vsphere_motion.run.journal import FILE_NAME, Journal, JournalMode, MoveState, open_journal
from vsphere_motion.run.locks import this_process, unlock, watching
from vsphere_motion.run.schema import SCHEMA_VERSION

OLD = Path(__file__).parent.parent / "data" / "journal" / "schema-1.sql"

HOLD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from vsphere_motion.run.journal import Journal
from vsphere_motion.run.locks import watching
with watching(Journal(Path(sys.argv[1])), sys.argv[2], now=datetime(2026, 11, 22, 20, 0, tzinfo=UTC)):
    print("watching", flush=True)
    sys.stdin.read()
"""


def old_file(directory: Path) -> Path:
    """A journal of schema 1."""
    path = directory / FILE_NAME
    with closing(sqlite3.connect(path)) as database:
        database.executescript(OLD.read_text(encoding="utf-8"))
    return path


def require_refused(path: Path, words: str) -> None:
    """The file is refused with these words, and not one byte of it is changed."""
    before = path.read_bytes()
    with pytest.raises(JournalError, match=words) as refused:
        Journal(path)
    assert str(path) in refused.value.message
    assert refused.value.hint
    assert path.read_bytes() == before


def an_old_schema_is_migrated_and_keeps_its_rows(directory: Path) -> None:
    path = old_file(directory)
    with closing(Journal(path)) as journal:
        run = journal.load_run("r-1a2b3c")
        assert [move.state for move in run.moves] == [None, MoveState.SUBMITTED, MoveState.INTENT, MoveState.PLANNED]
        assert run.moves[0].outcome == OUTCOME
        assert run.moves[1].task == TASK
        assert replace(run.moves[3], position=0).planned.findings == rows(1)[0].planned.findings
        assert [summary.info.run for summary in journal.history()] == ["r-4d5e6f", "r-1a2b3c"]
        assert {(move.planned.costs, move.planned.wave) for move in run.moves} == {((), 0)}
        assert journal.write_intent("r-1a2b3c", 3, op_id="op", at=START)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT version FROM schema_version").fetchall() == [(SCHEMA_VERSION,)]
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def a_first_opening_that_was_killed_half_way_is_finished(directory: Path) -> None:
    path = old_file(directory)
    with closing(sqlite3.connect(path)) as database:
        database.execute("DELETE FROM schema_version")
        database.commit()
    with closing(Journal(path)) as journal:
        assert len(journal.history()) == 2


def a_newer_schema_is_refused(directory: Path) -> None:
    path = old_file(directory)
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE schema_version SET version = 99")
        database.commit()
    require_refused(path, f"version 99, newer than {SCHEMA_VERSION}")


def garbage_is_refused(directory: Path) -> None:
    for number, content in enumerate((b"not a database", b"\x00" * 5000, os.urandom(20_000))):
        path = directory / f"{number}.sqlite3"
        path.write_bytes(content)
        require_refused(path, "not a database")


def another_programs_database_is_refused(directory: Path) -> None:
    path = directory / FILE_NAME
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE song (title TEXT)")
        database.commit()
    require_refused(path, "a database of something else, with the tables song")


def on_a_network_file_system_nothing_is_mapped_into_memory(directory: Path) -> None:
    mounts = directory / "mountinfo"
    mounts.write_text(f"22 1 0:21 / / rw - ext4 /dev/a rw\n36 22 0:44 / {directory} rw - nfs4 server:/home rw\n")
    with closing(Journal(directory / FILE_NAME, mounts=mounts)) as journal:
        journal.create_run(info("r-1"), rows(1))
        assert {path.name for path in directory.iterdir()} == {"mountinfo", FILE_NAME, "journal.pad"}
    with closing(Journal(directory / FILE_NAME, mode=JournalMode.WAL)) as journal:
        journal.write_outcome("r-1", 0, OUTCOME)
        assert (directory / f"{FILE_NAME}-wal").exists()


def a_read_only_directory_is_refused(directory: Path) -> None:
    path = directory / "state"
    program = "from pathlib import Path; import sys; from vsphere_motion.run.journal import open_journal"
    program += "\ntry: open_journal(Path(sys.argv[1]))\nexcept Exception as error: print(error)"
    words = [sys.executable, "-c", program, str(path)]
    path.mkdir(mode=0o500)
    if os.getuid() == 0:  # for root only a read-only mount is read-only
        if shutil.which("unshare") is None:
            pytest.skip("unshare is not installed, and root may write everywhere")
        mount = 'mount -t tmpfs -o ro none "$1" && shift && exec "$@"'
        words = ["unshare", "-m", "sh", "-c", mount, "sh", str(path), *words]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert f"the directory {path} is read-only" in done.stdout, done


def a_second_process_on_one_run_is_refused_until_the_first_is_gone(directory: Path) -> None:
    with closing(open_journal(directory)) as journal:
        journal.create_run(info("r-1"), rows(1))
        words = [sys.executable, "-c", HOLD, str(journal.path), "r-1"]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            try:
                assert other.stdout is not None
                assert other.stdout.readline() == b"watching\n"
                with pytest.raises(RunLocked) as locked, watching(journal, "r-1", now=START):
                    pass
                me = this_process()
                assert f"{me.owner} on {me.host}, process {other.pid}, for 0 s" in locked.value.message
                with pytest.raises(RunLocked, match="a process that lives"):
                    unlock(journal, "r-1")
            finally:
                other.kill()
        with watching(journal, "r-1", now=START) as watch:
            assert watch.pid == os.getpid()
        assert journal.watches() == ()


def another_machines_lock_stands_until_it_is_unlocked(directory: Path) -> None:
    with closing(open_journal(directory)) as journal:
        journal.create_run(info("r-1"), rows(1))
        with watching(journal, "r-1", now=START) as mine:
            journal.write_watch(replace(mine, host=f"not-{socket.gethostname()}"))
        with (
            pytest.raises(RunLocked, match=f"on not-{socket.gethostname()}, process") as locked,
            watching(journal, "r-1", now=START),
        ):
            pass
        assert "vsphere-motion unlock r-1" in str(locked.value.hint)
        unlock(journal, "r-1")
        with watching(journal, "r-1", now=START):
            pass


CASES: tuple[Callable[[Path], None], ...] = (
    an_old_schema_is_migrated_and_keeps_its_rows,
    a_first_opening_that_was_killed_half_way_is_finished,
    a_newer_schema_is_refused,
    garbage_is_refused,
    another_programs_database_is_refused,
    on_a_network_file_system_nothing_is_mapped_into_memory,
    a_read_only_directory_is_refused,
    a_second_process_on_one_run_is_refused_until_the_first_is_gone,
    another_machines_lock_stands_until_it_is_unlocked,
)


def test_row_26_every_journal_that_cannot_be_used_is_refused_with_its_reason(tmp_path: Path) -> None:
    for case in CASES:
        directory = tmp_path / case.__name__
        directory.mkdir()
        case(directory)
    record(26, f"{len(CASES)}/{len(CASES)} cases")
