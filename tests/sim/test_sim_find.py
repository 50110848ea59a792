"""Where a simulator is looked for: the order, and what is said when there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from vsphere_motion.errors import BadInput, SimulatorError
from vsphere_motion.sim.find import (
    PROGRAM,
    FoundImage,
    FoundProgram,
    FoundRunning,
    SimulatorMissing,
    find_image,
    find_simulator,
)
from vsphere_motion.sim.options import Flavour

URL = "https://someone:pass%2Fword-of-a-test@127.0.0.1:8989/sdk"


def test_a_url_comes_before_a_program(tmp_path: Path) -> None:
    environment = {"VSPHERE_MOTION_SIM_URL": URL, "VSPHERE_MOTION_SIM_BINARY": str(script(tmp_path, PROGRAM, "true"))}
    assert find_simulator(environment) == FoundRunning(
        host="127.0.0.1", port=8989, user="someone", password="pass/word-of-a-test", ca_file=None
    )


def test_a_named_program_comes_before_one_on_path(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    script(tmp_path / "bin", PROGRAM, "true")
    named = script(tmp_path, "another", "true")
    environment = {"VSPHERE_MOTION_SIM_BINARY": str(named), "PATH": str(tmp_path / "bin")}
    assert find_simulator(environment) == FoundProgram(path=named)


def test_a_program_comes_before_an_image(tmp_path: Path) -> None:
    program = script(tmp_path, PROGRAM, "true")
    script(tmp_path, "podman", "exit 0")
    environment = {"VSPHERE_MOTION_SIM_BINARY": str(program), "PATH": str(tmp_path)}
    assert isinstance(find_simulator(environment), FoundProgram)
    assert isinstance(find_simulator(environment, Flavour.CONTAINER), FoundImage)


def test_podman_comes_before_docker_and_an_engine_without_the_image_is_passed_over(tmp_path: Path) -> None:
    script(tmp_path, "podman", "exit 0")
    docker = script(tmp_path, "docker", "exit 0")
    assert find_image({"PATH": str(tmp_path)}, []) == FoundImage(
        engine=str(tmp_path / "podman"), image="localhost/vsphere-motion-vcsim:latest"
    )
    script(tmp_path, "podman", "exit 1")
    found = find_image({"PATH": str(tmp_path), "VSPHERE_MOTION_SIM_IMAGE": "localhost/mine:1"}, [])
    assert found == FoundImage(engine=str(docker), image="localhost/mine:1")


def test_an_image_of_a_registry_may_be_fetched_by_an_engine_that_answers(tmp_path: Path) -> None:
    engine = script(tmp_path, "podman", '[ "$1" = info ]')
    environment = {"PATH": str(tmp_path), "VSPHERE_MOTION_SIM_IMAGE": "registry.example.com/vcsim:1"}
    assert find_image(environment, []) == FoundImage(engine=str(engine), image="registry.example.com/vcsim:1")
    assert find_image({**environment, "VSPHERE_MOTION_SIM_IMAGE": "localhost/vcsim:1"}, []) is None


def test_none_found_names_every_place_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SimulatorMissing, match="no simulator was found") as caught:
        find_simulator({"PATH": str(tmp_path)}, Flavour.CONTAINER)
    assert isinstance(caught.value, SimulatorError)
    assert caught.value.exit_code == 1
    assert caught.value.details == ("podman is not on PATH", "docker is not on PATH")
    assert caught.value.hint is not None
    assert "pip install ./vcsim" in caught.value.hint


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({"VSPHERE_MOTION_SIM_URL": "http://a:b@127.0.0.1:1/sdk"}, id="not encrypted"),
        pytest.param({"VSPHERE_MOTION_SIM_URL": "https://127.0.0.1:1/sdk"}, id="without user"),
        pytest.param({"VSPHERE_MOTION_SIM_URL": "https://a@127.0.0.1:1/sdk"}, id="without password"),
        pytest.param({"VSPHERE_MOTION_SIM_BINARY": "/no/such/program"}, id="no such program"),
        pytest.param({"VSPHERE_MOTION_SIM_BINARY": "/"}, id="a directory"),
    ],
)
def test_a_variable_that_cannot_be_used_is_an_error(environment: dict[str, str]) -> None:
    with pytest.raises(BadInput, match="VSPHERE_MOTION_SIM_"):
        find_simulator(environment)


def test_an_empty_variable_counts_as_unset(tmp_path: Path) -> None:
    program = script(tmp_path, PROGRAM, "true")
    environment = {"VSPHERE_MOTION_SIM_URL": "", "VSPHERE_MOTION_SIM_BINARY": str(program)}
    assert find_simulator(environment) == FoundProgram(path=program)


def script(directory: Path, name: str, body: str) -> Path:
    path = directory / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path
