"""The story of a privilege check: what purposes need, what of it the account lacks where, and the smallest role."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from vsphere_motion.model.inventory import Inventory
from vsphere_motion.planning.privileges import PURPOSES, needs_of, privileges_on_site
from vsphere_motion.preflight.surroundings import Lacking
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.surroundings import lacking

ROLE_SCHEMA = "vsphere-motion/role/v1"
ROLE_NAME = "vsphere-motion"


def read_lacking(vcenter: VCenter, inventory: Inventory, purposes: Sequence[str]) -> tuple[Lacking, ...]:
    """What the account lacks for these purposes, object by object; empty if nothing is missing."""
    from vsphere_motion.vcenter.privileges import read_missing

    return lacking(inventory, read_missing(vcenter.session, privileges_on_site(inventory, purposes)))


def by_privilege(found: Iterable[Lacking]) -> dict[str, tuple[Lacking, ...]]:
    """Which objects lack each privilege; those that could not be asked about are under the empty word."""
    groups: dict[str, list[Lacking]] = {}
    for one in found:
        for privilege in ("",) if one.privileges is None else one.privileges:
            groups.setdefault(privilege, []).append(one)
    return {privilege: tuple(members) for privilege, members in sorted(groups.items())}


def role_document(purposes: Sequence[str]) -> dict[str, Any]:
    """The smallest role for these purposes, as `vsphere-motion/role/v1`."""
    needs = needs_of(purposes)
    return {
        "schema": ROLE_SCHEMA,
        "name": ROLE_NAME,
        "purposes": list(purposes),
        "privileges": list(dict.fromkeys(need.privilege for need in needs)),
        "needs": [
            {"privilege": need.privilege, "on": need.on.value, "reason": need.reason, "source": need.source}
            for need in needs
        ],
    }


def purposes() -> tuple[str, ...]:
    """Everything that can be asked for."""
    return tuple(PURPOSES)
