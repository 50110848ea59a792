"""The running simulators that this user started: one file a port, readable by the owner alone.

`<state directory>/sim/<port>.json` is written once a simulator answers; its certificate, log and ready.json lie in a
directory of their own beside it. Whoever lists the files removes those of simulators that have ended.
"""

from __future__ import annotations

import json
import logging
import os
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vsphere_motion.private import make_private_directory
from vsphere_motion.settings import state_directory
from vsphere_motion.sim.container import ContainerRun
from vsphere_motion.sim.process import ProcessRun

SCHEMA = "vsphere-motion/sim/v1"
_RUN_PREFIX = "run-"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimState:
    """How to reach, and how to stop, one simulator.

    Args:
        ca_file: the authority to trust; None only where the simulator was found running and no such file was named.
        directory: where its certificate and log lie; None where it was found running.
        run: how it runs; None where it was found running, and then it is not ours to stop.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    ca_file: Path | None
    url: str
    stock: bool
    directory: Path | None
    run: ProcessRun | ContainerRun | None

    def variables(self) -> dict[str, str]:
        """The environment variables with which every door of vsphere-motion finds this simulator."""
        named = {
            "VMWARE_HOST": self.host,
            "VMWARE_PORT": str(self.port),
            "VMWARE_USER": self.user,
            "VMWARE_PASSWORD": self.password,
        }
        return named if self.ca_file is None else {**named, "VSPHERE_MOTION_CA_FILE": str(self.ca_file)}

    def export_line(self) -> str:
        """A line for `eval` in a shell."""
        return "export " + " ".join(f"{name}={shlex.quote(value)}" for name, value in self.variables().items())

    def is_named_by(self, environment: Mapping[str, str]) -> bool:
        """True if the environment leads to this simulator, as after the line for `eval`."""
        named = {name: value for name, value in self.variables().items() if name in ("VMWARE_HOST", "VMWARE_PORT")}
        return all(environment.get(name) == value for name, value in named.items())


def state_root(environment: Mapping[str, str]) -> Path:
    """The directory of the state files, `sim` in the one of the journal."""
    return state_directory(environment).absolute() / "sim"


def new_run_directory(environment: Mapping[str, str]) -> Path:
    """A fresh directory of one start, for the owner alone."""
    root = state_root(environment)
    make_private_directory(root)
    return Path(tempfile.mkdtemp(prefix=_RUN_PREFIX, dir=root))


def write_state(state: SimState, environment: Mapping[str, str]) -> None:
    """Write the file of the state's port, whole or not at all."""
    path = state_root(environment) / f"{state.port}.json"
    handle, draft = tempfile.mkstemp(prefix=".", dir=path.parent)  # made with mode 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(_to_json(state), file, indent=2)
    Path(draft).replace(path)


def list_states(environment: Mapping[str, str]) -> tuple[SimState, ...]:
    """The simulators that run, by port; what is left of ended ones is removed."""
    states = [_read(path) for path in state_root(environment).glob("*.json")]
    running = [state for state in states if state is not None and _is_running(state, environment)]
    return tuple(sorted(running, key=lambda state: state.port))


def _is_running(state: SimState, environment: Mapping[str, str]) -> bool:
    if state.run is not None and state.run.is_running(environment):
        return True
    if state.run is not None:
        state.run.discard(environment)
    remove_state(state, environment)
    return False


def remove_state(state: SimState, environment: Mapping[str, str]) -> None:
    """Remove the file of the port, where it still tells of this simulator, and the simulator's directory."""
    path = state_root(environment) / f"{state.port}.json"
    if _read(path) == state:
        path.unlink(missing_ok=True)
    if state.directory is not None:
        remove_run_directory(state.directory, environment)


def remove_run_directory(directory: Path, environment: Mapping[str, str]) -> None:
    """Remove the directory of one start, and never anything that is not one."""
    if directory.parent == state_root(environment) and directory.name.startswith(_RUN_PREFIX):
        shutil.rmtree(directory, ignore_errors=True)


def _read(path: Path) -> SimState | None:
    try:
        return _from_json(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as problem:
        _log.warning("ignoring %s, which is no state file: %s", path, problem)
        return None


def _to_json(state: SimState) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "host": state.host,
        "port": state.port,
        "user": state.user,
        "password": state.password,
        "ca_file": _text(state.ca_file),
        "url": state.url,
        "stock": state.stock,
        "directory": _text(state.directory),
        "run": _run_to_json(state.run),
    }


def _run_to_json(run: ProcessRun | ContainerRun | None) -> dict[str, Any] | None:
    if isinstance(run, ProcessRun):
        return {"pid": run.pid, "mark": run.mark, "log": str(run.log)}
    return None if run is None else {"engine": run.engine, "container": run.container}


def _from_json(document: dict[str, Any]) -> SimState:
    if document["schema"] != SCHEMA:
        raise ValueError(f"its schema is {document['schema']!r}")
    return SimState(
        host=document["host"],
        port=document["port"],
        user=document["user"],
        password=document["password"],
        ca_file=_path(document["ca_file"]),
        url=document["url"],
        stock=document["stock"],
        directory=_path(document["directory"]),
        run=_run_from_json(document["run"]),
    )


def _run_from_json(document: dict[str, Any] | None) -> ProcessRun | ContainerRun | None:
    if document is None:
        return None
    if "pid" in document:
        return ProcessRun(pid=document["pid"], mark=document["mark"], log=Path(document["log"]))
    return ContainerRun(engine=document["engine"], container=document["container"])


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)
