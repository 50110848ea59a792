"""How long the VM stood still: the best measure the logs offer, and which one that is.

Rules of this file, best first: vpxa's own number; vmware.log's stop time inside the migration's window; from the
source's end of pre-copy to the destination's resume, if the two hosts' clocks agree; from the end of pre-copy to the
end of the page send on the source, which is a lower bound. The order is an inference; KB 436882 uses the third.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from vsphere_motion.model.record import LogLine
from vsphere_motion.motionlog.attribution import at_of
from vsphere_motion.motionlog.vmkernel import VmStopped, read_message

MAX_SWITCHOVER_S = 100.0
"""`vmotion.maxSwitchoverSeconds`, 100 s by default: a longer one fails the migration (KB 1010045)."""

CLOCKS_AGREE_S = 1.0
"""Start lines of both hosts this near to each other: their clocks are taken as one. UNVERIFIED on real hosts."""

MEASURE_REPORTED = "vpxa's own measure"
MEASURE_STOPPED = "vmware.log's stop time of the VM"
MEASURE_TWO_CLOCKS = "from the source's end of pre-copy to the destination's resume, on two clocks"
MEASURE_LOWER_BOUND = "at least: from the end of pre-copy to the end of the page send on the source"


@dataclass(frozen=True, slots=True, kw_only=True)
class DowntimeEvidence:
    """Everything the logs hold that a downtime can be read from. Times are each host's own clock."""

    reported_s: float | None
    stops_s: tuple[float, ...]
    source_started_at: datetime | None
    destination_started_at: datetime | None
    precopy_ended_at: datetime | None
    page_send_ended_at: datetime | None
    resumed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Downtime:
    """Seconds of standstill, and how they were measured, in words."""

    downtime_s: float
    measure: str


def measure_downtime(evidence: DowntimeEvidence) -> Downtime | None:
    """The downtime by the best measure there is evidence for; None if there is none."""
    if evidence.reported_s is not None:
        return Downtime(downtime_s=evidence.reported_s, measure=MEASURE_REPORTED)
    if len(evidence.stops_s) == 1:
        return Downtime(downtime_s=evidence.stops_s[0], measure=MEASURE_STOPPED)
    return _on_two_clocks(evidence) or _lower_bound(evidence)


def stops_during(lines: Iterable[LogLine], since: datetime | None, until: datetime | None) -> tuple[float, ...]:
    """The stops that vmware.log names between the end of pre-copy and the end of the task, in seconds.

    The line has no migration ID, and snapshots write it too: only lines of a `vmware` log are looked at, and more than
    one inside the window is no measure.
    """
    if since is None:
        return ()
    end = (until or since) + timedelta(seconds=MAX_SWITCHOVER_S)
    candidates = [line for line in lines if line.log.startswith("vmware") and _is_between(at_of(line), since, end)]
    messages = [read_message(line.text) for line in candidates]
    return tuple(message.stopped_s for message in messages if isinstance(message, VmStopped))


def _is_between(at: datetime | None, since: datetime, end: datetime) -> bool:
    return at is not None and since <= at <= end


def _on_two_clocks(evidence: DowntimeEvidence) -> Downtime | None:
    start, end = evidence.precopy_ended_at, evidence.resumed_at
    if start is None or end is None or not _clocks_agree(evidence):
        return None
    not_before = max(start, evidence.page_send_ended_at or start)
    downtime_s = (end - start).total_seconds()
    if end < not_before or downtime_s > MAX_SWITCHOVER_S:
        return None
    return Downtime(downtime_s=downtime_s, measure=MEASURE_TWO_CLOCKS)


def _clocks_agree(evidence: DowntimeEvidence) -> bool:
    source, destination = evidence.source_started_at, evidence.destination_started_at
    if source is None or destination is None:
        return False
    return abs((source - destination).total_seconds()) <= CLOCKS_AGREE_S


def _lower_bound(evidence: DowntimeEvidence) -> Downtime | None:
    start, end = evidence.precopy_ended_at, evidence.page_send_ended_at
    if start is None or end is None or end < start:
        return None
    return Downtime(downtime_s=(end - start).total_seconds(), measure=MEASURE_LOWER_BOUND)
