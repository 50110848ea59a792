"""`logs --from-file`: the migrations that log files speak of, without a vCenter."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from vsphere_motion.cli.console import safe
from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.errors import BadInput, NotFound
from vsphere_motion.model.record import LoggedFailure, LoggedMotion

SCHEMA = "vsphere-motion/logs/v1"
AROUND = timedelta(minutes=15)

_DURATION = re.compile(r"(\d{1,6})([smhdw])", re.ASCII)
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which of the migrations are asked for; the times are as the person wrote them."""

    migration_id: str | None = None
    vm: str | None = None
    since: str | None = None
    around: str | None = None


def show_files(invocation: Invocation, files: Sequence[str], filters: Filters) -> int:
    """Tell the migrations of these files that pass the filters.

    Raises:
        BadInput: an ID, a time or a file cannot be used.
        NotFound: the ID that was asked for is in none of the files.
    """
    from vsphere_motion.service.logfiles import read_log_files

    migration_id = _migration_id(filters.migration_id)
    is_wanted = _time_filter(filters)
    found = read_log_files([Path(file) for file in files], migration_id=migration_id, stdin=sys.stdin.buffer)
    for note in found.notes:
        invocation.console.warn(safe(note))
    motions = [one for one in found.motions if is_wanted(one) and _is_of_vm(one, filters.vm)]
    if migration_id is not None and not found.motions:
        raise NotFound(
            f"no line of migration {migration_id} is in the {found.files} logs that were read",
            hint="hosts rotate their logs: name vmkernel.0.gz and its elder brothers too",
        )
    if invocation.wants("json"):
        document = {"schema": SCHEMA, "motions": [motion_document(motion) for motion in motions]}
        invocation.console.result(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        for line in _table(motions, found.files):
            invocation.console.result(line)
    return ExitCode.OK


def motion_document(motion: LoggedMotion) -> dict[str, Any]:
    """A migration as an entry of `vsphere-motion/logs/v1`."""
    return {
        "migration_id": motion.migration_id,
        "sides": list(motion.sides),
        "source_ip": motion.source_ip,
        "destination_ip": motion.destination_ip,
        "encrypted": motion.encrypted,
        "started_at": _time(motion.started_at),
        "precopy_stopped_at": _time(motion.precopy_stopped_at),
        "pages_left": motion.pages_left,
        "precopy_bandwidth_bytes_per_s": motion.precopy_bandwidth_bytes_per_s,
        "transmit_to_dirty_percent": motion.transmit_to_dirty_percent,
        "page_send_ended_at": _time(motion.page_send_ended_at),
        "page_send_bandwidth_bytes_per_s": motion.page_send_bandwidth_bytes_per_s,
        "precopy_stun_s": motion.precopy_stun_s,
        "downtime_s": motion.downtime_s,
        "downtime_basis": motion.downtime_basis,
        "failures": [_failure_document(failure) for failure in motion.failures],
        "lines": motion.lines,
        "vm_names": list(motion.vm_names),
    }


def _failure_document(failure: LoggedFailure) -> dict[str, Any]:
    return {"at": _time(failure.at), "side": failure.side, "text": failure.text, "code": failure.code}


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _table(motions: Sequence[LoggedMotion], files: int) -> Iterator[str]:
    from vsphere_motion.report.units import ABSENT, format_bps, format_duration

    for motion in motions:
        route = f"{motion.source_ip or ABSENT} -> {motion.destination_ip or ABSENT}"
        names = f"  {', '.join(safe(name) for name in motion.vm_names)}" if motion.vm_names else ""
        yield f"migration {motion.migration_id}  {_time(motion.started_at) or ABSENT}  {safe(route)}{names}"
        rate = motion.precopy_bandwidth_bytes_per_s
        yield (
            f"  pre-copy {format_duration(_precopy_s(motion))} at {format_bps(None if rate is None else rate * 8)},"
            f" {_count(motion.pages_left)} pages left, downtime {_downtime(motion)}"
            f"  ({' and '.join(motion.sides) or 'no'} side, {motion.lines} lines)"
        )
        for failure in motion.failures:
            where = f"{failure.side}: " if failure.side else ""
            code = f" ({failure.code})" if failure.code else ""
            yield f"  failure {_time(failure.at) or ABSENT}  {where}{safe(failure.text)}{code}"
    yield f"{len(motions)} migrations in {files} logs."


def _precopy_s(motion: LoggedMotion) -> float | None:
    start, end = motion.started_at, motion.precopy_stopped_at
    return (end - start).total_seconds() if start and end and end >= start else None


def _downtime(motion: LoggedMotion) -> str:
    if motion.downtime_s is None:
        return "-"
    return f"{motion.downtime_s:.2f} s (by {motion.downtime_basis})"


def _count(value: int | None) -> str:
    return "-" if value is None else str(value)


def _migration_id(text: str | None) -> str | None:
    from vsphere_motion.motionlog.ids import normal_id

    if text is None:
        return None
    migration_id = normal_id(text)
    if migration_id is None:
        raise BadInput(
            f"{text} is no migration ID", hint="it is a decimal of 13 to 19 digits, or hexadecimal as vmware.log has it"
        )
    return migration_id


def _time_filter(filters: Filters) -> Any:
    since = _moment(filters.since, "--since") if filters.since else None
    around = _moment(filters.around, "--around") if filters.around else None

    def is_wanted(motion: LoggedMotion) -> bool:
        times = _times_of(motion)
        if since is not None and not any(at >= since for at in times):
            return False
        return around is None or any(abs(at - around) <= AROUND for at in times)

    return is_wanted


def _times_of(motion: LoggedMotion) -> list[datetime]:
    times = [motion.started_at, motion.precopy_stopped_at, motion.page_send_ended_at]
    return [at for at in (*times, *(failure.at for failure in motion.failures)) if at is not None]


def _moment(text: str, option: str) -> datetime:
    """A time as RFC 3339, or as a duration before now such as `7d`."""
    duration = _DURATION.fullmatch(text)
    if duration:
        return datetime.now(UTC) - timedelta(seconds=int(duration[1]) * _UNIT_S[duration[2]])
    try:
        at = datetime.fromisoformat(text)
    except ValueError as problem:
        raise BadInput(
            f"{option} {text}: {problem}", hint="give a time such as 2026-11-22T19:56:12Z, or a duration such as 7d"
        ) from problem
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _is_of_vm(motion: LoggedMotion, vm: str | None) -> bool:
    return vm is None or vm in motion.vm_names
