"""When a run stops by itself: a guest stood still for too long, the canary moves went badly, or too many moves failed.

Rules of this file: pure bookkeeping over the events of a run. What was not measured breaks no budget, but canary moves
of which nothing was measured prove nothing, so nothing follows them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from vsphere_motion.model.event import Event, MoveEnded, MoveStarted, RunHalted
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.refs import MoRef


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltRule:
    """What a run must not do to its VMs.

    Args:
        max_stun_s: the longest a guest may stand still; None: no limit.
        max_stun_of: the same for single VMs, before the limit of all; of several for one VM the shortest counts.
        canary: how many moves go first, alone, and have to end well before any other starts; 0: none.
        failed: how many moves may not fail; None: any number may.
        failed_percent: the same in percent of the moves that the run is to make.
    """

    max_stun_s: float | None = None
    max_stun_of: tuple[tuple[MoRef, float], ...] = ()
    canary: int = 0
    failed: int | None = None
    failed_percent: float | None = None

    @property
    def is_set(self) -> bool:
        """Whether there is anything to watch for."""
        return self.has_budget or self.canary > 0 or self.counts_failures

    @property
    def counts_failures(self) -> bool:
        """Whether it matters how many moves fail."""
        return self.failed is not None or self.failed_percent is not None

    def most_failed(self, moves: int) -> int | None:
        """With how many failures a run of so many moves stops; None: with no number of them."""
        part = None if self.failed_percent is None else max(1, math.ceil(moves * self.failed_percent / 100))
        return min((one for one in (self.failed, part) if one is not None), default=None)

    @property
    def has_budget(self) -> bool:
        """Whether a guest may not stand still for too long."""
        return self.max_stun_s is not None or bool(self.max_stun_of)

    def limit_s(self, vm: MoRef) -> float | None:
        """How long this VM's guest may stand still; None: no limit."""
        return min((limit_s for one, limit_s in self.max_stun_of if one == vm), default=self.max_stun_s)


@dataclass(slots=True)
class HaltWatch:
    """What a run has done so far, held against the rule.

    Args:
        moves: how many the run is to make.
        is_broken: no further moves start.
    """

    rule: HaltRule = field(default_factory=HaltRule)
    moves: int = 0
    _failed: int = 0
    _started: int = 0
    _ended: int = 0
    _measured: int = 0
    is_broken: bool = False

    def judged(self, events: Iterator[Event]) -> Iterator[Event]:
        """The same events; behind one that breaks the rule, the halt."""
        for event in events:
            yield event
            reason = self.note(event)
            if reason is not None:
                words = f"no further moves start: {reason}"
                yield RunHalted(at=event.at, reason=words, detached=False, is_breach=True)

    def note(self, event: Event) -> str | None:
        """Take an event over; the reason why no further moves start, once, if that is so from now on."""
        if isinstance(event, MoveStarted):
            self._started += 1
        if not isinstance(event, MoveEnded):
            return None
        self._failed += event.outcome.state in _FAILURES
        reason = None
        if event.outcome.task is not None:
            self._ended += 1
            self._measured += _stun_s(event.outcome) is not None
            reason = self._reason(event.outcome)
        reason = None if self.is_broken else reason or self._too_many()
        self.is_broken = self.is_broken or reason is not None
        return reason

    def room(self, room: int, *, untold: Sequence[OutcomeState]) -> int:
        """How many moves may start, of those that there is room for.

        Args:
            untold: how moves have ended of which it is not known yet how long their guests stood still.
        """
        most = self.rule.most_failed(self.moves)
        fails = most is not None and self._failed + sum(state in _FAILURES for state in untold) >= most
        if self.is_broken or fails or (self.rule.has_budget and untold):
            return 0
        if self._ended < self.rule.canary:
            return max(0, min(room, self.rule.canary - self._started))
        return room

    def _too_many(self) -> str | None:
        most = self.rule.most_failed(self.moves)
        if most is None or self._failed < most:
            return None
        words = f"{self.rule.failed_percent:g}%" if most != self.rule.failed else str(self.rule.failed)
        counted = "1 move" if self._failed == 1 else f"{self._failed} moves"
        return f"{counted} of {self.moves} failed, --halt-on failed={words}"

    def _reason(self, outcome: Outcome) -> str | None:
        stun_s, limit_s, name = _stun_s(outcome), self.rule.limit_s(outcome.move.vm.ref), outcome.move.vm.name
        is_canary = self._ended <= self.rule.canary
        if limit_s is not None and stun_s is not None and stun_s > limit_s:
            return f"{name} stood still for {stun_s * 1000:.0f} ms, more than --max-stun {limit_s * 1000:.0f}ms"
        if is_canary and outcome.state is not OutcomeState.MOVED:
            return f"{name}, one of the first {self.rule.canary}, did not move: {outcome.state.value}"
        if is_canary and self.rule.has_budget and self._ended == self.rule.canary and not self._measured:
            return f"how long the guests of the first {self.rule.canary} stood still could not be read from the logs"
        return None


_FAILURES = frozenset({OutcomeState.FAILED, OutcomeState.UNKNOWN})
"""A move whose end is not known counts as one that failed: it may have."""


def _stun_s(outcome: Outcome) -> float | None:
    return None if outcome.motion is None else outcome.motion.downtime_s
