"""The journal of runs: one SQLite file that has every intent before the call and every outcome before it is shown.

Rules of this file: each method is one committed transaction, also where it is about several moves: a commit waits for
the disk. A move goes `planned` -> `intent` -> `submitted` -> one
of the outcome states, and a final state is never overwritten. While a relocation of a VM was not seen to end, no other
run gets the intent for this VM. The file is readable by its owner alone and never holds a secret.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vsphere_motion.errors import Ambiguous, JournalError, NotFound
from vsphere_motion.model.forecast import PastMove
from vsphere_motion.model.jsonform import format_time
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.report import RunInfo
from vsphere_motion.private import make_private_directory
from vsphere_motion.run.failpoints import passing
from vsphere_motion.run.filesystems import MOUNTS
from vsphere_motion.run.measured import MOST, MOVED_SINCE, PAST_MOVES, past_move
from vsphere_motion.run.records import (
    NEWEST_RUN,
    OPEN_KEEPSAKES,
    WHOLE_MOVES,
    JournaledMove,
    JournaledRun,
    MoveState,
    Rival,
    RunSummary,
    Watch,
    dump,
    read_info,
    read_move,
    read_watch,
    row_of_move,
    row_of_run,
    row_of_watch,
)
from vsphere_motion.run.schema import SCHEMA_VERSION
from vsphere_motion.run.store import JournalMode, Store, named_errors

__all__ = [
    "FILE_NAME",
    "SCHEMA_VERSION",
    "Journal",
    "JournalMode",
    "JournaledMove",
    "JournaledRun",
    "MoveState",
    "open_journal",
]

FILE_NAME = "journal.sqlite3"

_CLOCKS_DIFFER = timedelta(days=1)
"""A run of an older version ended by that machine's clock, a move by vCenter's: how far they may differ in a search."""

_TAKE = """UPDATE move SET state = 'intent', op_id = ?1, intent_at = ?2
WHERE run = ?3 AND position = ?4 AND state = 'planned' AND NOT EXISTS (
    SELECT 1 FROM move AS other JOIN run AS theirs ON theirs.id = other.run
    WHERE other.vm = move.vm AND other.run <> move.run
    AND (other.state IN ('intent', 'submitted') OR other.state = 'moved'
        AND julianday(json_extract(other.outcome, '$.completed_at')) >= julianday(?2))
    AND theirs.vcenter_uuid = (SELECT vcenter_uuid FROM run WHERE run.id = move.run))"""
"""A VM that another run has moved since it was read is not where the reading says."""

_END = "UPDATE move SET state = ?, outcome = ? WHERE run = ? AND position = ? AND outcome IS NULL"

_RIVAL = """SELECT other.* FROM move AS own JOIN run AS ours ON ours.id = own.run
JOIN move AS other ON other.vm = own.vm AND other.run <> own.run
JOIN run AS theirs ON theirs.id = other.run AND theirs.vcenter_uuid = ours.vcenter_uuid
WHERE own.run = ? AND own.position = ? AND other.state IN ('intent', 'submitted')
ORDER BY theirs.rowid LIMIT 1"""

_ASKED_FOR = """SELECT move.* FROM move JOIN run ON run.id = move.run
WHERE run.vcenter_uuid = ? AND move.state IN ('intent', 'submitted') AND (? IS NULL OR move.vm = ?)
ORDER BY run.rowid DESC, move.position"""


class Journal:
    """The runs of one state directory."""

    def __init__(self, path: Path, *, mode: JournalMode | None = None, mounts: Path = MOUNTS) -> None:
        """Open or create the journal file.

        Args:
            mode: None: DELETE on a file system that other machines may share, WAL elsewhere.
            mounts: where the mounts are listed.

        Raises:
            JournalError: the file cannot be opened, is no journal, or a newer version of this program wrote it.
        """
        self.path = path
        self._store = Store(path, mode=mode, mounts=mounts)

    @property
    def store(self) -> Store:
        """The file, for what is kept beside runs and moves (`run/workbook.py`)."""
        return self._store

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    def create_run(self, info: RunInfo, moves: Sequence[JournaledMove]) -> None:
        """Write a new run with all its moves; those that have an outcome already are final from the start.

        Raises:
            JournalError: it is not written, or there is no room on the disk for what will happen to the run.
        """
        self._store.reserve()
        with self._store.transaction(f"write run {info.run} in") as db:
            db.execute("INSERT INTO run VALUES (?, ?, ?, ?, ?)", row_of_run(info))
            db.executemany(
                "INSERT INTO move VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [row_of_move(info.run, item) for item in moves],
            )
            db.execute(OPEN_KEEPSAKES, (info.run,))

    def write_intent(self, run: str, position: int, *, op_id: str, at: datetime) -> bool:
        """`write_intents` for one move: whether it may be asked for."""
        return position in self.write_intents(run, {position: op_id}, at=at)

    def write_intents(self, run: str, op_ids: Mapping[int, str], *, at: datetime) -> frozenset[int]:
        """Commit that the relocations of these moves, by position, are about to be asked for; those that may be.

        One must not be where another process took this move, or another run has a relocation of this VM that was not
        seen to end (`find_rival` says which), or that ended well at `at` or later: then the move is still `planned`.

        Args:
            at: vCenter's clock, not later than when the VMs were read.

        Raises:
            JournalError: none is committed, so nothing may be started.
        """
        rows = [(op_id, format_time(at), run, position) for position, op_id in op_ids.items()]
        changed = self._store.write_each(f"write intents {run} in", _TAKE, rows)
        for _ in rows:
            passing("after_intent")
        return frozenset(position for position, count in zip(op_ids, changed, strict=True) if count == 1)

    def is_planned(self, run: str, position: int) -> bool:
        """Whether a move was neither asked for nor has an outcome."""
        rows = self._store.read("SELECT state FROM move WHERE run = ? AND position = ?", (run, position))
        return bool(rows) and rows[0]["state"] == MoveState.PLANNED.value

    def find_rival(self, run: str, position: int) -> Rival | None:
        """Another run's relocation of this move's VM that was asked for and not seen to end; None if there is none."""
        rows = self._store.read(_RIVAL, (run, position))
        if not rows:
            return None
        with named_errors("read", self.path):
            return Rival(run=rows[0]["run"], item=read_move(rows[0]), watch=self.find_watch(rows[0]["run"]))

    def withdraw_intent(self, run: str, position: int) -> None:
        """Make a move `planned` again after it was proven that its call never reached vCenter."""
        self._store.write(
            f"withdraw intent {run} in",
            "UPDATE move SET state = ?, op_id = NULL, intent_at = NULL WHERE run = ? AND position = ? AND state = ?",
            (MoveState.PLANNED.value, run, position, MoveState.INTENT.value),
            with_pad=True,
        )

    def write_task(self, run: str, position: int, task: MoRef) -> None:
        """`write_tasks` for one move."""
        self.write_tasks(run, {position: task})

    def write_tasks(self, run: str, tasks: Mapping[int, MoRef]) -> None:
        """Commit the tasks that vCenter answered with, by position.

        Raises:
            JournalError: none is committed, even with the room that the pad had.
        """
        self._store.write_each(
            f"write tasks {run} in",
            "UPDATE move SET state = ?, task = ? WHERE run = ? AND position = ? AND outcome IS NULL",
            [(MoveState.SUBMITTED.value, task.moid, run, position) for position, task in tasks.items()],
            with_pad=True,
        )
        for _ in tasks:
            passing("after_task_row")

    def write_outcomes(self, run: str, outcomes: Mapping[int, Outcome]) -> None:
        """Commit how several moves ended, by position; one that has an outcome already keeps it.

        Raises:
            JournalError: none is committed, even with the room that the pad had.
        """
        self._store.write_each(f"write outcomes {run} in", _END, _ends(run, outcomes), with_pad=True)
        for _ in outcomes:
            passing("after_outcome")

    def write_outcome(self, run: str, position: int, outcome: Outcome) -> bool:
        """Commit how a move ended; where there is no room on the disk, without the hosts' log lines.

        Returns:
            False if it had an outcome already, which then stands.

        Raises:
            JournalError: it is not committed, even with the room that the pad had.
        """
        try:
            changed = self._write_outcome(run, position, outcome)
        except JournalError:
            if outcome.motion is None:
                raise
            changed = self._write_outcome(run, position, replace(outcome, motion=None))
        passing("after_outcome")
        return changed

    def settle(self, run: str, position: int, outcome: Outcome) -> bool:
        """Commit the outcome of a move that is not going to start.

        Returns:
            False if it is no longer `planned`: another process has asked for it, or it has an outcome.
        """
        changed = self._store.write(
            f"write outcome {run} in",
            "UPDATE move SET state = ?, outcome = ? WHERE run = ? AND position = ? AND state = ?",
            (outcome.state.value, dump(outcome), run, position, MoveState.PLANNED.value),
            with_pad=True,
        )
        return changed == 1

    def _write_outcome(self, run: str, position: int, outcome: Outcome) -> bool:
        (values,) = _ends(run, {position: outcome})
        return self._store.write(f"write outcome {run} in", _END, values, with_pad=True) == 1

    def end_run(self, run: str, at: datetime) -> None:
        """Commit when a run ended, if every move of it has an outcome."""
        self._store.write(
            f"end run {run} in",
            "UPDATE run SET ended_at = ? WHERE id = ? AND ended_at IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM move WHERE move.run = run.id AND move.outcome IS NULL)",
            (format_time(at), run),
            with_pad=True,
        )

    def write_watch(self, watch: Watch) -> None:
        """Commit who watches a run now."""
        self._store.write(
            f"write the watch of {watch.run} in",
            "INSERT OR REPLACE INTO watch VALUES (?, ?, ?, ?, ?, ?)",
            row_of_watch(watch),
        )

    def beat(self, watch: Watch, at: datetime) -> None:
        """Commit that a watch goes on; one that was taken away stays away."""
        self._store.write(
            f"write the watch of {watch.run} in",
            "UPDATE watch SET seen_at = ? WHERE run = ? AND host = ? AND pid = ?",
            (format_time(at), watch.run, watch.host, watch.pid),
        )

    def end_watch(self, watch: Watch) -> None:
        """Commit that this process watches a run no more; another's watch stays."""
        self._store.write(
            f"end the watch of {watch.run} in",
            "DELETE FROM watch WHERE run = ? AND host = ? AND pid = ?",
            (watch.run, watch.host, watch.pid),
            with_pad=True,
        )

    def drop_watch(self, run: str) -> None:
        """Commit that nobody watches a run."""
        self._store.write(f"end the watch of {run} in", "DELETE FROM watch WHERE run = ?", (run,), with_pad=True)

    def find_watch(self, run: str) -> Watch | None:
        """Who watches a run; None if nobody has said so."""
        rows = self._store.read("SELECT * FROM watch WHERE run = ?", (run,))
        return read_watch(rows[0]) if rows else None

    def watches(self) -> tuple[Watch, ...]:
        """Everyone who watches a run, the newest first."""
        rows = self._store.read("SELECT * FROM watch ORDER BY since DESC, rowid DESC")
        return tuple(read_watch(row) for row in rows)

    def load_run(self, run: str) -> JournaledRun:
        """One run, whole.

        Raises:
            NotFound, Ambiguous: no run, or several runs, begin with this id.
            JournalError: the journal cannot be read.
        """
        run = self.complete_id(run)
        (head,) = self._store.read("SELECT * FROM run WHERE id = ?", (run,))
        rows = self._store.read(WHOLE_MOVES, (run,))
        with named_errors("read", self.path):
            return JournaledRun(info=read_info(head), moves=tuple(read_move(row) for row in rows))

    def complete_id(self, run: str) -> str:
        """The id of the one run that begins so.

        Raises:
            NotFound, Ambiguous: no run, or several runs, do.
        """
        rows = self._store.read("SELECT id FROM run WHERE substr(id, 1, length(?)) = ? ORDER BY id", (run, run))
        found = [str(row["id"]) for row in rows]
        if run in found or len(found) == 1:
            return run if run in found else found[0]
        if not found:
            raise NotFound(f"no run {run} in the journal {self.path}", hint="list them with: vsphere-motion history")
        raise Ambiguous(f"{run} begins the ids of {len(found)} runs", details=tuple(found))

    def find_newest(self, *, vcenter_uuid: str | None = None, unfinished: bool = False) -> str | None:
        """The id of the newest run, of one vCenter and unfinished where asked so; None if there is none."""
        rows = self._store.read(NEWEST_RUN, (vcenter_uuid, unfinished))
        return str(rows[0]["id"]) if rows else None

    def find_newest_move(self, *, vcenter_uuid: str, vm: MoRef) -> JournaledMove | None:
        """The newest ended move of a VM that had a task; None if there is none."""
        rows = self._store.read(
            "SELECT move.* FROM move JOIN run ON run.id = move.run"
            " WHERE run.vcenter_uuid = ? AND move.vm = ? AND move.task IS NOT NULL AND move.outcome IS NOT NULL"
            " ORDER BY run.rowid DESC LIMIT 1",
            (vcenter_uuid, vm.moid),
        )
        with named_errors("read", self.path):
            return read_move(rows[0]) if rows else None

    def find_asked_for(self, *, vcenter_uuid: str, vm: MoRef | None = None) -> tuple[tuple[str, JournaledMove], ...]:
        """Each relocation (of one VM) that was asked for and not seen to end, with its run's id, the newest first."""
        moid = vm.moid if vm else None
        rows = self._store.read(_ASKED_FOR, (vcenter_uuid, moid, moid))
        with named_errors("read", self.path):
            return tuple((str(row["run"]), read_move(row)) for row in rows)

    def moved_since(self, since: datetime, *, vcenter_uuid: str) -> tuple[tuple[str, JournaledMove], ...]:
        """Each move of this vCenter that was seen to end well since then, with the id of its run, the oldest first.

        What the hosts' logs said of a move is left out: it is most of a journal.
        """
        early = format_time(since - _CLOCKS_DIFFER)
        rows = self._store.read(MOVED_SINCE, (vcenter_uuid, OutcomeState.MOVED.value, early, format_time(since)))
        with named_errors("read", self.path):
            moves = [(str(row["run"]), read_move(row)) for row in rows]
        return tuple((run, item) for run, item in moves if _ended_at(item) >= since)

    def past_moves(self, *, vcenter_uuid: str | None = None, most: int = MOST) -> tuple[PastMove, ...]:
        """What is known of the newest moves (of one vCenter) that ended well, the newest first, without log lines."""
        rows = self._store.read(PAST_MOVES, (vcenter_uuid, most))
        with named_errors("read", self.path):
            return tuple(past_move(row) for row in rows)

    def history(self) -> tuple[RunSummary, ...]:
        """Every run with the states of its moves, the newest first."""
        heads = self._store.read("SELECT * FROM run ORDER BY rowid DESC")
        counts: dict[str, list[tuple[str, int]]] = {}
        for row in self._store.read(
            "SELECT run, state, count(*) AS number FROM move GROUP BY run, state ORDER BY state"
        ):
            counts.setdefault(row["run"], []).append((row["state"], row["number"]))
        watches = {watch.run: watch for watch in self.watches()}
        with named_errors("read", self.path):
            return tuple(
                RunSummary(info=read_info(row), counts=tuple(counts.get(row["id"], ())), watch=watches.get(row["id"]))
                for row in heads
            )

    def vms_of_runs(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """The moid and name of each VM of each run."""
        found: dict[str, list[tuple[str, str]]] = {}
        for row in self._store.read("SELECT run, vm, vm_name FROM move ORDER BY run, position"):
            found.setdefault(row["run"], []).append((row["vm"], row["vm_name"]))
        return {run: tuple(vms) for run, vms in found.items()}


def _ends(run: str, outcomes: Mapping[int, Outcome]) -> list[tuple[str, str, str, int]]:
    """The values of `_END` for each of these."""
    return [(outcome.state.value, dump(outcome), run, position) for position, outcome in outcomes.items()]


def _ended_at(item: JournaledMove) -> datetime:
    """When a move ended; one without that time ended before all others."""
    ended = item.outcome.completed_at if item.outcome else None
    return ended or datetime.min.replace(tzinfo=UTC)


def open_journal(directory: Path, *, mode: JournalMode | None = None) -> Journal:
    """The journal of a state directory, which is created (mode 0700) if it is not there.

    Raises:
        JournalError: it cannot be created, opened or read.
    """
    with named_errors("create", directory):
        make_private_directory(directory)
    return Journal(directory / FILE_NAME, mode=mode)
