"""Container images for the tests: our simulator's, built from `vcsim/Containerfile`, and the official vcsim."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import secrets
import shutil
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

from vsphere_motion.errors import SimulatorError
from vsphere_motion.sim.container import ContainerRequest, ContainerRun, ask_engine, run_container
from vsphere_motion.sim.find import ENGINES, find_program, has_image
from vsphere_motion.sim.start import does_answer
from vsphere_motion.sim.state import SimState, new_run_directory, remove_run_directory
from vsphere_motion.sim.wait import wait_for
from vsphere_motion.testing.simulator import SimulatedVCenter, describe

CONTAINERFILE = Path(__file__).parent.parent / "vcsim" / "Containerfile"
PROGRAM_IN_CONTEXT = "vsphere-motion-vcsim"
_REPOSITORY = "localhost/vsphere-motion-vcsim"
_BUILD_DEADLINE_S = 300.0
_START_DEADLINE_S = 60.0


class ImageMissing(Exception):
    """There is no image to run, for the reason in the message."""


def simulator_image(environment: Mapping[str, str], *, shared: Path) -> str:
    """The image VSPHERE_MOTION_SIM_IMAGE names, else the one of the installed program, built once per content."""
    chosen = environment.get("VSPHERE_MOTION_SIM_IMAGE")
    if chosen:
        return chosen
    engine = find_engine(environment)
    program = find_program(environment, [])
    if program is None:
        raise ImageMissing("the simulator's program, which the image holds, is not installed")
    content = CONTAINERFILE.read_bytes() + program.path.read_bytes()
    image = f"{_REPOSITORY}:{hashlib.sha256(content).hexdigest()[:16]}"
    with _lock(shared / "container-image.lock"):
        if not has_image(engine, image, environment):
            _build(engine, image, program.path, environment, shared)
    return image


def find_engine(environment: Mapping[str, str]) -> str:
    """The first container engine that answers."""
    for name in ENGINES:
        engine = shutil.which(name, path=environment.get("PATH"))
        if engine is not None and ask_engine(engine, ["info"], environment).returncode == 0:
            return engine
    raise ImageMissing(f"no container engine answers ({', '.join(ENGINES)})")


@contextlib.contextmanager
def official_vcenter(image: str, environment: Mapping[str, str]) -> Iterator[SimulatedVCenter]:
    """The official vcsim in a container: 1 cluster of 4 hosts, 8 VMs, API 8.0.3.0."""
    engine = find_engine(environment)
    directory = new_run_directory(environment)
    password = secrets.token_urlsafe(18)
    (directory / "password").write_text(password)
    arguments = (
        *("-l", "0.0.0.0:8989", "-api-version", "8.0.3.0", "-username", "administrator"),
        *("-password", "/state/password", "-cluster", "1", "-host", "4", "-standalone-host", "0", "-vm", "8"),
    )
    request = ContainerRequest(image=image, directory=directory, port=0, arguments=arguments)
    run = run_container(engine, request, environment)
    try:
        port = _wait_until_it_answers(run, directory / "ca.pem", environment)
        yield describe(_official_state(run, port, password, directory))
    finally:
        run.end(environment)
        remove_run_directory(directory, environment)


def _build(engine: str, image: str, program: Path, environment: Mapping[str, str], shared: Path) -> None:
    context = shared / f"image-{image.rpartition(':')[2]}"
    context.mkdir(exist_ok=True)
    shutil.copy(CONTAINERFILE, context / "Containerfile")
    shutil.copy(program, context / PROGRAM_IN_CONTEXT)
    words = ["build", "--tag", image, "--file", str(context / "Containerfile"), str(context)]
    answer = ask_engine(engine, words, environment, deadline_s=_BUILD_DEADLINE_S)
    shutil.rmtree(context)
    if answer.returncode != 0:
        raise SimulatorError(f"{engine} cannot build {CONTAINERFILE}: {answer.stderr}")


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _wait_until_it_answers(run: ContainerRun, ca_file: Path, environment: Mapping[str, str]) -> int:
    """The official image serves one self-signed certificate, which is its own authority: take it on first sight."""
    port = run.port(environment)

    def answers() -> bool:
        if port is None:
            return True
        with contextlib.suppress(OSError):
            ca_file.write_text(ssl.get_server_certificate(("127.0.0.1", port), timeout=5))
            return does_answer("127.0.0.1", port, ca_file)
        return False

    if not wait_for(answers, deadline_s=_START_DEADLINE_S) or port is None:
        raise SimulatorError(f"the official image does not answer: {run.output(environment)}")
    return port


def _official_state(run: ContainerRun, port: int, password: str, directory: Path) -> SimState:
    return SimState(
        host="127.0.0.1",
        port=port,
        user="administrator",
        password=password,
        ca_file=directory / "ca.pem",
        url=f"https://127.0.0.1:{port}/sdk",
        stock=True,
        directory=directory,
        run=run,
    )
