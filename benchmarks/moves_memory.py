"""Whether memory stays flat over a long run: the same client on a fast simulator, looked at on the way.

The moves are short, and each run has more of them than run at once many times over; what grows is what is kept of moves
that are over.
"""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.moves_ours import planned, running
from benchmarks.moves_site import site, trips
from vsphere_motion.model.event import MoveEnded
from vsphere_motion.service.migrate import run
from vsphere_motion.service.options import RunOptions

LENGTH_S = 0.5
AT_ONCE = 64


def grown_mib(moves: int) -> float:
    """By how much the resident memory of this process grows between the middle and the end of such a run."""
    sizes: dict[int, float] = {}
    with site(equal=moves, varied=0, equal_s=LENGTH_S) as vcenter, running(vcenter) as (ours, journal):
        plan = planned(trips(vcenter.control, "equal", moves))
        ended = 0
        for event in run(ours, plan, journal=journal, options=RunOptions(max_concurrent=AT_ONCE, read_logs=True)):
            ended += isinstance(event, MoveEnded)
            if ended and ended % (moves // 8) == 0 and isinstance(event, MoveEnded):
                sizes[ended] = resident_mib()
    print("memory over a run with logs, MiB: " + ", ".join(f"{at} moves {size:.0f}" for at, size in sizes.items()))
    return sizes[max(sizes)] - sizes[moves // 2]


def resident_mib() -> float:
    """The memory of this process that is in use now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
