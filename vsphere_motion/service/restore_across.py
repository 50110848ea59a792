"""The story of a restore between two vCenters: what a run has taken to the other one comes back.

Rules of this file: the VMs are where the run put them, so the other vCenter is the source now, and the one they came
from the destination; a VM is known by its instance UUID. What somebody else has moved since stays where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vsphere_motion.errors import BadInput
from vsphere_motion.model.elsewhere import elsewhere, here
from vsphere_motion.model.inventory import Inventory, Vm
from vsphere_motion.model.keepsakes import Keepsakes
from vsphere_motion.model.move import DiskPlacement, Move, NicPlacement, OtherVCenter, Placement
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.plan import Plan
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.model.request import MoveRequest
from vsphere_motion.planning.joined import joined
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
    other: VCenter, home: OtherSide, journal: Journal, run: str, request: MoveRequest, places: Places = NOWHERE
) -> Return:
    """The moves that bring the VMs of a run back, checked on both sides.

    Args:
        other: the vCenter that they were taken to, which they leave now.
        home: the vCenter that they came from.
        request: which checks are overridden, and whether tags and attributes come back too; where the run was to keep
            them, they do.

    Raises:
        BadInput: moves of the run are not finished, or it went elsewhere.
    """
    journaled = journal.load_run(run)
    _require_fitting(journaled, other, home)
    inventory = joined(other.snapshot(), home.vcenter.snapshot())
    by_uuid = {vm.instance_uuid: vm for vm in inventory.source.vms if vm.instance_uuid}
    moves: list[Move] = []
    settled: list[Outcome] = []
    lost: dict[MoRef, Keepsakes] = {}
    for item in _moved(journaled):
        vm = by_uuid.get(item.move.vm.instance_uuid or "")
        why = _why_left(inventory.source, item.move, vm)
        if vm is None or why:
            settled.append(Outcome(move=item.move, state=OutcomeState.UNCHANGED, note=why))
        else:
            moves.append(_back(inventory.source, vm, item.move, home.named))
            lost[vm.ref] = what_was_lost(item)
    moves = list(returning_with(other, moves, lost, request.wishes))
    plan = check_moves_across(other, home, inventory, moves, request, places)
    hosts = dict.fromkeys(move.destination.host.ref for move in moves if move.destination.host)
    return Return(plan=plan, settled=tuple(settled), hosts=tuple(hosts))


def _require_fitting(journaled: JournaledRun, other: VCenter, home: OtherSide) -> None:
    info, there = journaled.info, requires_other([item.move for item in _moved(journaled)])
    if not journaled.is_finished:
        raise BadInput(
            f"run {info.run} is not finished, so what it moves is not known yet",
            hint=f"end it with: vsphere-motion resume {info.run}, or: vsphere-motion cancel {info.run}",
        )
    if info.vcenter.instance_uuid != home.named.instance_uuid:
        raise BadInput(f"run {info.run} began at {info.vcenter.host}, not at {home.named.host}", hint="name that one")
    if there is None or there.instance_uuid != other.identity.instance_uuid:
        raise BadInput(f"run {info.run} took nothing to {other.identity.host}", hint="name the vCenter it went to")


def _moved(journaled: JournaledRun) -> Sequence[JournaledMove]:
    moved = [item for item in journaled.moves if item.outcome and item.outcome.state is OutcomeState.MOVED]
    return [item for item in moved if item.move.destination.vcenter is not None]


def _why_left(inventory: Inventory, move: Move, vm: Vm | None) -> str:
    """Why a VM does not come back; empty if it does."""
    put = move.destination.host
    if vm is None:
        return "it is not at the other vCenter any more"
    if put is None or vm.host != here(put.ref):
        now = inventory.name_of(vm.host)
        return f"somebody else has moved it since: it is on {now.name if now else 'no host'}"
    return ""


def _back(inventory: Inventory, vm: Vm, move: Move, home: OtherVCenter) -> Move:
    """The move to where the VM was: the same host, pool, folder, datastores and networks."""
    before = elsewhere(replace(move.source, vcenter=None), home.instance_uuid)
    now = move.destination
    source = Placement(
        host=inventory.name_of(vm.host),
        pool=inventory.name_of(vm.pool),
        folder=inventory.name_of(vm.folder),
        datastores=tuple(named for ref in vm.datastores or () if (named := inventory.name_of(ref))),
        config=_here(now.config),
        disks=tuple(replace(disk, datastore=_here(disk.datastore)) for disk in now.disks),
        nics=tuple(replace(nic, network=_here(nic.network)) for nic in now.nics),
    )
    wanted = replace(before, disks=_kept_formats(before.disks, now.disks), nics=_of_both(before.nics, now.nics))
    return Move(vm=vm.identity, source=source, destination=replace(wanted, vcenter=home), manner=move.manner)


def _kept_formats(before: tuple[DiskPlacement, ...], after: tuple[DiskPlacement, ...]) -> tuple[DiskPlacement, ...]:
    """The disks with the format they had, where the move has changed it."""
    changed = {disk.key for disk in after if disk.format is not None}
    return tuple(disk if disk.key in changed else replace(disk, format=None) for disk in before)


def _of_both(before: tuple[NicPlacement, ...], after: tuple[NicPlacement, ...]) -> tuple[NicPlacement, ...]:
    keys = {nic.key for nic in after}
    return tuple(nic for nic in before if nic.key in keys)


def _here(named: NamedRef | None) -> NamedRef | None:
    return None if named is None else replace(named, ref=here(named.ref))
