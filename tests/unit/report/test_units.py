"""Numbers and times for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from vsphere_motion.report.units import (
    format_bps,
    format_bytes,
    format_clock,
    format_downtime,
    format_duration,
    format_percent,
    format_time,
)

AT = datetime(2026, 11, 22, 19, 56, 12, 408999, UTC)
BERLIN = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, "-"), (0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (2**20, "1 MiB"), (512 * 2**20, "512 MiB"),
     (4 * 2**30, "4.0 GiB"), (2**41, "2048.0 GiB"), (-(2**30), "-1.0 GiB")],
)  # fmt: skip
def test_bytes(value: int | None, expected: str) -> None:
    assert format_bytes(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "-"),
        (0, "0 bit/s"),
        (999, "999 bit/s"),
        (12_000, "12 kbit/s"),
        (145e6, "145 Mbit/s"),
        (9.1e9, "9.1 Gbit/s"),
    ],
)
def test_rates(value: float | None, expected: str) -> None:
    assert format_bps(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, "-"), (0, "0.0s"), (3.21, "3.2s"), (9.94, "9.9s"), (9.96, "10s"), (32.4, "32s"), (59.6, "1m00s"),
     (117, "1m57s"), (3599.7, "1h00m00s"), (7385, "2h03m05s")],
)  # fmt: skip
def test_durations(value: float | None, expected: str) -> None:
    assert format_duration(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(None, "-"), (0.2099, "0.21s"), (0, "0.00s"), (41.5, "41.50s")])
def test_downtimes(value: float | None, expected: str) -> None:
    assert format_downtime(value) == expected


def test_percentages() -> None:
    assert (format_percent(None), format_percent(0), format_percent(62.4)) == ("-", "0%", "62%")


def test_times_carry_their_offset() -> None:
    assert format_time(AT) == "2026-11-22 19:56:12Z"
    assert format_time(AT, zone=BERLIN) == "2026-11-22 20:56:12+01:00"
    assert format_time(None) == "-"


def test_clock_times_have_milliseconds() -> None:
    assert format_clock(AT) == "19:56:12.408"
    assert format_clock(AT.replace(microsecond=0), zone=BERLIN) == "20:56:12.000"
    assert format_clock(None) == "-"
