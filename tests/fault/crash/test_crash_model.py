"""The judge of the crash rig sees what it is there to see: each case is a right story with one thing changed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fault.crash.model import Evidence, judge

RUN, HERE, TARGET, ELSEWHERE = "r-1", "host-1", "host-2", "host-3"
OURS = f"vsphere-motion-{RUN}-0-a"


def motion(task: str = "task-1", *, operation: str = OURS, **changes: Any) -> dict[str, Any]:
    return {
        "vm": "vm-1",
        "task": task,
        "operation_id": operation,
        "phase": "done",
        "destination": TARGET,
        "queued_at": "2026-01-01T00:00:01Z",
        "completed_at": "2026-01-01T00:00:05Z",
        **changes,
    }


def call(operation: str = OURS) -> dict[str, Any]:
    return {"method": "RelocateVM_Task", "object": "vm-1", "operation_id": operation}


def outcome(state: str = "moved", task: str | None = "task-1") -> dict[str, Any]:
    return {"vm": {"moid": "vm-1"}, "state": state, "task": task}


def kinds(**changes: Any) -> set[str]:
    """The kinds of defects in the story of vm-1, which one task moved and which was told of once."""
    parts: dict[str, Any] = {
        "before": {"vm-1": HERE},
        "after": {"vm-1": TARGET},
        "calls": [call()],
        "motions": [motion()],
        "outcomes": [outcome()],
        **changes,
    }
    return {defect.kind for defect in judge(Evidence(run=RUN, targets={"vm-1": TARGET}, **parts))}


FOREIGN = motion("task-9", operation="", completed_at="2026-01-01T00:00:09Z")
AGAIN = motion("task-2", operation=f"vsphere-motion-{RUN}-0-b")
REFUSED = motion(phase="failed")


def test_a_move_that_was_made_and_told_of_once_is_right() -> None:
    assert kinds() == set()


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        pytest.param({"calls": [call(), call()]}, {"duplicate"}, id="an intent with two calls"),
        pytest.param({"motions": [motion(), motion()]}, {"duplicate"}, id="an intent with two tasks"),
        pytest.param({"motions": [motion(), AGAIN]}, {"duplicate"}, id="a VM with two tasks"),
        pytest.param({"motions": [REFUSED, AGAIN]}, {"duplicate", "wrong"}, id="tried again after a failure"),
        pytest.param({"motions": [motion(), AGAIN, FOREIGN]}, {"duplicate"}, id="moved twice beside another's move"),
        pytest.param({"outcomes": []}, {"lost"}, id="no outcome"),
        pytest.param({"outcomes": [outcome(), outcome()]}, {"lost"}, id="two outcomes"),
        pytest.param({"motions": [motion(phase="precopy")]}, {"lost", "wrong"}, id="a task that still runs"),
        pytest.param({"outcomes": [outcome("unknown")]}, {"wrong"}, id="unknown"),
        pytest.param({"outcomes": [outcome("failed")]}, {"wrong"}, id="failed, and it was moved"),
        pytest.param({"outcomes": [outcome("unchanged")]}, {"wrong"}, id="unchanged, and it was moved"),
        pytest.param({"outcomes": [outcome("not_started")]}, {"wrong"}, id="not started, and it was moved"),
        pytest.param({"motions": []}, {"wrong"}, id="moved, and no task was made"),
        pytest.param({"after": {"vm-1": HERE}}, {"wrong"}, id="moved, and is not there"),
        pytest.param({"after": {}}, {"wrong"}, id="moved, and is nowhere"),
        pytest.param({"outcomes": [outcome(task="task-7")]}, {"wrong"}, id="names another task"),
        pytest.param({"before": {"vm-1": TARGET}}, {"wrong"}, id="moved, and was there from the start"),
        pytest.param({"motions": [FOREIGN]}, {"wrong"}, id="moved, and it was another's task"),
        pytest.param(
            {"motions": [motion(), FOREIGN], "outcomes": [outcome("not_started")]},
            {"wrong"},
            id="denied beside another's",
        ),
    ],
)
def test_what_must_not_be_is_seen(changes: dict[str, Any], found: set[str]) -> None:
    assert kinds(**changes) == found


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"motions": [motion(), FOREIGN]}, id="moved, then by another"),
        pytest.param({"motions": [FOREIGN], "outcomes": [outcome("unchanged", None)]}, id="another brought it there"),
        pytest.param(
            {
                "motions": [{**FOREIGN, "destination": ELSEWHERE}],
                "outcomes": [outcome("not_started", None)],
                "after": {"vm-1": ELSEWHERE},
            },
            id="another brought it elsewhere",
        ),
        pytest.param(
            {
                "motions": [motion(), {**FOREIGN, "destination": ELSEWHERE}],
                "outcomes": [outcome("failed")],
                "after": {"vm-1": ELSEWHERE},
            },
            id="moved, and seen elsewhere because of another",
        ),
        pytest.param(
            {"motions": [REFUSED, AGAIN, FOREIGN], "outcomes": [outcome(task="task-2")]},
            id="refused, then had its turn",
        ),
    ],
)
def test_beside_a_second_operator_the_outcome_must_fit_both(changes: dict[str, Any]) -> None:
    assert kinds(**changes) == set()
