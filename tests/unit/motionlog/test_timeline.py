"""The timeline of one migration from both hosts' lines."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.motionlog.log_files import Question, as_lines, at, lines_of
from vsphere_motion.model.record import LogFailure, LogLine
from vsphere_motion.motionlog.downtime import MEASURE_LOWER_BOUND, MEASURE_REPORTED, MEASURE_TWO_CLOCKS
from vsphere_motion.motionlog.prefix import LINE_CAP

ID = "5123456789012345678"
ID_65 = "1795378200712345"

QUESTION_65 = Question(
    source_host="esx07",
    destination_host="esx09",
    source_lines=lines_of("esx65-source.log", host="esx07"),
    destination_lines=lines_of("esx65-destination.log", host="esx09"),
    source_addresses=("198.51.100.7",),
    destination_addresses=("198.51.100.9",),
    since=at("20:10:00"),
    until=at("20:10:40"),
)
QUESTION_FAILED = Question(
    source_lines=lines_of("esx70-failed-source.log", host="esx02"),
    destination_lines=(),
    source_addresses=("2001:db8::12",),
    destination_addresses=("2001:db8::15",),
    since=at("21:00:00"),
    until=at("21:00:21"),
)


def test_a_whole_migration_of_8_0_is_read() -> None:
    question = Question()
    record = question.must_read()
    wanted = {
        "migration_id": ID,
        "source_address": "192.0.2.12",
        "destination_address": "192.0.2.15",
        "started_at": at("19:56:12.118"),
        "precopy_ended_at": at("19:56:43.260"),
        "page_send_ended_at": at("19:56:43.318"),
        "resumed_at": at("19:56:43.470"),
        "precopy_s": 31.142,
        "pages_left": 1840,
        "switchover_goal_s": 0.5,
        "precopy_bandwidth_bps": 9_042_000_000,
        "send_bandwidth_bps": 8_788_000_000,
        "transmit_to_dirty_percent": 12500.0,
        "dirty_rate_bps": 72_336_000,
        "downtime_s": 0.21,
        "downtime_measure": MEASURE_TWO_CLOCKS,
        "encrypted": True,
        "failures": (),
        "notes": ("esx05: the destination waited 11.25 s for memory during the pre-copy",),
    }
    assert {name: getattr(record, name) for name in wanted} == wanted


def test_the_lines_of_both_hosts_are_merged_by_time() -> None:
    record = Question().must_read()
    assert [line.host for line in record.lines] == [
        "esx05",
        "esx02",
        "esx02",
        "esx05",
        "esx05",
        "esx02",
        "esx02",
        "esx05",
    ]
    assert all(ID in line.text for line in record.lines)
    assert [line.at for line in record.lines] == sorted(line.at for line in record.lines if line.at)


def test_the_lines_of_several_logs_of_one_host_are_merged_by_time() -> None:
    """A later line of vmkernel.log does not hold back the earlier ones of hostd.log, which are read after it."""
    hostd = (
        f"2026-11-22T19:56:11.900Z info hostd[2099143] [sub=Vcsvc.VMotionSrc ({ID})] Initiating vMotion",
        f"2026-11-22T19:56:43.500Z info hostd[2099143] [sub=Vcsvc.VMotionSrc ({ID})] ResolveCb: done",
    )
    usual = Question()
    lines = (*usual.source_lines, *as_lines(hostd, host="esx02", log="hostd"))
    record = replace(usual, source_lines=lines).must_read()
    assert [line.at for line in record.lines] == sorted(line.at for line in record.lines if line.at)
    assert [line.log for line in record.lines].count("hostd") == len(hostd)


def test_a_migration_of_6_5_through_syslog_and_with_98_seconds_of_skew_is_read() -> None:
    record = QUESTION_65.must_read()
    assert record.migration_id == ID_65
    assert record.precopy_s == pytest.approx(37.108)
    assert (record.downtime_s, record.downtime_measure) == (0.284157, MEASURE_REPORTED)
    assert record.encrypted is False
    assert len(record.lines) == 7


def test_without_vpxas_number_clocks_that_disagree_leave_the_lower_bound() -> None:
    record = QUESTION_65.but(destination_lines=QUESTION_65.destination_lines[:2]).must_read()
    assert (record.downtime_s, record.downtime_measure) == (0.061, MEASURE_LOWER_BOUND)


def test_failures_are_named_once_with_their_code() -> None:
    record = QUESTION_FAILED.must_read()
    assert [(failure.text.split(".")[0], failure.code) for failure in record.failures] == [
        ("failed to end preCopy stream: IO was aborted", None),
        ("IO was aborted", "0xbad00e0"),
        ("Migration considered a failure by the VMX", None),
    ]
    assert record.failures[1] == LogFailure(
        host="esx02", at=at("21:00:20.601"), text="IO was aborted", code="0xbad00e0"
    )
    assert (record.precopy_s, record.downtime_s, record.downtime_measure) == (None, None, None)
    assert record.notes == (
        "the log of esx05 has no line of this migration",
        "the log of esx02 has no pre-copy end line of this migration",
        "the log of esx02 has no page send end line of this migration",
    )


def test_an_id_that_is_given_is_not_searched_for() -> None:
    record = Question(migration_id="1313131313131313", source_lines=lines_of("esx41.log", host="esx02")).must_read()
    assert [failure.code for failure in record.failures] == [None, "0xbad0109"]
    assert [line.at for line in record.lines] == [None, None]
    assert record.started_at is None
    assert "some lines have no time stamp that can be read" in record.notes


def test_an_id_that_no_line_carries_is_no_record() -> None:
    assert Question(migration_id="7777777777777777777").read() is None


def test_an_id_that_is_no_number_is_no_record() -> None:
    assert Question(migration_id="run-7").read() is None


def test_the_destination_alone_gives_what_it_knows() -> None:
    record = Question(source_lines=()).must_read()
    assert (record.started_at, record.source_address) == (at("19:56:11.980"), "192.0.2.12")
    assert (record.precopy_s, record.pages_left, record.downtime_s) == (None, None, None)
    assert record.notes[:2] == ("the log of esx02 has no line of this migration", "times are of the clock of esx05")


def test_the_destination_alone_without_times_names_no_clock() -> None:
    question = Question(migration_id="1313131313131313", source_lines=())
    record = question.but(destination_lines=lines_of("esx41.log", host="esx05")).must_read()
    assert record.notes == (
        "the log of esx02 has no line of this migration",
        "some lines have no time stamp that can be read",
    )


def test_without_a_start_line_the_start_and_durations_are_unknown() -> None:
    question = Question(migration_id=ID)
    record = question.but(source_lines=question.source_lines[3:], destination_lines=()).must_read()
    assert record.started_at is None
    assert (record.precopy_s, record.encrypted, record.source_address) == (None, None, None)
    assert "the log of esx02 has no start line of this migration" in record.notes


def test_a_clock_that_was_set_back_leaves_durations_unknown() -> None:
    question = Question()
    back = [replace(line, at=at("19:55:00")) if "Stopping" in line.text else line for line in question.source_lines]
    assert question.but(source_lines=back).must_read().precopy_s is None


@pytest.mark.parametrize("tail", ["", " (network bandwidth ~100.0 MB/s, 0% t2d)"])
def test_a_dirty_rate_needs_bandwidth_and_ratio(tail: str) -> None:
    text = f"2026-11-22T19:56:43.260Z cpu7:1)VMotion: 5: {ID} S: Stopping pre-copy: only 3 pages left to send{tail}"
    record = Question(migration_id=ID, source_lines=as_lines([text], host="esx02")).must_read()
    assert (record.pages_left, record.dirty_rate_bps) == (3, None)


def test_the_hexadecimal_form_of_vmware_log_belongs_to_the_migration() -> None:
    text = "2026-11-22T19:56:12.2Z In(05) vmx - MigrateVMXdrToSpec: type: 1 mid=471a2ccdeb24f34e uuid=x"
    assert int("471a2ccdeb24f34e", 16) == int(ID)
    question = Question()
    lines = (*question.source_lines, *as_lines([text], host="esx02", log="vmware"))
    assert text in [line.text for line in question.but(source_lines=lines).must_read().lines]


def test_a_longer_number_that_contains_the_id_is_another_migration() -> None:
    texts = [
        f"2026-11-22T19:56:12Z cpu1:1)VMotion: 1: {ID}9 S: x",
        f"2026-11-22T19:56:13Z cpu1:1)VMotion: 1: 9{ID} S: x",
    ]
    question = Question()
    lines = (*question.source_lines, *as_lines(texts, host="esx02"))
    assert question.but(source_lines=lines).must_read().lines == question.must_read().lines


def test_a_line_without_a_time_stays_behind_the_line_before_it() -> None:
    question = Question()
    cut = as_lines([f"VMotion: 1: {ID} S: cut"], host="esx02")
    lines = (*question.source_lines[:3], *cut, *question.source_lines[3:])
    texts = [line.text for line in question.but(source_lines=lines).must_read().lines]
    assert texts[texts.index(cut[0].text) - 1] == question.source_lines[2].text


def test_a_huge_line_is_cut() -> None:
    question = Question()
    huge = as_lines([f"2026-11-22T19:56:13Z cpu1:1)VMotion: 1: {ID} S: " + "x" * (2 * LINE_CAP)], host="esx02")
    record = question.but(source_lines=(*question.source_lines, *huge)).must_read()
    assert max(len(line.text) for line in record.lines) == LINE_CAP


LINES = st.lists(
    st.one_of(
        st.text(),
        st.sampled_from([line.text for line in (*Question().source_lines, *Question().destination_lines)]).flatmap(
            lambda text: st.tuples(st.integers(0, len(text)), st.text(max_size=8)).map(
                lambda cut: text[: cut[0]] + cut[1] + text[cut[0] :][: 200 - len(cut[1])]
            )
        ),
    ),
    max_size=12,
)


@settings(deadline=None)
@given(source=LINES, destination=LINES, is_given=st.booleans())
def test_no_lines_raise(source: list[str], destination: list[str], is_given: bool) -> None:
    lines: tuple[LogLine, ...] = as_lines(source, host="esx02")
    record = Question(
        source_lines=lines,
        destination_lines=as_lines(destination, host="esx05"),
        migration_id=ID if is_given else None,
    ).read()
    assert record is None or record.lines
