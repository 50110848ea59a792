"""An independent look at a simulated vCenter, with plain pyVmomi and nothing of ours."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim, vmodl

from vsphere_motion.testing.simulator import SimulatedVCenter


class Observer:
    """Reads and plants through a session of its own."""

    def __init__(self, instance: Any) -> None:
        self.instance = instance
        self.content = instance.content

    def read(self, kind: type, *paths: str) -> dict[str, dict[str, Any]]:
        """Every object of a type: its properties by its name."""
        view = self.content.viewManager.CreateContainerView(self.content.rootFolder, [kind], True)
        try:
            found = self._retrieve(kind, view, ("name", *paths))
        finally:
            view.Destroy()
        return {properties["name"]: properties for properties in found}

    def _retrieve(self, kind: type, view: Any, paths: tuple[str, ...]) -> list[dict[str, Any]]:
        collector = vmodl.query.PropertyCollector
        traversal = collector.TraversalSpec(name="view", path="view", skip=False, type=vim.view.ContainerView)
        spec = collector.FilterSpec(
            objectSet=[collector.ObjectSpec(obj=view, skip=True, selectSet=[traversal])],
            propSet=[collector.PropertySpec(type=kind, pathSet=list(paths), all=False)],
        )
        answer = self.content.propertyCollector.RetrieveContents([spec])
        return [{"ref": item.obj, **{prop.name: prop.val for prop in item.propSet}} for item in answer]

    def at(self, path: str, *paths: str) -> dict[str, Any]:
        """The one object at an inventory path, with its properties."""
        found = self.content.searchIndex.FindByInventoryPath(path)
        assert found is not None, f"there is nothing at {path}"
        collector = vmodl.query.PropertyCollector
        spec = collector.FilterSpec(
            objectSet=[collector.ObjectSpec(obj=found)],
            propSet=[collector.PropertySpec(type=type(found), pathSet=["name", *paths], all=False)],
        )
        (answer,) = self.content.propertyCollector.RetrieveContents([spec])
        return {"ref": answer.obj, **{prop.name: prop.val for prop in answer.propSet}}

    def properties(self, vm: str, *paths: str) -> dict[str, Any]:
        """Properties of a VM that is named by its name or by its inventory path."""
        return self.at(vm, *paths) if vm.startswith("/") else self.read(vim.VirtualMachine, *paths)[vm]

    def hosts(self) -> dict[str, str]:
        """Each VM's host, by runtime.host."""
        names = {properties["ref"]: name for name, properties in self.read(vim.HostSystem).items()}
        return {name: names[vm["runtime.host"]] for name, vm in self.read(vim.VirtualMachine, "runtime.host").items()}

    def vms_of_hosts(self) -> dict[str, set[str]]:
        """Each host's VMs, by host.vm."""
        names = {properties["ref"]: name for name, properties in self.read(vim.VirtualMachine).items()}
        hosts = self.read(vim.HostSystem, "vm")
        return {name: {names[ref] for ref in host.get("vm", [])} for name, host in hosts.items()}

    def vm(self, name: str) -> Any:
        """A VM's managed object."""
        return self.read(vim.VirtualMachine)[name]["ref"]

    def host(self, name: str) -> Any:
        """A host's managed object."""
        return self.read(vim.HostSystem)[name]["ref"]

    def sessions(self) -> int:
        """How many sessions the server has, this one included."""
        return len(self.content.sessionManager.sessionList)


@contextmanager
def observing(vcenter: SimulatedVCenter) -> Iterator[Observer]:
    """An observer with its own session."""
    context = ssl.create_default_context(cafile=str(vcenter.ca_file))
    instance = SmartConnect(
        host=vcenter.host, port=vcenter.port, user=vcenter.user, pwd=vcenter.password, sslContext=context
    )
    try:
        yield Observer(instance)
    finally:
        Disconnect(instance)
