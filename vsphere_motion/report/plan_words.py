"""Where the moves of a plan file bring their VMs, in words: the host, and whatever else changes."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.move import Move, Priority, sets_encryption
from vsphere_motion.model.plan_file import PlanFile
from vsphere_motion.planning.plan_places import written_moves
from vsphere_motion.report.route import destination_words


def destinations(plan: PlanFile) -> tuple[str, ...]:
    """Of each move, `esx05`, `esx05, files to fast`, or `files to fast` where the VM stays on its host."""
    moves = zip(plan.moves, written_moves(plan), strict=True)
    return tuple(one.destination.name if one.place is None else _words(move) for one, move in moves)


def _words(move: Move) -> str:
    words = destination_words(move) if move.changes else ""
    return ", ".join([word for word in (words, *_manners(move)) if word])


def _manners(move: Move) -> Iterator[str]:
    if sets_encryption(move) and move.destination.encryption is not None:
        yield f"encrypted vMotion {move.destination.encryption.value}"
    if move.manner.priority is not Priority.DEFAULT:
        yield f"priority {move.manner.priority.value}"
