"""What several files of this directory start."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from tests.conftest import REAL_ENVIRONMENT
from tests.observer import Observer, observing
from tests.program import Program
from tests.sim.storage_site import SITE
from vsphere_motion.testing.plugin import make_factory
from vsphere_motion.testing.simulator import SimulatedVCenter


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedVCenter]:
    """One simulated vCenter for all tests of a file: each has a virtual machine of its own."""
    directory = tmp_path_factory.mktemp("storage")
    (directory / "site.yaml").write_text(SITE, encoding="utf-8")
    environment = {**REAL_ENVIRONMENT, "VSPHERE_MOTION_STATE_DIR": str(directory)}
    with contextlib.ExitStack() as stack:
        yield make_factory(stack, environment)(scenario=directory / "site.yaml", speed=200)


@pytest.fixture
def observer(site: SimulatedVCenter) -> Iterator[Observer]:
    with observing(site) as found:
        yield found


@pytest.fixture
def run(site: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]) -> Program:
    return program(site)
