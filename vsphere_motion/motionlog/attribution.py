"""Which migration ID is the one of a given move: no field of vCenter's API carries it, so the logs have to say.

Rules of this file: a wrong ID is worse than none. A start line names both vMotion addresses; several moves between the
same two hosts at the same time are told apart by the operation ID, which hostd and vpxa print next to the migration's,
else by time, and where that is not conclusive the answer is None. Clocks of hosts and vCenter differ: 98 s was seen on
published samples.

Source: KB 441977 (procedure), vmotion start lines of ESXi 5 to 8.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from vsphere_motion.model.record import LogLine
from vsphere_motion.motionlog.ids import named_ids
from vsphere_motion.motionlog.prefix import LINE_CAP, parse_line, time_of
from vsphere_motion.motionlog.vmkernel import UNSPECIFIED, MotionStart, OperationMap, message_of, normal_address

CLOCK_SKEW_S = 120.0
"""How far a host's clock may be from vCenter's before its lines are no longer looked at. 98 s was seen; rounded up."""

AT_ONCE_S = 1.0
"""A task this short was refused before its migration began; the start of one alone takes about as long. UNVERIFIED."""

OWN_OPERATIONS = "vsphere-motion-"
"""What the operation IDs of this program's relocations begin with."""

LEAD_S = 1.0
"""How much nearer one of several candidates has to be than the next to be taken."""


