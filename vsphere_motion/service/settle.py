"""The story of a run that was left to vCenter: once its last task has ended, how each move ended is written down."""

from __future__ import annotations

from collections import deque

from vsphere_motion.run.journal import Journal
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.resume import resume
from vsphere_motion.service.status import RunStatus, read_status

_OPEN = {"planned", "asked_for", "queued", "running"}


def read_settled(vcenter: VCenter, journal: Journal, run: str | None = None) -> RunStatus | None:
    """The status of a run, as `read_status`; one that nobody watches and that has ended is settled first.

    Nothing is started and nothing cancelled: a run with a move that may still start is left as it is.
    """
    status = read_status(vcenter, journal, run)
    if status is None or not _is_to_be_settled(status):
        return status
    deque(resume(vcenter, journal, status.info.run), maxlen=0)
    return read_status(vcenter, journal, status.info.run)


def _is_to_be_settled(status: RunStatus) -> bool:
    is_over = not any(move.word in _OPEN for move in status.moves)
    return is_over and not status.is_finished and status.is_watched is False
