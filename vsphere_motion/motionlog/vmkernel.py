"""The vmkernel's messages about a migration, and the few lines of other logs that name its downtime.

Rules of this file: first the forms that published logs show, then one generic form that catches any line with a
migration ID. Nothing matches on a source line number, which changes with every build. Bandwidth is printed as `MB/s`;
no published sample decides between 10^6 and 2^20 bytes, and 10^6 is assumed. Forms without a published sample are
marked UNVERIFIED. Repeats are bounded and expressions have no nested quantifiers, so time is linear in the line.

Source: KB 441977 (8.x start), KB 436882 (pre-copy end, page send end), KB 1010045 (failures, switch-over limit).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache
from typing import TypeAlias

from vsphere_motion.motionlog.prefix import LineSeverity, ParsedLine, parse_line

UNSPECIFIED = frozenset({"0.0.0.0", "::"})  # noqa: S104  # read, never bound to
"""What a host prints for an address it does not know yet."""


class Side(Enum):
    """Which end of the migration a line speaks of."""

    SOURCE = "S"
    DESTINATION = "D"


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionStart:
    """A host begins a migration. `encrypted` is None where the line is cut before it would say so, addresses as well.

    Args:
        world: the VM's world (group) ID on this host.
        destination_world: its ID on the destination; 0 on the destination's own line.
        swap: `SHARED` or `UNSHARED`.
    """

    migration_id: str
    side: Side
    source_address: str | None
    destination_address: str | None
    world: int | None
    destination_world: int | None
    swap: str | None
    encrypted: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecopyEnd:
    """The source stops the pre-copy. `pages_left` counts pages of 4 KiB; `transmit_to_dirty_percent` is the `t2d`.

    A line that is cut still stops it; what it no longer says is None.
    """

    migration_id: str
    side: Side
    pages_left: int | None
    switchover_goal_s: float | None
    bandwidth_bps: int | None
    transmit_to_dirty_percent: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PassEnd:
    """A pass of the pre-copy is over and another one follows: so many pages were written meanwhile. UNVERIFIED."""

    migration_id: str
    side: Side
    pages_left: int
    bandwidth_bps: int | None
    transmit_to_dirty_percent: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesSent:
    """The source has sent all modified pages; written while the VM stands still."""

    migration_id: str
    side: Side
    bandwidth_bps: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """The VM runs on the destination. UNVERIFIED: no published sample has the line's exact words."""

    migration_id: str
    side: Side
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LowMemory:
    """The destination waited for memory during the pre-copy (`Migrate.LowMemWaitSysAlertThresholdMS`, 10 s)."""

    migration_id: str
    side: Side
    waited_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A failure. `code` is the VMkernel code as printed, such as `0xbad00e0`."""

    migration_id: str
    side: Side | None
    text: str
    code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Affinity:
    """A vMotion vmknic whose worldlet sends or receives for this migration."""

    migration_id: str
    side: Side
    address: str
    direction: str
    world: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationMap:
    """Which of vCenter's operation IDs the vmkernel's short opID stands for."""

    operation_id: str
    op_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredDowntime:
    """vpxa's own measure of how long the VM stood still (verbose level)."""

    migration_id: str
    downtime_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VmStopped:
    """vmware.log's measure of a stun. Snapshots and hot-add write it too, and it carries no migration ID."""

    stopped_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Any other line that carries a migration ID."""

    migration_id: str
    side: Side
    text: str


Message: TypeAlias = (
    MotionStart
    | PrecopyEnd
    | PassEnd
    | PagesSent
    | Resumed
    | LowMemory
    | Failure
    | Affinity
    | OperationMap
    | MeasuredDowntime
    | VmStopped
    | Other
)


def read_message(text: str) -> Message | None:
    """What a whole line says of a migration; None if it says nothing."""
    return message_of(parse_line(text))


def message_of(line: ParsedLine) -> Message | None:
    """What a line that was taken apart says of a migration; None if it says nothing."""
    for word, pattern, build in _FREE_FORMS:
        found = pattern.search(line.message) if word in line.message else None
        if found:
            return _with_world(build(found), line.vm_world)
    numbered = _NUMBERED.match(line.message)
    return _read_numbered(line, numbered) if numbered else None


@lru_cache(maxsize=4096)
def normal_address(text: str) -> str:
    """One spelling for an IP address; text that is no address comes back in lower case."""
    bare = text.strip().partition("%")[0]
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return bare.lower()


def _read_numbered(line: ParsedLine, numbered: re.Match[str]) -> Message:
    migration_id, side, text = numbered[1], Side(numbered[2]), line.message[numbered.end() :]
    for pattern, build in _FORMS:
        found = pattern.match(text)
        if found:
            return build(migration_id, side, found)
    if line.severity in _LOUD and _FAILED.search(text):
        return _failure(migration_id, side, text)
    return Other(migration_id=migration_id, side=side, text=text)


def _with_world(message: Message, world: int | None) -> Message:
    """The old start line names the VM's world in front of the message."""
    if isinstance(message, MotionStart) and message.world is None:
        return replace(message, world=world)
    return message


