"""Which lines of a host's logs belong to a migration, those without its ID included.

Rules of this file: a line that carries the ID belongs to it. So do the lines that go on from one of them: hostd's dump
of a fault, which begins with an arrow, and a VM's own log between two announcements of migrations. Which side a VM's
own log speaks for is said by the log itself.

Source: KB 320352, KB 436882 (vmware.log).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from vsphere_motion.model.record import LogLine
from vsphere_motion.motionlog.attribution import carries_id
from vsphere_motion.motionlog.vmwarelog import DESTINATION, SOURCE, Announced, Restoring, read_said

VMWARE = "vmware"
"""What the `log` of a line of a VM's own log begins with; `vmware-3` is of its file `vmware-3.log`."""


def lines_of_motion(lines: Iterable[LogLine], migration_id: str) -> list[LogLine]:
    """The lines of one host that belong to this migration, in their order."""
    found: list[LogLine] = []
    for log, group in groupby(lines, key=lambda line: line.log):
        of_log = _own_log if log.startswith(VMWARE) else _with_dumps
        found += of_log(group, migration_id)
    return found


def split_own_logs(lines: Iterable[LogLine], *, source: str, destination: str) -> tuple[list[LogLine], list[LogLine]]:
    """A VM's own logs as lines of the two hosts whose processes wrote them; what says neither is left out.

    A file may hold what the process did as the destination of one migration and then as the source of the next.
    """
    of_side: dict[str, list[LogLine]] = {SOURCE: [], DESTINATION: []}
    hosts = {SOURCE: source, DESTINATION: destination}
    for _, group in groupby(lines, key=lambda line: line.log):
        side: str | None = None
        for line in group:
            said = read_said(line.text)
            if isinstance(said, Announced):
                side = said.side or side
            elif isinstance(said, Restoring):
                side = DESTINATION
            if side is not None:
                of_side[side].append(replace(line, host=hosts[side]))
    return of_side[SOURCE], of_side[DESTINATION]


def _with_dumps(lines: Iterable[LogLine], migration_id: str) -> Iterator[LogLine]:
    is_inside = False
    for line in lines:
        is_inside = carries_id(line.text, migration_id) or (is_inside and line.text.lstrip().startswith("-->"))
        if is_inside:
            yield line


def _own_log(lines: Iterable[LogLine], migration_id: str) -> Iterator[LogLine]:
    """From the first line with the ID up to the announcement of another migration."""
    is_inside = False
    for line in lines:
        said = read_said(line.text)
        if isinstance(said, (Announced, Restoring)):
            is_inside = said.migration_id == migration_id
        else:
            is_inside = is_inside or carries_id(line.text, migration_id)
        if is_inside:
            yield line
