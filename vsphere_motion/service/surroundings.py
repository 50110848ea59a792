"""What the checks look at besides the snapshot: the account's privileges, the hosts' clocks, earlier moves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from vsphere_motion.errors import JournalError
from vsphere_motion.model.inventory import ConnectionState, Host, Inventory
from vsphere_motion.model.move import Change, Move
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.planning.privileges import privileges_of_moves, root_of
from vsphere_motion.preflight.surroundings import Lacking, RecentMove, Surroundings, VmLimits
from vsphere_motion.run.journal import FILE_NAME, Journal
from vsphere_motion.service.connection import VCenter

HISTORY = timedelta(days=1)
"""How far back the journal is read."""

CLOCKS = 64
"""Hosts that are asked for the time; each is a call, and a matrix may have hundreds of hosts."""

LIMITS = 256
"""Destinations that are asked for the most that a VM may have; each is a call. More than for the time, because a limit
decides whether a VM can move; of the others it is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the checks may look on this machine.

    Args:
        state_dir: the directory of the journal; None: earlier moves are not looked at.
    """

    state_dir: Path | None = None


NOWHERE = Places()


def look_around(
    vcenter: VCenter, inventory: Inventory, moves: Sequence[Move], places: Places = NOWHERE
) -> Surroundings:
    """The surroundings of these moves, in a number of calls that does not grow with the pairs of VM and host."""
    from vsphere_motion.vcenter.clocks import read_clocks
    from vsphere_motion.vcenter.privileges import read_missing

    real = [move for move in moves if not move.is_noop]
    missing = read_missing(vcenter.session, privileges_of_moves(inventory, real))
    return Surroundings(
        lacking=lacking(inventory, missing),
        recent_moves=read_recent_moves(places.state_dir, vcenter.identity.instance_uuid, inventory.taken_at - HISTORY),
        clocks=read_clocks(vcenter.session, [host.ref for host in _connected_hosts(inventory, real)[:CLOCKS]]),
        vm_limits=_limits(vcenter, _destinations(inventory, real)),
    )


def _limits(vcenter: VCenter, hosts: Sequence[Host]) -> tuple[VmLimits, ...]:
    """What each destination lets a VM have; of those that are too many to be asked nothing is known, which is said."""
    from vsphere_motion.vcenter.config_options import read_vm_limits

    unasked = (VmLimits(host=host.ref, max_video_bytes=None, max_cores_per_socket=None) for host in hosts[LIMITS:])
    return (*read_vm_limits(vcenter.session, hosts[:LIMITS]), *unasked)


def lacking(inventory: Inventory, missing: Mapping[MoRef, tuple[str, ...] | None]) -> tuple[Lacking, ...]:
    """What is missing, with names; objects where nothing is missing are left out."""
    root = root_of(inventory)
    return tuple(
        Lacking(object=root if root and ref == root.ref else _named(inventory, ref), privileges=privileges)
        for ref, privileges in missing.items()
        if privileges is None or privileges
    )


def read_recent_moves(state_dir: Path | None, vcenter_uuid: str, since: datetime) -> tuple[RecentMove, ...] | None:
    """The moves of this vCenter in the journal that ended since then; None if the journal cannot be read.

    A VM that has changed its pool, folder or networks alone has not moved. A directory without a journal has no moves,
    and none is made there.
    """
    if state_dir is None or not (state_dir / FILE_NAME).exists():
        return ()
    try:
        with closing(Journal(state_dir / FILE_NAME)) as journal:
            found = journal.moved_since(since, vcenter_uuid=vcenter_uuid)
    except JournalError:
        return None
    return tuple(
        RecentMove(
            vm=item.move.vm.ref,
            ended_at=item.outcome.completed_at,
            source=item.move.source.host,
            destination=item.move.destination.host,
            run=run,
        )
        for run, item in found
        if item.outcome is not None and item.outcome.completed_at is not None and item.move.changes & _MOVES
    )


_MOVES = frozenset({Change.HOST, Change.STORAGE, Change.VCENTER})


def _connected_hosts(inventory: Inventory, moves: Iterable[Move]) -> list[Host]:
    """The hosts of these moves that can be asked, each once."""
    return answering(inventory, (end for move in moves for end in (move.source.host, move.destination.host)))


def _destinations(inventory: Inventory, moves: Iterable[Move]) -> list[Host]:
    """The destinations of these moves that can be asked, each once."""
    return answering(inventory, (move.destination.host for move in moves))


def answering(inventory: Inventory, ends: Iterable[NamedRef | None]) -> list[Host]:
    """The hosts among these ends that can be asked, each once."""
    hosts = (inventory.find_host(ref) for ref in dict.fromkeys(end.ref for end in ends if end is not None))
    return [host for host in hosts if host and host.connection_state is ConnectionState.CONNECTED]


def _named(inventory: Inventory, ref: MoRef) -> NamedRef:
    named = inventory.name_of(ref)
    assert named is not None, "a reference has at least its moid for a name"
    return named
