"""Windows of a day, in the clock of a place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsphere_motion.errors import BadInput
from vsphere_motion.planning.time_window import parse_window

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)


def at(text: str, zone: tzinfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("window", "moment", "is_open"),
    [
        pytest.param("22:00-05:00", "2026-11-23T22:00", True, id="the first minute"),
        pytest.param("22:00-05:00", "2026-11-23T21:59", False, id="one before"),
        pytest.param("22:00-05:00", "2026-11-24T04:59", True, id="the last minute"),
        pytest.param("22:00-05:00", "2026-11-24T05:00", False, id="one after"),
        pytest.param("08:00-17:00", "2026-11-23T12:00", True, id="by day"),
        pytest.param("08:00-17:00", "2026-11-23T17:00", False, id="the end of a day"),
        pytest.param("00:00-24:00", "2026-11-23T00:00", True, id="the whole day"),
        pytest.param("00:00-24:00", "2026-11-23T23:59", True, id="its last minute"),
        pytest.param("18:00-24:00", "2026-11-23T23:59", True, id="until midnight"),
        pytest.param("18:00-24:00", "2026-11-24T00:00", False, id="midnight itself"),
        pytest.param("02:30-03:30", "2026-03-29T03:15", True, id="a night that leaves its first half hour out"),
        pytest.param("02:00-03:00", "2026-10-25T02:30", True, id="a night that has its hour twice"),
    ],
)
def test_is_open(window: str, moment: str, is_open: bool) -> None:
    assert parse_window(window, BERLIN).is_open(at(moment)) is is_open


@pytest.mark.parametrize(
    ("window", "moment", "opening"),
    [
        pytest.param("22:00-05:00", "2026-11-23T12:00", "2026-11-23T22:00", id="today"),
        pytest.param("22:00-05:00", "2026-11-23T23:00", "2026-11-23T23:00", id="now"),
        pytest.param("08:00-09:00", "2026-11-23T09:00", "2026-11-24T08:00", id="tomorrow"),
        pytest.param("08:00-09:00", "2026-03-28T09:00", "2026-03-29T08:00", id="a day of 23 hours"),
        pytest.param("08:00-09:00", "2026-10-24T09:00", "2026-10-25T08:00", id="a day of 25 hours"),
    ],
)
def test_next_opening(window: str, moment: str, opening: str) -> None:
    assert parse_window(window, BERLIN).next_opening(at(moment)) == at(opening).astimezone(UTC)


FIRST = datetime(2026, 1, 1, tzinfo=UTC)
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=730)).map(lambda after: FIRST + after)
CLOCKS = st.integers(0, 24 * 60 - 1).map(lambda minutes: f"{minutes // 60:02d}:{minutes % 60:02d}")
ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"])


@given(moment=MOMENTS, opens=CLOCKS, closes=CLOCKS, zone=ZONES)
def test_the_next_opening_is_open_and_nothing_before_it_is(
    moment: datetime, opens: str, closes: str, zone: str
) -> None:
    if opens == closes:
        return
    window = parse_window(f"{opens}-{closes}", ZoneInfo(zone))
    opening = window.next_opening(moment)
    assert opening >= moment
    assert window.is_open(opening)
    assert window.is_open(moment) is (opening == moment)
    assert opening == moment or not window.is_open(opening - timedelta(seconds=1))
    assert opening - moment <= timedelta(hours=50)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("22:00", "is no window", id="no end"),
        pytest.param("22-5", "is no window", id="hours only"),
        pytest.param("22:00-25:00", "no time of a day", id="no hour"),
        pytest.param("22:60-23:00", "no time of a day", id="no minute"),
        pytest.param("22:00-22:00", "never opens", id="nothing between"),
        pytest.param("24:00-05:00", "never opens", id="after the end of the day"),
        pytest.param("", "is no window", id="nothing"),
    ],
)
def test_what_is_no_window_is_refused(text: str, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_window(text, UTC)
    assert message in caught.value.message


def test_a_window_says_what_it_is() -> None:
    assert str(parse_window(" 9:30 - 24:00 ", BERLIN)) == "09:30-24:00 Europe/Berlin"
