"""A span of every day in which moves may start, such as 22:00-05:00 in Europe/Berlin: pure functions of a moment.

Rules of this file: a window is said in the clock of a place, and asked about with moments that have a time zone; what
that clock shows decides, also in the nights in which it is put forward or back. The first minute belongs to the window,
the last does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from vsphere_motion.errors import BadInput

_WORDS = re.compile(r"(\d{1,2}):(\d{2})\s*[-\u2013]\s*(\d{1,2}):(\d{2})", re.ASCII)
_FORM = "say when it opens and closes, such as 22:00-05:00; 00:00-24:00 is the whole day"
_MINUTE = timedelta(minutes=1)
_MIDNIGHT_MINUTES = 24 * 60
_LOOKED_AT = 3 * _MIDNIGHT_MINUTES
"""Minutes within which every window opens: a night in which the clock leaves it out is followed by one that has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeWindow:
    """A span of every day.

    Args:
        opens_minutes, closes_minutes: minutes after midnight; where the second is not after the first, the window
            reaches into the next day.
        zone: whose clock is meant.
    """

    opens_minutes: int
    closes_minutes: int
    zone: tzinfo

    def is_open(self, at: datetime) -> bool:
        """Whether a move may start at this moment."""
        local = at.astimezone(self.zone)
        minutes = local.hour * 60 + local.minute
        if self.opens_minutes < self.closes_minutes:
            return self.opens_minutes <= minutes < self.closes_minutes
        return minutes >= self.opens_minutes or minutes < self.closes_minutes

    def next_opening(self, at: datetime) -> datetime:
        """The moment from which a move may start: this one where the window is open; in UTC.

        Minute after minute is asked, for clocks are put forward and back by whole minutes, at hours of their own.
        """
        moment = at.astimezone(UTC)
        if self.is_open(moment):
            return moment
        first = moment.replace(second=0, microsecond=0)
        minutes = (first + n * _MINUTE for n in range(1, _LOOKED_AT))
        return next(moment for moment in minutes if self.is_open(moment))

    @property
    def span(self) -> str:
        """As people write it, such as `22:00-05:00`."""
        return f"{_clock(self.opens_minutes)}-{_clock(self.closes_minutes)}"

    def __str__(self) -> str:
        return f"{self.span} {self.zone}"


def parse_window(text: str, zone: tzinfo) -> TimeWindow:
    """The window that a person writes as 22:00-05:00.

    Raises:
        BadInput: it is no span of a day, or one that never opens.
    """
    found = _WORDS.fullmatch(text.strip())
    if found is None:
        raise BadInput(f"{text} is no window", hint=_FORM)
    opens, closes = _minutes(text, found[1], found[2]), _minutes(text, found[3], found[4])
    if opens in {closes, _MIDNIGHT_MINUTES}:
        raise BadInput(f"the window {text} never opens", hint=_FORM)
    return TimeWindow(opens_minutes=opens, closes_minutes=closes, zone=zone)


def _minutes(text: str, hours: str, minutes: str) -> int:
    found = int(hours) * 60 + int(minutes)
    if found > _MIDNIGHT_MINUTES or int(minutes) > 59:
        raise BadInput(f"{text} is no window: {hours}:{minutes} is no time of a day", hint=_FORM)
    return found


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
