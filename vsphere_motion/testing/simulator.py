"""A simulated vCenter for the length of a `with` block: what the pytest fixtures are made of."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vsphere_motion.sim.options import SimOptions
from vsphere_motion.sim.start import start_simulator
from vsphere_motion.sim.state import SimState, remove_state
from vsphere_motion.testing.control import Control


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedVCenter:
    """How to reach one simulated vCenter.

    Args:
        ca_file: the authority to trust.
        url: address of the SOAP endpoint.
        control: client of the control endpoint; its calls fail on a stock simulator.
        state: how it was started.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    ca_file: Path | None
    url: str
    control: Control = field(repr=False)
    state: SimState = field(repr=False)

    def environment(self) -> dict[str, str]:
        """The variables that lead vsphere-motion, and Ansible's modules, to this vCenter."""
        return self.state.variables()


@contextlib.contextmanager
def simulated_vcenter(options: SimOptions, environment: Mapping[str, str]) -> Iterator[SimulatedVCenter]:
    """Start a simulator, and stop it at the end of the block where it was started here."""
    state = start_simulator(options, environment)
    try:
        yield describe(state)
    finally:
        if state.run is not None:
            state.run.end(environment)
            remove_state(state, environment)


def describe(state: SimState) -> SimulatedVCenter:
    """A running simulator as the fixtures yield it."""
    return SimulatedVCenter(
        host=state.host,
        port=state.port,
        user=state.user,
        password=state.password,
        ca_file=state.ca_file,
        url=state.url,
        control=Control(
            host=state.host, port=state.port, user=state.user, password=state.password, ca_file=state.ca_file
        ),
        state=state,
    )
