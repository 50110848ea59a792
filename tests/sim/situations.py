"""Situations on one simulated site: each has a cluster, two hosts and a VM of its own, so that all are read at once.

In what a situation writes, `@` stands for its own prefix: `@-vm` is its VM, on the host `@-1`, to go to the host
`@-2`, in the cluster `@`. With `elsewhere` the host `@-2` is in a cluster `@-other`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.sim.reading import session_with
from vsphere_motion.model.finding import Finding
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.move import DiskFormat, Move
from vsphere_motion.model.request import MoveRequest, Opinions, Wishes
from vsphere_motion.model.task import TaskStatus
from vsphere_motion.planning.destinations import Destinations
from vsphere_motion.planning.wish_text import disk_wish, network_wish
from vsphere_motion.service.check import check_moves
from vsphere_motion.service.connection import VCenter
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.relocate import VCenterRelocator
from vsphere_motion.vcenter.tasks import VCenterTaskWatcher

VNIC = "config.virtualNicManagerInfo.netConfig[vmotion].candidateVnic[0].spec"
WAITS = 40
"""More waits than a refused relocation needs: a test ends even if a task does not."""

LISTS = ("datastores", "networks", "vms", "rules")
Keys = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What is wrong, as keys of the scenario and as patches of objects by name.

    Args:
        vm, here, there: keys of the VM, its host and the destination.
        cluster, other: keys of the VM's cluster and, with `elsewhere`, of the destination's.
        site: more of the scenario's lists: datastores, networks, vms, rules.
        plant: properties by the name of the object, set over the wire before anything is read.
        to_datastore: where the files go as well; they stay without one.
        form: the format that the disks are to have.
        disk: `N=DATASTORE`, where a single disk is to move.
        network: `OLD=NEW`, where an adapter is to change its network.
        stays: whether the VM stays on its host.
    """

    vm: Keys = field(default_factory=dict)
    here: Keys = field(default_factory=dict)
    there: Keys = field(default_factory=dict)
    cluster: Keys = field(default_factory=dict)
    other: Keys = field(default_factory=dict)
    elsewhere: bool = False
    site: Mapping[str, Sequence[Keys]] = field(default_factory=dict)
    plant: Mapping[str, Keys] = field(default_factory=dict)
    to_datastore: str | None = None
    form: DiskFormat | None = None
    disk: str | None = None
    network: str | None = None
    stays: bool = False

    def parts(self, prefix: str) -> dict[str, list[Any]]:
        """The lists of the scenario that belong to this situation."""
        hosts = [{"name": "@-1", **self.here}, {"name": "@-2", **self.there}]
        clusters = [{"name": "@", "hosts": hosts[:1] if self.elsewhere else hosts, **self.cluster}]
        if self.elsewhere:
            clusters.append({"name": "@-other", "hosts": hosts[1:], **self.other})
        more = {name: list(self.site.get(name, ())) for name in LISTS}
        more["vms"].insert(0, {"name": "@-vm", "host": "@-1", **self.vm})
        named: dict[str, list[Any]] = _named({"clusters": clusters, **more}, prefix)
        return named

    def patches(self, prefix: str) -> dict[str, Any]:
        """What is planted over the wire, by the name of the object."""
        named: dict[str, Any] = _named(self.plant, prefix)
        return named


def _named(value: Any, prefix: str) -> Any:
    return json.loads(json.dumps(value).replace("@", prefix))


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The whole site as it was read, and the move of each situation."""

    vcenter: VCenter
    inventory: Inventory
    moves: Mapping[str, Move]

    def findings(self, opinions: Opinions) -> dict[str, tuple[Finding, ...]]:
        """What the check says of each situation's move."""
        request = MoveRequest(selectors=("*",), to_host="*", opinions=opinions)
        plan = check_moves(self.vcenter, self.inventory, list(self.moves.values()), request)
        found = {planned.move.vm.ref: planned.findings for planned in plan.moves}
        return {name: found[move.vm.ref] for name, move in self.moves.items()}

    def relocate(self) -> dict[str, TaskStatus]:
        """Start all moves and wait for them: the end of each situation's task."""
        relocator, watcher = VCenterRelocator(self.vcenter.session), VCenterTaskWatcher(self.vcenter.session)
        tasks = {name: relocator.start_relocation(move, op_id=name) for name, move in self.moves.items()}
        watcher.watch(tasks.values())
        ended: dict[Any, TaskStatus] = {}
        for _ in range(WAITS):
            for status in watcher.wait_for_updates(timeout_s=2.0):
                if status.state is not None and status.state.is_final:
                    ended[status.task] = status
            if len(ended) == len(tasks):
                break
        watcher.close()
        late = [name for name, task in tasks.items() if task not in ended]
        assert not late, f"the relocations of these situations do not end: {late}"
        return {name: ended[task] for name, task in tasks.items()}


