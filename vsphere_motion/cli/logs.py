"""`logs`: what both hosts' logs say of a migration, merged by time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vsphere_motion.cli.connection import open_state_journal, open_vcenter
from vsphere_motion.cli.console import safe
from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.options import command as declare
from vsphere_motion.errors import BadInput, NotFound, UsageProblem
from vsphere_motion.model.outcome import Outcome
from vsphere_motion.model.record import MotionRecord
from vsphere_motion.report.escape import json_text

if TYPE_CHECKING:
    from vsphere_motion.service.connection import VCenter

SCHEMA = "vsphere-motion/logs/v1"


@declare("logs", formats=("table", "json"))
@click.argument("what", metavar="RUN|VM", required=False)
@click.option("--migration-id", metavar="ID", help="A migration that is not in the journal; needs --host twice.")
@click.option("--host", "hosts", metavar="HOST", multiple=True, help="With --migration-id: source, then destination.")
@click.option(
    "--from-file",
    "files",
    metavar="FILE",
    multiple=True,
    help="Read log files, .gz, bundles, directories or - instead.",
)
@click.option("--save", metavar="DIR", help="Also write the lines there, as files that --from-file reads.")
@click.option("--vm", metavar="NAME", help="With --from-file: only migrations whose logs name this VM.")
@click.option("--since", metavar="TIME", help="With --from-file: only later ones; a time, or a duration such as 7d.")
@click.option("--around", metavar="TIME", help="With --from-file: only those within 15 minutes of this time.")
def command(
    invocation: Invocation,
    /,
    *,
    what: str | None,
    migration_id: str | None,
    hosts: tuple[str, ...],
    files: tuple[str, ...],
    save: str | None,
    vm: str | None,
    since: str | None,
    around: str | None,
) -> int:
    """Show the lines of both hosts' vmkernel logs about a run's moves, or about the newest move of a VM.

    With --from-file no vCenter is needed: every migration that the files speak of is told.
    """
    if files:
        from vsphere_motion.cli.logs_offline import Filters, show_files

        if what is not None or hosts or save:
            raise UsageProblem("--from-file reads files: it takes neither RUN|VM nor --host nor --save")
        return show_files(invocation, files, Filters(migration_id=migration_id, vm=vm, since=since, around=around))
    if vm or since or around:
        raise UsageProblem("--vm, --since and --around go with --from-file")
    if (what is None) is (migration_id is None) or (migration_id is not None and len(hosts) != 2):
        raise UsageProblem(
            "logs needs a run, a VM, or --migration-id ID with --host SOURCE --host DESTINATION",
            hint="see: vsphere-motion logs --help",
        )
    if migration_id is not None and not re.fullmatch("[0-9]{6,20}", migration_id):
        raise BadInput(f"{migration_id} is no migration ID", hint="it is a decimal number of some 16 to 19 digits")
    with open_vcenter(invocation) as vcenter:
        if migration_id is not None:
            return _show_migration(invocation, vcenter, migration_id, hosts, save)
        assert what is not None
        return _show_outcomes(invocation, vcenter, what, save)


def _save(invocation: Invocation, save: str | None, motions: list[tuple[MotionRecord, str | None]]) -> None:
    """Write the lines where that is asked for, and say how many files that made."""
    from vsphere_motion.service.savelogs import save_lines

    if save is not None:
        files = [file for motion, vm in motions for file in save_lines(Path(save), motion, vm_name=vm)]
        invocation.console.note(f"{len(files)} logs written to {safe(save)}")


def _show_outcomes(invocation: Invocation, vcenter: VCenter, what: str, save: str | None) -> int:
    from vsphere_motion.service.logs import read_logs

    with open_state_journal(invocation) as journal:
        outcomes = read_logs(vcenter, journal, what)
    _save(invocation, save, [(one.motion, one.move.vm.name) for one in outcomes if one.motion])
    if invocation.wants("json"):
        told = [_told(outcome.motion, outcome) for outcome in outcomes if outcome.motion]
        _print_document(invocation, told, [_outcome_document(outcome) for outcome in outcomes])
        return ExitCode.OK
    for outcome in outcomes:
        for line in outcome_lines(outcome):
            invocation.console.result(line)
    return ExitCode.OK


def _show_migration(
    invocation: Invocation, vcenter: VCenter, migration_id: str, hosts: tuple[str, ...], save: str | None
) -> int:
    from vsphere_motion.report.json_form import motion_document
    from vsphere_motion.service.logs import read_migration

    motion = read_migration(vcenter, migration_id, source_host=hosts[0], destination_host=hosts[1])
    if motion is None:
        raise NotFound(
            f"neither {hosts[0]} nor {hosts[1]} has a line of migration {migration_id}",
            hint="hosts rotate their logs; look at the time of the migration and at the hosts' names",
        )
    _save(invocation, save, [(motion, None)])
    if invocation.wants("json"):
        migration = {"vm": None, "migration_id": migration_id, "motion": motion_document(motion)}
        _print_document(invocation, [_told(motion, None)], [migration])
    else:
        for line in motion_lines(motion):
            invocation.console.result(line)
    return ExitCode.OK


def outcome_lines(outcome: Outcome) -> Iterator[str]:
    """A headline for the move, then its lines, or why there are none."""
    from vsphere_motion.report.event_words import outcome_line
    from vsphere_motion.report.rows import diagnosis_rows

    yield outcome_line(outcome)
    yield from (f"  {label}: {safe(words)}" for label, words in diagnosis_rows(outcome))
    if outcome.motion is None:
        yield f"  no log lines{': ' + safe(outcome.note) if outcome.note else ''}"
    else:
        yield from motion_lines(outcome.motion)


def motion_lines(motion: MotionRecord) -> Iterator[str]:
    """What was measured, then the lines of both hosts in the order of time."""
    from vsphere_motion.report.rows import downtime_words, failure_words, line_words
    from vsphere_motion.report.units import format_bps, format_clock, format_duration

    yield (
        f"  migration {safe(motion.migration_id)}: pre-copy {format_duration(motion.precopy_s)}"
        f" at {format_bps(motion.precopy_bandwidth_bps)}, downtime {downtime_words(motion)}"
    )
    for words in dict.fromkeys(failure_words(failure) for failure in motion.failures):
        yield f"  failure: {safe(words)}"
    for note in motion.notes:
        yield f"  note: {safe(note)}"
    width = max((len(safe(line.host)) for line in motion.lines), default=0)
    for line in motion.lines:
        yield f"  {format_clock(line.at):>12}  {safe(line.host):<{width}}  {safe(line_words(line))}".rstrip()


def _print_document(invocation: Invocation, motions: list[dict[str, Any]], migrations: list[dict[str, Any]]) -> None:
    document = {"schema": SCHEMA, "motions": motions, "migrations": migrations}
    invocation.console.result(json_text(document, indent=2))


def _told(motion: MotionRecord, outcome: Outcome | None) -> dict[str, Any]:
    """A migration as `--from-file` tells it, with what only vCenter knows beside it."""
    from vsphere_motion.cli.logs_offline import motion_document
    from vsphere_motion.motionlog.logged import tell_as_files

    of_outcome = _outcome_document(outcome) if outcome else dict.fromkeys(("vm", "source", "destination", "state"))
    name = outcome.move.vm.name if outcome else None
    return {
        **motion_document(tell_as_files(motion.lines, motion.migration_id, vm_name=name)),
        **{key: of_outcome[key] for key in ("vm", "source", "destination", "state")},
    }


def _outcome_document(outcome: Outcome) -> dict[str, Any]:
    from vsphere_motion.report.json_form import outcome_document

    document = outcome_document(outcome)
    return {name: document[name] for name in ("vm", "source", "destination", "state", "migration_id", "motion", "note")}
