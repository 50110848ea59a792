"""The site on which `moves.py` compares clients, and what each of them is measured by.

Every host has a link that no move fills: one stream carries 15 Gbit/s, so that a move takes as long as its memory
needs, whatever else runs. How long a move takes is what the benchmark wants it to be, at the pace of real time.
"""

from __future__ import annotations

import contextlib
import heapq
import os
import random
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import yaml

from vsphere_motion.sim.options import SimOptions
from vsphere_motion.testing.control import Control
from vsphere_motion.testing.simulator import SimulatedVCenter, simulated_vcenter

GIB, MIB = 2**30, 2**20
STREAM_BYTES_PER_S = 15e9 / 8
FIXED_S = 0.3
"""Preparation and device state of every move on the simulator."""

HOSTS = 32
MEAN_S, SPREAD = 4.0, 0.5
"""Moves of varied length: their mean, and the standard deviation of its logarithm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """One VM's next move, by names and by identifiers."""

    vm: str
    vm_moid: str
    host: str
    host_moid: str
    memory_bytes: int


@dataclass(slots=True, kw_only=True)
class Result:
    """What one client did.

    Args:
        wall_s: from its first call to the end of its last move.
        calls: SOAP calls by method, counted by the simulator.
        lengths_s: how long each move took by the simulator's clock.
        noticed_s: for each move, from its end at the server until the client knew.
        cpu_s: of the client.
    """

    client: str
    at_once: int
    wall_s: float
    cpu_s: float
    calls: Counter[str] = field(default_factory=Counter)
    lengths_s: Sequence[float] = ()
    noticed_s: Sequence[float] = ()

    @property
    def moves(self) -> int:
        """How many moves there were."""
        return len(self.lengths_s)

    @property
    def trips_a_move(self) -> float:
        """Round trips to the server for each move."""
        return self.calls.total() / self.moves

    @property
    def ideal_s(self) -> float:
        """When the last of these moves ends if each starts, in their order, at the moment at which a slot is free."""
        slots = [0.0] * self.at_once
        for length_s in self.lengths_s:
            heapq.heapreplace(slots, slots[0] + length_s)
        return max(slots)

    @property
    def slot_use(self) -> float:
        """Which part of the time of all slots had a move in it."""
        return sum(self.lengths_s) / self.at_once / self.wall_s


@contextlib.contextmanager
def site(*, equal: int, varied: int, equal_s: float = 2.0) -> Iterator[SimulatedVCenter]:
    """A simulated vCenter with VMs `equal-*`, whose moves take `equal_s`, and `varied-*`, whose moves differ."""
    luck = random.Random(64)
    lengths = [luck.lognormvariate(0, SPREAD) for _ in range(varied)]
    mean = sum(lengths) / max(1, varied)
    vms = [_vm(f"equal-{number:04}", number, equal_s) for number in range(equal)]
    vms += [_vm(f"varied-{number:04}", number, MEAN_S * length / mean) for number, length in enumerate(lengths)]
    link = {"link_gbps": 400, "streams": 1}
    hosts = [{"name": _host(number), "memory_gib": 4096, "vmotion": link} for number in range(HOSTS)]
    scenario = {
        "version": 1,
        "clusters": [{"name": "cluster-01", "hosts": hosts}],
        "datastores": [{"name": "datastore1"}],
        "networks": [{"name": "net"}],
        "vms": vms,
    }
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "moves.yaml")
        file.write_text(yaml.safe_dump(scenario), encoding="utf-8")
        environment = {**os.environ, "VSPHERE_MOTION_STATE_DIR": directory}
        with simulated_vcenter(SimOptions(scenario=str(file), speed=1.0), environment) as vcenter:
            yield vcenter


def trips(control: Control, prefix: str, count: int) -> list[Trip]:
    """The next move of the first VMs of this name: each to the host after the one it is on."""
    moids = {(one["type"], one["name"]): one["moid"] for one in control.site()}
    hosts = [moids["HostSystem", _host(number)] for number in range(HOSTS)]
    found = []
    for number in range(count):
        name = f"{prefix}-{number:04}"
        moid = moids["VirtualMachine", name]
        seen = control.read(moid)
        here = seen["runtime"]["host"]["value"]
        there = (hosts.index(here) + 1) % HOSTS
        memory_bytes = seen["config"]["hardware"]["memoryMB"] * MIB
        found.append(Trip(vm=name, vm_moid=moid, host=_host(there), host_moid=hosts[there], memory_bytes=memory_bytes))
    return found


def measured(control: Control, result: Result, *, known_at: Mapping[str, float]) -> Result:
    """The result with what the simulator counted.

    Args:
        known_at: when the client knew the end of each task, in seconds of this machine's clock.
    """
    result.calls = Counter(call["method"] for call in control.trace() if call["session"])
    motions = control.motions()
    ended = {motion["task"]: _moment(motion["completed_at"]) for motion in motions if motion["task"] in known_at}
    result.lengths_s = [
        _moment(motion["completed_at"]) - _moment(motion["started_at"]) for motion in motions if motion["task"] in ended
    ]
    result.noticed_s = [known_at[task] - at for task, at in ended.items()]
    return result


def now_s() -> float:
    """This machine's clock, which at this pace is the simulator's too."""
    return time.time()


def children_cpu_s() -> float:
    """CPU time of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _host(number: int) -> str:
    return f"esx-{number:02}"


def _vm(name: str, number: int, length_s: float) -> dict[str, object]:
    gib = max(0.125, (length_s - FIXED_S) * STREAM_BYTES_PER_S / GIB)
    return {"name": name, "host": _host(number % HOSTS), "memory_gib": round(gib, 4)}
