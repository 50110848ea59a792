"""What a big simulated site costs, as ratios to plain govmomi, measured side by side.

Promises: 10,000 virtual machines on 128 hosts are ready in at most a quarter of the time `-stock` needs for 1,000 on 32
hosts; 40,000 start too; neither takes more than 1 GiB of memory, every machine having been read once. Reading names and
hosts is measured as well, as a share of one machine, without a promise. Exit code 1: a promise is broken.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim, vmodl

from vsphere_motion.sim.find import find_program

READY_RATIO = 0.25
MEMORY_MIB = 1024
START_TIMEOUT_S = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one site took."""

    vms: int
    ready_s: float
    read_s: float
    memory_mib: float

    def line(self, name: str) -> str:
        """The figures for people."""
        share = 1e6 * self.read_s / self.vms
        return f"{name:<22} ready {self.ready_s:7.2f} s   read {share:6.0f} us a VM   memory {self.memory_mib:5.0f} MiB"


def main() -> int:
    """Measure the three sites and say which promises hold."""
    parser = argparse.ArgumentParser(description="Measure big simulated sites against plain govmomi.")
    parser.add_argument("--program", help="the simulator's binary (default: the one `vsphere-motion sim` finds)")
    program = parser.parse_args().program or found_program()
    stock = measure(program, hosts=32, vms=1000, stock=True)
    big = measure(program, hosts=128, vms=10_000)
    huge = measure(program, hosts=128, vms=40_000)
    for name, cost in (("-stock, 1,000 VMs", stock), ("10,000 VMs", big), ("40,000 VMs", huge)):
        print(cost.line(name))
    ratio = big.ready_s / stock.ready_s
    kept = [
        promise("10,000 VMs ready, in times of -stock with 1,000", ratio, READY_RATIO),
        promise("memory of 10,000 VMs in MiB", big.memory_mib, MEMORY_MIB),
        promise("memory of 40,000 VMs in MiB", huge.memory_mib, MEMORY_MIB),
    ]
    return 0 if all(kept) else 1


def found_program() -> str:
    """The simulator that everything else here would start."""
    found = find_program(os.environ, [])
    if found is None:
        sys.exit("there is no vsphere-motion-vcsim; name one with --program")
    return str(found.path)


def promise(what: str, figure: float, limit: float) -> bool:
    """Print one promise; True if it holds."""
    holds = figure <= limit
    print(f"{what:<50} {figure:8.3f}   promised {limit:g}   {'kept' if holds else 'BROKEN'}")
    return holds


def measure(program: str, *, hosts: int, vms: int, stock: bool = False) -> Cost:
    """Start one site, read every machine once, and end it."""
    flags = ["-hosts", str(hosts), "-vms", str(vms), *(["-stock"] if stock else [])]
    with tempfile.TemporaryDirectory() as state:
        started = time.perf_counter()
        with served([program, "serve", "-state", state, *flags]) as process:
            ready_s = time.perf_counter() - started
            ready = json.loads(Path(state, "ready.json").read_text(encoding="utf-8"))
            count, read_s = read_machines(ready)
            if count < vms:
                sys.exit(f"only {count} of {vms} virtual machines are there")
            return Cost(vms=count, ready_s=ready_s, read_s=read_s, memory_mib=peak_memory_mib(process.pid))


@contextlib.contextmanager
def served(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Run the simulator for the length of a block that begins when it is ready."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        if not process.stdout.readline().startswith("ready "):
            sys.exit(f"{' '.join(command)} did not start")
        yield process
    finally:
        process.terminate()
        process.wait(timeout=START_TIMEOUT_S)


def read_machines(ready: dict[str, str]) -> tuple[int, float]:
    """How many virtual machines there are, and how long reading their names and hosts takes."""
    context = ssl.create_default_context(cafile=ready["ca_file"])
    service = SmartConnect(
        host=ready["host"], port=int(ready["port"]), user=ready["user"], pwd=ready["password"], sslContext=context
    )
    content = service.RetrieveContent()
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
    query = vmodl.query.PropertyCollector
    walk = query.TraversalSpec(name="view", type=vim.view.ContainerView, path="view", skip=False)
    spec = query.FilterSpec(
        propSet=[query.PropertySpec(type=vim.VirtualMachine, pathSet=["name", "runtime.host"])],
        objectSet=[query.ObjectSpec(obj=view, skip=True, selectSet=[walk])],
    )
    started = time.perf_counter()
    page = content.propertyCollector.RetrievePropertiesEx([spec], query.RetrieveOptions(maxObjects=1000))
    count = len(page.objects)
    while page.token:
        page = content.propertyCollector.ContinueRetrievePropertiesEx(page.token)
        count += len(page.objects)
    elapsed = time.perf_counter() - started
    Disconnect(service)
    return count, elapsed


def peak_memory_mib(pid: int) -> float:
    """The most memory the process has had at once (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("the kernel does not tell VmHWM")


if __name__ == "__main__":
    sys.exit(main())
