"""What an operation costs the objects it touches and how much each can bear: vCenter's documented limits as data.

Rules of this file: numbers of the vSphere documentation "Limits on Simultaneous Migrations" (6.5 to 8.0). An operation
beyond a limit is queued by vCenter without a word; it does not fail. KB 326281 names the settings behind them
(`config.vpxd.ResourceManager.*`); changing those is unsupported.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Operation(Enum):
    """The operations that share the limits."""

    VMOTION = "vmotion"
    STORAGE_VMOTION = "storage_vmotion"
    VMOTION_WITHOUT_SHARED_STORAGE = "vmotion_without_shared_storage"
    PROVISIONING = "provisioning"


class Resource(Enum):
    """The objects that bear the cost. A network is the vMotion network of one host, by its link speed."""

    HOST = "host"
    NETWORK_1G = "network_1g"
    NETWORK_10G = "network_10g"
    DATASTORE = "datastore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The most cost one object bears at a time."""

    resource: Resource
    maximum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one operation costs one object. A combination that is not listed costs nothing."""

    operation: Operation
    resource: Resource
    units: int


LIMITS: tuple[Limit, ...] = (
    Limit(resource=Resource.HOST, maximum=8),
    Limit(resource=Resource.NETWORK_1G, maximum=4),
    Limit(resource=Resource.NETWORK_10G, maximum=8),
    Limit(resource=Resource.DATASTORE, maximum=128),
)

COSTS: tuple[Cost, ...] = (
    Cost(operation=Operation.VMOTION, resource=Resource.HOST, units=1),
    Cost(operation=Operation.VMOTION, resource=Resource.NETWORK_1G, units=1),
    Cost(operation=Operation.VMOTION, resource=Resource.NETWORK_10G, units=1),
    Cost(operation=Operation.VMOTION, resource=Resource.DATASTORE, units=1),
    Cost(operation=Operation.STORAGE_VMOTION, resource=Resource.HOST, units=4),
    Cost(operation=Operation.STORAGE_VMOTION, resource=Resource.DATASTORE, units=16),
    Cost(operation=Operation.VMOTION_WITHOUT_SHARED_STORAGE, resource=Resource.HOST, units=4),
    Cost(operation=Operation.VMOTION_WITHOUT_SHARED_STORAGE, resource=Resource.NETWORK_1G, units=1),
    Cost(operation=Operation.VMOTION_WITHOUT_SHARED_STORAGE, resource=Resource.NETWORK_10G, units=1),
    Cost(operation=Operation.VMOTION_WITHOUT_SHARED_STORAGE, resource=Resource.DATASTORE, units=16),
    Cost(operation=Operation.PROVISIONING, resource=Resource.HOST, units=1),
)

_MAXIMA = {limit.resource: limit.maximum for limit in LIMITS}
_UNITS = {(cost.operation, cost.resource): cost.units for cost in COSTS}


def cost_of(operation: Operation, resource: Resource) -> int:
    """Units the operation takes from the object; 0 if it takes none."""
    return _UNITS.get((operation, resource), 0)


def limit_of(resource: Resource) -> int:
    """The most units the object bears at a time."""
    return _MAXIMA[resource]


def concurrent(operation: Operation, resource: Resource) -> int | None:
    """How many of the operation fit on one object at a time; None if the object does not limit it."""
    units = cost_of(operation, resource)
    return limit_of(resource) // units if units else None
