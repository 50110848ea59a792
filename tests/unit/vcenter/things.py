"""Parts of the vSphere API as pyVmomi makes them, for tests of pure conversions."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from vsphere_motion.model.refs import MoRef

device = vim.vm.device


def managed(kind: type, moid: str) -> Any:
    """A managed object that belongs to no server."""
    return kind(moid, None)


def host(number: int) -> Any:
    return managed(vim.HostSystem, f"host-{number}")


def vm(number: int) -> Any:
    return managed(vim.VirtualMachine, f"vm-{number}")


def host_ref(number: int) -> MoRef:
    return MoRef(kind="HostSystem", moid=f"host-{number}")


def vm_ref(number: int) -> MoRef:
    return MoRef(kind="VirtualMachine", moid=f"vm-{number}")


def connect_info(*, connected: bool) -> Any:
    return device.VirtualDevice.ConnectInfo(startConnected=True, allowGuestControl=True, connected=connected)


def a_device(kind: type, *, label: str = "the device", connected: bool | None = None, **fields: Any) -> Any:
    """A virtual device with a label; `connected` None: a device that cannot be disconnected."""
    connectable = None if connected is None else connect_info(connected=connected)
    return kind(key=3000, deviceInfo=vim.Description(label=label, summary=""), connectable=connectable, **fields)
