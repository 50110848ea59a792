"""Reading the end of a log page by page, from a server of logs that lives in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyVmomi import vim, vmodl

from vsphere_motion.errors import SessionEnded
from vsphere_motion.model.record import LogLine
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.vcenter.hostlogs import PAGE_LINES, LogTail, read_log_tail

HOST = NamedRef(ref=MoRef(kind="HostSystem", moid="host-1"), name="esx01")
START = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
Manager = vim.DiagnosticManager


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


def line(second: int) -> str:
    return f"{at(second):%Y-%m-%dT%H:%M:%S.000Z} In(182) vmkernel: cpu1:100)line {second}"


def lines(count: int) -> list[str]:
    """One line a second, from second 1 on: line n is written at second n."""
    return [line(second) for second in range(1, count + 1)]


@dataclass
class LogServer:
    """Stands where a DiagnosticManager, and the session and content that lead to it, stand.

    Args:
        files: what the log holds at each answer in turn; the last one stays. A rotation is a shorter list.
        at_most: lines given in one answer.
    """

    files: list[list[str]]
    keys: dict[str, str] = field(default_factory=lambda: {"vmkernel": "/var/log/vmkernel.log"})
    at_most: int = PAGE_LINES
    fault: Exception | None = None
    asked: list[tuple[int, int]] = field(default_factory=list)
    stub: Any = None

    @property
    def content(self) -> LogServer:
        return self

    @property
    def diagnosticManager(self) -> LogServer:
        return self

    def QueryDescriptions(self, host: Any) -> list[Any]:
        return [
            Manager.LogDescriptor(key=key, fileName=path, creator="hostd", format="plain", mimeType="text/plain")
            for key, path in self.keys.items()
        ]

    def BrowseDiagnosticLog(self, *, host: Any, key: str, start: int, lines: int) -> Any:
        if self.fault is not None:
            raise self.fault
        self.asked.append((start, lines))
        file = self.files.pop(0) if len(self.files) > 1 else self.files[0]
        texts = file[start - 1 : start - 1 + min(lines, self.at_most)]
        last = start + len(texts) - 1 if texts else len(file)
        return Manager.LogHeader(lineStart=min(start, len(file)), lineEnd=last, lineText=texts)

    def read(self, *, since: datetime | None = None, max_lines: int = 20_000, log: str = "vmkernel") -> LogTail:
        return read_log_tail(self, HOST, log=log, since=since, max_lines=max_lines)  # type: ignore[arg-type]


def numbers(tail: LogTail) -> list[int]:
    return [one.number for one in tail.lines]


def test_a_line_has_its_host_log_number_time_and_text() -> None:
    tail = LogServer([lines(1)]).read()
    assert tail == LogTail(lines=(LogLine(host="esx01", log="vmkernel", number=1, at=at(1), text=line(1)),))


@pytest.mark.parametrize("count", [0, 1, PAGE_LINES, PAGE_LINES + 1, 3 * PAGE_LINES - 1])
def test_every_line_is_read_once_and_in_order(count: int) -> None:
    assert LogServer([lines(count)]).read() == LogServer([lines(count)], at_most=7).read()
    assert numbers(LogServer([lines(count)]).read()) == list(range(1, count + 1))


def test_no_page_is_larger_than_vcenter_gives() -> None:
    server = LogServer([lines(1234)])
    server.read()
    assert max(count for _, count in server.asked) == PAGE_LINES


def test_reading_stops_at_the_page_that_begins_before_the_time() -> None:
    server = LogServer([lines(5000)])
    tail = server.read(since=at(4900))
    assert numbers(tail) == list(range(4900, 5001))
    assert tail.notes == ()
    assert len(server.asked) == 3


def test_a_line_without_a_time_belongs_to_the_one_before_it() -> None:
    tail = LogServer([[line(1), "    and more of it", line(2), "    and more of that", line(3)]]).read(since=at(2))
    assert numbers(tail) == [3, 4, 5]
    assert tail.lines[1].at is None


def test_never_more_than_the_limit_and_a_note_says_so() -> None:
    tail = LogServer([lines(3000)]).read(since=at(1), max_lines=700)
    assert numbers(tail) == list(range(2301, 3001))
    assert tail.notes == (
        "the vmkernel log of esx01 (host-1) was read from 2026-11-22 20:38:21 UTC on; "
        "older lines are beyond the last 700",
    )


def test_a_log_that_begins_too_late_is_noted() -> None:
    tail = LogServer([lines(20)]).read(since=at(-60))
    assert len(tail.lines) == 20
    assert tail.notes == (
        "the vmkernel log of esx01 (host-1) was read from 2026-11-22 20:00:01 UTC on; older lines were rotated away",
    )


def test_a_log_that_says_nothing_since_is_empty() -> None:
    assert LogServer([lines(20)]).read(since=at(21)) == LogTail()


def test_a_rotation_in_between_is_noticed_and_the_new_file_is_read() -> None:
    before, after = lines(900), [line(901), line(902)]
    server = LogServer([before, before, after])
    tail = server.read()
    assert [one.text for one in tail.lines] == after
    assert tail.notes == (
        "the vmkernel log of esx01 (host-1) was rotated while it was read; lines from before that are missing",
    )


def test_a_rotation_after_the_last_page_is_noticed() -> None:
    server = LogServer([lines(40), lines(40), lines(3)])
    tail = server.read()
    assert numbers(tail) == [1, 2, 3]
    assert "was rotated" in tail.notes[0]


def test_a_log_that_rotates_all_the_time_is_given_up() -> None:
    tail = LogServer([lines(900), [], lines(900), []]).read()
    assert tail.lines == ()
    assert "was rotated" in tail.notes[0]


def test_a_log_is_also_found_by_its_file() -> None:
    server = LogServer([lines(2)], keys={"key-17": "/var/run/log/vmkernel.log"})
    assert {one.log for one in server.read().lines} == {"key-17"}


def test_a_log_the_host_does_not_have_is_a_note_with_those_it_has() -> None:
    tail = LogServer([lines(2)], keys={"vpxa": "/var/log/vpxa.log", "hostd": "/var/log/hostd.log"}).read()
    assert tail == LogTail(notes=("esx01 (host-1) has no log called vmkernel; it has: hostd, vpxa",))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        pytest.param(vim.fault.NoPermission(msg="Permission was denied"), "Permission was denied", id="no privilege"),
        pytest.param(vmodl.fault.MethodNotFound(msg="not implemented"), "not implemented", id="no such method"),
        pytest.param(vim.fault.CannotAccessFile(msg="no access", file="x"), "no access", id="no access to the file"),
        pytest.param(vmodl.fault.HostNotReachable(msg="host is away"), "host is away", id="host not connected"),
    ],
)
def test_what_cannot_be_read_is_a_note(fault: Exception, words: str) -> None:
    tail = LogServer([lines(2)], fault=fault).read()
    assert tail == LogTail(notes=(f"Could not read the vmkernel log of esx01 (host-1): {words}",))


def test_an_ended_session_is_not_a_note() -> None:
    with pytest.raises(SessionEnded):
        LogServer([lines(2)], fault=vim.fault.NotAuthenticated(msg="who are you")).read()


def test_control_characters_stay_as_they_are() -> None:
    text = line(1) + "\x9b31m \t \u202e"
    assert LogServer([[text]]).read().lines[0].text == text
