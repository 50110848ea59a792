"""The moves of the journal as far as they are needed without their log lines: for forecasts, and by when they ended."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime

from vsphere_motion.errors import BadInput
from vsphere_motion.model.forecast import Forecast, PastMove
from vsphere_motion.model.jsonform import from_json
from vsphere_motion.model.refs import MoRef

MOST = 5000
"""Newest moves that are looked at: reading so many takes about a tenth of a second, and older ones say little."""

PAST_MOVES = """SELECT move.run, move.vm, move.vm_name, move.memory_bytes,
json_extract(move.source, '$.host.ref.moid') AS source,
json_extract(move.destination, '$.host.ref.moid') AS destination,
json_extract(move.outcome, '$.started_at') AS started_at,
json_extract(move.outcome, '$.completed_at') AS completed_at,
json_extract(move.outcome, '$.forecast') AS forecast,
json_extract(move.outcome, '$.motion.precopy_s') AS precopy_s,
json_extract(move.outcome, '$.motion.precopy_bandwidth_bps') AS bandwidth_bps,
json_extract(move.outcome, '$.motion.dirty_rate_bps') AS dirty_rate_bps,
json_extract(move.outcome, '$.motion.downtime_s') AS downtime_s
FROM move JOIN run ON run.id = move.run
WHERE move.state = 'moved' AND move.outcome IS NOT NULL AND json_valid(move.outcome)
AND run.vcenter_uuid = coalesce(?, run.vcenter_uuid)
ORDER BY run.rowid DESC, move.position DESC LIMIT ?"""

MOVED_SINCE = """SELECT move.run, move.position, move.vm, move.vm_name, move.instance_uuid, move.source,
move.destination, move.findings, move.skipped, move.memory_bytes, move.op_id, move.intent_at, move.task, move.state,
move.relies_on, move.hours, move.manner, move.costs, move.wave, json_remove(move.outcome, '$.motion') AS outcome
FROM move JOIN run ON run.id = move.run
WHERE run.vcenter_uuid = ? AND move.state = ? AND (run.ended_at IS NULL OR run.ended_at >= ?)
AND julianday(json_extract(move.outcome, '$.completed_at')) >= julianday(?) - 0.001
ORDER BY run.started_at, run.rowid, move.position"""
"""A minute and a half too many, for a number of days has no more digits; without what the hosts' logs said."""


def past_move(row: sqlite3.Row) -> PastMove:
    """The move of a row of `PAST_MOVES`."""
    started, ended = _time(row["started_at"]), _time(row["completed_at"])
    return PastMove(
        run=row["run"],
        vm=MoRef(kind="VirtualMachine", moid=row["vm"]),
        vm_name=row["vm_name"],
        source=_host(row["source"]),
        destination=_host(row["destination"]),
        ended_at=ended,
        memory_bytes=row["memory_bytes"],
        duration_s=(ended - started).total_seconds() if started and ended else None,
        precopy_s=row["precopy_s"],
        bandwidth_bps=row["bandwidth_bps"],
        dirty_rate_bps=row["dirty_rate_bps"],
        downtime_s=row["downtime_s"],
        forecast=_forecast(row["forecast"]),
    )


def _host(moid: str | None) -> MoRef | None:
    return None if moid is None else MoRef(kind="HostSystem", moid=moid)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _forecast(text: str | None) -> Forecast | None:
    """None also for a forecast of another version of this program: a move without one still tells its numbers."""
    try:
        return None if text is None else from_json(Forecast, json.loads(text))
    except BadInput:
        return None
