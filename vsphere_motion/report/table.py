"""A run as CSV, a row for each move, for a spreadsheet or a script. PURE.

Rules of this file: a cell that a spreadsheet would take for a formula gets a quote in front; characters nobody sees are
written out. Columns are only ever added, at the end. What is not known is empty, never 0.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from vsphere_motion.model.report import Report, ReportedMove
from vsphere_motion.report.build import failures_first
from vsphere_motion.report.escape import escape_text
from vsphere_motion.report.json_form import outcome_document
from vsphere_motion.report.keeping import kept_words, lost_words

COLUMNS = (
    "vm",
    "vm_moid",
    "state",
    "source_host",
    "destination_host",
    "queued_at",
    "started_at",
    "completed_at",
    "duration_s",
    "memory_bytes",
    "migration_id",
    "precopy_s",
    "precopy_bandwidth_bps",
    "dirty_rate_bps",
    "downtime_s",
    "downtime_measure",
    "fault",
    "fault_message",
    "cause",
    "note",
    "has_again",
    "is_without",
)

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How cells begin that a spreadsheet computes; the last four are the wide forms of the first four."""


def report_csv(report: Report) -> str:
    """The moves of a run, those with trouble first."""
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for item in failures_first(report):
        values = {**_cells(outcome_document(item.outcome)), "memory_bytes": item.memory_bytes, **_kept(item)}
        rows.writerow([cell(values[name]) for name in COLUMNS])
    return written.getvalue()


def cell(value: object) -> str:
    """A value as a cell holds it; text that begins as a formula does gets a quote in front."""
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return str(value)
    text = str(value)
    return ("'" if text.lstrip(" ").startswith(_FORMULA) else "") + escape_text(text)


def _kept(item: ReportedMove) -> dict[str, str | None]:
    return {"has_again": kept_words(item) or None, "is_without": "; ".join(lost_words(item)) or None}


def _cells(outcome: Mapping[str, Any]) -> dict[str, Any]:
    motion, fault = outcome["motion"] or {}, outcome["fault"] or {}
    places = {side: outcome[side]["host"] or {} for side in ("source", "destination")}
    measured = ("precopy_s", "precopy_bandwidth_bps", "dirty_rate_bps", "downtime_s", "downtime_measure")
    kept = ("state", "queued_at", "started_at", "completed_at", "duration_s", "migration_id", "note")
    return {
        **{name: outcome[name] for name in kept},
        **{name: motion.get(name) for name in measured},
        "vm": outcome["vm"]["name"],
        "vm_moid": outcome["vm"]["moid"],
        "source_host": places["source"].get("name"),
        "destination_host": places["destination"].get("name"),
        "fault": fault.get("kind"),
        "fault_message": fault.get("message"),
        "cause": next((found["cause"] for found in outcome["diagnoses"]), None),
    }
