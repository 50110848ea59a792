"""What has to be asked of vCenter about files before moves can be checked: storage policies, and Storage DRS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vsphere_motion.errors import VCenterFault
from vsphere_motion.model.inventory import DatastoreCluster, Inventory
from vsphere_motion.model.move import Change, Move, Placement, StoragePolicy
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.model.request import Placing, Wishes
from vsphere_motion.planning.changed import PoliciesNow
from vsphere_motion.planning.named import Sort
from vsphere_motion.service.connection import VCenter

_SILENT = "Storage DRS recommends no datastore for"
_OURS = "it was chosen by free space"


def find_policy(vcenter: VCenter, wishes: Wishes) -> StoragePolicy | None:
    """The storage policy that is asked for; None where none is, and nothing is asked of vCenter.

    Raises:
        NotFound, Ambiguous: the name is no policy's, or that of several.
    """
    if not wishes.policy:
        return None
    from vsphere_motion.vcenter.storage_policies import PolicyService

    with PolicyService(vcenter.session) as service:
        policies = tuple(map(_Named, service.read_all()))
    return Sort(noun="storage policy", plural="storage policies", members=policies).one_of(wishes.policy).policy


def with_policies(vcenter: VCenter, moves: Sequence[Move], wishes: Wishes) -> tuple[Move, ...]:
    """The same moves with the policies that their files have now, so that only what differs is asked for."""
    if not wishes.policy or not moves:
        return tuple(moves)
    keys = [(move.vm.ref, key) for move in moves for key in (None, *(disk.key for disk in move.source.disks))]
    found = read_policies(vcenter, keys).of
    return tuple(
        replace(
            move,
            source=replace(
                move.source,
                config_policy=found.get((move.vm.ref, None)),
                disks=tuple(replace(disk, policy=found.get((move.vm.ref, disk.key))) for disk in move.source.disks),
            ),
        )
        for move in moves
    )


def read_policies(vcenter: VCenter, keys: Sequence[tuple[MoRef, int | None]]) -> PoliciesNow:
    """The storage policies that there are, and those that files have.

    Args:
        keys: the files, by VM and device key of a disk; None stands for the configuration.
    """
    from vsphere_motion.vcenter.storage_policies import PolicyService

    with PolicyService(vcenter.session) as service:
        every = service.read_all()
        return PoliciesNow(known=frozenset(one.id for one in every), of=service.read_of(keys, every))


def with_storage_drs(
    vcenter: VCenter, inventory: Inventory, moves: Sequence[Move], wishes: Wishes
) -> tuple[tuple[Move, ...], tuple[str, ...]]:
    """The same moves, to the datastores that Storage DRS recommends of a cluster of datastores; and what to say of it.

    A VM with files in the cluster already keeps the place that planning chose, beside them.
    """
    cluster = _cluster(inventory, wishes)
    if cluster is None or wishes.placing is Placing.OURS or not any(Change.STORAGE in move.changes for move in moves):
        return tuple(moves), ()
    if cluster.sdrs_enabled is False:
        return tuple(moves), (f"Storage DRS is off for {cluster.name}: the datastores were chosen by free space",)
    members = {one.ref for one in inventory.datastores if one.parent == cluster.ref}
    placed, notes = [], []
    for move in moves:
        found, note = _recommended(vcenter, inventory, move, cluster, members)
        placed.append(found)
        notes += [note] if note else []
    return tuple(placed), tuple(notes)


def offline_notes(inventory: Inventory, wishes: Wishes) -> tuple[str, ...]:
    """What is to be said of datastores that were chosen without a vCenter."""
    cluster = _cluster(inventory, wishes)
    if cluster is None or wishes.placing is Placing.OURS:
        return ()
    return (
        f"Storage DRS of {cluster.name} was not asked, without a vCenter: the datastores were chosen by free space",
    )


class _Named:
    """A policy as `planning.named` looks things up: its identifier stands for a moid, and it has no path."""

    path = None

    def __init__(self, policy: StoragePolicy) -> None:
        self.policy = policy
        self.name = policy.name
        self.ref = MoRef(kind="StoragePolicy", moid=policy.id)


def _cluster(inventory: Inventory, wishes: Wishes) -> DatastoreCluster | None:
    if not wishes.to_datastore:
        return None
    found = Sort(noun="datastore cluster", members=inventory.datastore_clusters).all_of(wishes.to_datastore)
    return found[0] if len(found) == 1 else None


def _recommended(
    vcenter: VCenter, inventory: Inventory, move: Move, cluster: DatastoreCluster, members: set[MoRef]
) -> tuple[Move, str]:
    """The move to the recommended datastore; with words where there is no recommendation."""
    from vsphere_motion.vcenter.storage_drs import recommended_datastore

    has_some_there = any(store.ref in members for store in move.source.datastores)
    if Change.STORAGE not in move.changes or has_some_there:
        return move, ""
    named = NamedRef(ref=cluster.ref, name=cluster.name)
    try:
        ref = recommended_datastore(vcenter.session, move, named)
    except VCenterFault as fault:
        return (
            move,
            f"{_SILENT} {move.vm.name} ({fault.message}); {_OURS}",
        )
    store = inventory.name_of(ref)
    if store is None:
        return move, f"{_SILENT} {move.vm.name}; {_OURS}"
    return replace(move, destination=_moved(move.destination, members, store)), ""


def _moved(wanted: Placement, members: set[MoRef], store: NamedRef) -> Placement:
    """The same with everything that goes to a member of the cluster on another member."""

    def placed(named: NamedRef | None) -> NamedRef | None:
        return store if named is not None and named.ref in members else named

    disks = tuple(replace(disk, datastore=placed(disk.datastore)) for disk in wanted.disks)
    stores = (placed(one) for one in wanted.datastores)
    return replace(
        wanted,
        config=placed(wanted.config),
        disks=disks,
        datastores=tuple(dict.fromkeys(one for one in stores if one is not None)),
    )
