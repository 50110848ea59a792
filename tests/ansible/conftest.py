"""Fixtures of the tests of the collection."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ansible.modules import Modules
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter


@pytest.fixture
def modules(tmp_path: Path) -> Callable[[SimulatedVCenter], Modules]:
    """The modules, led to a simulated vCenter by their environment."""
    home = tmp_path / "playing"
    home.mkdir()
    return lambda vcenter: Modules(vcenter=vcenter, home=home)


@pytest.fixture
def small(vcenter_factory: VCenterFactory) -> SimulatedVCenter:
    """The smallest site: web01 can move to esx3; files01 cannot leave esx2."""
    return vcenter_factory(scenario="small")


@pytest.fixture
def on_small(small: SimulatedVCenter, modules: Callable[[SimulatedVCenter], Modules]) -> Modules:
    """The modules on the smallest site."""
    return modules(small)
