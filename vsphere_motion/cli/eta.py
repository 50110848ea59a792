"""How long running moves will take from now on, by the forecast and the clock alone, never by the task's percentage.

vCenter gives no mapping of a migration's phases to percent, so a percentage says nothing about the time that is left.
"""

from __future__ import annotations

from datetime import datetime

from vsphere_motion.model.event import MoveProgressed, MoveStarted
from vsphere_motion.model.forecast import Span
from vsphere_motion.report.units import format_duration


class Eta:
    """The expected rest of each move of a run; a move runs from its first percentage on, before it is queued."""

    def __init__(self) -> None:
        self._expected: dict[str, Span] = {}
        self._running_since: dict[str, datetime] = {}

    def start(self, event: MoveStarted) -> None:
        """Take over what is expected; nothing is known of a move that ran already."""
        if event.forecast is not None and event.forecast.duration_s is not None and not event.resumed:
            self._expected[event.task] = event.forecast.duration_s

    def words(self, event: MoveProgressed) -> str:
        """`~48s left (46s to 2m21s)`; empty where nothing was expected."""
        span = self._expected.get(event.task)
        if span is None:
            return ""
        elapsed_s = (event.at - self._running_since.setdefault(event.task, event.at)).total_seconds()
        low, likely, high = (max(0.0, value - elapsed_s) for value in (span.low, span.likely, span.high))
        if high == 0:
            return f"longer than the {format_duration(span.high)} expected at most"
        return f"~{format_duration(likely)} left ({format_duration(low)} to {format_duration(high)})"
