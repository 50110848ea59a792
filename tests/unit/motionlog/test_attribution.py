"""Which migration ID is a move's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.motionlog.log_files import Question, as_lines, at, lines_of

FIRST, SECOND, OTHER = "6000000000000000001", "6000000000000000002", "6000000000000000003"
CONCURRENT = Question(
    source_lines=lines_of("concurrent-source.log", host="esx02"),
    destination_lines=lines_of("concurrent-destination.log", host="esx05"),
    since=at("22:00:00"),
    until=at("22:00:10"),
)


def found(question: Question) -> str | None:
    record = question.read()
    return record.migration_id if record else None


def start_line(migration_id: str, clock: str, *, source: str = "192.0.2.12", destination: str = "192.0.2.15") -> str:
    return (
        f"2026-11-22T{clock}Z cpu1:1)Migrate: 331: vmotion: Source vmmLeaderID = 1, ts = {migration_id}, "
        f"srcIP = <{source}> dstIP = <{destination}> Dest wid = 2 using SHARED swap"
    )


def with_starts(*starts: str, **changes: object) -> Question:
    question = Question(source_lines=as_lines(starts, host="esx02"), destination_lines=(), since=at("22:00:00"))
    return question.but(until=at("22:00:30"), **changes)


def test_the_only_start_line_with_both_addresses_is_it() -> None:
    lines = [start_line(FIRST, "22:00:01"), start_line(OTHER, "22:00:00", destination="192.0.2.99")]
    assert found(with_starts(*lines)) == FIRST


def test_no_start_line_is_no_answer() -> None:
    assert found(Question(source_lines=(), destination_lines=())) is None


def test_a_move_in_the_other_direction_is_another() -> None:
    assert found(with_starts(start_line(FIRST, "22:00:01", source="192.0.2.15", destination="192.0.2.12"))) is None


def test_a_same_host_line_is_no_vmotion() -> None:
    line = start_line(FIRST, "22:00:01", destination="192.0.2.12")
    assert found(with_starts(line, source_addresses=(), destination_addresses=("192.0.2.12",))) is None


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        pytest.param("21:58:00.000", FIRST, id="120 s early is skew"),
        pytest.param("21:57:59.999", None, id="more is another move"),
        pytest.param("22:02:30.000", FIRST, id="120 s late is skew"),
        pytest.param("22:02:30.001", None, id="later is another move"),
    ],
)
def test_the_window_is_widened_by_the_skew(clock: str, expected: str | None) -> None:
    assert found(with_starts(start_line(FIRST, clock))) == expected


def test_without_a_window_every_start_line_counts() -> None:
    assert found(with_starts(start_line(FIRST, "03:00:00")).but(since=None, until=None)) == FIRST


def test_one_that_both_hosts_carry_is_preferred() -> None:
    question = CONCURRENT.but(destination_lines=CONCURRENT.destination_lines[1:])
    assert found(question) == SECOND


def test_the_one_that_starts_clearly_nearer_is_taken() -> None:
    starts = [start_line(FIRST, "22:00:00.500"), start_line(SECOND, "22:00:20")]
    assert found(with_starts(*starts)) == FIRST
    assert found(with_starts(*starts[::-1])) == FIRST


def test_nearness_that_a_clock_skew_could_explain_does_not_count() -> None:
    assert found(with_starts(start_line(FIRST, "22:00:09"), start_line(SECOND, "22:00:14"))) is None


def test_two_at_the_same_moment_are_told_apart_by_how_long_they_last() -> None:
    assert found(CONCURRENT) == FIRST
    assert found(CONCURRENT.but(until=at("22:00:30"))) == SECOND


def test_how_long_they_last_is_free_of_clock_skew() -> None:
    skew = timedelta(seconds=90)
    question = CONCURRENT.but(since=at("22:00:00") + skew, until=at("22:00:30") + skew)
    assert found(question) == SECOND


@pytest.mark.parametrize("until", [at("22:00:20"), None])
def test_two_that_cannot_be_told_apart_are_no_answer(until: object) -> None:
    assert found(CONCURRENT.but(until=until)) is None


def test_several_without_a_window_are_no_answer() -> None:
    assert found(CONCURRENT.but(since=None)) is None


@pytest.mark.parametrize(
    ("operation", "expected"),
    [("vsm-r1-1", FIRST), ("vsm-r1-2", SECOND), ("vsm-r1-2-5c-1e-02", SECOND)],
)
def test_the_operation_id_decides(operation: str, expected: str) -> None:
    assert found(CONCURRENT.but(until=at("22:00:20"), operation_id=operation)) == expected
    assert found(CONCURRENT.but(source_addresses=(), destination_addresses=(), operation_id=operation)) == expected


def test_an_operation_id_that_no_line_has_decides_nothing() -> None:
    assert found(CONCURRENT.but(operation_id="vsm-r9-1")) == FIRST
    assert found(Question(source_lines=(), destination_lines=(), operation_id="vsm-r9-1")) is None


def test_words_that_only_look_like_an_operation_map_are_passed_over() -> None:
    text = "2026-11-22T22:00:00Z cpu1:1)World: 1: nothing maps to vmkernel opID -"
    assert found(CONCURRENT.but(source_lines=(*CONCURRENT.source_lines, *as_lines([text], host="esx02")),
                                operation_id="vsm-r1-2")) == SECOND  # fmt: skip


def test_words_that_only_look_like_a_start_are_passed_over() -> None:
    texts = ["2026-11-22T22:00:00Z cpu1:1)Foo: 1: ts = 1", start_line(FIRST, "22:00:01")]
    assert found(with_starts(*texts)) == FIRST


@pytest.mark.parametrize("unknown", [{"source_addresses": ()}, {"destination_addresses": ()}])
def test_without_addresses_the_only_id_on_both_hosts_is_it(unknown: dict[str, object]) -> None:
    assert found(Question().but(**unknown)) == "5123456789012345678"
    assert found(Question(destination_lines=()).but(**unknown)) is None


def test_without_addresses_two_ids_on_both_hosts_are_no_answer() -> None:
    assert found(CONCURRENT.but(source_addresses=(), destination_addresses=())) is None


def test_start_lines_without_a_time_may_belong_to_the_move() -> None:
    text = start_line(FIRST, "22:00:01").replace("2026-11-22T22:00:01Z ", "")
    assert found(with_starts(text)) == FIRST
    assert found(with_starts(text, text.replace(FIRST, SECOND))) is None
