"""A request for another vCenter to moves: who goes is looked up in the source, where to in the destination.

Rules of this file: nothing is taken for granted between two vCenters. Every file has to have a datastore that was
named, by an option or by the mapping file; the pool follows from the host, the folder is the one of the same path where
there is one, and else the topmost. An adapter keeps its network by name alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC

from vsphere_motion.errors import BadInput, UsageProblem
from vsphere_motion.model.inventory import DeviceKind, Inventory, Vm
from vsphere_motion.model.list_file import LineProblem, ListFile, ListLine
from vsphere_motion.model.mapping import NO_MAPPING, VCenterMapping
from vsphere_motion.model.move import Move, OtherVCenter, Placement, StoragePolicy
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.model.request import NO_WISHES, DiskWish, MoveRequest, NetworkWish, Wishes
from vsphere_motion.model.selection import NO_TAGS, Selected, Tagged
from vsphere_motion.planning.across_lines import Problems, named_vms
from vsphere_motion.planning.destinations import Destinations
from vsphere_motion.planning.file_places import config_store, disks_of
from vsphere_motion.planning.joined import JoinedInventory
from vsphere_motion.planning.list_file import unusable_lines
from vsphere_motion.planning.list_wishes import is_store, wishes_of
from vsphere_motion.planning.lookup import VmIndex
from vsphere_motion.planning.mapping_names import below_top, mapping_problems
from vsphere_motion.planning.places import find_host, names_cluster, names_host
from vsphere_motion.planning.resolve import find_obstacle
from vsphere_motion.planning.selection import select
from vsphere_motion.planning.time_window import parse_window


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """What is asked of VMs that go to another vCenter.

    Args:
        request: who goes, and the destination in the person's words.
        other: the destination.
        mapping: what the source's objects are called there.
        tagged: what carries the tags that the request names.
        policy: the storage policy that it names, looked up at the destination.
    """

    request: MoveRequest
    other: OtherVCenter
    mapping: VCenterMapping = NO_MAPPING
    tagged: Tagged = field(default_factory=lambda: NO_TAGS)
    policy: StoragePolicy | None = None


def resolve_across(inventory: JoinedInventory, journey: Journey) -> tuple[tuple[Move, ...], Selected]:
    """The moves that a request asks for, in its order, and what each of its words matched.

    Raises:
        NotFound, Ambiguous, BadInput: a word cannot be used.
        UsageProblem: several cannot, for different reasons; the details have them all.
    """
    source, request = inventory.source, journey.request
    if request.listed is not None:
        _require_usable(inventory, request.listed)
    words = request.selectors if request.listed is None else tuple(line.vm for line in request.listed.lines)
    arrived = _arrived(inventory, words)
    named = named_vms(source, request.listed, journey.tagged, arrived)
    left = tuple(word for word in words if word not in arrived and word not in named.unknown)
    selected, unknown = _selected(source, left, journey, is_all=not arrived and not named.unknown)
    problems = Problems(request.listed, named)
    problems.add((*unknown, *mapping_problems(inventory, journey.mapping), *_no_folder(request)))
    for word, vm in arrived.items():
        line = named.arrived.get(word)
        to_host, _ = _asked(inventory, line, request)
        problems.add((_elsewhere_than(inventory, vm, to_host),), line.line if line else 0)
    for vm in selected.vms:
        problems.add_of(vm, (find_obstacle(source, vm), _not_across(vm)))
    going = [vm for vm in selected.vms if find_obstacle(source, vm) is None]
    going.sort(key=lambda vm: named.lines[vm.ref].priority if vm.ref in named.lines else 0)
    moves: dict[MoRef, Move] = {}
    for (to_host, wishes), vms in _groups(inventory, going, named.lines, journey, problems).items():
        destinations = Destinations(inventory, to_host, wishes, journey.policy)
        moves |= {move.vm.ref: _across(inventory, move, journey.other) for move in destinations.moves(vms)}
        if destinations.problems:
            again = Destinations(inventory, to_host, wishes, journey.policy)
            problems.add_group({vm: again.attempt(vm).problems for vm in vms}, destinations.problems)
    problems.raise_any()
    there = [_staying(inventory, vm) for vm in arrived.values()]
    return (*(moves[vm.ref] for vm in going), *there), selected


def _no_folder(request: MoveRequest) -> Iterable[UsageProblem]:
    if request.wishes.create_folder:
        yield BadInput("a folder is not made in another vCenter", hint="make it there, and leave --create-folder out")


def _not_across(vm: Vm) -> UsageProblem | None:
    """Why a VM is moved within one vCenter alone; None where it is not."""
    if not vm.is_template:
        return None
    return BadInput(
        f"{vm.name} is a template, which is not moved to another vCenter",
        hint="convert it to a virtual machine, move it, and convert it back",
    )


def _selected(
    source: Inventory, words: tuple[str, ...], journey: Journey, *, is_all: bool
) -> tuple[Selected, list[UsageProblem]]:
    """The VMs that words name at the source; none where every word names one that has arrived."""
    if not words and not is_all:
        return Selected(vms=()), []
    return select(source, words, journey.request.exclude, journey.tagged)


def _arrived(inventory: JoinedInventory, words: Iterable[str]) -> dict[str, Vm]:
    """The VMs that words name at the destination where the source has none of that name: they were taken there."""
    at_source, at_destination = VmIndex(inventory.source), VmIndex(inventory)
    found = {}
    for word in words:
        there = at_destination.find(word)
        if len(there) == 1 and not at_source.find(word):
            found[word] = there[0]
    return found


def _elsewhere_than(inventory: JoinedInventory, vm: Vm, to_host: str) -> UsageProblem | None:
    """What is wrong with a VM that has arrived, but on another host than the one that is asked for."""
    if not to_host:
        return None
    try:
        wanted = find_host(inventory, to_host)
    except UsageProblem as problem:
        return problem
    if vm.host == wanted.ref:
        return None
    now = inventory.name_of(vm.host)
    return BadInput(
        f"{vm.name} is at the other vCenter already, on {now.name if now else 'no host'}, not on {wanted.name}",
        hint="move it within that vCenter: name it with --server, and leave --to-vcenter out",
    )


def _staying(inventory: JoinedInventory, vm: Vm) -> Move:
    """The move of a VM that has arrived, which changes nothing."""
    place = Placement(
        host=inventory.name_of(vm.host), pool=inventory.name_of(vm.pool), folder=inventory.name_of(vm.folder)
    )
    return Move(vm=vm.identity, source=place, destination=place)


def _groups(
    inventory: JoinedInventory,
    vms: Iterable[Vm],
    own: Mapping[MoRef, ListLine],
    journey: Journey,
    problems: Problems,
) -> dict[tuple[str, Wishes], list[Vm]]:
    """The VMs by what is asked of them, after the mapping."""
    groups: dict[tuple[str, Wishes], list[Vm]] = {}
    source = inventory.source
    for vm in vms:
        asked = _asked(inventory, own.get(vm.ref), journey.request)
        host, wishes = _mapped(source, vm, *asked, journey.mapping)
        missing = _unplaced(source, vm, host, wishes)
        if missing is None:
            groups.setdefault((host, wishes), []).append(vm)
        else:
            problems.add_of(vm, (missing,))
    return groups


def lines_of_vms(source: Inventory, listed: ListFile, tagged: Tagged = NO_TAGS) -> dict[MoRef, ListLine]:
    """The line of a list that names each VM of the source; what a line names that is not there has none."""
    return named_vms(source, listed, tagged).lines


def _asked(inventory: JoinedInventory, line: ListLine | None, request: MoveRequest) -> tuple[str, Wishes]:
    """Host and wishes of one VM: its line's, and the options' where that is silent."""
    if line is None:
        return request.to_host, request.wishes
    place = line.place or ""
    wishes = wishes_of(line, request.wishes, place_is_store=is_store(inventory, line.place))
    host = line.host or (place if place and names_host(inventory, place) else "")
    cluster = line.cluster or (place if place and not host and names_cluster(inventory, place) else "")
    wishes = replace(wishes, to_cluster=cluster or wishes.to_cluster)
    return host or ("" if cluster else request.to_host), wishes


def _require_usable(inventory: JoinedInventory, listed: ListFile) -> None:
    """Go on where every line can be read.

    Raises:
        BadInput: with every problem by its line.
    """
    problems = [*listed.problems, *(problem for line in listed.lines for problem in _unusable(inventory, line))]
    if problems:
        raise unusable_lines(listed.name, problems)


def _unusable(inventory: JoinedInventory, line: ListLine) -> Iterable[LineProblem]:
    try:
        wishes_of(line, NO_WISHES, place_is_store=is_store(inventory, line.place))
        if line.window:
            parse_window(line.window, UTC)
    except UsageProblem as problem:
        yield LineProblem(line=line.line, message=problem.message)
    if line.host and line.cluster:
        yield LineProblem(line=line.line, message="it names a host and a cluster; one of them is the destination")


def _mapped(source: Inventory, vm: Vm, to_host: str, wishes: Wishes, mapping: VCenterMapping) -> tuple[str, Wishes]:
    """What is asked of one VM, and what the mapping says where that is silent."""
    at = source.find_host(vm.host)
    cluster = source.cluster_of(at) if at else None
    if not to_host and not wishes.to_cluster:
        to_host = mapping.hosts.get(at.name, "") if at else ""
        to_cluster = mapping.clusters.get(cluster.name) if cluster and not to_host else None
        wishes = replace(wishes, to_cluster=to_cluster)
    pool, folder = source.name_of(vm.pool), source.find_container(vm.folder)
    path = below_top(folder)
    return to_host, replace(
        wishes,
        to_pool=wishes.to_pool or (mapping.pools.get(pool.name) if pool and not wishes.to_vapp else None),
        to_folder=wishes.to_folder or mapping.folders.get(path),
        networks=(*wishes.networks, *_networks(source, vm, wishes, mapping)),
        to_config=wishes.to_config or wishes.to_datastore or _store(mapping, config_store(source, vm)),
        disks=wishes.disks if wishes.to_datastore else (*wishes.disks, *_disks(source, vm, wishes, mapping)),
    )


def _networks(source: Inventory, vm: Vm, wishes: Wishes, mapping: VCenterMapping) -> Iterable[NetworkWish]:
    """The mapping's pairs that fit an adapter of the VM, but for networks that an option speaks of."""
    said = {wish.old for wish in wishes.networks}
    nics = [device for device in vm.devices or () if device.kind is DeviceKind.NIC]
    names = dict.fromkeys(named.name for nic in nics if (named := source.name_of(nic.network)))
    return [
        NetworkWish(old=name, new=mapping.networks[name])
        for name in names
        if name in mapping.networks and name not in said
    ]


