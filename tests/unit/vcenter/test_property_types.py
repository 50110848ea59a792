"""What may stand at a path, by the API's own declaration."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pyVmomi import VmomiSupport, vim

from vsphere_motion.vcenter.property_types import fits

HOST = vim.HostSystem("host-1")
VM = vim.VirtualMachine("vm-1")
DISK = vim.vm.device.VirtualDisk(key=2000)
MOUNT = vim.Datastore.HostMount(key=HOST, mountInfo=vim.host.MountInfo(accessMode="readWrite"))
HEADLESS = vim.Datastore.HostMount(mountInfo=vim.host.MountInfo(accessMode="readWrite"))


@pytest.mark.parametrize(
    ("kind", "path", "value", "expected"),
    [
        pytest.param("VirtualMachine", "name", "web01", True, id="text"),
        pytest.param("VirtualMachine", "name", 7, False, id="a number for text"),
        pytest.param("VirtualMachine", "runtime.powerState", vim.VirtualMachine.PowerState.poweredOn, True, id="word"),
        pytest.param("VirtualMachine", "runtime.powerState", HOST, False, id="a reference for a word"),
        pytest.param("VirtualMachine", "runtime.host", HOST, True, id="reference"),
        pytest.param("VirtualMachine", "runtime.host", VM, True, id="reference to another kind of object"),
        pytest.param("VirtualMachine", "runtime.host", "host-1", False, id="text for a reference"),
        pytest.param("VirtualMachine", "recentTask", [vim.Task("task-1")], True, id="references"),
        pytest.param("VirtualMachine", "recentTask", [], True, id="no references"),
        pytest.param("VirtualMachine", "recentTask", vim.Task("task-1"), False, id="one reference for many"),
        pytest.param("VirtualMachine", "recentTask", ["task-1"], False, id="texts for references"),
        pytest.param("VirtualMachine", "config.hardware.memoryMB", 1024, True, id="number"),
        pytest.param("VirtualMachine", "config.template", True, True, id="yes or no"),
        pytest.param("VirtualMachine", "config.template", 1, False, id="a number for yes or no"),
        pytest.param("VirtualMachine", "config.hardware.device", [DISK], True, id="structures"),
        pytest.param("VirtualMachine", "runtime.host", [DISK], False, id="structures for a reference"),
        pytest.param("Datastore", "summary.capacity", VmomiSupport.long(7), True, id="long number"),
        pytest.param("Datastore", "host", [MOUNT], True, id="whole"),
        pytest.param("Datastore", "host", [MOUNT, HEADLESS], False, id="a required reference is missing inside"),
        pytest.param("Task", "info.queueTime", datetime(2026, 1, 1, tzinfo=UTC), True, id="time"),
        pytest.param("Task", "info.queueTime", "2026", False, id="text for a time"),
        pytest.param("VirtualMachine", "config.hardware.flux", "1.21", True, id="a path that is not declared"),
    ],
)
def test_what_fits(kind: str, path: str, value: Any, expected: bool) -> None:
    assert fits(kind, path, value) is expected
