"""Moves as a playbook gets them: one flat entry for each VM, with a sentence that says what became of it.

Rules of this file: sentences are escaped, because Ansible shows them as they are; data are as vCenter has them. Keys
are only ever added.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from vsphere_motion.errors import MotionError
from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.move import Move, Placement
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.plan import Plan, PlannedMove
from vsphere_motion.model.plan_file import PlanFile, PlanHost, PlanMove, PlanStuck, PlanVm
from vsphere_motion.model.record import MotionRecord
from vsphere_motion.model.refs import MoRef, VmIdentity
from vsphere_motion.model.report import Report, ReportedMove
from vsphere_motion.motionlog.symptoms import diagnose_outcome
from vsphere_motion.planning.changed import name_of
from vsphere_motion.planning.plan_places import written_moves
from vsphere_motion.planning.restore_lines import HOST, Back, BackLine, BackThing, why_of
from vsphere_motion.report.escape import escape_text
from vsphere_motion.report.event_words import keeping_words, outcome_line, route
from vsphere_motion.report.json_form import (
    diagnosis_document,
    fault_document,
    finding_document,
    keepsakes_document,
    kept_document,
    motion_document,
    vm_document,
)
from vsphere_motion.report.rows import downtime_words
from vsphere_motion.report.units import format_duration
from vsphere_motion.service.follow import Followed
from vsphere_motion.service.restore import Restoration
from vsphere_motion.service.status import MoveStatus, RunStatus

Result: TypeAlias = dict[str, Any]

MOST_DETAILS = 20


def planned_results(plan: Plan) -> list[Result]:
    """What a run of this plan would do with each VM."""
    runnable = {id(planned) for planned in plan.runnable()}
    return [_planned(planned, will_move=id(planned) in runnable) for planned in plan.moves]


def run_results(followed: Followed) -> list[Result]:
    """What a run has done with each VM."""
    moves = followed.report.moves if followed.report else ()
    return [_reported(item, followed.percents.get(item.outcome.move.vm.ref)) for item in moves]


def status_results(status: RunStatus, report: Report, motions: Mapping[MoRef, MotionRecord]) -> list[Result]:
    """How each move of a run is now.

    Args:
        report: the same run as the journal has it.
        motions: what was read of the hosts' logs besides.
    """
    return [_status(one, item, motions) for one, item in zip(status.moves, report.moves, strict=True)]


def plan_file_results(file: PlanFile, done: frozenset[int] = frozenset()) -> list[Result]:
    """Where a plan brings each VM, which stay, and which cannot go.

    Args:
        done: moves, by their place in the plan, whose VM is there already.
    """
    ends: dict[str, Result] = {}
    written = written_moves(file)
    for number, move in enumerate(file.moves):
        before = ends.get(move.vm.moid)
        if number in done:
            ends[move.vm.moid] = _staying(move.vm, move.destination, "it is there already")
        elif move.place is not None:
            ends[move.vm.moid] = _going_places(move, written[number])
        else:
            source = before["destination" if before["state"] == "unchanged" else "source"] if before else None
            ends[move.vm.moid] = _going(move, source or {"host": move.source.name})
    left = (_staying(one.vm, one.host, one.why) for one in file.left)
    return [*ends.values(), *left, *(_stuck(one) for one in file.stuck)]


def restoration_results(restoration: Restoration) -> list[Result]:
    """What a restore would do with each VM."""
    return [_back(line) for line in restoration.lines]


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
    return [result for result in results if result["state"] not in fine or _lacks_something(result)]


def _lacks_something(result: Mapping[str, Any]) -> bool:
    """Whether a VM that moved is without what it was to have again at another vCenter."""
    keepsakes = result.get("keepsakes") or {}
    return result["state"] == OutcomeState.MOVED.value and keepsakes.get("state") in {"lost", "open"}


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


def error_words(error: MotionError, hint: str | None) -> str:
    """An error in one text: what happened, each detail, and what to do.

    Args:
        hint: the error's, in the words of the door.
    """
    more = len(error.details) - MOST_DETAILS
    details = "; ".join((*error.details[:MOST_DETAILS], *((f"and {more} more",) if more > 0 else ())))
    head = error.message.removesuffix(error.details[0]).rstrip(": ") if error.details else error.message
    words = f"{head}: {details}" if details else head
    return escape_text(f"{words} ({hint})" if hint else words)


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
        "keepsakes": keepsakes_document(move.manner.keepsakes),
    }


def _reported(item: ReportedMove, percent: int | None) -> Result:
    outcome = item.outcome
    is_running = outcome.state is OutcomeState.UNKNOWN and outcome.task is not None and outcome.completed_at is None
    state = "running" if is_running else outcome.state.value
    return {
        **_common(outcome.move, state, is_changed=outcome.state is OutcomeState.MOVED or is_running),
        "message": _running_words(outcome, percent) if is_running else _reported_words(item, percent),
        "findings": [finding_document(finding) for finding in item.findings],
        "task": outcome.task,
        "progress_percent": 100 if outcome.state is OutcomeState.MOVED else percent,
        "duration_s": None if outcome.duration_s is None else round(outcome.duration_s, 3),
        "fault": fault_document(outcome.fault) if outcome.fault else None,
        "motion": motion_document(outcome.motion) if outcome.motion else None,
        "diagnoses": [diagnosis_document(one) for one in diagnose_outcome(outcome)],
        "keepsakes": kept_document(item),
    }


def _reported_words(item: ReportedMove, percent: int | None) -> str:
    """What became of a VM, and what it has again at another vCenter or is without."""
    words, more = outcome_words(item.outcome, percent, item.findings), keeping_words(item)
    return f"{words.rstrip('.')}{more}." if more else words


def _running_words(outcome: Outcome, percent: int | None) -> str:
    at = "" if percent is None else f", {percent}% done"
    return f"{escape_text(outcome.move.vm.name)}: {route(outcome.move)} is under way ({outcome.task}{at})"


def _status(one: MoveStatus, item: ReportedMove, motions: Mapping[MoRef, MotionRecord]) -> Result:
    motion = motions.get(item.outcome.move.vm.ref)
    outcome = item.outcome if motion is None else replace(item.outcome, motion=motion)
    percent = one.live.progress_percent if one.live else None
    result = _reported(replace(item, outcome=outcome), percent)
    if one.item.outcome is not None:
        return result
    words = f"{escape_text(outcome.move.vm.name)}: {one.word.replace('_', ' ')} {route(outcome.move)}"
    message = words if percent is None else f"{words} at {percent}%"
    return {**result, "state": one.word, "changed": False, "message": message}


def _common(move: Move, state: str, *, is_changed: bool) -> Result:
    """Where the VM is, or would be: on its destination only where it was seen there or is going there."""
    seen = move.destination if state in {"moved", "planned", "unchanged"} else move.source
    return {
        "vm": vm_document(move.vm),
        "changed": is_changed,
        "state": state,
        "running_host": seen.host.name if seen.host else None,
        "datastore": _main_datastore(seen),
        "source": _place(move.source),
        "destination": _place(move.destination),
    }


def _main_datastore(placement: Placement) -> str | None:
    """The datastore of the configuration files, or the first of all."""
    main = placement.config or next(iter(placement.datastores), None)
    return None if main is None else main.name


def _place(placement: Placement) -> Result:
    """A placement by names alone, as a diff shows it; disks and networks where the move has to do with them."""
    named = {"host": placement.host, "pool": placement.pool, "folder": placement.folder}
    found: Result = {name: one.name for name, one in named.items() if one}
    found["datastores"] = [one.name for one in placement.datastores]
    if placement.disks:
        found["disks"] = {disk.label: disk.datastore.name if disk.datastore else None for disk in placement.disks}
    if placement.nics:
        found["networks"] = {nic.label: nic.network.name if nic.network else None for nic in placement.nics}
    return found


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
    if outcome.fault is None:
        return words if percent is None else f"{words.rstrip('.')} (at {percent}%)"
    return _fault_words(outcome, percent)


def _fault_words(outcome: Outcome, percent: int | None) -> str:
    """`web01 failed at 40% after 21s (esx02 -> esx05): vCenter's words. The likely cause. Next: what to do`."""
    at = "" if percent is None else f" at {percent}%"
    after = "" if outcome.duration_s is None else f" after {format_duration(outcome.duration_s)}"
    head = f"{escape_text(outcome.move.vm.name)} {outcome.state.value}{at}{after} ({route(outcome.move)})"
    words = f"{head}: {escape_text(outcome.fault.message if outcome.fault else '')}"
    for diagnosis in diagnose_outcome(outcome)[:1]:
        words = f"{words.rstrip('.')}. {diagnosis.cause.rstrip('.')}."
        words += f" Next: {diagnosis.next_steps[0]}" if diagnosis.next_steps else ""
    return words


def _going(move: PlanMove, source: Result) -> Result:
    words = f"{escape_text(move.vm.name)}: {escape_text(source['host'])} -> {escape_text(move.destination.name)}"
    return {
        **_entry(move.vm.identity, "planned", source, {"host": move.destination.name}),
        "message": f"{words}{': ' + escape_text(move.reason) if move.reason else ''}",
    }


def _going_places(move: PlanMove, written: Move) -> Result:
    """A VM of which more than the host is decided."""
    words = f"{escape_text(move.vm.name)}: {route(written)}"
    return {
        **_entry(move.vm.identity, "planned", _place(written.source), _place(written.destination)),
        "message": f"{words}{': ' + escape_text(move.reason) if move.reason else ''}",
    }


def _staying(vm: PlanVm, host: PlanHost, why: str) -> Result:
    place = {"host": host.name}
    message = f"{escape_text(vm.name)} stays on {escape_text(host.name)}: {escape_text(why)}"
    return {**_entry(vm.identity, "unchanged", place, place), "message": message}


def _stuck(one: PlanStuck) -> Result:
    place = {"host": one.host.name}
    message = f"{escape_text(one.vm.name)} cannot leave {escape_text(one.host.name)}: {escape_text(one.why)}"
    return {**_entry(one.vm.identity, "blocked", place, place), "message": message}


def _back(line: BackLine) -> Result:
    going, origin = line.of(Back.GOES), escape_text(line.taken.origin.name)
    now = {"host": line.now.name if line.now else None, **_values(going, is_back=False)}
    there = {**now, **_values(going, is_back=True)}
    name = escape_text(line.taken.vm.name)
    if line.back is Back.GOES:
        return {**_entry(line.taken.vm, "planned", now, there), "message": f"{name}: {_back_words(line)}"}
    state, verb = ("blocked", "cannot go back to") if line.back is Back.CANNOT else ("unchanged", "does not go back to")
    return {**_entry(line.taken.vm, state, now, now), "message": f"{name} {verb} {origin}: {escape_text(line.why)}"}


def _values(things: Iterable[BackThing], *, is_back: bool) -> Result:
    return {one.words: name_of(one.changed.before if is_back else one.now) for one in things}


def _back_words(line: BackLine) -> str:
    """`esx02 -> esx01, Hard disk 1 to old; not Hard disk 2: somebody else has moved it since`."""
    parts = [
        f"{name_of(one.now)} -> {name_of(one.changed.before)}"
        if one.changed.thing == HOST
        else f"{one.words} to {name_of(one.changed.before)}"
        for one in line.of(Back.GOES)
    ]
    rest = why_of((*line.of(Back.CANNOT), *line.of(Back.LEFT)))
    return escape_text(", ".join(parts) + (f"; not {rest}" if rest else ""))


def _entry(vm: VmIdentity, state: str, source: Result, destination: Result) -> Result:
    """What every entry has, where hosts are all that is known of places."""
    return {
        "vm": vm_document(vm),
        "changed": state == "planned",
        "state": state,
        "running_host": destination["host"],
        "source": source,
        "destination": destination,
    }


def _likely_s(planned: PlannedMove) -> float | None:
    span = planned.forecast.duration_s if planned.forecast else None
    return None if span is None else round(span.likely, 1)
