"""The files that show how others start the simulator: they parse, and what they start is what it understands."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from vsphere_motion.sim.find import find_program
from vsphere_motion.sim.start import does_answer

SIMULATOR = Path(__file__).resolve().parents[2] / "vcsim"
WORKFLOW = SIMULATOR / "examples" / "github-actions.yml"
COMPOSE = SIMULATOR / "compose.yaml"
PORT = "8989"
DEADLINE_S = 90


def parsed(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def as_said(words: list[str], **variables: str) -> list[str]:
    """The words of a compose file with its variables replaced: ${NAME:-otherwise}."""
    return [re.sub(r"\$\{(\w+):-([^}]*)\}", lambda found: variables.get(found[1], found[2]), word) for word in words]


@pytest.fixture
def port() -> str:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """The directory a simulator keeps its state in; the one that was started there is ended."""
    directory = tmp_path / "sim"
    directory.mkdir()
    yield directory
    ready = directory / "ready.json"
    if ready.exists():
        os.kill(json.loads(ready.read_text(encoding="utf-8"))["pid"], signal.SIGTERM)


@pytest.fixture
def simulator(vcenter_environment: dict[str, str]) -> Path:
    found = find_program(vcenter_environment, [])
    assert found is not None, "the simulator is installed"
    return found.path


@pytest.mark.vcsim
def test_the_workflow_starts_a_simulator_and_says_how_to_reach_it(
    vcenter_environment: dict[str, str], simulator: Path, state: Path, port: str
) -> None:
    steps = parsed(WORKFLOW)["jobs"]["test"]["steps"]
    [start] = [step["run"] for step in steps if "vsphere-motion-vcsim serve" in step.get("run", "")]
    exported = state.parent / "exported"
    environment = vcenter_environment | {
        "PATH": f"{simulator.parent}:{vcenter_environment['PATH']}",
        "RUNNER_TEMP": str(state.parent),
        "GITHUB_ENV": str(exported),
    }
    script = ["bash", "-e", "-c", start.replace(PORT, port)]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(script, env=environment, check=True, timeout=DEADLINE_S, **quiet)
    said = dict(line.split("=", 1) for line in exported.read_text(encoding="utf-8").splitlines())
    assert does_answer(said["VMWARE_HOST"], int(said["VMWARE_PORT"]), Path(said["VSPHERE_MOTION_CA_FILE"]))
    assert said["VMWARE_PASSWORD"] == json.loads((state / "ready.json").read_text(encoding="utf-8"))["password"]


@pytest.mark.vcsim
def test_the_compose_file_starts_what_its_health_check_finds(
    vcenter_environment: dict[str, str], simulator: Path, state: Path, port: str
) -> None:
    service = parsed(COMPOSE)["services"]["vcenter"]
    assert service["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]
    command = as_said(service["command"], SCENARIO="brownfield", SPEED="50")
    words = [word.replace("/state", str(state)).replace(f"0.0.0.0:{PORT}", f"127.0.0.1:{port}") for word in command]
    check = [word.replace("/state", str(state)).replace(PORT, port) for word in service["healthcheck"]["test"]]
    assert check[:2] == ["CMD", "/vsphere-motion-vcsim"]
    with subprocess.Popen([simulator, *words], env=vcenter_environment, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stdout.readline().startswith(b"ready https://127.0.0.1:")
        healthy = subprocess.run([simulator, *check[2:]], check=False, timeout=DEADLINE_S, capture_output=True)
        running.terminate()
        running.wait(DEADLINE_S)
    assert healthy.returncode == 0, healthy.stderr


def test_the_compose_file_builds_the_image_it_runs() -> None:
    service = parsed(COMPOSE)["services"]["vcenter"]
    assert (SIMULATOR / service["build"]["dockerfile"]).is_file()
    assert service["read_only"]
    assert service["image"] == "localhost/vsphere-motion-vcsim:latest"
    assert as_said([service["user"]]) == ["1000:1000"]
