"""Planted faults, met by a Python client."""

from __future__ import annotations

from typing import Any

import pytest
from pyVim.task import WaitForTask
from pyVmomi import vim, vmodl

from tests.observer import observing
from vsphere_motion.errors import SimulatorError
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim


def message_of(fault: Any) -> str:
    """What the server says of a fault; pyVmomi adds it to the class."""
    message: str = fault.msg
    return message


def test_a_refused_call_reaches_the_client_as_its_fault(vcenter: SimulatedVCenter) -> None:
    vcenter.control.plant_faults(
        {"match": {"method": "CurrentTime", "count": 1}, "fail": {"fault": "NoPermission", "message": "not today"}}
    )
    with observing(vcenter) as observer:
        with pytest.raises(vim.fault.NoPermission) as caught:
            observer.instance.CurrentTime()
        assert message_of(caught.value) == "not today"
        assert observer.instance.CurrentTime() is not None
    (planted,) = vcenter.control.faults()
    assert (planted["matched"], planted["fired"]) == (2, 1)


def test_a_cut_connection_is_no_fault_but_a_broken_one(vcenter: SimulatedVCenter) -> None:
    with observing(vcenter) as observer:
        vcenter.control.plant_faults({"match": {"method": "CurrentTime", "count": 1}, "cut": "before"})
        with pytest.raises(ConnectionError):
            observer.instance.CurrentTime()


def test_an_ended_session_is_not_authenticated(vcenter: SimulatedVCenter) -> None:
    with observing(vcenter) as observer:
        vcenter.control.plant_faults({"match": {"method": "CurrentTime"}, "end_session": {}})
        for _ in range(2):
            with pytest.raises(vim.fault.NotAuthenticated):
                observer.instance.CurrentTime()
        vcenter.control.remove_faults()


# One with a required enumeration, one with a nested fault, one that is the system's, and two plain ones.
@pytest.mark.parametrize(
    "name", ["InvalidPowerState", "CannotAccessVmDisk", "SystemError", "DrsDisabledOnVm", "GenericVmConfigFault"]
)
def test_every_kind_of_fault_is_parsed_from_a_task(vcenter_factory: VCenterFactory, name: str) -> None:
    vcenter = vcenter_factory(speed=1000.0)
    vcenter.control.plant_faults({"fail": {"fault": name, "message": "planted"}})
    with observing(vcenter) as observer:
        task = observer.vm("vm-001").RelocateVM_Task(vim.vm.RelocateSpec(host=observer.host("esx-002")))
        with pytest.raises(vmodl.MethodFault) as caught:
            WaitForTask(task)
    assert type(caught.value).__name__.rpartition(".")[2] == name
    assert message_of(caught.value) == "planted"


def test_an_unknown_class_is_refused_with_what_there_is(vcenter: SimulatedVCenter) -> None:
    with pytest.raises(SimulatorError, match=r"422.*no fault class.*GenericVmConfigFault"):
        vcenter.control.plant_faults({"fail": {"fault": "Nonsense"}})
