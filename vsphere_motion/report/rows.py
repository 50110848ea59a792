"""What a report says of a run and of a move, as label and value, the same in every format for people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, tzinfo

from vsphere_motion.model.diagnosis import Certainty
from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.record import LogFailure, LogLine, MotionRecord
from vsphere_motion.model.report import Report, ReportedMove
from vsphere_motion.model.vcenter import VCenterIdentity
from vsphere_motion.motionlog.codes import find_code
from vsphere_motion.motionlog.symptoms import diagnose_outcome
from vsphere_motion.report.build import Phase, Summary, is_lower_bound, modelled_phases, phases_of, summarize
from vsphere_motion.report.comparison import plan_words
from vsphere_motion.report.keeping import kept_words, lost_words
from vsphere_motion.report.route import route_words as route_words
from vsphere_motion.report.units import (
    ABSENT,
    format_bps,
    format_bytes,
    format_downtime,
    format_duration,
    format_time,
)

Row = tuple[str, str]

MOST_CAUSES = 2
LEAST_SKEW_S = 1.0
"""Two hosts begin a migration some tenths of a second apart; by less their clocks are not told apart. UNVERIFIED."""

_STAMP = re.compile(
    r"(?:<\d{1,3}>)?\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?[|\]]? ?", re.ASCII
)

_SEVERITIES = (Severity.BLOCKER, Severity.WARNING, Severity.UNKNOWN, Severity.INFO)


def state_words(state: OutcomeState) -> str:
    """The state as people read it: `not started`."""
    return state.value.replace("_", " ")


def counts_words(report: Report) -> str:
    """`2 moved, 1 failed`; the states that stand for trouble first."""
    counts = summarize(report).counts
    return ", ".join(f"{number} {state_words(state)}" for state, number in counts) or "no moves"


def run_rows(report: Report, *, zone: tzinfo = UTC) -> tuple[Row, ...]:
    """What, who, when, where, and the numbers over all moves."""
    info, summary = report.info, summarize(report)
    vcenter = info.vcenter
    return (
        ("vCenter", f"{vcenter.host} ({_product_words(vcenter)})"),
        ("account", f"{info.user}, TLS {info.tls}"),
        ("started", format_time(info.started_at, zone=zone)),
        ("ended", format_time(info.ended_at, zone=zone) if info.ended_at else "not yet"),
        ("elapsed", format_duration(summary.elapsed_s)),
        ("memory of the moved VMs", format_bytes(summary.moved_memory_bytes)),
        ("duration", _median(format_duration(summary.median_duration_s), format_duration(summary.longest_duration_s))),
        ("downtime", _downtimes(summary)),
        *_plan_row(plan_words(report)),
        ("made by", f"vsphere-motion {info.tool_version}"),
    )


def _plan_row(words: str) -> tuple[Row, ...]:
    return () if words == ABSENT else (("plan against fact", words),)


def move_rows(item: ReportedMove, *, zone: tzinfo = UTC) -> tuple[Row, ...]:
    """What is known of one move: task, times, what the logs measured. What does not apply is left out."""
    outcome = item.outcome
    rows = [
        *_outcome_rows(outcome, zone),
        ("memory", format_bytes(item.memory_bytes)),
        ("overridden checks", ", ".join(item.skipped) or ABSENT),
        ("has again", kept_words(item) or ABSENT),
        *(("is without", words) for words in lost_words(item)),
        *(_motion_rows(outcome.motion) if outcome.motion else ()),
    ]
    return tuple(row for row in rows if row[1] != ABSENT)


def phase_rows(item: ReportedMove) -> tuple[Row, ...]:
    """The phases of a move with their lengths, where each number comes from, and what the model says."""
    return tuple((phase.name, phase_words(phase)) for phase in (*phases_of(item.outcome), *modelled_phases(item)))


def phase_words(phase: Phase) -> str:
    """`12.4s (measured: vmkernel log of the source)`."""
    length = format_downtime if phase.name == "switch-over" else format_duration
    return f"{length(phase.duration_s)} ({'measured' if phase.is_measured else 'estimated'}: {phase.source})"


def downtime_words(motion: MotionRecord | None) -> str:
    """`0.21s`, `at least 0.06s`, or `-` without a log that says."""
    if motion is None or motion.downtime_s is None:
        return ABSENT
    return f"{'at least ' if is_lower_bound(motion) else ''}{format_downtime(motion.downtime_s)}"


def fault_rows(outcome: Outcome) -> tuple[Row, ...]:
    """What went wrong: vCenter's fault, what it may come from and what to do, what the hosts' logs name as failures."""
    rows = []
    if outcome.fault:
        rows.append(("fault", f"{outcome.fault.kind}: {outcome.fault.message or 'no message'}"))
        rows += [("", detail) for detail in outcome.fault.details if not _repeats(outcome.fault.message, detail)]
    rows += diagnosis_rows(outcome)
    if outcome.motion:
        told = dict.fromkeys(failure_words(failure) for failure in outcome.motion.failures)
        rows += [("log failure", words) for words in told]
    return tuple(rows)


def line_words(line: LogLine) -> str:
    """A log line without the time stamp it begins with, where its time is shown beside it."""
    return _STAMP.sub("", line.text, count=1) if line.at is not None else line.text


def _repeats(message: str, detail: str) -> bool:
    """vCenter says the same again as the fault's reason and as its message."""
    return bool(message) and detail.removeprefix("reason: ") == message


