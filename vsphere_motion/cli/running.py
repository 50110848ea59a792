"""The options of every command that watches a run: how many moves at once, how long anything is waited for."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from vsphere_motion.cli.requests import duration_option
from vsphere_motion.errors import UsageProblem

if TYPE_CHECKING:
    from vsphere_motion.service.migrate import RunOptions


def running_options(function: Callable[..., int]) -> Callable[..., int]:
    """Declare the options of a run; the command gets them as `options`, a `RunOptions`."""

    @functools.wraps(function)
    def with_options(*args: Any, **values: Any) -> int:
        own = {name: values.pop(name) for name in _NAMES}
        return function(*args, options=run_options(**own), **values)

    for declare in reversed(_DECLARATIONS):
        declare(with_options)
    return with_options


def run_options(
    *,
    max_concurrent: int | None = None,
    timeout_s: float | None = None,
    outage_limit_s: float | None = None,
    stall_after_s: float | None = None,
    on_stall: str | None = None,
    limit_per_gib_s: float | None = None,
    on_interrupt: str | None = None,
    drs_override: bool | None = None,
    max_stun_s: float | None = None,
    canary: int | None = None,
    logs: str | None = None,
) -> RunOptions:
    """How the plan is run; what was not given keeps its default.

    Raises:
        UsageProblem: a stun budget is given, and the logs that measure a stun are not to be read.
    """
    from vsphere_motion.run.halt import HaltRule
    from vsphere_motion.run.limits import OnInterrupt, OnStall, Patience
    from vsphere_motion.service.migrate import RunOptions

    patience = _given(
        stall_after_s=stall_after_s,
        on_stall=None if on_stall is None else OnStall(on_stall),
        limit_s_per_gib=limit_per_gib_s,
    )
    given = _given(
        max_concurrent=max_concurrent,
        timeout_s=timeout_s,
        outage_limit_s=outage_limit_s,
        on_interrupt=None if on_interrupt is None else OnInterrupt(on_interrupt),
        drs_override=drs_override,
    )
    halt = HaltRule(max_stun_s=max_stun_s, canary=canary or 0)
    if logs == "none" and max_stun_s is not None:
        raise UsageProblem("--max-stun is measured by the hosts' logs: it does not go with --logs none")
    given |= {"read_logs": logs != "none", "keep_log_lines": logs != "summary"}
    return RunOptions(patience=Patience(**patience), halt=halt, **given)


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


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
    "canary",
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
        "--canary", type=click.IntRange(min=1), metavar="N", help="The first N migrations go alone, and must end well."
    ),
    click.option(
        "--logs",
        type=click.Choice(["none", "summary", "full"]),
        help="Read the hosts' logs after each migration; summary keeps no lines [full].",
    ),
)
