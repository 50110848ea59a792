"""An inventory as a JSON document, `vsphere-motion/snapshot/v1`, and back."""

from __future__ import annotations

from typing import Any

from vsphere_motion.errors import BadInput
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.jsonform import from_json, to_json

SCHEMA = "vsphere-motion/snapshot/v1"


def snapshot_document(inventory: Inventory) -> dict[str, Any]:
    """The document of an inventory; `snapshot_from` makes the same inventory of it."""
    return {"schema": SCHEMA, "inventory": to_json(inventory)}


def snapshot_from(document: Any) -> Inventory:
    """The inventory of a document.

    Raises:
        BadInput: it is not a snapshot of this version, or a part of it has the wrong shape; the message says where.
    """
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        found = document.get("schema") if isinstance(document, dict) else type(document).__name__
        raise BadInput(f"not a {SCHEMA} document: its schema is {found}")
    return from_json(Inventory, document.get("inventory"), path="$.inventory")
