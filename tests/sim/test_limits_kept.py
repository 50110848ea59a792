"""Runs of every kind of move ask for no more than vCenter lets run, judged by hand from the simulator's own record."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pyVmomi import vim

from tests.observer import observing
from tests.program import Program
from tests.properties.limits_by_hand import Motion, over
from tests.two_vcenters import make_pair, many
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = [pytest.mark.vcsim, pytest.mark.timeout(300)]

ProgramFor = Callable[[SimulatedVCenter], Program]
LOOK_S, LOOKS = 0.1, 900

SITE = """
version: 1
clusters:
  - name: prod
    hosts:
      - {repeat: 2, name: "esx-#", memory_gib: 512, vmotion: {address: "10.9.0.1#/24"}}
      - {name: slow-1, memory_gib: 512, vmotion: {address: 10.9.0.21/24, link_gbps: 1}}
      - {repeat: 4, name: "far-#", memory_gib: 512, vmotion: {address: "10.9.0.3#/24"}}
datastores: [{name: old}, {name: fast}, {name: pod}]
networks: [{name: lan}]
vms:
  - {repeat: 9, name: "host-#", host: esx-1, datastore: old, memory_gib: 0.25, networks: [lan]}
  - {repeat: 5, name: "file-#", host: esx-2, datastore: old, memory_gib: 0.25, networks: [lan]}
  - {repeat: 5, name: "both-#", host: far-1, datastore: old, memory_gib: 0.25, networks: [lan]}
  - {repeat: 5, name: "cold-#", host: far-3, datastore: old, memory_gib: 0.25, networks: [lan], power: "off"}
