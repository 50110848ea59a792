"""The timeline of one migration, put together from the lines of both hosts.

Rules of this file: a duration is the difference of two times of one clock, except for the one downtime measure that
says otherwise. What could not be read is None and has a note. Bandwidths are printed as MB/s and taken as 10^6 bytes
per second (no published sample decides it); `t2d` is the transmit-to-dirty ratio of
`Migrate.PreCopyMinProgressPerc`, so the dirty rate is bandwidth / (t2d / 100).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from vsphere_motion.model.record import LogFailure, LogLine, MotionRecord, PrecopyPass
from vsphere_motion.motionlog.attribution import MotionQuery, at_of, find_migration_id
from vsphere_motion.motionlog.belonging import VMWARE, lines_of_motion
from vsphere_motion.motionlog.downtime import DowntimeEvidence, measure_downtime, stops_during
from vsphere_motion.motionlog.prefix import LINE_CAP, parse_line
from vsphere_motion.motionlog.vmkernel import (
    Affinity,
    Failure,
    LowMemory,
    MeasuredDowntime,
    Message,
    MotionStart,
    PagesSent,
    PassEnd,
    PrecopyEnd,
    Resumed,
    message_of,
)
from vsphere_motion.motionlog.vmwarelog import (
    Announced,
    PrecopyStun,
    RestoreBegins,
    SaidFailure,
    StateChanged,
    StunBegins,
    Unstunned,
    read_progress,
    read_said,
)

T = TypeVar("T")

PAGE_BYTES = 4096
PRECOPY_STATE = 2
"""The sender's state in the pre-copy, in every numbering that is known (KB 1010634, KB 435078)."""


def read_motion(
    *,
    source_host: str,
    destination_host: str,
    source_lines: Sequence[LogLine],
    destination_lines: Sequence[LogLine],
    source_addresses: Sequence[str],
    destination_addresses: Sequence[str],
    since: datetime | None,
    until: datetime | None,
    migration_id: str | None = None,
    operation_id: str | None = None,
) -> MotionRecord | None:
    """What both hosts' logs say of one move; None if its migration ID cannot be told, or no line carries it.

    Args:
        source_lines, destination_lines: lines of `vmkernel`, and of `vpxa` and `vmware` where they were read too.
        source_addresses, destination_addresses: addresses of the hosts' vMotion vmknics; () if unknown.
        since, until: start and end of vCenter's task; the window is widened by the clock skew that is allowed for.
        migration_id: the ID, where it is known; nothing is searched for then.
        operation_id: the operationID of the relocation, which tells apart moves between the same two hosts.
    """
    query = MotionQuery(
        source_host=source_host,
        destination_host=destination_host,
        source_lines=source_lines,
        destination_lines=destination_lines,
        source_addresses=source_addresses,
        destination_addresses=destination_addresses,
        since=since,
        until=until,
        operation_id=operation_id,
    )
    found = migration_id or find_migration_id(query)
    return _record_of(query, found) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """A line of the migration, when it was written, and what it says."""

    line: LogLine
    at: datetime | None
    message: Message | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Half:
    """One host's lines of the migration, in the order of its log."""

    host: str
    said: tuple[_Said, ...]

    def first(self, kind: type[T]) -> tuple[T, datetime | None] | tuple[None, None]:
        for item in self.said:
            if isinstance(item.message, kind):
                return item.message, item.at
        return None, None

    def last(self, kind: type[T]) -> tuple[T, datetime | None] | tuple[None, None]:
        return replace(self, said=self.said[::-1]).first(kind)

    @property
    def times(self) -> tuple[datetime, ...]:
        return tuple(item.at for item in self.said if item.at is not None)


def _record_of(query: MotionQuery, migration_id: str) -> MotionRecord | None:
    source = _half_of(query.source_host, query.source_lines, migration_id)
    destination = _half_of(query.destination_host, query.destination_lines, migration_id)
    if not source.said and not destination.said:
        return None
    record = _with_start(
        MotionRecord(
            migration_id=migration_id,
            source_host=query.source_host,
            destination_host=query.destination_host,
            failures=_failures(source, destination),
            lines=_merge(source, destination),
        ),
        source,
        destination,
    )
    record = _with_precopy(record, source)
    record = _with_downtime(record, query, source, destination)
    record = _with_failure(record, source, destination)
    return replace(record, notes=_notes(source, destination))


def _half_of(host: str, lines: Sequence[LogLine], migration_id: str) -> _Half:
    said = [_said(line) for line in _without_copies(lines_of_motion(lines, migration_id))]
    return _Half(host=host, said=tuple(said))


