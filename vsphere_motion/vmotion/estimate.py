"""How long a vMotion takes at a given bandwidth and dirty rate: a bound and a model, never an expectation.

Rules of this file: sizes are bytes, rates bits per second. The bound is wire-speed copying of memory that is all
touched while the guest writes nothing (64 GiB at 10 Gbit/s: 55 s); untouched and zero pages shorten it. The model is an
inference from settings that are the same from ESXi 6.0 to 9.0: the pre-copy repeats until the rest fits into
`Migrate.PreCopySwitchoverTimeGoal` (500 ms); below `Migrate.PreCopyMinProgressPerc` (130 %) the guest's vCPUs are
slowed until the transmit rate is `Migrate.SdpsTargetRate` (500 %) of the dirty rate.
"""

from __future__ import annotations

from dataclasses import dataclass

SWITCHOVER_GOAL_S = 0.5
MIN_PROGRESS = 1.3
SLOWED_PROGRESS = 5.0

# UNVERIFIED: the statistics behind `guestMemoryUsage` look back about a minute (vSphere Resource Management, active
# memory). A guest that touches so much in that time writes at most that much of new pages in it.
ACTIVE_WINDOW_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecopyEstimate:
    """What the model says.

    Args:
        precopy_s: seconds from the first page to the end of the pre-copy.
        switchover_send_s: seconds to send the pages that are left while the VM stands still.
        passes: how often memory is walked.
        sent_bytes: bytes sent in the pre-copy.
        guest_is_slowed: the guest writes so fast that its vCPUs have to be slowed: expect a slow guest, not a short
            move.
    """

    precopy_s: float
    switchover_send_s: float
    passes: int
    sent_bytes: int
    guest_is_slowed: bool


def best_case_s(memory_bytes: int, bandwidth_bps: float) -> float | None:
    """Memory over bandwidth: no vMotion of fully touched memory is faster. None without a bandwidth."""
    return memory_bytes * 8 / bandwidth_bps if bandwidth_bps > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelledPass:
    """One pass of the model: how long it takes, and how long sending what was written meanwhile will take."""

    duration_s: float
    rest_s: float


def model_passes(memory_bytes: int, bandwidth_bps: float, dirty_rate_bps: float) -> tuple[ModelledPass, ...]:
    """Walk the model pass by pass; () without a bandwidth."""
    pass_s = best_case_s(memory_bytes, bandwidth_bps)
    if pass_s is None:
        return ()
    ratio = dirty_rate_bps / bandwidth_bps
    passes = [ModelledPass(duration_s=pass_s, rest_s=pass_s * min(1.0, ratio))]
    if slows_guest(bandwidth_bps, dirty_rate_bps):
        ratio = 1 / SLOWED_PROGRESS
    while (rest_s := passes[-1].rest_s) > SWITCHOVER_GOAL_S:
        passes.append(ModelledPass(duration_s=rest_s, rest_s=rest_s * ratio))
    return tuple(passes)


def estimate_precopy(memory_bytes: int, bandwidth_bps: float, dirty_rate_bps: float) -> PrecopyEstimate | None:
    """What the model says of all passes together. None without a bandwidth."""
    passes = model_passes(memory_bytes, bandwidth_bps, dirty_rate_bps)
    if not passes:
        return None
    precopy_s = sum(one.duration_s for one in passes)
    return PrecopyEstimate(
        precopy_s=precopy_s,
        switchover_send_s=passes[-1].rest_s,
        passes=len(passes),
        sent_bytes=round(precopy_s * bandwidth_bps / 8),
        guest_is_slowed=slows_guest(bandwidth_bps, dirty_rate_bps),
    )


def slows_guest(bandwidth_bps: float, dirty_rate_bps: float) -> bool:
    """Whether the guest writes so fast that its vCPUs have to be slowed."""
    return dirty_rate_bps > 0 and bandwidth_bps / dirty_rate_bps < MIN_PROGRESS


def active_rate_bps(active_bytes: int) -> float:
    """The most that a guest writes into different pages, by the memory it was seen to touch; a bound from above."""
    return active_bytes * 8 / ACTIVE_WINDOW_S
