"""The first diagnosis of a failed move names the cause that was planted.

What counts as right is written down here by hand, fault by fault, from what each fault means, and not taken from the
table of causes nor from the simulator.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.sim.reading import session_with
from vsphere_motion.model.event import MoveEnded, MoveProgressed
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.request import MoveRequest
from vsphere_motion.motionlog.symptoms import diagnose_outcome
from vsphere_motion.run.journal import Journal
from vsphere_motion.service.check import check
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.migrate import run
from vsphere_motion.service.options import RunOptions
from vsphere_motion.service.surroundings import Places
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.relocate import VCenterRelocator

pytestmark = pytest.mark.vcsim

RIGHT_AT_LEAST = 0.95
LOST = {"network.connection-lost", "network.stream-starved"}
"""A stream that fell silent: both name a lost link."""


def code(number: str, *, phase: str = "precopy") -> dict[str, Any]:
    return {"when": {"phase": phase}, "fail": {"code": f"0xbad{number}"}}


def fault(kind: str, *, phase: str = "submit", **more: Any) -> dict[str, Any]:
    return {"when": {"phase": phase}, "fail": {"fault": kind, **more}}


PLANTED: dict[str, tuple[dict[str, Any], set[str]]] = {
    # the vMotion network
    "silence in the pre-copy": ({"when": {"percent": 40}, "network_loss": {"seconds": 30}}, LOST),
    "silence in the preparation": ({"when": {"phase": "submit"}, "network_loss": {"seconds": 30}}, LOST),
    "connection closed": (code("003f"), LOST),
    "connection reset": (code("004b"), LOST),
    "connection aborted": (code("004a"), LOST),
    "network reset": (code("0049"), LOST),
    "network down": (code("0047"), LOST),
    "no connection": (code("0040"), {"network.connect-failed"}),
    "connection refused": (code("004f"), {"network.connect-failed"}),
    "no route": (code("0051"), {"network.connect-failed"}),
    "network unreachable": (code("0048"), {"network.connect-failed"}),
    "hosts do not connect": (code("010b"), {"network.connect-failed"}),
    "timeout": (code("0021"), {"network.unreachable"}),
    "timed out, by class": (fault("Timedout", phase="precopy"), {"network.unreachable"}),
    # the destination
    "out of memory": (code("0014"), {"destination.out-of-memory"}),
    "CPU admission": (code("0076"), {"destination.admission"}),
    "memory admission": (code("0081"), {"destination.admission"}),
    "preempted": (code("00a4"), {"destination.admission"}),
    "no space": (code("00d7"), {"destination.no-space"}),
    "no swap file": (code("0082"), {"destination.no-space"}),
    "no disk space, by class": (fault("NoDiskSpace", phase="precopy"), {"destination.no-space"}),
    "resume failed": (fault("GenericVmConfigFault", phase="resume"), {"destination.failed-to-resume"}),
    # the guest and the switch-over
    "no progress": (code("0109"), {"precopy.no-progress"}),
    "switch-over hung": ({"when": {"phase": "switchover"}, "hang": {}}, {"switchover.too-long"}),
    "switch-over too long": (code("0107", phase="switchover"), {"switchover.too-long"}),
    "checkpoint too big": (code("0006", phase="switchover"), {"switchover.checkpoint-too-big"}),
    "the VM's process": (code("0092", phase="resume"), {"vmx.see-its-log", "destination.failed-to-resume"}),
    # refused by vCenter
    "no vMotion adapter": (fault("VMotionNotConfigured"), {"vmknic.missing"}),
    "network missing": (fault("CannotAccessNetwork"), {"network.exists"}),
    "intranet": (fault("VMOnVirtualIntranet"), {"network.uplink"}),
    "CPU": (fault("CpuIncompatible"), {"cpu.features"}),
    "affinity": (fault("AffinityConfigured"), {"cpu.affinity"}),
    "device": (fault("CannotAccessVmDevice"), {"devices.backing"}),
    "raw device": (fault("RDMPointsToInaccessibleDisk"), {"storage.rdm"}),
    "shared bus": (fault("SharedBusControllerNotSupported"), {"storage.shared-bus"}),
    "file": (fault("CannotAccessFile"), {"storage.reachable"}),
    "method disabled": (fault("MethodDisabled"), {"vm.busy"}),
    "tools installer": (fault("ToolsInstallationInProgress"), {"guest.tools-installer"}),
    "HA": (fault("InsufficientFailoverResourcesFault"), {"cluster.ha"}),
    "resources": (fault("InsufficientResourcesFault"), {"memory.reservation"}),
    "resources during the move": (fault("InsufficientMemoryResourcesFault", phase="precopy"), {"memory.reservation"}),
    "permission": (fault("NoPermission"), {"permissions.missing"}),
    "argument": (fault("InvalidArgument"), {"vm.stale-port"}),
    "in words alone": (
        fault("SystemError", phase="precopy", message="PBM error occurred during PreMigrateCheckCallback"),
        {"storage.policy-service"},
    ),
    # what others do
    "cancelled": ({"when": {"percent": 30}, "hang": {}}, {"vm.cancelled"}),
    "host gone": ({"when": {"percent": 30}, "host": {"state": "disconnected"}}, {"host.state"}),
    "host silent": ({"when": {"percent": 30}, "host": {"state": "notResponding"}}, {"host.state"}),
}
ALONE = {"host gone": "esx-3", "host silent": "esx-4"}
"""These take the host from all its moves, so each has one of its own."""


def write_site(directory: Path) -> Path:
    path = directory / "site.yaml"
    hosts = "".join(f"      - {{name: esx-{number}}}\n" for number in range(1, 5))
    vms = "".join(f"  - {{name: vm-{n:02}, host: esx-1, memory_gib: 2}}\n" for n in range(len(PLANTED)))
    path.write_text(
        f"version: 1\nclusters:\n  - name: c\n    hosts:\n{hosts}"
        f"datastores: [{{name: ds}}]\nnetworks: [{{name: net}}]\nvms:\n{vms}",
        encoding="utf-8",
    )
    return path


def test_the_first_diagnosis_names_the_planted_cause(vcenter_factory: VCenterFactory, tmp_path: Path) -> None:
    vcenter = vcenter_factory(scenario=write_site(tmp_path), speed=400.0)
    names = {f"vm-{number:02}": title for number, title in enumerate(PLANTED)}
    for name, title in names.items():
        vcenter.control.plant_faults({**PLANTED[title][0], "match": {"vm": name, "count": 1}})
    wrong = []
    for outcome in _move_all(vcenter, names, Journal(tmp_path / "journal.sqlite3")):
        title = names[outcome.move.vm.name]
        assert outcome.state in {OutcomeState.FAILED, OutcomeState.CANCELLED}, (title, outcome.state, outcome.note)
        found = [diagnosis.id for diagnosis in diagnose_outcome(outcome)]
        if not found or found[0] not in PLANTED[title][1]:
            wrong.append((title, found))
    right = len(PLANTED) - len(wrong)
    assert right >= RIGHT_AT_LEAST * len(PLANTED), "\n".join(map(str, wrong))


def _move_all(vcenter: SimulatedVCenter, names: dict[str, str], journal: Journal) -> list[Outcome]:
    targets: dict[str, list[str]] = {}
    for name, title in names.items():
        targets.setdefault(ALONE.get(title, "esx-2"), []).append(name)
    outcomes: list[Outcome] = []
    try:
        with session_with(vcenter) as session:
            for target, vms in sorted(targets.items()):
                outcomes += _move(VCenter(session), vms, target, names, journal)
    finally:
        journal.close()
    assert len(outcomes) == len(names)
    return outcomes


def _move(product: VCenter, vms: list[str], target: str, names: dict[str, str], journal: Journal) -> list[Outcome]:
    outcomes = []
    plan = check(product, MoveRequest(selectors=tuple(vms), to_host=target), Places())
    assert not plan.blocked()
    for event in run(product, plan, journal=journal, options=RunOptions(max_concurrent=8)):
        if isinstance(event, MoveEnded):
            outcomes.append(event.outcome)
        if not isinstance(event, MoveProgressed) or names[event.move.vm.name] != "cancelled":
            continue
        if event.progress_percent >= 25:
            VCenterRelocator(product.session).cancel_task(MoRef(kind="Task", moid=event.task))
    return outcomes
