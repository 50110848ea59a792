"""Moves as a playbook gets them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.build import finding
from tests.unit.cli.calls import outcome, plan, planned
from vsphere_motion.errors import Ambiguous, MotionError, NotFound
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.task import Fault
from vsphere_motion.service.results import difference, error_words, failures, outcome_words, planned_results


def test_a_plan_says_where_each_vm_goes_and_what_blocks_it() -> None:
    free, blocked = planned(), planned(finding(message="no room\x1b[2J"))

    (alone,) = planned_results(plan(free))
    both = planned_results(plan(free, blocked))

    assert (alone["state"], alone["changed"], alone["running_host"]) == ("planned", True, "host2")
    assert [one["state"] for one in both] == ["not_started", "blocked"]
    assert [one["running_host"] for one in both] == ["host1", "host1"]
    assert both[1]["message"] == "vm1 cannot be moved: no room\\x1b[2J [memory.admission] - choose another host"
    assert [one["state"] for one in planned_results(plan(free, blocked, partial=True))] == ["planned", "blocked"]


def test_a_failed_move_says_how_far_it_came_and_why() -> None:
    fault = Fault(kind="SystemError", message="it broke\x9b", details=())
    failed = outcome(OutcomeState.FAILED, task="task-1", fault=fault)

    words = outcome_words(failed, 42)

    assert words.startswith("vm1 failed at 42% (host1 -> host2): it broke\\x9b")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        pytest.param(MotionError("it broke"), "it broke", id="message"),
        pytest.param(NotFound("2 are off: a", details=("a", "b")), "2 are off: a; b (do this)", id="details once"),
        pytest.param(Ambiguous("2 are x", details=("a", "b")), "2 are x: a; b (do this)", id="candidates"),
    ],
)
def test_an_error_is_one_text(error: MotionError, words: str) -> None:
    assert error_words(error, "do this" if error.details else None) == words


def entry(name: str, moid: str, *, changed: bool = True, state: str = "moved") -> dict[str, Any]:
    places = {"source": {"host": "a"}, "destination": {"host": "b"}}
    return {"vm": {"name": name, "moid": moid}, "changed": changed, "state": state, **places}


def test_a_difference_has_the_vms_that_move_and_tells_twins_apart() -> None:
    found = difference(
        [entry("web", "vm-1"), entry("twin", "vm-2"), entry("twin", "vm-3"), entry("x", "vm-4", changed=False)]
    )

    assert list(found["before"]) == ["web", "twin (vm-2)", "twin (vm-3)"]
    assert (found["before"]["web"], found["after"]["web"]) == ({"host": "a"}, {"host": "b"})


def test_what_a_playbook_stops_at_depends_on_whether_moves_were_to_be_left() -> None:
    results = [entry("a", "vm-1"), entry("b", "vm-2", state="running"), entry("c", "vm-3", state="failed")]

    assert [one["vm"]["name"] for one in failures(results)] == ["b", "c"]
    assert [one["vm"]["name"] for one in failures(results, is_left=True)] == ["c"]