def _disks(source: Inventory, vm: Vm, wishes: Wishes, mapping: VCenterMapping) -> Iterable[DiskWish]:
    """Where the mapping puts the disks that no option speaks of."""
    said = {wish.disk for wish in wishes.disks}
    for disk in disks_of(vm):
        store = _store(mapping, source.name_of(disk.datastore))
        if store and not said & {disk.label, disk.label.rpartition(" ")[2]}:
            yield DiskWish(disk=disk.label, datastore=store)


def _store(mapping: VCenterMapping, named: NamedRef | None) -> str | None:
    return mapping.datastores.get(named.name) if named else None


def _unplaced(source: Inventory, vm: Vm, to_host: str, wishes: Wishes) -> UsageProblem | None:
    """What keeps a VM from having a place at the destination; None if nothing does."""
    if not to_host and not (wishes.to_cluster or wishes.to_pool or wishes.to_vapp):
        return BadInput(
            f"nothing says on which host of the other vCenter {vm.name} shall run",
            hint="give --to-host or --to-cluster, or name its host or cluster in the mapping file",
        )
    if wishes.to_datastore:
        return None
    placed = {wish.disk for wish in wishes.disks if wish.datastore}
    bare = [disk.label for disk in disks_of(vm) if not placed & {disk.label, disk.label.rpartition(" ")[2]}]
    bare += [] if wishes.to_config else ["configuration files"]
    if not bare:
        return None
    stores = ", ".join(dict.fromkeys(named.name for ref in vm.datastores or () if (named := source.name_of(ref))))
    return BadInput(
        f"nothing says on which datastore of the other vCenter the files of {vm.name} shall be: {', '.join(bare)}",
        hint=f"give --to-datastore, or name its datastores in the mapping file: {stores}",
    )


