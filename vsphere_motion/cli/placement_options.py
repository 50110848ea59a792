"""The options of every command that places VMs, and the request that they make."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from vsphere_motion.cli.requests import require_known, skip_check_option
from vsphere_motion.cli.running import running_options
from vsphere_motion.cli.selecting import exclude_option
from vsphere_motion.cli.window_options import NO_WINDOW, Window, has_windows
from vsphere_motion.model.plan_file import Placement, PlanKind
from vsphere_motion.model.plan_request import (
    DEFAULT_MAX_MOVES,
    DEFAULT_MIN_GAIN,
    MOST_AT_ONCE,
    MOST_PER_HOST,
    TRIES,
    PlanRequest,
)
from vsphere_motion.model.request import NO_WISHES, Wishes

if TYPE_CHECKING:
    from vsphere_motion.cli.selecting import Chosen
    from vsphere_motion.service.options import RunOptions

Declared = TypeVar("Declared", bound=Callable[..., Any])

hosts_argument = click.argument("words", metavar="HOST...", nargs=-1, required=True)
cluster_argument = click.argument("words", metavar="CLUSTER", nargs=1, required=True)
powered_off_option = click.option(
    "--powered-off",
    type=click.Choice(["move", "leave"]),
    default="move",
    help="What to do with VMs that are off [move].",
)
partial_option = click.option("--partial", is_flag=True, help="Move what can be moved when some VMs cannot.")
dry_run_option = click.option("-n", "--dry-run", is_flag=True, help="Plan, show and stop.")
yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
reports_option = click.option(
    "--report", "reports", metavar="FILE", multiple=True, help="Write .html, .json, .txt or .md (repeatable)."
)
_PLACING = (
    click.option(
        "--cordon", "cordoned", metavar="HOST", multiple=True, help="Place nothing on this host (repeatable)."
    ),
    exclude_option,
    click.option("--use-ha-reserve", is_flag=True, help="Use what vSphere HA keeps free for failed hosts, too."),
    skip_check_option,
)
placement_option = click.option(
    "--placement",
    type=click.Choice(["own", "drs"]),
    default="own",
    help="Who chooses hosts: ours, or DRS as far as ours lets it [own].",
)
tries_option = click.option(
    "--try-others",
    "tries",
    type=click.IntRange(min=0),
    default=TRIES,
    metavar="N",
    help=f"Hosts to try besides, where vCenter refuses a VM that was to go to one; 0: none [{TRIES}].",
)
_EVENNESS = (
    click.option(
        "--goal", type=click.Choice(["memory", "cpu", "both"]), default="both", help="What is to be even [both]."
    ),
    click.option(
        "--max-moves",
        type=click.IntRange(min=1),
        default=DEFAULT_MAX_MOVES,
        metavar="N",
        help=f"Moves at most [{DEFAULT_MAX_MOVES}].",
    ),
    click.option(
        "--min-gain",
        type=click.FloatRange(min=0.1),
        default=DEFAULT_MIN_GAIN,
        metavar="PERCENT",
        help=f"Percentage points by which a move brings two hosts nearer to each other [{DEFAULT_MIN_GAIN:g}].",
    ),
)


def placement_options(function: Declared) -> Declared:
    """Declare what every placement can be told."""
    for declare in reversed(_PLACING):
        function = declare(function)
    return function


def evenness_options(function: Declared) -> Declared:
    """Declare what evening out can be told."""
    for declare in reversed(_EVENNESS):
        function = declare(function)
    return function


def planned_running_options(function: Callable[..., int]) -> Callable[..., int]:
    """Declare the options of a run of a plan; the command gets them as `options`, a `RunOptions`.

    A plan knows what each move costs each host, so its own limits take the place of one for all moves.
    """

    @functools.wraps(function)
    def with_limits(*args: Any, max_per_host: int, options: RunOptions, **values: Any) -> int:
        source = click.get_current_context().get_parameter_source("max_concurrent")
        at_once = options.max_concurrent if source is ParameterSource.COMMANDLINE else MOST_AT_ONCE
        limited = replace(options, max_per_host=max_per_host, max_concurrent=at_once)
        return function(*args, options=limited, **values)

    declared = running_options(_per_host(with_limits))
    for option in getattr(declared, "__click_params__", ()):
        if option.name == "max_concurrent":
            option.help = f"Migrations at once [{MOST_AT_ONCE}]."
    return declared


_per_host = click.option(
    "--max-per-host",
    type=click.IntRange(min=1),
    default=MOST_PER_HOST,
    metavar="N",
    help=f"Migrations at once for each host [{MOST_PER_HOST}].",
)


def plan_request(
    kind: PlanKind,
    words: tuple[str, ...],
    *,
    powered_off: str = "move",
    use_ha_reserve: bool = False,
    skip_checks: tuple[str, ...] = (),
    window: Window = NO_WINDOW,
    placement: str = "own",
    **given: Any,
) -> PlanRequest:
    """The request in the person's words.

    Raises:
        BadInput: an id to skip is no check's, or the window cannot be read.
        UsageError: a time zone is given without a window.
    """
    window.require(has_own=has_windows(given.get("listed")))
    for check_id in skip_checks:
        require_known("--skip-check", check_id)
    return PlanRequest(
        kind=kind,
        words=words,
        moves_powered_off=powered_off == "move",
        keeps_ha_reserve=not use_ha_reserve,
        skip_checks=skip_checks,
        window=window.span or "",
        zone=window.zone or "",
        placement=Placement(placement),
        **given,
    )


def require_one_end(chosen: Chosen, *, to_host: str | None, to_cluster: str | None, wishes: Wishes = NO_WISHES) -> None:
    """Refuse VMs with no destination or two; the lines of a list have their own, and wishes may say where.

    Raises:
        UsageError: as the words say.
    """
    if chosen.listed is not None:
        if to_cluster is not None:
            raise click.UsageError("-f names clusters in its own column; leave --to-cluster away.")
    elif (to_host is None) == (to_cluster is None) and not (to_host is None and wishes.names_place):
        raise click.UsageError("Give one of --to-host and --to-cluster.")


def sent_request(
    chosen: Chosen,
    to_host: str | None,
    to_cluster: str | None,
    *,
    placement: str,
    wishes: Wishes = NO_WISHES,
    **given: Any,
) -> PlanRequest:
    """The request to send VMs to a host, into a cluster, or where the lines of a list say.

    Raises:
        BadInput, UsageError: as `plan_request`, `require_one_end` and `require_choice`.
    """
    require_one_end(chosen, to_host=to_host, to_cluster=to_cluster, wishes=wishes)
    require_choice(placement, to_host)
    return plan_request(
        PlanKind.MIGRATE,
        chosen.words,
        listed=chosen.listed,
        to_host=to_host,
        to_cluster=to_cluster,
        exclude=chosen.exclude,
        placement=placement,
        wishes=wishes,
        **given,
    )


def require_choice(placement: str, to_host: str | None) -> None:
    """Refuse to ask DRS about a host that is named.

    Raises:
        UsageError: as the words say.
    """
    if Placement(placement) is Placement.DRS and to_host is not None:
        raise click.UsageError("--placement drs chooses the hosts, and --to-host names one; give --to-cluster.")
