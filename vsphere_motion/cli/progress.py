"""Draws the events of a run: moving bars on a terminal, one plain line for each change everywhere else.

Rules of this file: rich is imported for bars alone; every name is escaped before it is drawn; percent never falls.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, assert_never

from vsphere_motion.cli.console import Console, safe
from vsphere_motion.cli.plan_table import result_word
from vsphere_motion.model.event import (
    Event,
    MoveEnded,
    MoveProgressed,
    MoveStarted,
    RunEnded,
    RunHalted,
    RunStarted,
)
from vsphere_motion.model.jsonform import format_time
from vsphere_motion.model.move import Move
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.report.rows import downtime_words
from vsphere_motion.report.units import format_bytes, format_duration

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from vsphere_motion.model.plan import Plan

SETTLED = {OutcomeState.UNCHANGED, OutcomeState.BLOCKED, OutcomeState.NOT_STARTED}
EVENT_SCHEMA = "vsphere-motion/event/v1"


class Drawer(Protocol):
    """Shows events, one after the other."""

    def draw(self, event: Event) -> None:
        """Show what changed."""
        ...


@contextmanager
def drawing(console: Console, *, as_jsonl: bool = False, plan: Plan | None = None) -> Iterator[Drawer]:
    """The drawer that fits: JSON lines where they are the result, bars on a terminal, plain lines elsewhere.

    Args:
        plan: what plain lines say of the pre-flight; None where there was none.
    """
    if as_jsonl:
        yield JsonLines(console)
    elif console.draws_bars:
        with _bars() as bars:
            yield bars
    else:
        yield PlainLines(console, plan)


class PlainLines:
    """`2026-11-22T19:56:12Z run r-7f3a web01 started   task-1181 esx02 -> esx05 4.0 GiB`, one line a change."""

    def __init__(self, console: Console, plan: Plan | None = None) -> None:
        self._console = console
        self._planned = plan.moves if plan else ()
        self._run = "-"

    def draw(self, event: Event) -> None:
        """One line on standard error; the end of the run has none, its summary follows."""
        match event:
            case RunStarted():
                self._run = event.run
                for planned in self._planned:
                    self._move_line(event.at, planned.move, "preflight", result_word(planned))
            case MoveStarted():
                self._move_line(event.at, event.move, "resumed" if event.resumed else "started", start_words(event))
            case MoveProgressed():
                self._move_line(event.at, event.move, f"{event.progress_percent}%")
            case MoveEnded():
                self._end(event)
            case RunHalted():
                self._line(event.at, f"halted    {safe(event.reason)}")
            case RunEnded():
                pass
            case _:
                assert_never(event)

    def _end(self, event: MoveEnded) -> None:
        """What was settled before anything ran has its pre-flight line already."""
        outcome = event.outcome
        if outcome.state not in SETTLED:
            self._move_line(event.at, outcome.move, end_word(outcome), end_words(outcome))

    def _move_line(self, at: datetime, move: Move, word: str, rest: str = "") -> None:
        self._line(at, f"{safe(move.vm.name)} {word:<9} {rest}")

    def _line(self, at: datetime, text: str) -> None:
        self._console.note(f"{format_time(at.replace(microsecond=0))} run {self._run} {text}".rstrip())


class JsonLines:
    """One JSON object a line on standard output, the run's document last."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def draw(self, event: Event) -> None:
        """One line."""
        self._console.result(json.dumps(event_document(event), ensure_ascii=False))


def event_document(event: Event) -> dict[str, Any]:
    """The event as JSON data; the last one is the run's document."""
    from vsphere_motion.report.json_form import move_document, outcome_document, run_document

    head = {"schema": EVENT_SCHEMA, "at": format_time(event.at)}
    match event:
        case RunStarted():
            return {**head, "event": "run_started", "run": event.run}
        case MoveStarted():
            facts = {"task": event.task, "memory_bytes": event.memory_bytes, "resumed": event.resumed}
            return {**head, "event": "started", **move_document(event.move), **facts}
        case MoveProgressed():
            facts = {"task": event.task, "progress_percent": event.progress_percent}
            return {**head, "event": "progressed", **move_document(event.move), **facts}
        case MoveEnded():
            return {**head, "event": "ended", **outcome_document(event.outcome)}
        case RunHalted():
            return {**head, "event": "halted", "reason": event.reason, "detached": event.detached}
        case RunEnded():
            return run_document(event.report)
        case _:
            assert_never(event)


class Bars:
    """One bar a move, drawn by rich on standard error."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}

    def draw(self, event: Event) -> None:
        """Move the bars."""
        match event:
            case MoveStarted():
                self._bars[event.move.vm.moid] = self._progress.add_task(
                    _markup(event.move.vm.name), total=100, words=""
                )
                self._say(event.move, start_words(event))
            case MoveProgressed():
                self._progress.update(self._bars[event.move.vm.moid], completed=event.progress_percent)
            case MoveEnded():
                self._end(event.outcome)
            case RunHalted():
                self._progress.console.print(_markup(event.reason), highlight=False)
            case RunStarted() | RunEnded():
                pass
            case _:
                assert_never(event)

    def _end(self, outcome: Outcome) -> None:
        bar = self._bars.get(outcome.move.vm.moid)
        if bar is None:
            return
        if outcome.state is OutcomeState.MOVED:
            self._progress.update(bar, completed=100)
        self._say(outcome.move, f"{end_word(outcome)} {end_words(outcome)}")
        self._progress.stop_task(bar)

    def _say(self, move: Move, words: str) -> None:
        self._progress.update(self._bars[move.vm.moid], words=_markup(words))


def start_words(event: MoveStarted) -> str:
    """`task-1181 esx02 -> esx05 4.0 GiB`."""
    memory = "" if event.memory_bytes is None else f" {format_bytes(event.memory_bytes)}"
    return f"{safe(event.task)} {route(event.move)}{memory}"


def end_word(outcome: Outcome) -> str:
    """The end of a move in one word: `done` for a move that arrived."""
    return "done" if outcome.state is OutcomeState.MOVED else outcome.state.value


def end_words(outcome: Outcome) -> str:
    """`32s  downtime 0.21s  migration-id 5123456789012345678`, or why it did not arrive."""
    parts = [format_duration(outcome.duration_s)] if outcome.duration_s is not None else []
    if outcome.motion is not None:
        if outcome.motion.downtime_s is not None:
            parts.append(f"downtime {downtime_words(outcome.motion)}")
        parts.append(f"migration-id {safe(outcome.motion.migration_id)}")
    if outcome.fault is not None:
        parts.append(safe(f"{outcome.fault.kind}: {outcome.fault.message}"))
    elif outcome.note and outcome.state is not OutcomeState.MOVED:
        parts.append(safe(outcome.note))
    return "  ".join(parts)


def route(move: Move) -> str:
    """`esx02 -> esx05`."""
    source, destination = move.source.host, move.destination.host
    return safe(f"{source.name if source else '-'} -> {destination.name if destination else '-'}")


@contextmanager
def _bars() -> Iterator[Bars]:
    from rich.console import Console as RichConsole
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[words]}"),
    )
    with Progress(*columns, console=RichConsole(stderr=True), redirect_stdout=False, redirect_stderr=False) as progress:
        yield Bars(progress)


def _markup(text: str) -> str:
    """The text for rich: neither control characters nor markup of its own."""
    from rich.markup import escape

    return escape(safe(text))
