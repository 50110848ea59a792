"""Two simulated vCenters, the command line between them, and an independent look at both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pyVmomi import vim

from tests.observer import Observer, observing
from tests.program import READS, Program
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

SHAPE = """
version: 1
clusters:
  - name: Compute
    hosts: [{{repeat: {hosts}, name: "{side}-esx#", memory_gib: 2048, vmotion: {{address: "10.{net}.0.1#/16"}}}}]
datastores: [{{name: {side}-store}}, {{name: {side}-more}}]
networks: [{{name: lan}}, {{name: "{side}-dmz", kind: standard}}]
tags:
  categories: [{{name: env, cardinality: single}}, {{name: owner}}]
  tags: [{{name: prod, category: env}}, {{name: web team, category: owner}}]
attributes: [{{name: contact}}, {{name: cost centre, kind: vm}}]
{rest}
"""
LABELLED = "tags: [env/prod, web team], attributes: {contact: web@example.com, cost centre: '4711'}"


def many(side: str, *, hosts: int, net: int, vms: int = 0) -> str:
    """A site of one side, with so many small machines that all have the same tags and custom attributes."""
    shape = f"folder: Web, memory_gib: 0.25, networks: [{side}-dmz], disks: [{{gib: 1}}], {LABELLED}"
    rest = f'vms: [{{repeat: {vms}, name: "vm-###", {shape}}}]' if vms else "vms: [{name: resident, folder: Web}]"
    return SHAPE.format(side=side, hosts=hosts, net=net, rest=rest)


@dataclass(frozen=True)
class Pair:
    """Both vCenters, and the program led to the first."""

    source: SimulatedVCenter
    destination: SimulatedVCenter
    run: Program

    @property
    def there(self) -> tuple[str, ...]:
        """The options that name the second."""
        return ("--to-vcenter", f"{self.destination.host}:{self.destination.port}")

    @contextmanager
    def observing(self) -> Iterator[tuple[Observer, Observer]]:
        """A session of plain pyVmomi with each."""
        with ExitStack() as stack:
            yield stack.enter_context(observing(self.source)), stack.enter_context(observing(self.destination))


def credentials(vcenter: SimulatedVCenter) -> dict[str, str]:
    """The variables for the second vCenter."""
    return {
        "VSPHERE_MOTION_TO_USER": vcenter.user,
        "VSPHERE_MOTION_TO_PASSWORD": vcenter.password,
        "VSPHERE_MOTION_TO_CA_FILE": str(vcenter.ca_file),
    }


def make_pair(
    factory: VCenterFactory, home: Path, sites: tuple[str, str] | None = None, *, speed: float = 200.0
) -> Pair:
    """Two vCenters of these sites, else the shipped ones."""
    home.mkdir(exist_ok=True)
    names: tuple[str | Path, str | Path] = ("two-vcenters-a", "two-vcenters-b")
    if sites is not None:
        names = (home / "a.yaml", home / "b.yaml")
        for name, text in zip(names, sites, strict=True):
            Path(name).write_text(text, encoding="utf-8")
    source, destination = (factory(scenario=name, speed=speed) for name in names)
    environment: Mapping[str, str] = {**source.environment(), **credentials(destination)}
    return Pair(source, destination, Program(home=home, environment=environment))


def uuids(observer: Observer) -> Counter[str]:
    """How often each instance UUID is there."""
    found = observer.read(vim.VirtualMachine, "config.instanceUuid")
    return Counter(vm["config.instanceUuid"] for vm in found.values())


def writes_on(pair: Pair) -> set[str]:
    """What was changed on either side; the source's own login at the destination is none."""
    sides = (pair.source.control, pair.destination.control)
    return {call["method"] for side in sides for call in side.trace()} - READS - {"FindByUuid"}
