"""The options of every command that places VMs, and the request that they make."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from vsphere_motion.cli.requests import require_known, skip_check_option
from vsphere_motion.model.plan_file import PlanKind
from vsphere_motion.model.plan_request import DEFAULT_MAX_MOVES, DEFAULT_MIN_GAIN, PlanRequest

Declared = TypeVar("Declared", bound=Callable[..., Any])

hosts_argument = click.argument("words", metavar="HOST...", nargs=-1, required=True)
cluster_argument = click.argument("words", metavar="CLUSTER", nargs=1, required=True)
powered_off_option = click.option(
    "--powered-off",
    type=click.Choice(["move", "leave"]),
    default="move",
    help="What to do with VMs that are off [move].",
)
max_per_host_option = click.option(
    "--max-per-host", type=click.IntRange(min=1), metavar="N", help="Migrations at once for each host [8]."
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
    click.option("--use-ha-reserve", is_flag=True, help="Use what vSphere HA keeps free for failed hosts, too."),
    skip_check_option,
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


def plan_request(
    kind: PlanKind,
    words: tuple[str, ...],
    *,
    powered_off: str = "move",
    use_ha_reserve: bool = False,
    skip_checks: tuple[str, ...] = (),
    **given: Any,
) -> PlanRequest:
    """The request in the person's words.

    Raises:
        BadInput: an id to skip is no check's.
    """
    for check_id in skip_checks:
        require_known("--skip-check", check_id)
    return PlanRequest(
        kind=kind,
        words=words,
        moves_powered_off=powered_off == "move",
        keeps_ha_reserve=not use_ha_reserve,
        skip_checks=skip_checks,
        **given,
    )


def file_of(word: str | None) -> Path | None:
    """The file that a word names; None where none is given."""
    return None if word is None else Path(word)
