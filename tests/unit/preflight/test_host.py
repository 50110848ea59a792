"""The state of both hosts."""

from __future__ import annotations

import pytest

from tests import build
from tests.unit.preflight.looking import Brief, brief, look
from vsphere_motion.model.inventory import ConnectionState, Inventory

LOST = ConnectionState.NOT_RESPONDING


@pytest.mark.parametrize(
    ("check_id", "site", "expected"),
    [
        pytest.param("host.connection", build.site(), [], id="both connected"),
        pytest.param(
            "host.connection",
            build.site(destination=build.host(2, connection_state=LOST)),
            [("blocker", "host2")],
            id="destination lost",
        ),
        pytest.param(
            "host.connection",
            build.site(source=build.host(1, connection_state=LOST), destination=build.host(2, connection_state=LOST)),
            [("blocker", "host1"), ("blocker", "host2")],
            id="both lost",
        ),
        pytest.param(
            "host.connection",
            build.site(source=build.host(1, connection_state=None)),
            [("unknown", "host1")],
            id="connection unknown",
        ),
        pytest.param(
            "host.connection",
            build.site(vm=build.vm(host=None), destination=build.host(2, connection_state=LOST)),
            [("blocker", "host2")],
            id="a VM on no host has one end",
        ),
        pytest.param("host.maintenance", build.site(), [], id="no maintenance"),
        pytest.param(
            "host.maintenance",
            build.site(destination=build.host(2, in_maintenance_mode=True)),
            [("blocker", "host2")],
            id="destination in maintenance",
        ),
        pytest.param(
            "host.maintenance",
            build.site(source=build.host(1, in_maintenance_mode=True)),
            [("info", "host1")],
            id="a VM may leave maintenance",
        ),
        pytest.param(
            "host.maintenance",
            build.site(destination=build.host(2, in_maintenance_mode=None)),
            [("unknown", "host2")],
            id="maintenance unknown",
        ),
        pytest.param("host.quarantine", build.site(), [], id="no quarantine"),
        pytest.param(
            "host.quarantine",
            build.site(source=build.host(1, in_quarantine_mode=True)),
            [],
            id="a VM may leave quarantine",
        ),
        pytest.param(
            "host.quarantine",
            build.site(destination=build.host(2, in_quarantine_mode=True)),
            [("warning", "host2")],
            id="destination in quarantine",
        ),
        pytest.param(
            "host.quarantine",
            build.site(destination=build.host(2, in_quarantine_mode=None)),
            [("unknown", "host2")],
            id="quarantine unknown",
        ),
    ],
)
def test_host_state(check_id: str, site: Inventory, expected: Brief) -> None:
    assert brief(check_id, site) == expected


def test_the_message_says_which_end_it_is() -> None:
    site = build.site(source=build.host(1, connection_state=LOST), destination=build.host(2, in_maintenance_mode=True))
    assert look("host.connection", site)[0].message == "source host1 is notResponding in vCenter"
    assert look("host.maintenance", site)[0].message == "destination host2 is in maintenance mode"
