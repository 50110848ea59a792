"""What the command line costs before it does anything, as ratios to its peers, measured side by side.

Two promises: `vsphere-motion --help` takes at most 6 times as long as a bare Python, and connecting and reading what
the server says of itself takes at most 1.2 times as long as plain pyvmomi needs for the same. Every figure is the
median over processes of its own; the two sides of a ratio take turns, so that a busy machine slows both. Exit code 1:
a promise is broken.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from vsphere_motion.sim.options import SimOptions
from vsphere_motion.testing.simulator import simulated_vcenter

PROGRAM = Path(sys.executable).parent / "vsphere-motion"

OURS = """
import os
from vsphere_motion import connect
have = os.environ
with connect(server=have["VMWARE_HOST"], port=int(have["VMWARE_PORT"]), user=have["VMWARE_USER"],
             password=have["VMWARE_PASSWORD"], ca_file=have["VSPHERE_MOTION_CA_FILE"]) as vcenter:
    assert vcenter.identity.instance_uuid
"""

PLAIN = """
import os, ssl
from pyVim.connect import Disconnect, SmartConnect
have = os.environ
context = ssl.create_default_context(cafile=have["VSPHERE_MOTION_CA_FILE"])
service = SmartConnect(host=have["VMWARE_HOST"], port=int(have["VMWARE_PORT"]), user=have["VMWARE_USER"],
                       pwd=have["VMWARE_PASSWORD"], sslContext=context)
assert service.content.about.instanceUuid
Disconnect(service)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """Two commands, and how many times the second one's time the first may take."""

    what: str
    command: tuple[str, ...]
    peer: str
    peer_command: tuple[str, ...]
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was measured for one promise."""

    promise: Promise
    seconds: float
    peer_seconds: float

    @property
    def ratio(self) -> float:
        """How many times as long as its peer."""
        return self.seconds / self.peer_seconds

    @property
    def is_kept(self) -> bool:
        """True if the promise holds."""
        return self.ratio <= self.promise.limit

    def line(self) -> str:
        """The result for people."""
        word = "kept" if self.is_kept else "BROKEN"
        return (
            f"{self.promise.what:<28} {1000 * self.seconds:6.0f} ms   {self.promise.peer:<22}"
            f"{1000 * self.peer_seconds:6.0f} ms   {self.ratio:5.2f} times   promised {self.promise.limit:g}   {word}"
        )


PROMISES = (
    Promise(
        what="vsphere-motion --help",
        command=(str(PROGRAM), "--help"),
        peer="python -c pass",
        peer_command=(sys.executable, "-c", "pass"),
        limit=6.0,
    ),
    Promise(
        what="connect and about",
        command=(sys.executable, "-c", OURS),
        peer="pyvmomi, the same",
        peer_command=(sys.executable, "-c", PLAIN),
        limit=1.2,
    ),
)


def main() -> int:
    """Measure every promise and print a line for each."""
    parser = argparse.ArgumentParser(description="Measure start-up as ratios to peers.")
    parser.add_argument("--runs", type=int, default=21, metavar="N", help="processes for each figure (default 21)")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as state:
        environment = {**os.environ, "VSPHERE_MOTION_STATE_DIR": state}
        with simulated_vcenter(SimOptions(), environment) as vcenter:
            results = [measure(promise, runs, {**environment, **vcenter.environment()}) for promise in PROMISES]
    for result in results:
        print(result.line())
    return 0 if all(result.is_kept for result in results) else 1


def measure(promise: Promise, runs: int, environment: Mapping[str, str]) -> Measured:
    """Both commands in turn; one run of each first, for the compiled files and the disk's cache."""
    pairs = [
        (seconds(promise.command, environment), seconds(promise.peer_command, environment)) for _ in range(runs + 1)
    ]
    return Measured(
        promise=promise, seconds=median(one for one, _ in pairs[1:]), peer_seconds=median(two for _, two in pairs[1:])
    )


def seconds(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """How long one process takes; one that fails ends the benchmark with what it said."""
    started = time.perf_counter()
    answer = subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=False)
    elapsed = time.perf_counter() - started
    if answer.returncode != 0:
        sys.exit(f"{command[0]} ended with {answer.returncode}:\n{answer.stderr}")
    return elapsed


if __name__ == "__main__":
    sys.exit(main())
