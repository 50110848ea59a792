"""Choose one of the running simulators, and stop it or all of them."""

from __future__ import annotations

from collections.abc import Mapping

from vsphere_motion.errors import UsageProblem
from vsphere_motion.sim.state import SimState, list_states, remove_state


def stop_simulator(environment: Mapping[str, str], *, port: int | None = None) -> SimState | None:
    """Stop the simulator that `choose_simulator` chooses and return it; None if none runs."""
    state = choose_simulator(environment, port=port)
    if state is not None:
        _stop(state, environment)
    return state


def stop_all(environment: Mapping[str, str]) -> tuple[SimState, ...]:
    """Stop every running simulator of this user and return them."""
    states = list_states(environment)
    for state in states:
        _stop(state, environment)
    return states


def choose_simulator(environment: Mapping[str, str], *, port: int | None = None) -> SimState | None:
    """The simulator on the port; without a port the only one, else the one VMWARE_PORT names; None if none runs.

    Raises:
        UsageProblem: some run, but it is not clear which is meant; the details list them.
    """
    states = list_states(environment)
    if not states:
        return None
    if port is None and len(states) == 1:
        return states[0]
    wanted = str(port) if port is not None else environment.get("VMWARE_PORT", "")
    matching = [state for state in states if str(state.port) == wanted]
    if not matching:
        raise _unclear(states, wanted, is_given=port is not None)
    return matching[0]


def _unclear(states: tuple[SimState, ...], wanted: str, *, is_given: bool) -> UsageProblem:
    message = f"no simulator runs on port {wanted}" if is_given else f"{len(states)} simulators run"
    details = tuple(f"port {state.port}  {state.url}" for state in states)
    return UsageProblem(message, hint="name one with --port, or stop all with --all", details=details)


def _stop(state: SimState, environment: Mapping[str, str]) -> None:
    assert state.run is not None, "list_states returns only what was started here"
    state.run.end(environment)
    remove_state(state, environment)
