"""What the trials of the crash rig move: virtual machines between hosts, or their files, both, and templates.

The place of a VM is everything about it that a move may change, in one word: the judge compares words.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pyVmomi import vim

from tests.observer import Observer
from vsphere_motion.run.failpoints import OF_A_MOVE, OF_A_TEMPLATE
from vsphere_motion.sim.options import SimOptions

TARGET = "esx-002"


class World(Protocol):
    """A site, and what is asked for on it."""

    @property
    def failpoints(self) -> tuple[str, ...]:
        """Where its runs can be killed."""
        ...

    def options(self, directory: Path, seed: int) -> SimOptions:
        """The simulator to start; files go to the directory."""
        ...

    def words(self, directory: Path) -> tuple[str, ...]:
        """The call that asks for all its moves."""
        ...

    def places(self, observer: Observer) -> dict[str, str]:
        """Each VM's place now, by moid."""
        ...

    def targets(self, observer: Observer, before: Mapping[str, str]) -> dict[str, str]:
        """The place that each VM is to have."""
        ...

    def passages(self, kill: str, open_moves: int) -> int:
        """How often a run with so many open moves passes a failpoint for sure."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """VMs of four hosts that all go to one of them."""

    vms: int
    speed: float = 50.0

    failpoints = OF_A_MOVE

    def options(self, directory: Path, seed: int) -> SimOptions:
        """See `World`."""
        return SimOptions(hosts=4, vms=self.vms, speed=self.speed, seed=seed)

    def words(self, directory: Path) -> tuple[str, ...]:
        """See `World`."""
        return ("migrate", "vm-*", "--to-host", TARGET, "--yes", "--partial")

    def places(self, observer: Observer) -> dict[str, str]:
        """The moid of each VM's host."""
        vms = observer.read(vim.VirtualMachine, "runtime.host").values()
        return {vm["ref"]._moId: vm["runtime.host"]._moId for vm in vms}

    def targets(self, observer: Observer, before: Mapping[str, str]) -> dict[str, str]:
        """See `World`."""
        return dict.fromkeys(before, observer.host(TARGET)._moId)

    def passages(self, kill: str, open_moves: int) -> int:
        """Of three moves two are sure."""
        return max(1, open_moves * 2 // 3)


SITE = """
version: 1
clusters:
  - {{name: prod, hosts: [{{repeat: 4, name: "esx-00#", memory_gib: 512, vmotion: {{address: "10.9.0.1#/24"}}}}]}}
datastores: [{{name: slow}}, {{name: fast}}, {{name: pod}}]
networks: [{{name: lan}}]
vms:
{vms}
"""
ON = '  - {{repeat: {count}, name: "{kind}-###", memory_gib: 0.5, datastore: slow, networks: [lan], disks: {disks}}}'
DISKS = "[{gib: 4}, {gib: 2, format: thick}]"
KINDS = {"file": ";fast", "both": f"{TARGET};pod", "cold": f"{TARGET};fast", "gold": f"{TARGET};fast"}
"""What each kind of VM is asked for, as `host;datastore` of a list: a storage vMotion, host and storage together, a
move of one that is off, a template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """VMs of four hosts of which some change their files, some their host as well, some are off and some templates."""

    vms: int
    speed: float = 20.0

    failpoints = (*OF_A_MOVE, *OF_A_TEMPLATE)

    def options(self, directory: Path, seed: int) -> SimOptions:
        """See `World`."""
        made = [
            ON.format(count=count, kind=kind, disks=DISKS)[:-1] + self._power(kind) + "}"
            for kind, count in self.counts.items()
        ]
        (directory / "site.yaml").write_text(SITE.format(vms="\n".join(made)), encoding="utf-8")
        return SimOptions(scenario=str(directory / "site.yaml"), speed=self.speed, seed=seed)

    @property
    def counts(self) -> dict[str, int]:
        """How many VMs there are of each kind: templates are few, as everywhere."""
        gold, cold = max(2, self.vms // 8), max(1, self.vms // 8)
        file = (self.vms - gold - cold) // 2
        return {"file": file, "both": self.vms - gold - cold - file, "cold": cold, "gold": gold}

    @staticmethod
    def _power(kind: str) -> str:
        return {"cold": ', power: "off"', "gold": ', power: "off", template: true'}.get(kind, "")

    def words(self, directory: Path) -> tuple[str, ...]:
        """One list of all, the kinds mixed."""
        names = [(kind, f"{kind}-{n:03}") for kind, count in self.counts.items() for n in range(1, count + 1)]
        random.Random(self.vms).shuffle(names)
        lines = [f"{name};{KINDS[kind]}" for kind, name in names]
        (directory / "moves.csv").write_text("\n".join(["vm;host;datastore", *lines, ""]), encoding="utf-8")
        return ("migrate", "-f", "moves.csv", "--yes", "--partial")

    def places(self, observer: Observer) -> dict[str, str]:
        """Host, datastores of the configuration and of each disk, and what the VM is."""
        paths = ("runtime.host", "config.files.vmPathName", "config.hardware.device", "config.template")
        hosts = {host["ref"]: name for name, host in observer.read(vim.HostSystem).items()}
        return {
            vm["ref"]._moId: _place(hosts[vm["runtime.host"]], vm)
            for vm in observer.read(vim.VirtualMachine, *paths).values()
        }

    def targets(self, observer: Observer, before: Mapping[str, str]) -> dict[str, str]:
        """See `World`."""
        names = {vm["ref"]._moId: name for name, vm in observer.read(vim.VirtualMachine).items()}
        found = {}
        for vm, place in before.items():
            host, store = KINDS[names[vm].partition("-")[0]].split(";")
            now, _, stores, what = place.split(" ", 3)
            found[vm] = f"{host or now} {store} {','.join([store] * len(stores.split(',')))} {what}"
        return found

    def passages(self, kill: str, open_moves: int) -> int:
        """A template passes what is of a template alone; the first of them is sure."""
        return 1 if kill in OF_A_TEMPLATE else max(1, open_moves * 2 // 3)


def _place(host: str, vm: Mapping[str, Any]) -> str:
    disks = [one for one in vm["config.hardware.device"] if isinstance(one, vim.vm.device.VirtualDisk)]
    config = vm["config.files.vmPathName"].partition("]")[0].removeprefix("[")
    stores = ",".join(disk.backing.datastore.name for disk in disks)
    forms = ",".join("thin" if disk.backing.thinProvisioned else "thick" for disk in disks)
    return f"{host} {config} {stores} {forms} {'template' if vm['config.template'] else 'machine'}"
