"""Maintenance mode of a simulated host, driven by pyVmomi: to its end, to its timeout, and under DRS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyVmomi import vim, vmodl

from tests.sim.reading import session_with
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.session import Session

pytestmark = pytest.mark.vcsim

WAITS = 60
"""More waits than any of these tasks needs: a test ends even if no task does."""

AUTOMATIC = """
version: 1
clusters:
  - name: Production
    drs: {automation: fullyAutomated}
    hosts: [{name: esx1}, {name: esx2}, {name: esx3}]
datastores: [{name: shared}]
networks: [{name: lan}]
vms:
  - {name: web1, host: esx1, memory_gib: 8}
  - {name: web2, host: esx1, memory_gib: 8}
  - {name: spare, host: esx1, power: "off"}
rules:
  - {cluster: Production, name: apart, kind: anti-affinity, vms: [web1, web2]}
"""


@pytest.fixture
def automatic(vcenter_factory: VCenterFactory, tmp_path: Path) -> SimulatedVCenter:
    """Three hosts, everything on the first one, and a DRS that acts."""
    scenario = tmp_path / "automatic.yaml"
    scenario.write_text(AUTOMATIC, encoding="utf-8")
    return vcenter_factory(scenario=scenario, speed=100)


@pytest.fixture
def manual(vcenter_factory: VCenterFactory) -> SimulatedVCenter:
    """Two hosts with one VM each, and a DRS that only advises."""
    return vcenter_factory(hosts=2, vms=2, speed=100)


@pytest.fixture
def session(manual: SimulatedVCenter) -> Iterator[Session]:
    with session_with(manual) as opened:
        yield opened


def find(session: Session, kind: Any, name: str) -> Any:
    """The object of that name; its moid comes from a view, so that nothing is guessed."""
    view = session.content.viewManager.CreateContainerView(session.content.rootFolder, [kind], recursive=True)
    found = [entity for entity in view.view if entity.name == name]
    view.Destroy()
    assert len(found) == 1
    return found[0]


def finished(session: Session, task: Any) -> Any:
    """The task's info once it has ended, waited for with the property collector."""
    collector = session.content.propertyCollector
    properties = vmodl.query.PropertyCollector.PropertySpec(type=vim.Task, pathSet=["info.state"])
    spec = vmodl.query.PropertyCollector.FilterSpec(
        propSet=[properties], objectSet=[vmodl.query.PropertyCollector.ObjectSpec(obj=task)]
    )
    watch = collector.CreateFilter(spec, partialUpdates=True)
    version = ""
    try:
        for _ in range(WAITS):
            update = collector.WaitForUpdatesEx(version, vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=1))
            version = update.version if update is not None else version
            info = task.info
            if info.state in (vim.TaskInfo.State.success, vim.TaskInfo.State.error):
                return info
    finally:
        watch.Destroy()
    pytest.fail(f"the task did not end: {task.info}")


def kinds_of_events(session: Session) -> list[str]:
    events = session.content.eventManager.QueryEvents(vim.event.EventFilterSpec())
    return [type(event).__name__.rpartition(".")[2] for event in events]


def test_a_host_is_emptied_by_drs_and_enters_maintenance_mode(automatic: SimulatedVCenter) -> None:
    with session_with(automatic) as session:
        host = find(session, vim.HostSystem, "esx1")
        info = finished(session, host.EnterMaintenanceMode_Task(timeout=0, evacuatePoweredOffVms=True))
        assert info.state == "success", info.error
        assert info.descriptionId == "HostSystem.enterMaintenanceMode"
        assert host.runtime.inMaintenanceMode
        assert list(host.vm) == []
        places = {name: find(session, vim.VirtualMachine, name).runtime.host.name for name in ("web1", "web2", "spare")}
        assert places["web1"] != places["web2"], "the rule holds for evacuations as well"
        assert kinds_of_events(session).count("DrsVmMigratedEvent") == 3
        parents = [task.info.parentTaskKey for task in session.content.taskManager.recentTask]
        assert parents.count(info.key) == 3
        leave = finished(session, host.ExitMaintenanceMode_Task(timeout=0))
        assert leave.state == "success"
        assert not host.runtime.inMaintenanceMode


def test_a_host_that_nobody_empties_times_out(session: Session) -> None:
    host = find(session, vim.HostSystem, "esx-001")
    info = finished(session, host.EnterMaintenanceMode_Task(timeout=120, evacuatePoweredOffVms=False))
    assert info.state == "error"
    assert isinstance(info.error, vim.fault.Timedout)
    assert (info.completeTime - info.startTime).total_seconds() == pytest.approx(120)
    assert not host.runtime.inMaintenanceMode
    assert len(host.vm) == 1


def test_a_host_enters_once_its_machines_are_moved_by_hand(session: Session) -> None:
    host, other = find(session, vim.HostSystem, "esx-001"), find(session, vim.HostSystem, "esx-002")
    task = host.EnterMaintenanceMode_Task(timeout=0)
    (vm,) = host.vm
    assert finished(session, vm.RelocateVM_Task(vim.vm.RelocateSpec(host=other))).state == "success"
    assert finished(session, task).state == "success"
    assert host.runtime.inMaintenanceMode
    back = finished(session, vm.RelocateVM_Task(vim.vm.RelocateSpec(host=host)))
    assert isinstance(back.error, vim.fault.InvalidHostState)


def test_recommendations_are_read_and_applied(manual: SimulatedVCenter) -> None:
    with session_with(manual) as session:
        cluster = find(session, vim.ClusterComputeResource, "cluster-01")
        host = find(session, vim.HostSystem, "esx-001")
        task = host.EnterMaintenanceMode_Task(timeout=0)
        assert host.vm, "a manual cluster moves nothing by itself"
        cluster.RefreshRecommendation()
        (advice,) = cluster.recommendation
        assert advice.reason == "hostMaint"
        assert advice.action[0].drsMigration.source == host
        cluster.ApplyRecommendation(advice.key)
        assert finished(session, task).state == "success"
