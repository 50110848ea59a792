"""The events of a run as JSON data: what `-o jsonl` writes, one object a line."""

from __future__ import annotations

from typing import Any, assert_never

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

EVENT_SCHEMA = "vsphere-motion/event/v1"


def event_document(event: Event) -> dict[str, Any]:
    """The event as JSON data; the last one is the run's document."""
    from vsphere_motion.report.json_form import outcome_document, run_document

    if isinstance(event, RunEnded):
        return run_document(event.report)
    head = {"schema": EVENT_SCHEMA, "at": format_time(event.at)}
    if isinstance(event, MoveEnded):
        return {**head, "event": "ended", **outcome_document(event.outcome)}
    if isinstance(event, RunPaused | RunProgressed):
        return {**head, **_step_facts(event)}
    if isinstance(event, RunStarted | RunHalted | RunNoted | ServerLost | ServerBack):
        return {**head, **_run_facts(event)}
    return {**head, **_move_facts(event)}


def _run_facts(event: RunStarted | RunHalted | RunNoted | ServerLost | ServerBack) -> dict[str, Any]:
    match event:
        case RunStarted():
            return {"event": "run_started", "run": event.run, "asked_for": event.asked_for}
        case RunHalted():
            facts = {"reason": event.reason, "detached": event.detached, "is_breach": event.is_breach}
            return {"event": "halted", **facts}
        case RunNoted():
            return {"event": "noted", "text": event.text, "is_warning": event.is_warning}
        case ServerLost():
            return {
                "event": "server_lost",
                "reason": event.reason,
                "running": event.running,
                "waiting": event.waiting,
            }
        case ServerBack():
            return {"event": "server_back", "away_s": round(event.away_s, 3)}
        case _:
            assert_never(event)


def _step_facts(event: RunPaused | RunProgressed) -> dict[str, Any]:
    if isinstance(event, RunPaused):
        return {"event": "paused", "reason": event.reason, "waiting": event.waiting}
    return {
        "event": "run_progressed",
        "ended": event.ended,
        "running": event.running,
        "waiting": event.waiting,
        "left_s": None if event.left_s is None else round(event.left_s, 1),
    }


def _move_facts(event: MoveStarted | MoveFollowed | MoveProgressed | MoveStalled | MoveAsks) -> dict[str, Any]:
    from vsphere_motion.report.json_form import move_document

    word, facts = _word_and_facts(event)
    return {"event": word, **move_document(event.move), "task": event.task, **facts}


def _word_and_facts(
    event: MoveStarted | MoveFollowed | MoveProgressed | MoveStalled | MoveAsks,
) -> tuple[str, dict[str, Any]]:
    match event:
        case MoveStarted():
            return "started", _start_facts(event)
        case MoveFollowed():
            return "followed", {"started_by": event.started_by}
        case MoveProgressed():
            return "progressed", {"progress_percent": event.progress_percent}
        case MoveStalled():
            return "stalled", _stall_facts(event)
        case MoveAsks():
            return "asks", {"question": _question(event)}
        case _:
            assert_never(event)


def _start_facts(event: MoveStarted) -> dict[str, Any]:
    from vsphere_motion.report.forecast_form import span_document

    expected = event.forecast.duration_s if event.forecast else None
    return {
        "memory_bytes": event.memory_bytes,
        "resumed": event.resumed,
        "expected_duration_s": None if expected is None else span_document(expected),
    }


def _stall_facts(event: MoveStalled) -> dict[str, Any]:
    return {
        "progress_percent": event.progress_percent,
        "for_s": round(event.for_s, 1),
        "is_over_limit": event.is_over_limit,
        "is_cancelled": event.is_cancelled,
    }


def _question(event: MoveAsks) -> dict[str, Any]:
    choices = [{"key": key, "label": label} for key, label in event.question.choices]
    return {"id": event.question.id, "text": event.question.text, "choices": choices}
