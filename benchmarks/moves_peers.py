"""What others do to move VMs and wait for it: govc, pyvmomi's WaitForTask, polling with back-off.

Each peer gets what it is usually given: its own connection where it is a process, one shared connection where it is a
thread, and the identifiers of VM and host, so that no look-up by name counts against it.
"""

from __future__ import annotations

import os
import random
import shlex
import shutil
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyVim.connect import Disconnect, SmartConnect
from pyVim.task import WaitForTask
from pyVmomi import vim

from benchmarks.moves_site import Result, Trip, children_cpu_s, measured, now_s
from vsphere_motion.testing.simulator import SimulatedVCenter

VCSIM = Path(__file__).resolve().parent.parent / "vcsim"
POOL = 64
"""Connections that pyvmomi keeps: one a thread, or each would begin its own with a TLS handshake every time."""

LONGEST_PAUSE_S = 64
"""The most by which the back-off waits, beside up to a second of chance."""

_GOVC = """package main

import (
\t"os"

\t"github.com/vmware/govmomi/cli"
\t_ "github.com/vmware/govmomi/cli/vm"
)

func main() { os.Exit(cli.Run(os.Args[1:])) }
"""

Wait = Callable[[Any, Any], None]
"""Waits for a task of a service."""


def run_threads(client: str, wait: Wait, vcenter: SimulatedVCenter, trips: Sequence[Trip], *, at_once: int) -> Result:
    """Each VM in a thread of its own that relocates it and then waits in this way."""
    known_at: dict[str, float] = {}
    lock = threading.Lock()
    with _service(vcenter) as service, ThreadPoolExecutor(at_once) as threads:

        def move(trip: Trip) -> None:
            vm = vim.VirtualMachine(trip.vm_moid, service._stub)
            task = vm.RelocateVM_Task(vim.vm.RelocateSpec(host=vim.HostSystem(trip.host_moid, service._stub)))
            wait(service, task)
            with lock:
                known_at[task._moId] = now_s()

        vcenter.control.clear_trace()
        began, cpu = now_s(), time.process_time()
        for _ in threads.map(move, trips):
            pass
        wall_s, cpu_s = now_s() - began, time.process_time() - cpu
    return measured(
        vcenter.control, Result(client=client, at_once=at_once, wall_s=wall_s, cpu_s=cpu_s), known_at=known_at
    )


def wait_for_task(service: Any, task: Any) -> None:
    """As scripts with pyvmomi wait; with a collector for each, for one that threads share gives each others' news."""
    collector = service.content.propertyCollector.CreatePropertyCollector()
    try:
        WaitForTask(task, si=service, pc=collector)
    finally:
        collector.Destroy()


def back_off(_: Any, task: Any) -> None:
    """As Ansible's modules for VMware wait: state, then error or result, then a pause twice as long as the last."""
    failures = 0
    while True:
        if task.info.state == vim.TaskInfo.State.success:
            return
        if task.info.state == vim.TaskInfo.State.error:
            raise AssertionError(str(task.info.error))
        task.info  # noqa: B018 - its progress, which is looked at between the pauses
        time.sleep(min(2**failures, LONGEST_PAUSE_S) + random.random())
        failures += 1


def run_govc(govc: Path, vcenter: SimulatedVCenter, trips: Sequence[Trip], *, at_once: int) -> Result:
    """A process for each VM, one after the other or so many at once by xargs; its end is when somebody knows."""
    with tempfile.TemporaryDirectory() as directory:
        lines = Path(directory, "lines")
        lines.write_text("".join(f"-host {one.host} {one.vm}\n" for one in trips), encoding="utf-8")
        ends = Path(directory, "ends")
        script = f'{shlex.quote(str(govc))} vm.migrate "$@" >&2 && echo "$3 $(date +%s.%N)" >>{shlex.quote(str(ends))}'
        command = ["xargs", "-a", str(lines), "-P", str(at_once), "-L", "1", "sh", "-c", script, "sh"]
        vcenter.control.clear_trace()
        began, cpu = now_s(), children_cpu_s()
        subprocess.run(command, env=_govc_environment(vcenter), check=True, stderr=subprocess.DEVNULL)
        wall_s, cpu_s = now_s() - began, children_cpu_s() - cpu
        ended = dict(line.split() for line in ends.read_text(encoding="utf-8").splitlines())
    tasks = {motion["vm_name"]: motion["task"] for motion in vcenter.control.motions()}
    known_at = {tasks[vm]: float(at) for vm, at in ended.items()}
    client = "govc, one after the other" if at_once == 1 else f"govc, xargs -P{at_once}"
    return measured(
        vcenter.control, Result(client=client, at_once=at_once, wall_s=wall_s, cpu_s=cpu_s), known_at=known_at
    )


@contextmanager
def built_govc() -> Iterator[Path]:
    """The govc on PATH; else one that is built of govmomi's own packages of commands, outside of the repository."""
    found = shutil.which("govc")
    if found is not None:
        yield Path(found)
        return
    with tempfile.TemporaryDirectory() as directory:
        for name in ("go.mod", "go.sum"):
            shutil.copy(VCSIM / name, directory)
        Path(directory, "main.go").write_text(_GOVC, encoding="utf-8")
        go = ["go", "build", "-mod=mod", "-o", "govc", "."]
        subprocess.run(go, cwd=directory, env={**os.environ, "GOWORK": "off"}, check=True)
        yield Path(directory, "govc")


@contextmanager
def _service(vcenter: SimulatedVCenter) -> Iterator[Any]:
    context = ssl.create_default_context(cafile=vcenter.ca_file)
    service = SmartConnect(
        host=vcenter.host, port=vcenter.port, user=vcenter.user, pwd=vcenter.password, sslContext=context
    )
    service._stub.poolSize = POOL
    try:
        yield service
    finally:
        Disconnect(service)


def _govc_environment(vcenter: SimulatedVCenter) -> dict[str, str]:
    return {
        **os.environ,
        "GOVC_URL": vcenter.url,
        "GOVC_USERNAME": vcenter.user,
        "GOVC_PASSWORD": vcenter.password,
        "GOVC_TLS_CA_CERTS": str(vcenter.ca_file),
        "GOVC_PERSIST_SESSION": "false",
    }
