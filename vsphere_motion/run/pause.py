"""Where a run stops for a person to look before it goes on: after so many moves, the canary moves, or each wave.

Rules of this file: pure bookkeeping. Before a pause everything that was started has ended, and was verified.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from vsphere_motion.model.event import Event, MoveStarted


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRule:
    """After what a run pauses.

    Args:
        every: after each so many moves; None: not for that.
        first: after the first so many, once; None: not for that.
        wave: after each wave of the plan.
    """

    every: int | None = None
    first: int | None = None
    wave: bool = False

    @property
    def is_set(self) -> bool:
        """Whether there is anything to pause for."""
        return self.every is not None or self.first is not None or self.wave


@dataclass(slots=True)
class PauseWatch:
    """What was started since the last pause, held against the rule."""

    rule: PauseRule = field(default_factory=PauseRule)
    _started: int = 0
    _wave: int | None = None
    _has_paused: bool = False

    def noted(self, events: Iterator[Event]) -> Iterator[Event]:
        """The same events; those that start moves are counted."""
        for event in events:
            self._started += isinstance(event, MoveStarted) and not event.resumed
            yield event

    def allowed(self, ready: Sequence[tuple[int, int]], waves: Sequence[int]) -> list[int]:
        """Those of the moves that may start before the next pause.

        Args:
            ready: position and wave of each move that may start otherwise.
            waves: the waves of all moves that wait.
        """
        self._begin(waves)
        found = [position for position, wave in ready if not self.rule.wave or wave == self._wave]
        limit = self._limit
        return found if limit is None else found[: max(0, limit - self._started)]

    def due(self, waves: Sequence[int]) -> str | None:
        """Why to pause now, where nothing runs and moves of these waves wait; None: nothing is to be looked at."""
        self._begin(waves)
        if not waves:
            return None
        if self.rule.wave and self._wave not in waves:
            return f"wave {(self._wave or 0) + 1} has ended"
        if self._limit is not None and self._started >= self._limit:
            return "one move has ended" if self._started == 1 else f"{self._started} moves have ended"
        return None

    def go_on(self) -> None:
        """A person has looked."""
        self._started, self._wave, self._has_paused = 0, None, True

    @property
    def _limit(self) -> int | None:
        """How many moves go between two pauses; None: any number."""
        limits = [one for one in (self.rule.every, None if self._has_paused else self.rule.first) if one is not None]
        return min(limits, default=None)

    def _begin(self, waves: Sequence[int]) -> None:
        if self._wave is None and waves:
            self._wave = min(waves)
