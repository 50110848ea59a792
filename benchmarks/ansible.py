"""What it costs to move in several vCenters from one playbook run: time, processor time and memory, side by side.

Measured in one run, on simulated vCenters whose moves take next to no time, so that what is left is our own cost:
a playbook that only pings each vCenter's host (the floor of Ansible itself), one that moves all VMs of each vCenter
with one task, the same with the command line in a process for each vCenter, and a loop that gives each VM a task of its
own, as playbooks do around a module that takes one VM (on fewer VMs, because it takes long). Memory is what the
processes have for themselves. No promise is judged.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vsphere_motion.sim.options import SimOptions
from vsphere_motion.testing.simulator import SimulatedVCenter, simulated_vcenter

ROOT = Path(__file__).resolve().parent.parent
PLAYBOOK = ROOT / "playbooks" / "many_vcenters.yml"
BIN = Path(sys.executable).parent
SPEED = 2000.0
PEEK_S = 0.05
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

SITE = """\
version: 1
clusters:
  - name: cluster
    hosts:
      - {repeat: 4, name: "esx#", cores: 64, memory_gib: 1024, vmotion: {link_gbps: 100}}
      - {name: big, cores: 256, memory_gib: 8192, vmotion: {link_gbps: 100}}
datastores: [{name: shared}]
networks: [{name: lan}]
vms:
"""
PING = "- hosts: vcenters\n  connection: local\n  gather_facts: false\n  tasks: [{ansible.builtin.ping: {}}]\n"
LOOP = """\
- hosts: vcenters
  connection: local
  gather_facts: false
  strategy: free
  tasks:
    - vsphere.motion.vm_migrate:
        hostname: "{{ vcenter_hostname }}"
        port: "{{ vcenter_port }}"
        username: "{{ vcenter_username }}"
        password: "{{ vcenter_password }}"
        ca_file: "{{ vcenter_ca_file }}"
        vm_name: "{{ item }}"
        destination_host: big
      loop: "{{ few }}"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one way took.

    Args:
        peak_bytes: the most that all its processes had at once.
    """

    vms: int
    wall_s: float
    cpu_s: float
    peak_bytes: int

    def line(self, name: str) -> str:
        """The figures for people."""
        share = f"{1000 * self.cpu_s / self.vms:7.1f} ms CPU a VM" if self.vms else " " * 19
        return (
            f"{name:<44} {self.vms:4d} VMs  {self.wall_s:7.1f} s  {self.cpu_s:7.1f} s CPU  {share}"
            f"  {self.peak_bytes >> 20:5d} MiB"
        )


def main() -> int:
    """Measure each way and print it."""
    parser = argparse.ArgumentParser(description="Measure several vCenters moved in by one playbook run.")
    parser.add_argument("--vcenters", type=int, default=2)
    parser.add_argument("--vms", type=int, default=200, help="for each vCenter")
    parser.add_argument("--few", type=int, default=20, help="for each vCenter, in the loop")
    words = parser.parse_args()
    for name, cost in measure_all(words.vcenters, words.vms, words.few):
        print(cost.line(name), flush=True)
    return 0


def measure_all(vcenters: int, vms: int, few: int) -> Iterator[tuple[str, Cost]]:
    """Each way on vCenters of its own."""
    ways: tuple[tuple[str, int, Way], ...] = (
        ("ansible-playbook, ping alone", 0, ping),
        ("ansible-playbook, one task for all VMs", vms, one_task),
        ("vsphere-motion, a process for each vCenter", vms, commands),
        ("ansible-playbook, a task for each VM", few, loop),
    )
    for name, count, way in ways:
        with sites(vcenters, max(count, 1)) as (home, running):
            yield name, measured(way(home, running, count), home, count * vcenters)


Way = Callable[[Path, Sequence[SimulatedVCenter], int], list[tuple[list[str], dict[str, str]]]]


def ping(home: Path, running: Sequence[SimulatedVCenter], count: int) -> list[tuple[list[str], dict[str, str]]]:
    """Ansible's own cost."""
    (home / "ping.yml").write_text(PING, encoding="utf-8")
    return [playing(home, running, home / "ping.yml", few=[])]


def one_task(home: Path, running: Sequence[SimulatedVCenter], count: int) -> list[tuple[list[str], dict[str, str]]]:
    """One task that moves all VMs of a vCenter."""
    return [playing(home, running, PLAYBOOK, few=[])]


def loop(home: Path, running: Sequence[SimulatedVCenter], count: int) -> list[tuple[list[str], dict[str, str]]]:
    """A task for each VM."""
    file = home / "loop.yml"
    file.write_text(LOOP, encoding="utf-8")
    (home / "collections").symlink_to(ROOT / "playbooks" / "collections")
    return [playing(home, running, file, few=[f"vm{number:03d}" for number in range(1, count + 1)])]


