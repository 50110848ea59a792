"""What `check` and `migrate` are asked for, checked before anything is connected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsphere_motion.model.request import NO_WISHES, MatrixRequest, MoveRequest, Opinions, Wishes
from vsphere_motion.settings import parse_duration

if TYPE_CHECKING:
    from vsphere_motion.cli.invocation import Invocation
    from vsphere_motion.cli.selecting import Chosen
    from vsphere_motion.service.surroundings import Places

to_host_option = click.option("--to-host", metavar="HOST", help="The destination host.")
strict_option = click.option("--strict", is_flag=True, help="Let warnings and unknown findings block as well.")
skip_check_option = click.option(
    "--skip-check", "skip_checks", metavar="ID", multiple=True, help="Override the blockers of this check (repeatable)."
)


def move_request(
    chosen: Chosen,
    to_host: str,
    *,
    skip_checks: tuple[str, ...],
    strict: bool,
    partial: bool = False,
    opinions: Opinions = Opinions.BOTH,
    wishes: Wishes = NO_WISHES,
) -> MoveRequest:
    """The request in the person's words.

    Raises:
        BadInput: an id to skip is no check's.
    """
    for check_id in skip_checks:
        require_known("--skip-check", check_id)
    return MoveRequest(
        selectors=chosen.words,
        exclude=chosen.exclude,
        listed=chosen.listed,
        to_host=to_host,
        skip_checks=skip_checks,
        strict=strict,
        partial=partial,
        opinions=opinions,
        wishes=wishes,
    )


def matrix_request(
    chosen: Chosen, *, to_cluster: str | None, skip_checks: tuple[str, ...], strict: bool, opinions: Opinions
) -> MatrixRequest:
    """The request of `--to-cluster` or `--all-hosts` in the person's words.

    Raises:
        BadInput: an id to skip is no check's.
    """
    for check_id in skip_checks:
        require_known("--skip-check", check_id)
    return MatrixRequest(
        selectors=chosen.words,
        exclude=chosen.exclude,
        to_cluster=to_cluster,
        skip_checks=skip_checks,
        strict=strict,
        opinions=opinions,
    )


def require_known(option: str, check_id: str) -> None:
    """Refuse an id that is no check's.

    Raises:
        BadInput: it is not; the hint names the one that it resembles.
    """
    from vsphere_motion.service.checks import require_known as known

    known(option, check_id, hint="list them with: vsphere-motion check --list-checks")


def require_one_destination(
    chosen: Chosen, wishes: Wishes, *, to_host: str | None, to_cluster: str | None, all_hosts: bool
) -> None:
    """Refuse a check with no destination or several; a list file has its own, and says so itself where it has not.

    Raises:
        UsageError: as the words say.
    """
    if chosen.listed is not None:
        if to_cluster or all_hosts:
            raise click.UsageError("-f names the destinations; leave --to-cluster and --all-hosts away.")
        return
    given = [name for name, value in _destinations(to_host, to_cluster, all_hosts=all_hosts) if value]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} exclude each other; give one of them.")
    if wishes != NO_WISHES and (to_cluster or all_hosts):
        raise click.UsageError("a table of VMs and hosts knows hosts alone; leave the other destinations away.")
    if not given and not wishes.names_place:
        raise click.UsageError("Missing option '--to-host', '--to-cluster' or '--all-hosts'.")


def require_destination(chosen: Chosen, to_host: str | None, wishes: Wishes = NO_WISHES) -> None:
    """Refuse VMs without a destination; a list file has its own, and says so itself where it has not.

    Raises:
        UsageError: there is none.
    """
    if to_host or chosen.listed is not None or wishes.names_place:
        return
    alone = "; --priority, --encryption and --to-datacenter go with one" if wishes != NO_WISHES else ""
    raise click.UsageError(f"Nothing says where the VMs go: give --to-host, or another destination{alone}.")


def places_of(invocation: Invocation) -> Places:
    """Where a check may look on this machine: the journal has the VMs' earlier moves."""
    from vsphere_motion.service.surroundings import Places
    from vsphere_motion.settings import state_directory

    return Places(state_dir=state_directory(invocation.environment))


def _destinations(to_host: str | None, to_cluster: str | None, *, all_hosts: bool) -> list[tuple[str, object]]:
    return [("--to-host", to_host), ("--to-cluster", to_cluster), ("--all-hosts", all_hosts)]


def duration_option(name: str, text: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """An option that takes a duration such as 90s or 2h and gives seconds."""
    return click.option(f"--{name}", f"{name.replace('-', '_')}_s", metavar="DURATION", callback=_duration, help=text)


def report_files(paths: tuple[str, ...]) -> tuple[Path, ...]:
    """The files to write reports to, refused before a run starts where they cannot be written.

    Raises:
        BadInput: a suffix names no format, or a directory does not exist.
    """
    from vsphere_motion.service.report import require_files

    files = tuple(Path(path) for path in paths)
    require_files(files)
    return files


def _duration(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    try:
        return None if value is None else parse_duration(value)
    except ValueError as problem:
        raise click.BadParameter(str(problem), ctx=context, param=parameter) from None
