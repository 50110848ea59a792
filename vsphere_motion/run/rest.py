"""How long the rest of a run will take, by the moves that were measured in it. PURE.

Rules of this file: never by the percentage of a task, which says nothing about the time that is left. What each move is
expected to take is its forecast, or where one has none all by their memory; how far the moves that have ended were from
that corrects the others, and how many ran at once on average says how the work is shared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from vsphere_motion.model.event import Event, MoveEnded, MoveFollowed, MoveStarted, RunProgressed
from vsphere_motion.model.outcome import Outcome
from vsphere_motion.model.refs import MoRef

EVERY_S = 1.0
"""Between two tellings."""


@dataclass(slots=True, kw_only=True)
class Rest:
    """What is left of a run.

    Args:
        bases: what each move that is not over is expected to take, in seconds or by its memory; None: nothing is known.
        are_seconds: whether the bases are seconds, so that something can be said before a move was measured.
        at_once: how many may run at once.
        ended: moves that were over before.
    """

    bases: Mapping[MoRef, float | None]
    are_seconds: bool
    at_once: int
    ended: int = 0
    _waiting: dict[MoRef, None] = field(init=False)
    _running: dict[MoRef, datetime] = field(default_factory=dict)
    _measured_s: float = 0.0
    _measured_bases: float = 0.0
    _busy_s: float = 0.0
    _first_at: datetime | None = None
    _last_at: datetime | None = None
    _told_at: datetime | None = None

    def __post_init__(self) -> None:
        self._waiting = dict.fromkeys(self.bases)

    def telling(self, events: Iterator[Event]) -> Iterator[Event]:
        """The same events; behind ends, how far the whole is."""
        for event in events:
            yield event
            if self.take(event):
                self._told_at = event.at
                yield RunProgressed(
                    at=event.at,
                    ended=self.ended,
                    running=len(self._running),
                    waiting=len(self._waiting),
                    left_s=self.left_s(event.at),
                )

    def take(self, event: Event) -> bool:
        """Take an event over; True if how far the whole is should be told."""
        match event:
            case MoveStarted() | MoveFollowed():
                self._pass_time(event.at)
                self._waiting.pop(event.move.vm.ref, None)
                self._running[event.move.vm.ref] = event.at
            case MoveEnded():
                self._pass_time(event.at)
                self._end(event.outcome)
                is_last = not self._waiting and not self._running
                return is_last or self._told_at is None or (event.at - self._told_at).total_seconds() >= EVERY_S
        return False

    def left_s(self, at: datetime) -> float | None:
        """Seconds that the rest is expected to take; None where nothing is known."""
        factor = self._factor()
        if factor is None:
            return None
        waiting = [factor * self._base(vm) for vm in self._waiting]
        running = [
            max(0.0, factor * self._base(vm) - (at - since).total_seconds()) for vm, since in self._running.items()
        ]
        work_s = sum(waiting) + sum(running)
        return max(work_s / self._share(), *waiting, *running, 0.0)

    def _end(self, outcome: Outcome) -> None:
        vm = outcome.move.vm.ref
        was_running = self._running.pop(vm, None) is not None
        self._waiting.pop(vm, None)
        self.ended += 1
        if was_running and outcome.duration_s is not None:
            self._measured_s += outcome.duration_s
            self._measured_bases += self._base(vm)

    def _factor(self) -> float | None:
        """Seconds of one unit of the bases."""
        if self._measured_bases > 0:
            return self._measured_s / self._measured_bases
        return 1.0 if self.are_seconds else None

    def _base(self, vm: MoRef) -> float:
        known = self.bases.get(vm)
        return 1.0 if known is None else known

    def _share(self) -> float:
        """How many moves ran at once until now, and no more than there are left."""
        left = len(self._waiting) + len(self._running)
        elapsed_s = (self._last_at - self._first_at).total_seconds() if self._first_at and self._last_at else 0.0
        seen = self._busy_s / elapsed_s if elapsed_s > 0 and self._measured_bases > 0 else float(self.at_once)
        return max(1.0, min(seen, left))

    def _pass_time(self, at: datetime) -> None:
        if self._last_at is not None:
            self._busy_s += len(self._running) * (at - self._last_at).total_seconds()
        self._first_at, self._last_at = self._first_at or at, at


def bases_of(
    forecasts_s: Mapping[MoRef, float | None], memory_bytes: Mapping[MoRef, int | None]
) -> tuple[dict[MoRef, float | None], bool]:
    """What each move is expected to take, all of them in the same unit; and whether that is seconds."""
    if forecasts_s and all(value is not None for value in forecasts_s.values()):
        return dict(forecasts_s), True
    known = bool(memory_bytes) and all(memory_bytes.values())
    return {vm: float(size) if known and size else None for vm, size in memory_bytes.items()}, False
