"""A simulator in a container: podman or docker, published on 127.0.0.1 alone.

The state directory is mounted, so that the authority's certificate and ready.json reach the caller as with a process.
"""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vsphere_motion.credentials import without_passwords
from vsphere_motion.errors import SimulatorError
from vsphere_motion.sim.options import PORT_HINT, PORT_TAKEN

CONTAINER_PORT = 8989
STATE_MOUNT = "/state"
STATE_LABEL = "vsphere-motion-state"
_CALL_DEADLINE_S = 60.0
_RUN_DEADLINE_S = 600.0  # the engine may have to pull the image
_STOP_GRACE_S = 10
_LIMIT = 16_384
_NAMED_LIMITS = (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC))


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerRun:
    """A simulator that runs in a container.

    Args:
        engine: path of podman or docker.
        container: the container's id.
    """

    engine: str
    container: str

    def is_running(self, environment: Mapping[str, str]) -> bool:
        """True while the engine says that the container runs."""
        answer = ask_engine(self.engine, ["inspect", "--format", "{{.State.Running}}", self.container], environment)
        return answer.returncode == 0 and answer.stdout.strip() == "true"

    def end(self, environment: Mapping[str, str]) -> None:
        """Stop the container and remove it, whatever state it is in."""
        ask_engine(self.engine, ["stop", "-t", str(_STOP_GRACE_S), self.container], environment)
        answer = ask_engine(self.engine, ["rm", "-f", self.container], environment)
        if answer.returncode != 0:
            raise SimulatorError(f"cannot remove container {self.container[:12]}: {_last_line(answer.stderr)}")

    def discard(self, environment: Mapping[str, str]) -> None:
        """Remove what an ended container leaves in the engine."""
        ask_engine(self.engine, ["rm", "-f", self.container], environment)

    def output(self, environment: Mapping[str, str]) -> str:
        """What it has written so far."""
        answer = ask_engine(self.engine, ["logs", self.container], environment)
        return answer.stdout + answer.stderr

    def port(self, environment: Mapping[str, str]) -> int | None:
        """The port on 127.0.0.1 that leads to the simulator; None where the container has ended."""
        answer = ask_engine(self.engine, ["port", self.container, f"{CONTAINER_PORT}/tcp"], environment)
        first = answer.stdout.partition("\n")[0].rpartition(":")[2]
        return int(first) if answer.returncode == 0 and first.isdigit() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerRequest:
    """What to run.

    Args:
        image: name of the image.
        directory: the state directory; its name becomes part of the container's.
        port: port on 127.0.0.1; 0 lets the engine pick one.
        arguments: the command line inside the container, behind the entry point.
        mounts: further files to show read-only, as (file, path inside).
    """

    image: str
    directory: Path
    port: int
    arguments: tuple[str, ...]
    mounts: tuple[tuple[Path, str], ...] = ()


def run_container(engine: str, request: ContainerRequest, environment: Mapping[str, str]) -> ContainerRun:
    """Start a container in the background; nothing is left behind when the engine refuses."""
    name = f"vsphere-motion-sim-{request.directory.name}"
    label = f"{STATE_LABEL}={request.directory.parent}"
    words = [
        "run",
        "--detach",
        "--name",
        name,
        "--label",
        label,
        *_options(engine, request, environment),
        request.image,
    ]
    answer = ask_engine(engine, [*words, *request.arguments], environment, deadline_s=_RUN_DEADLINE_S)
    if answer.returncode == 0:
        return ContainerRun(engine=engine, container=answer.stdout.split()[-1])
    ask_engine(engine, ["rm", "-f", name], environment)
    reason = _last_line(answer.stderr)
    hint = PORT_HINT if PORT_TAKEN in reason else None
    raise SimulatorError(f"{Path(engine).name} cannot start the simulator: {reason}", hint=hint)


def ask_engine(
    engine: str, words: Sequence[str], environment: Mapping[str, str], *, deadline_s: float = _CALL_DEADLINE_S
) -> subprocess.CompletedProcess[str]:
    """Run one command of the engine and return its answer, whatever its exit code."""
    try:
        return subprocess.run(  # noqa: S603 - the engine found on PATH, a list of words, no shell
            [engine, *words],
            env=without_passwords(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=deadline_s,
            check=False,
        )
    except OSError as problem:
        raise SimulatorError(f"cannot run {engine}: {problem.strerror}") from problem
    except subprocess.TimeoutExpired as problem:
        raise SimulatorError(f"{engine} {words[0]} does not answer within {deadline_s:.0f} s") from problem


def _options(engine: str, request: ContainerRequest, environment: Mapping[str, str]) -> list[str]:
    published = f"127.0.0.1:{request.port or ''}:{CONTAINER_PORT}"
    mounts = [f"{request.directory}:{STATE_MOUNT}:Z", *(f"{file}:{path}:ro,Z" for file, path in request.mounts)]
    volumes = [word for mount in mounts for word in ("--volume", mount)]
    return ["--publish", published, *volumes, "--tmpfs", "/tmp", *_user(engine, environment), *_limits()]  # noqa: S108 - inside the container


def _user(engine: str, environment: Mapping[str, str]) -> list[str]:
    """The user inside who is the caller outside, so that both can read the state directory.

    With podman that is root, to which it maps a caller without root rights. The docker command may be podman's own.
    """
    is_podman = "podman" in ask_engine(engine, ["--version"], environment).stdout.lower()
    return ["--user", "0:0" if is_podman else f"{os.getuid()}:{os.getgid()}"]


def _limits() -> list[str]:
    """Modest limits, never above the caller's own: an engine's default may be more than a restricted machine allows."""
    values = ((name, resource.getrlimit(limit)[1]) for name, limit in _NAMED_LIMITS)
    modest = ((name, _LIMIT if hard == resource.RLIM_INFINITY else min(hard, _LIMIT)) for name, hard in values)
    return [word for name, value in modest for word in ("--ulimit", f"{name}={value}:{value}")]


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it gives no reason"
