"""Moves as a playbook gets them: one flat entry for each VM, with a sentence that says what became of it.

Rules of this file: sentences are escaped, because Ansible shows them as they are; data are as vCenter has them. Keys
are only ever added.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.move import Move, Placement
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.plan import Plan, PlannedMove
from vsphere_motion.model.plan_file import PlanFile
from vsphere_motion.model.report import ReportedMove
from vsphere_motion.motionlog.symptoms import diagnose_outcome
from vsphere_motion.report.escape import escape_text
from vsphere_motion.report.event_words import outcome_line, route
from vsphere_motion.report.json_form import (
    diagnosis_document,
    fault_document,
    finding_document,
    motion_document,
    placement_document,
    vm_document,
)
from vsphere_motion.report.rows import downtime_words
from vsphere_motion.service.follow import Followed

Result: TypeAlias = dict[str, Any]

_MAY_RUN_STILL = {OutcomeState.UNKNOWN}


def planned_results(plan: Plan) -> list[Result]:
    """What a run of this plan would do with each VM."""
    runnable = {id(planned) for planned in plan.runnable()}
    return [_planned(planned, will_move=id(planned) in runnable) for planned in plan.moves]


def run_results(followed: Followed) -> list[Result]:
    """What a run has done with each VM."""
    moves = followed.report.moves if followed.report else ()
    return [_reported(item, followed.percents.get(item.outcome.move.vm.ref)) for item in moves]


def plan_file_results(file: PlanFile) -> list[Result]:
    """Where a plan brings each VM, and which cannot go."""
    ends: dict[str, Result] = {}
    for move in file.moves:
        before = ends.get(move.vm.moid)
        source = before["source"] if before else {"host": move.source.name}
        words = f"{escape_text(move.vm.name)}: {escape_text(source['host'])} -> {escape_text(move.destination.name)}"
        ends[move.vm.moid] = {
            "vm": vm_document(move.vm.identity),
            "changed": True,
            "state": "planned",
            "running_host": move.destination.name,
            "source": source,
            "destination": {"host": move.destination.name},
            "message": f"{words}{': ' + escape_text(move.reason) if move.reason else ''}",
        }
    return [*ends.values(), *(_stuck(one) for one in file.stuck)]


def difference(results: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Where each VM that moves is before and after, for `--diff`; two VMs of one name are told apart by their moid."""
    moving = [result for result in results if result["changed"]]
    names = Counter(result["vm"]["name"] for result in moving)
    before, after = {}, {}
    for result in moving:
        name, moid = result["vm"]["name"], result["vm"]["moid"]
        key = name if names[name] == 1 else f"{name} ({moid})"
        before[key], after[key] = result["source"], result["destination"]
    return {"before": before, "after": after}


def failures(results: Sequence[Result], *, is_left: bool = False) -> list[Result]:
    """The results that a playbook stops at.

    Args:
        is_left: the moves were to be started and left to vCenter, so that one that runs is as it should be.
    """
    fine = {OutcomeState.MOVED.value, OutcomeState.UNCHANGED.value, "planned", "running" if is_left else ""}
    return [result for result in results if result["state"] not in fine]


def warnings_of(findings_of: Iterable[tuple[str, Sequence[Finding]]]) -> list[str]:
    """The warnings that pre-flight has of VMs that move, in words; each once."""
    lines = (
        f"{escape_text(name)}: {escape_text(finding.message)} [{finding.id}]"
        for name, findings in findings_of
        for finding in findings
        if finding.severity in {Severity.WARNING, Severity.UNKNOWN}
    )
    return list(dict.fromkeys(lines))


def plan_warnings(plan: Plan) -> list[str]:
    """The warnings about the moves of a plan that would start, and its notes."""
    told = warnings_of((planned.move.vm.name, planned.findings) for planned in plan.runnable())
    return [*told, *(escape_text(note) for note in plan.notes)]


def _planned(planned: PlannedMove, *, will_move: bool) -> Result:
    move = planned.move
    state = (
        "unchanged" if move.is_noop else "blocked" if planned.blockers else "planned" if will_move else "not_started"
    )
    return {
        **_common(move, state, is_changed=will_move),
        "message": _planned_words(planned, state),
        "findings": [finding_document(finding) for finding in planned.findings],
        "expected_duration_s": _likely_s(planned),
    }


