"""A gate that is shut outside of hours: moves wait for their window, whatever else lets them start."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.planning.time_window import TimeWindow
from vsphere_motion.run.gate import Capacity, StartGate


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeGate:
    """A `StartGate` in front of another one.

    Args:
        inner: what else moves wait for.
        windows: when each move may start, by its position; a move that is not named may start at any time.
        now: the clock that windows are held against. Moves that run when a window closes run on.
    """

    inner: StartGate
    windows: Mapping[int, TimeWindow]
    now: Callable[[], datetime]

    def ready(
        self, waiting: Sequence[int], *, running: AbstractSet[int], ended: Mapping[int, OutcomeState], now: Capacity
    ) -> tuple[int, ...]:
        """The waiting moves whose window is open, as far as the other gate lets them start."""
        at = self.now()
        open_now = tuple(one for one in waiting if one not in self.windows or self.windows[one].is_open(at))
        return self.inner.ready(open_now, running=running, ended=ended, now=now) if open_now else ()

    def given_up(
        self, waiting: Sequence[int], *, running: AbstractSet[int], ended: Mapping[int, OutcomeState]
    ) -> dict[int, int]:
        """What the other gate gives up: a window opens again every day."""
        return self.inner.given_up(waiting, running=running, ended=ended)
