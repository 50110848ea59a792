"""What one line of a list file asks for beside the host: what it does not say, the command line says for all lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from vsphere_motion.errors import BadInput
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.list_file import ListLine
from vsphere_motion.model.move import DiskFormat
from vsphere_motion.model.request import Wishes
from vsphere_motion.planning.places import names_cluster, names_host
from vsphere_motion.planning.wish_text import FORMATS, disk_wishes, network_wish

_BETWEEN = "|"
"""Between several disks or networks of one cell; a comma and a semicolon may stand between columns."""


def ask_more(inventory: Inventory, lines: Sequence[ListLine]) -> bool:
    """Whether any of these lines asks for more than a host, when its VMs may go there, and in which turn."""
    places = {line.place for line in lines if line.place}
    return any(map(_has_wish, lines)) or any(is_store(inventory, place) for place in places)


def _has_wish(line: ListLine) -> bool:
    files = (line.datastore, line.disk, line.format, line.config)
    return any((*files, line.pool, line.vapp, line.folder, line.network))


def is_store(inventory: Inventory, place: str | None) -> bool:
    """Whether the place of a line is neither a host nor a cluster, so that it is a datastore."""
    return bool(place) and not names_host(inventory, place or "") and not names_cluster(inventory, place or "")


def wishes_of(line: ListLine, for_all: Wishes, *, place_is_store: bool = False) -> Wishes:
    """The wishes of a line.

    Args:
        place_is_store: whether the place of the line is neither a host nor a cluster, so that it is a datastore.

    Raises:
        BadInput: a cell is not of its form.
    """
    said: dict[str, Any] = {
        "to_datastore": line.datastore or (line.place if place_is_store else None),
        "to_config": line.config,
        "to_pool": line.pool,
        "to_vapp": line.vapp,
        "to_folder": line.folder,
    }
    if line.pool and line.vapp:
        raise BadInput("it names a pool and a vApp; one of them is the destination")
    try:
        said["disks"] = disk_wishes(_parts(line.disk))
        said["networks"] = tuple(map(network_wish, _parts(line.network)))
    except ValueError as problem:
        raise BadInput(str(problem)) from None
    if line.format:
        if line.format not in FORMATS:
            raise BadInput(f"the format {line.format} is none of {', '.join(FORMATS)}")
        said["format"] = DiskFormat(line.format)
    return replace(for_all, **{name: value for name, value in said.items() if value})


def _parts(cell: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (cell or "").split(_BETWEEN) if part.strip())
