"""`restore` of a run that went to another vCenter: the other one is the source now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vsphere_motion.cli.across import Other, joined_by
from vsphere_motion.cli.check import show_plan
from vsphere_motion.cli.connection import read_credentials, read_settings
from vsphere_motion.cli.console import require_interactive
from vsphere_motion.cli.exit import ExitCode, code_of_plan
from vsphere_motion.cli.migrate import show_findings
from vsphere_motion.cli.plan_table import NOTHING_CHANGED
from vsphere_motion.cli.requests import places_of
from vsphere_motion.cli.watching import finish, watch

if TYPE_CHECKING:
    from pathlib import Path

    from vsphere_motion.cli.invocation import Invocation
    from vsphere_motion.cli.window_options import Window
    from vsphere_motion.model.plan import Plan
    from vsphere_motion.model.request import MoveRequest
    from vsphere_motion.run.journal import Journal
    from vsphere_motion.service.connection import VCenter
    from vsphere_motion.service.options import RunOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """How the VMs are brought back, by the options of `restore`."""

    request: MoveRequest
    dry_run: bool
    yes: bool
    files: tuple[Path, ...]
    window: Window
    options: RunOptions


def bring_back(
    invocation: Invocation, vcenter: VCenter, journal: Journal, run: str, *, other: Other, doing: Doing
) -> int:
    """Bring the VMs of a run back from the vCenter that it took them to."""
    from vsphere_motion.run.workbook import Purpose, PurposeKind
    from vsphere_motion.service.across import meet
    from vsphere_motion.service.migrate import run as run_plan
    from vsphere_motion.service.options import Given
    from vsphere_motion.service.restore_across import prepare_return

    with joined_by(invocation, vcenter, other):
        assert vcenter.other is not None, "a vCenter is named"
        leaving = vcenter.other.vcenter
        credentials = read_credentials(invocation, read_settings(invocation))
        home = meet(leaving, vcenter, credentials, context=vcenter.identity.host)
        leaving.other = home
        found = prepare_return(leaving, home, journal, run, doing.request, places_of(invocation))
        plan = doing.window.applied(found.plan)
        if doing.dry_run:
            show_plan(invocation, plan)
            return ExitCode.BLOCKED if found.has_blocked else code_of_plan(plan)
        if not _is_wanted(invocation, plan, yes=doing.yes):
            invocation.console.note(NOTHING_CHANGED)
            return ExitCode.INTERRUPTED
        given = Given(purpose=Purpose(kind=PurposeKind.RESTORE, hosts=found.hosts), settled=found.settled)
        watched = watch(
            invocation,
            lambda control: run_plan(
                leaving, plan, journal=journal, control=control, options=doing.options, given=given
            ),
            on_interrupt=doing.options.on_interrupt,
        )
    return finish(invocation, watched, files=doing.files)


def _is_wanted(invocation: Invocation, plan: Plan, *, yes: bool) -> bool:
    """Show what was found, and ask where that is needed.

    Raises:
        UsageProblem: it has to be asked and there is no terminal.
    """
    going = len(plan.runnable())
    if yes or not going:
        return True
    require_interactive(invocation.console, "restoring", "add --yes to go on without a question, or --dry-run")
    show_findings(invocation, plan)
    return invocation.console.confirm(f"Bring {going} VM{'s' if going > 1 else ''} back?")