def commands(home: Path, running: Sequence[SimulatedVCenter], count: int) -> list[tuple[list[str], dict[str, str]]]:
    """The command line."""
    words = ["migrate", "*", "--to-host", "big", "--yes", "--max-concurrent", "8", "--logs", "summary", "-q"]
    program = str(BIN / "vsphere-motion")
    return [
        ([program, *words], {**environment(home / str(number)), **one.environment()})
        for number, one in enumerate(running)
    ]


def playing(
    home: Path, running: Sequence[SimulatedVCenter], playbook: Path, *, few: list[str]
) -> tuple[list[str], dict[str, str]]:
    """A call of ansible-playbook with a host for each vCenter."""
    members = {f"vc{number}": variables(one, few) for number, one in enumerate(running)}
    inventory = home / "vcenters.json"
    inventory.write_text(json.dumps({"vcenters": {"hosts": members}}), encoding="utf-8")
    words = [str(BIN / "ansible-playbook"), "-i", str(inventory), str(playbook), "-e", "max_concurrent=8"]
    return words, environment(home)


def variables(vcenter: SimulatedVCenter, few: list[str]) -> dict[str, object]:
    """What the inventory says of a vCenter."""
    return {
        "vcenter_hostname": vcenter.host,
        "vcenter_port": vcenter.port,
        "vcenter_username": vcenter.user,
        "vcenter_password": vcenter.password,
        "vcenter_ca_file": str(vcenter.ca_file),
        "vms": ["*"],
        "destination_host": "big",
        "few": few,
        "ansible_python_interpreter": sys.executable,
    }


def environment(home: Path) -> dict[str, str]:
    """A home of its own."""
    home.mkdir(exist_ok=True)
    return {
        "PATH": f"{BIN}:/usr/bin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "VSPHERE_MOTION_STATE_DIR": str(home / "state"),
    }


@contextlib.contextmanager
def sites(vcenters: int, vms: int) -> Iterator[tuple[Path, Sequence[SimulatedVCenter]]]:
    """As many vCenters with as many VMs, and a directory to work in."""
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        home = Path(directory)
        machines = "".join(
            f"  - {{name: vm{number:03d}, host: esx{number % 4 + 1}, memory_gib: 1, dirty_mbps: 1}}\n"
            for number in range(1, vms + 1)
        )
        site = home / "site.yaml"
        site.write_text(SITE + machines, encoding="utf-8")
        options = SimOptions(scenario=str(site), speed=SPEED)
        around = {**os.environ, "VSPHERE_MOTION_STATE_DIR": str(home / "simulators")}
        yield home, [stack.enter_context(simulated_vcenter(options, around)) for _ in range(vcenters)]


def measured(calls: Sequence[tuple[list[str], dict[str, str]]], home: Path, vms: int) -> Cost:
    """Run them at once and see what they take together."""
    log = home / "said"
    started_s, cpu_before_s = time.monotonic(), children_cpu_s()
    with log.open("wb") as said:
        processes = [subprocess.Popen(words, env=env, cwd=home, stdout=said, stderr=said) for words, env in calls]
        watch = Watch([process.pid for process in processes])
        codes = [process.wait() for process in processes]
        peak_bytes = watch.end()
    if any(codes):
        sys.exit(f"{calls[0][0]} ended with {codes}: {log.read_text(encoding='utf-8')[-2000:]}")
    return Cost(
        vms=vms,
        wall_s=time.monotonic() - started_s,
        cpu_s=children_cpu_s() - cpu_before_s,
        peak_bytes=peak_bytes,
    )


def children_cpu_s() -> float:
    """Processor time of all children that have ended."""
    times = os.times()
    return times.children_user + times.children_system


class Watch:
    """Looks at the memory of some processes and all that they start, again and again, and keeps the most."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids
        self._peak_bytes = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def end(self) -> int:
        """The most that was seen."""
        self._is_over.set()
        self._thread.join()
        return self._peak_bytes

    def _look(self) -> None:
        while not self._is_over.wait(PEEK_S):
            self._peak_bytes = max(self._peak_bytes, sum(map(tree_bytes, self._pids)))


def tree_bytes(pid: int) -> int:
    """The private memory of a process and its children, so that what a fork shares is counted once."""
    place = Path("/proc", str(pid))
    try:
        words = (place / "smaps_rollup").read_text().split()
        own = 1024 * sum(int(words[words.index(name) + 1]) for name in ("Private_Clean:", "Private_Dirty:"))
        children = (place / "task" / str(pid) / "children").read_text().split()
    except (OSError, ValueError):
        return 0
    return own + sum(tree_bytes(int(child)) for child in children)


if __name__ == "__main__":
    sys.exit(main())
