"""Whole runs through the fault proxy, and the truth about them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from tests.fault.doors import session_through
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.report import Report
from vsphere_motion.model.request import MoveRequest
from vsphere_motion.run.journal import open_journal
from vsphere_motion.service.check import check
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.migrate import run
from vsphere_motion.service.options import RunOptions
from vsphere_motion.testing.faultproxy import FaultProxy
from vsphere_motion.testing.simulator import SimulatedVCenter


def run_through(
    proxy: FaultProxy, request: MoveRequest, state_dir: Path, options: RunOptions, **endpoint: Any
) -> Report:
    """One run from login to logout; the faults are planted before."""
    journal = open_journal(state_dir)
    try:
        with session_through(proxy, **endpoint) as session:
            vcenter = VCenter(session)
            *_, last = run(vcenter, check(vcenter, request), journal=journal, options=options)
    finally:
        journal.close()
    report: Report = last.report  # type: ignore[union-attr]
    return report


def states_of(report: Report) -> Counter[OutcomeState]:
    """How often each state is in a report."""
    return Counter(item.outcome.state for item in report.moves)


def truths_of(vcenter: SimulatedVCenter) -> dict[str, list[dict[str, Any]]]:
    """What the simulator truly did, by the moid of the VM."""
    truths: dict[str, list[dict[str, Any]]] = {}
    for motion in vcenter.control.motions():
        truths.setdefault(motion["vm"], []).append(motion)
    return truths
