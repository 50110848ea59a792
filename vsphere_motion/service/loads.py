"""How loaded the hosts of a run are before its first move and after its last one.

Rules of this file: one reading each, in little time; a run does not depend on it, so what cannot be read is left out.
"""

from __future__ import annotations

from datetime import datetime

from vsphere_motion.errors import MotionError
from vsphere_motion.model.refs import NamedRef
from vsphere_motion.run.journal import Journal, JournaledRun
from vsphere_motion.run.workbook import Moment, Workbook
from vsphere_motion.service.connection import VCenter

READ_LIMIT_S = 5.0
"""How long the reading is waited for."""

MOST_HOSTS = 256
"""Of more hosts none is read: their table would be read by nobody."""


def note_loads(vcenter: VCenter, journal: Journal, run: JournaledRun, moment: Moment, at: datetime) -> None:
    """Read how loaded the hosts are that moves of this run leave or enter, and keep it with the run.

    Args:
        at: vCenter's clock now.
    """
    from vsphere_motion.vcenter.host_load import read_host_loads

    hosts = _hosts_of(run)
    if not 0 < len(hosts) <= MOST_HOSTS:
        return
    try:
        with vcenter.session.deadline(READ_LIMIT_S, tries=1):
            loads = read_host_loads(vcenter.session, hosts, at=at)
    except MotionError:
        return  # the next call that a run depends on says what is wrong
    Workbook(journal).write_loads(run.info.run, loads, moment)


def _hosts_of(run: JournaledRun) -> tuple[NamedRef, ...]:
    """By name; of moves that change nothing none."""
    found: dict[NamedRef, None] = {}
    for item in run.moves:
        for host in (item.move.source.host, item.move.destination.host):
            if host is not None and not item.move.is_noop:
                found[host] = None
    return tuple(sorted(found, key=lambda host: host.name))
