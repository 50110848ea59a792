"""Into maintenance mode and out of it, against a simulated vCenter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyVmomi import vim

from tests.observer import observing
from tests.sim.reading import session_with
from vsphere_motion.errors import VCenterFault
from vsphere_motion.model.plan_file import PlanFile, PlanHost, PlanKind
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.model.task import TaskState
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.maintenance import enter_all
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.maintenance import enter_maintenance, exit_maintenance, wait_for_task
from vsphere_motion.vcenter.session import Session

pytestmark = pytest.mark.vcsim

WHAT = "put the host into maintenance mode"


@pytest.fixture
def site(vcenter_factory: VCenterFactory) -> SimulatedVCenter:
    """Three hosts, of which the third has no VM."""
    return vcenter_factory(hosts=3, vms=2, speed=100)


@pytest.fixture
def session(site: SimulatedVCenter) -> Iterator[Session]:
    with session_with(site) as opened:
        yield opened


def named(site: SimulatedVCenter, name: str) -> NamedRef:
    with observing(site) as observer:
        hosts = observer.read(vim.HostSystem)
    return NamedRef(ref=MoRef(kind="HostSystem", moid=hosts[name]["ref"]._moId), name=name)


def is_in(site: SimulatedVCenter, name: str) -> bool:
    with observing(site) as observer:
        return bool(observer.read(vim.HostSystem, "runtime.inMaintenanceMode")[name]["runtime.inMaintenanceMode"])


def test_an_empty_host_enters_and_leaves(site: SimulatedVCenter, session: Session) -> None:
    host = named(site, "esx-003")

    entered = wait_for_task(session, enter_maintenance(session, host, evacuate_powered_off=False), WHAT)

    assert entered is not None
    assert entered.state is TaskState.SUCCESS
    assert is_in(site, "esx-003")
    left = wait_for_task(session, exit_maintenance(session, host), "take the host out of maintenance mode")
    assert left is not None
    assert left.state is TaskState.SUCCESS
    assert not is_in(site, "esx-003")


def test_waiting_ends_when_it_is_over_and_the_task_goes_on(site: SimulatedVCenter, session: Session) -> None:
    task = enter_maintenance(session, named(site, "esx-001"), evacuate_powered_off=False)
    turns = iter([False, True])

    assert wait_for_task(session, task, WHAT, is_over=lambda: next(turns)) is None
    assert not is_in(site, "esx-001")


def test_a_task_that_fails_is_told_in_vcenters_words(site: SimulatedVCenter, session: Session) -> None:
    host = named(site, "esx-003")
    wait_for_task(session, enter_maintenance(session, host, evacuate_powered_off=False), WHAT)

    with pytest.raises(VCenterFault) as told:
        wait_for_task(session, enter_maintenance(session, host, evacuate_powered_off=False), WHAT)

    assert told.value.fault_kind == "InvalidState"


def test_each_host_of_a_plan_is_asked_for_and_says_what_came_of_it(site: SimulatedVCenter, session: Session) -> None:
    hosts = tuple(PlanHost(name=name, moid=named(site, name).moid) for name in ("esx-003", "esx-001"))
    plan = PlanFile(kind=PlanKind.EVACUATE, server="u", fingerprint="f", moves=(), hosts=hosts)

    empty, full = enter_all(VCenter(session), plan, limit_s=3.0)

    assert (empty.is_in, empty.words) == (True, "in maintenance mode")
    assert not full.is_in
    assert full.words == f"not in maintenance mode after 3 s; its task {full.task} goes on"
    assert is_in(site, "esx-003")
    assert not is_in(site, "esx-001")
