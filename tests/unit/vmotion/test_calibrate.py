"""The back-test: each move is told from those before it alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.vmotion.test_forecast import IDLE, PAST
from vsphere_motion.model.forecast import Basis, Forecast
from vsphere_motion.vmotion.calibrate import calibrate

TOLD = replace(PAST, forecast=Forecast(load=IDLE), duration_s=111.0, precopy_s=110.0)


def test_nothing_to_tell_is_no_share() -> None:
    found = calibrate([])
    assert (found.share_inside, found.median_error, found.median_width, found.by_basis()) == (None, None, None, [])


def test_the_first_is_told_by_the_link_the_next_by_the_first() -> None:
    found = calibrate([replace(TOLD, run="r-2"), replace(TOLD, run="r-1")])
    assert [(trial.past.run, trial.basis) for trial in found.trials] == [("r-1", Basis.LINK), ("r-2", Basis.PAIR)]
    assert found.share_inside == 1.0
    assert found.trials[1].error == pytest.approx(0, abs=0.02)
    assert found.trials[1].width < 2
    assert found.by_basis() == [(Basis.PAIR, 1, 1.0), (Basis.LINK, 1, 1.0)]


def test_a_move_that_took_ten_times_as_long_is_outside() -> None:
    found = calibrate([replace(TOLD, duration_s=1110.0), TOLD])
    assert found.share_inside == 0.5
    assert [trial.is_inside for trial in found.trials] == [True, False]


def test_a_move_of_which_too_little_is_known_is_left_out_and_counted() -> None:
    found = calibrate([replace(TOLD, duration_s=None), replace(PAST, memory_bytes=None, forecast=None), TOLD])
    assert len(found.trials) == 1
    assert found.left_out == 2
