"""The options that say what a rolling does with each host, and the request that they make."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from vsphere_motion.cli.placement_options import powered_off_option
from vsphere_motion.cli.requests import duration_option, require_known, skip_check_option
from vsphere_motion.cli.window_options import NO_WINDOW, Window, window_options

if TYPE_CHECKING:
    from vsphere_motion.model.rolling import RollingRequest

Declared = TypeVar("Declared", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--each", metavar="COMMAND", help="Run this for each host; {host} becomes its name. No shell reads it."
    ),
    click.option(
        "--parallel", type=click.IntRange(min=1), default=1, metavar="N", help="Hosts at once, if they fit [1]."
    ),
    duration_option("command-limit", "End the command after this, and stop [2h]."),
    duration_option("health-limit", "How long a host may take to be connected again [15m]."),
    click.option("--use-ha-reserve", is_flag=True, help="Use what vSphere HA keeps free for failed hosts, too."),
    powered_off_option,
    skip_check_option,
    window_options,
)


def rolling_options(function: Declared) -> Declared:
    """Declare what is done with each host; the command gets them by their names."""
    for declare in reversed(_OPTIONS):
        function = declare(function)
    return function


def rolling_request(
    cluster: str | None,
    *,
    each: str | None,
    powered_off: str,
    use_ha_reserve: bool,
    skip_checks: tuple[str, ...],
    window: Window,
    **given: Any,
) -> RollingRequest:
    """The request in the person's words.

    Raises:
        UsageError: a word is missing, or the command cannot be taken apart.
        BadInput: an id to skip is no check's, or the window cannot be read.
    """
    from vsphere_motion.model.rolling import RollingRequest

    window.require()
    for check_id in skip_checks:
        require_known("--skip-check", check_id)
    if cluster is None or each is None:
        raise click.UsageError("Give CLUSTER and --each COMMAND, or --resume ID.")
    try:
        words = tuple(shlex.split(each))
    except ValueError as problem:
        raise click.UsageError(f"--each cannot be taken apart into words: {problem}.") from None
    if not words:
        raise click.UsageError("--each has no words.")
    return RollingRequest(
        cluster=cluster,
        command=words,
        moves_powered_off=powered_off == "move",
        keeps_ha_reserve=not use_ha_reserve,
        skip_checks=skip_checks,
        window=window.written,
        **{name: value for name, value in given.items() if value is not None},
    )


def require_nothing_else(cluster: str | None, given: Mapping[str, Any]) -> None:
    """Refuse what a rolling that goes on knows already.

    Raises:
        UsageError: as the words say.
    """
    if cluster is not None or given["each"] is not None or given["window"] != NO_WINDOW:
        raise click.UsageError("--resume knows cluster, command and window; leave out CLUSTER, --each and --window.")