def _across(inventory: JoinedInventory, move: Move, other: OtherVCenter) -> Move:
    """The move with the folder it needs, and the vCenter it goes to."""
    there = move.destination
    if there.folder is None or there.folder == move.source.folder:
        there = replace(there, folder=_folder(inventory, move))
    return replace(move, destination=replace(there, vcenter=other))


def _folder(inventory: JoinedInventory, move: Move) -> NamedRef | None:
    """The folder of the same path in the destination's datacenter, else its topmost one; None where none was read."""
    host = inventory.find_host(move.destination.host.ref) if move.destination.host else None
    datacenters = [one for one in inventory.containers if one.ref.kind == "Datacenter" and one.path]
    within = [one for one in datacenters if host and host.path and host.path.startswith(f"{one.path}/")]
    datacenter = max(within, key=lambda one: len(one.path or ""), default=None)
    folders = [one for one in inventory.containers if one.ref.kind == "Folder" and one.holds_vms is not False]
    top = next((one for one in folders if datacenter and one.parent == datacenter.ref and one.holds_vms), None)
    if top is None:
        return None
    own = inventory.source.find_container(move.source.folder.ref) if move.source.folder else None
    same = f"{top.path}/{below_top(own)}"
    found = next((one for one in folders if one.path == same), top)
    return NamedRef(ref=found.ref, name=found.name)
