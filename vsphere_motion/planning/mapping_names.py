"""Whether what a mapping file names is there: what it calls old at the source, what it calls new at the destination.

Rules of this file: a misspelt name is an error also where no virtual machine of the request needs it, because the next
one may. Whether a name is the right one of several is asked where it is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vsphere_motion.errors import NotFound
from vsphere_motion.model.inventory import Container, Inventory
from vsphere_motion.model.mapping import SECTIONS, VCenterMapping
from vsphere_motion.planning.joined import JoinedInventory
from vsphere_motion.planning.named import SHOWN, Sort
from vsphere_motion.planning.names import suggest
from vsphere_motion.planning.places import names_cluster, names_host

TOP = "vm"
"""Name of the folder that holds all virtual machines of a datacenter."""


def below_top(folder: Container | None) -> str:
    """The path of a folder below its datacenter's topmost one; empty for that one, and where it is not known."""
    if folder is None or not folder.path:
        return ""
    return folder.path.partition(f"/{TOP}/")[2]


def mapping_problems(inventory: JoinedInventory, mapping: VCenterMapping) -> Iterator[NotFound]:
    """One problem for each name of the mapping that names nothing."""
    for section in SECTIONS:
        pairs: Mapping[str, str] = getattr(mapping, section)
        olds = _names(inventory.source, section) if pairs else ()
        for old, new in pairs.items():
            if old not in olds:
                yield _missing(mapping, section, f"nothing of the source is called {old}", old, olds)
            if not _is_there(inventory, section, new):
                news = _names(inventory, section)
                yield _missing(mapping, section, f"nothing of the other vCenter is called {new}", new, news)


def _missing(mapping: VCenterMapping, section: str, reason: str, word: str, names: Iterable[str]) -> NotFound:
    known = sorted(set(names))
    listed = ", ".join(known[:SHOWN]) or "none that can be read"
    hint = suggest(word, known) or f"its {section} are: {listed}"
    return NotFound(f"{mapping.name}: {section}: {reason}", hint=hint)


def _is_there(inventory: Inventory, section: str, word: str) -> bool:
    if section == "hosts":
        return names_host(inventory, word)
    if section == "clusters":
        return names_cluster(inventory, word)
    return bool(Sort(noun=section, members=_members(inventory, section)).all_of(word))


def _names(inventory: Inventory, section: str) -> tuple[str, ...]:
    """What the objects of a section are called, as a mapping file has to write it."""
    if section == "folders":
        return tuple(path for one in _members(inventory, section) if (path := below_top(one)))
    return tuple(one.name for one in _members(inventory, section))


def _members(inventory: Inventory, section: str) -> tuple[Any, ...]:
    """The objects that a section speaks of."""
    members: dict[str, tuple[Any, ...]] = {
        "hosts": inventory.hosts,
        "clusters": tuple(one for one in inventory.clusters if one.is_cluster),
        "datastores": (*inventory.datastores, *inventory.datastore_clusters),
        "networks": tuple(one for one in inventory.networks if not one.is_uplink),
        "folders": tuple(
            one for one in inventory.containers if one.ref.kind == "Folder" and one.holds_vms is not False
        ),
        "pools": inventory.pools,
    }
    return members[section]
