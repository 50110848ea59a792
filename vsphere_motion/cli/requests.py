"""What `check` and `migrate` are asked for, checked before anything is connected."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path

import click

from vsphere_motion.errors import BadInput
from vsphere_motion.model.request import MoveRequest
from vsphere_motion.settings import parse_duration

vms_argument = click.argument("vms", metavar="VM...", nargs=-1, required=True)
to_host_option = click.option("--to-host", metavar="HOST", required=True, help="The destination host.")
strict_option = click.option("--strict", is_flag=True, help="Let warnings and unknown findings block as well.")
skip_check_option = click.option(
    "--skip-check", "skip_checks", metavar="ID", multiple=True, help="Override the blockers of this check (repeatable)."
)


def move_request(
    vms: tuple[str, ...], to_host: str, *, skip_checks: tuple[str, ...], strict: bool, partial: bool = False
) -> MoveRequest:
    """The request in the person's words.

    Raises:
        BadInput: an id to skip is no check's.
    """
    from vsphere_motion.preflight.registry import known_ids

    for check_id in skip_checks:
        if check_id not in known_ids():
            close = difflib.get_close_matches(check_id, known_ids(), n=1)
            hint = f"did you mean {close[0]}?" if close else "the ids stand in brackets behind each finding"
            raise BadInput(f"--skip-check {check_id} names no check", hint=hint)
    return MoveRequest(selectors=vms, to_host=to_host, skip_checks=skip_checks, strict=strict, partial=partial)


def duration_option(name: str, text: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """An option that takes a duration such as 90s or 2h and gives seconds."""
    return click.option(f"--{name}", f"{name.replace('-', '_')}_s", metavar="DURATION", callback=_duration, help=text)


def report_files(paths: tuple[str, ...]) -> tuple[Path, ...]:
    """The files to write reports to, refused before a run starts where they cannot be written.

    Raises:
        BadInput: a suffix names no format, or a directory does not exist.
    """
    from vsphere_motion.report.write import check_suffix

    files = tuple(Path(path) for path in paths)
    for file in files:
        check_suffix(file)
        if not file.absolute().parent.is_dir():
            raise BadInput(
                f"there is no directory {file.parent} to write {file.name} to", hint="make it, or name another"
            )
    return files


def _duration(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    try:
        return None if value is None else parse_duration(value)
    except ValueError as problem:
        raise click.BadParameter(str(problem), ctx=context, param=parameter) from None
