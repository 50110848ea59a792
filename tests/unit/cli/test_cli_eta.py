"""The time that is left: from the forecast and the clock, whatever the percentage says."""

from __future__ import annotations

from datetime import timedelta

from tests.fakes import START
from tests.rig import make_move
from vsphere_motion.cli.eta import Eta
from vsphere_motion.model.event import MoveProgressed, MoveStarted
from vsphere_motion.model.forecast import Forecast, MoveLoad, Span

MOVE = make_move(0)
FORECAST = Forecast(load=MoveLoad(vm=MOVE.vm.ref), duration_s=Span(low=50, likely=60, high=150))
STARTED = MoveStarted(at=START, move=MOVE, task="task-1", forecast=FORECAST)


def at(seconds: float, percent: int) -> MoveProgressed:
    return MoveProgressed(at=START + timedelta(seconds=seconds), move=MOVE, task="task-1", progress_percent=percent)


def test_the_percentage_says_nothing_about_the_time_that_is_left() -> None:
    for percent in (1, 99):
        eta = Eta()
        eta.start(STARTED)
        eta.words(at(0, 0))
        assert eta.words(at(10, percent)) == "~50s left (40s to 2m20s)"


def test_a_queue_is_not_counted() -> None:
    eta = Eta()
    eta.start(STARTED)
    assert eta.words(at(600, 0)) == "~1m00s left (50s to 2m30s)"


def test_what_takes_longer_than_expected_says_so() -> None:
    eta = Eta()
    eta.start(STARTED)
    eta.words(at(0, 0))
    assert eta.words(at(100, 50)) == "~0.0s left (0.0s to 50s)"
    assert eta.words(at(151, 60)) == "longer than the 2m30s expected at most"


def test_without_a_forecast_nothing_is_said() -> None:
    eta = Eta()
    assert eta.words(at(0, 10)) == ""
    eta.start(MoveStarted(at=START, move=MOVE, task="task-1"))
    eta.start(MoveStarted(at=START, move=MOVE, task="task-1", forecast=FORECAST, resumed=True))
    assert eta.words(at(1, 20)) == ""
