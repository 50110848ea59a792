"""The options of every command that watches a run: how many moves at once, how long anything is waited for."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from vsphere_motion.cli.requests import duration_option
from vsphere_motion.settings import parse_duration

if TYPE_CHECKING:
    from vsphere_motion.service.options import RunOptions


def running_options(function: Callable[..., int]) -> Callable[..., int]:
    """Declare the options of a run; the command gets them as `options`, a `RunOptions`."""

    @functools.wraps(function)
    def with_options(*args: Any, **values: Any) -> int:
        own = {name: values.pop(name) for name in _NAMES}
        return function(*args, options=run_options(**own), **values)

    for declare in reversed(_DECLARATIONS):
        declare(with_options)
    return with_options


def run_options(**words: Any) -> RunOptions:
    """How the plan is run; as `service.run_options.run_options`."""
    from vsphere_motion.service.run_options import run_options as of_words

    return of_words(**words)


def _budgets(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, float], ...]:
    """Selectors with a duration each."""
    return tuple(_budget(context, parameter, value) for value in values)


def _budget(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, float]:
    selector, equals, duration = value.rpartition("=")
    if not selector or not equals:
        raise click.BadParameter(f"{value} is not SELECTOR=DURATION", ctx=context, param=parameter)
    try:
        return selector, parse_duration(duration)
    except ValueError as problem:
        raise click.BadParameter(str(problem), ctx=context, param=parameter) from None


_NAMES = (
    "max_concurrent",
    "timeout_s",
    "outage_limit_s",
    "stall_after_s",
    "on_stall",
    "limit_per_gib_s",
    "on_interrupt",
    "drs_override",
    "max_stun_s",
    "max_stun_of",
    "canary",
    "halt_on",
    "pause_after",
    "logs",
)
_DECLARATIONS = (
    click.option("--max-concurrent", type=click.IntRange(min=1), metavar="N", help="Migrations at once [4]."),
    duration_option("timeout", "Stop watching after this; what runs goes on in vCenter."),
    duration_option("outage-limit", "Wait this long for a vCenter that is away [1h]."),
    duration_option("stall-after", "Say so when a running migration makes no progress for this long [150s]."),
    click.option(
        "--on-stall", type=click.Choice(["report", "cancel"]), help="What to do with such a migration [report]."
    ),
    duration_option("limit-per-gib", "Treat a migration as stalled that runs longer than this per GiB of memory."),
    click.option(
        "--on-interrupt",
        type=click.Choice(["watch", "cancel"]),
        help="What the first Ctrl-C does with running migrations [watch].",
    ),
    click.option("--drs-override", is_flag=True, help="Keep DRS away from the VMs while the run lasts."),
    duration_option("max-stun", "Start nothing more once a guest stood still for longer, such as 500ms (exit code 9)."),
    click.option(
        "--max-stun-of",
        multiple=True,
        metavar="SELECTOR=DURATION",
        callback=_budgets,
        help="The same for what this names, such as tag:tier/gold=200ms (repeatable).",
    ),
    click.option(
        "--canary", type=click.IntRange(min=1), metavar="N", help="The first N migrations go alone, and must end well."
    ),
    click.option(
        "--halt-on",
        metavar="failed=N",
        help="Start nothing more once so many migrations failed, also failed=10% of them (exit code 9).",
    ),
    click.option(
        "--pause-after",
        metavar="N|canary|wave",
        help="Wait for Enter after each N migrations, the canaries or each wave; without a terminal leave (code 9).",
    ),
    click.option(
        "--logs",
        type=click.Choice(["none", "summary", "full"]),
        help="Read the hosts' logs after each migration; summary keeps no lines [full].",
    ),
)
