"""Events as plain lines, JSON lines and bars."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.build import GIB, TAKEN_AT, move
from tests.unit.cli.calls import outcome, plan, planned, report
from vsphere_motion.cli.console import Console
from vsphere_motion.cli.progress import JsonLines, PlainLines, drawing
from vsphere_motion.model.event import (
    Event,
    MoveEnded,
    MoveProgressed,
    MoveStarted,
    RunEnded,
    RunHalted,
    RunStarted,
)
from vsphere_motion.model.move import Move
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.record import MotionRecord
from vsphere_motion.model.task import Fault
from vsphere_motion.report.event_words import outcome_line


def after(seconds: float) -> datetime:
    return TAKEN_AT + timedelta(seconds=seconds)


def hostile() -> Move:
    return replace(move(), vm=replace(move().vm, name="web\x1b[31m[bold]\n01"))


def story(moved: Move) -> list[Event]:
    motion = MotionRecord(migration_id="5123456789012345678", source_host="host1", destination_host="host2")
    ended = outcome(move=moved, motion=replace(motion, downtime_s=0.21))
    return [
        RunStarted(at=TAKEN_AT, run="r-7f3a"),
        MoveStarted(at=after(0.4), move=moved, task="task-1181", memory_bytes=4 * GIB),
        MoveProgressed(at=after(0.4), move=moved, task="task-1181", progress_percent=0),
        MoveProgressed(at=after(20.4), move=moved, task="task-1181", progress_percent=62),
        MoveEnded(at=after(32), outcome=ended),
        RunEnded(at=after(32), report=report(ended)),
    ]


def test_one_plain_line_a_change(capsys: pytest.CaptureFixture[str]) -> None:
    drawer = PlainLines(Console({}), plan(planned()))

    for event in story(move()):
        drawer.draw(event)

    assert capsys.readouterr().err.splitlines() == [
        "2026-11-22T19:56:12Z run r-7f3a vm1 preflight ok",
        "2026-11-22T19:56:12Z run r-7f3a vm1 started   task-1181 host1 -> host2 4.0 GiB",
        "2026-11-22T19:56:12Z run r-7f3a vm1 0%",
        "2026-11-22T19:56:32Z run r-7f3a vm1 62%",
        "2026-11-22T19:56:44Z run r-7f3a vm1 done      32s  downtime 0.21s  migration-id 5123456789012345678",
    ]


def test_a_fault_a_halt_and_a_resumed_task_have_their_words(capsys: pytest.CaptureFixture[str]) -> None:
    drawer = PlainLines(Console({}))
    failed = outcome(OutcomeState.FAILED, fault=Fault(kind="Timedout", message="no\x1b data"))

    drawer.draw(MoveStarted(at=TAKEN_AT, move=move(), task="task-2", resumed=True))
    drawer.draw(MoveEnded(at=TAKEN_AT, outcome=failed))
    drawer.draw(RunHalted(at=TAKEN_AT, reason="no further moves start", detached=False))
    drawer.draw(MoveEnded(at=TAKEN_AT, outcome=outcome(OutcomeState.BLOCKED)))

    assert [line.partition(" run - ")[2] for line in capsys.readouterr().err.splitlines()] == [
        "vm1 resumed   task-2 host1 -> host2",
        "vm1 failed    Timedout: no\\x1b data",
        "halted    no further moves start",
    ]


def test_quiet_says_nothing_of_what_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    drawer = PlainLines(Console({}, quiet=True))

    for event in story(move()):
        drawer.draw(event)

    assert capsys.readouterr().err == ""


def test_json_lines_are_the_result_and_the_run_is_last(capsys: pytest.CaptureFixture[str]) -> None:
    drawer = JsonLines(Console({}))

    for event in [*story(hostile()), RunHalted(at=TAKEN_AT, reason="late", detached=True)]:
        drawer.draw(event)

    captured = capsys.readouterr()
    documents = [json.loads(line) for line in captured.out.splitlines()]
    assert captured.err == ""
    assert [document.get("event", document["schema"]) for document in documents] == [
        "run_started",
        "started",
        "progressed",
        "progressed",
        "ended",
        "vsphere-motion/run/v1",
        "halted",
    ]
    assert documents[3]["progress_percent"] == 62
    assert documents[1]["vm"]["name"] == hostile().vm.name
    assert documents[6]["detached"] is True


@pytest.mark.parametrize(
    "environment",
    [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}],
    ids=["no terminal", "NO_COLOR", "dumb"],
)
def test_off_a_terminal_lines_are_drawn(environment: dict[str, str]) -> None:
    with drawing(Console(environment)) as drawer:
        assert isinstance(drawer, PlainLines)


DRAW = """
import sys
from tests.unit.cli.test_cli_progress import hostile, story
from vsphere_motion.cli.console import Console
from vsphere_motion.cli.progress import drawing
from vsphere_motion.report.event_words import outcome_line
with drawing(Console(dict(__import__("os").environ), no_color="--no-color" in sys.argv)) as drawer:
    for event in story(hostile()):
        drawer.draw(event)
"""


def drawn_on_a_terminal(*words: str, **variables: str) -> str:
    """What a terminal gets on standard error."""
    ours, theirs = pty.openpty()
    environment = {"TERM": "xterm", "COLUMNS": "200", "PATH": "", **variables}
    child = subprocess.Popen([sys.executable, "-c", DRAW, *words], stderr=theirs, stdout=theirs, env=environment)
    os.close(theirs)
    shown = b"".join(read_to_end(ours))
    os.close(ours)
    assert child.wait(timeout=60) == 0, shown
    return shown.decode()


def read_to_end(descriptor: int) -> Sequence[bytes]:
    parts = []
    while True:
        try:
            part = os.read(descriptor, 65536)
        except OSError:  # the other side is closed
            return parts
        if not part:
            return parts
        parts.append(part)


def test_bars_are_drawn_on_a_terminal_and_names_stay_text() -> None:
    shown = drawn_on_a_terminal()

    assert "\x1b[?25l" in shown
    assert "100%" in shown
    assert "done 32s  downtime 0.21s" in shown
    assert "web\\x1b[31m[bold]\\n01" in shown
    assert "web\x1b" not in shown


@pytest.mark.parametrize(
    ("words", "variables"),
    [
        pytest.param(("--no-color",), {}, id="--no-color"),
        pytest.param((), {"NO_COLOR": "1"}, id="NO_COLOR"),
        pytest.param((), {"TERM": "dumb"}, id="TERM=dumb"),
    ],
)
def test_a_terminal_that_shall_have_no_ansi_gets_lines(words: tuple[str, ...], variables: dict[str, str]) -> None:
    shown = drawn_on_a_terminal(*words, **variables)

    assert "\x1b" not in shown
    assert "done      32s" in shown


def test_the_summary_says_how_each_vm_ended() -> None:
    assert outcome_line(outcome()) == "vm1: moved host1 -> host2 in 32s."
    assert outcome_line(outcome(OutcomeState.UNCHANGED)) == "vm1: unchanged, it is already on host2."
    assert outcome_line(outcome(OutcomeState.NOT_STARTED)) == "vm1: not started host1 -> host2"
    fault = Fault(kind="Timedout", message="no data")
    assert outcome_line(outcome(OutcomeState.FAILED, fault=fault)) == "vm1: failed host1 -> host2: Timedout: no data"
    assert outcome_line(outcome(OutcomeState.BLOCKED, note="by x")) == "vm1: blocked host1 -> host2: by x"
