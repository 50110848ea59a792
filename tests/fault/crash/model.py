"""What must be true of a run that was killed and resumed, judged from the server's own record alone. PURE.

The journal is the accused here and no witness: the calls, the moves and the places of VMs are the server's. A VM that
nobody else touched has one task and one outcome; where a second operator moved it too, the outcome must fit what both
did.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

ENDED = frozenset({"done", "failed", "cancelled"})
"""Phases in which the server no longer works on a move."""

RELOCATE = "RelocateVM_Task"


class Defect(NamedTuple):
    """Something that must not be; `kind` is `duplicate`, `lost` or `wrong`."""

    kind: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of one run after its end.

    Args:
        run: its id.
        targets: the place to which each VM was to go, by moid.
        before, after: the place of each VM, by moid, from plain reads.
        calls: the server's list of calls.
        motions: the server's list of moves.
        outcomes: those of the final report.
    """

    run: str
    targets: Mapping[str, str]
    before: Mapping[str, str]
    after: Mapping[str, str]
    calls: Iterable[Mapping[str, Any]]
    motions: Iterable[Mapping[str, Any]]
    outcomes: Iterable[Mapping[str, Any]]


@dataclass(slots=True, kw_only=True)
class Story:
    """One VM's part: the moves that the run asked for, those of others, and what the report says."""

    vm: str
    before: str
    after: str
    target: str
    ours: list[Mapping[str, Any]] = field(default_factory=list)
    foreign: list[Mapping[str, Any]] = field(default_factory=list)
    outcomes: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def our_success(self) -> Mapping[str, Any] | None:
        """The move of ours that the server brought to its end."""
        return next((motion for motion in self.ours if motion["phase"] == "done"), None)


def judge(evidence: Evidence) -> list[Defect]:
    """Everything that must not be."""
    stories = tell(evidence)
    defects = sent_twice(evidence)
    for story in stories.values():
        defects += _duplicates(story) + _lost(story) + _wrong(story)
    known = set(stories)
    defects += [Defect("wrong", f"the report has {moid}") for moid in _reported(evidence) if moid not in known]
    return defects


def tell(evidence: Evidence) -> dict[str, Story]:
    """Each VM's part, by moid."""
    stories = {
        vm: Story(vm=vm, before=host, after=evidence.after.get(vm, ""), target=evidence.targets[vm])
        for vm, host in evidence.before.items()
    }
    for motion in evidence.motions:
        story = stories[motion["vm"]]
        (story.ours if is_of_run(motion, evidence.run) else story.foreign).append(motion)
    for outcome in evidence.outcomes:
        if outcome["vm"]["moid"] in stories:
            stories[outcome["vm"]["moid"]].outcomes.append(outcome)
    return stories


def is_of_run(record: Mapping[str, Any], run: str) -> bool:
    """Whether a call or move carries an operationID of this run."""
    return str(record["operation_id"] or "").startswith(f"vsphere-motion-{run}-")


def sent_twice(evidence: Evidence) -> list[Defect]:
    """Every intent has one call and one task at most."""
    calls = Counter(call["operation_id"] for call in evidence.calls if call["method"] == RELOCATE)
    tasks = Counter(motion["operation_id"] for motion in evidence.motions)
    return [
        Defect("duplicate", f"{intent} has {count} {what}")
        for what, counts in (("calls", calls), ("tasks", tasks))
        for intent, count in counts.items()
        if intent and count > 1
    ]


def _reported(evidence: Evidence) -> set[str]:
    return {outcome["vm"]["moid"] for outcome in evidence.outcomes}


def _duplicates(story: Story) -> list[Defect]:
    """No VM is moved twice by us; where others were at it, a call of ours may have been refused before."""
    counted = [motion for motion in story.ours if not story.foreign or motion["phase"] != "failed"]
    return [Defect("duplicate", f"{story.vm} has our tasks {_tasks(counted)}")] if len(counted) > 1 else []


def _lost(story: Story) -> list[Defect]:
    if len(story.outcomes) != 1:
        return [Defect("lost", f"{story.vm} has {len(story.outcomes)} outcomes")]
    return [
        Defect("lost", f"{story.vm}: {motion['task']} is {motion['phase']}")
        for motion in story.ours + story.foreign
        if motion["phase"] not in ENDED
    ]


def _wrong(story: Story) -> list[Defect]:
    if len(story.outcomes) != 1:
        return []
    outcome = story.outcomes[0]
    words = _contradiction(story, outcome["state"])
    success = story.our_success
    if not words and outcome["state"] == "moved" and success and outcome["task"] != success["task"]:
        words = f"names {outcome['task']}, and it was {success['task']}"
    if not words:
        return []
    return [Defect("wrong", f"{story.vm} ({outcome['state']}, {outcome.get('note')}): {words}; {_tasks(story.ours)}")]


def _contradiction(story: Story, state: str) -> str:
    """Why this outcome cannot be; empty if it can."""
    if not story.foreign:
        return _contradiction_alone(story, state)
    success, others = story.our_success, [motion for motion in story.foreign if motion["phase"] == "done"]
    brought = story.before == story.target or any(motion["destination"] == story.target for motion in others)
    if state == "moved":
        return "" if success else "our task did not succeed"
    if state == "unchanged":
        return "" if brought and not success else "nobody else brought it there"
    if state == "failed" and success:
        later = any(motion["completed_at"] > success["queued_at"] for motion in others)
        return "" if later else "our task succeeded, and nobody moved it later"
    if state in {"failed", "not_started", "blocked"}:
        return "our task succeeded" if success else ""
    return "the server knows better"


def _contradiction_alone(story: Story, state: str) -> str:
    """Nobody else was at this VM: it is moved by one task, or was there from the start."""
    if story.after != story.target:
        return f"it is on {story.after}"
    if story.before == story.target:
        return "" if state == "unchanged" and not story.ours else "it was there from the start"
    return "" if state == "moved" and story.our_success else "it was moved by our task"


def _tasks(motions: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(f"{motion['task']} {motion['phase']}" for motion in motions) or "no task"


def count_by_kind(defects: Iterable[Defect]) -> dict[str, int]:
    """How many defects there are of each kind."""
    counts: dict[str, int] = defaultdict(int)
    for defect in defects:
        counts[defect.kind] += 1
    return {kind: counts[kind] for kind in ("duplicate", "lost", "wrong")}