def _said(line: LogLine) -> _Said:
    capped = line if len(line.text) <= LINE_CAP else replace(line, text=line.text[:LINE_CAP])
    return _Said(line=capped, at=at_of(line), message=message_of(parse_line(line.text)))


def _without_copies(lines: Iterable[LogLine]) -> list[LogLine]:
    """The lines without those that vmkwarning.log repeats."""
    kept: dict[tuple[datetime | None, str], LogLine] = {}
    for line in lines:
        kept.setdefault((at_of(line), parse_line(line.text).message), line)
    return list(kept.values())


def _merge(source: _Half, destination: _Half) -> tuple[LogLine, ...]:
    """Both hosts' lines by time; a line without a time stays behind the line before it in its log."""
    keyed: list[tuple[float, LogLine]] = []
    for half in (source, destination):
        latest: dict[str, float] = {}
        for item in half.said:
            before = latest.get(item.line.log, float("-inf"))
            latest[item.line.log] = max(before, item.at.timestamp()) if item.at else before
            keyed.append((latest[item.line.log], item.line))
    return tuple(line for _, line in sorted(keyed, key=lambda pair: pair[0]))


def _with_start(record: MotionRecord, source: _Half, destination: _Half) -> MotionRecord:
    own, own_at = source.first(MotionStart)
    other, other_at = destination.first(MotionStart)
    start = own or other
    alone_at = None if source.said else other_at
    record = replace(record, started_at=own_at or _announced_at(source) or alone_at)
    if start is None:
        return record
    if own_at is not None and other_at is not None:
        record = replace(record, clock_skew_s=(other_at - own_at).total_seconds())
    told = [one.encrypted for one in (own, other) if one and one.encrypted is not None]
    return replace(
        record,
        source_address=start.source_address,
        destination_address=start.destination_address,
        encrypted=any(told) if told else None,
    )


def _announced_at(source: _Half) -> datetime | None:
    """When the VM's own log has the migration's request; any other first line may come long after the start."""
    return next((item.at for item in source.said if isinstance(read_said(item.line.text), Announced)), None)


def _with_precopy(record: MotionRecord, source: _Half) -> MotionRecord:
    end, end_at = source.last(PrecopyEnd)
    sent, sent_at = source.last(PagesSent)
    _, start_at = source.first(MotionStart)
    _, stream_at = source.first(Affinity)
    stuns = [said.stopped_s for item in source.said if isinstance(said := read_said(item.line.text), PrecopyStun)]
    record = replace(
        record,
        precopy_started_at=stream_at or _own_log_time(source, StateChanged(state=PRECOPY_STATE)),
        precopy_stun_s=stuns[-1] if stuns else None,
        precopy_ended_at=end_at or _own_log_time(source, StunBegins()),
        page_send_ended_at=sent_at,
        precopy_s=_seconds_between(start_at, end_at),
        send_bandwidth_bps=sent.bandwidth_bps if sent else None,
        passes=_passes(source, stream_at or start_at),
    )
    if end is None:
        return record
    return replace(
        record,
        pages_left=end.pages_left,
        switchover_goal_s=end.switchover_goal_s,
        precopy_bandwidth_bps=end.bandwidth_bps,
        transmit_to_dirty_percent=end.transmit_to_dirty_percent,
        dirty_rate_bps=_dirty_rate(end.bandwidth_bps, end.transmit_to_dirty_percent),
    )


def _own_log_time(half: _Half, progress: object) -> datetime | None:
    """When the VM's own log shows this; the kernel's log, where it was not rotated away, comes first."""
    times = (item.at for item in half.said if _is_own(item) and read_progress(item.line.text) == progress)
    return next((at for at in times if at is not None), None)


def _is_own(item: _Said) -> bool:
    return item.line.log.startswith(VMWARE)


def _passes(source: _Half, started_at: datetime | None) -> tuple[PrecopyPass, ...]:
    """The passes whose ends the log has; none where it has the last one's alone, which may be one of many."""
    ends = [(item.message, item.at) for item in source.said if isinstance(item.message, (PassEnd, PrecopyEnd))]
    if not any(isinstance(end, PassEnd) for end, _ in ends):
        return ()
    found: list[PrecopyPass] = []
    for end, at in ends:
        found.append(
            PrecopyPass(
                started_at=started_at,
                duration_s=_seconds_between(started_at, at),
                bandwidth_bps=end.bandwidth_bps,
                dirty_rate_bps=_dirty_rate(end.bandwidth_bps, end.transmit_to_dirty_percent),
                left_bytes=None if end.pages_left is None else end.pages_left * PAGE_BYTES,
            )
        )
        started_at = at
    return tuple(found)


