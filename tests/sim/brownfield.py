"""The shipped site that has grown, for the tests of a file together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.conftest import REAL_ENVIRONMENT
from tests.observer import observing
from tests.sim.storage_site import make_vapp
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
