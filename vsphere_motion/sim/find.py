"""Where a simulator comes from: one that runs already, the installed program, a container engine, in this order."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from vsphere_motion.errors import BadInput, SimulatorError
from vsphere_motion.sim.container import ask_engine
from vsphere_motion.sim.options import Flavour

PROGRAM = "vsphere-motion-vcsim"
DEFAULT_IMAGE = "localhost/vsphere-motion-vcsim:latest"
ENGINES = ("podman", "docker")
_HINT = (
    "install it with: pip install ./vcsim (from a checkout), build its image from vcsim/Containerfile, "
    "or set VSPHERE_MOTION_SIM_URL to one that runs"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRunning:
    """A simulator that somebody else started; VSPHERE_MOTION_SIM_URL names it."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    ca_file: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundProgram:
    """The simulator's program on this machine."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundImage:
    """A container engine that answers, and the image it is to run."""

    engine: str
    image: str


Found = FoundRunning | FoundProgram | FoundImage


class SimulatorMissing(SimulatorError):
    """There is no simulator to start; the details say what was looked for."""


def find_simulator(environment: Mapping[str, str], flavour: Flavour | None = None) -> Found:
    """The first simulator there is, or the first of one flavour.

    Raises:
        SimulatorMissing: none was found; the details say where it was looked for.
        BadInput: a VSPHERE_MOTION_SIM_* variable has a value that cannot be used.
    """
    reasons: list[str] = []
    for look in _looks(flavour):
        found = look(environment, reasons)
        if found is not None:
            return found
    raise SimulatorMissing("no simulator was found on this machine", hint=_HINT, details=tuple(reasons))


def _looks(flavour: Flavour | None) -> tuple[Callable[[Mapping[str, str], list[str]], Found | None], ...]:
    if flavour is None:
        return (find_running, find_program, find_image)
    return (find_program,) if flavour is Flavour.PROCESS else (find_image,)


def find_running(environment: Mapping[str, str], reasons: list[str]) -> FoundRunning | None:
    """The simulator of VSPHERE_MOTION_SIM_URL, `https://USER:PASSWORD@HOST:PORT/sdk`.

    VMWARE_USER and VMWARE_PASSWORD fill what the URL leaves out.
    """
    url = environment.get("VSPHERE_MOTION_SIM_URL")
    if not url:
        reasons.append("VSPHERE_MOTION_SIM_URL is not set")
        return None
    parts = urlsplit(url)
    user = unquote(parts.username or "") or environment.get("VMWARE_USER", "")
    password = unquote(parts.password or "") or environment.get("VMWARE_PASSWORD", "")
    if parts.scheme != "https" or parts.hostname is None or not user or not password:
        raise BadInput(
            "VSPHERE_MOTION_SIM_URL cannot be used",
            hint="give it as https://USER:PASSWORD@HOST:PORT/sdk, or set VMWARE_USER and VMWARE_PASSWORD as well",
        )
    ca_file = environment.get("VSPHERE_MOTION_CA_FILE")
    return FoundRunning(
        host=parts.hostname,
        port=parts.port or 443,
        user=user,
        password=password,
        ca_file=Path(ca_file) if ca_file else None,
    )


def find_program(environment: Mapping[str, str], reasons: list[str]) -> FoundProgram | None:
    """The program VSPHERE_MOTION_SIM_BINARY names, the one beside this Python, or the one on PATH."""
    chosen = environment.get("VSPHERE_MOTION_SIM_BINARY")
    if chosen:
        if not os.access(chosen, os.X_OK) or not Path(chosen).is_file():
            raise BadInput(f"VSPHERE_MOTION_SIM_BINARY names {chosen}, which is no program")
        return FoundProgram(path=Path(chosen).absolute())
    beside = (str(Path(sys.executable).parent), sysconfig.get_path("scripts"))
    path = shutil.which(PROGRAM, path=os.pathsep.join((*beside, environment.get("PATH", ""))))
    if path is None:
        reasons.append(f"{PROGRAM} is neither beside {sys.executable} nor on PATH")
        return None
    return FoundProgram(path=Path(path).absolute())


def find_image(environment: Mapping[str, str], reasons: list[str]) -> FoundImage | None:
    """The first engine that has the image, or that answers and may fetch the image VSPHERE_MOTION_SIM_IMAGE names."""
    chosen = environment.get("VSPHERE_MOTION_SIM_IMAGE")
    image = chosen or DEFAULT_IMAGE
    for name in ENGINES:
        engine = shutil.which(name, path=environment.get("PATH"))
        if engine is None:
            reasons.append(f"{name} is not on PATH")
        elif has_image(engine, image, environment) or (chosen and _can_fetch(engine, image, environment)):
            return FoundImage(engine=engine, image=image)
        else:
            reasons.append(f"{name} has no image {image}, or does not answer")
    return None


def has_image(engine: str, image: str, environment: Mapping[str, str]) -> bool:
    """True if the engine answers and holds the image."""
    return ask_engine(engine, ["image", "inspect", image], environment).returncode == 0


def _can_fetch(engine: str, image: str, environment: Mapping[str, str]) -> bool:
    return not image.startswith("localhost/") and ask_engine(engine, ["info"], environment).returncode == 0
