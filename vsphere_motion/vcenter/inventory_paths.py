"""Inventory paths such as `/DC0/vm/web/web01`, put together from names and parents that were read in bulk."""

from __future__ import annotations

import re
from collections.abc import Mapping

from vsphere_motion.model.refs import MoRef
from vsphere_motion.vcenter.collector import Reading

_ESCAPED = re.compile("%(2f|5c|25)", re.IGNORECASE)
_MAX_DEPTH = 64
_PARENTS = ("parentFolder", "parent", "parentVApp")
"""A vApp's `parentFolder` leads up the VM tree; its `parent` is a resource pool, or the vApp it lies in."""


def plain_name(name: str) -> str:
    """A name without vCenter's escapes: it writes `/`, `\\` and `%` in names as `%2f`, `%5c` and `%25`.

    Nothing else is decoded, so that a name cannot smuggle in a control character.
    """
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), name)


def inventory_path(ref: MoRef, readings: Mapping[MoRef, Reading], root: MoRef) -> str | None:
    """The path from the root folder, with names as vCenter escapes them; None if a step could not be read."""
    steps: list[str] = []
    at: MoRef | None = ref
    while at is not None and at != root and len(steps) < _MAX_DEPTH:
        reading = readings.get(at)
        if reading is None or reading.get("name") is None:
            return None
        steps.append(reading.get("name"))
        at = parent_of(reading)
    return "/" + "/".join(reversed(steps)) if at == root else None


def parent_of(reading: Reading) -> MoRef | None:
    """The next step up the tree of folders, or None if it is unset or unread."""
    parents = (reading.ref_at(path) for path in _PARENTS)
    return next((parent for parent in parents if parent is not None), None)
