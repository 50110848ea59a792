"""What `login` remembers of servers besides their passwords: `servers.json` in the state directory, mode 0600."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from vsphere_motion.errors import BadInput
from vsphere_motion.model.jsonform import from_json, to_json
from vsphere_motion.private import make_private_directory
from vsphere_motion.settings import RememberedServer, state_directory

FILE_NAME = "servers.json"
SCHEMA = "vsphere-motion/servers/v1"


def read_servers(environment: Mapping[str, str]) -> dict[str, RememberedServer]:
    """The remembered servers by `host:port`; empty if nothing was remembered yet.

    Raises:
        BadInput: the file cannot be read.
    """
    path = state_directory(environment) / FILE_NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return {name: from_json(RememberedServer, entry) for name, entry in document["servers"].items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, BadInput) as problem:
        raise BadInput(f"cannot read {path}: {problem}", hint="correct the file, or move it away") from problem


def remember_user(environment: Mapping[str, str], key: str, user: str | None) -> None:
    """Remember the account of a server (`host:port`); None forgets it."""
    servers = read_servers(environment)
    _write(environment, {**servers, key: replace(servers.get(key, RememberedServer()), user=user)})


def remember_pin(environment: Mapping[str, str], key: str, thumbprint: str) -> None:
    """Remember the one certificate that a server (`host:port`) may present."""
    servers = read_servers(environment)
    _write(environment, {**servers, key: replace(servers.get(key, RememberedServer()), thumbprint=thumbprint)})


def _write(environment: Mapping[str, str], servers: Mapping[str, RememberedServer]) -> None:
    directory = state_directory(environment)
    kept = {name: to_json(server) for name, server in servers.items() if server != RememberedServer()}
    try:
        make_private_directory(directory)
        handle, draft = tempfile.mkstemp(dir=directory, prefix=f".{FILE_NAME}.")  # made with mode 0600
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"schema": SCHEMA, "servers": kept}, file, indent=2)
        Path(draft).replace(directory / FILE_NAME)
    except OSError as problem:
        raise BadInput(
            f"cannot write {directory / FILE_NAME}: {problem.strerror}",
            hint="choose another directory with VSPHERE_MOTION_STATE_DIR",
        ) from problem