@contextmanager
def playing(factory: VCenterFactory, directory: Path, situations: Mapping[str, Situation]) -> Iterator[Scene]:
    """Start a simulator with all situations, plant the rest, and read it over the wire."""
    prefixes = {name: f"s{number:02d}" for number, name in enumerate(situations)}
    file = directory / "situations.yaml"
    file.write_text(json.dumps(_scenario(situations, prefixes)), encoding="utf-8")
    simulated = factory(scenario=file)
    _plant(simulated, situations, prefixes)
    with session_with(simulated) as session:
        vcenter = VCenter(session)
        inventory = vcenter.snapshot()
        moves = {name: _move(inventory, prefixes[name], one) for name, one in situations.items()}
        yield Scene(vcenter=vcenter, inventory=inventory, moves=moves)


def _scenario(situations: Mapping[str, Situation], prefixes: Mapping[str, str]) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "version": 1,
        "clusters": [],
        "datastores": [{"name": "shared"}],
        "networks": [{"name": "VM Network", "kind": "standard"}],
        "vms": [],
        "rules": [],
    }
    for name, situation in situations.items():
        for key, values in situation.parts(prefixes[name]).items():
            whole[key] += values
    return whole


def _plant(simulated: SimulatedVCenter, situations: Mapping[str, Situation], prefixes: Mapping[str, str]) -> None:
    moids = {entry["name"]: entry["moid"] for entry in simulated.control.site()}
    for name, situation in situations.items():
        for target, values in situation.patches(prefixes[name]).items():
            simulated.control.patch(moids[target], _with_moids(values, moids))


def _with_moids(value: Any, moids: Mapping[str, str]) -> Any:
    """References are planted by name: `{"type": ..., "value": NAME}`; `[NAME]` in a path is a moid as well."""
    if isinstance(value, dict):
        if set(value) == {"type", "value"}:
            return {"type": value["type"], "value": moids[value["value"]]}
        return {_path(key, moids): _with_moids(each, moids) for key, each in value.items()}
    return [_with_moids(each, moids) for each in value] if isinstance(value, list) else value


def _path(path: str, moids: Mapping[str, str]) -> str:
    head, bracket, rest = path.partition("[")
    key, end, tail = rest.partition("]")
    return f"{head}[{moids[key]}]{tail}" if bracket and end and key in moids else path


def _move(inventory: Inventory, prefix: str, situation: Situation) -> Move:
    vm = next(one for one in inventory.vms if one.name == f"{prefix}-vm")
    host = next(one for one in inventory.hosts if one.name == f"{prefix}-2")
    networks = () if situation.network is None else (network_wish(situation.network.replace("@", prefix)),)
    store = situation.to_datastore.replace("@", prefix) if situation.to_datastore else None
    disks = () if situation.disk is None else (disk_wish(situation.disk.replace("@", prefix)),)
    wishes = Wishes(to_datastore=store, disks=disks, format=situation.form, networks=networks)
    destinations = Destinations(inventory, "" if situation.stays else f"moid:{host.ref.moid}", wishes)
    moves = destinations.moves((vm,))
    assert destinations.problems == ()
    return moves[0]


def ids(findings: Iterable[Finding]) -> set[str]:
    """The ids of what blocks."""
    return {finding.id for finding in findings if finding.severity.value == "blocker"}