_OPERATION = re.compile(r"\bopID=([^\s\]]{1,256})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionQuery:
    """The move whose migration is looked for.

    Args:
        source_addresses, destination_addresses: addresses of the vMotion vmknics; () if unknown.
        since, until: start and end of vCenter's task.
        operation_id: the operationID the relocation was called with.
    """

    source_host: str
    destination_host: str
    source_lines: Sequence[LogLine]
    destination_lines: Sequence[LogLine]
    source_addresses: Sequence[str] = ()
    destination_addresses: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None
    operation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A migration ID with the times of its lines, by host; `op_ids` are of its start lines."""

    migration_id: str
    source_times: tuple[datetime, ...]
    destination_times: tuple[datetime, ...]
    op_ids: frozenset[str]
    is_on_both: bool

    @property
    def times(self) -> tuple[datetime, ...]:
        return self.source_times or self.destination_times

    def distance_s(self, since: datetime) -> float:
        return min((abs((at - since).total_seconds()) for at in self.times), default=float("inf"))

    def duration_misfit_s(self, wanted_s: float) -> float:
        if len(self.times) < 2:
            return float("inf")
        return abs((max(self.times) - min(self.times)).total_seconds() - wanted_s)


def find_migration_id(query: MotionQuery) -> str | None:
    """The migration ID of the move, or None where the logs do not say it or could mean several."""
    named = _named_with_operation(query)
    if len(named) == 1:
        return named[0]
    candidates = [_candidate(query, migration_id) for migration_id in _matching_ids(query)]
    foreign = _foreign_hashes(query)
    candidates = [one for one in candidates if _can_be(query, one) and not one.op_ids & foreign]
    by_operation = _of_operation(query, candidates)
    if by_operation:
        candidates = by_operation
    on_both = [candidate for candidate in candidates if candidate.is_on_both]
    if not _has_addresses(query) and not by_operation:
        return on_both[0].migration_id if len(on_both) == 1 else None
    return _choose(query, on_both or candidates)


def lines_with(lines: Iterable[LogLine], migration_id: str) -> list[LogLine]:
    """The lines that carry the ID, in decimal or (vmware.log of 7.0 and later) in hexadecimal."""
    return [line for line in lines if carries_id(line.text, migration_id)]


def carries_id(text: str, migration_id: str) -> bool:
    """Whether a line carries this ID, in decimal or (vmware.log of 7.0 and later) in hexadecimal."""
    hexadecimal = f"mid={int(migration_id):x}" if migration_id.isascii() and migration_id.isdecimal() else migration_id
    return _carries(text, migration_id) or _carries(text, hexadecimal)


def at_of(line: LogLine) -> datetime | None:
    """The time of a line: as it was read with the line, else the stamp it begins with."""
    return line.at or time_of(line.text)


def _carries(text: str, needle: str) -> bool:
    start = text.find(needle, 0, LINE_CAP)
    while start >= 0:
        before, after = text[start - 1 : start], text[start + len(needle) : start + len(needle) + 1]
        if not (before.isalnum() or after.isalnum()):
            return True
        start = text.find(needle, start + 1, LINE_CAP)
    return False


def _named_with_operation(query: MotionQuery) -> list[str]:
    """IDs that hostd or vpxa names on lines of the move's operation, inside the window: they need no start line."""
    if not query.operation_id:
        return []
    found: dict[str, None] = {}
    for line in (*query.source_lines, *query.destination_lines):
        if query.operation_id in line.text and _is_in_window(query, at_of(line)):
            operation = _OPERATION.search(line.text[:LINE_CAP])
            if operation and _is_operation(query.operation_id, operation[1]):
                found.update(dict.fromkeys(named_ids(line.text[:LINE_CAP])))
    return list(found)


def _matching_ids(query: MotionQuery) -> list[str]:
    """IDs of start lines inside the window whose addresses do not contradict the move, in order of appearance."""
    source, destination = _normal(query.source_addresses), _normal(query.destination_addresses)
    found: dict[str, None] = {}
    for line in (*query.source_lines, *query.destination_lines):
        start = _start_in(query, line)
        if start is None or (start.source_address and start.source_address == start.destination_address):
            continue
        if _may_be(start.source_address, source) and _may_be(start.destination_address, destination):
            found[start.migration_id] = None
    return list(found)


def _may_be(printed: str | None, wanted: frozenset[str]) -> bool:
    """An address that a line leaves out, or does not know yet, contradicts nothing."""
    return not wanted or printed is None or printed in UNSPECIFIED or printed in wanted


def _start_in(query: MotionQuery, line: LogLine) -> MotionStart | None:
    if " ts =" not in line.text or not _is_in_window(query, at_of(line)):
        return None
    message = message_of(parse_line(line.text))
    return message if isinstance(message, MotionStart) else None


def _is_in_window(query: MotionQuery, at: datetime | None) -> bool:
    """Whether a line may belong to the move; one without a time may."""
    skew = timedelta(seconds=CLOCK_SKEW_S)
    if at is None:
        return True
    return (query.since is None or at >= query.since - skew) and (query.until is None or at <= query.until + skew)


def _normal(addresses: Sequence[str]) -> frozenset[str]:
    return frozenset(normal_address(address) for address in addresses)


def _has_addresses(query: MotionQuery) -> bool:
    return bool(query.source_addresses) and bool(query.destination_addresses)


def _candidate(query: MotionQuery, migration_id: str) -> _Candidate:
    source = lines_with(query.source_lines, migration_id)
    destination = lines_with(query.destination_lines, migration_id)
    starts = [parse_line(line.text) for line in (*source, *destination) if _start_in(query, line)]
    return _Candidate(
        migration_id=migration_id,
        source_times=_times(source),
        destination_times=_times(destination),
        op_ids=frozenset(line.op_id for line in starts if line.op_id),
        is_on_both=bool(source) and bool(destination),
    )


def _times(lines: Sequence[LogLine]) -> tuple[datetime, ...]:
    return tuple(at for at in (at_of(line) for line in lines) if at is not None)


def _of_operation(query: MotionQuery, candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """The candidates whose start line carries an opID that the log maps to the move's operation ID."""
    if not query.operation_id or not candidates:
        return []
    hashes = {mapping.op_id for mapping in _operation_maps(query) if _is_part_of(query.operation_id, mapping)}
    return [candidate for candidate in candidates if candidate.op_ids & hashes]


def _foreign_hashes(query: MotionQuery) -> frozenset[str]:
    """The opIDs of other moves of this program: a move that left no line must not be given a neighbour's.

    Only where the logs show operation IDs of this program at all; a vCenter that keeps them to itself proves nothing.
    """
    if not (query.operation_id or "").startswith(OWN_OPERATIONS):
        return frozenset()
    own = [mapping for mapping in _operation_maps(query) if mapping.operation_id.startswith(OWN_OPERATIONS)]
    return frozenset(mapping.op_id for mapping in own if not _is_part_of(query.operation_id or "", mapping))


def _can_be(query: MotionQuery, candidate: _Candidate) -> bool:
    """A task that was over at once began no migration that lasted: a comparison that no clock skew disturbs."""
    if query.since is None or query.until is None or (query.until - query.since).total_seconds() > AT_ONCE_S:
        return True
    spans = (candidate.source_times, candidate.destination_times)
    return all(not times or (max(times) - min(times)).total_seconds() <= 2 * AT_ONCE_S for times in spans)


def _operation_maps(query: MotionQuery) -> Iterable[OperationMap]:
    for line in (*query.source_lines, *query.destination_lines):
        if " maps to vmkernel opID " in line.text:
            message = message_of(parse_line(line.text))
            if isinstance(message, OperationMap):
                yield message


def _is_part_of(operation_id: str, mapping: OperationMap) -> bool:
    """vCenter appends its own words to a client's operation ID when it calls a host: `ID-01-1e-4e2f`."""
    return _is_operation(operation_id, mapping.operation_id)


def _is_operation(operation_id: str, printed: str) -> bool:
    return printed == operation_id or printed.startswith(operation_id + "-")


def _choose(query: MotionQuery, candidates: Sequence[_Candidate]) -> str | None:
    if len(candidates) <= 1:
        return candidates[0].migration_id if candidates else None
    return _nearest(query, candidates) or _best_lasting(query, candidates)


def _nearest(query: MotionQuery, candidates: Sequence[_Candidate]) -> str | None:
    """The candidate that starts nearest to the task, if no clock skew of that size could make it the wrong one."""
    since = query.since
    if since is None:
        return None
    first, second = sorted(candidates, key=lambda candidate: candidate.distance_s(since))[:2]
    lead_s = second.distance_s(since) - first.distance_s(since)
    return first.migration_id if lead_s >= max(LEAD_S, first.distance_s(since)) else None


def _best_lasting(query: MotionQuery, candidates: Sequence[_Candidate]) -> str | None:
    """The candidate whose lines last as long as the task did: a comparison that no clock skew disturbs."""
    if query.since is None or query.until is None:
        return None
    wanted_s = (query.until - query.since).total_seconds()
    first, second = sorted(candidates, key=lambda candidate: candidate.duration_misfit_s(wanted_s))[:2]
    lead_s = second.duration_misfit_s(wanted_s) - first.duration_misfit_s(wanted_s)
    is_clear = lead_s >= max(LEAD_S, first.duration_misfit_s(wanted_s))
    return first.migration_id if is_clear else None
