"""When the moves of a plan may start, and the gate that keeps to it, also after an interruption."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from vsphere_motion.errors import BadInput
from vsphere_motion.model.plan import Plan
from vsphere_motion.planning.time_window import TimeWindow, parse_window
from vsphere_motion.run.gate import StartGate
from vsphere_motion.run.journal import JournaledRun
from vsphere_motion.run.time_gate import TimeGate


def parse_zone(name: str | None) -> tzinfo:
    """The time zone of this name; UTC where none is given.

    Raises:
        BadInput: this machine knows no such zone.
    """
    if name is None or name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        raise BadInput(
            f"no time zone is called {name}", hint="it takes a name such as Europe/Berlin, or UTC"
        ) from problem


def in_windows(plan: Plan, window: str | None, zone: str | None) -> Plan:
    """The plan with the window of each move, in the clock of a zone: its own where the move has one, else this one.

    A window that names its zone, as a plan from a file does, keeps it.

    Raises:
        BadInput: the window or the zone cannot be read.
    """
    where = parse_zone(zone)
    written = {text: _written(text, where) for text in {window or "", *(one.window for one in plan.moves)} if text}
    moves = tuple(replace(one, window=written.get(one.window or window or "", "")) for one in plan.moves)
    return replace(plan, moves=moves)


def window_of(written: str) -> TimeWindow:
    """The window of a planned move, as `written_window` wrote it.

    Raises:
        BadInput: it cannot be read, or this machine does not know its zone.
    """
    span, _, zone = written.partition(" ")
    return parse_window(span, parse_zone(zone or None))


def next_start(plan: Plan, at: datetime) -> datetime | None:
    """When the first move of a plan may start; None if that is now."""
    runnable = plan.runnable()
    if not runnable or any(not one.window for one in runnable):
        return None
    first = min(window_of(text).next_opening(at) for text in {one.window for one in runnable})
    return first if first > at else None


def timely(journaled: JournaledRun, inner: StartGate, now: Callable[[], datetime]) -> StartGate:
    """The gate, shut for each move of a run outside of its window.

    Raises:
        BadInput: a window cannot be read on this machine.
    """
    texts = {row.position: row.planned.window for row in journaled.moves if row.planned.window}
    if not texts:
        return inner
    read = {text: window_of(text) for text in set(texts.values())}
    return TimeGate(inner=inner, windows={position: read[text] for position, text in texts.items()}, now=now)


def written_window(text: str, zone: str | None) -> str:
    """A window with the zone whose clock it is said in, such as `22:00-05:00 Europe/Berlin`; empty for an empty one.

    Raises:
        BadInput: the window or the zone cannot be read.
    """
    return _written(text, parse_zone(zone)) if text else ""


def _written(text: str, zone: tzinfo) -> str:
    span, _, own = text.strip().rpartition(" ")
    if span and ":" not in own:
        text, zone = span, parse_zone(own)
    return f"{parse_window(text, zone).span} {zone}"
