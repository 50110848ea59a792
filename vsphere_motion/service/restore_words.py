"""A restore in words and data: its document, and what the report says of what does not go back."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.move import Move, Placement
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.refs import NamedRef
from vsphere_motion.planning.changed import name_of
from vsphere_motion.planning.restore_lines import HOST, Back, BackLine, BackThing, why_of
from vsphere_motion.planning.restore_moves import part_of


def difference_document(
    runs: tuple[str, ...], leaving: tuple[NamedRef, ...], lines: tuple[BackLine, ...]
) -> dict[str, object]:
    """The difference as `vsphere-motion/restoration/v1`.

    Args:
        leaving: hosts that leave maintenance mode before.
    """
    return {
        "schema": "vsphere-motion/restoration/v1",
        "runs": list(runs),
        "exit_maintenance": [{"name": host.name, "moid": host.moid} for host in leaving],
        "vms": [
            {
                "vm": {"name": line.taken.vm.name, "moid": line.taken.vm.moid},
                "now": line.now.name if line.now else None,
                "back_to": line.taken.origin.name,
                "put_on": line.taken.put.name,
                "state": line.back.value,
                "why": line.why,
                "things": [_thing(one) for one in line.things],
            }
            for line in lines
        ],
    }


def _thing(one: BackThing) -> dict[str, object]:
    changed = one.changed
    return {
        "what": one.words,
        "now": None if one.now is None else name_of(one.now),
        "back_to": None if changed.before is None else name_of(changed.before),
        "put_on": name_of(changed.put),
        "state": one.back.value,
        "why": one.why,
    }


def outcomes_of(line: BackLine) -> Iterator[Outcome]:
    """What the report says of a VM that does not go back, and of what is left of one that goes in part."""
    blocked, left = line.of(Back.CANNOT), line.of(Back.LEFT)
    if blocked:
        has_host = any(one.changed.thing == HOST for one in blocked)
        where = f" to {line.taken.origin.name}" if has_host else ""
        note = f"it cannot go back{where}: {_reason(line, blocked)}"
        yield Outcome(move=part_of(line, blocked), state=OutcomeState.BLOCKED, note=note)
    if left:
        note = f"left where it is: {_reason(line, left)}"
        yield Outcome(move=_staying(line), state=OutcomeState.UNCHANGED, note=note)
    if line.back is Back.THERE:
        yield Outcome(move=_staying(line), state=OutcomeState.UNCHANGED, note=line.why)


def _reason(line: BackLine, things: tuple[BackThing, ...]) -> str:
    """One reason in short where it is that of the whole VM; else each with what it is about."""
    reasons = {one.why for one in things}
    is_whole = len(things) == len(line.things) and len(reasons) == 1
    is_host = [one.changed.thing for one in things] == [HOST]
    return reasons.pop() if is_whole or is_host else why_of(things)


def _staying(line: BackLine) -> Move:
    """The move of what stays as it is; of a VM that goes in part, on the host that it goes to."""
    host = line.taken.origin if line.changes_host else line.now
    return Move(vm=line.taken.vm, source=Placement(host=host), destination=Placement(host=host))
