"""What RelocateVM_Task refuses, our own checks and vCenter's had found, under the same id or as the reference says.

`docs/reference/one-sided-checks.md` lists the situations that only one side can see, or that each side files under an
id of its own; each of its rows is held against what both say here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import REAL_ENVIRONMENT
from tests.sim.refusals import POWER_OFF, SITUATIONS
from tests.sim.situations import Situation, ids, playing
from vsphere_motion.model.finding import Finding, Origin, Severity
from vsphere_motion.model.request import Opinions
from vsphere_motion.model.task import TaskState, TaskStatus
from vsphere_motion.testing.plugin import make_factory

pytestmark = pytest.mark.vcsim

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "one-sided-checks.md"
RULES = Path(__file__).resolve().parents[2] / "vcsim" / "rules.go"

AGREED: dict[str, tuple[str, ...]] = {
    "vm.connection": ("VM not connected",),
    "vm.disabled-method": ("method disabled", "migration disabled"),
    "vm.question": ("question pending",),
    "guest.tools-installer": ("tools installer",),
    "cpu.affinity": ("CPU affinity", "memory affinity"),
    "encryption.keys": ("encrypted",),
    "encryption.vtpm": ("virtual TPM",),
    "encryption.vmotion": ("encrypted vMotion required",),
    "hardware.version": ("hardware version",),
    "host.connection": ("source disconnected", "destination disconnected", "destination not responding"),
    "host.maintenance": ("maintenance mode",),
    "host.power": ("standby",),
    "host.suspended-relocate": ("suspended",),
    "host.failover": ("failover host",),
    "host.feature": ("no vMotion", "no vMotion at the source"),
    "vmknic.missing": ("no vmknic", "no vmknic at the source"),
    "vmknic.stack": ("TCP/IP stacks",),
    "vmknic.link": ("link down",),
    "cpu.threads": ("too few threads",),
    "hardware.vcpus": ("too many vCPUs",),
    "hardware.host-vcpus": ("vCPUs of the host",),
    "hardware.memory": ("memory size",),
    "limits.video-memory": ("video memory",),
    "limits.cores-per-socket": ("cores a socket",),
    "cpu.features": ("CPU features", "EVC mode", "CPU vendor"),
    "memory.reservation": ("memory reservation",),
    "cpu.reservation": ("CPU reservation",),
    "cpu.vcpu-reservation": ("CPU reservation a vCPU",),
    "pool.memory": ("memory of the pool",),
    "pool.cpu": ("CPU of the pool",),
    "cluster.ha": ("HA reserve",),
    "cluster.must-rule": ("must rule",),
    "cluster.affinity": ("mandatory affinity",),
    "cluster.anti-affinity": ("mandatory anti-affinity",),
    "ft.partner": ("fault tolerance partner",),
    "ft.build": ("fault tolerance build",),
    "ft.disk": ("fault tolerance independent disk",),
    "ft.limit": ("fault tolerant VMs on the host", "fault tolerant vCPUs on the host"),
    "devices.cdrom": ("host CD-ROM", "client CD-ROM", "CD-ROM image"),
    "devices.floppy": ("host floppy", "client floppy", "floppy image"),
    "devices.port": ("serial-file", "serial-host", "parallel-host"),
    "devices.usb": ("usb",),
    "devices.passthrough": ("passthrough",),
    "devices.sriov": ("sriov",),
    "devices.shared-bus": ("shared-bus",),
    "devices.vgpu": ("vGPU that cannot migrate", "vGPU that does not say"),
    "devices.vgpu-profile": ("vGPU of another profile",),
    "storage.rdm": ("rdm-invisible",),
    "storage.multi-writer": ("fault tolerance multi-writer", "files and a multi-writer disk"),
    "storage.independent": ("undoable", "files and a nonpersistent disk", "nonpersistent disk, on its host"),
    "storage.disk": ("raw-disk",),
    "storage.reachable": (
        "datastore not mounted",
        "datastore not accessible",
        "datastore read-only",
        "files to a datastore not mounted",
        "files to a read-only datastore",
        "datastore of another host",
        "configuration not mounted",
    ),
    "storage.maintenance": ("datastore in maintenance", "files to a datastore in maintenance"),
    "storage.space": ("no space for files", "no space, on its host", "no space for a thick disk"),
    "files.vmotion": (
        "files and no Storage vMotion",
        "files and no full Storage vMotion",
        "no Storage vMotion, on its host",
    ),
    "files.source": ("files and a source in maintenance", "host in maintenance, on its host"),
    "files.snapshots": (
        "files with snapshots",
        "files with snapshots to lay out",
        "files with snapshots to lay out, off",
        "files with native snapshots",
        "snapshots, on its host",
        "snapshots of a disk outside of the home",
        "snapshots of a disk that leaves the home",
    ),
    "files.rdm": ("files and a raw device to NFS",),
    "files.size": ("file too large", "file too large, on its host"),
    "files.swap": ("swap file too large",),
    "swap.support": ("unshared swap", "swap placement"),
    "network.present": (
        "distributed network missing",
        "standard network missing",
        "other network missing",
        "other network missing, on its host",
    ),
    "network.change": ("other network and no change of networks",),
    "network.uplink": ("virtual intranet",),
    "network.usable": (
        "legacy network",
        "temporary port",
        "port group policy",
        "switch full",
        "distributed switch full",
        "no reservation on the switch",
        "data path mode of the switch",
    ),
}
"""The situations that both sides file under one id."""

WARNED: dict[str, tuple[str, Situation]] = {
    "guest.heartbeat": ("NoGuestHeartbeat", Situation(plant={"@-vm": {"guestHeartbeatStatus": "red"}})),
    "vm.snapshots": ("SnapshotRevertIssue", Situation(vm={"snapshots": 1})),
    "host.quarantine": ("QuarantineModeFault", Situation(there={"quarantine": True})),
    "vmknic.link": ("VMotionLinkCapacityLow", Situation(there={"vmotion": {"link_gbps": 0.5}})),
    "network.present": (
        "CannotAccessNetwork",
        Situation(
            vm={"networks": ["@-net"]},
            site={"networks": [{"name": "@-net", "kind": "standard", "hosts": ["@-1"]}]},
            plant={"@-vm": {"config.hardware.device[4000].connectable.connected": False}},
        ),
    ),
    "devices.cdrom": (
        "CannotAccessVmDevice",
        Situation(vm={"cdrom": {"kind": "host", "connected": True}, **POWER_OFF}),
    ),
    "devices.passthrough": (
        "DisallowedMigrationDeviceAttached",
        Situation(vm={"devices": ["passthrough"], **POWER_OFF}),
    ),
    "devices.shared-bus": ("DisallowedMigrationDeviceAttached", Situation(vm={"devices": ["shared-bus"], **POWER_OFF})),
}
"""By id what both sides warn of, vCenter with this fault, and vCenter does all the same."""

VCENTER_ALONE = {
    "vm.ready": "not ready",
    "host.license": "no licence",
}
"""By id of the checks that only vCenter makes, a situation that they refuse."""

NEVER_ASKED = {"LargeRDMConversionNotSupported", "NotSupported", "RDMConversionNotSupported"}
"""Refusals of conversions of raw devices, and of templates: this program never asks for one of them."""

ONE_ID = [(name, check_id) for check_id, names in AGREED.items() for name in names]
ONE_SIDED = [name for name in SITUATIONS if name not in dict(ONE_ID)]


@dataclass(frozen=True, kw_only=True)
class Verdicts:
    """What both sides say of each situation, and how its relocation ends."""

    ours: Mapping[str, tuple[Finding, ...]]
    theirs: Mapping[str, tuple[Finding, ...]]
    together: Mapping[str, tuple[Finding, ...]]
    ended: Mapping[str, TaskStatus]

    def row(self, name: str) -> tuple[str, str, str, str]:
        """A row of the reference: the situation, what the move is refused with, our ids and vCenter's."""
        fault = self.ended[name].fault
        return name, fault.kind if fault else "-", _words(self.ours[name]), _words(self.theirs[name])


