"""The story of a plan that is made and run in one go: against how things are now, then maintenance mode."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from vsphere_motion.model.event import Event
from vsphere_motion.model.move import Move, Placement
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.plan_file import PlanFile, PlanHost, PlanStuck
from vsphere_motion.model.plan_request import PlanRequest
from vsphere_motion.model.report import Report
from vsphere_motion.run.journal import Journal
from vsphere_motion.run.ports import Control
from vsphere_motion.run.workbook import purpose_of
from vsphere_motion.service.apply import Ready, runnable_plan, snapshot_for
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.maintenance import Entered, enter_all
from vsphere_motion.service.migrate import run
from vsphere_motion.service.options import DEFAULT_OPTIONS, NEVER_STOP, Given, RunOptions
from vsphere_motion.service.placing import make_plan
from vsphere_motion.service.surroundings import NOWHERE, Places


def plan_now(vcenter: VCenter, request: PlanRequest, *, partial: bool = False, places: Places = NOWHERE) -> Ready:
    """A plan of how things are now, ready to be run.

    Args:
        partial: run what can be run where the checks stop a move.

    Raises:
        NotFound, Ambiguous, BadInput: what the request names cannot be resolved.
    """
    inventory = snapshot_for(vcenter, request.wishes)
    made = make_plan(inventory, request, vcenter=vcenter, places=places)
    plan = runnable_plan(vcenter, inventory, made.file, partial=partial, places=places, findings=made.findings)
    return Ready(plan=plan, file=made.file)


def run_ready(
    vcenter: VCenter,
    journal: Journal,
    ready: Ready,
    *,
    control: Control = NEVER_STOP,
    options: RunOptions = DEFAULT_OPTIONS,
) -> Iterator[Event]:
    """Run what is left of a plan; the last event is `RunEnded`."""
    yield from run(
        vcenter, ready.plan, journal=journal, control=control, options=options, given=given_of_plan(ready.file)
    )


def given_of_plan(file: PlanFile) -> Given:
    """What a plan knows of its run: what it is for, and the VMs that cannot go, which belong into the report."""
    return Given(
        purpose=purpose_of(file.kind, [host.ref for host in file.hosts]),
        settled=tuple(_stuck(one) for one in file.stuck),
    )


def _stuck(stuck: PlanStuck) -> Outcome:
    return Outcome(
        move=Move(vm=stuck.vm.identity, source=Placement(host=stuck.host.named), destination=Placement(host=None)),
        state=OutcomeState.BLOCKED,
        note=stuck.why or "no host takes it",
    )


def is_emptied(file: PlanFile, report: Report | None) -> bool:
    """Whether every VM that was to leave has left; without a report there was none."""
    if file.stuck:
        return False
    fine = {OutcomeState.MOVED, OutcomeState.UNCHANGED}
    return report is None or all(item.outcome.state in fine for item in report.moves)


def hosts_to_enter(vcenter: VCenter, file: PlanFile) -> tuple[PlanHost, ...]:
    """The plan's hosts that are not in maintenance mode yet."""
    inventory = vcenter.snapshot()
    found = [(host, inventory.find_host(host.ref)) for host in file.hosts]
    return tuple(named for named, host in found if host is None or not host.in_maintenance_mode)


def enter_emptied(vcenter: VCenter, file: PlanFile, run_id: str | None) -> list[dict[str, Any]]:
    """Put every host that the plan has emptied into maintenance mode; what came of each, as plain data."""
    left = replace(file, hosts=hosts_to_enter(vcenter, file))
    return [entered_document(one, run_id) for one in enter_all(vcenter, left)]


def entered_document(one: Entered, run_id: str | None) -> dict[str, Any]:
    """What came of one host."""
    return {
        "host": one.host.name,
        "moid": one.host.moid,
        "in_maintenance_mode": one.is_in,
        "run": run_id,
        "task": one.task,
        "note": one.words,
    }
