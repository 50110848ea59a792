"""Reading a large inventory: ours beside pyvmomi's PropertyCollector, a Go client over govmomi, and the bare bytes.

Promises for 10,000 VMs on 128 hosts, for each of two sets of properties: end to end at least 1.8 times as fast as
pyvmomi, with a quarter of its CPU time in the client or less, and no slower than the Go client. All read the same
properties of the same simulator, over TLS, through one ContainerView and in pages of 1,000; they take turns, each in a
process of its own, and the median counts. The sets are eight properties of every VM, and all that a snapshot reads of
objects of every kind. Exit code 1: a promise is broken.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeAlias

from vsphere_motion.sim.options import SimOptions
from vsphere_motion.testing.simulator import simulated_vcenter
from vsphere_motion.vcenter.inventory_properties import PATHS

ROOT = Path(__file__).resolve().parent.parent
READERS = ROOT / "benchmarks" / "inventory_readers.py"
GO_SOURCES = ROOT / "benchmarks" / "inventory_go"
CACHE = ROOT / ".cache" / "benchmarks"
FASTER, LESS_CPU, NO_SLOWER = 1.8, 4.0, 1.0
Paths: TypeAlias = Mapping[str, Sequence[str]]
Run: TypeAlias = Mapping[str, float]
Turn: TypeAlias = Mapping[str, Run]
"""What each reader took, by its name."""

SETS: Mapping[str, Paths] = {
    "eight": {
        "VirtualMachine": (
            "name",
            "config.hardware.memoryMB",
            "config.hardware.numCPU",
            "config.template",
            "runtime.connectionState",
            "runtime.host",
            "runtime.powerState",
            "summary.quickStats",
        )
    },
    "snapshot": PATHS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a reader took, by the medians of its runs."""

    objects: int
    properties: int
    wall_s: float
    cpu_s: float
    peak_mb: float

    @classmethod
    def of(cls, runs: Sequence[Run]) -> Cost:
        """The medians of some runs."""
        return cls(
            objects=int(runs[0]["objects"]),
            properties=int(runs[0]["properties"]),
            wall_s=median(run["wall_s"] for run in runs),
            cpu_s=median(run["cpu_s"] for run in runs),
            peak_mb=max(run["peak_mb"] for run in runs),
        )


def main() -> int:
    """Measure both sets and print a line for each reader and each promise."""
    parser = argparse.ArgumentParser(description="Measure the reading of a large inventory against its peers.")
    parser.add_argument("--vms", type=int, default=10_000, metavar="N", help="virtual machines (default 10000)")
    parser.add_argument("--hosts", type=int, default=128, metavar="N", help="hosts (default 128)")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="turns of all readers (default 5)")
    parser.add_argument("--set", choices=sorted(SETS), action="append", help="only this set of properties")
    options = parser.parse_args()
    kept = []
    with tempfile.TemporaryDirectory() as state:
        environment = {**os.environ, "VSPHERE_MOTION_STATE_DIR": state}
        site = SimOptions(hosts=options.hosts, vms=options.vms)
        with simulated_vcenter(site, environment) as vcenter:
            for name in options.set or SETS:
                kept += report(name, measure(name, options.runs, {**environment, **vcenter.environment()}))
    return 0 if all(kept) else 1


def measure(name: str, runs: int, environment: Mapping[str, str]) -> list[Turn]:
    """What each reader takes, turn by turn."""
    words = json.dumps({kind: list(paths) for kind, paths in SETS[name].items()})
    ours = [sys.executable, str(READERS)]
    commands = {
        "bytes": [*ours, "bytes"],
        "pyvmomi": [*ours, "pyvmomi"],
        "ours": [*ours, "ours"],
        "go": [str(built_go_client())],
        **({"inventory": [*ours, "snapshot"]} if name == "snapshot" else {}),
    }
    there, back = list(commands.items()), list(reversed(commands.items()))
    orders = [back if number % 2 else there for number in range(runs)]
    return [{reader: run(command, words, environment) for reader, command in order} for order in orders]


def report(name: str, turns: Sequence[Turn]) -> list[bool]:
    """Print what was measured; whether each promise is kept."""
    costs = {reader: Cost.of([turn[reader] for turn in turns]) for reader in sorted(turns[0])}
    ours, plain, go = costs["ours"], costs["pyvmomi"], costs["go"]
    told = ", ".join(f"{len(paths)} of each {kind}" for kind, paths in SETS[name].items()) if name == "eight" else ""
    print(f"{name}: {told or f'{sum(map(len, SETS[name].values()))} paths of {len(SETS[name])} kinds'}")
    for reader, cost in costs.items():
        print(f"  {reader:<10}{cost.wall_s:8.2f} s   client CPU {cost.cpu_s:6.2f} s   peak {cost.peak_mb:4.0f} MB")
    if not ours.objects == plain.objects == go.objects or not ours.properties == plain.properties == go.properties:
        print("  the readers did not read the same")
        return [False]
    print(f"  {ours.objects} objects with {ours.properties} properties each reader")
    return [
        promise("pyvmomi, end to end", by_ours(turns, "pyvmomi", "wall_s"), FASTER),
        promise("pyvmomi, CPU time of the client", by_ours(turns, "pyvmomi", "cpu_s"), LESS_CPU),
        promise("Go client, end to end", by_ours(turns, "go", "wall_s"), NO_SLOWER),
    ]


def by_ours(turns: Sequence[Turn], peer: str, what: str) -> float:
    """How many times ours a peer takes: the median of the turns."""
    return median(turn[peer][what] / turn["ours"][what] for turn in turns)


def promise(peer: str, times: float, limit: float) -> bool:
    """Print one promise; whether it holds."""
    word = "kept" if times >= limit else "BROKEN"
    print(f"  {peer:<34}{times:6.2f} times ours   promised {limit:g}   {word}")
    return times >= limit


def run(command: Sequence[str], words: str, environment: Mapping[str, str]) -> Run:
    """What one reader says of itself; one that fails ends the benchmark with what it said."""
    answer = subprocess.run(
        command, input=words, env=dict(environment), capture_output=True, text=True, check=False, cwd=ROOT
    )
    if answer.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {answer.returncode}:\n{answer.stderr}")
    result: Run = json.loads(answer.stdout)
    return result


def built_go_client() -> Path:
    """The Go client, built anew where its sources have changed."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(GO_SOURCES.iterdir()))).hexdigest()[:16]
    program = CACHE / f"inventory-go-{digest}"
    if not program.exists():
        go = shutil.which("go")
        if go is None:
            sys.exit("there is no go on PATH to build the Go client with")
        CACHE.mkdir(parents=True, exist_ok=True)
        settings = {**os.environ, "GOWORK": "off", "CGO_ENABLED": "0"}
        subprocess.run([go, "build", "-o", str(program), "."], cwd=GO_SOURCES, env=settings, check=True)
    return program


if __name__ == "__main__":
    sys.exit(main())
