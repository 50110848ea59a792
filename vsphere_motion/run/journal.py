"""The journal of runs: one SQLite file that has every intent before the call and every outcome before it is shown.

Rules of this file: each method is one committed transaction. A move goes `planned` -> `intent` -> `submitted` -> one
of the outcome states, and a final state is never overwritten. The file is readable by its owner alone and never holds
a secret.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from vsphere_motion.errors import Ambiguous, BadInput, JournalError, NotFound
from vsphere_motion.model.finding import Finding
from vsphere_motion.model.jsonform import format_time, from_json, to_json
from vsphere_motion.model.move import Move, Placement
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.plan import PlannedMove
from vsphere_motion.model.refs import MoRef, VmIdentity
from vsphere_motion.model.report import RunInfo

FILE_NAME = "journal.sqlite3"
SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 10.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS run (
    id TEXT PRIMARY KEY,
    vcenter_uuid TEXT NOT NULL,
    info TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT
);
CREATE TABLE IF NOT EXISTS move (
    run TEXT NOT NULL REFERENCES run (id),
    position INTEGER NOT NULL,
    vm TEXT NOT NULL,
    vm_name TEXT NOT NULL,
    instance_uuid TEXT,
    source TEXT NOT NULL,
    destination TEXT NOT NULL,
    findings TEXT NOT NULL,
    skipped TEXT NOT NULL,
    memory_bytes INTEGER,
    op_id TEXT,
    intent_at TEXT,
    task TEXT,
    state TEXT NOT NULL,
    outcome TEXT,
    PRIMARY KEY (run, position)
);
"""


_CLOCKS_DIFFER = timedelta(days=1)
"""A run ends by this machine's clock, a move by vCenter's: how far they may differ in a search by time."""


class MoveState(Enum):
    """Where a move of a run stands before it has an outcome; afterwards the journal holds the outcome's own word."""

    PLANNED = "planned"
    INTENT = "intent"
    SUBMITTED = "submitted"


_OPEN_STATES = tuple(state.value for state in MoveState)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournaledMove:
    """One move as the journal has it.

    Args:
        position: its place in the run, from 0.
        op_id: the operationID its relocation call carries; None before the intent.
        intent_at: vCenter's clock just before the call.
        state: a `MoveState` while it is open, None once it has an outcome.
    """

    position: int
    planned: PlannedMove
    memory_bytes: int | None = None
    op_id: str | None = None
    intent_at: datetime | None = None
    task: MoRef | None = None
    state: MoveState | None = MoveState.PLANNED
    outcome: Outcome | None = None

    @property
    def move(self) -> Move:
        """The move itself."""
        return self.planned.move


@dataclass(frozen=True, slots=True, kw_only=True)
class JournaledRun:
    """One run as the journal has it."""

    info: RunInfo
    moves: tuple[JournaledMove, ...]

    @property
    def is_finished(self) -> bool:
        """Whether every move has an outcome."""
        return all(item.outcome is not None for item in self.moves)


