"""`doctor`: look at this installation, its settings and the vCenter; each line says what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from vsphere_motion.cli.connection import read_credentials, read_settings
from vsphere_motion.cli.console import safe
from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.options import command as declare
from vsphere_motion.errors import MotionError
from vsphere_motion.planning.privileges import PURPOSES
from vsphere_motion.report.escape import json_text

if TYPE_CHECKING:
    from vsphere_motion.service.doctor import DoctorLine

SCHEMA = "vsphere-motion/doctor/v1"
COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@declare("doctor", formats=("table", "json"))
@click.option("--json", "as_json", is_flag=True, help="The same as -o json.")
@click.option("--privileges", is_flag=True, help="Say only which privileges the account lacks, and where.")
@click.option(
    "--for",
    "purposes",
    type=click.Choice(tuple(PURPOSES)),
    multiple=True,
    help="What the account shall be able to do (repeatable) [migrate].",
)
@click.option("--role", is_flag=True, help="Print the smallest role for it and stop; connects to nothing.")
def command(
    invocation: Invocation, /, *, as_json: bool, privileges: bool, purposes: tuple[str, ...], role: bool
) -> int:
    """Look at this installation, where each setting comes from, and whether the vCenter gives what a migration needs.

    The exit code is that of the first line that says fail.
    """
    if purposes and not (privileges or role):
        raise click.UsageError("--for goes with --privileges or --role.")
    as_json = as_json or invocation.wants("json")
    wanted = tuple(dict.fromkeys(purposes)) or ("migrate",)
    if role:
        return _show_role(invocation, wanted, as_json=as_json)
    lines = []
    for line in diagnose_account(invocation, wanted) if privileges else diagnose(invocation):
        lines.append(line)
        if not as_json:
            _show(invocation, line)
    if as_json:
        document = {"schema": SCHEMA, "lines": [_document(line) for line in lines]}
        invocation.console.result(json_text(document, indent=2))
    return next((line.exit_code for line in lines if line.exit_code), ExitCode.OK)


def diagnose_account(invocation: Invocation, purposes: tuple[str, ...]) -> Iterator[DoctorLine]:
    """What the account lacks for these purposes.

    Raises:
        MotionError: no server or account is named, or no password is found.
    """
    from vsphere_motion.service.doctor import diagnose_privileges

    settings = read_settings(invocation)
    yield from diagnose_privileges(settings.endpoint, read_credentials(invocation, settings), purposes)


def _show_role(invocation: Invocation, purposes: tuple[str, ...], *, as_json: bool) -> int:
    from vsphere_motion.service.privileges import role_document

    document, console = role_document(purposes), invocation.console
    if as_json:
        console.result(json_text(document, indent=2))
        return ExitCode.OK
    console.result(f"The smallest role for: {', '.join(purposes)}")
    width = max(len(need["privilege"]) for need in document["needs"])
    for need in document["needs"]:
        console.result(f"  {need['privilege']:<{width}}  on {need['on']}, to {need['reason']}")
    granted = " ".join(name for name in document["privileges"] if not name.startswith("System."))
    console.result(f"Make it with: govc role.create {document['name']} {granted}".rstrip())
    console.note("note: every role has System.View and System.Read; grant the role where the objects are, propagated")
    return ExitCode.OK


def diagnose(invocation: Invocation) -> Iterator[DoctorLine]:
    """Every line, as soon as it is known; what fails ends what needs it and nothing else."""
    from vsphere_motion.service.doctor import diagnose_installation, diagnose_settings, diagnose_vcenter, failure

    yield from diagnose_installation(invocation.environment)
    try:
        settings = read_settings(invocation)
    except MotionError as error:
        yield failure("setting", error)
        return
    yield from diagnose_settings(settings)
    try:
        credentials = read_credentials(invocation, settings)
    except MotionError as error:
        yield failure("password", error)
        return
    yield from diagnose_vcenter(settings.endpoint, credentials, lambda: datetime.now(UTC))


def _show(invocation: Invocation, line: DoctorLine) -> None:
    console = invocation.console
    word = console.colour(f"{line.state.value:<4}", COLOURS[line.state.value])
    console.result(f"{word}  {line.topic:<10}  {safe(line.text)}")
    if line.remedy:
        console.result(f"      {'':<10}  hint: {safe(line.remedy)}")


def _document(line: DoctorLine) -> dict[str, Any]:
    return {"topic": line.topic, "state": line.state.value, "text": line.text, "remedy": line.remedy or None}
