"""What is new about a run beside starts, progress and ends: as lines, as JSON and as words."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.build import TAKEN_AT, move
from tests.unit.cli.calls import outcome, report
from vsphere_motion.cli.console import Console
from vsphere_motion.cli.exit import ExitCode, code_of_report
from vsphere_motion.cli.progress import JsonLines, PlainLines
from vsphere_motion.cli.running import run_options
from vsphere_motion.model.current import Question
from vsphere_motion.model.event import Event, MoveAsks, MoveFollowed, MoveStalled, ServerBack, ServerLost
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.run.limits import OnInterrupt, OnStall, Patience

QUESTION = Question(id="4711", text="Disk full.\x1b[31m\nRetry?", choices=(("0", "Retry"), ("1", "Cancel")))
FOLLOWED = MoveFollowed(at=TAKEN_AT, move=move(), task="task-9", started_by="EXAMPLE\\bob\x1b[1m")
STALLED = MoveStalled(at=TAKEN_AT, move=move(), task="task-2", progress_percent=42, for_s=150.4)
LATE = replace(STALLED, progress_percent=None, is_over_limit=True, is_cancelled=True, for_s=600.0)
ASKS = MoveAsks(at=TAKEN_AT, move=move(), task="task-2", question=QUESTION)
LOST = ServerLost(at=TAKEN_AT, reason="Could not watch\nthe tasks", running=3, waiting=7)
BACK = ServerBack(at=TAKEN_AT, away_s=119.96)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        pytest.param(FOLLOWED, "vm1 followed  task-9 EXAMPLE\\bob\\x1b[1m is moving it already", id="followed"),
        pytest.param(
            STALLED,
            "vm1 stalled   task-2 no progress for 2m30s at 42%; watching on; --on-stall cancel would cancel it",
            id="stalled",
        ),
        pytest.param(
            LATE, "vm1 stalled   task-2 running for 10m00s; vCenter is asked to cancel it", id="over its limit"
        ),
        pytest.param(
            ASKS,
            "vm1 asks      Disk full.\\x1b[31m\\nRetry? [0 = Retry, 1 = Cancel]"
            "  answer it in the vSphere Client (Answer Question on the VM's summary),"
            " or: govc vm.question -vm vm1 -answer KEY",
            id="asks",
        ),
        pytest.param(
            LOST,
            "server    away, waiting for it (3 running, 7 waiting; what runs goes on in vCenter):"
            " Could not watch\\nthe tasks",
            id="server lost",
        ),
        pytest.param(BACK, "server    back after 2m00s; every move is read again", id="server back"),
    ],
)
def test_each_is_one_plain_line(event: Event, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    PlainLines(Console({})).draw(event)

    (said,) = capsys.readouterr().err.splitlines()
    assert said.split(" run - ")[1] == line


@pytest.mark.parametrize(
    ("event", "facts"),
    [
        pytest.param(
            FOLLOWED, {"event": "followed", "task": "task-9", "started_by": "EXAMPLE\\bob\x1b[1m"}, id="followed"
        ),
        pytest.param(
            STALLED,
            {
                "event": "stalled",
                "task": "task-2",
                "progress_percent": 42,
                "for_s": 150.4,
                "is_over_limit": False,
                "is_cancelled": False,
            },
            id="stalled",
        ),
        pytest.param(
            ASKS,
            {
                "event": "asks",
                "task": "task-2",
                "question": {
                    "id": "4711",
                    "text": QUESTION.text,
                    "choices": [{"key": "0", "label": "Retry"}, {"key": "1", "label": "Cancel"}],
                },
            },
            id="asks",
        ),
        pytest.param(
            LOST, {"event": "server_lost", "reason": LOST.reason, "running": 3, "waiting": 7}, id="server lost"
        ),
        pytest.param(BACK, {"event": "server_back", "away_s": 119.96}, id="server back"),
    ],
)
def test_each_is_one_json_line(event: Event, facts: dict[str, object], capsys: pytest.CaptureFixture[str]) -> None:
    JsonLines(Console({})).draw(event)

    (line,) = capsys.readouterr().out.splitlines()
    document = json.loads(line)
    own = {key: value for key, value in document.items() if key not in {"schema", "at", "vm", "source", "destination"}}
    assert own == facts
    assert ("vm" in document) == ("task" in facts)


def test_what_is_not_given_keeps_its_default() -> None:
    options = run_options()

    assert (options.max_concurrent, options.timeout_s, options.outage_limit_s) == (4, None, 3600.0)
    assert options.patience == Patience()
    assert options.on_interrupt is OnInterrupt.WATCH
    assert options.is_watching


def test_what_is_given_reaches_the_run() -> None:
    options = run_options(
        max_concurrent=2,
        timeout_s=10.0,
        outage_limit_s=60.0,
        stall_after_s=5.0,
        on_stall="cancel",
        limit_per_gib_s=150.0,
        on_interrupt="cancel",
    )

    assert (options.limits.max_concurrent, options.limits.timeout_s, options.limits.outage_limit_s) == (2, 10.0, 60.0)
    assert options.limits.patience == Patience(stall_after_s=5.0, limit_s_per_gib=150.0, on_stall=OnStall.CANCEL)
    assert options.limits.on_interrupt is OnInterrupt.CANCEL


@pytest.mark.parametrize(
    ("left", "code"),
    [
        pytest.param(outcome(OutcomeState.UNKNOWN, task="task-1", completed_at=None), ExitCode.OK, id="it runs"),
        pytest.param(outcome(OutcomeState.UNKNOWN, task=None), ExitCode.UNFINISHED, id="its answer was lost"),
        pytest.param(outcome(OutcomeState.NOT_STARTED, task=None), ExitCode.UNFINISHED, id="it was not started"),
        pytest.param(outcome(OutcomeState.FAILED, task=None), ExitCode.FAILED, id="it was refused"),
    ],
)
def test_a_run_that_was_to_be_left_is_done_when_everything_runs(left: Outcome, code: ExitCode) -> None:
    assert code_of_report(report(left), is_left=True) is code
