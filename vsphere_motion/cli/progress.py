"""Draws the events of a run: moving bars on a terminal, one plain line for each change everywhere else.

Rules of this file: rich is imported for bars alone, and reads no markup; every name is escaped before it is drawn;
percent never falls.
"""

from __future__ import annotations

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
    RunPaused,
    RunProgressed,
    RunStarted,
    ServerBack,
    ServerLost,
)
from vsphere_motion.model.jsonform import format_time
from vsphere_motion.model.move import Move
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.report.escape import json_text
from vsphere_motion.report.event_words import (
    end_word,
    end_words,
    event_line,
    looking_words,
    news_word,
    news_words,
    overall_words,
    paused_words,
    server_words,
    start_words,
)

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from vsphere_motion.model.plan import Plan

OVERALL_S = 10.0
"""Between two plain lines about the whole."""

SHOWN = 12
"""Bars of moves that are over stay up to here: more would leave no room for those that run."""

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
        self._overall_at: datetime | None = None

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
            case ServerLost() | ServerBack() | RunHalted() | RunNoted() | RunPaused():
                self._line(event.at, _whole_words(event))
            case RunProgressed():
                self._say_overall(event)
            case RunEnded():
                pass
            case _:
                assert_never(event)

    def _say_overall(self, event: RunProgressed) -> None:
        """Now and then: a run that is over in a moment has no line of it."""
        self._overall_at = self._overall_at or event.at
        if (event.at - self._overall_at).total_seconds() >= OVERALL_S and event.running + event.waiting:
            self._overall_at = event.at
            self._line(event.at, f"overall   {overall_words(event)}")

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
    """One bar a move, drawn by rich on standard error, and one for the whole where there are several.

    With many moves those that are over leave the bars, and each leaves a line above them.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}
        self._overall: TaskID | None = None

    def draw(self, event: Event) -> None:
        """Move the bars."""
        match event:
            case MoveStarted():
                self._add(event.move, start_words(event))
            case MoveProgressed():
                self._progress.update(self._bars[event.move.vm.moid], completed=event.progress_percent)
            case RunProgressed():
                self._show_overall(event)
            case MoveFollowed():
                self._add(event.move, news_words(event))
            case MoveStalled() | MoveAsks():
                self._print(f"{event.move.vm.name} {news_word(event)}: {news_words(event)}")
            case MoveEnded():
                self._end(event.outcome)
            case ServerLost() | ServerBack() | RunHalted() | RunNoted() | RunPaused():
                self._print(event_line(event) or "")
            case RunStarted():
                self._begin(event)
            case RunEnded():
                pass
            case _:
                assert_never(event)

    def _begin(self, event: RunStarted) -> None:
        if event.asked_for:
            self._print(looking_words(event))

    def _show_overall(self, event: RunProgressed) -> None:
        total = event.ended + event.running + event.waiting
        if total == 1:
            return
        if self._overall is None:
            self._overall = self._progress.add_task("all", total=total, words="")
        self._progress.update(self._overall, total=total, completed=event.ended, words=overall_words(event))

    def _end(self, outcome: Outcome) -> None:
        bar = self._bars.get(outcome.move.vm.moid)
        if bar is None:
            return
        if outcome.state is OutcomeState.MOVED:
            self._progress.update(bar, completed=100)
        words = f"{end_word(outcome)} {end_words(outcome)}"
        if len(self._bars) > SHOWN:
            self._progress.remove_task(self._bars.pop(outcome.move.vm.moid))
            self._print(f"{outcome.move.vm.name} {words}")
            return
        self._say(outcome.move, words)
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


def _whole_words(event: ServerLost | ServerBack | RunHalted | RunNoted | RunPaused) -> str:
    """What is new about the run, with the word for it in front."""
    match event:
        case ServerLost() | ServerBack():
            return server_words(event)
        case RunHalted():
            return f"halted    {safe(event.reason)}"
        case RunNoted():
            return f"{'warning' if event.is_warning else 'note':<9} {safe(event.text)}"
        case RunPaused():
            return f"paused    {paused_words(event)}"
        case _:
            assert_never(event)


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
