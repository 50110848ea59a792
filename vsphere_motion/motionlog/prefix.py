"""What stands in front of a message in a host's log: time, world, opID, severity, module.

Rules of this file: ESXi 4 to 9, with or without the words of relays, of `grep` or of a spreadsheet in front. Of
several time stamps the one nearest to the message is the host's own. Every expression is anchored or has bounded
repeats, so a line costs time linear in its length; a line is cut at `LINE_CAP` characters. Nothing raises: what cannot
be read is None. Forms and their sources: KB 1010045 (4.x), KB 441977 (8.x), lnav's `vmk_log` format (5.0-8.x), sexilog
samples (5.x through syslog).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum

LINE_CAP = 64 * 1024


class LineSeverity(Enum):
    """The severity a line carries, as a word or (8.x) as a letter pair; `INFO` where it carries none."""

    DEBUG = "debug"
    INFO = "info"
    NOTICE = "notice"
    WARNING = "warning"
    ERROR = "error"
    ALERT = "alert"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedLine:
    """A log line taken apart.

    Args:
        at: its time stamp in UTC; None if it has none (ESXi 4.x prints the uptime).
        program: name of the program, such as `vmkernel` or `hostd`.
        world: ID of the world that wrote it.
        op_id: the vmkernel's hash of the operation ID, hexadecimal without leading zeros.
        module: name of the kernel module, such as `VMotionSend`.
        vm_world: the VM's world (group) ID, where the module names the VM it speaks of.
        message: what follows; for a line that is not the kernel's, everything after the time stamp.
    """

    at: datetime | None
    program: str | None
    world: int | None
    op_id: str | None
    severity: LineSeverity
    module: str | None
    vm_world: int | None
    message: str


HEAD_CHARACTERS = 512
"""How far from a line's start its host's own words may begin, after what relays and programs put there."""

_BLANKS = " \t\r\n"
_OPEN_BRACKET = re.compile(r"\[(?=\d{4}-)", re.ASCII)
_PRIORITY = re.compile(r"<\d{1,3}>", re.ASCII)
_STAMP = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d"
_TIME = re.compile(
    r"(?<!\d)(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?(?=[\s|\]\"',;:]|$)",
    re.ASCII,
)
_RELAYED = re.compile(r"(?:[A-Za-z0-9_.:-]{1,255} ){0,2}?(?:<\d{1,3}>(?:\d )?)?(?=" + _STAMP + ")", re.ASCII)
_CPU_AHEAD = re.compile(r"(?<![\w-])(?=cpu[\d#]{1,6}[: )])", re.ASCII)
_UPTIME = re.compile(r"\d{1,5}:\d\d:\d\d:\d\d\.\d{1,6} ", re.ASCII)
_LETTERS = re.compile(r"(In|No|Wa|Er|Al|Cr|Em|Db)\(\d{0,4}\) ", re.ASCII)
_PROGRAM = re.compile(r"(vmkernel|vmkwarning|vmkalert): ", re.ASCII)
_HOST_AND_PROGRAM = re.compile(r"[A-Za-z0-9_.:-]{0,254}[A-Za-z0-9_.-] ([A-Za-z][A-Za-z0-9_-]{0,31}): ", re.ASCII)
_ANY_PROGRAM = re.compile(r"\b(vmkernel|vmkwarning|vmkalert)\b", re.ASCII)
_ANY_LETTERS = re.compile(r"\b(In|No|Wa|Er|Al|Cr|Em|Db)\(\d{0,4}\)", re.ASCII)
_CPU = re.compile(r"cpu[\d#]{1,6}(?::([\d#]{1,12}))?(?: opID=([0-9A-Fa-f]{1,16}))? ?\)", re.ASCII)
_WORD = re.compile(r"(WARNING|ALERT|SYSALERT): ", re.ASCII)
_MODULE = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]{0,63}): (?:vm (\d{1,12}): )?[\d#]{1,7}: ", re.ASCII)

_BY_LETTERS = {
    "Db": LineSeverity.DEBUG,
    "In": LineSeverity.INFO,
    "No": LineSeverity.NOTICE,
    "Wa": LineSeverity.WARNING,
    "Er": LineSeverity.ERROR,
    "Cr": LineSeverity.ALERT,
    "Al": LineSeverity.ALERT,
    "Em": LineSeverity.ALERT,
}
_BY_WORD = {"WARNING": LineSeverity.WARNING, "ALERT": LineSeverity.ALERT, "SYSALERT": LineSeverity.ALERT}


def parse_line(text: str) -> ParsedLine:
    """Take one line apart; `message` is the whole line where nothing in front of it is known."""
    cursor = _Cursor(text[:LINE_CAP].strip(_BLANKS))
    at = _take_time(cursor)
    severity, program = _take_origin(cursor)
    cpu = cursor.take(_CPU)
    if cpu is None and (ahead := cursor.find(_CPU_AHEAD)):
        at, severity, program = _read_head(ahead, at)
        cpu = cursor.take(_CPU)
    word = cursor.take(_WORD)
    if word:
        severity = _BY_WORD[word[1]]
    module = cursor.take(_MODULE)
    return ParsedLine(
        at=at,
        program=program or ("vmkernel" if cpu else None),
        world=_world_of(cpu),
        op_id=cpu[2].lower() if cpu and cpu[2] else None,
        severity=severity,
        module=module[1] if module else None,
        vm_world=int(module[2]) if module and module[2] else None,
        message=cursor.rest(),
    )


def time_of(text: str) -> datetime | None:
    """The time stamp in front of a line of any host log, in UTC; a stamp without a zone is taken as UTC."""
    return _take_time(_Cursor(text[:HEAD_CHARACTERS].strip(_BLANKS)))


class _Cursor:
    """A line and how far it has been read."""

    __slots__ = ("_position", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Match here and step over the match; stay where the pattern does not match."""
        found = pattern.match(self._text, self._position)
        if found:
            self._position = found.end()
        return found

    def find(self, pattern: re.Pattern[str]) -> str | None:
        """Go to where the pattern is found in the head; what was passed from the line's start on; None: stay."""
        found = pattern.search(self._text, self._position, HEAD_CHARACTERS)
        if found is None:
            return None
        self._position = found.start()
        return self._text[: self._position]

    def skip_blanks(self) -> None:
        while self._text.startswith((" ", "\t", ": "), self._position):
            self._position += 1

    def rest(self) -> str:
        return self._text[self._position :]


