"""A plan from a file as people read it: the moves in their order, who cannot go and why, and what it takes."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.cli.columns import aligned
from vsphere_motion.cli.console import safe
from vsphere_motion.model.plan_file import PlanFile, PlanKind, PlanMove, PlanStuck
from vsphere_motion.planning.plan_diff import PlanChange
from vsphere_motion.report.plan_words import destinations
from vsphere_motion.report.units import format_duration

HEADER = ("MOVE", "WAVE", "VM", "FROM", "TO", "TAKES", "AFTER")
WINDOW, REASON = "WINDOW", "REASON"
EMPTYING = frozenset({PlanKind.EVACUATE, PlanKind.ROLLING})
MOST_SHOWN = 200
"""Moves that a table shows; a plan of thousands is for `-o json` and `plan export`."""


def plan_file_lines(plan: PlanFile) -> Iterator[str]:
    """The whole plan."""
    if plan.kind is PlanKind.ROLLING:
        yield from _stage_lines(plan)
    elif plan.moves:
        timed, ends = any(move.window for move in plan.moves), destinations(plan)
        rows = [_row(number, move, ends[number], timed=timed) for number, move in enumerate(plan.moves[:MOST_SHOWN])]
        yield from aligned([(*HEADER, *((WINDOW,) if timed else ()), REASON), *rows])
        if len(plan.moves) > MOST_SHOWN:
            yield f"... and {len(plan.moves) - MOST_SHOWN} more moves"
        yield from _finding_lines(plan)
    yield from stuck_lines(plan)
    yield from _left_lines(plan)
    if plan.to_vcenter is not None:
        yield f"to the vCenter {safe(plan.to_vcenter.host)}, whose certificate is {safe(plan.to_vcenter.thumbprint)}"
    if plan.note:
        yield f"note: {safe(plan.note)}"
    yield summary_of(plan)


def _stage_lines(plan: PlanFile) -> Iterator[str]:
    """How each host is emptied when it is its turn, and what the checks found, each thing once."""
    for stage, host in enumerate(plan.hosts):
        rows = [
            _row(number, move, move.destination.name, timed=False)
            for number, move in enumerate(plan.moves)
            if move.stage == stage
        ]
        yield f"{safe(host.name)}:{'' if rows else ' nothing to move'}"
        yield from (f"  {line}" for line in aligned([(*HEADER, REASON), *rows[:MOST_SHOWN]]) if rows)
    if plan.choices.rolling and plan.choices.rolling.window:
        yield f"No move starts and no host is begun outside of {safe(plan.choices.rolling.window)}."
    yield from _finding_lines(plan)


def stuck_lines(plan: PlanFile) -> Iterator[str]:
    """Every VM that cannot go, and why, host by host."""
    if plan.stuck:
        verb = "leave" if plan.kind in EMPTYING else "move"
        yield f"These VMs cannot {verb}:"
    for stuck in plan.stuck:
        yield from _stuck_lines(stuck)


def summary_of(plan: PlanFile) -> str:
    """`12 moves in 2 waves, about 3m 20s; 1 VM cannot move.`"""
    count, waves = len(plan.moves), len({move.wave for move in plan.moves})
    parts = [f"{_counted(count, 'move')} in {_counted(waves, 'wave')}" if count else "nothing to move"]
    if count and plan.estimate is not None:
        parts.append(f"about {format_duration(plan.estimate.makespan_s)}")
    if plan.evenness is not None:
        even = plan.evenness
        parts.append(f"unevenness of {even.goal} {even.before_percent:g} -> {even.after_percent:g} points")
    if plan.stuck:
        parts.append(f"{_counted(len(plan.stuck), 'VM')} cannot move")
    if plan.left:
        parts.append(f"{_counted(len(plan.left), 'VM')} left on purpose")
    return f"{', '.join(parts)}."


def change_lines(changes: tuple[PlanChange, ...]) -> Iterator[str]:
    """What is different between two plans."""
    rows = [("VM", "BEFORE", "AFTER")]
    rows += [(safe(one.name), _way(one.before), _way(one.after)) for one in changes]
    yield from aligned(rows) if changes else iter(("The plans move the same VMs to the same places.",))


def _row(number: int, move: PlanMove, end: str, *, timed: bool) -> tuple[str, ...]:
    return (
        str(number),
        str(move.wave + 1),
        safe(move.vm.name),
        safe(move.source.name),
        safe(end),
        format_duration(move.estimate.duration_s),
        " ".join(map(str, move.relies_on[:4])) + (" ..." if len(move.relies_on) > 4 else "") or "-",
        *((safe(move.window or "any time"),) if timed else ()),
        safe(move.reason),
    )


def _finding_lines(plan: PlanFile) -> Iterator[str]:
    """What is to be known of the moves, each thing once, however many moves it concerns."""
    yield from dict.fromkeys(
        f"{finding.severity.value}: {safe(finding.message)} [{safe(finding.id)}]"
        for move in plan.moves[:MOST_SHOWN]
        for finding in move.findings
    )


def _stuck_lines(stuck: PlanStuck) -> Iterator[str]:
    yield f"  {safe(stuck.vm.name)} on {safe(stuck.host.name)}{': ' + safe(stuck.note) if stuck.note else ''}"
    for one in stuck.reasons:
        yield f"    {safe(one.host.name)}: {safe(one.reason)}"


def _left_lines(plan: PlanFile) -> Iterator[str]:
    for one in plan.left:
        yield f"left: {safe(one.vm.name)} on {safe(one.host.name)}: {safe(one.why)}"


def _way(hosts: tuple[str, ...]) -> str:
    return " -> ".join(map(safe, hosts)) or "stays"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