def _dirty_rate(bandwidth_bps: int | None, transmit_to_dirty_percent: float | None) -> int | None:
    if bandwidth_bps is None or not transmit_to_dirty_percent:
        return None
    return round(bandwidth_bps / (transmit_to_dirty_percent / 100))


def _seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    if start is None or end is None or end < start:
        return None
    return (end - start).total_seconds()


def _with_downtime(record: MotionRecord, query: MotionQuery, source: _Half, destination: _Half) -> MotionRecord:
    resumed_at = _resumed_at(destination)
    measured = [half.last(MeasuredDowntime)[0] for half in (destination, source)]
    _, source_start = source.first(MotionStart)
    _, destination_start = destination.first(MotionStart)
    downtime = measure_downtime(
        DowntimeEvidence(
            reported_s=next((one.downtime_s for one in measured if one), None),
            stops_s=_own_stops(destination)
            or stops_during(query.source_lines, record.precopy_ended_at or record.started_at, query.until),
            source_started_at=source_start,
            destination_started_at=destination_start,
            precopy_ended_at=record.precopy_ended_at,
            page_send_ended_at=record.page_send_ended_at,
            resumed_at=resumed_at,
        )
    )
    return replace(
        record,
        resumed_at=resumed_at,
        downtime_s=downtime.downtime_s if downtime else None,
        downtime_measure=downtime.measure if downtime else None,
    )


def _own_stops(destination: _Half) -> tuple[float, ...]:
    """The first stop that the destination's process of this very migration names."""
    said = (read_said(item.line.text) for item in destination.said if _is_own(item))
    return next(((one.stopped_s,) for one in said if isinstance(one, Unstunned)), ())


def _resumed_at(destination: _Half) -> datetime | None:
    _, resumed_at = destination.last(Resumed)
    own = (item.at for item in destination.said if _is_own(item) and "Checkpoint_Unstun" in item.line.text)
    return resumed_at or next((at for at in own if at is not None), None)


def _with_failure(record: MotionRecord, source: _Half, destination: _Half) -> MotionRecord:
    """Where and when it failed: the last part that the source's lines show to have begun."""
    if not record.failures or record.resumed_at is not None:
        return record
    times = [at for half in (source, destination) for _, at in _failures_of(half) if at is not None]
    return replace(record, failed_in=_failed_in(record, source), failed_at=times[0] if times else None)


def _failed_in(record: MotionRecord, source: _Half) -> str | None:
    if source.first(PagesSent)[0] is not None or _own_log_time(source, RestoreBegins()):
        return "resume"
    if record.precopy_ended_at is not None:
        return "switch-over"
    if record.precopy_started_at is not None or any("preCopy" in failure.text for failure in record.failures):
        return "pre-copy"
    return "prepare" if record.started_at is not None and source.said else None


def _failures(source: _Half, destination: _Half) -> tuple[LogFailure, ...]:
    found = [pair for half in (source, destination) for pair in _failures_of(half)]
    ordered = sorted(found, key=lambda pair: pair[1].timestamp() if pair[1] else float("inf"))
    return tuple(failure for failure, _ in ordered)


def _failures_of(half: _Half) -> Iterator[tuple[LogFailure, datetime | None]]:
    """The failures of one host's lines; a dump without a time of its own has that of the line before it."""
    latest: datetime | None = None
    for item in half.said:
        latest = item.at or latest
        said = item.message if isinstance(item.message, Failure) else read_said(item.line.text)
        if isinstance(said, (Failure, SaidFailure)):
            yield LogFailure(host=half.host, at=latest, text=said.text, code=said.code), latest


def _notes(source: _Half, destination: _Half) -> tuple[str, ...]:
    notes = [f"the log of {half.host} has no line of this migration" for half in (source, destination) if not half.said]
    if source.said:
        notes += _source_notes(source)
    elif destination.times:
        notes.append(f"times are of the clock of {destination.host}")
    notes += [
        f"{half.host}: the destination waited {item.message.waited_s:.2f} s for memory during the pre-copy"
        for half in (source, destination)
        for item in half.said
        if isinstance(item.message, LowMemory)
    ]
    if any(item.at is None and not _is_dump(item) for half in (source, destination) for item in half.said):
        notes.append("some lines have no time stamp that can be read")
    return tuple(notes)


def _is_dump(item: _Said) -> bool:
    return item.line.text.lstrip().startswith("-->")


def _source_notes(source: _Half) -> list[str]:
    kinds = {MotionStart: "start line", PrecopyEnd: "pre-copy end line", PagesSent: "page send end line"}
    missing = [name for kind, name in kinds.items() if source.first(kind)[0] is None]
    return [f"the log of {source.host} has no {name} of this migration" for name in missing]
