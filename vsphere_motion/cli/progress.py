"""Draws the events of a run: moving bars on a terminal, one plain line for each change everywhere else.

Rules of this file: rich is imported for bars alone, and reads no markup; every name is escaped before it is drawn;
percent never falls.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, assert_never

from vsphere_motion.cli.console import Console, safe
from vsphere_motion.cli.eta import Eta
from vsphere_motion.cli.event_json import event_document
from vsphere_motion.cli.plan_table import result_word
from vsphere_motion.model.event import (
    Event,
    MoveAsks,
    MoveEnded,
    MoveFollowed,
    MoveProgressed,
    MoveStalled,
    MoveStarted,
    RunEnded,
    RunHalted,
    RunNoted,
    RunStarted,
    ServerBack,
    ServerLost,
)
from vsphere_motion.model.jsonform import format_time
from vsphere_motion.model.move import Move
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.report.escape import json_text
from vsphere_motion.report.forecast_form import span_words
from vsphere_motion.report.rows import downtime_words
from vsphere_motion.report.units import format_bytes, format_duration

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from vsphere_motion.model.plan import Plan

SETTLED = {OutcomeState.UNCHANGED, OutcomeState.BLOCKED, OutcomeState.NOT_STARTED}


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
        self._eta = Eta()

    def draw(self, event: Event) -> None:
        """One line on standard error; the end of the run has none, its summary follows."""
        match event:
            case RunStarted():
                self._begin(event)
            case MoveStarted():
                self._eta.start(event)
                self._move_line(event.at, event.move, "resumed" if event.resumed else "started", start_words(event))
            case MoveProgressed():
                self._move_line(event.at, event.move, f"{event.progress_percent}%", self._eta.words(event))
            case MoveFollowed() | MoveStalled() | MoveAsks():
                self._move_line(event.at, event.move, news_word(event), news_words(event))
            case MoveEnded():
                self._end(event)
            case ServerLost() | ServerBack():
                self._line(event.at, server_words(event))
            case RunHalted():
                self._line(event.at, f"halted    {safe(event.reason)}")
            case RunNoted():
                self._line(event.at, f"{'warning' if event.is_warning else 'note':<9} {safe(event.text)}")
            case RunEnded():
                pass
            case _:
                assert_never(event)

    def _begin(self, event: RunStarted) -> None:
        self._run = event.run
        if event.asked_for:
            self._line(event.at, looking_words(event))
        for planned in self._planned:
            self._move_line(event.at, planned.move, "preflight", result_word(planned))

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
        self._console.result(json_text(event_document(event)))


class Bars:
    """One bar a move, drawn by rich on standard error."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}

    def draw(self, event: Event) -> None:
        """Move the bars."""
        match event:
            case MoveStarted():
                self._add(event.move, start_words(event))
            case MoveProgressed():
                self._progress.update(self._bars[event.move.vm.moid], completed=event.progress_percent)
            case MoveFollowed():
                self._add(event.move, news_words(event))
            case MoveStalled() | MoveAsks():
                self._print(f"{event.move.vm.name} {news_word(event)}: {news_words(event)}")
            case MoveEnded():
                self._end(event.outcome)
            case ServerLost() | ServerBack():
                self._print(server_words(event))
            case RunHalted() | RunNoted():
                self._print(event.reason if isinstance(event, RunHalted) else event.text)
            case RunStarted():
                self._begin(event)
            case RunEnded():
                pass
            case _:
                assert_never(event)

    def _begin(self, event: RunStarted) -> None:
        if event.asked_for:
            self._print(looking_words(event))

    def _end(self, outcome: Outcome) -> None:
        bar = self._bars.get(outcome.move.vm.moid)
        if bar is None:
            return
        if outcome.state is OutcomeState.MOVED:
            self._progress.update(bar, completed=100)
        self._say(outcome.move, f"{end_word(outcome)} {end_words(outcome)}")
        self._progress.stop_task(bar)

    def _add(self, move: Move, words: str) -> None:
        """A VM has one bar, also where a move of it is watched a second time."""
        if move.vm.moid not in self._bars:
            self._bars[move.vm.moid] = self._progress.add_task(safe(move.vm.name), total=100, words="")
        self._say(move, words)

    def _print(self, text: str) -> None:
        """A line above the bars."""
        self._progress.console.print(safe(text), markup=False, emoji=False, highlight=False)

    def _say(self, move: Move, words: str) -> None:
        self._progress.update(self._bars[move.vm.moid], words=safe(words))


def looking_words(event: RunStarted) -> str:
    """What a resumed run does first, and how long it may take."""
    tasks = f"{event.asked_for} task{'' if event.asked_for == 1 else 's'}"
    return f"looking for {tasks} asked for without an answer; it may take 30s by vCenter's clock"


def start_words(event: MoveStarted) -> str:
    """`task-1181 esx02 -> esx05 4.0 GiB  expected ~57s (55s to 2m30s)`."""
    memory = "" if event.memory_bytes is None else f" {format_bytes(event.memory_bytes)}"
    span = event.forecast.duration_s if event.forecast and not event.resumed else None
    expected = "" if span is None else f"  expected {span_words(span)}"
    return f"{safe(event.task)} {route(event.move)}{memory}{expected}"


def news_word(event: MoveFollowed | MoveStalled | MoveAsks) -> str:
    """What is new about a move, in one word."""
    match event:
        case MoveFollowed():
            return "followed"
        case MoveStalled():
            return "stalled"
        case MoveAsks():
            return "asks"
        case _:
            assert_never(event)


def news_words(event: MoveFollowed | MoveStalled | MoveAsks) -> str:
    """What is new about a move, and what can be done."""
    match event:
        case MoveFollowed():
            return safe(f"{event.task} {event.started_by} is moving it already")
        case MoveStalled():
            return _stall_words(event)
        case MoveAsks():
            return _question_words(event)
        case _:
            assert_never(event)


def server_words(event: ServerLost | ServerBack) -> str:
    """That vCenter is away, or back."""
    if isinstance(event, ServerBack):
        return f"server    back after {format_duration(event.away_s)}; every move is read again"
    moves = f"{event.running} running, {event.waiting} waiting"
    return safe(f"server    away, waiting for it ({moves}; what runs goes on in vCenter): {event.reason}")


def _stall_words(event: MoveStalled) -> str:
    what = "running" if event.is_over_limit else "no progress"
    at = "" if event.progress_percent is None else f" at {event.progress_percent}%"
    then = "vCenter is asked to cancel it" if event.is_cancelled else "watching on; --on-stall cancel would cancel it"
    return f"{safe(event.task)} {what} for {format_duration(event.for_s)}{at}; {then}"


def _question_words(event: MoveAsks) -> str:
    """The question with its choices; this program answers none, because an answer may cost data."""
    question = event.question
    choices = ", ".join(f"{key} = {label}" for key, label in question.choices)
    vm = shlex.quote(event.move.vm.name)
    return safe(
        f"{question.text} [{choices or 'no choices'}]  answer it in the vSphere Client (Answer Question on the VM's"
        f" summary), or: govc vm.question -vm {vm} -answer KEY"
    )


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
    from vsphere_motion.report.route import route_words

    return safe(route_words(move))


@contextmanager
def _bars() -> Iterator[Bars]:
    from rich.console import Console as RichConsole
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[words]}", markup=False),
    )
    with Progress(*columns, console=RichConsole(stderr=True), redirect_stdout=False, redirect_stderr=False) as progress:
        yield Bars(progress)
