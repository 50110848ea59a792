"""A client of the simulator's control endpoint: change objects, read the calls so far and what truly happened."""

from __future__ import annotations

import http.client
import json
import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from vsphere_motion.errors import SimulatorError

_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """The endpoint `/_sim/v1` of one simulator; a stock simulator has none, and every call raises SimulatorError."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    ca_file: Path | None

    def patch(self, moid: str, values: Mapping[str, Any]) -> Any:
        """Set properties of one object by leaf path: `{"runtime.inMaintenanceMode": True}`; watchers are told."""
        return self.call("PATCH", f"/objects/{quote(moid, safe='')}", values)

    def read(self, moid: str) -> Any:
        """What the simulator shows of one object."""
        return self.call("GET", f"/objects/{quote(moid, safe='')}")

    def site(self) -> list[dict[str, Any]]:
        """Type, name and moid of every object of the inventory."""
        return list(self.call("GET", "/site"))

    def moid(self, kind: str, name: str) -> str:
        """The moid of the one object of a kind, such as `HostSystem`, with this name."""
        found = [entry["moid"] for entry in self.site() if entry["type"] == kind and entry["name"] == name]
        if len(found) != 1:
            raise SimulatorError(f"the simulator has {len(found)} objects of type {kind} named {name}")
        return str(found[0])

    def trace(self) -> list[dict[str, Any]]:
        """Every call the simulator has answered so far, oldest first."""
        return list(self.call("GET", "/trace"))

    def clear_trace(self) -> None:
        """Forget the calls so far."""
        self.call("DELETE", "/trace")

    def motions(self) -> list[dict[str, Any]]:
        """The truth about every move so far, oldest first."""
        return list(self.call("GET", "/motions"))

    def plant_faults(self, *faults: dict[str, Any]) -> list[dict[str, Any]]:
        """Plant faults, all or none; the keys are those of a scenario's `faults`. Returns them with their names.

        Raises:
            SimulatorError: a key, class or value is unknown; the words say what there is.
        """
        return list(self.call("POST", "/faults", list(faults)))

    def faults(self) -> list[dict[str, Any]]:
        """The planted faults, with how often each `matched` and `fired`."""
        return list(self.call("GET", "/faults"))

    def remove_faults(self, name: str | None = None) -> None:
        """Take one fault out, or all; what hangs because of it goes on."""
        self.call("DELETE", "/faults" if name is None else f"/faults/{quote(name, safe='')}")

    def log_lines(self, host: str, key: str = "vmkernel", *, file: int = 0) -> list[str]:
        """All lines of a host's log, as the host wrote them.

        Args:
            host: the host's moid.
            key: `vmkernel`, `hostd` or `vpxa`.
            file: 0 is the current file, N the N-th before it.
        """
        return list(self.call("GET", f"/logs/{quote(host, safe='')}/{quote(key, safe='')}?file={file}"))

    def call(self, method: str, path: str, body: object = None) -> Any:
        """One request below `/_sim/v1`; returns the decoded answer, None where it is empty.

        Raises:
            SimulatorError: nothing answers, or the answer is an error.
        """
        connection = http.client.HTTPSConnection(
            self.host, self.port, timeout=_TIMEOUT_S, context=ssl.create_default_context(cafile=_text(self.ca_file))
        )
        try:
            connection.request(method, f"/_sim/v1{path}", _encoded(body), self._headers())
            response = connection.getresponse()
            status, content = response.status, response.read()
        except (OSError, http.client.HTTPException) as problem:
            raise SimulatorError(f"{method} /_sim/v1{path} of the simulator: {problem}") from problem
        finally:
            connection.close()
        if status >= http.HTTPStatus.BAD_REQUEST:
            words = content.decode(errors="replace").strip()
            raise SimulatorError(f"{method} /_sim/v1{path} of the simulator answers {status}: {words}")
        return json.loads(content) if content else None

    def _headers(self) -> dict[str, str]:
        pair = b64encode(f"{self.user}:{self.password}".encode()).decode("ascii")
        return {"Authorization": f"Basic {pair}", "Content-Type": "application/json", "Accept": "application/json"}


def _encoded(body: object) -> bytes | None:
    return None if body is None else json.dumps(body).encode()


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
