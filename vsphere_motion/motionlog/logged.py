"""A migration whose lines a vCenter gave, told as log files would tell it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from vsphere_motion.model.record import LoggedMotion, LogLine
from vsphere_motion.motionlog.gather import Gatherer


def tell_as_files(lines: Sequence[LogLine], migration_id: str, *, vm_name: str | None = None) -> LoggedMotion:
    """What `logs --from-file` would say of these lines of one migration, had they been saved as files.

    Args:
        vm_name: the VM whose own log is among them.
    """
    gatherer = Gatherer()
    ordered = sorted(lines, key=lambda line: (line.host, line.log, line.number))
    for (_, log), group in groupby(ordered, key=lambda line: (line.host, line.log)):
        gatherer.begin_file(vm_name=vm_name if log.startswith("vmware") else None)
        for line in group:
            gatherer.read(line.text)
    found = (motion for motion in gatherer.motions() if motion.migration_id == migration_id)
    return next(found, LoggedMotion(migration_id=migration_id))
