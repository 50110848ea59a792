"""A real program that stands for a patch of a host, and notes each host that it was called for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from vsphere_motion.testing.simulator import SimulatedVCenter

PATCH = """
import pathlib, sys
host, place = sys.argv[1], pathlib.Path(sys.argv[2])
with (place / "patched").open("a") as file:
    file.write(host + "\\n")
print("patching", host)
if (place / "fails-on").exists() and (place / "fails-on").read_text() == host:
    sys.exit(9)
if (place / "waits-on").exists() and (place / "waits-on").read_text() == host:
    (place / "go-on").open().read()
"""


class Patching:
    """A real program that patches hosts: it notes each, and fails or waits where it is told to."""

    def __init__(self, place: Path) -> None:
        self.place = place
        (place / "patch.py").write_text(PATCH, encoding="utf-8")

    @property
    def each(self) -> str:
        """The words for `--each`."""
        return f"{sys.executable} {self.place / 'patch.py'} {{host}} {self.place}"

    @property
    def hosts(self) -> list[str]:
        """The hosts that it was called for, in that order."""
        file = self.place / "patched"
        return file.read_text(encoding="utf-8").split() if file.exists() else []


WATCHFUL = """
import json, pathlib, sys
sys.path.insert(0, {root!r})
from types import SimpleNamespace
from pyVim.task import WaitForTask
from pyVmomi import vim
from tests.observer import observing
name, place = sys.argv[1], pathlib.Path(sys.argv[2])
access = SimpleNamespace(**json.loads((place / "vcenter.json").read_text(encoding="utf-8")))
with observing(access) as observer:
    host = observer.read(vim.HostSystem, "runtime.inMaintenanceMode", "vm")[name]
    running = [vm.name for vm in host.get("vm", []) if vm.runtime.powerState == "poweredOn"]
    if running or not host["runtime.inMaintenanceMode"]:
        sys.exit(f"{{name}} is not ready to be patched: {{running}}")
    foreign = place / "foreign"
    if foreign.exists():
        vm, *hosts = json.loads(foreign.read_text(encoding="utf-8"))
        to = next(host for host in hosts if host != observer.hosts()[vm])
        WaitForTask(observer.vm(vm).MigrateVM_Task(host=observer.host(to), priority="defaultPriority"))
        (place / "put").write_text(to, encoding="utf-8")
with (place / "patched").open("a") as file:
    file.write(name + "\\n")
print("patched", name)
"""


class WatchfulPatching(Patching):
    """A program that patches a host only where its own session sees it in maintenance mode, and no VM runs there."""

    def __init__(self, place: Path, vcenter: SimulatedVCenter) -> None:
        self.place = place
        root = str(Path(__file__).resolve().parents[2])
        (place / "patch.py").write_text(WATCHFUL.format(root=root), encoding="utf-8")
        access = {
            "host": vcenter.host,
            "port": vcenter.port,
            "user": vcenter.user,
            "password": vcenter.password,
            "ca_file": str(vcenter.ca_file),
        }
        (place / "vcenter.json").write_text(json.dumps(access), encoding="utf-8")

    def move_meanwhile(self, vm: str, *hosts: str) -> None:
        """While a host is patched, the program moves a VM as somebody else would: to the first host where it is not."""
        (self.place / "foreign").write_text(json.dumps([vm, *hosts]), encoding="utf-8")

    @property
    def put_on(self) -> str:
        """The host to which it has moved that VM."""
        return (self.place / "put").read_text(encoding="utf-8")

    def patch(self, host: str) -> subprocess.CompletedProcess[str]:
        """Patch a host now."""
        words = [sys.executable, str(self.place / "patch.py"), host, str(self.place)]
        return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
