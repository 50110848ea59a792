"""Plans, runs and errors as JSON data, in the shapes the reference documents (`docs/reference/schemas/`).

Rules of this file: keys are only ever added. Names have their moid beside them; numbers have their unit in the key;
times are RFC 3339 in UTC; what is not known is null, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeAlias

from vsphere_motion.errors import MotionError
from vsphere_motion.model.diagnosis import Diagnosis
from vsphere_motion.model.finding import Finding, Verdict
from vsphere_motion.model.forecast import Forecast
from vsphere_motion.model.jsonform import format_time
from vsphere_motion.model.keepsakes import Keepsakes
from vsphere_motion.model.matrix import Matrix, MatrixRow, reason_of
from vsphere_motion.model.move import DiskPlacement, Move, NicPlacement, Placement
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.plan import Plan, PlannedMove
from vsphere_motion.model.record import LogFailure, LogLine, MotionRecord, PrecopyPass
from vsphere_motion.model.refs import NamedRef, VmIdentity
from vsphere_motion.model.report import HostLoad, Report, ReportedMove, RunInfo
from vsphere_motion.model.task import Fault
from vsphere_motion.model.vcenter import VCenterIdentity
from vsphere_motion.motionlog.codes import find_code
from vsphere_motion.motionlog.symptoms import diagnose_outcome
from vsphere_motion.report.forecast_form import span_document

CHECK_SCHEMA = "vsphere-motion/check/v1"
MATRIX_SCHEMA = "vsphere-motion/matrix/v1"
RUN_SCHEMA = "vsphere-motion/run/v1"

Document: TypeAlias = dict[str, Any]


def check_document(plan: Plan) -> Document:
    """What `check -o json` prints."""
    return {
        "schema": CHECK_SCHEMA,
        "moves": [planned_document(planned) for planned in plan.moves],
        "skip_checks": list(plan.skip_checks),
        "partial": plan.partial,
        "notes": list(plan.notes),
    }


def matrix_document(matrix: Matrix) -> Document:
    """What `check --to-cluster` and `check --all-hosts` print with `-o json`: a cell for each VM and host."""
    return {
        "schema": MATRIX_SCHEMA,
        "hosts": [named_document(host) for host in matrix.hosts],
        "vms": [_row_document(row) for row in matrix.rows],
        "skip_checks": list(matrix.skip_checks),
        "notes": list(matrix.notes),
    }


def run_document(report: Report) -> Document:
    """What `migrate -o json` and `report -o json` print."""
    return {
        "schema": RUN_SCHEMA,
        **_info_document(report.info),
        "counts": {state.value: report.count(state) for state in OutcomeState},
        "outcomes": [_reported_document(item) for item in report.moves],
    }


def error_document(error: MotionError) -> Document:
    """What `-o json` prints where a command ends with an error."""
    return {
        "error": {
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
            "details": list(error.details),
        }
    }


def planned_document(planned: PlannedMove) -> Document:
    """One move of a plan. A VM that is already there is never blocked."""
    verdict = Verdict.OK if planned.move.is_noop else planned.verdict
    return {
        **move_document(planned.move),
        "verdict": verdict.value,
        "unchanged": planned.move.is_noop,
        "blockers": [] if planned.move.is_noop else _ids(planned.blockers),
        "skipped": list(planned.skipped),
        "expected_duration_s": span_document(planned.forecast.duration_s if planned.forecast else None),
        "keepsakes": keepsakes_document(planned.move.manner.keepsakes),
        "findings": [finding_document(finding) for finding in planned.findings],
    }


def _row_document(row: MatrixRow) -> Document:
    return {
        "vm": vm_document(row.vm),
        "source": _maybe_named(row.source),
        "stuck": row.is_stuck,
        "cells": [_cell_document(cell) for cell in row.cells],
    }


def _cell_document(cell: PlannedMove) -> Document:
    host, reason = cell.move.destination.host, reason_of(cell)
    document = planned_document(cell)
    return {
        "host": _maybe_named(host),
        "reason": None if reason is None else {"id": reason.id, "message": reason.message},
        **{key: document[key] for key in ("verdict", "unchanged", "blockers", "skipped", "findings")},
    }


def outcome_document(outcome: Outcome) -> Document:
    """The end of one move."""
    motion = outcome.motion
    return {
        **move_document(outcome.move),
        "state": outcome.state.value,
        "task": outcome.task,
        "operation_id": outcome.operation_id,
        "queued_at": _time(outcome.queued_at),
        "started_at": _time(outcome.started_at),
        "completed_at": _time(outcome.completed_at),
        "duration_s": _rounded(outcome.duration_s, 3),
        "migration_id": motion.migration_id if motion else None,
        "motion": motion_document(motion) if motion else None,
        "fault": fault_document(outcome.fault) if outcome.fault else None,
        "note": outcome.note,
        "expected": _expected_document(outcome.forecast) if outcome.forecast else None,
        "diagnoses": [diagnosis_document(diagnosis) for diagnosis in diagnose_outcome(outcome)],
    }


def diagnosis_document(diagnosis: Diagnosis) -> Document:
    """What a failure may come from, and what to do."""
    return {
        "id": diagnosis.id,
        "stage": diagnosis.stage.value,
        "cause": diagnosis.cause,
        "next_steps": list(diagnosis.next_steps),
        "reference": diagnosis.reference,
        "certainty": diagnosis.certainty.value,
        "matched_by": diagnosis.matched_by,
        "is_consequence": diagnosis.is_consequence,
    }


def finding_document(finding: Finding) -> Document:
    """One finding of one check."""
    return {
        "id": finding.id,
        "severity": finding.severity.value,
        "subject": {**named_document(finding.subject), "kind": finding.subject.ref.kind},
        "message": finding.message,
        "remedy": finding.remedy,
        "evidence": {name: list(value) if isinstance(value, tuple) else value for name, value in finding.evidence},
        "origin": finding.origin.value,
    }


def move_document(move: Move) -> Document:
    """The VM of a move, its source and its destination."""
    return {
        "vm": vm_document(move.vm),
        "source": placement_document(move.source),
        "destination": placement_document(move.destination),
    }


def vm_document(vm: VmIdentity) -> Document:
    """A VM: name, moid and instance UUID."""
    return {"name": vm.name, "moid": vm.moid, "instance_uuid": vm.instance_uuid}


def placement_document(placement: Placement) -> Document:
    """Where a VM is or shall be; null is unknown for a source and unchanged for a destination."""
    return {
        "host": _maybe_named(placement.host),
        "pool": _maybe_named(placement.pool),
        "folder": _maybe_named(placement.folder),
        "datastores": [named_document(datastore) for datastore in placement.datastores],
        "encrypted_vmotion": placement.encryption.value if placement.encryption else None,
        "config_datastore": _maybe_named(placement.config),
        "disks": [_disk_document(disk) for disk in placement.disks],
        "network_adapters": [_nic_document(nic) for nic in placement.nics],
    }


def _disk_document(disk: DiskPlacement) -> Document:
    """One disk; a null format or policy is unknown for a source and kept for a destination."""
    return {
        "key": disk.key,
        "label": disk.label,
        "datastore": _maybe_named(disk.datastore),
        "format": disk.format.value if disk.format else None,
        "storage_policy": disk.policy.name if disk.policy else None,
        "capacity_bytes": disk.capacity_bytes,
        "is_mapping": disk.is_mapping,
    }


def _nic_document(nic: NicPlacement) -> Document:
    return {"key": nic.key, "label": nic.label, "network": _maybe_named(nic.network)}


def named_document(named: NamedRef) -> Document:
    """An object by name and moid."""
    return {"name": named.name, "moid": named.moid}


def fault_document(fault: Fault) -> Document:
    """A fault of vCenter, or of verification."""
    return {"kind": fault.kind, "message": fault.message, "details": list(fault.details)}


def motion_document(motion: MotionRecord) -> Document:
    """What both hosts' logs say of one migration."""
    return {
        "migration_id": motion.migration_id,
        "source_host": motion.source_host,
        "destination_host": motion.destination_host,
        "source_address": motion.source_address,
        "destination_address": motion.destination_address,
        "started_at": _time(motion.started_at),
        "precopy_started_at": _time(motion.precopy_started_at),
        "precopy_ended_at": _time(motion.precopy_ended_at),
        "page_send_ended_at": _time(motion.page_send_ended_at),
        "resumed_at": _time(motion.resumed_at),
        "precopy_s": _rounded(motion.precopy_s, 6),
        "pages_left": motion.pages_left,
        "switchover_goal_s": motion.switchover_goal_s,
        "precopy_bandwidth_bps": motion.precopy_bandwidth_bps,
        "send_bandwidth_bps": motion.send_bandwidth_bps,
        "transmit_to_dirty_percent": motion.transmit_to_dirty_percent,
        "dirty_rate_bps": motion.dirty_rate_bps,
        "passes": [_pass_document(one) for one in motion.passes],
        "downtime_s": _rounded(motion.downtime_s, 6),
        "downtime_measure": motion.downtime_measure,
        "precopy_stun_s": _rounded(motion.precopy_stun_s, 6),
        "failed_in": motion.failed_in,
        "failed_at": _time(motion.failed_at),
        "clock_skew_s": _rounded(motion.clock_skew_s, 6),
        "encrypted": motion.encrypted,
        "failures": [_failure_document(failure) for failure in motion.failures],
        "lines": [_line_document(line) for line in motion.lines],
        "notes": list(motion.notes),
    }


