"""Calls that these tests make, and as whom."""

from __future__ import annotations

from pyVmomi import vim, vmodl

from vsphere_motion.model.account import Credentials, Password
from vsphere_motion.vcenter.faults import translated
from vsphere_motion.vcenter.session import Session

TIMEOUT_S = 0.6
CREDENTIALS = Credentials(user="bob@vsphere.local", password=Password("correct-horse-battery"), source="the test")


def relocate(session: Session) -> object:
    with translated("start the relocation of web01"):
        return vim.VirtualMachine("vm-1", session.stub).RelocateVM_Task(vim.vm.RelocateSpec(), None)


def create_filter(session: Session) -> object:
    collector = vmodl.query.PropertyCollector
    spec = collector.FilterSpec(
        propSet=[collector.PropertySpec(type=vim.Task, pathSet=["info"])],
        objectSet=[collector.ObjectSpec(obj=vim.Task("task-1", session.stub))],
    )
    with translated("watch task-1"):
        return session.content.propertyCollector.CreateFilter(spec, partialUpdates=False)
