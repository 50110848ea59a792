"""The story of what a run changes for its moves alone: it is as before once they have ended, also after a crash.

Rule of this file: what a killed process has left is put back by the next command that may.
"""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.event import Event
from vsphere_motion.run.journal import Journal
from vsphere_motion.run.locks import find_alive, is_alive
from vsphere_motion.run.workbook import Workbook
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.templates import make_templates_again
from vsphere_motion.service.truce import end_truce


def put_back(vcenter: VCenter, journal: Journal, run: str) -> Iterator[Event]:
    """DRS overrides and templates of a run, as far as its moves have ended."""
    yield from end_truce(vcenter, journal, run)
    yield from make_templates_again(vcenter, journal, run)


def put_back_left(vcenter: VCenter, journal: Journal, *, besides: str | None = None) -> Iterator[Event]:
    """The same of runs whose process was killed before it came to it.

    Args:
        besides: a run that goes on, and does it itself.
    """
    book, uuid = Workbook(journal), vcenter.identity.instance_uuid
    for run in book.open_truces(vcenter_uuid=uuid):
        if run != besides and not _is_watched(journal, run):
            yield from end_truce(vcenter, journal, run)
    for run in book.left_with_templates(vcenter_uuid=uuid):
        if run != besides and not _is_watched(journal, run):
            yield from make_templates_again(vcenter, journal, run)
            journal.end_run(run, vcenter.session.now())


def _is_watched(journal: Journal, run: str) -> bool:
    """Whether a process may be at it: one of this machine that lives, or one of another that cannot be looked at."""
    watch = journal.find_watch(run)
    return is_alive(journal, run) or (watch is not None and find_alive(journal, watch) is None)
