"""A report from the outcomes of a run, and the readings every format shows. PURE.

Rules of this file: a duration is of vCenter's clock, a phase of the source host's; the two clocks are never subtracted
from each other. What is measured and what the model says are kept apart by `Phase.is_measured`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.record import MotionRecord
from vsphere_motion.model.report import Report, ReportedMove, RunInfo
from vsphere_motion.motionlog.downtime import MEASURE_LOWER_BOUND
from vsphere_motion.vmotion.estimate import estimate_precopy

LEAST_REST_S = 0.05
"""A shorter rest of vCenter's task is the rounding of its times, not a phase."""

_ORDER = (
    OutcomeState.FAILED,
    OutcomeState.UNKNOWN,
    OutcomeState.BLOCKED,
    OutcomeState.CANCELLED,
    OutcomeState.NOT_STARTED,
    OutcomeState.MOVED,
    OutcomeState.UNCHANGED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The numbers of a report's headline; None where no move has one.

    Args:
        counts: moves by state, the states that stand for trouble first; states without a move are left out.
        moved_memory_bytes: memory of the VMs that moved, as configured; not what went over the wire.
        measured_downtimes: how many moves have a downtime that is not a lower bound; only these count.
    """

    counts: tuple[tuple[OutcomeState, int], ...]
    elapsed_s: float | None
    moved_memory_bytes: int | None
    median_duration_s: float | None
    longest_duration_s: float | None
    measured_downtimes: int
    median_downtime_s: float | None
    longest_downtime_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A stretch of a move's time.

    Args:
        name: `queued`, `pre-copy`, `switch-over`, `other` (preparation and completion) or `relocation` (no log).
        source: where the number comes from, in words.
        is_measured: False for a bound or a result of the model.
    """

    name: str
    duration_s: float
    source: str
    is_measured: bool = True


def build_report(info: RunInfo, moves: Sequence[ReportedMove]) -> Report:
    """The report of a run, its moves in the order in which they were planned."""
    return Report(info=info, moves=tuple(moves))


def failures_first(report: Report) -> tuple[ReportedMove, ...]:
    """The moves with trouble first; those of one state stay in their order."""
    return tuple(sorted(report.moves, key=lambda item: _ORDER.index(item.outcome.state)))


def summarize(report: Report) -> Summary:
    """The numbers of the headline."""
    moved = [item for item in report.moves if item.outcome.state is OutcomeState.MOVED]
    durations = [item.outcome.duration_s for item in moved if item.outcome.duration_s is not None]
    downtimes = [
        downtime for downtime in (_measured_downtime_s(item.outcome) for item in moved) if downtime is not None
    ]
    sizes = [item.memory_bytes for item in moved if item.memory_bytes is not None]
    return Summary(
        counts=tuple((state, report.count(state)) for state in _ORDER if report.count(state)),
        elapsed_s=_elapsed_s(report.info),
        moved_memory_bytes=sum(sizes) if sizes else None,
        median_duration_s=median(durations) if durations else None,
        longest_duration_s=max(durations, default=None),
        measured_downtimes=len(downtimes),
        median_downtime_s=median(downtimes) if downtimes else None,
        longest_downtime_s=max(downtimes, default=None),
    )


def is_lower_bound(motion: MotionRecord) -> bool:
    """Whether the downtime is only known to be at least what the record says."""
    return motion.downtime_measure == MEASURE_LOWER_BOUND


def phases_of(outcome: Outcome) -> tuple[Phase, ...]:
    """A move's time in phases: queued by vCenter's clock, the rest by the source host's where its log was read."""
    phases = []
    queued_s = _queued_s(outcome)
    if queued_s:
        phases.append(Phase(name="queued", duration_s=queued_s, source="vCenter's task"))
    logged = _logged_phases(outcome)
    rest_s = _rest_s(outcome, logged)
    if rest_s is not None:
        logged.append(_rest_phase(rest_s, has_log=bool(logged)))
    return (*phases, *logged)


def modelled_phases(item: ReportedMove) -> tuple[Phase, ...]:
    """What the pre-copy model says for this VM's memory at the bandwidth and dirty rate its log shows; () without."""
    motion = item.outcome.motion
    if motion is None or item.memory_bytes is None:
        return ()
    estimate = estimate_precopy(item.memory_bytes, motion.precopy_bandwidth_bps or 0, motion.dirty_rate_bps or 0)
    if estimate is None:
        return ()
    source = "model: all memory at the logged bandwidth"
    return (Phase(name="pre-copy", duration_s=estimate.precopy_s, source=source, is_measured=False),)


def _measured_downtime_s(outcome: Outcome) -> float | None:
    motion = outcome.motion
    return motion.downtime_s if motion and not is_lower_bound(motion) else None


def _elapsed_s(info: RunInfo) -> float | None:
    return (info.ended_at - info.started_at).total_seconds() if info.ended_at else None


def _queued_s(outcome: Outcome) -> float:
    if outcome.queued_at is None or outcome.started_at is None:
        return 0.0
    return max(0.0, (outcome.started_at - outcome.queued_at).total_seconds())


def _logged_phases(outcome: Outcome) -> list[Phase]:
    motion, phases = outcome.motion, list[Phase]()
    if motion and motion.precopy_s is not None:
        phases.append(Phase(name="pre-copy", duration_s=motion.precopy_s, source="vmkernel log of the source"))
    if motion and motion.downtime_s is not None:
        measure = motion.downtime_measure or "log"
        is_measured = measure != MEASURE_LOWER_BOUND
        phases.append(Phase(name="switch-over", duration_s=motion.downtime_s, source=measure, is_measured=is_measured))
    return phases


def _rest_s(outcome: Outcome, logged: Sequence[Phase]) -> float | None:
    """Seconds of vCenter's task that no logged phase covers; None if there are none or they cannot be told."""
    if outcome.duration_s is None:
        return None
    rest_s = outcome.duration_s - sum(phase.duration_s for phase in logged)
    return rest_s if rest_s >= LEAST_REST_S else None


def _rest_phase(rest_s: float, *, has_log: bool) -> Phase:
    if has_log:
        return Phase(name="other", duration_s=rest_s, source="vCenter's task less the phases in the log")
    return Phase(name="relocation", duration_s=rest_s, source="vCenter's task")
