"""`restore`: bring back what a run has moved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from vsphere_motion.cli.across import Other, across_options, keeping_options, other_of_run
from vsphere_motion.cli.columns import aligned
from vsphere_motion.cli.connection import open_state_journal, open_vcenter
from vsphere_motion.cli.console import require_interactive, safe
from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.options import command as declare
from vsphere_motion.cli.placement_options import dry_run_option, reports_option, yes_option
from vsphere_motion.cli.plan_table import NOTHING_CHANGED
from vsphere_motion.cli.requests import places_of, report_files, require_known, skip_check_option
from vsphere_motion.cli.running import running_options
from vsphere_motion.cli.watching import finish, watch
from vsphere_motion.cli.window_options import Window, window_options
from vsphere_motion.report.escape import json_text

if TYPE_CHECKING:
    from vsphere_motion.planning.restore_lines import Back, BackLine, BackThing
    from vsphere_motion.run.journal import Journal
    from vsphere_motion.service.connection import VCenter
    from vsphere_motion.service.options import RunOptions
    from vsphere_motion.service.restore import Restoration, Wanted

HEADER = ("VM", "NOW", "BACK TO", "WHAT")


@declare("restore", formats=("table", "json", "jsonl"))
@click.argument("word", metavar="RUN|HOST")
@dry_run_option
@yes_option
@click.option("--exit-maintenance", is_flag=True, help="Take the hosts out of maintenance mode first.")
@click.option("--use-ha-reserve", is_flag=True, help="Use what vSphere HA keeps free for failed hosts, too.")
@skip_check_option
@across_options
@keeping_options
@running_options
@window_options
@reports_option
def command(
    invocation: Invocation,
    /,
    *,
    word: str,
    dry_run: bool,
    yes: bool,
    exit_maintenance: bool,
    use_ha_reserve: bool,
    skip_checks: tuple[str, ...],
    other: Other,
    keep_tags: bool,
    keep_attributes: bool,
    reports: tuple[str, ...],
    window: Window,
    options: RunOptions,
) -> int:
    """Bring VMs back to where a run found them.

    RUN is a run's id or its beginning; HOST means the newest evacuation of that host. Only VMs that the run has moved
    and that are still where it put them go back, and only if they fit. What is to be done is shown first. VMs that a
    run took to another vCenter come back from there, with their tags and attributes where the run was to keep them.
    """
    from dataclasses import replace

    from vsphere_motion.cli.restore_across import Doing, bring_back
    from vsphere_motion.model.request import MoveRequest, Wishes
    from vsphere_motion.service.restore import find_wanted, prepare_restore, restore
    from vsphere_motion.service.restore_across import went_to

    window.require()
    for check_id in skip_checks:
        require_known("--skip-check", check_id)
    files, places = report_files(reports), places_of(invocation)
    with open_vcenter(invocation) as vcenter, open_state_journal(invocation) as journal:
        there = went_to(journal, word)
        if there is not None:
            wishes = Wishes(keep_tags=keep_tags, keep_attributes=keep_attributes)
            request = MoveRequest(selectors=(), skip_checks=skip_checks, partial=True, wishes=wishes)
            doing = Doing(request=request, dry_run=dry_run, yes=yes, files=files, window=window, options=options)
            return bring_back(invocation, vcenter, journal, word, other=other_of_run(there, other), doing=doing)
        if keep_tags or keep_attributes:
            raise click.UsageError("--keep-tags and --keep-attributes are for runs that went to another vCenter.")
        wanted = replace(
            find_wanted(vcenter, journal, word),
            exits=exit_maintenance,
            skip_checks=skip_checks,
            keeps_ha_reserve=not use_ha_reserve,
        )
        restoration = prepare_restore(vcenter, journal, wanted, places)
        if dry_run:
            return show_restoration(invocation, restoration)
        restoration = _timed(restoration, window)
        if not _is_wanted(invocation, restoration, yes=yes):
            invocation.console.note(NOTHING_CHANGED)
            return ExitCode.INTERRUPTED
        restoration = _exited(invocation, vcenter, journal, restoration, wanted)
        restoration = _timed(restoration, window)
        watched = watch(
            invocation,
            lambda control: restore(vcenter, journal, restoration, control=control, options=options),
            on_interrupt=options.on_interrupt,
        )
    return finish(invocation, watched, files=files)


def show_restoration(invocation: Invocation, restoration: Restoration) -> int:
    """The difference as the result; 3 if something cannot go back."""
    from vsphere_motion.service.restore import restoration_document

    if invocation.wants("json") or invocation.wants("jsonl"):
        invocation.console.result(json_text(restoration_document(restoration), indent=2))
    else:
        for line in restoration_lines(restoration):
            invocation.console.result(line)
    return ExitCode.BLOCKED if restoration.has_blocked else ExitCode.OK


def restoration_lines(restoration: Restoration) -> Iterator[str]:
    """Which VM is where, goes where, or why it does not."""
    for host in restoration.leaving:
        yield f"{safe(host.name)} leaves maintenance mode first."
    if not restoration.lines:
        yield "The run has moved nothing."
        return
    yield from aligned([HEADER, *(row for line in restoration.lines for row in _rows(line))])


def _rows(line: BackLine) -> Iterator[tuple[str, ...]]:
    """One row for each thing that was changed; one for all files that were and go together."""
    name, origin = safe(line.taken.vm.name), safe(line.taken.origin.name)
    if line.now is None or not line.things:
        yield (name, safe(line.now.name) if line.now else "-", origin, _word(line.back, line.why))
        return
    for (now, back_to, back, why), things in _grouped(line).items():
        what, subject = _word(back, why), _subject(line, things)
        yield (name, safe(now), safe(back_to), f"{subject}: {what}" if subject else what)


def _grouped(line: BackLine) -> dict[tuple[str, str, Back, str], list[BackThing]]:
    """The things by where they are, where they were and what becomes of them."""
    from vsphere_motion.planning.changed import name_of

    found: dict[tuple[str, str, Back, str], list[BackThing]] = {}
    for one in line.things:
        key = (name_of(one.now), name_of(one.changed.before), one.back, one.why)
        found.setdefault(key, []).append(one)
    return found


def _subject(line: BackLine, things: list[BackThing]) -> str:
    """What a row is about: nothing of a host alone, `files` where all files that were moved are in it."""
    from vsphere_motion.planning.changed import Aspect
    from vsphere_motion.planning.restore_lines import HOST

    if [one.changed.thing for one in things] == [HOST]:
        return ""
    files = [one for one in line.things if one.changed.thing.aspect in {Aspect.CONFIG, Aspect.DISK}]
    return "files" if len(things) > 1 and things == files else safe(", ".join(one.words for one in things))


def _word(back: Back, why: str) -> str:
    from vsphere_motion.planning.restore_lines import Back

    word = {Back.GOES: "goes back", Back.THERE: "stays", Back.LEFT: "is left", Back.CANNOT: "cannot go"}[back]
    return f"{word}: {safe(why)}" if why else word


def _is_wanted(invocation: Invocation, restoration: Restoration, *, yes: bool) -> bool:
    from vsphere_motion.planning.restore_lines import Back

    console, count = invocation.console, restoration.count(Back.GOES)
    asks = not yes and bool(count or restoration.leaving)
    if asks:
        require_interactive(console, "restoring", "add --yes to go on without a question, or --dry-run to only look")
    for line in restoration_lines(restoration):
        console.note(line)
    for note in restoration.plan.notes:
        console.note(f"note: {safe(note)}")
    return not asks or console.confirm(f"Bring {count} VM{'' if count == 1 else 's'} back?")


def _timed(restoration: Restoration, window: Window) -> Restoration:
    """The same, with moves that start only within the window."""
    from dataclasses import replace

    return replace(restoration, plan=window.applied(restoration.plan))


def _exited(
    invocation: Invocation, vcenter: VCenter, journal: Journal, restoration: Restoration, wanted: Wanted
) -> Restoration:
    """Take the hosts out of maintenance mode; then look again, with vCenter's opinion."""
    from vsphere_motion.service.maintenance_exit import leave_maintenance
    from vsphere_motion.service.restore import prepare_restore

    for host in restoration.leaving:
        leave_maintenance(vcenter, host)
        invocation.console.note(f"{safe(host.name)}: out of maintenance mode")
    if not restoration.leaving:
        return restoration
    return prepare_restore(vcenter, journal, wanted, places_of(invocation))
