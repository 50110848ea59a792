"""How the tests of the promises reach a vCenter through the fault proxy."""

from __future__ import annotations

from typing import Any

from tests.sim.reading import move_away
from vsphere_motion.model.account import Credentials, Password
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.model.move import Move
from vsphere_motion.testing.faultproxy import FaultProxy
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.inventory import take_snapshot
from vsphere_motion.vcenter.session import Session, open_session


def endpoint_of(proxy: FaultProxy, **changes: Any) -> Endpoint:
    """The way through the proxy, trusted by its authority."""
    return Endpoint(host=proxy.host, port=proxy.port, ca_file=proxy.ca_file)._replace(**changes)


def credentials_of(vcenter: SimulatedVCenter) -> Credentials:
    """The account of the simulated vCenter."""
    return Credentials(user=vcenter.user, password=Password(vcenter.password), source="the test")


def session_through(proxy: FaultProxy, **changes: Any) -> Session:
    """A session through the proxy; `changes` are fields of the endpoint."""
    return open_session(endpoint_of(proxy, **changes), credentials_of(proxy.vcenter))


def moves_of(session: Session, count: int) -> list[Move]:
    """One move to another host for each of the first VMs."""
    inventory = take_snapshot(session)
    assert len(inventory.vms) >= count
    return [move_away(inventory, vm) for vm in inventory.vms[:count]]
