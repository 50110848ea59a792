"""Checks and permissions of the simulator, as pyVmomi sees them: every fault class and its fields have to be parsed."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pyVim.connect import Disconnect, SmartConnect
from pyVim.task import WaitForTask
from pyVmomi import vim, vmodl

from tests.observer import Observer, observing
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

SITE = """\
version: 1
clusters:
  - name: A
    hosts:
      - {name: a1, evc: intel-skylake}
      - {name: a2, evc: intel-haswell, quarantine: true, vmotion: {mtu: 1500, link_gbps: 0.5}}
      - {name: a3, maintenance: true, evc: intel-skylake}
datastores: [{name: d}]
networks: [{name: n}]
vms:
  - {name: vm, host: a1, tools_mounted: true, devices: [rdm-invisible, serial-file, usb], ft: pair}
  - {name: mate, host: a2, ft: pair}
roles: [{name: mover, privileges: [Resource.ColdMigrate]}]
users:
  - {name: looker, password: a password long enough, role: ReadOnly}
  - {name: nobody, password: a password long enough}
permissions: [{entity: vm, user: looker, role: mover}]
"""


@pytest.fixture
def site(tmp_path: Path, vcenter_factory: VCenterFactory) -> SimulatedVCenter:
    """A site with a machine that may not go anywhere."""
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    return vcenter_factory(scenario=path)


@contextmanager
def seen_by(site: SimulatedVCenter, user: str) -> Iterator[Observer]:
    """The site through the eyes of one of its users."""
    context = ssl.create_default_context(cafile=str(site.ca_file))
    instance = SmartConnect(host=site.host, port=site.port, user=user, pwd="a password long enough", sslContext=context)
    try:
        yield Observer(instance)
    finally:
        Disconnect(instance)


def class_names(faults: Any) -> set[str]:
    """The classes of faults, without their package."""
    return {type(fault).__name__.rpartition(".")[2] for fault in faults}


def test_all_that_stands_against_a_move_is_said_at_once(site: SimulatedVCenter) -> None:
    with observing(site) as observer:
        checker, vm = observer.content.vmProvisioningChecker, observer.vm("vm")
        destination = observer.host("a2")
        task = checker.CheckRelocate_Task(vm, vim.vm.RelocateSpec(host=destination))
        WaitForTask(task)
        (result,) = task.info.result
        move = vm.RelocateVM_Task(vim.vm.RelocateSpec(host=destination))
        with pytest.raises(vim.fault.ToolsInstallationInProgress):
            WaitForTask(move)
    assert class_names(result.error) == {
        "ToolsInstallationInProgress",
        "RDMPointsToInaccessibleDisk",
        "DisallowedMigrationDeviceAttached",
        "CannotAccessVmDevice",
        "FeatureRequirementsNotMet",
        "FaultToleranceAntiAffinityViolated",
    }
    assert class_names(result.warning) == {"QuarantineModeFault", "GenericVmConfigFault", "VMotionLinkCapacityLow"}
    unmet = next(fault for fault in result.error if isinstance(fault, vim.fault.FeatureRequirementsNotMet))
    assert {item.featureName for item in unmet.featureRequirement} >= {"cpuid.ADX", "cpuid.AVX512F"}
    assert unmet.host == destination


def test_every_active_host_is_judged_where_none_is_named(site: SimulatedVCenter) -> None:
    with observing(site) as observer:
        task = observer.content.vmProvisioningChecker.CheckRelocate_Task(
            observer.vm("mate"), vim.vm.RelocateSpec(), ["hostTests"]
        )
        WaitForTask(task)
        judged = {result.host.name: class_names(result.error) for result in task.info.result}
    assert judged == {"a1": {"FaultToleranceAntiAffinityViolated"}, "a2": set()}


def test_a_pair_is_judged_as_if_the_host_were_there(site: SimulatedVCenter) -> None:
    with observing(site) as observer:
        hosts = [observer.host("a2"), observer.host("a3")]
        task = observer.content.vmProvisioningChecker.QueryVMotionCompatibilityEx_Task([observer.vm("mate")], hosts)
        WaitForTask(task)
        judged = {result.host.name: class_names(result.error) for result in task.info.result}
    assert judged == {"a2": set(), "a3": set()}


def test_a_missing_privilege_is_named_with_its_object(site: SimulatedVCenter) -> None:
    with seen_by(site, "looker") as observer:
        vm = observer.vm("vm")
        session = observer.content.sessionManager.currentSession.key
        answers = observer.content.authorizationManager.HasPrivilegeOnEntities(
            [vm], session, ["Resource.ColdMigrate", "Resource.HotMigrate"]
        )
        with pytest.raises(vim.fault.NoPermission) as caught:
            vm.RelocateVM_Task(vim.vm.RelocateSpec(host=observer.host("a2")))
    assert [item.isGranted for item in answers[0].privAvailability] == [True, False]
    assert (caught.value.object, caught.value.privilegeId) == (vm, "Resource.HotMigrate")
    assert [item.privilegeIds for item in caught.value.missingPrivileges] == [["Resource.HotMigrate"]]


def test_what_may_not_be_read_is_missing_and_not_empty(site: SimulatedVCenter) -> None:
    with observing(site) as observer:
        moid = observer.vm("vm")._moId
    collector = vmodl.query.PropertyCollector
    with seen_by(site, "nobody") as observer:
        vm = vim.VirtualMachine(moid, observer.instance._stub)
        spec = collector.FilterSpec(
            objectSet=[collector.ObjectSpec(obj=vm)],
            propSet=[collector.PropertySpec(type=vim.VirtualMachine, pathSet=["name", "runtime.host"], all=False)],
        )
        (content,) = observer.content.propertyCollector.RetrieveContents([spec])
    assert not content.propSet
    missing = {item.path: item.fault.privilegeId for item in content.missingSet}
    assert missing == {"name": "System.View", "runtime.host": "System.Read"}
