"""What every test may rely on: nothing of the person's own is read or written, and simulators in each flavour.

`vcenter` and `vcenter_factory` come from the package's own plugin and run the simulator as a process.
`flavoured_vcenter` and `flavoured_factory` run the test twice, as process and as container. `stock_vcenter` is plain
govmomi behaviour, also from the image VSPHERE_MOTION_TEST_IMAGE names.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

from tests.images import ImageMissing, official_vcenter, simulator_image
from tests.program import Program
from vsphere_motion.sim.options import Flavour
from vsphere_motion.testing.plugin import VCenterFactory, make_factory
from vsphere_motion.testing.simulator import SimulatedVCenter

settings.register_profile("a busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("a busy machine")
# how long one example takes says more of the machine than of the code

REAL_ENVIRONMENT = dict(os.environ)
_FOREIGN_PREFIXES = ("VSPHERE_", "VMWARE_", "GOVC_", "ANSIBLE_", "XDG_")
_DIRECTORIES = {
    "HOME": "home",
    "XDG_CACHE_HOME": "cache",
    "XDG_CONFIG_HOME": "config",
    "XDG_DATA_HOME": "data",
    "XDG_STATE_HOME": "xdg-state",
    "VSPHERE_MOTION_STATE_DIR": "state",
}


@pytest.fixture(autouse=True)
def isolated_environment(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for each test, no connection settings, no keyring; returns the directory that holds it all."""
    place = tmp_path_factory.mktemp("person")
    for name in [name for name in os.environ if name.startswith(_FOREIGN_PREFIXES)]:
        monkeypatch.delenv(name)
    for name, directory in _DIRECTORIES.items():
        (place / directory).mkdir()
        monkeypatch.setenv(name, str(place / directory))
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return place


@pytest.fixture
def vcenter_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The real environment, in which programs and engines are found, with a state directory of the test's own."""
    return {**REAL_ENVIRONMENT, "VSPHERE_MOTION_STATE_DIR": str(tmp_path_factory.mktemp("simulators"))}


@pytest.fixture(
    params=[
        pytest.param(Flavour.PROCESS, id="process"),
        pytest.param(Flavour.CONTAINER, id="container", marks=pytest.mark.container),
    ]
)
def sim_flavour(request: pytest.FixtureRequest) -> Flavour:
    """The test runs once for each way to run the simulator."""
    flavour: Flavour = request.param
    return flavour


@pytest.fixture
def flavoured_environment(
    sim_flavour: Flavour, vcenter_environment: dict[str, str], request: pytest.FixtureRequest
) -> dict[str, str]:
    """The environment in which a simulator of the flavour is found."""
    if sim_flavour is Flavour.PROCESS:
        return vcenter_environment
    return {**vcenter_environment, "VSPHERE_MOTION_SIM_IMAGE": request.getfixturevalue("container_image")}


@pytest.fixture
def flavoured_factory(sim_flavour: Flavour, flavoured_environment: dict[str, str]) -> Iterator[VCenterFactory]:
    """`vcenter_factory` for the flavour at hand."""
    with contextlib.ExitStack() as stack:
        yield make_factory(stack, flavoured_environment, sim_flavour)


@pytest.fixture
def flavoured_vcenter(flavoured_factory: VCenterFactory) -> SimulatedVCenter:
    """`vcenter` for the flavour at hand."""
    return flavoured_factory()


@pytest.fixture(
    params=[
        pytest.param("process", id="process"),
        pytest.param("container", id="container", marks=pytest.mark.container),
        pytest.param("official", id="official", marks=pytest.mark.container),
    ]
)
def stock_vcenter(request: pytest.FixtureRequest, vcenter_environment: dict[str, str]) -> Iterator[SimulatedVCenter]:
    """Plain govmomi behaviour: our program, our image, the official image."""
    with contextlib.ExitStack() as stack:
        if request.param == "official":
            yield stack.enter_context(official_vcenter(_official_image(), vcenter_environment))
        elif request.param == "container":
            environment = {
                **vcenter_environment,
                "VSPHERE_MOTION_SIM_IMAGE": request.getfixturevalue("container_image"),
            }
            yield make_factory(stack, environment, Flavour.CONTAINER)(stock=True)
        else:
            yield make_factory(stack, vcenter_environment, Flavour.PROCESS)(stock=True)


@pytest.fixture(scope="session")
def container_image(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of the simulator's image, built where the engine does not have it yet; one build for all workers."""
    try:
        return simulator_image(REAL_ENVIRONMENT, shared=tmp_path_factory.getbasetemp().parent)
    except ImageMissing as problem:
        _without_container(str(problem))


def _official_image() -> str:
    image = REAL_ENVIRONMENT.get("VSPHERE_MOTION_TEST_IMAGE")
    if not image:
        pytest.skip("VSPHERE_MOTION_TEST_IMAGE names no image of the official vcsim")
    return image


def _without_container(reason: str) -> NoReturn:
    """Skip, or fail where VSPHERE_MOTION_REQUIRE_CONTAINER says that containers have to work here."""
    if REAL_ENVIRONMENT.get("VSPHERE_MOTION_REQUIRE_CONTAINER") == "1":
        pytest.fail(f"{reason} (VSPHERE_MOTION_REQUIRE_CONTAINER is set)", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared_vcenter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedVCenter]:
    """One simulated vCenter for every test of a worker that changes nothing on it."""
    environment = {**REAL_ENVIRONMENT, "VSPHERE_MOTION_STATE_DIR": str(tmp_path_factory.mktemp("simulators"))}
    with contextlib.ExitStack() as stack:
        yield make_factory(stack, environment)()


@pytest.fixture
def program(tmp_path: Path) -> Callable[[SimulatedVCenter], Program]:
    """The command line, led to a simulated vCenter by its environment."""
    home = tmp_path / "home"
    home.mkdir()
    return lambda vcenter: Program(home=home, environment=vcenter.environment())
