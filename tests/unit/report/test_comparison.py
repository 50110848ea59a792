"""What was expected beside what came, and hosts before and after a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.report.samples import GIB, START, failed, make_motion, make_outcome, make_report, named
from tests.unit.report.test_passes import make_pass
from vsphere_motion.model.forecast import Forecast, MoveLoad, Span
from vsphere_motion.model.record import MotionRecord
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.report import HostLoad, ReportedMove
from vsphere_motion.motionlog.downtime import MEASURE_LOWER_BOUND
from vsphere_motion.report.comparison import ABOVE, BELOW, INSIDE, compared, load_rows, plan_words


def span(low: float, likely: float, high: float) -> Span:
    return Span(low=low, likely=likely, high=high)


FORECAST = Forecast(
    load=MoveLoad(vm=MoRef(kind="VirtualMachine", moid="vm-42")),
    duration_s=span(20, 30, 40),
    stun_s=span(0.1, 0.2, 0.3),
    bandwidth_bps=span(8e9, 9e9, 10e9),
    sent_bytes=span(15 * GIB, 16 * GIB, 20 * GIB),
)


def item_with(forecast: Forecast | None = FORECAST, motion: MotionRecord | None = None, **changes: Any) -> ReportedMove:
    outcome = make_outcome(motion=motion or make_motion(), forecast=forecast, **changes)
    return ReportedMove(outcome=outcome, memory_bytes=16 * GIB)


def test_each_value_is_beside_the_range_it_was_expected_in() -> None:
    rows = compared(item_with(motion=make_motion(passes=(make_pass(16.0),))))
    assert [(row.label, row.expected, row.seen, row.verdict) for row in rows] == [
        ("duration", "~30s (20s to 40s)", "32s", INSIDE),
        ("downtime", "~0.20s (0.10s to 0.30s)", "0.21s", INSIDE),
        ("bandwidth", "~9.0 Gbit/s (8.0 Gbit/s to 10.0 Gbit/s)", "9.0 Gbit/s", INSIDE),
        ("sent", "~16.0 GiB (15.0 GiB to 20.0 GiB)", "16.0 GiB", INSIDE),
    ]
    assert (rows[0].low, rows[0].width) == (50.0, 50.0)
    assert rows[0].seen_at == pytest.approx(80.0, abs=0.1)


@pytest.mark.parametrize(
    ("duration", "verdict"),
    [
        (span(32.5, 40, 50), BELOW),
        (span(31, 32, 32.0005), INSIDE),
        (span(10, 20, 31.9), ABOVE),
        (span(32.0004, 32.0004, 32.0004), INSIDE),
    ],
)
def test_the_edges_of_the_range_are_inside(duration: Span, verdict: str) -> None:
    assert compared(item_with(replace(FORECAST, duration_s=duration)))[0].verdict == verdict


def test_a_range_of_one_value_stays_visible() -> None:
    assert compared(item_with(replace(FORECAST, duration_s=span(32, 32, 32))))[0].width > 0


def test_a_lower_bound_of_the_downtime_is_not_compared() -> None:
    motion = make_motion(downtime_measure=MEASURE_LOWER_BOUND, precopy_bandwidth_bps=None)
    assert [row.label for row in compared(item_with(motion=motion))] == ["duration"]


def test_a_move_without_an_end_has_no_verdict() -> None:
    assert compared(item_with(completed_at=None))[0].verdict == ""
    assert compared(item_with(completed_at=None))[0].seen_at is None


def test_what_was_not_expected_or_did_not_end_well_is_not_compared() -> None:
    assert compared(item_with(None)) == ()
    assert compared(replace(failed(), outcome=replace(failed().outcome, forecast=FORECAST))) == ()
    assert compared(ReportedMove(outcome=make_outcome(motion=None, forecast=replace(FORECAST, duration_s=None)))) == ()


def test_the_run_says_how_many_were_as_expected() -> None:
    longer = item_with(replace(FORECAST, duration_s=span(1, 2, 3)))
    shorter = item_with(replace(FORECAST, duration_s=span(100, 200, 300)))
    words = plan_words(make_report(item_with(), item_with(), longer, shorter, failed()))
    assert words == "2 of 4 durations as expected, 1 longer, 1 shorter"
    assert plan_words(make_report(failed())) == "-"


def load(name: str, **changes: Any) -> HostLoad:
    values: dict[str, Any] = {
        "cpu_used_mhz": 1000,
        "cpu_mhz": 10_000,
        "memory_used_bytes": 64 * GIB,
        "memory_bytes": 256 * GIB,
        "vms": 7,
    }
    return HostLoad(host=named("HostSystem", f"host-{name}", name), at=START, **{**values, **changes})


def test_hosts_are_beside_themselves_before_and_after() -> None:
    before = (load("esx01"), load("esx02"), load("esx03"))
    after = (load("esx02", memory_used_bytes=None, cpu_mhz=0, vms=None), load("esx01", cpu_used_mhz=20_000, vms=9))
    one, other = load_rows(make_report(loads_before=before, loads_after=after))
    assert (one.host, one.vms, one.cpu, one.cpu_percent) == ("esx01", "7 to 9", ("10%", "100%"), (10.0, 100.0))
    assert one.memory == ("25% (64.0 GiB)", "25% (64.0 GiB)")
    assert (other.vms, other.cpu, other.memory[1], other.memory_percent) == ("7 to -", ("10%", "-"), "-", (25.0, None))
    assert load_rows(make_report(loads_before=before)) == ()