def diagnosis_rows(outcome: Outcome) -> Iterator[Row]:
    """What it may come from and what to do, the likeliest first; where something else is the cause, that alone."""
    found = diagnose_outcome(outcome)
    for diagnosis in [one for one in found if not one.is_consequence][:MOST_CAUSES] or found[:1]:
        sure = "" if diagnosis.certainty is Certainty.KNOWN else "likely: "
        yield "cause", f"{sure}{diagnosis.cause} [{diagnosis.id}; {diagnosis.reference}]"
        yield from (("next", step) for step in diagnosis.next_steps)


def failure_words(failure: LogFailure) -> str:
    """`esx02: IO was aborted (0xbad00e0, VMK_ABORTED)`; the text comes first, for numbering moved once."""
    known = find_code(failure.code)
    code = ", ".join(part for part in (failure.code, known.name if known else None) if part)
    return f"{failure.host}: {failure.text}" + (f" ({code})" if code else "")


def ordered_findings(item: ReportedMove) -> tuple[Finding, ...]:
    """The findings of a move, the ones that stop it first."""
    return tuple(sorted(item.findings, key=lambda finding: _SEVERITIES.index(finding.severity)))


def finding_words(finding: Finding) -> str:
    """`web01 needs 64 GiB, esx05 has 41 GiB free [memory.admission]`."""
    return f"{finding.message} [{finding.id}]"


def _product_words(vcenter: VCenterIdentity) -> str:
    """The product with its version, which vCenter's own name for it may already hold."""
    return vcenter.product if vcenter.version in vcenter.product else f"{vcenter.product} {vcenter.version}"


def _downtimes(summary: Summary) -> str:
    words = _median(format_downtime(summary.median_downtime_s), format_downtime(summary.longest_downtime_s))
    moved = dict(summary.counts).get(OutcomeState.MOVED, 0)
    return words if words == ABSENT else f"{words} ({summary.measured_downtimes} of {moved} moves measured)"


def _median(median: str, longest: str) -> str:
    return ABSENT if median == ABSENT else f"median {median}, longest {longest}"


def _outcome_rows(outcome: Outcome, zone: tzinfo) -> Iterator[Row]:
    yield "note", outcome.note or ABSENT
    yield "task", outcome.task or ABSENT
    yield "operation ID", outcome.operation_id or ABSENT
    yield "queued", format_time(outcome.queued_at, zone=zone)
    yield "started", format_time(outcome.started_at, zone=zone)
    yield "completed", format_time(outcome.completed_at, zone=zone)
    yield "duration", format_duration(outcome.duration_s)


def _motion_rows(motion: MotionRecord) -> Iterator[Row]:
    yield "migration ID", motion.migration_id
    yield "failed in", motion.failed_in or ABSENT
    yield "vMotion network", _network_words(motion)
    yield "clocks", _skew_words(motion)
    yield "stun at the start", format_downtime(motion.precopy_stun_s)
    yield "pre-copy", format_duration(motion.precopy_s)
    yield "pre-copy bandwidth", format_bps(motion.precopy_bandwidth_bps)
    yield "guest's write rate", format_bps(motion.dirty_rate_bps)
    yield "left to send", format_bytes(None if motion.pages_left is None else motion.pages_left * 4096)
    yield "last send bandwidth", format_bps(motion.send_bandwidth_bps)
    yield "downtime", downtime_words(motion)
    yield "downtime measure", motion.downtime_measure or ABSENT
    for note in motion.notes:
        yield "log note", note


def _skew_words(motion: MotionRecord) -> str:
    """How far the hosts' clocks are apart, by the start lines of both; less than they are apart anyway is nothing."""
    skew_s = motion.clock_skew_s
    if skew_s is None or abs(skew_s) < LEAST_SKEW_S:
        return ABSENT
    where = "ahead of" if skew_s > 0 else "behind"
    return f"{motion.destination_host} is about {abs(skew_s):.1f}s {where} {motion.source_host}"


def _network_words(motion: MotionRecord) -> str:
    words = {True: ", encrypted", False: ", not encrypted", None: ""}[motion.encrypted]
    if motion.source_address is None or motion.destination_address is None:
        return words.removeprefix(", ") or ABSENT
    return f"{motion.source_address} -> {motion.destination_address}{words}"
