"""The shipped site that has grown, for the tests of a file together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pyVmomi import vim

from tests.conftest import REAL_ENVIRONMENT
from tests.observer import Observer, observing
from vsphere_motion.testing.plugin import make_factory
from vsphere_motion.testing.simulator import SimulatedVCenter

VAPP = "Shop (2012)"
"""Made on the site, in the cluster Production (old): a scenario has none."""


@contextmanager
def brownfield(directory: Path, *, speed: float = 1000.0) -> Iterator[SimulatedVCenter]:
    """The site, with a vApp, for as long as the block lasts."""
    environment = {**REAL_ENVIRONMENT, "VSPHERE_MOTION_STATE_DIR": str(directory)}
    with ExitStack() as stack:
        vcenter = make_factory(stack, environment)(scenario="brownfield", speed=speed)
        with observing(vcenter) as observer:
            make_vapp(observer, "Production (old)", VAPP)
        yield vcenter


def make_vapp(observer: Observer, cluster: str, name: str) -> None:
    """A vApp in the root pool of a cluster."""
    root = observer.read(vim.ClusterComputeResource, "resourcePool")[cluster]["resourcePool"]
    shares = vim.SharesInfo(level="normal", shares=4000)
    share = vim.ResourceAllocationInfo(reservation=0, expandableReservation=True, limit=-1, shares=shares)
    root.CreateVApp(
        name=name,
        resSpec=vim.ResourceConfigSpec(cpuAllocation=share, memoryAllocation=share),
        configSpec=vim.vApp.VAppConfigSpec(),
        vmFolder=observer.read(vim.Datacenter, "vmFolder")["DC0"]["vmFolder"],
    )
