"""vCenter's documented limits."""

from __future__ import annotations

import pytest

from vsphere_motion.vmotion.costs import COSTS, LIMITS, Operation, Resource, concurrent, cost_of, limit_of


@pytest.mark.parametrize(
    ("operation", "resource", "expected"),
    [
        (Operation.VMOTION, Resource.HOST, 8),
        (Operation.VMOTION, Resource.NETWORK_1G, 4),
        (Operation.VMOTION, Resource.NETWORK_10G, 8),
        (Operation.VMOTION, Resource.DATASTORE, 128),
        (Operation.STORAGE_VMOTION, Resource.HOST, 2),
        (Operation.STORAGE_VMOTION, Resource.DATASTORE, 8),
        (Operation.STORAGE_VMOTION, Resource.NETWORK_10G, None),
        (Operation.VMOTION_WITHOUT_SHARED_STORAGE, Resource.HOST, 2),
        (Operation.PROVISIONING, Resource.HOST, 8),
        (Operation.PROVISIONING, Resource.DATASTORE, None),
    ],
)
def test_as_many_fit_as_documented(operation: Operation, resource: Resource, expected: int | None) -> None:
    assert concurrent(operation, resource) == expected


def test_what_is_not_listed_costs_nothing() -> None:
    assert cost_of(Operation.PROVISIONING, Resource.NETWORK_1G) == 0


def test_every_resource_has_one_limit_that_each_operation_fits_in() -> None:
    assert sorted(limit.resource.value for limit in LIMITS) == sorted(resource.value for resource in Resource)
    assert len({(cost.operation, cost.resource) for cost in COSTS}) == len(COSTS)
    assert all(0 < cost.units <= limit_of(cost.resource) for cost in COSTS)
