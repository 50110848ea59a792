"""Where a virtual machine goes in the inventory, by what a person asks for: host, resource pool, folder.

Rules of this file: what is named is used or complained about, never passed over. What is not named stays as it is, or
follows from the host: in another cluster the pool is that cluster's root, in another datacenter the folder is its
topmost one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from vsphere_motion.errors import BadInput, NotFound
from vsphere_motion.model.inventory import Cluster, Container, Host, Inventory, Pool, Vm
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.model.request import Wishes
from vsphere_motion.planning.lookup import MOID
from vsphere_motion.planning.named import Sort
from vsphere_motion.planning.places import find_cluster, find_host
from vsphere_motion.planning.room_left import RoomLeft

VAPP = "VirtualApp"


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderWish:
    """A folder that a VM goes to.

    Args:
        folder: the folder, or the deepest one on its path that exists.
        new: the rest of the path, which is to be made; empty where the folder exists.
    """

    folder: NamedRef
    new: str = ""


class Whereabouts:
    """Answers for one VM after the other; memory that one takes is not there for the next."""

    def __init__(self, inventory: Inventory, to_host: str, wishes: Wishes) -> None:
        self._inventory = inventory
        self._wishes = wishes
        self._to_host = to_host
        self._room = RoomLeft(inventory)
        self._datacenters: Sort[Container] = Sort(
            noun="datacenter",
            members=tuple(one for one in inventory.containers if one.ref.kind == "Datacenter"),
            unreadable=inventory.unreadable,
        )
        self._pools = self._pools_of("resource pool", lambda one: one.ref.kind != VAPP)
        self._vapps = self._pools_of("vApp", lambda one: one.ref.kind == VAPP)
        folders = tuple(one for one in inventory.containers if one.ref.kind == "Folder" and one.holds_vms is not False)
        self._folders = Sort(noun="folder", members=folders, unreadable=inventory.unreadable)

    def host_of(self, vm: Vm) -> Host:
        """The host that the VM goes to, which is its own where nothing else follows from what was asked for.

        Raises:
            NotFound, Ambiguous, BadInput: what was named cannot be used.
        """
        target = self.target
        if isinstance(target, Host):
            return self._room.taken(vm, target)
        host = self._at_home(vm) if target is None else self._in_cluster(vm, target)
        self._require_datacenter(host)
        return host

    @cached_property
    def target(self) -> Host | Cluster | None:
        """The host that was named, or the cluster of which one is chosen; None where the VMs stay on their hosts.

        Raises:
            NotFound, Ambiguous, BadInput: what was named cannot be used.
        """
        if not self._to_host:
            return self._cluster()
        host = find_host(self._inventory, self._to_host)
        self._require_datacenter(host)
        if self._wishes.to_cluster:
            self._require_member(host, find_cluster(self._inventory, self._wishes.to_cluster))
        return host

    def pool_of(self, vm: Vm, host: Host) -> NamedRef | None:
        """The pool: the one named, the VM's own within one compute resource, else the root pool of the other.

        Raises:
            NotFound, Ambiguous, BadInput: the named one cannot be used.
        """
        word = self._wishes.to_pool or self._wishes.to_vapp
        if not word:
            return derived_pool(self._inventory, vm, host)
        pool = self._pool(lambda one: one.owner == host.compute_resource)
        if pool.owner != host.compute_resource:
            owner, cluster = self._inventory.name_of(pool.owner), self._inventory.cluster_of(host)
            raise BadInput(
                f"{self._sort().noun} {pool.path or pool.name} belongs to {owner.name if owner else 'nothing known'}, "
                f"and {host.name} is in {cluster.name if cluster else 'no cluster that was read'}",
                hint="name a pool of the destination's cluster, or another host, or leave the host out",
            )
        return NamedRef(ref=pool.ref, name=pool.name)

    def folder_of(self, vm: Vm, host: Host) -> FolderWish | None:
        """The folder: the one named, else the VM's own; None where it is not known.

        Raises:
            NotFound, Ambiguous, BadInput: the named one cannot be used.
        """
        there = self.datacenter_of(host.path)
        if self._wishes.to_folder:
            return self._named_folder(self._wishes.to_folder, there)
        own = self._inventory.name_of(vm.folder)
        if there is None or self.datacenter_of(vm.path) in {None, there}:
            return FolderWish(folder=own) if own else None
        return FolderWish(folder=self._top_folder(there))

    def datacenter_of(self, path: str | None) -> Container | None:
        """The datacenter that a path leads through; None where that cannot be said."""
        within = (one for one in self._datacenters.members if one.path and (path or "").startswith(f"{one.path}/"))
        return max(within, key=lambda one: len(one.path or ""), default=None)

    def is_in(self, path: str | None, host: Host) -> bool:
        """Whether something lies in the datacenter of a host."""
        there = self.datacenter_of(host.path)
        return there is not None and self.datacenter_of(path) == there

    def _pools_of(self, noun: str, is_one: Callable[[Pool], bool]) -> Sort[Pool]:
        members = tuple(one for one in self._inventory.pools if is_one(one))
        return Sort(noun=noun, members=members, unreadable=self._inventory.unreadable)

    def _sort(self) -> Sort[Pool]:
        return self._vapps if self._wishes.to_vapp else self._pools

    def _pool(self, is_near: Callable[[Pool], bool]) -> Pool:
        word = self._wishes.to_pool or self._wishes.to_vapp or ""
        sort, other = self._sort(), self._pools if self._wishes.to_vapp else self._vapps
        if not sort.all_of(word) and other.all_of(word):
            option = "--to-pool" if self._wishes.to_vapp else "--to-vapp"
            raise NotFound(f"{word} is a {other.noun}, not a {sort.noun}", hint=f"name it with {option}")
        return sort.one_of(word, (is_near,))

    def _cluster(self) -> Cluster | None:
        """The cluster that a host is chosen in; None where nothing asks for another one."""
        if self._wishes.to_cluster:
            return find_cluster(self._inventory, self._wishes.to_cluster)
        if self._wishes.to_pool or self._wishes.to_vapp:
            return self._inventory.find_cluster(self._pool(lambda _: False).owner)
        return None

    def _at_home(self, vm: Vm) -> Host:
        host = self._inventory.find_host(vm.host)
        if host is None:
            raise BadInput(f"the host of {vm.name} could not be read", hint="name the destination with --to-host")
        return host

    def _in_cluster(self, vm: Vm, cluster: Cluster) -> Host:
        hosts = self._room.open_hosts(cluster)
        home = self._inventory.find_host(vm.host)
        if home is not None and home.compute_resource == cluster.ref:
            return home
        if not hosts:
            raise BadInput(
                f"no host of {cluster.name} takes virtual machines now", hint="name another cluster, or a host"
            )
        return self._room.emptiest(vm, cluster, hosts)

    def _require_datacenter(self, host: Host) -> None:
        if not self._wishes.to_datacenter:
            return
        wanted = self._datacenters.one_of(self._wishes.to_datacenter)
        if self.datacenter_of(host.path) != wanted:
            raise BadInput(
                f"{host.path or host.name} is not in the datacenter {wanted.name}",
                hint="name a host or a cluster of that datacenter",
            )

    def _require_member(self, host: Host, cluster: Cluster) -> None:
        if host.compute_resource != cluster.ref:
            raise BadInput(f"{host.name} is not in the cluster {cluster.name}", hint="leave one of the two out")

    def _named_folder(self, word: str, there: Container | None) -> FolderWish:
        def is_there(one: Container) -> bool:
            return there is not None and self.datacenter_of(one.path) == there

        found = self._folders.all_of(word)
        if any(map(is_there, found)) or there is None:
            folder = self._folders.one_of(word, (is_there,))
            return FolderWish(folder=NamedRef(ref=folder.ref, name=folder.name))
        if found:
            raise BadInput(
                f"folder {found[0].path or found[0].name} is in another datacenter than the destination, {there.name}",
                hint="name a folder of that datacenter",
            )
        if not self._wishes.create_folder or word.startswith(MOID):
            problem = self._folders.missing(word)
            problem.hint = f"{problem.hint}; or add --create-folder to make it"
            raise problem
        return self._new_folder(word, there)

    def _new_folder(self, word: str, there: Container) -> FolderWish:
        """The deepest folder on the path that exists, and what is to be made in it."""
        top = self._top_folder(there)
        steps = self._steps_below(word, there)
        at = top
        while steps:
            child = self._child(at.ref, steps[0])
            if child is None:
                break
            at, steps = child, steps[1:]
        return FolderWish(folder=at, new="/".join(steps))

    def _steps_below(self, word: str, there: Container) -> list[str]:
        """The steps of a path below the topmost folder of virtual machines."""
        if word.startswith("/"):
            start = f"{there.path}/{self._top_folder(there).name}/"
            if not word.startswith(start):
                raise BadInput(f"{word} is no path in the datacenter {there.name}", hint=f"it begins with {start}")
            word = word.removeprefix(start)
        steps = word.split("/")
        if not all(step.strip() for step in steps):
            raise BadInput(f"{word!r} cannot be made into folders: a step of it is empty", hint="write A/B/C")
        return steps

    def _child(self, parent: MoRef, name: str) -> NamedRef | None:
        found = (one for one in self._folders.members if one.parent == parent and one.name == name)
        return next((NamedRef(ref=one.ref, name=one.name) for one in found), None)

    def _top_folder(self, datacenter: Container) -> NamedRef:
        """The folder right below the datacenter that takes virtual machines."""
        below = (one for one in self._folders.members if one.parent == datacenter.ref and one.holds_vms)
        top = next(below, None)
        if top is None:
            raise BadInput(
                f"the folders of the datacenter {datacenter.name} could not be read",
                hint="name the folder with --to-folder, or give the account the privilege System.Read on it",
            )
        return NamedRef(ref=top.ref, name=top.name)


def derived_pool(inventory: Inventory, vm: Vm, host: Host) -> NamedRef | None:
    """The VM's pool within one compute resource, else the root pool of the destination's; None if it was not read."""
    at = inventory.find_host(vm.host)
    if at is not None and at.compute_resource == host.compute_resource:
        return inventory.name_of(vm.pool)
    cluster = inventory.cluster_of(host)
    return inventory.name_of(cluster.root_pool) if cluster else None
