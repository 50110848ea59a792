"""What the loop over moves stands on, served by one vCenter, and the clocks that a run goes by."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime

from vsphere_motion.model.forecast import Forecast
from vsphere_motion.model.outcome import Outcome
from vsphere_motion.model.plan import PlannedMove
from vsphere_motion.model.refs import MoRef
from vsphere_motion.run.ports import Ports
from vsphere_motion.service.across import across_ports, require_side
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.explain import make_explainer
from vsphere_motion.service.forecasts import keeping
from vsphere_motion.service.options import RunOptions

SUBMITTERS = 4
"""Relocations that are asked for at the same time; a session keeps eight connections."""


def make_ports(
    vcenter: VCenter, planned: tuple[PlannedMove, ...], options: RunOptions, forecasts: dict[MoRef, Forecast]
) -> Ports:
    """The loop's ports, served by this vCenter."""
    from vsphere_motion.vcenter.outage import VCenterPresence
    from vsphere_motion.vcenter.placement import VCenterPlacementReader, VCenterStateReader
    from vsphere_motion.vcenter.relocate import VCenterRelocator
    from vsphere_motion.vcenter.tasks import VCenterTaskFinder, VCenterTaskWatcher

    ports = Ports(
        relocator=VCenterRelocator(vcenter.session),
        watcher=VCenterTaskWatcher(vcenter.session, reads_ended=False),
        finder=VCenterTaskFinder(vcenter.session),
        placements=VCenterPlacementReader(vcenter.session),
        states=VCenterStateReader(vcenter.session),
        presence=VCenterPresence(vcenter.session, monotonic_s=clock_through_sleep_s),
        clock=vcenter.session,
        now=utc_now,
        monotonic_s=clock_through_sleep_s,
        pause=threading.Event().wait,
        explain=keeping(_explainer(vcenter, planned, options), forecasts),
        submitters=SUBMITTERS,
    )
    side = require_side(vcenter, [one.move for one in planned])
    return ports if side is None else across_ports(ports, vcenter, side, planned)


def _explainer(
    vcenter: VCenter, planned: tuple[PlannedMove, ...], options: RunOptions
) -> Callable[[Outcome], Outcome | Future[Outcome]]:
    if not options.read_logs:
        return lambda outcome: outcome
    return make_explainer(vcenter, planned, keep_lines=options.keep_log_lines)


def clock_through_sleep_s() -> float:
    """Seconds on a clock that never jumps and counts the time this machine sleeps, where there is such a clock.

    Linux has CLOCK_BOOTTIME for it; its CLOCK_MONOTONIC stands still in sleep, and macOS's does not.
    """
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def utc_now() -> datetime:
    """This machine's clock in UTC."""
    return datetime.now(UTC)
