"""What a plan changes before its moves start, said beforehand and done once: new folders, encrypted vMotion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from vsphere_motion.model.move import Move, sets_encryption
from vsphere_motion.model.plan import Plan, PlannedMove
from vsphere_motion.model.refs import NamedRef
from vsphere_motion.service.connection import VCenter


def preparation_notes(moves: Iterable[Move]) -> tuple[str, ...]:
    """What will be changed before the moves, in words."""
    return tuple(dict.fromkeys(line for move in moves for line in _notes(move)))


def prepared(vcenter: VCenter, plan: Plan) -> Plan:
    """The same plan after everything is changed that it changes before its moves; nothing where nothing is asked for.

    Calls: those of `vcenter.preparations`.

    Raises:
        VCenterFault, PermissionMissing: vCenter refused; nothing was moved.
    """
    starting = {id(planned) for planned in plan.runnable()}
    going = [planned for planned in plan.moves if id(planned) in starting]
    if plan.blocked() and not plan.partial:
        return plan
    folders = _made_folders(vcenter, [planned.move for planned in going])
    _set_encryption(vcenter, [*going, *plan.unchanged()])
    moves = (_placed(planned, folders) if id(planned) in starting else planned for planned in plan.moves)
    return replace(plan, moves=tuple(moves))


def _notes(move: Move) -> Iterator[str]:
    to = move.destination
    if to.new_folder and to.folder is not None:
        yield f"the folder {to.new_folder} will be made in {to.folder.name}"
    if sets_encryption(move) and to.encryption is not None:
        now = move.source.encryption.value if move.source.encryption else "unread"
        yield f"encrypted vMotion of {move.vm.name} is {now}, and will be set to {to.encryption.value}"


def _made_folders(vcenter: VCenter, moves: Sequence[Move]) -> dict[tuple[NamedRef, str], NamedRef]:
    """Each new folder, made once however many moves go there."""
    wanted = dict.fromkeys(
        (move.destination.folder, move.destination.new_folder)
        for move in moves
        if move.destination.new_folder and move.destination.folder is not None
    )
    if not wanted:
        return {}
    from vsphere_motion.vcenter.preparations import make_folders

    return {(parent, path): make_folders(vcenter.session, parent, path) for parent, path in wanted if parent}


def _set_encryption(vcenter: VCenter, planned: Sequence[PlannedMove]) -> None:
    moves = [one.move for one in planned if sets_encryption(one.move)]
    if not moves:
        return
    from vsphere_motion.vcenter.preparations import set_encryption

    for move in moves:
        assert move.destination.encryption is not None, "what is set has a value"
        set_encryption(vcenter.session, move.vm, move.destination.encryption)


def _placed(planned: PlannedMove, folders: dict[tuple[NamedRef, str], NamedRef]) -> PlannedMove:
    to = planned.move.destination
    made = folders.get((to.folder, to.new_folder)) if to.folder else None
    if made is None:
        return planned
    return replace(planned, move=replace(planned.move, destination=replace(to, folder=made, new_folder="")))
