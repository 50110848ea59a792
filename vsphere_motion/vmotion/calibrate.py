"""Back-tests the forecast: each past move is told from those before it alone, and compared with what it took."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from vsphere_motion.model.forecast import Basis, MoveLoad, PastMove, Span
from vsphere_motion.vmotion.forecast import forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One past move: what it would have been expected to take, and what it took, both in seconds."""

    past: PastMove
    took_s: float
    expected_s: Span
    basis: Basis

    @property
    def is_inside(self) -> bool:
        """Whether it took as long as the range says."""
        return self.expected_s.low <= self.took_s <= self.expected_s.high

    @property
    def error(self) -> float:
        """How far the likely duration was off, as a share of what it took."""
        return abs(self.expected_s.likely - self.took_s) / self.took_s

    @property
    def width(self) -> float:
        """How many times the low end of the range its high end is."""
        return self.expected_s.high / self.expected_s.low


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The outcome of a back-test.

    Args:
        left_out: past moves of which too little is known to tell anything.
    """

    trials: tuple[Trial, ...]
    left_out: int

    @property
    def share_inside(self) -> float | None:
        """The share of moves that took as long as their range says; None without a move."""
        return _share(self.trials)

    @property
    def median_error(self) -> float | None:
        """The median of how far the likely durations were off; None without a move."""
        return statistics.median(trial.error for trial in self.trials) if self.trials else None

    @property
    def median_width(self) -> float | None:
        """The median width of the ranges; None without a move."""
        return statistics.median(trial.width for trial in self.trials) if self.trials else None

    def by_basis(self) -> list[tuple[Basis, int, float]]:
        """For each basis that was used: how many moves, and the share inside."""
        groups = [(basis, tuple(trial for trial in self.trials if trial.basis is basis)) for basis in Basis]
        return [(basis, len(some), _share(some) or 0.0) for basis, some in groups if some]


def calibrate(past: Sequence[PastMove]) -> Calibration:
    """Tell each past move from those that had ended before it.

    Args:
        past: the newest first, as the journal gives them.
    """
    older = list(reversed(past))
    trials = [trial for place, one in enumerate(older) if (trial := _try(one, older[:place])) is not None]
    return Calibration(trials=tuple(trials), left_out=len(older) - len(trials))


def _try(one: PastMove, before: Sequence[PastMove]) -> Trial | None:
    if not one.duration_s:
        return None
    told = forecast(_load(one), before)
    if told.duration_s is None:
        return None
    return Trial(past=one, took_s=one.duration_s, expected_s=told.duration_s, basis=told.basis)


def _load(one: PastMove) -> MoveLoad:
    """What was known before the move; of a move without a forecast, only the configured memory."""
    if one.forecast is not None:
        return one.forecast.load
    return MoveLoad(vm=one.vm, source=one.source, destination=one.destination, memory_bytes=one.memory_bytes)


def _share(trials: Sequence[Trial]) -> float | None:
    return sum(trial.is_inside for trial in trials) / len(trials) if trials else None
