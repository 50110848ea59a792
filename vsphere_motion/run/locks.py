"""One process watches a run at a time: a lock file that the kernel frees with the process, and a row that says who.

Rules of this file: on this machine the lock file alone decides, so a killed process leaves nothing to clean up. A row
of another machine counts until that machine ends its watch or a person takes it away (`unlock`): nothing here can see
whether a process lives there. The row is refreshed while the run is watched; all its times are vCenter's.
"""

from __future__ import annotations

import fcntl
import logging
import os
import pwd
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from vsphere_motion.errors import JournalError, RunLocked
from vsphere_motion.private import make_private_directory, open_private_file
from vsphere_motion.run.journal import Journal
from vsphere_motion.run.records import Rival, Watch

DIRECTORY = "locks"
BEAT_S = 10.0
LOOKS, LOOK_S = 3, 0.02
"""How often, and after which pause in seconds, a lock is tried: a look at it takes it for a moment."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """This process, as others are told of it.

    Args:
        monotonic_s: seconds on a clock that never jumps; by it vCenter's clock is carried on between two readings.
        beat_s: seconds between two refreshes of the row.
    """

    owner: str
    host: str
    pid: int
    monotonic_s: Callable[[], float] = time.monotonic
    beat_s: float = BEAT_S


def this_process() -> Watcher:
    """This process on this machine."""
    return Watcher(owner=_owner(), host=socket.gethostname(), pid=os.getpid())


@contextmanager
def watching(journal: Journal, run: str, *, now: datetime, watcher: Watcher | None = None) -> Iterator[Watch]:
    """Be the one process that watches a run, for the length of the block.

    Args:
        run: the whole id.
        now: vCenter's clock.

    Raises:
        RunLocked: another process watches it, or one on another machine may.
        JournalError: the lock file or the row cannot be written.
    """
    me = watcher or this_process()
    descriptor = _take_file(journal, run, now)
    try:
        _require_no_foreign(journal, run, me, now)
        watch = Watch(run=run, owner=me.owner, host=me.host, pid=me.pid, since=now, seen_at=now)
        journal.write_watch(watch)
        with _beating(journal, watch, me):
            yield watch
    finally:
        _let_go(journal, run, me, descriptor)


def is_alive(journal: Journal, run: str) -> bool:
    """Whether a process on this machine watches the run right now."""
    try:
        descriptor = os.open(lock_file(journal, run), os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        return not _try_flock(descriptor)
    finally:
        os.close(descriptor)


def find_alive(journal: Journal, watch: Watch) -> bool | None:
    """Whether the process of a watch lives; None if it is one of another machine, which cannot be seen from here."""
    return is_alive(journal, watch.run) if watch.host == socket.gethostname() else None


def unlock(journal: Journal, run: str, *, force: bool = False) -> None:
    """Take away the watch of a run.

    Args:
        force: also from a process on this machine that lives; it goes on, so two processes may watch the run then.

    Raises:
        RunLocked: the process lives, and `force` is not given.
    """
    if is_alive(journal, run):
        if not force:
            raise RunLocked(
                f"run {run} is watched by a process that lives: {_who(journal.find_watch(run))}",
                hint="end that process (Ctrl-C twice leaves its moves running), or add --force",
            )
        lock_file(journal, run).unlink(missing_ok=True)
    journal.drop_watch(run)


def lock_file(journal: Journal, run: str) -> Path:
    """The file whose lock the watching process holds; its name is the run's id."""
    return journal.path.parent / DIRECTORY / f"{run}.lock"


def told(watch: Watch | None, now: datetime) -> str:
    """Who watches, for how long, and when it was last heard of: `root on vc-jump, process 12, for 40 s, ...`."""
    if watch is None:
        return "a process that has not said who it is"
    for_s, ago_s = ((now - at).total_seconds() for at in (watch.since, watch.seen_at))
    words = f"{watch.owner} on {watch.host}, process {watch.pid}"
    return f"{words}, for {max(0, round(for_s))} s, last heard of {max(0, round(ago_s))} s ago"


def words_of(rival: Rival, now: datetime) -> str:
    """Why a move is left to another run of this journal; `now` is vCenter's clock."""
    task = rival.item.task.moid if rival.item.task else "its task is not known yet"
    who = f"watched by {told(rival.watch, now)}" if rival.watch else "nobody watches it"
    way_on = f"see: vsphere-motion status {rival.run}, or go on with: vsphere-motion resume {rival.run}"
    return f"run {rival.run} has asked for a relocation of this VM and did not see its end ({task}; {who}); {way_on}"


def _take_file(journal: Journal, run: str, now: datetime) -> int:
    """The descriptor of the locked file. One that was taken away meanwhile is locked for nobody: try the new one."""
    path = lock_file(journal, run)
    while True:
        try:
            make_private_directory(path.parent)
            descriptor = open_private_file(path)
        except OSError as error:
            raise JournalError(f"cannot lock run {run} with {path}: {error}", hint="check the directory") from error
        is_locked = _lock_soon(descriptor)
        if is_locked and _is_same(descriptor, path):
            return descriptor
        os.close(descriptor)
        if not is_locked:
            raise RunLocked(
                f"run {run} is watched already: {told(journal.find_watch(run), now)}",
                hint="let it end, or look at it with: vsphere-motion status " + run,
            )


def _lock_soon(descriptor: int) -> bool:
    """Lock the file, also where another process looks at this very moment whether it is locked."""
    pause = threading.Event()
    return any(_try_flock(descriptor) or pause.wait(LOOK_S) for _ in range(LOOKS))


def _try_flock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _require_no_foreign(journal: Journal, run: str, me: Watcher, now: datetime) -> None:
    watch = journal.find_watch(run)
    if watch is None:
        return
    if watch.host == me.host:
        _log.info("run %s was left by %s, which no longer lives; taking it over", run, watch)
        return
    raise RunLocked(
        f"run {run} is watched from another machine: {told(watch, now)}",
        hint=f"if that process is gone, take its lock away with: vsphere-motion unlock {run}",
    )


def _let_go(journal: Journal, run: str, me: Watcher, descriptor: int) -> None:
    """Delete the row and the file while they are still ours; a failure leaves nothing but a stale row."""
    with suppress(JournalError):
        watch = journal.find_watch(run)
        if watch is not None and (watch.host, watch.pid) == (me.host, me.pid):
            journal.end_watch(watch)
    path = lock_file(journal, run)
    if _is_same(descriptor, path):
        path.unlink(missing_ok=True)
    os.close(descriptor)


@contextmanager
def _beating(journal: Journal, watch: Watch, me: Watcher) -> Iterator[None]:
    """Refresh the row from a thread: the loop may be waiting for a vCenter that is away."""
    is_over = threading.Event()
    began_s = me.monotonic_s()

    def beat() -> None:
        while not is_over.wait(me.beat_s):
            try:
                journal.beat(watch, watch.since + timedelta(seconds=me.monotonic_s() - began_s))
            except JournalError as error:
                _log.info("%s", error)

    thread = threading.Thread(target=beat, name=f"watch of {watch.run}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(timeout=1.0)


def _owner() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _who(watch: Watch | None) -> str:
    return "it has not said who it is" if watch is None else str(watch)
