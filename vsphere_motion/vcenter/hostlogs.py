"""The end of a host's log, read through vCenter with `BrowseDiagnosticLog`.

Rules of this file: what cannot be read is a note, not an error, because logs explain a move and do not decide it; only
an ended session is raised. Lines are kept as the host wrote them, control characters included: whoever shows them
escapes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from vsphere_motion.errors import MotionError, SessionEnded
from vsphere_motion.model.record import LogLine
from vsphere_motion.model.refs import NamedRef
from vsphere_motion.motionlog.prefix import time_of
from vsphere_motion.vcenter.collector import managed_object
from vsphere_motion.vcenter.faults import translated

if TYPE_CHECKING:
    from vsphere_motion.vcenter.deadline import Deadline
    from vsphere_motion.vcenter.session import Session

PAGE_LINES = 500
"""vCenter gives no more lines in one answer (govmomi's object/diagnostic_log.go; a host gives 1,000)."""

_BEYOND_END = 999_999_999
"""Asked for a line that no log has, vCenter answers with the number of the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTail:
    """The end of one log.

    Args:
        lines: oldest first.
        notes: what could not be read, and why; one sentence each.
    """

    lines: tuple[LogLine, ...] = ()
    notes: tuple[str, ...] = ()


def read_log_tail(
    session: Session,
    host: NamedRef,
    *,
    log: str = "vmkernel",
    since: datetime | None,
    max_lines: int = 20_000,
    deadline: Deadline | None = None,
) -> LogTail:
    """The last lines of a host's log, back to `since`, and never more than `max_lines`.

    Only the current file can be read this way, not those that were rotated away.

    Args:
        log: the log's key, such as `vmkernel`, `hostd` or `vpxa`.
        deadline: when no further page is asked for; what was read until then is given, with a note.

    Calls: QueryDescriptions, BrowseDiagnosticLog (two, and one for each 500 lines).
    Needs: Global.Diagnostics.

    Raises:
        SessionEnded: vCenter no longer knows the session.
    """
    try:
        return _read_tail(session, host, log, _Wanted(since=since, max_lines=max_lines, deadline=deadline))
    except SessionEnded:
        raise
    except MotionError as error:
        return LogTail(notes=(error.message,))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """How much of a log is wanted."""

    since: datetime | None
    max_lines: int
    deadline: Deadline | None

    @property
    def is_late(self) -> bool:
        return self.deadline is not None and self.deadline.left_s <= 0


class _Rotated(Exception):
    """The log has fewer lines than it had a moment ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Log:
    """One log of one host on the server."""

    session: Session
    host: NamedRef
    key: str

    @property
    def title(self) -> str:
        return f"{self.key} log of {self.host}"

    def last_line(self) -> int:
        return int(self._browse(_BEYOND_END, 0).lineEnd)

    def read(self, first: int, last: int) -> list[LogLine]:
        """These lines; a server may give fewer at once than it was asked for."""
        lines: list[LogLine] = []
        while first <= last:
            texts = self._browse(first, last - first + 1).lineText[: last - first + 1]
            if not texts:
                raise _Rotated
            lines += [self._line(first + offset, text) for offset, text in enumerate(texts)]
            first += len(texts)
        return lines

    def _line(self, number: int, text: str) -> LogLine:
        return LogLine(host=self.host.name, log=self.key, number=number, at=time_of(text), text=text)

    def _browse(self, start: int, lines: int) -> Any:
        content: Any = self.session.content
        host = managed_object(self.session, self.host.ref)
        with translated(f"read the {self.title}"):
            return content.diagnosticManager.BrowseDiagnosticLog(host=host, key=self.key, start=start, lines=lines)


def _read_tail(session: Session, host: NamedRef, log: str, wanted: _Wanted) -> LogTail:
    keys = _keys(session, host)
    key = _choose_key(keys, log)
    if key is None:
        return LogTail(notes=(f"{host} has no log called {log}; it has: {', '.join(sorted(keys)) or 'none'}",))
    opened = _Log(session=session, host=host, key=key)
    try:
        return _read_whole(opened, wanted)
    except _Rotated:
        pass
    note = f"the {opened.title} was rotated while it was read; lines from before that are missing"
    try:
        tail = _read_whole(opened, wanted)
    except _Rotated:
        return LogTail(notes=(note,))
    return replace(tail, notes=(note, *tail.notes))


def _keys(session: Session, host: NamedRef) -> dict[str, str]:
    """The keys of a host's logs, each with its file name."""
    content: Any = session.content
    with translated(f"list the logs of {host}"):
        found = content.diagnosticManager.QueryDescriptions(host=managed_object(session, host.ref))
    return {one.key: one.fileName for one in found}


def _choose_key(keys: dict[str, str], log: str) -> str | None:
    """The key that is the log's name, else the one whose file is: keys differ between releases."""
    if log in keys:
        return log
    return next((key for key, path in keys.items() if path.rpartition("/")[2] == f"{log}.log"), None)


def _read_whole(log: _Log, wanted: _Wanted) -> LogTail:
    """Pages from the end backwards, until one begins before `since`; the end is looked at again afterwards.

    Raises:
        _Rotated: the log became shorter meanwhile.
    """
    since, last = wanted.since, log.last_line()
    lowest = max(1, last - wanted.max_lines + 1)
    pages: list[list[LogLine]] = []
    first = last + 1
    while first > lowest and not (pages and (_begins_before(pages[-1], since) or wanted.is_late)):
        first, before = max(lowest, first - PAGE_LINES), first
        pages.append(log.read(first, before - 1))
    if log.last_line() < last:
        raise _Rotated
    lines = [line for page in reversed(pages) for line in page]
    return LogTail(lines=tuple(_from(lines, since)), notes=tuple(_gap_notes(log, lines, wanted)))


def _begins_before(lines: Sequence[LogLine], since: datetime | None) -> bool:
    at = next((line.at for line in lines if line.at is not None), None)
    return since is not None and at is not None and at < since


def _from(lines: Sequence[LogLine], since: datetime | None) -> Sequence[LogLine]:
    """Without the lines before the first that is not older; a line without a time belongs to the one before it."""
    if since is None:
        return lines
    return lines[next((i for i, line in enumerate(lines) if line.at is not None and line.at >= since), len(lines)) :]


def _gap_notes(log: _Log, lines: Sequence[LogLine], wanted: _Wanted) -> list[str]:
    since = wanted.since
    at = next((line.at for line in lines if line.at is not None), None)
    if since is None or at is None or at < since:
        return []
    beyond = "there was no time for older lines" if wanted.is_late else f"older lines are beyond the last {len(lines)}"
    why = "older lines were rotated away" if lines[0].number == 1 else beyond
    return [f"the {log.title} was read from {at:%Y-%m-%d %H:%M:%S} UTC on; {why}"]
