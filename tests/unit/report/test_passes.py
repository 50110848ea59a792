"""The pre-copy pass by pass: as the log tells it, else as the model makes it."""

from __future__ import annotations

import pytest

from tests.unit.report.samples import GIB, after, make_motion, make_outcome
from vsphere_motion.model.record import PrecopyPass
from vsphere_motion.model.report import ReportedMove
from vsphere_motion.report.passes import MOST_PASSES, PassTable, pass_table

MIB = 2**20


def make_pass(
    seconds: float | None = 8.0, left_bytes: int | None = GIB, bandwidth_bps: int | None = 8 * GIB
) -> PrecopyPass:
    return PrecopyPass(
        started_at=after(0),
        duration_s=seconds,
        bandwidth_bps=bandwidth_bps,
        dirty_rate_bps=GIB,
        left_bytes=left_bytes,
    )


def table_of(memory_bytes: int | None = 16 * GIB, **changes: object) -> PassTable | None:
    return pass_table(ReportedMove(outcome=make_outcome(motion=make_motion(**changes)), memory_bytes=memory_bytes))


def test_measured_passes_are_told_as_the_log_has_them() -> None:
    table = table_of(passes=(make_pass(), make_pass(1.0, 32 * MIB)))
    assert table is not None
    assert table.is_measured
    first, second = table.rows
    assert (first.number, first.length, first.sent, first.left) == ("1", "8.0s", "8.0 GiB", "1.0 GiB")
    assert (second.bandwidth, second.write_rate, second.left) == ("8.6 Gbit/s", "1.1 Gbit/s", "32 MiB")
    assert first.sent_width == 100
    assert 0 < second.left_width < first.left_width < first.sent_width


def test_what_a_pass_does_not_say_stays_unknown() -> None:
    table = table_of(passes=(make_pass(None, None), make_pass(bandwidth_bps=None, left_bytes=0)))
    assert table is not None
    assert [(row.length, row.sent, row.left, row.sent_width) for row in table.rows] == [
        ("-", "-", "-", 0.0),
        ("8.0s", "-", "0 B", 0.0),
    ]


def test_without_measured_passes_the_model_tells_them_and_says_so() -> None:
    table = table_of(precopy_bandwidth_bps=8 * GIB, dirty_rate_bps=2 * GIB, precopy_s=None)
    assert table is not None
    assert not table.is_measured
    assert [(row.length, row.sent, row.left) for row in table.rows] == [
        ("16s", "16.0 GiB", "4.0 GiB"),
        ("4.0s", "4.0 GiB", "1.0 GiB"),
        ("1.0s", "1.0 GiB", "256 MiB"),
    ]


def test_the_model_sends_no_more_than_was_sent_in_the_time_that_was_measured() -> None:
    table = table_of(precopy_bandwidth_bps=8 * GIB, dirty_rate_bps=0, precopy_s=4.0)
    assert table is not None
    assert [(row.length, row.sent) for row in table.rows] == [("4.0s", "4.0 GiB")]


def test_a_guest_that_had_to_be_slowed_is_modelled_from_all_of_its_memory() -> None:
    table = table_of(precopy_bandwidth_bps=8 * GIB, dirty_rate_bps=8 * GIB, precopy_s=4.0)
    assert table is not None
    assert table.rows[0].sent == "16.0 GiB"


def test_many_passes_are_shortened_in_the_middle() -> None:
    table = table_of(passes=tuple(make_pass() for _ in range(100)))
    assert table is not None
    assert len(table.rows) == MOST_PASSES + 1
    assert [row.number for row in table.rows[11:14]] == ["12", "13 to 88", "89"]


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(ReportedMove(outcome=make_outcome(motion=None)), id="no log"),
        pytest.param(
            ReportedMove(outcome=make_outcome(motion=make_motion(precopy_bandwidth_bps=None)), memory_bytes=1),
            id="no bandwidth",
        ),
        pytest.param(ReportedMove(outcome=make_outcome(motion=make_motion())), id="no memory"),
    ],
)
def test_what_cannot_be_told_has_no_table(item: ReportedMove) -> None:
    assert pass_table(item) is None