"""
ASKED = {"host": ("slow-1", ""), "file": ("", "fast"), "both": ("far-2", "pod"), "cold": ("far-4", "fast")}


def held_until(vcenter: SimulatedVCenter, count: int, process: subprocess.Popen[str]) -> None:
    """Let no motion get on until so many were asked for; then all of them go on."""
    pause = threading.Event()
    for _ in range(LOOKS):
        if len(vcenter.control.motions()) >= count or process.poll() is not None:
            break
        pause.wait(LOOK_S)
    vcenter.control.remove_faults()


def hold(vcenter: SimulatedVCenter, names: Iterable[str]) -> None:
    vcenter.control.plant_faults(*({"match": {"vm": name}, "hang": {}} for name in names))


def exceeded(
    motions: list[dict[str, Any]], truth: Callable[[Mapping[str, Any]], Motion], slow: frozenset[str]
) -> tuple[list[str], int]:
    """What was exceeded when any motion was asked for, and how many there were then at most."""
    found, most = [], 0
    for one in motions:
        at = moment(one["queued_at"])
        then = [other for other in motions if moment(other["queued_at"]) <= at < moment(other["completed_at"])]
        found += over(map(truth, then), slow)
        most = max(most, len(then))
    return found, most


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_mixed_run_keeps_to_hosts_datastores_and_slow_links(
    vcenter_factory: VCenterFactory, program: ProgramFor, tmp_path: Path
) -> None:
    """4 vMotions fill the link of 1 Gbit/s, 2 moves of files their hosts, with or without another host; 5 are cold."""
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    vcenter = vcenter_factory(scenario=tmp_path / "site.yaml", speed=50)
    run, counts = program(vcenter), {"host": 9, "file": 5, "both": 5, "cold": 5}
    names = [f"{kind}-{number}" for kind, count in counts.items() for number in range(1, count + 1)]
    lines = [";".join((name, *ASKED[name.partition("-")[0]])) for name in names]
    (run.home / "moves.csv").write_text("\n".join(["vm;host;datastore", *lines, ""]), encoding="utf-8")
    hold(vcenter, names)

    process = run.start("migrate", "-f", "moves.csv", "--yes", "--max-concurrent", "64")
    held_until(vcenter, 4 + 2 + 2 + 5, process)
    told, complained = process.communicate(timeout=200)

    assert process.returncode == 0, told + complained
    with observing(vcenter) as observer:
        hosts = {host["ref"]._moId: name for name, host in observer.read(vim.HostSystem).items()}
    stores = {"file": {"old", "fast"}, "both": {"old", "pod"}, "cold": {"old", "fast"}}

    def truth(one: Mapping[str, Any]) -> Motion:
        kind = one["vm_name"].partition("-")[0]
        return Motion(
            hosts=(hosts[one["source"]], hosts[one["destination"]]),
            files=frozenset(stores.get(kind, ())),
            stores=frozenset({"old"}),
            is_on=kind != "cold",
        )

    motions = vcenter.control.motions()
    found, most = exceeded(motions, truth, frozenset({"slow-1"}))
    assert len(motions) == len(names)
    assert found == []
    assert most >= 13


def test_a_run_to_another_vcenter_keeps_to_the_hosts_and_datastores_of_both(
    vcenter_factory: VCenterFactory, tmp_path: Path
) -> None:
    """8 would go from the four hosts of the source; the two hosts of the destination take 4."""
    sites = (many("a", hosts=4, net=31, vms=12), many("b", hosts=2, net=32))
    pair = make_pair(vcenter_factory, tmp_path / "home", sites, speed=50)
    names = [f"vm-{number:03}" for number in range(1, 13)]
    hold(pair.source, names)
    (pair.run.home / "list.csv").write_text("\n".join(["vm", *names, ""]), encoding="utf-8")
    words = ("--to-cluster", "Compute", "--to-datastore", "b-store", "--network", "a-dmz=b-dmz", "--yes")

    process = pair.run.start("migrate", "-f", "list.csv", *pair.there, *words, "--max-concurrent", "64")
    held_until(pair.source, 4, process)
    told, complained = process.communicate(timeout=200)

    assert process.returncode == 0, told + complained

    def truth(one: Mapping[str, Any]) -> Motion:
        assert one["destination_vcenter"]
        ends = (f"a {one['source']}", f"b {one['destination']}")
        return Motion(hosts=ends, files=frozenset({"a-store", "b-store"}))

    motions = pair.source.control.motions()
    found, most = exceeded(motions, truth, frozenset())
    assert len(motions) == len(names)
    assert found == []
    assert most == 4


def test_what_others_move_at_the_destination_is_waited_for(vcenter_factory: VCenterFactory, tmp_path: Path) -> None:
    """Six of others between the only two hosts there leave 2 of 8 units each, and a move with its files takes more."""
    resident, theirs = "vms: [{name: resident, folder: Web}]", [f"theirs-{number}" for number in range(1, 7)]
    there = many("b", hosts=2, net=32)
    assert resident in there
    busy = 'vms: [{repeat: 6, name: "theirs-#", host: b-esx1, memory_gib: 0.25, networks: [lan]}]'
    pair = make_pair(
        vcenter_factory, tmp_path / "home", (many("a", hosts=2, net=31, vms=1), there.replace(resident, busy)), speed=50
    )
    hold(pair.destination, theirs)
    with observing(pair.destination) as other:
        for name in theirs:
            other.vm(name).RelocateVM_Task(vim.vm.RelocateSpec(host=other.host("b-esx2")))
    words = ("--to-host", "b-esx2", "--to-datastore", "b-store", "--network", "a-dmz=b-dmz", "--yes")

    process = pair.run.start("migrate", "vm-001", *pair.there, *words)
    assert process.stderr is not None
    waited = any("of others" in line for line in process.stderr)  # ends with the process at the latest
    begun = pair.source.control.motions()
    pair.destination.control.remove_faults()
    told, complained = process.communicate(timeout=200)

    assert waited, told
    assert begun == []
    assert process.returncode == 0, told + complained
    assert [one["vm_name"] for one in pair.source.control.motions()] == ["vm-001"]