def _start(found: re.Match[str]) -> MotionStart:
    swap, rest = found[7], found[8] or ""
    is_cut = bool(rest) and _ENCRYPTED.startswith(rest) and rest != _ENCRYPTED
    return MotionStart(
        migration_id=found[3],
        side=Side.SOURCE if found[1] == "Source" else Side.DESTINATION,
        source_address=_valid_address(found[4]),
        destination_address=_valid_address(found[5]),
        world=_number(found[2]),
        destination_world=_number(found[6]),
        swap=swap,
        encrypted=None if not swap or is_cut else rest.startswith(_ENCRYPTED),
    )


def _valid_address(text: str | None) -> str | None:
    """None for what a publication has masked."""
    if text is None:
        return None
    address = normal_address(text)
    return address if ":" in address or address.replace(".", "").isdecimal() else None


def _precopy_end(migration_id: str, side: Side, found: re.Match[str]) -> PrecopyEnd:
    return PrecopyEnd(
        migration_id=migration_id,
        side=side,
        pages_left=_number(found[1]),
        switchover_goal_s=_decimal(_GOAL.search(found.string)),
        bandwidth_bps=_bandwidth(found.string),
        transmit_to_dirty_percent=_decimal(_T2D.search(found.string)),
    )


def _precopy_pass(migration_id: str, side: Side, found: re.Match[str]) -> PassEnd:
    return PassEnd(
        migration_id=migration_id,
        side=side,
        pages_left=int(found[1]),
        bandwidth_bps=_bandwidth(found.string),
        transmit_to_dirty_percent=_decimal(_T2D.search(found.string)),
    )


def _pages_sent(migration_id: str, side: Side, found: re.Match[str]) -> PagesSent:
    return PagesSent(migration_id=migration_id, side=side, bandwidth_bps=_bandwidth(found.string))


def _low_memory(migration_id: str, side: Side, found: re.Match[str]) -> LowMemory:
    return LowMemory(migration_id=migration_id, side=side, waited_s=float(found[1]))


def _affinity(migration_id: str, side: Side, found: re.Match[str]) -> Affinity:
    return Affinity(
        migration_id=migration_id,
        side=side,
        address=normal_address(found[1]),
        direction=found[2],
        world=int(found[3]),
    )


def _resumed(migration_id: str, side: Side, found: re.Match[str]) -> Message:
    kind = Resumed if side is Side.DESTINATION else Other
    return kind(migration_id=migration_id, side=side, text=found.string)


def _failed(migration_id: str, side: Side, found: re.Match[str]) -> Failure:
    return _failure(migration_id, side, found.string)


def _failure(migration_id: str, side: Side | None, text: str) -> Failure:
    code, tail = _CODE.search(text), _CODE_AT_END.search(text)
    words = text[: tail.start()] if tail else text
    return Failure(
        migration_id=migration_id,
        side=side,
        text=words.removeprefix("Failed: ").strip(),
        code=code[0] if code else None,
    )


def _bandwidth(text: str) -> int | None:
    found = _BANDWIDTH.search(text)
    return round(float(found[1]) * 8_000_000) if found else None


def _decimal(found: re.Match[str] | None) -> float | None:
    return float(found[1]) if found else None


def _number(digits: str | None) -> int | None:
    return int(digits) if digits else None


_DECIMAL = r"(\d{1,12}(?:\.\d{1,9})?)"
_ID = r"(\d{13,19})(?!\d)"
_ENCRYPTED = ", encrypted"
_FAILED = re.compile(r"fail|timed out|abort|connection (?:closed|reset)", re.ASCII | re.IGNORECASE)
"""What a warning about a migration says where it is a failure's; one that says none of it only warns."""

_LOUD = frozenset({LineSeverity.WARNING, LineSeverity.ERROR, LineSeverity.ALERT})

_MASKABLE = r"<?(?:ex\. )?"  # an article writes `<ex. 7182955985622810397>` for a number (KB 441977)
_ADDRESS = r"<?([\w:.%]{2,64})(?:>|(?=[\s,]))"  # one that is cut at the end of a line is none

