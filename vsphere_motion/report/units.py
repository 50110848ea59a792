"""Numbers and times for people: GiB and MiB, Gbit/s, `1m57s`, `-` for what is not known.

Rules of this file: None is always `-`, never 0. Times are written in the zone that is asked for, with their offset.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

ABSENT = "-"

_KIB, _MIB, _GIB = 2**10, 2**20, 2**30


def format_bytes(value: int | None) -> str:
    """`4.0 GiB`, `512 MiB`, `16 KiB`, `12 B`."""
    if value is None:
        return ABSENT
    for unit, name, decimals in ((_GIB, "GiB", 1), (_MIB, "MiB", 0), (_KIB, "KiB", 0)):
        if abs(value) >= unit:
            return f"{value / unit:.{decimals}f} {name}"
    return f"{value} B"


def format_bps(value: float | None) -> str:
    """`9.1 Gbit/s`, `145 Mbit/s`, `12 kbit/s`, `0 bit/s`."""
    if value is None:
        return ABSENT
    for unit, name, decimals in ((1e9, "Gbit/s", 1), (1e6, "Mbit/s", 0), (1e3, "kbit/s", 0)):
        if abs(value) >= unit:
            return f"{value / unit:.{decimals}f} {name}"
    return f"{value:.0f} bit/s"


def format_duration(seconds: float | None) -> str:
    """`2h03m05s`, `1m57s`, `32s`; below ten seconds with one decimal: `3.2s`."""
    if seconds is None:
        return ABSENT
    if round(seconds, 1) < 10:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02d}m{rest:02d}s"
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"


def format_downtime(seconds: float | None) -> str:
    """Seconds with two decimals: `0.21s`."""
    return ABSENT if seconds is None else f"{seconds:.2f}s"


def format_percent(value: float | None) -> str:
    """A percentage without decimals: `62%`."""
    return ABSENT if value is None else f"{value:.0f}%"


def format_time(value: datetime | None, *, zone: tzinfo = UTC) -> str:
    """Date and time to the second with the zone's offset: `2026-11-22 19:56:12Z`, `2026-11-22 20:56:12+01:00`."""
    if value is None:
        return ABSENT
    return value.astimezone(zone).isoformat(sep=" ", timespec="seconds").replace("+00:00", "Z")


def format_clock(value: datetime | None, *, zone: tzinfo = UTC) -> str:
    """Time of day to the millisecond, for lines of one log: `19:56:12.408`."""
    return ABSENT if value is None else value.astimezone(zone).isoformat(timespec="milliseconds")[11:23]