def _take_time(cursor: _Cursor) -> datetime | None:
    """Steps over the stamps at the start, a relay's and the host's own; of the last one the time."""
    cursor.take(_PRIORITY)
    found = _take_stamp(cursor)
    if found is None:
        return _late_time(cursor)
    while cursor.take(_RELAYED) is not None and (own := _take_stamp(cursor)):
        found = own
    return _time_from(found)


def _take_stamp(cursor: _Cursor) -> re.Match[str] | None:
    cursor.take(_OPEN_BRACKET)
    found = cursor.take(_TIME)
    cursor.skip_blanks()
    return found


def _late_time(cursor: _Cursor) -> datetime | None:
    """The stamp behind what `grep`, a relay or a spreadsheet put in front; a fault's dump has none of its own."""
    head = cursor.rest()[:HEAD_CHARACTERS]
    found = None if head.startswith("-->") else _TIME.search(head, 0, HEAD_CHARACTERS)
    return None if found is None or "=" in head[: found.start()] else _time_from(found)


def _read_head(head: str, at: datetime | None) -> tuple[datetime | None, LineSeverity, str | None]:
    """Time, severity and program out of any words in front of a kernel's message."""
    stamps = list(_TIME.finditer(head))
    letters, program = _ANY_LETTERS.search(head), _ANY_PROGRAM.search(head)
    severity = _BY_LETTERS[letters[1]] if letters else LineSeverity.INFO
    return (_time_from(stamps[-1]) if stamps else at), severity, (program[1] if program else None)


def _time_from(found: re.Match[str]) -> datetime | None:
    *digits, fraction, offset = found.groups()
    year, month, day, hour, minute, second = map(int, digits)
    micros = int(fraction[:6].ljust(6, "0")) if fraction else 0
    try:
        zone = _zone_from(offset)
        at = datetime(year, month, day, hour, minute, second, micros, zone)
        return at if zone is UTC else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone_from(text: str | None) -> timezone:
    if text is None or text == "Z":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-offset if text[0] == "-" else offset)


def _take_origin(cursor: _Cursor) -> tuple[LineSeverity, str | None]:
    letters = cursor.take(_LETTERS)
    program = cursor.take(_PROGRAM) or (None if letters else cursor.take(_HOST_AND_PROGRAM))
    cursor.take(_UPTIME)
    return (_BY_LETTERS[letters[1]] if letters else LineSeverity.INFO), (program[1] if program else None)


def _world_of(cpu: re.Match[str] | None) -> int | None:
    digits = cpu[1] if cpu else None
    return int(digits) if digits and digits.isdecimal() else None
