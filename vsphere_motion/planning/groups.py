"""Words that may name any number of virtual machines: by host, cluster, folder, pool, datastore, tag or expression.

Rules of this file: the thing that a word names is found exactly, as a VM is; what cannot be told of a VM, such as a
datastore list that was not read, does not make it a member, and is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from vsphere_motion.errors import Ambiguous, BadInput, NotFound
from vsphere_motion.model.inventory import Container, Datastore, Inventory, Pool, Vm
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.selection import TAG, Tagged
from vsphere_motion.planning.lookup import MOID
from vsphere_motion.planning.names import is_same, is_same_path, suggest
from vsphere_motion.planning.patterns import Pattern
from vsphere_motion.planning.places import find_cluster, find_host

_MAX_DEPTH = 64

Named = TypeVar("Named", Container, Pool, Datastore)


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """The VMs of a group, templates and system VMs among them.

    Args:
        unread: how many more there may be, because vCenter did not say whether they belong to it.
    """

    vms: tuple[Vm, ...]
    unread: int = 0


def is_group_word(selector: str) -> bool:
    """Whether this begins with the word of a group, such as `host:`."""
    return selector.startswith(tuple(_GROUPS))


def find_group(inventory: Inventory, selector: str, tagged: Tagged) -> Members:
    """The VMs of the group that a word such as `host:esx01` names.

    Args:
        tagged: what carries the tags, read beforehand.

    Raises:
        NotFound, Ambiguous: what it names is not there, or there several times.
        BadInput: it cannot be read.
    """
    prefix, _, name = selector.partition(":")
    if not name:
        raise BadInput(f"{selector} names nothing", hint=f"a name follows, such as {_EXAMPLES[f'{prefix}:']}")
    return _GROUPS[f"{prefix}:"](inventory, name, tagged)


def _of_expression(inventory: Inventory, name: str, _: Tagged) -> Members:
    pattern = Pattern(name)
    return Members(vms=tuple(vm for vm in inventory.vms if pattern.matches(vm.name)))


def _of_host(inventory: Inventory, name: str, _: Tagged) -> Members:
    host = find_host(inventory, name)
    return Members(vms=tuple(vm for vm in inventory.vms if vm.host == host.ref), unread=_count_homeless(inventory))


def _of_cluster(inventory: Inventory, name: str, _: Tagged) -> Members:
    cluster = find_cluster(inventory, name)
    hosts = {host.ref for host in inventory.hosts if host.compute_resource == cluster.ref} | set(cluster.hosts or ())
    return Members(vms=tuple(vm for vm in inventory.vms if vm.host in hosts), unread=_count_homeless(inventory))


def _count_homeless(inventory: Inventory) -> int:
    """VMs whose host vCenter refused to tell; one that is on no host is on none."""
    return sum(1 for vm in inventory.vms if vm.host is None and "runtime.host" in vm.unread)


def _of_folder(inventory: Inventory, name: str, _: Tagged) -> Members:
    parents = {one.ref: one for one in inventory.containers}
    folders = [one for one in inventory.containers if _holds_vms(one, parents)]
    paths = {one.ref: _path(one, parents) for one in folders}
    found = [one for one in folders if _is_called(one, name) or _is_at(paths[one.ref], name)]
    folder = _only("folder", name, found, folders, lambda one: f"{paths[one.ref] or one.name} ({MOID}{one.ref.moid})")
    below = _below(folder.ref, inventory.containers)
    path = paths[folder.ref]
    return Members(
        vms=tuple(
            vm for vm in inventory.vms if vm.folder in below or (path and (vm.path or "").startswith(f"{path}/"))
        ),
        unread=sum(1 for vm in inventory.vms if vm.folder is None and vm.path is None),
    )


def _of_pool(inventory: Inventory, name: str, _: Tagged) -> Members:
    found = [one for one in inventory.pools if _is_called(one, name)]
    pool = _only("resource pool", name, found, inventory.pools, lambda one: _describe_pool(inventory, one))
    below = _below(pool.ref, inventory.pools)
    return Members(
        vms=tuple(vm for vm in inventory.vms if vm.pool in below),
        unread=sum(1 for vm in inventory.vms if vm.pool is None and not vm.is_template),
    )


def _of_datastore(inventory: Inventory, name: str, _: Tagged) -> Members:
    found = [one for one in inventory.datastores if _is_called(one, name)]
    datastore = _only("datastore", name, found, inventory.datastores, lambda one: f"{one.name} ({MOID}{one.ref.moid})")
    return Members(
        vms=tuple(vm for vm in inventory.vms if datastore.ref in (vm.datastores or ())),
        unread=sum(1 for vm in inventory.vms if vm.datastores is None),
    )


def _of_tag(inventory: Inventory, name: str, tagged: Tagged) -> Members:
    if name not in tagged:
        raise BadInput(
            f"{TAG}{name} cannot be looked up here: a snapshot does not say what carries a tag",
            hint="name the VMs in another way, such as folder:, re: or a list",
        )
    return Members(vms=tuple(vm for vm in inventory.vms if vm.ref in tagged[name]))


_GROUPS: Mapping[str, Callable[[Inventory, str, Tagged], Members]] = {
    "re:": _of_expression,
    "host:": _of_host,
    "cluster:": _of_cluster,
    "folder:": _of_folder,
    "pool:": _of_pool,
    "datastore:": _of_datastore,
    TAG: _of_tag,
}

_EXAMPLES = {
    "re:": "'re:web\\d+'",
    "host:": "host:esx01",
    "cluster:": "cluster:PROD",
    "folder:": "folder:/DC0/vm/web",
    "pool:": "pool:Gold",
    "datastore:": "datastore:san01",
    TAG: "tag:env/prod",
}


def _is_called(one: Container | Pool | Datastore, word: str) -> bool:
    if word.startswith(MOID):
        return one.ref.moid == word.removeprefix(MOID)
    return is_same(word, one.name)


def _is_at(path: str | None, word: str) -> bool:
    return path is not None and is_same_path(word, path)


def _only(
    what: str, name: str, found: Sequence[Named], known: Sequence[Named], describe: Callable[[Named], str]
) -> Named:
    if len(found) > 1:
        raise Ambiguous(
            f"{len(found)} {what}s are called {name}",
            hint=f"say which one, such as {MOID}{found[0].ref.moid}",
            details=tuple(describe(one) for one in found),
        )
    if not found:
        close = suggest(name, [one.name for one in known])
        raise NotFound(f"no {what} is called {name}", hint=close or "check the spelling, and what this account may see")
    return found[0]


def _below(top: MoRef, members: Iterable[Container] | Iterable[Pool]) -> set[MoRef]:
    """The object and everything below it."""
    children: dict[MoRef, list[MoRef]] = {}
    for one in members:
        if one.parent is not None:
            children.setdefault(one.parent, []).append(one.ref)
    found, waiting = {top}, [top]
    while waiting:
        new = [ref for ref in children.get(waiting.pop(), ()) if ref not in found]
        found.update(new)
        waiting += new
    return found


def _chain(one: Container, parents: Mapping[MoRef, Container]) -> list[Container]:
    """The object and what it lies in, up to the root folder."""
    steps = [one]
    while len(steps) < _MAX_DEPTH:
        parent = steps[-1].parent
        if parent is None or parent not in parents:
            break
        steps.append(parents[parent])
    return steps


def _holds_vms(one: Container, parents: Mapping[MoRef, Container]) -> bool:
    """Whether VMs can lie below it: a datacenter, a folder of datacenters, or the tree `vm` of a datacenter."""
    steps = list(reversed(_chain(one, parents)))
    centre = next((n for n, step in enumerate(steps) if step.ref.kind == "Datacenter"), None)
    return centre is None or centre == len(steps) - 1 or steps[centre + 1].name == "vm"


def _path(one: Container, parents: Mapping[MoRef, Container]) -> str | None:
    """Its inventory path as vCenter writes it, from the root folder, which a snapshot leaves out; None if unread."""
    steps = _chain(one, parents)
    if steps[-1].parent is None:
        return None
    return "/" + "/".join(_escaped(step.name) for step in reversed(steps))


def _escaped(name: str) -> str:
    return name.replace("%", "%25").replace("/", "%2f").replace("\\", "%5c")


def _describe_pool(inventory: Inventory, pool: Pool) -> str:
    owner = inventory.name_of(pool.owner)
    return f"{pool.name} in {owner.name if owner else 'no cluster'} ({MOID}{pool.ref.moid})"