class Journal:
    """The runs of one state directory."""

    def __init__(self, path: Path) -> None:
        """Open or create the journal file.

        Raises:
            JournalError: the file cannot be opened, or a newer version of this program wrote it.
        """
        self.path = path
        with _named_errors("open", path):
            _create_private(path)
            self._db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
            try:
                self._set_up()
            except BaseException:
                self._db.close()
                raise

    def _set_up(self) -> None:
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA)
        self._check_version()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def create_run(self, info: RunInfo, moves: Sequence[JournaledMove]) -> None:
        """Write a new run with all its moves; those that have an outcome already are final from the start."""
        with self._transaction("write run", info.run):
            self._db.execute(
                "INSERT INTO run VALUES (?, ?, ?, ?, NULL)",
                (info.run, info.vcenter.instance_uuid, _dump(info), format_time(info.started_at)),
            )
            self._db.executemany(
                "INSERT INTO move VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [_row_of(info.run, item) for item in moves],
            )

    def write_intent(self, run: str, position: int, *, op_id: str, at: datetime) -> bool:
        """Commit that a relocation is about to be asked for.

        Returns:
            False if another process took this move first; it must not be started then.
        """
        with self._transaction("write intent", run):
            cursor = self._db.execute(
                "UPDATE move SET state = ?, op_id = ?, intent_at = ? WHERE run = ? AND position = ? AND state = ?",
                (MoveState.INTENT.value, op_id, format_time(at), run, position, MoveState.PLANNED.value),
            )
            return cursor.rowcount == 1

    def withdraw_intent(self, run: str, position: int) -> None:
        """Make a move `planned` again after it was proven that its call never reached vCenter."""
        with self._transaction("withdraw intent", run):
            self._db.execute(
                "UPDATE move SET state = ?, op_id = NULL, intent_at = NULL"
                " WHERE run = ? AND position = ? AND state = ?",
                (MoveState.PLANNED.value, run, position, MoveState.INTENT.value),
            )

    def write_task(self, run: str, position: int, task: MoRef) -> None:
        """Commit the task that vCenter answered with."""
        with self._transaction("write task", run):
            self._db.execute(
                "UPDATE move SET state = ?, task = ? WHERE run = ? AND position = ? AND outcome IS NULL",
                (MoveState.SUBMITTED.value, task.moid, run, position),
            )

    def write_outcome(self, run: str, position: int, outcome: Outcome) -> bool:
        """Commit how a move ended.

        Returns:
            False if it had an outcome already, which then stands.
        """
        with self._transaction("write outcome", run):
            cursor = self._db.execute(
                "UPDATE move SET state = ?, outcome = ? WHERE run = ? AND position = ? AND outcome IS NULL",
                (outcome.state.value, _dump(outcome), run, position),
            )
            return cursor.rowcount == 1

    def end_run(self, run: str, at: datetime) -> None:
        """Commit when a run ended, if every move of it has an outcome."""
        with self._transaction("end run", run):
            self._db.execute(
                "UPDATE run SET ended_at = ? WHERE id = ? AND ended_at IS NULL"
                " AND NOT EXISTS (SELECT 1 FROM move WHERE move.run = run.id AND move.outcome IS NULL)",
                (format_time(at), run),
            )

    def load_run(self, run: str) -> JournaledRun:
        """One run, whole.

        Raises:
            NotFound, Ambiguous: no run, or several runs, begin with this id.
            JournalError: a row cannot be read.
        """
        with _named_errors("read", self.path):
            run = self._complete_id(run)
            head = self._db.execute("SELECT * FROM run WHERE id = ?", (run,)).fetchone()
            rows = self._db.execute("SELECT * FROM move WHERE run = ? ORDER BY position", (run,)).fetchall()
            return JournaledRun(info=_read_info(head), moves=tuple(_read_move(row) for row in rows))

    def find_newest(self, *, vcenter_uuid: str | None = None, unfinished: bool = False) -> str | None:
        """The id of the newest run, of one vCenter and unfinished where asked so; None if there is none."""
        with _named_errors("read", self.path):
            row = self._db.execute(
                "SELECT id FROM run WHERE vcenter_uuid = coalesce(?, vcenter_uuid)"
                " AND (NOT ? OR EXISTS (SELECT 1 FROM move WHERE move.run = run.id AND move.outcome IS NULL))"
                " ORDER BY started_at DESC, rowid DESC LIMIT 1",
                (vcenter_uuid, unfinished),
            ).fetchone()
        return str(row["id"]) if row else None

    def find_newest_move(self, *, vcenter_uuid: str, vm: MoRef) -> JournaledMove | None:
        """The newest ended move of a VM that had a task; None if there is none."""
        with _named_errors("read", self.path):
            row = self._db.execute(
                "SELECT move.* FROM move JOIN run ON run.id = move.run"
                " WHERE run.vcenter_uuid = ? AND move.vm = ? AND move.task IS NOT NULL AND move.outcome IS NOT NULL"
                " ORDER BY run.started_at DESC, run.rowid DESC LIMIT 1",
                (vcenter_uuid, vm.moid),
            ).fetchone()
            return _read_move(row) if row else None

    def moved_since(self, since: datetime, *, vcenter_uuid: str) -> tuple[tuple[str, JournaledMove], ...]:
        """Each move of this vCenter that was seen to end well since then, with the id of its run, the oldest first."""
        with _named_errors("read", self.path):
            rows = self._db.execute(
                "SELECT move.* FROM move JOIN run ON run.id = move.run"
                " WHERE run.vcenter_uuid = ? AND move.state = ? AND (run.ended_at IS NULL OR run.ended_at >= ?)"
                " ORDER BY run.started_at, run.rowid, move.position",
                (vcenter_uuid, OutcomeState.MOVED.value, format_time(since - _CLOCKS_DIFFER)),
            ).fetchall()
            moves = [(str(row["run"]), _read_move(row)) for row in rows]
        return tuple((run, item) for run, item in moves if _ended_at(item) >= since)

    def _check_version(self) -> None:
        row = self._db.execute("SELECT version FROM schema_version").fetchone()
        if row is None:
            self._db.execute("INSERT INTO schema_version VALUES (?)", (SCHEMA_VERSION,))
        elif row["version"] > SCHEMA_VERSION:
            raise JournalError(
                f"cannot read the journal {self.path}: it has version {row['version']}, newer than {SCHEMA_VERSION}",
                hint="upgrade vsphere-motion, or choose another state directory with VSPHERE_MOTION_STATE_DIR",
            )

    def _complete_id(self, run: str) -> str:
        rows = self._db.execute(
            "SELECT id FROM run WHERE substr(id, 1, length(?)) = ? ORDER BY id", (run, run)
        ).fetchall()
        found = [str(row["id"]) for row in rows]
        if run in found or len(found) == 1:
            return run if run in found else found[0]
        if not found:
            raise NotFound(f"no run {run} in the journal {self.path}", hint="list them with: vsphere-motion status")
        raise Ambiguous(f"{run} begins the ids of {len(found)} runs", details=tuple(found))

    @contextmanager
    def _transaction(self, doing: str, run: str) -> Iterator[None]:
        with _named_errors(f"{doing} {run} in", self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")


def _ended_at(item: JournaledMove) -> datetime:
    """When a move ended; one without that time ended before all others."""
    ended = item.outcome.completed_at if item.outcome else None
    return ended or datetime.min.replace(tzinfo=UTC)


def open_journal(directory: Path) -> Journal:
    """The journal of a state directory, which is created (mode 0700) if it is not there."""
    with _named_errors("create", directory):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Journal(directory / FILE_NAME)


def _create_private(path: Path) -> None:
    """SQLite would create the file world-readable; its -wal and -shm files take over the mode it has."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


@contextmanager
def _named_errors(doing: str, path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise JournalError(
            f"cannot {doing} {path}: {error}",
            hint="check the disk and the directory's owner, or choose another with VSPHERE_MOTION_STATE_DIR",
        ) from error
    except (BadInput, json.JSONDecodeError) as error:
        raise JournalError(
            f"cannot {doing} {path}: {error}", hint="move the file away to start a new journal"
        ) from error


def _dump(value: object) -> str:
    return json.dumps(to_json(value), ensure_ascii=False, separators=(",", ":"))


def _row_of(run: str, item: JournaledMove) -> tuple[Any, ...]:
    move = item.move
    state = item.outcome.state.value if item.outcome else MoveState.PLANNED.value
    return (
        run,
        item.position,
        move.vm.moid,
        move.vm.name,
        move.vm.instance_uuid,
        _dump(move.source),
        _dump(move.destination),
        _dump(item.planned.findings),
        _dump(item.planned.skipped),
        item.memory_bytes,
        item.op_id,
        None,
        item.task.moid if item.task else None,
        state,
        _dump(item.outcome) if item.outcome else None,
    )


def _read_info(row: sqlite3.Row) -> RunInfo:
    data = json.loads(row["info"])
    return from_json(RunInfo, {**data, "ended_at": row["ended_at"]})


def _read_move(row: sqlite3.Row) -> JournaledMove:
    vm = VmIdentity(
        ref=MoRef(kind="VirtualMachine", moid=row["vm"]), name=row["vm_name"], instance_uuid=row["instance_uuid"]
    )
    move = Move(
        vm=vm,
        source=from_json(Placement, json.loads(row["source"])),
        destination=from_json(Placement, json.loads(row["destination"])),
    )
    planned = PlannedMove(
        move=move,
        findings=from_json(tuple[Finding, ...], json.loads(row["findings"])),
        skipped=from_json(tuple[str, ...], json.loads(row["skipped"])),
    )
    return JournaledMove(
        position=row["position"],
        planned=planned,
        memory_bytes=row["memory_bytes"],
        op_id=row["op_id"],
        intent_at=datetime.fromisoformat(row["intent_at"]) if row["intent_at"] else None,
        task=MoRef(kind="Task", moid=row["task"]) if row["task"] else None,
        state=MoveState(row["state"]) if row["state"] in _OPEN_STATES else None,
        outcome=from_json(Outcome, json.loads(row["outcome"])) if row["outcome"] else None,
    )
