"""The simulator in a container: the same contract as the process, and nothing left in the engine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vsphere_motion.errors import SimulatorError
from vsphere_motion.sim.container import STATE_LABEL, ContainerRun, ask_engine
from vsphere_motion.sim.options import Flavour, SimOptions
from vsphere_motion.sim.start import does_answer, start_simulator
from vsphere_motion.sim.state import SimState, list_states, state_root
from vsphere_motion.sim.stop import stop_all, stop_simulator
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

DEMO = Path(__file__).parents[2] / "vcsim" / "scenarios" / "demo.yaml"
INDEPENDENT_CLIENT = """
import ssl, sys
from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim
host, port, user, ca_file = sys.argv[1:]
context = ssl.create_default_context(cafile=ca_file)
try:
    service = SmartConnect(host=host, port=int(port), user=user, pwd=sys.stdin.read(), sslContext=context)
except vim.fault.InvalidLogin as fault:
    print(type(fault).__name__)
else:
    print(service.content.about.fullName)
    Disconnect(service)
"""
pytestmark = pytest.mark.vcsim


@pytest.fixture
def environment(vcenter_environment: dict[str, str], container_image: str) -> Iterator[dict[str, str]]:
    """An environment in which the image is found; its simulators are all stopped at the end."""
    environment = {**vcenter_environment, "VSPHERE_MOTION_SIM_IMAGE": container_image}
    yield environment
    stop_all(environment)


def test_each_flavour_answers_with_the_same_site(
    flavoured_vcenter: SimulatedVCenter, vcenter: SimulatedVCenter
) -> None:
    assert does_answer("127.0.0.1", flavoured_vcenter.port, flavoured_vcenter.ca_file)
    assert flavoured_vcenter.control.site() == vcenter.control.site()
    assert flavoured_vcenter.url == f"https://127.0.0.1:{flavoured_vcenter.port}/sdk"
    assert len(flavoured_vcenter.password) == 24


def test_each_flavour_takes_a_scenario_file(flavoured_factory: VCenterFactory, tmp_path: Path) -> None:
    shutil.copy(DEMO, tmp_path / "site of mine.yaml")
    site = flavoured_factory(scenario=tmp_path / "site of mine.yaml").control.site()
    assert len([entry for entry in site if entry["type"] == "VirtualMachine"]) > 8


def test_each_stock_simulator_lets_an_independent_client_in_and_a_wrong_password_not(
    stock_vcenter: SimulatedVCenter,
) -> None:
    assert about_name(stock_vcenter, stock_vcenter.password).startswith("VMware vCenter Server")
    assert about_name(stock_vcenter, "a-wrong-password-of-a-test") == "vim.fault.InvalidLogin"


@pytest.mark.container
def test_it_is_published_on_the_loopback_address_alone(environment: dict[str, str]) -> None:
    run = run_of(start(environment))
    published = ask_engine(run.engine, ["port", run.container], environment).stdout.splitlines()
    assert [line.rpartition(" ")[2].rpartition(":")[0] for line in published] == ["127.0.0.1"]


@pytest.mark.container
def test_it_is_stopped_and_removed_by_its_id(environment: dict[str, str]) -> None:
    state = start(environment)
    assert list_states(environment) == (state,)
    assert stop_simulator(environment) == state
    assert not exists(run_of(state), environment)
    assert not does_answer(state.host, state.port, state.ca_file)
    assert list(state_root(environment).iterdir()) == []


@pytest.mark.container
def test_several_run_side_by_side_and_all_are_stopped(environment: dict[str, str]) -> None:
    states = [start(environment), start(environment)]
    assert len({state.port for state in states}) == 2
    assert len(stop_all(environment)) == 2
    assert not any(exists(run_of(state), environment) for state in states)


@pytest.mark.container
def test_a_port_in_use_is_an_error_and_leaves_no_container(environment: dict[str, str]) -> None:
    state = start(environment)
    before = containers(run_of(state), environment)
    assert before == {run_of(state).container}
    with pytest.raises(SimulatorError, match="address already in use") as caught:
        start(environment, port=state.port)
    assert caught.value.hint == "choose another port, or 0 for a free one"
    assert containers(run_of(state), environment) == before


@pytest.mark.container
def test_a_start_that_fails_shows_the_simulators_words_and_leaves_no_container(environment: dict[str, str]) -> None:
    state = start(environment)
    before = containers(run_of(state), environment)
    assert before == {run_of(state).container}
    with pytest.raises(SimulatorError, match=r"did not start: .*-hosts must be 1 to"):
        start(environment, hosts=-1)
    assert containers(run_of(state), environment) == before
    assert list_states(environment) == (state,)


@pytest.mark.container
def test_a_container_that_was_killed_is_cleaned_up(environment: dict[str, str]) -> None:
    run = run_of(start(environment))
    subprocess.run([run.engine, "kill", run.container], env=environment, check=True, capture_output=True)
    assert stop_simulator(environment) is None
    assert not exists(run, environment)
    assert list(state_root(environment).iterdir()) == []


def start(environment: dict[str, str], *, port: int = 0, hosts: int = 1) -> SimState:
    return start_simulator(SimOptions(hosts=hosts, vms=0, port=port, flavour=Flavour.CONTAINER), environment)


def run_of(state: SimState) -> ContainerRun:
    assert isinstance(state.run, ContainerRun)
    return state.run


def exists(run: ContainerRun, environment: dict[str, str]) -> bool:
    return ask_engine(run.engine, ["inspect", run.container], environment).returncode == 0


def containers(run: ContainerRun, environment: dict[str, str]) -> set[str]:
    """The containers of this test's state directory, running or not."""
    label = f"label={STATE_LABEL}={state_root(environment)}"
    answer = ask_engine(run.engine, ["ps", "--all", "--quiet", "--no-trunc", "--filter", label], environment)
    return set(answer.stdout.split())


def about_name(vcenter: SimulatedVCenter, password: str) -> str:
    """What plain pyvmomi in a process of its own reads or meets: the product's name, or the fault's."""
    words = [vcenter.host, str(vcenter.port), vcenter.user, str(vcenter.ca_file)]
    answer = subprocess.run(
        [sys.executable, "-c", INDEPENDENT_CLIENT, *words], input=password, capture_output=True, text=True, check=True
    )
    return answer.stdout.strip()