def _words(findings: tuple[Finding, ...]) -> str:
    return ", ".join(sorted(ids(findings))) or "-"


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Verdicts]:
    """Everything on one site: checked by each side alone and by both, and only then moved."""
    environment = {**REAL_ENVIRONMENT, "VSPHERE_MOTION_STATE_DIR": str(tmp_path_factory.mktemp("simulators"))}
    warned = {f"warned {check_id}": situation for check_id, (_, situation) in WARNED.items()}
    situations = {"nothing": Situation(), **SITUATIONS, **warned}
    with ExitStack() as stack:
        factory = make_factory(stack, environment)
        scene = stack.enter_context(playing(factory, tmp_path_factory.mktemp("scenario"), situations))
        ours, theirs, together = map(scene.findings, (Opinions.CLIENT, Opinions.VCENTER, Opinions.BOTH))
        yield Verdicts(ours=ours, theirs=theirs, together=together, ended=scene.relocate())


def rows_of_the_page() -> dict[str, tuple[str, ...]]:
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if "|" in line]
    return {row[0]: tuple(cell.replace("`", "") for cell in row[:4]) for row in rows if len(row) == 5}


def test_where_nothing_is_wrong_nothing_is_said_and_the_move_is_made(verdicts: Verdicts) -> None:
    assert verdicts.together["nothing"] == ()
    assert verdicts.ended["nothing"].state is TaskState.SUCCESS