def _info_document(info: RunInfo) -> Document:
    return {
        "run": info.run,
        "vcenter": _vcenter_document(info.vcenter),
        "user": info.user,
        "tool_version": info.tool_version,
        "tls": info.tls,
        "started_at": _time(info.started_at),
        "ended_at": _time(info.ended_at),
        "hosts": {
            "before": [_load_document(load) for load in info.loads_before],
            "after": [_load_document(load) for load in info.loads_after],
        },
    }


def _load_document(load: HostLoad) -> Document:
    return {
        "host": named_document(load.host),
        "at": _time(load.at),
        "cpu_used_mhz": load.cpu_used_mhz,
        "cpu_mhz": load.cpu_mhz,
        "memory_used_bytes": load.memory_used_bytes,
        "memory_bytes": load.memory_bytes,
        "vms": load.vms,
    }


def _expected_document(forecast: Forecast) -> Document:
    return {
        "duration_s": span_document(forecast.duration_s),
        "stun_s": span_document(forecast.stun_s),
        "bandwidth_bps": span_document(forecast.bandwidth_bps, 0),
        "sent_bytes": span_document(forecast.sent_bytes, 0),
    }


def _pass_document(one: PrecopyPass) -> Document:
    return {
        "started_at": _time(one.started_at),
        "duration_s": _rounded(one.duration_s, 6),
        "bandwidth_bps": one.bandwidth_bps,
        "dirty_rate_bps": one.dirty_rate_bps,
        "sent_bytes": one.sent_bytes,
        "left_bytes": one.left_bytes,
    }


