"""The moves of a run, or of a vCenter, as numbers in Prometheus' text format, written to a file whole or not at all.

Rules of this file: the file is for a collector such as that of node_exporter, so others may read it; it names the
vCenter and no VM. Source of the format: prometheus.io, Exposition formats, text format 0.0.4.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from vsphere_motion.model.event import Event, MoveEnded, MoveFollowed, MoveStarted
from vsphere_motion.model.motion import WatchedMotion
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.record import MotionRecord
from vsphere_motion.model.task import TaskState

FILE_MODE = 0o644


@dataclass(slots=True)
class Series:
    """The count, the sum and the largest of a measure."""

    count: int = 0
    total: float = 0.0
    largest: float = 0.0

    def take(self, value: float | None) -> None:
        """Add a value; None is none."""
        if value is not None:
            self.count, self.total, self.largest = self.count + 1, self.total + value, max(self.largest, value)


@dataclass(slots=True, kw_only=True)
class Tally:
    """What has happened so far.

    Args:
        vcenter: the address of the vCenter.
        states: ended moves by the word for their end.
        sent_bytes: what the pre-copies sent, by the hosts' logs: their time times their bandwidth.
    """

    vcenter: str
    states: Counter[str] = field(default_factory=Counter)
    running: set[str] = field(default_factory=set)
    duration: Series = field(default_factory=Series)
    downtime: Series = field(default_factory=Series)
    sent_bytes: float = 0.0
    changed_at: datetime | None = None

    def take_event(self, event: Event) -> bool:
        """Count an event of a run; whether any number has changed."""
        if isinstance(event, MoveStarted | MoveFollowed):
            self.running.add(event.move.vm.moid)
        elif isinstance(event, MoveEnded):
            self.running.discard(event.outcome.move.vm.moid)
            self._take_outcome(event.outcome)
        else:
            return False
        self.changed_at = event.at
        return True

    def take_motion(self, motion: WatchedMotion, at: datetime) -> bool:
        """Count a motion of a vCenter; whether any number has changed. An ended one is to be given once."""
        if not motion.is_over:
            is_new = motion.task.moid not in self.running
            self.running.add(motion.task.moid)
            self.changed_at = at if is_new else self.changed_at
            return is_new
        self.running.discard(motion.task.moid)
        self.states[motion_state(motion).value] += 1
        self.duration.take(motion.duration_s)
        self.changed_at = at
        return True

    def _take_outcome(self, outcome: Outcome) -> None:
        self.states[outcome.state.value] += 1
        self.duration.take(outcome.duration_s)
        if outcome.motion is not None:
            self.downtime.take(outcome.motion.downtime_s)
            self.sent_bytes += _sent_bytes(outcome.motion)


def motion_state(motion: WatchedMotion) -> OutcomeState:
    """The word for the end of a motion that was only watched."""
    fault = motion.status.fault
    if motion.status.state is TaskState.SUCCESS:
        return OutcomeState.MOVED
    if motion.status.state is not TaskState.ERROR:
        return OutcomeState.UNKNOWN
    is_cancelled = fault is not None and fault.kind == "RequestCanceled"
    return OutcomeState.CANCELLED if is_cancelled else OutcomeState.FAILED


def metrics_text(tally: Tally) -> str:
    """The numbers in Prometheus' text format."""
    return "".join(f"{line}\n" for line in _lines(tally))


def write_metrics(path: Path, tally: Tally) -> None:
    """Replace the file at once, so that nobody reads half of it.

    Raises:
        OSError: it cannot be written.
    """
    handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(metrics_text(tally))
            os.fchmod(file.fileno(), FILE_MODE)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _lines(tally: Tally) -> Iterator[str]:
    yield from _head("moves", "gauge", "Migrations that have ended, by how.")
    for state in OutcomeState:
        yield _sample("moves", tally, tally.states[state.value], state=state.value)
    yield from _head("moves_running", "gauge", "Migrations under way.")
    yield _sample("moves_running", tally, len(tally.running))
    yield from _summary("move_duration_seconds", tally, tally.duration, "How long migrations took, without queueing.")
    yield from _summary("move_downtime_seconds", tally, tally.downtime, "How long guests stood still, by the logs.")
    yield from _head("sent_bytes", "gauge", "Memory sent: time of the pre-copies times their bandwidth.")
    yield _sample("sent_bytes", tally, round(tally.sent_bytes))
    if tally.changed_at is not None:
        yield from _head("last_change_timestamp_seconds", "gauge", "When any of these numbers changed.")
        yield _sample("last_change_timestamp_seconds", tally, round(tally.changed_at.timestamp(), 3))


def _summary(name: str, tally: Tally, series: Series, text: str) -> Iterator[str]:
    yield from _head(name, "summary", text)
    yield _sample(f"{name}_sum", tally, round(series.total, 3))
    yield _sample(f"{name}_count", tally, series.count)
    longest = name.replace("move_", "move_longest_")
    yield from _head(longest, "gauge", f"The longest of these. {text}")
    yield _sample(longest, tally, round(series.largest, 3))


def _head(name: str, kind: str, text: str) -> Iterator[str]:
    yield f"# HELP vsphere_motion_{name} {text}"
    yield f"# TYPE vsphere_motion_{name} {kind}"


def _sample(name: str, tally: Tally, value: float, **labels: str) -> str:
    words = ",".join(f'{key}="{_escaped(text)}"' for key, text in {"vcenter": tally.vcenter, **labels}.items())
    return f"vsphere_motion_{name}{{{words}}} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _sent_bytes(record: MotionRecord) -> float:
    if record.precopy_s is None or record.precopy_bandwidth_bps is None:
        return 0.0
    return record.precopy_s * record.precopy_bandwidth_bps / 8
