"""Where the bars of a timeline lie."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.report.samples import (
    GIB,
    after,
    blocked,
    full_report,
    make_motion,
    make_outcome,
    make_report,
    moved,
    unchanged,
)
from vsphere_motion.model.report import ReportedMove
from vsphere_motion.report.chart import LEAST_WIDTH, WIDTH, Bar, move_chart, run_chart


def test_bars_touch_in_the_order_of_time_and_are_to_scale() -> None:
    motion = make_motion(precopy_s=25.0, downtime_s=5.0, precopy_bandwidth_bps=None)
    outcome = make_outcome(queued_at=after(0), started_at=after(10), completed_at=after(50), motion=motion)
    (row,) = move_chart(ReportedMove(outcome=outcome))
    assert [(bar.x, bar.width, bar.css) for bar in row.bars] == [
        (0.0, 20.0, "queued"),
        (20.0, 50.0, "precopy"),
        (70.0, 10.0, "switchover"),
        (80.0, 20.0, "other"),
    ]
    assert row.words.startswith("queued 10s (measured: vCenter's task); pre-copy 25s")


def test_the_model_is_drawn_below_from_where_the_pre_copy_begins() -> None:
    motion = make_motion(precopy_bandwidth_bps=8 * GIB, dirty_rate_bps=0)
    outcome = make_outcome(started_at=after(8), completed_at=after(40), motion=motion)
    rows = move_chart(ReportedMove(outcome=outcome, memory_bytes=16 * GIB))
    assert [row.label for row in rows] == ["this move", "model"]
    assert rows[1].bars == (
        Bar(
            x=20.0,
            width=40.0,
            css="precopy estimated",
            words="pre-copy 16s (estimated: model: all memory at the logged bandwidth)",
        ),
    )


def test_a_short_phase_stays_visible_and_inside() -> None:
    rows = move_chart(moved())
    assert min(bar.width for row in rows for bar in row.bars) >= LEAST_WIDTH
    outcome = make_outcome(queued_at=None, completed_at=None, motion=make_motion(precopy_s=1e6, downtime_s=0.01))
    last = move_chart(ReportedMove(outcome=outcome))[0].bars[-1]
    assert (last.x + last.width, last.width) == (WIDTH, LEAST_WIDTH)


@pytest.mark.parametrize("item", [blocked(), unchanged()], ids=["blocked", "unchanged"])
def test_a_move_that_never_ran_has_no_timeline(item: ReportedMove) -> None:
    assert move_chart(item) == ()


def test_the_run_is_on_one_axis_of_vcenters_clock() -> None:
    chart = run_chart(full_report())
    assert chart is not None
    assert (chart.begin, chart.end) == (after(0), after(98))
    assert [row.label for row in chart.rows] == ["web01", "app03", "db02"]
    assert [row.bars[0].x for row in chart.rows] == [0.0, 0.0, 0.0]


def test_a_later_move_begins_further_right() -> None:
    later = replace(
        moved(), outcome=make_outcome(queued_at=after(32.5), started_at=after(32.5), completed_at=after(65))
    )
    chart = run_chart(make_report(moved(), later))
    assert chart is not None
    assert chart.rows[1].bars[0].x == 50.0


def test_a_move_without_an_end_takes_its_place_from_its_start() -> None:
    outcome = make_outcome(queued_at=None, started_at=after(1), completed_at=None)
    chart = run_chart(make_report(ReportedMove(outcome=outcome)))
    assert chart is not None
    assert (chart.begin, chart.end) == (after(1), after(1 + 28.1000004 + 0.2100000004))
    assert [bar.width for bar in chart.rows[0].bars] == [pytest.approx(99.26, abs=0.01), pytest.approx(0.74, abs=0.01)]


def test_a_log_that_lasts_longer_than_the_run_stays_inside() -> None:
    outcome = make_outcome(completed_at=after(2), motion=make_motion(precopy_s=500.0))
    chart = run_chart(make_report(ReportedMove(outcome=outcome)))
    assert chart is not None
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH for bar in chart.rows[0].bars)


def test_a_run_in_which_nothing_ran_has_no_timeline() -> None:
    assert run_chart(make_report(blocked(), unchanged())) is None