def _vcenter_document(vcenter: VCenterIdentity) -> Document:
    return {
        "host": vcenter.host,
        "instance_uuid": vcenter.instance_uuid,
        "product": vcenter.product,
        "version": vcenter.version,
        "api_version": vcenter.api_version,
    }


def _reported_document(item: ReportedMove) -> Document:
    return {
        **outcome_document(item.outcome),
        "memory_bytes": item.memory_bytes,
        "keepsakes": kept_document(item),
        "findings": [finding_document(finding) for finding in item.findings],
        "skipped": list(item.skipped),
    }


def keepsakes_document(keepsakes: Keepsakes | None) -> Document | None:
    """What a VM is to have again at another vCenter, by names alone; null: that was not asked for."""
    if keepsakes is None:
        return None
    return {
        "tags": None if keepsakes.tags is None else list(map(str, keepsakes.tags)),
        "attributes": None if keepsakes.attributes is None else [one.name for one in keepsakes.attributes],
    }


def kept_document(item: ReportedMove) -> Document | None:
    """The same with what became of it."""
    wanted, keeping = keepsakes_document(item.outcome.move.manner.keepsakes), item.keeping
    if wanted is None:
        return None
    lost = [{"what": one.what, "why": one.why} for one in keeping.losses] if keeping else []
    return {**wanted, "state": keeping.state.value if keeping else None, "lost": lost}


def _failure_document(failure: LogFailure) -> Document:
    known = find_code(failure.code)
    return {
        "host": failure.host,
        "at": _time(failure.at),
        "text": failure.text,
        "code": failure.code,
        "code_name": known.name if known else None,
    }


def _line_document(line: LogLine) -> Document:
    return {"host": line.host, "log": line.log, "at": _time(line.at), "text": line.text}


def _maybe_named(named: NamedRef | None) -> Document | None:
    return named_document(named) if named else None


def _ids(findings: Iterable[Finding]) -> list[str]:
    return list(dict.fromkeys(finding.id for finding in findings))


def _time(value: datetime | None) -> str | None:
    return format_time(value) if value else None


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
