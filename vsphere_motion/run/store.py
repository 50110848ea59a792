"""The SQLite file under the journal: how it is opened, how a write is committed, what happens when the disk is full.

Rules of this file: the file, its directory and what SQLite puts beside it are for their owner alone; nothing is changed
before the file was seen to be a journal of a version that is known; a pad file keeps some room on the disk, which is
given up so that the task or outcome of a relocation that was asked for can still be written. The file is never opened
but by SQLite once it exists: closing another descriptor of it would take away SQLite's locks (sqlite.org/howtocorrupt).
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

from vsphere_motion.errors import BadInput, JournalError
from vsphere_motion.private import FILE_MODE
from vsphere_motion.run.filesystems import MOUNTS, find_type, is_shared
from vsphere_motion.run.schema import ForeignDatabase, NewerSchema, bring_up_to_date, read_version

PAD_NAME = "journal.pad"
PAD_BYTES = 128 * 1024
"""Room for about thirty tasks and outcomes without logs: a commit of one row takes one or two pages of 4 KiB."""

BUSY_TIMEOUT_S = 10.0
_CHUNK = bytes(4096)
_DISK_HINT = "check the disk and the directory's owner, or choose another with VSPHERE_MOTION_STATE_DIR"
_NO_ROOM = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_PRIMARY = 0xFF
"""The primary part of an extended result code (sqlite.org/rescode.html)."""


class JournalMode(Enum):
    """How SQLite makes a commit atomic. `WAL` needs that all processes run on one machine."""

    WAL = "wal"
    DELETE = "delete"


class Store:
    """One open database; threads may share it.

    Args:
        mode: None chooses by the kind of file system.
        mounts: where the mounts are listed.
    """

    def __init__(self, path: Path, *, mode: JournalMode | None = None, mounts: Path = MOUNTS) -> None:
        """Open or create the file.

        Raises:
            JournalError: it cannot be opened, is no journal, or a newer version of this program wrote it.
        """
        self.path = path
        self._lock = threading.RLock()
        with named_errors("open", path):
            _create(path)
            self._db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
            try:
                self._set_up(mode or mode_for(path, mounts))
            except BaseException:
                self._db.close()
                raise

    def _set_up(self, mode: JournalMode) -> None:
        self._db.row_factory = sqlite3.Row
        read_version(self._db)
        _make_private(self.path)
        self._db.execute(f"PRAGMA journal_mode={mode.value}")
        self._db.execute("PRAGMA synchronous=FULL")
        bring_up_to_date(self._db)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """The rows of a query.

        Raises:
            JournalError: they cannot be read.
        """
        with self._lock, named_errors("read", self.path):
            return list(self._db.execute(sql, values))

    def write(self, doing: str, sql: str, values: Sequence[Any], *, with_pad: bool = False) -> int:
        """Commit one statement, and return how many rows it changed.

        Args:
            doing: what for, such as `write the outcome in`.
            with_pad: where there is no room on the disk, give up the pad and try once more.

        Raises:
            JournalError: it is not committed.
        """
        return self.write_each(doing, sql, [values], with_pad=with_pad)[0]

    def write_each(
        self, doing: str, sql: str, rows: Sequence[Sequence[Any]], *, with_pad: bool = False
    ) -> tuple[int, ...]:
        """Commit one statement with each of these values, all or none; how many rows each has changed.

        Args:
            doing, with_pad: as in `write`.

        Raises:
            JournalError: none of it is committed.
        """
        with self._lock, named_errors(doing, self.path):
            try:
                return self._execute_each(sql, rows)
            except sqlite3.OperationalError as error:
                if not (with_pad and _is_no_room(error) and self._give_up_pad()):
                    raise
                return self._execute_each(sql, rows)

    def _execute_each(self, sql: str, rows: Sequence[Sequence[Any]]) -> tuple[int, ...]:
        if len(rows) == 1:
            return (self._db.execute(sql, rows[0]).rowcount,)
        with self._in_transaction():
            return tuple(self._db.execute(sql, row).rowcount for row in rows)

    @contextmanager
    def transaction(self, doing: str) -> Iterator[sqlite3.Connection]:
        """Commit several statements, all or none.

        Raises:
            JournalError: they are not committed.
        """
        with self._lock, named_errors(doing, self.path), self._in_transaction():
            yield self._db

    @contextmanager
    def _in_transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def reserve(self) -> None:
        """Make the pad, or fill it up, before anything is started that will have to be written.

        Raises:
            JournalError: there is not so much room on the disk.
        """
        pad = self.path.with_name(PAD_NAME)
        with named_errors("keep room for the journal in", pad):
            if pad.exists() and pad.stat().st_size == PAD_BYTES:
                return
            try:
                _write_pad(pad)
            except OSError:
                pad.unlink(missing_ok=True)
                raise

    def _give_up_pad(self) -> bool:
        """Delete the pad; False if there is none. What SQLite's log holds goes into the file, and frees its room."""
        try:
            self.path.with_name(PAD_NAME).unlink()
        except OSError:
            return False
        with contextlib.suppress(sqlite3.Error):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return True


def mode_for(path: Path, mounts: Path = MOUNTS) -> JournalMode:
    """The mode for a file at this place."""
    return JournalMode.DELETE if is_shared(find_type(path.parent, mounts)) else JournalMode.WAL


@contextmanager
def named_errors(doing: str, path: Path) -> Iterator[None]:
    """Raise what goes wrong in the block as a `JournalError` that says on which file."""
    try:
        yield
    except NewerSchema as error:
        hint = "upgrade vsphere-motion, or choose another state directory with VSPHERE_MOTION_STATE_DIR"
        raise JournalError(f"cannot read the journal {path}: {error}", hint=hint) from error
    except (sqlite3.Error, OSError) as error:
        raise JournalError(f"cannot {doing} {path}: {error}", hint=_hint(error)) from error
    except (BadInput, json.JSONDecodeError) as error:
        raise JournalError(
            f"cannot {doing} {path}: {error}", hint="move the file away to start a new journal"
        ) from error


def _hint(error: Exception) -> str:
    is_foreign = isinstance(error, ForeignDatabase) or getattr(error, "sqlite_errorcode", 0) in {
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_CORRUPT,
    }
    return "it is left as it is; move the file away to start a new journal" if is_foreign else _DISK_HINT


def _create(path: Path) -> None:
    """Make the file with mode 0600 where it is not there: SQLite would make it readable for all."""
    if not os.access(path.parent, os.W_OK):
        raise OSError(f"the directory {path.parent} is read-only, or not yours to write in")
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, FILE_MODE))


def _make_private(path: Path) -> None:
    """Take other people's rights from a file that has some; SQLite gives -wal and -shm the mode of the file."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        path.chmod(FILE_MODE)


def _is_no_room(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY in _NO_ROOM


def _write_pad(pad: Path) -> None:
    """Write the bytes: a file that is only extended may take no room."""
    descriptor = os.open(pad, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        for _ in range(PAD_BYTES // len(_CHUNK)):
            file.write(_CHUNK)
        file.flush()
        os.fsync(file.fileno())
