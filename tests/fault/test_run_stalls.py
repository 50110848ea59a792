"""Moves that do not get on, VMs that ask, and a program that was stopped for a while."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import FakeControl
from tests.observer import observing
from tests.program import Program
from tests.promises import IS_NIGHTLY, record, tries
from tests.rig import rigs
from tests.running import running
from vsphere_motion.model.event import MoveStalled
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = [pytest.mark.vcsim, pytest.mark.timeout(3600 if IS_NIGHTLY else 120)]

MakeProgram = Callable[[SimulatedVCenter], Program]
MOVE = ("migrate", "vm-001", "--to-host", "esx-002", "--yes")
HANG: dict[str, Any] = {"name": "stuck", "match": {"vm": "vm-001", "count": 1}, "hang": {}}
WARN_S, WARN_EXACT_S = 150.0, 5.0
TOLD_S = 5.0
SLACK = 3


@pytest.mark.parametrize("moves", [pytest.param(1, id="one move"), pytest.param(4, id="four at once")])
def test_row_29_a_move_without_progress_is_spoken_of_after_150_s(tmp_path: Path, moves: int) -> None:
    """On a clock of the test's own: a simulated task that stands still for 20 minutes."""
    with rigs(tmp_path) as make:
        rig = make(moves)
        rig.vcenter.stuck |= {f"vm-{number}" for number in range(moves)}
        rig.control = FakeControl(detach_after=1200)
        warned = [(event.task, rig.clock_s()) for event in rig.events() if isinstance(event, MoveStalled)]

    first = [at_s for _, at_s in warned[:moves]]
    assert len({task for task, _ in warned[:moves]}) == moves
    assert all(abs(at_s - WARN_S) <= WARN_EXACT_S for at_s in first)
    silent_s = max(later - earlier for (_, earlier), (_, later) in zip(warned, warned[moves:], strict=False))
    assert silent_s <= 4 * WARN_S, "a move that stands still is spoken of again and again"
    record(29, f"warned at {min(first):.0f}-{max(first):.0f} s (promised 150 +- 5), and again after 300 and 600 s")


def test_row_29_a_hanging_move_is_told_and_cancelled_where_that_is_wanted(
    vcenter_factory: VCenterFactory, program: MakeProgram
) -> None:
    vcenter = vcenter_factory(hosts=2, vms=2, speed=1)
    vcenter.control.plant_faults({**HANG, "when": {"phase": "precopy"}})

    done = program(vcenter)(*MOVE, "-o", "jsonl", "--stall-after", "2s", "--on-stall", "cancel")

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    (stalled,) = [line for line in lines if line.get("event") == "stalled"]
    assert (stalled["vm"]["name"], stalled["is_cancelled"], stalled["is_over_limit"]) == ("vm-001", True, False)
    assert 2 <= stalled["for_s"] <= 2 + WARN_EXACT_S * SLACK
    (outcome,) = lines[-1]["outcomes"]
    assert (done.exit_code, outcome["state"]) == (6, "cancelled")
    assert "made no progress" in outcome["note"]
    with observing(vcenter) as observer:
        assert observer.hosts()["vm-001"] == "esx-001"


def test_a_move_over_the_limit_for_its_memory_is_told_and_watched_on(
    vcenter_factory: VCenterFactory, program: MakeProgram
) -> None:
    vcenter = vcenter_factory(hosts=2, vms=2, speed=1)
    vcenter.control.plant_faults(HANG)
    with running(program(vcenter), *MOVE, "--limit-per-gib", "1s") as run:
        run.wait_for("stalled")
        vcenter.control.remove_faults("stuck")
        code, _ = run.end()

    assert code == 0, run.said
    assert any("running for" in line and "--on-stall cancel" in line for line in run.said)


def test_row_30_a_pending_question_is_shown_at_once(vcenter_factory: VCenterFactory, program: MakeProgram) -> None:
    vcenter = vcenter_factory(hosts=2, vms=2, speed=5)
    vcenter.control.plant_faults(HANG)
    answers = [
        {"_typeName": "ElementDescription", "key": key, "label": label, "summary": label}
        for key, label in (("0", "Retry"), ("1", "Cancel"))
    ]
    question = {"id": "4711", "text": "The disk is full. Retry?", "choice": {"choiceInfo": answers}}
    moid = vcenter.control.moid("VirtualMachine", "vm-001")
    with running(program(vcenter), *MOVE) as run:
        run.wait_for("started")
        began_s = time.monotonic()
        vcenter.control.patch(moid, {"runtime.question": question})
        run.wait_for("asks")
        told_s = time.monotonic() - began_s
        vcenter.control.patch(moid, {"runtime.question": None})
        vcenter.control.remove_faults()
        code, _ = run.end()

    (line,) = [line for line in run.said if " asks " in line]
    assert "The disk is full. Retry? [0 = Retry, 1 = Cancel]" in line
    assert "govc vm.question -vm vm-001 -answer KEY" in line
    assert code == 0, run.said
    assert told_s <= TOLD_S * SLACK
    assert not any("Answer" in call["method"] for call in vcenter.control.trace()), "a question is a person's to answer"
    record(30, f"shown after {told_s:.1f} s with its choices")


def test_row_27_a_program_that_was_stopped_judges_everything_right(
    vcenter_factory: VCenterFactory, program: MakeProgram
) -> None:
    """Stopped for longer than a poll; meanwhile moves end, and every second time the session does too."""
    count, stopped_s = tries(reduced=3, whole=20), 60.0 if IS_NIGHTLY else 4.0
    vcenter = vcenter_factory(hosts=2, vms=4, speed=1)
    command, right = program(vcenter), 0
    assert command("migrate", "vm-*", "--to-host", "esx-001", "--yes").exit_code == 0
    for number in range(count):
        target = f"esx-00{2 - number % 2}"
        with running(command, "migrate", "vm-*", "--to-host", target, "--yes", "-o", "json") as run:
            run.wait_for("%")
            run.signal(signal.SIGSTOP)
            if number % 2:
                end_sessions(vcenter)
            threading.Event().wait(stopped_s)
            run.signal(signal.SIGCONT)
            code, output = run.end()
        states = [outcome["state"] for outcome in json.loads(output)["outcomes"]]
        assert (code, states) == (0, ["moved"] * 4), run.said
        assert run.count("stalled") == 0
        right += 1
    assert len(vcenter.control.motions()) == len({motion["operation_id"] for motion in vcenter.control.motions()})
    record(27, f"{right}/{count} stopped for {stopped_s:.0f} s: every outcome right, nothing started twice")


def end_sessions(vcenter: SimulatedVCenter) -> None:
    with observing(vcenter) as observer:
        manager = observer.content.sessionManager
        others = [session.key for session in manager.sessionList if session.key != manager.currentSession.key]
        if others:
            manager.TerminateSession(others)
