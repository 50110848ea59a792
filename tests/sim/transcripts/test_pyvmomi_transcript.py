"""Plain pyVmomi drives the simulator: a transcript."""

from __future__ import annotations

from typing import Any

import pytest
from pyVmomi import vim

from tests.sim.transcripts.steps import (
    MOVED_AND_CANCELLED,
    STANDS_STILL_HALF_WAY,
    Mover,
    Transcript,
    placement,
    soap,
)
from vsphere_motion.testing.plugin import VCenterFactory

EXPECTED = f"""\
log in     administrator@vsphere.local on VMware vCenter Server 8.0.3
list       db01 on esx1, files01 on esx2, off01 on esx3, snap01 on esx3, web01 on esx1, web02 on esx2
tag        SOAP has no tags; custom attribute env=prod on db01
{MOVED_AND_CANCELLED}
log out    vim.fault.NotAuthenticated"""


@pytest.mark.vcsim
def test_the_transcript_of_pyvmomi(vcenter_factory: VCenterFactory) -> None:
    vcenter = vcenter_factory(scenario="small", speed=20)
    transcript = Transcript()
    with soap(vcenter) as instance:
        transcript.say("log in", logged_in(instance))
        transcript.say("list", ", ".join(f"{vm} on {host}" for vm, host in sorted(placement(instance).items())))
        transcript.say("tag", f"SOAP has no tags; custom attribute {marked(instance)} on db01")
        mover = Mover(instance, transcript)
        mover.move_to_the_end()
        vcenter.control.plant_faults(STANDS_STILL_HALF_WAY)
        mover.cancel_half_way()
        instance.content.sessionManager.Logout()
        with pytest.raises(vim.fault.NotAuthenticated) as refused:
            instance.CurrentTime()
        transcript.say("log out", type(refused.value).__name__)
    assert transcript.text() == EXPECTED


def logged_in(instance: Any) -> str:
    about = instance.content.about
    return f"{instance.content.sessionManager.currentSession.userName} on {about.name} {about.version}"


def marked(instance: Any) -> str:
    """Give db01 a custom attribute, and read it back from the machine."""
    manager = instance.content.customFieldsManager
    field = manager.AddCustomFieldDef("env", vim.VirtualMachine)
    vm = instance.content.searchIndex.FindByInventoryPath("DC0/vm/db01")
    manager.SetField(vm, field.key, "prod")
    names = {each.key: each.name for each in manager.field}
    return ", ".join(f"{names[value.key]}={value.value}" for value in vm.customValue)
