"""The events of a run in words: one plain line for each change.

Rules of this file: every text from outside is escaped, because the lines go to terminals and logs.
"""

from __future__ import annotations

import shlex
from typing import assert_never

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
from vsphere_motion.model.move import Move
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.report import ReportedMove
from vsphere_motion.report.escape import escape_text as safe
from vsphere_motion.report.forecast_form import span_words
from vsphere_motion.report.keeping import kept_words, lost_words
from vsphere_motion.report.route import place_words, route_words
from vsphere_motion.report.rows import downtime_words
from vsphere_motion.report.units import format_bytes, format_duration

ALREADY_THERE = "it is already there"
"""The note that says no more than the word `unchanged`."""


def paused_words(event: RunPaused) -> str:
    """`4 moves have ended; 16 wait`."""
    return safe(f"{event.reason}; {event.waiting} wait")


def overall_words(event: RunProgressed) -> str:
    """`12 of 300 ended, 64 running, about 3m left`; without the last where nothing is known."""
    total = event.ended + event.running + event.waiting
    left = "" if event.left_s is None else f", about {format_duration(event.left_s)} left"
    return f"{event.ended} of {total} ended, {event.running} running{left}"


def event_line(event: Event) -> str | None:
    """`web01 started task-1181 esx02 -> esx05 4.0 GiB`, `web01 42%`; None where there is nothing to say."""
    match event:
        case RunStarted():
            return f"run {safe(event.run)}"
        case MoveStarted():
            return f"{safe(event.move.vm.name)} {'resumed' if event.resumed else 'started'} {start_words(event)}"
        case MoveProgressed():
            return f"{safe(event.move.vm.name)} {event.progress_percent}%"
        case MoveFollowed() | MoveStalled() | MoveAsks():
            return f"{safe(event.move.vm.name)} {news_word(event)}: {news_words(event)}"
        case MoveEnded():
            return outcome_line(event.outcome)
        case ServerLost() | ServerBack():
            return server_words(event)
        case RunHalted() | RunNoted():
            return safe(event.reason if isinstance(event, RunHalted) else event.text)
        case RunPaused():
            return f"paused: {paused_words(event)}"
        case RunProgressed() | RunEnded():
            return None
        case _:
            assert_never(event)


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
    """`esx02 -> esx05`; of a move that keeps its host, or changes more, what else it changes."""
    return safe(route_words(move))


def outcome_line(outcome: Outcome) -> str:
    """`web01: moved esx02 -> esx05 in 32s.`, or why it did not."""
    name, move = safe(outcome.move.vm.name), outcome.move
    if outcome.state is OutcomeState.MOVED:
        return f"{name}: moved {route(move)} in {format_duration(outcome.duration_s)}."
    if outcome.state is OutcomeState.UNCHANGED:
        if outcome.note and outcome.note != ALREADY_THERE:
            return f"{name}: unchanged {safe(place_words(move))}: {safe(outcome.note)}"
        return f"{name}: unchanged, it is already {safe(place_words(move))}."
    words = outcome.state.value.replace("_", " ")
    why = end_words(outcome)
    return f"{name}: {words} {route(move)}{': ' + why if why else ''}"


def reported_line(item: ReportedMove) -> str:
    """`web01: moved esx02 -> esx05 in 32s, with 2 tags and 1 attribute.`; or what it is without."""
    line, more = outcome_line(item.outcome), keeping_words(item)
    return f"{line.rstrip('.')}{more}." if more else line


def keeping_words(item: ReportedMove) -> str:
    """`, with 2 tags, without attribute rack (...)`: what goes behind the words for an end, if anything does."""
    kept, lost = kept_words(item), "; ".join(lost_words(item))
    return safe((f", with {kept}" if kept else "") + (f", without {lost}" if lost else ""))
