"""Where each virtual machine is, by a client of its own."""

from __future__ import annotations

from pyVmomi import vim

from tests.observer import observing
from vsphere_motion.testing.simulator import SimulatedVCenter


def places(vcenter: SimulatedVCenter) -> dict[str, str]:
    """The host of each VM, by moid: names repeat."""
    with observing(vcenter) as observer:
        names = {item["ref"]: name for name, item in observer.read(vim.HostSystem).items()}
        view = observer.content.viewManager.CreateContainerView(
            observer.content.rootFolder, [vim.VirtualMachine], recursive=True
        )
        try:
            found = observer._retrieve(vim.VirtualMachine, view, ("name", "runtime.host"))
        finally:
            view.Destroy()
        return {item["ref"]._moId: names[item["runtime.host"]] for item in found}
