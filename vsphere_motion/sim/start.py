"""Start a simulator and return once it answers; a start that fails leaves nothing behind."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vsphere_motion.errors import SimulatorError
from vsphere_motion.private import FILE_MODE
from vsphere_motion.sim.container import CONTAINER_PORT, STATE_MOUNT, ContainerRequest, ContainerRun, run_container
from vsphere_motion.sim.find import FoundImage, FoundProgram, FoundRunning, find_simulator
from vsphere_motion.sim.options import PORT_HINT, PORT_TAKEN, SimOptions
from vsphere_motion.sim.process import ProcessRun, spawn
from vsphere_motion.sim.state import SimState, new_run_directory, remove_run_directory, write_state
from vsphere_motion.sim.wait import wait_for

LOOPBACK = "127.0.0.1"
_SCENARIO_MOUNT = "/scenario.yaml"
_ANSWER_TIMEOUT_S = 5.0
_SHOWN_LINES = 10


def start_simulator(options: SimOptions, environment: Mapping[str, str]) -> SimState:
    """Start what `find_simulator` finds; one that VSPHERE_MOTION_SIM_URL names is used as it is.

    Raises:
        SimulatorError: none was found, or the found one did not start; the details are its last lines.
    """
    found = find_simulator(environment, options.flavour)
    if isinstance(found, FoundRunning):
        return _use_running(found)
    directory = new_run_directory(environment)
    try:
        return _Start(options, environment, directory).run(found)
    except BaseException:
        remove_run_directory(directory, environment)
        raise


def does_answer(host: str, port: int, ca_file: Path | None) -> bool:
    """True if a simulator at the address answers a caller that verifies its certificate."""
    try:
        context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
        connection = http.client.HTTPSConnection(host, port, timeout=_ANSWER_TIMEOUT_S, context=context)
        with contextlib.closing(connection):
            connection.request("GET", "/about")
            return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):  # an unreadable CA file is an OSError too
        return False


def _use_running(found: FoundRunning) -> SimState:
    if not does_answer(found.host, found.port, found.ca_file):
        raise SimulatorError(
            f"no simulator answers at {found.host}:{found.port}, which VSPHERE_MOTION_SIM_URL names",
            hint="start it, unset VSPHERE_MOTION_SIM_URL, or set VSPHERE_MOTION_CA_FILE to its authority's certificate",
        )
    return SimState(
        host=found.host,
        port=found.port,
        user=found.user,
        password=found.password,
        ca_file=found.ca_file,
        url=_url(found.host, found.port),
        stock=False,
        directory=None,
        run=None,
    )


@dataclass(frozen=True, slots=True)
class _Start:
    """One start: what is asked for, and where its files lie."""

    options: SimOptions
    environment: Mapping[str, str]
    directory: Path

    def run(self, found: FoundProgram | FoundImage) -> SimState:
        run = self._spawn(found.path) if isinstance(found, FoundProgram) else self._contain(found)
        try:
            self._wait_until_ready(run)
            state = self._state(run)
            write_state(state, self.environment)
        except BaseException:
            run.end(self.environment)
            raise
        return state

    def _spawn(self, program: Path) -> ProcessRun:
        scenario = self.options.scenario_file()
        words = self.options.arguments(
            listen=f"{LOOPBACK}:{self.options.port}",
            state=str(self.directory),
            scenario=self.options.scenario if scenario is None else str(scenario),
        )
        return spawn([str(program), *words], log=self.directory / "server.log", environment=self.environment)

    def _contain(self, found: FoundImage) -> ContainerRun:
        scenario = self.options.scenario_file()
        words = self.options.arguments(
            listen=f"0.0.0.0:{CONTAINER_PORT}",
            state=STATE_MOUNT,
            scenario=self.options.scenario if scenario is None else _SCENARIO_MOUNT,
        )
        request = ContainerRequest(
            image=found.image,
            directory=self.directory,
            port=self.options.port,
            arguments=tuple(words),
            mounts=() if scenario is None else ((scenario, _SCENARIO_MOUNT),),
        )
        return run_container(found.engine, request, self.environment)

    def _wait_until_ready(self, run: ProcessRun | ContainerRun) -> None:
        deadline_s = self.options.start_deadline_s()
        ready = self.directory / "ready.json"
        in_time = wait_for(lambda: ready.exists() or not run.is_running(self.environment), deadline_s=deadline_s)
        if not in_time:
            raise self._failure(run, f"the simulator does not answer within {deadline_s:.0f} s")
        if not ready.exists():
            raise self._failure(run, "the simulator did not start")

    def _failure(self, run: ProcessRun | ContainerRun, what: str) -> SimulatorError:
        lines = [line for line in run.output(self.environment).splitlines() if line.strip()]
        reason = lines[-1] if lines else "it wrote nothing"
        hint = PORT_HINT if PORT_TAKEN in reason else None
        return SimulatorError(f"{what}: {reason}", hint=hint, details=tuple(lines[-_SHOWN_LINES:-1]))

    def _state(self, run: ProcessRun | ContainerRun) -> SimState:
        ready = json.loads((self.directory / "ready.json").read_text(encoding="utf-8"))
        port = ready["port"] if isinstance(run, ProcessRun) else run.port(self.environment)
        ca_file = self.directory / "ca.pem"
        if port is None or not does_answer(LOOPBACK, port, ca_file):
            raise self._failure(run, f"the simulator says it is ready, but nothing answers at {LOOPBACK}:{port}")
        with contextlib.suppress(OSError):  # in a container's directory it may not be ours to change
            ca_file.chmod(FILE_MODE)
        return SimState(
            host=LOOPBACK,
            port=port,
            user=ready["user"],
            password=ready["password"],
            ca_file=ca_file,
            url=_url(LOOPBACK, port),
            stock=ready["stock"],
            directory=self.directory,
            run=run,
        )


def _url(host: str, port: int) -> str:
    return f"https://{f'[{host}]' if ':' in host else host}:{port}/sdk"
