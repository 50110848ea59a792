"""The pytest plugin: `vcenter`, a simulated vCenter, `vcenter_factory` for other shapes, `fault_proxy` for bad nets.

pytest imports this module in every run of every project in the environment, so it imports nothing else up here.

    def test_my_tool(vcenter):
        run_my_tool(vcenter.host, vcenter.port, vcenter.user, vcenter.password, ca_file=vcenter.ca_file)
        assert vcenter.control.motions()[0]["phase"] == "done"
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from vsphere_motion.sim.options import Flavour, SimOptions
    from vsphere_motion.testing.faultproxy import FaultProxy, Upstream
    from vsphere_motion.testing.simulator import SimulatedVCenter

DEFAULT_HOSTS = 4
DEFAULT_VMS = 8
DEFAULT_SPEED = 50.0


class VCenterFactory(Protocol):
    """Starts simulated vCenters that live until the end of the test."""

    def __call__(
        self,
        *,
        hosts: int | None = None,
        vms: int | None = None,
        clusters: int | None = None,
        scenario: str | os.PathLike[str] | None = None,
        speed: float = DEFAULT_SPEED,
        seed: int | None = None,
        stock: bool = False,
    ) -> SimulatedVCenter:
        """A new simulated vCenter; without a scenario or a size it has 4 hosts and 8 VMs."""


@pytest.fixture
def vcenter(vcenter_factory: VCenterFactory) -> SimulatedVCenter:
    """A simulated vCenter with 4 hosts and 8 VMs, in which a migration takes a fraction of a second."""
    return vcenter_factory()


@pytest.fixture
def vcenter_factory(vcenter_environment: Mapping[str, str]) -> Iterator[VCenterFactory]:
    """Call it for a simulated vCenter of another shape; every one is stopped at the end of the test."""
    with contextlib.ExitStack() as stack:
        yield make_factory(stack, vcenter_environment)


@pytest.fixture
def fault_proxy() -> Iterator[Callable[[Upstream], FaultProxy]]:
    """Call it with a vCenter for a proxy in front of it that fails on demand; every one ends with the test."""
    from vsphere_motion.testing.faultproxy import FaultProxy

    with contextlib.ExitStack() as stack:
        yield lambda upstream: stack.enter_context(FaultProxy(upstream))


@pytest.fixture
def vcenter_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which simulators are looked for and started; override it to choose another.

    Their state files lie in a temporary directory, so that `vsphere-motion sim stop` never meets those of a test.
    """
    return {**os.environ, "VSPHERE_MOTION_STATE_DIR": str(tmp_path_factory.mktemp("vsphere-motion-state"))}


def make_factory(
    stack: contextlib.ExitStack, environment: Mapping[str, str], flavour: Flavour | None = None
) -> VCenterFactory:
    """A factory whose simulators are stopped when the stack is closed; for fixtures with a wider scope than a test."""

    def start(
        *,
        hosts: int | None = None,
        vms: int | None = None,
        clusters: int | None = None,
        scenario: str | os.PathLike[str] | None = None,
        speed: float = DEFAULT_SPEED,
        seed: int | None = None,
        stock: bool = False,
    ) -> SimulatedVCenter:
        from vsphere_motion.sim.options import SimOptions

        if environment.get("VSPHERE_MOTION_SIM_URL") and any((hosts, vms, clusters, scenario, stock)):
            pytest.skip("VSPHERE_MOTION_SIM_URL names a running simulator, whose site cannot be chosen")
        is_generated = scenario is None
        options = SimOptions(
            hosts=DEFAULT_HOSTS if hosts is None and is_generated else hosts,
            vms=DEFAULT_VMS if vms is None and is_generated else vms,
            clusters=clusters,
            scenario=None if scenario is None else os.fspath(scenario),
            speed=speed,
            seed=seed,
            stock=stock,
            flavour=flavour,
        )
        return enter_vcenter(stack, options, environment)

    return start


def enter_vcenter(stack: contextlib.ExitStack, options: SimOptions, environment: Mapping[str, str]) -> SimulatedVCenter:
    """Start one simulator on the stack; where none can be found, skip the test, and in CI fail it.

    A simulator that was found and does not start is an error everywhere.
    """
    from vsphere_motion.sim.find import SimulatorMissing
    from vsphere_motion.testing.simulator import simulated_vcenter

    try:
        return stack.enter_context(simulated_vcenter(options, environment))
    except SimulatorMissing as problem:
        reason = "; ".join([problem.message, *problem.details, problem.hint or ""])
    if environment.get("CI", "").lower() in {"1", "true", "yes"}:
        pytest.fail(f"{reason} (CI is set, so this is no reason to skip)", pytrace=False)
    pytest.skip(reason)
