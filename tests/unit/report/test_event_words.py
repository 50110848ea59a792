"""The events of a run in one line each."""

from __future__ import annotations

import pytest

from tests.build import TAKEN_AT, move
from tests.unit.cli.calls import outcome, report
from vsphere_motion.model.event import (
    Event,
    MoveEnded,
    MoveProgressed,
    MoveStalled,
    MoveStarted,
    RunEnded,
    RunHalted,
    RunNoted,
    RunStarted,
    ServerBack,
)
from vsphere_motion.report.event_words import event_line

AT = TAKEN_AT
MOVE = move()


@pytest.mark.parametrize(
    ("event", "line"),
    [
        pytest.param(RunStarted(at=AT, run="r-1"), "run r-1", id="run"),
        pytest.param(
            MoveStarted(at=AT, move=MOVE, task="task-1", memory_bytes=4 << 30),
            "vm1 started task-1 host1 -> host2 4.0 GiB",
            id="started",
        ),
        pytest.param(MoveProgressed(at=AT, move=MOVE, task="task-1", progress_percent=42), "vm1 42%", id="percent"),
        pytest.param(
            MoveStalled(at=AT, move=MOVE, task="task-1", progress_percent=7, for_s=150),
            "vm1 stalled: task-1 no progress for 2m30s at 7%; watching on; --on-stall cancel would cancel it",
            id="stalled",
        ),
        pytest.param(MoveEnded(at=AT, outcome=outcome()), "vm1: moved host1 -> host2 in 32s.", id="ended"),
        pytest.param(ServerBack(at=AT, away_s=3), "server    back after 3.0s; every move is read again", id="server"),
        pytest.param(RunHalted(at=AT, reason="a\x1bb", detached=False), "a\\x1bb", id="halted"),
        pytest.param(RunNoted(at=AT, text="DRS is kept away"), "DRS is kept away", id="noted"),
        pytest.param(RunEnded(at=AT, report=report()), None, id="the end has its summary"),
    ],
)
def test_an_event_is_one_line(event: Event, line: str | None) -> None:
    assert event_line(event) == line
