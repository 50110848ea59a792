"""The options of a run in the words of a door: what was not said keeps its default."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from vsphere_motion.errors import UsageProblem
from vsphere_motion.run.halt import HaltRule
from vsphere_motion.run.limits import OnInterrupt, OnStall, Patience
from vsphere_motion.run.pause import PauseRule
from vsphere_motion.service.options import RunOptions

MOST_PERCENT = 100
_FAILED = re.compile(r"failed=(?P<number>[0-9]{1,9})(?P<percent>%?)")


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
    max_stun_of: Sequence[tuple[str, float]] = (),
    canary: int | None = None,
    halt_on: str | None = None,
    pause_after: str | None = None,
    logs: str | None = None,
) -> RunOptions:
    """How the plan is run; what was not given keeps its default.

    Args:
        max_stun_of: the longest that guests of VMs named by a selector may stand still.

    Raises:
        UsageProblem: a stun budget is given, and the logs that measure a stun are not to be read; or a rule for
            halting or pausing cannot be read.
    """
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
    halt = HaltRule(max_stun_s=max_stun_s, canary=canary or 0, **_failures(halt_on))
    pause = _pause(pause_after, canary)
    if logs == "none" and (max_stun_s is not None or max_stun_of):
        raise UsageProblem("--max-stun is measured by the hosts' logs: it does not go with --logs none")
    given |= {"read_logs": logs != "none", "keep_log_lines": logs != "summary"}
    budgets = tuple(max_stun_of)
    return RunOptions(patience=Patience(**patience), halt=halt, stun_budgets=budgets, pause=pause, **given)


def _failures(text: str | None) -> dict[str, Any]:
    """The fields of a halt rule that `failed=2` or `failed=10%` sets."""
    if text is None:
        return {}
    match = _FAILED.fullmatch(text)
    number = int(match["number"]) if match else 0
    if match is None or number < 1 or (match["percent"] and number > MOST_PERCENT):
        raise UsageProblem(f"--halt-on {text} is no rule", hint="give failed=2, or failed=10% of the run's moves")
    return {"failed_percent": float(number)} if match["percent"] else {"failed": number}


def _pause(text: str | None, canary: int | None) -> PauseRule:
    """After what the run pauses: a number of moves, the canary moves, or each wave."""
    if text is None:
        return PauseRule()
    if text == "wave":
        return PauseRule(wave=True)
    if text == "canary":
        if not canary:
            raise UsageProblem("--pause-after canary needs to know how many moves that is", hint="add --canary N")
        return PauseRule(first=canary)
    if not text.isdecimal() or int(text) < 1:
        raise UsageProblem(f"--pause-after {text} is no place to pause", hint="give a number of moves, canary, or wave")
    return PauseRule(every=int(text))


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
