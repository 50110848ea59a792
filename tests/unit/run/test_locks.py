"""One process watches a run: the lock file decides on this machine, the row tells the others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes import START
from tests.unit.run.test_journal import info, rows
from vsphere_motion.errors import RunLocked
from vsphere_motion.run.journal import Journal, open_journal
from vsphere_motion.run.locks import (
    Watcher,
    find_alive,
    is_alive,
    lock_file,
    this_process,
    told,
    unlock,
    watching,
    words_of,
)
from vsphere_motion.run.records import Rival


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(open_journal(tmp_path / "state")) as opened:
        opened.create_run(info("r-1"), rows(1))
        yield opened


def test_a_watch_is_told_while_it_lasts_and_leaves_nothing(journal: Journal) -> None:
    with watching(journal, "r-1", now=START) as watch:
        assert journal.find_watch("r-1") == watch
        assert (watch.since, watch.seen_at) == (START, START)
        assert is_alive(journal, "r-1")
        assert lock_file(journal, "r-1").exists()
    assert journal.watches() == ()
    assert not lock_file(journal, "r-1").exists()
    assert not is_alive(journal, "r-1")


def test_a_watch_ends_with_an_error_too(journal: Journal) -> None:
    with pytest.raises(ZeroDivisionError), watching(journal, "r-1", now=START):
        raise ZeroDivisionError
    assert not is_alive(journal, "r-1")


def test_within_one_process_a_run_is_watched_once_as_well(journal: Journal) -> None:
    with watching(journal, "r-1", now=START):
        with pytest.raises(RunLocked, match="is watched already"), watching(journal, "r-1", now=START):
            pass
        assert journal.find_watch("r-1") is not None


def test_runs_do_not_lock_each_other(journal: Journal) -> None:
    with watching(journal, "r-1", now=START), watching(journal, "r-2", now=START):
        assert {watch.run for watch in journal.watches()} == {"r-1", "r-2"}


def test_the_row_is_refreshed_by_vcenters_clock_carried_on(journal: Journal) -> None:
    beaten = threading.Event()

    class Told(Journal):
        def beat(self, *args: object, **values: object) -> None:
            super().beat(*args, **values)  # type: ignore[arg-type]
            beaten.set()

    seconds = iter([100.0, *[130.0] * 1000])
    watcher = replace(this_process(), monotonic_s=lambda: next(seconds), beat_s=0.01)
    with closing(Told(journal.path)) as other, watching(other, "r-1", now=START, watcher=watcher):
        assert beaten.wait(30)
        watch = journal.find_watch("r-1")
        assert watch is not None
        assert watch.seen_at == START + timedelta(seconds=30)
        assert watch.since == START


def test_a_watch_that_was_taken_away_is_not_written_back(journal: Journal) -> None:
    with watching(journal, "r-1", now=START) as watch:
        unlock(journal, "r-1", force=True)
        journal.beat(watch, START)
        assert journal.watches() == ()
        with watching(journal, "r-1", now=START):
            assert len(journal.watches()) == 1
        assert not is_alive(journal, "r-1")


def test_the_row_of_a_dead_process_of_this_machine_is_taken_over(journal: Journal) -> None:
    with watching(journal, "r-1", now=START) as watch:
        left = replace(watch, pid=1)
    journal.write_watch(left)
    assert find_alive(journal, left) is False
    with watching(journal, "r-1", now=START) as new:
        assert new.pid == this_process().pid


def test_the_row_of_another_machine_stands(journal: Journal) -> None:
    me = this_process()
    elsewhere = Watcher(owner="ann", host=f"not-{me.host}", pid=7)
    with watching(journal, "r-1", now=START, watcher=elsewhere) as watch:
        pass
    journal.write_watch(watch)
    assert find_alive(journal, watch) is None
    later = START + timedelta(seconds=90)
    with pytest.raises(RunLocked) as locked, watching(journal, "r-1", now=later):
        pass
    assert f"ann on not-{me.host}, process 7, for 90 s, last heard of 90 s ago" in locked.value.message
    assert journal.find_watch("r-1") == watch


def test_what_is_said_of_a_rival(journal: Journal) -> None:
    rival = Rival(run="r-2", item=journal.load_run("r-1").moves[0])
    assert "its task is not known yet; nobody watches it" in words_of(rival, START)
    assert "vsphere-motion resume r-2" in words_of(rival, START)
    assert told(None, START) == "a process that has not said who it is"
