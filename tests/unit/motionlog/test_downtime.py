"""The best measure of how long the VM stood still."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.motionlog.log_files import as_lines, at
from vsphere_motion.motionlog.downtime import (
    MEASURE_LOWER_BOUND,
    MEASURE_REPORTED,
    MEASURE_STOPPED,
    MEASURE_TWO_CLOCKS,
    Downtime,
    DowntimeEvidence,
    measure_downtime,
    stops_during,
)

ALL = DowntimeEvidence(
    reported_s=0.28,
    stops_s=(0.25,),
    source_started_at=at("20:00:00"),
    destination_started_at=at("20:00:01"),
    precopy_ended_at=at("20:00:30"),
    page_send_ended_at=at("20:00:30.1"),
    resumed_at=at("20:00:30.3"),
)
TWO_CLOCKS = replace(ALL, reported_s=None, stops_s=())
BOUND = Downtime(downtime_s=0.1, measure=MEASURE_LOWER_BOUND)


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        pytest.param(ALL, Downtime(downtime_s=0.28, measure=MEASURE_REPORTED), id="vpxa first"),
        pytest.param(
            replace(ALL, reported_s=None), Downtime(downtime_s=0.25, measure=MEASURE_STOPPED), id="then vmware.log"
        ),
        pytest.param(
            replace(ALL, reported_s=None, stops_s=(0.2, 0.3)),
            Downtime(downtime_s=0.3, measure=MEASURE_TWO_CLOCKS),
            id="two stops are no measure",
        ),
        pytest.param(TWO_CLOCKS, Downtime(downtime_s=0.3, measure=MEASURE_TWO_CLOCKS), id="then both clocks"),
        pytest.param(
            replace(TWO_CLOCKS, page_send_ended_at=None),
            Downtime(downtime_s=0.3, measure=MEASURE_TWO_CLOCKS),
            id="both clocks without a page send",
        ),
        pytest.param(replace(TWO_CLOCKS, destination_started_at=at("20:00:01.001")), BOUND, id="clocks disagree"),
        pytest.param(replace(TWO_CLOCKS, destination_started_at=None), BOUND, id="clocks cannot be compared"),
        pytest.param(replace(TWO_CLOCKS, resumed_at=at("20:00:30.05")), BOUND, id="resumed before the last page"),
        pytest.param(
            replace(TWO_CLOCKS, resumed_at=at("20:02:10.001")), BOUND, id="longer than a switch-over may take"
        ),
        pytest.param(replace(TWO_CLOCKS, resumed_at=None), BOUND, id="no resume line"),
        pytest.param(replace(TWO_CLOCKS, precopy_ended_at=None), None, id="no end of pre-copy"),
        pytest.param(replace(TWO_CLOCKS, resumed_at=None, page_send_ended_at=None), None, id="no page send either"),
        pytest.param(
            replace(TWO_CLOCKS, resumed_at=None, page_send_ended_at=at("20:00:29")), None, id="a clock set back"
        ),
    ],
)
def test_the_best_measure_is_taken(evidence: DowntimeEvidence, expected: Downtime | None) -> None:
    found = measure_downtime(evidence)
    assert (found and found.measure) == (expected and expected.measure)
    assert (found and found.downtime_s) == pytest.approx(expected and expected.downtime_s)


def stopped(clock: str, log: str = "vmware") -> tuple[object, ...]:
    return as_lines(
        [f"2026-11-22T{clock}Z In(05) vcpu-0 - Checkpoint_Unstun: vm stopped for 188405 us"], host="a", log=log
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(stopped("20:00:31"), (0.188405,), id="inside"),
        pytest.param(stopped("20:00:29"), (), id="before the switch-over: a snapshot"),
        pytest.param(stopped("20:03:00"), (), id="long after the task"),
        pytest.param(stopped("20:00:31", log="vmkernel"), (), id="another log"),
        pytest.param(as_lines(["Checkpoint_Unstun: vm stopped for 1 us"], host="a", log="vmware"), (), id="no time"),
        pytest.param(as_lines(["2026-11-22T20:00:31Z| vmx| I1: x"], host="a", log="vmware"), (), id="another line"),
    ],
)
def test_stops_are_attributed_by_the_window(lines: tuple[object, ...], expected: tuple[float, ...]) -> None:
    assert stops_during(lines, at("20:00:30"), at("20:00:32")) == expected  # type: ignore[arg-type]


def test_without_a_window_no_stop_is_attributed() -> None:
    assert stops_during(stopped("20:00:31"), None, at("20:00:32")) == ()  # type: ignore[arg-type]
    assert stops_during(stopped("20:00:31"), at("20:00:30"), None) == (0.188405,)  # type: ignore[arg-type]