def _reported(item: ReportedMove, percent: int | None) -> Result:
    outcome = item.outcome
    is_running = outcome.state in _MAY_RUN_STILL and outcome.task is not None and outcome.completed_at is None
    state = "running" if is_running else outcome.state.value
    return {
        **_common(outcome.move, state, is_changed=outcome.state is OutcomeState.MOVED or is_running),
        "message": outcome_words(outcome, percent, item.findings),
        "findings": [finding_document(finding) for finding in item.findings],
        "task": outcome.task,
        "progress_percent": 100 if outcome.state is OutcomeState.MOVED else percent,
        "duration_s": None if outcome.duration_s is None else round(outcome.duration_s, 3),
        "fault": fault_document(outcome.fault) if outcome.fault else None,
        "motion": motion_document(outcome.motion) if outcome.motion else None,
        "diagnoses": [diagnosis_document(one) for one in diagnose_outcome(outcome)],
    }


def _common(move: Move, state: str, *, is_changed: bool) -> Result:
    """Where the VM is, or would be: on its destination only where it was seen there or is going there."""
    seen = move.destination if state in {"moved", "planned", "unchanged"} else move.source
    return {
        "vm": vm_document(move.vm),
        "changed": is_changed,
        "state": state,
        "running_host": seen.host.name if seen.host else None,
        "datastore": seen.datastores[0].name if seen.datastores else None,
        "source": _place(move.source),
        "destination": _place(move.destination),
    }


def _place(placement: Placement) -> Result:
    """A placement by names alone, as a diff shows it."""
    document = placement_document(placement)
    return {
        name: [one["name"] for one in value] if isinstance(value, list) else value["name"]
        for name, value in document.items()
        if value
    }


def _planned_words(planned: PlannedMove, state: str) -> str:
    name = escape_text(planned.move.vm.name)
    if state == "unchanged":
        return f"{name} is where it shall be"
    if state == "blocked":
        return f"{name} cannot be moved: {blocker_words(planned.blockers)}"
    return f"{name}: {route(planned.move)}" + (
        "" if state == "planned" else "; not started, because others are blocked"
    )


def blocker_words(findings: Iterable[Finding]) -> str:
    """Every blocker with its id and its remedy."""
    return "; ".join(
        f"{escape_text(one.message)} [{one.id}]{' - ' + escape_text(one.remedy) if one.remedy else ''}"
        for one in findings
    )


def outcome_words(outcome: Outcome, percent: int | None, findings: Sequence[Finding] = ()) -> str:
    """What became of a VM: how far it came, why it stopped, what it may come from and what to do."""
    if outcome.state is OutcomeState.BLOCKED:
        blockers = [one for one in findings if one.severity is Severity.BLOCKER]
        if blockers:
            return f"{escape_text(outcome.move.vm.name)} cannot be moved: {blocker_words(blockers)}"
    words = outcome_line(outcome)
    if outcome.state is OutcomeState.MOVED:
        motion = outcome.motion
        return words if motion is None else f"{words} Downtime {downtime_words(motion)}."
    if percent is not None:
        words += f" (at {percent}%)"
    for diagnosis in diagnose_outcome(outcome)[:1]:
        words += f". {diagnosis.cause}" + (f" Next: {diagnosis.next_steps[0]}" if diagnosis.next_steps else "")
    return words


def _stuck(one: Any) -> Result:
    reasons = "; ".join(f"{escape_text(why.host.name)}: {escape_text(why.reason)}" for why in one.reasons)
    return {
        "vm": vm_document(one.vm.identity),
        "changed": False,
        "state": "blocked",
        "running_host": one.host.name,
        "source": {"host": one.host.name},
        "destination": {"host": one.host.name},
        "message": f"{escape_text(one.vm.name)} cannot leave {escape_text(one.host.name)}: "
        f"{reasons or escape_text(one.note)}",
    }


def _likely_s(planned: PlannedMove) -> float | None:
    span = planned.forecast.duration_s if planned.forecast else None
    return None if span is None else round(span.likely, 1)
