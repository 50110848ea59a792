"""The story of a restore between two vCenters: what a run has taken to the other one comes back.

Rules of this file: the VMs are where the run put them, so the other vCenter is the source now, and the one they came
from the destination; a VM is known by its instance UUID. What somebody else has moved since stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from vsphere_motion.errors import BadInput
from vsphere_motion.model.elsewhere import elsewhere, home
from vsphere_motion.model.inventory import Inventory, Vm
from vsphere_motion.model.keepsakes import Keepsakes
from vsphere_motion.model.move import DiskPlacement, Move, NicPlacement, OtherVCenter, Placement, sets_encryption
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.plan import Plan
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.request import MoveRequest
from vsphere_motion.planning.changed import Aspect, Changed, Present, changes_of, is_same, name_of, value_of
from vsphere_motion.planning.joined import joined
from vsphere_motion.planning.restore_lines import HOST, NOT_WRITTEN, foreign_words
from vsphere_motion.run.journal import Journal, JournaledMove, JournaledRun
from vsphere_motion.service.across import OtherSide, check_moves_across, requires_other
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.keepsakes import returning_with, what_was_lost
from vsphere_motion.service.surroundings import NOWHERE, Places


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """What comes back.

    Args:
        plan: the moves, which begin at the other vCenter.
        settled: what becomes of the VMs that do not come.
        hosts: the hosts that they come back to.
    """

    plan: Plan
    settled: tuple[Outcome, ...]
    hosts: tuple[MoRef, ...]

    @property
    def has_blocked(self) -> bool:
        """Whether a VM that should come back cannot, before any check."""
        return any(outcome.state is OutcomeState.BLOCKED for outcome in self.settled)


def went_to(journal: Journal, run: str) -> OtherVCenter | None:
    """The other vCenter that a run has taken VMs to; None if it took none there, or there is no such run.

    Raises:
        Ambiguous: several runs begin so.
    """
    from vsphere_motion.errors import NotFound

    try:
        return requires_other([item.move for item in _moved(journal.load_run(run))])
    except NotFound:
        return None


def prepare_return(
    other: VCenter, origin: OtherSide, journal: Journal, run: str, request: MoveRequest, places: Places = NOWHERE
) -> Return:
    """The moves that bring the VMs of a run back, checked on both sides.

    Args:
        other: the vCenter that they were taken to, which they leave now.
        origin: the vCenter that they came from.
        request: which checks are overridden, and whether tags and attributes come back too; where the run was to keep
            them, they do.

    Raises:
        BadInput: moves of the run are not finished, or it went elsewhere.
    """
    journaled = journal.load_run(run)
    _require_fitting(journaled, other, origin)
    inventory = joined(other.snapshot(), origin.vcenter.snapshot())
    by_uuid = {vm.instance_uuid: vm for vm in inventory.source.vms if vm.instance_uuid}
    present = Present(inventory.source)
    moves: list[Move] = []
    settled: list[Outcome] = []
    lost: dict[MoRef, Keepsakes] = {}
    for item in _moved(journaled):
        vm = by_uuid.get(item.move.vm.instance_uuid or "")
        place = present.of(vm) if vm else None
        stays = _left(item.move, place) or _impossible(inventory, item.move, place, origin.named)
        if vm is None or place is None or stays:
            settled += [stays] if stays else []
        else:
            moves.append(_back(vm, place, item.move, origin.named))
            lost[vm.ref] = what_was_lost(item)
    moves = list(returning_with(other, moves, lost, request.wishes))
    plan = check_moves_across(other, origin, inventory, moves, request, places)
    hosts = dict.fromkeys(move.destination.host.ref for move in moves if move.destination.host)
    said = tuple(f"{one.move.vm.name}: {one.note}" for one in settled)
    plan = replace(plan, notes=(*plan.notes, *said))
    return Return(plan=plan, settled=tuple(settled), hosts=tuple(hosts))


def _require_fitting(journaled: JournaledRun, other: VCenter, origin: OtherSide) -> None:
    info, there = journaled.info, requires_other([item.move for item in _moved(journaled)])
    if not journaled.is_finished:
        raise BadInput(
            f"run {info.run} is not finished, so what it moves is not known yet",
            hint=f"end it with: vsphere-motion resume {info.run}, or: vsphere-motion cancel {info.run}",
        )
    if info.vcenter.instance_uuid != origin.named.instance_uuid:
        raise BadInput(f"run {info.run} began at {info.vcenter.host}, not at {origin.named.host}", hint="name that one")
    if there is None or there.instance_uuid != other.identity.instance_uuid:
        raise BadInput(f"run {info.run} took nothing to {other.identity.host}", hint="name the vCenter it went to")


def _moved(journaled: JournaledRun) -> Sequence[JournaledMove]:
    moved = [item for item in journaled.moves if item.outcome and item.outcome.state is OutcomeState.MOVED]
    return [item for item in moved if item.move.destination.vcenter is not None]


def _left(move: Move, now: Placement | None) -> Outcome | None:
    """The outcome of a VM that is not where it was put any more, or of which somebody else has changed something."""
    words = "it is not at the other vCenter any more"
    if now is not None:
        words = next((line for one in changes_of(move) if (line := _foreign(one, now))), "")
    return Outcome(move=move, state=OutcomeState.UNCHANGED, note=f"left where it is: {words}") if words else None


def _foreign(changed: Changed, now: Placement) -> str:
    """What somebody else has done to a thing; a storage policy is not looked at."""
    thing = changed.thing
    seen = value_of(now, thing)
    if thing.aspect is Aspect.POLICY or is_same(seen, home(changed.put)):
        return ""
    if thing == HOST:
        return f"somebody else has moved it since: it is on {name_of(seen) if seen else 'no host'}"
    return f"{thing.words}: {foreign_words(changed)}"


def _impossible(inventory: Inventory, move: Move, now: Placement | None, there: OtherVCenter) -> Outcome | None:
    """The outcome of a VM whose old place is not known, or not there any more."""
    lacking = [f"{one.thing.words}: {NOT_WRITTEN}" for one in changes_of(move) if one.before is None]
    lacking += [
        f"{name} no longer exists at {there.host}"
        for ref, name in _objects(elsewhere(move.source, there.instance_uuid))
        if not inventory.knows(ref)
    ]
    known = {disk.key for disk in move.source.disks}
    lacking += [
        f"{disk.label} is new, and has no place there" for disk in (now.disks if now else ()) if disk.key not in known
    ]
    if not lacking:
        return None
    note = f"it cannot come back: {'; '.join(dict.fromkeys(lacking))}"
    return Outcome(move=move, state=OutcomeState.BLOCKED, note=note)


def _objects(placement: Placement) -> Iterator[tuple[MoRef, str]]:
    """Everything that a placement names."""
    disks, nics = (disk.datastore for disk in placement.disks), (nic.network for nic in placement.nics)
    for named in (placement.host, placement.pool, placement.folder, placement.config, *disks, *nics):
        if named is not None:
            yield named.ref, named.name


def _back(vm: Vm, now: Placement, move: Move, there: OtherVCenter) -> Move:
    """The move to where the VM was: the same host, pool, folder, datastores and networks."""
    before = elsewhere(replace(move.source, vcenter=None), there.instance_uuid)
    wanted = replace(
        before,
        disks=_kept_formats(before.disks, move.destination.disks),
        nics=_of_both(before.nics, move.destination.nics),
        encryption=before.encryption if sets_encryption(move) else None,
        vcenter=there,
    )
    return Move(vm=vm.identity, source=now, destination=wanted, manner=move.manner)


def _kept_formats(before: tuple[DiskPlacement, ...], after: tuple[DiskPlacement, ...]) -> tuple[DiskPlacement, ...]:
    """The disks with the format they had, where the move has changed it."""
    changed = {disk.key for disk in after if disk.format is not None}
    return tuple(disk if disk.key in changed else replace(disk, format=None) for disk in before)


def _of_both(before: tuple[NicPlacement, ...], after: tuple[NicPlacement, ...]) -> tuple[NicPlacement, ...]:
    keys = {nic.key for nic in after}
    return tuple(nic for nic in before if nic.key in keys)