@pytest.mark.parametrize(("name", "check_id"), ONE_ID)
def test_both_sides_have_found_what_is_refused(verdicts: Verdicts, name: str, check_id: str) -> None:
    assert verdicts.ended[name].state is TaskState.ERROR
    assert check_id in ids(verdicts.ours[name])
    assert check_id in ids(verdicts.theirs[name])


@pytest.mark.parametrize("name", ONE_SIDED)
def test_what_both_sides_do_not_file_under_one_id_is_in_the_reference(verdicts: Verdicts, name: str) -> None:
    listed, seen = rows_of_the_page().get(name), verdicts.row(name)
    assert listed == seen
    assert not ids(verdicts.ours[name]) & ids(verdicts.theirs[name])


@pytest.mark.parametrize("check_id", VCENTER_ALONE)
def test_what_vcenter_alone_finds_blocks_the_move(verdicts: Verdicts, check_id: str) -> None:
    name = VCENTER_ALONE[check_id]
    (finding,) = [one for one in verdicts.together[name] if one.id == check_id]
    assert (finding.severity, finding.origin) == (Severity.BLOCKER, Origin.VCENTER)
    assert check_id not in {one.id for one in verdicts.ours[name]}


def test_every_refusal_of_the_simulator_has_a_situation(verdicts: Verdicts) -> None:
    told = RULES.read_text(encoding="utf-8").partition("// refusals are")[0]
    refusals = set(re.findall(r'"([A-Za-z]+)(?:/[A-Za-z]+)? error"', told))
    made = {fault.kind for name in SITUATIONS if (fault := verdicts.ended[name].fault)}
    assert len(refusals) > 60
    assert refusals - made == NEVER_ASKED


def test_the_reference_lists_no_other_situations() -> None:
    assert set(rows_of_the_page()) - {"situation", "---"} == set(ONE_SIDED)


@pytest.mark.parametrize("name", SITUATIONS)
def test_no_move_is_refused_that_the_check_calls_good(verdicts: Verdicts, name: str) -> None:
    assert ids(verdicts.together[name]) >= ids(verdicts.ours[name]) | ids(verdicts.theirs[name])
    assert ids(verdicts.together[name])


@pytest.mark.parametrize("check_id", WARNED)
def test_what_both_sides_warn_of_is_done_all_the_same(verdicts: Verdicts, check_id: str) -> None:
    name = f"warned {check_id}"
    warnings = [one for one in verdicts.theirs[name] if one.id == check_id and one.severity.value == "warning"]
    assert WARNED[check_id][0] in {dict(one.evidence)["fault"] for one in warnings}
    assert "warning" in {one.severity.value for one in verdicts.ours[name] if one.id == check_id}
    assert verdicts.ended[name].state is TaskState.SUCCESS
