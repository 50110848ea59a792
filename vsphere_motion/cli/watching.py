"""What `migrate`, `resume` and `cancel` share: draw a run's events under the signals' rules, then say how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vsphere_motion.cli.console import announce, safe
from vsphere_motion.cli.exit import ExitCode, code_of_report
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.progress import JsonLines, drawing
from vsphere_motion.cli.signals import Left, SignalControl, halting_words
from vsphere_motion.model.event import Event, RunEnded, RunHalted, RunPaused, RunStarted
from vsphere_motion.model.outcome import Outcome, OutcomeState, made_good
from vsphere_motion.model.report import Report
from vsphere_motion.report.escape import json_text
from vsphere_motion.report.event_words import reported_line

if TYPE_CHECKING:
    from collections.abc import Generator

    from vsphere_motion.cli.metrics import Meter
    from vsphere_motion.errors import MotionError
    from vsphere_motion.model.plan import Plan
    from vsphere_motion.run.limits import OnInterrupt


PAUSED = "Press Enter to go on, Ctrl-C to stop here and leave the rest for resume."


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """How watching ended: the report, None if there was nothing to watch, and the signal or rule that ended it.

    Args:
        halted: why the run stopped by itself; None if it did not.
    """

    report: Report | None
    stopped: ExitCode | None = None
    halted: str | None = None


def watch(
    invocation: Invocation,
    start: Callable[[SignalControl], Iterator[Event]],
    *,
    plan: Plan | None = None,
    on_interrupt: OnInterrupt | None = None,
    meter: Meter | None = None,
) -> Watched:
    """Draw every event until the last one; Ctrl-C and SIGTERM act as `signals.py` says.

    Args:
        on_interrupt: what the run does with what is in flight at the first Ctrl-C, for the words; None: it watches on.
        meter: keeps the numbers of the run; None: nobody wants them.
    """
    seen = _Seen()
    console = invocation.console
    control = SignalControl(announce, halting=halting_words(on_interrupt), wait_for_enter=console.wait_for_enter)
    try:
        with (
            control,
            drawing(console, as_jsonl=invocation.wants("jsonl"), plan=plan) as drawer,
            closing(_generator(start(control))) as events,
        ):
            for event in events:
                drawer.draw(event)
                seen.take(event)
                if isinstance(event, RunPaused) and console.is_interactive:
                    announce(PAUSED)
                if meter is not None:
                    meter.take(event)
    except Left:
        if seen.run is None:
            raise
        seen.report = _journaled_report(invocation, seen.run)
        if invocation.wants("jsonl"):
            JsonLines(invocation.console).draw(RunEnded(at=datetime.now(UTC), report=seen.report))
    return Watched(
        report=seen.report,
        stopped=control.stopped or (ExitCode.HALTED if seen.breach is not None else None),
        halted=seen.breach,
    )


@dataclass(slots=True)
class _Seen:
    """What is kept of the events."""

    run: str | None = None
    report: Report | None = None
    breach: str | None = None

    def take(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self.run = event.run
        elif isinstance(event, RunEnded):
            self.report = event.report
        elif isinstance(event, RunHalted) and event.is_breach:
            self.breach = self.breach or event.reason


def _journaled_report(invocation: Invocation, run: str) -> Report:
    """What the journal has of a run that could not be left in order, because vCenter gave no answer."""
    from vsphere_motion.cli.connection import open_state_journal
    from vsphere_motion.service.report import load_report

    with open_state_journal(invocation) as journal:
        return load_report(journal, run)


def finish(
    invocation: Invocation,
    watched: Watched,
    *,
    files: Sequence[Path] = (),
    error: MotionError | None = None,
    is_left: bool = False,
    more: Mapping[str, object] | None = None,
) -> int:
    """Write the report files, tell the result, and return the exit code.

    Args:
        error: what kept the run from starting; it is told beside the result, its details only where the table was not.
        is_left: the moves were to be started and left to vCenter, so that one that still runs is as it should be.
        more: what the JSON result has besides the run.
    """
    from vsphere_motion.cli.failure import write_error
    from vsphere_motion.report.write import write_report

    report = watched.report
    assert report is not None, "a run that was watched ends with its report"
    for file in files:
        write_report(file, report)
    if invocation.wants("json"):
        halted = {"halted": watched.halted} if watched.halted is not None else {}
        invocation.console.result(json_text({**_document(report, error), **halted, **(more or {})}, indent=2))
    elif not invocation.wants("jsonl") and error is None:
        for item in report.moves:
            invocation.console.result(reported_line(item))
    tell_way_on(invocation, report)
    if error is not None:
        write_error(invocation.console, error, as_json=False, with_details=invocation.console.quiet)
        return error.exit_code
    return code_of_report(report, stopped=watched.stopped, is_left=is_left)


def tell_way_on(invocation: Invocation, report: Report) -> None:
    """Where there is more to read, and how to go on: with what is open, or after moves that failed; on stderr."""
    run, outcomes = safe(report.info.run), [item.outcome for item in report.moves]
    good = made_good(outcomes)
    failed = sum(1 for n, one in enumerate(outcomes) if one.state is OutcomeState.FAILED and n not in good)
    if report.count(OutcomeState.UNKNOWN) or any(is_open(one.outcome) or one.is_still_open for one in report.moves):
        invocation.console.warn(
            f"run {run} is not finished. Go on:  vsphere-motion resume {run}   Stop it:  vsphere-motion cancel {run}"
        )
    elif failed:
        invocation.console.note(
            f"{failed} move{'' if failed == 1 else 's'} failed; resume does not ask again for what was refused. Why:  "
            f"vsphere-motion diagnose {run}   Then call the same command again: what is in place stays."
        )
    invocation.console.note(f"Details: vsphere-motion report {run}")


def is_open(outcome: Outcome) -> bool:
    """Whether `resume` would still start this move: it was neither started nor given up."""
    return outcome.state is OutcomeState.NOT_STARTED and outcome.note is None


def _document(report: Report, error: MotionError | None) -> dict[str, object]:
    from vsphere_motion.report.json_form import error_document
    from vsphere_motion.service.documents import report_document

    return {**report_document(report), **(error_document(error) if error else {})}


def _generator(events: Iterator[Event]) -> Generator[Event, None, None]:
    """The events as a generator, so that closing it closes theirs."""
    yield from events