_NUMBERED = re.compile(_ID + r" ([SD]): ", re.ASCII)
_GOAL = re.compile(r"switchover time goal of " + _DECIMAL + r" seconds", re.ASCII)
_BANDWIDTH = re.compile(r"network bandwidth ~?" + _DECIMAL + r" MB/s", re.ASCII)
_T2D = re.compile(r"MB/s, " + _DECIMAL + r"% t2d", re.ASCII)
_CODE = re.compile(r"\b(?:0x)?0?bad[0-9a-f]{4}\b", re.ASCII | re.IGNORECASE)
_CODE_AT_END = re.compile(r"\(0x0?bad[0-9a-f]{4}\)(?: @0x[0-9a-f]{1,16})?\Z", re.ASCII | re.IGNORECASE)

# Each form with a word that its lines have: looking for that is far cheaper, and most lines have none.
_FREE_FORMS: tuple[tuple[str, re.Pattern[str], Callable[[re.Match[str]], Message]], ...] = (
    (
        " ts",
        re.compile(
            r"\b(Source|Dest)(?: vmmLeaderID = "
            + _MASKABLE
            + r"(\d{1,12})>?,)? ts ?= ?"
            + _MASKABLE
            + _ID
            + r"(?!\Z)>?"
            r"(?:,? src ?[iI][pP] = " + _ADDRESS + r")?(?:,? (?:dest ip|dstIP) = " + _ADDRESS + r")?"
            r"(?:,? Dest wid = " + _MASKABLE + r"(\d{1,12})>?)?(?: using (SHARED|UNSHARED) swap(.{0,11}))?",
            re.ASCII,
        ),
        _start,
    ),
    (
        "maps to vmkernel opID",
        re.compile(r"VC opID (\S{1,256}) maps to vmkernel opID ([0-9A-Fa-f]{1,16})", re.ASCII),
        lambda found: OperationMap(operation_id=found[1], op_id=found[2].lower()),
    ),
    (
        "vmotion result has",
        re.compile(r"\(" + _ID + r"\) vmotion result has downtime value (\d{1,15})", re.ASCII),
        lambda found: MeasuredDowntime(migration_id=found[1], downtime_s=int(found[2]) / 1e6),
    ),
    (
        "Checkpoint_Unstun",
        re.compile(r"Checkpoint_Unstun: vm stopped for (\d{1,15}) us", re.ASCII),
        lambda found: VmStopped(stopped_s=int(found[1]) / 1e6),
    ),
    (
        "vMotion migration",
        re.compile(
            r"vMotion migration \[-?[0-9A-Fa-f]{1,11}:"
            + _ID
            + r"\] (?:\w{1,20} ){0,3}(?:failed|timed out|aborted).{0,2000}",
            re.ASCII,
        ),
        lambda found: _failure(found[1], None, found[0]),
    ),
    (
        "[MIGRATE]",
        re.compile(r"\[MIGRATE\] \(" + _ID + r"\) vMotion failed: .{0,2000}", re.ASCII),
        lambda found: _failure(found[1], None, found[0].partition(") ")[2]),
    ),
)

_FORMS: tuple[tuple[re.Pattern[str], Callable[[str, Side, re.Match[str]], Message]], ...] = (
    (re.compile(r"Stopping pre-copy(?:: only (\d{1,15}) pages (?:left|were))?", re.ASCII), _precopy_end),
    (re.compile(r"Sent all modified pages", re.ASCII), _pages_sent),
    (
        re.compile(r"Set ip address '([^']{1,64})' worldlet affinity to (send|recv) World ID (\d{1,12})", re.ASCII),
        _affinity,
    ),
    (re.compile(r"World \d{1,12} waited " + _DECIMAL + r" seconds to leave low memory state", re.ASCII), _low_memory),
    (re.compile(r"Maximum switchover time|The migration exceeded the maximum switchover time", re.ASCII), _failed),
    (re.compile(r"Failed: |failed to |Migration considered a failure by the VMX", re.ASCII), _failed),
    (
        re.compile(r"Another pre-copy iteration needed with (\d{1,15}) pages left to send", re.ASCII),  # UNVERIFIED
        _precopy_pass,
    ),
    # UNVERIFIED forms of the destination's side.
    (
        re.compile(r"Resume handshake successful|(?:The )?VM (?:has )?resumed|Resumed on destination", re.ASCII),
        _resumed,
    ),
)
