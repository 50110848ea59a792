"""Two vCenters as one snapshot: the other one's objects are listed, the moved machines and all around them are known.

Words of a person for a destination are looked up among what is listed, so a name means the other vCenter's object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vsphere_motion.model.elsewhere import elsewhere
from vsphere_motion.model.inventory import AnyObject, Inventory
from vsphere_motion.model.move import Move
from vsphere_motion.model.refs import MoRef


@dataclass(frozen=True, kw_only=True)
class JoinedInventory(Inventory):
    """The other vCenter's snapshot, with every reference marked, which knows the objects of the source as well."""

    source: Inventory

    def _every(self) -> Mapping[MoRef, AnyObject]:
        return {**self.source._by_ref, **super()._every()}


def joined(source: Inventory, destination: Inventory) -> JoinedInventory:
    """Both snapshots as one."""
    there = elsewhere(destination, destination.vcenter.instance_uuid)
    own = {name: getattr(there, name) for name in Inventory.__dataclass_fields__}
    return JoinedInventory(source=source, **own)


def has_arrived(inventory: JoinedInventory, move: Move) -> bool:
    """Whether the VM of a move is at the other vCenter, known by its instance UUID."""
    uuid = move.vm.instance_uuid
    return uuid is not None and any(vm.instance_uuid == uuid for vm in inventory.vms)
