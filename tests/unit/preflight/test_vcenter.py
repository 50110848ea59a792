"""vCenter's own opinion, and how it joins ours."""

from __future__ import annotations

from typing import Any

import pytest

from tests import build
from vsphere_motion.model.compat import CompatVerdict
from vsphere_motion.model.finding import Finding, Origin, Severity
from vsphere_motion.model.inventory import ConnectionState, DeviceKind, Inventory
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.model.task import Fault
from vsphere_motion.preflight.faults import FAULTS
from vsphere_motion.preflight.registry import CHECKS, known_ids, run_checks
from vsphere_motion.preflight.vcenter import findings_from_verdict, merge


def _findings(*errors: Fault, warnings: tuple[Fault, ...] = (), site: Inventory | None = None) -> tuple[Finding, ...]:
    seen = site or build.inventory()
    verdict = CompatVerdict(vm=build.vm_ref(1), errors=errors, warnings=warnings)
    return findings_from_verdict(seen, build.move(seen), verdict)


def _one(kind: str, *details: str, site: Inventory | None = None) -> Finding:
    (finding,) = _findings(Fault(kind=kind, message="vCenter's words", details=details), site=site)
    return finding


def test_an_error_blocks_and_keeps_its_words() -> None:
    fault = Fault(kind="AffinityConfigured", message="CPU affinity is set.", details=("configuredAffinity: cpu",))
    assert _findings(fault) == (
        Finding(
            id="cpu.affinity",
            severity=Severity.BLOCKER,
            subject=NamedRef(ref=build.vm_ref(1), name="vm1"),
            message="vCenter says of vm1 on host2: CPU affinity is set.",
            remedy="remove the VM's CPU or memory affinity, or power it off",
            evidence=(
                ("fault", "AffinityConfigured"),
                ("vcenter", ("CPU affinity is set.",)),
                ("details", ("configuredAffinity: cpu",)),
            ),
            origin=Origin.VCENTER,
        ),
    )


def test_errors_block_and_warnings_warn() -> None:
    found = _findings(
        Fault(kind="QuestionPending", message="?"), warnings=(Fault(kind="NoGuestHeartbeat", message=""),)
    )
    assert [(f.id, f.severity.value, f.message) for f in found] == [
        ("vm.question", "blocker", "vCenter says of vm1 on host2: ?"),
        ("guest.heartbeat", "warning", "vCenter says of vm1 on host2: NoGuestHeartbeat"),
    ]


def test_no_answer_is_unknown() -> None:
    verdict = CompatVerdict(vm=build.vm_ref(1), unknown_reason="the check did not end in time")
    (finding,) = findings_from_verdict(build.inventory(), build.move(), verdict)
    assert (finding.id, finding.severity, finding.origin) == ("vcenter.unanswered", Severity.UNKNOWN, Origin.VCENTER)
    assert finding.message.endswith("the check did not end in time")


def test_an_empty_verdict_says_nothing() -> None:
    assert _findings() == ()


def test_a_fault_that_nobody_knows_keeps_its_class_and_words() -> None:
    finding = _one("SomethingNew", "reason: x")
    assert finding.id == "vcenter.fault"
    assert finding.evidence == (
        ("fault", "SomethingNew"),
        ("vcenter", ("vCenter's words",)),
        ("details", ("reason: x",)),
    )


@pytest.mark.parametrize("kind", sorted(FAULTS))
def test_every_mapped_fault_has_a_check_and_a_remedy(kind: str) -> None:
    assert FAULTS[kind].id in known_ids()
    assert FAULTS[kind].remedy


def test_every_check_that_only_vcenter_makes_has_a_fault() -> None:
    only = {check.id for check in CHECKS if check.function is None}
    assert only - {row.id for row in FAULTS.values()} == {"vcenter.unanswered", "vcenter.fault"}


@pytest.mark.parametrize(
    ("kind", "details", "check_id", "subject"),
    [
        pytest.param("VMotionNotConfigured", (), "vmknic.missing", "vm1", id="some host"),
        pytest.param("VMotionNotConfigured", ("atSourceHost: True",), "vmknic.missing", "host1", id="the source"),
        pytest.param("VMotionNotConfigured", ("atSourceHost: False",), "vmknic.missing", "host2", id="not the source"),
        pytest.param("MaintenanceModeFileMove", ("host: host-1",), "files.source", "host1", id="a host, of files"),
        pytest.param("HostNotConnected", ("host: host-1",), "host.connection", "host1", id="a host by moid"),
        pytest.param("VMotionLinkDown", ("failedHost: host1",), "vmknic.link", "host1", id="a host by name"),
        pytest.param("InvalidHostState", ("host: host-9",), "host.maintenance", "vm1", id="a host of neither end"),
        pytest.param("CannotAccessNetwork", ("network: network-1",), "network.present", "network1", id="a network"),
        pytest.param("CannotAccessNetwork", (), "network.present", "vm1", id="some network"),
        pytest.param(
            "InaccessibleDatastore", ("name: datastore1",), "storage.reachable", "datastore1", id="a datastore"
        ),
        pytest.param("CannotAccessVmDisk", (), "storage.reachable", "vm1", id="some disk"),
        pytest.param(
            "InsufficientHostMemoryCapacityFault", ("host: host-2",), "memory.reservation", "vm1", id="memory"
        ),
    ],
)
def test_a_fault_is_about_what_it_names(kind: str, details: tuple[str, ...], check_id: str, subject: str) -> None:
    finding = _one(kind, *details)
    assert (finding.id, finding.subject.name) == (check_id, subject)


def test_a_fault_without_end_is_about_the_destination_of_a_vm_on_no_host() -> None:
    finding = _one("VMotionNotConfigured", "atSourceHost: True", site=build.site(vm=build.vm(host=None)))
    assert finding.subject.name == "host2"


@pytest.mark.parametrize("unread", ["devices", "datastores"])
def test_an_unread_vm_is_what_its_faults_are_about(unread: str) -> None:
    site = build.site(vm=build.unread(build.vm(), unread))
    assert {_one(kind, site=site).subject.name for kind in ("CannotAccessNetwork", "CannotAccessVmDisk")} == {"vm1"}


@pytest.mark.parametrize(
    ("kind", "details", "check_id"),
    [
        pytest.param("CannotAccessVmDevice", ("device: CD/DVD drive 1",), "devices.cdrom", id="a drive of the VM"),
        pytest.param("CannotAccessVmDevice", ("device: Hard disk 1",), "devices.supported", id="no drive"),
        pytest.param("RemoteDeviceNotSupported", ("device: Floppy drive 9",), "devices.supported", id="no such drive"),
        pytest.param("DisallowedMigrationDeviceAttached", (), "devices.supported", id="nothing named"),
        pytest.param(
            "DisallowedMigrationDeviceAttached",
            ("fault: RemoteDeviceNotSupported: in use", "device: CD/DVD drive 1"),
            "devices.cdrom",
            id="a wrapped fault with a drive",
        ),
        pytest.param(
            "DisallowedMigrationDeviceAttached",
            ("fault: RawDiskNotSupported: raw",),
            "storage.disk",
            id="a wrapped fault of another check",
        ),
    ],
)
def test_a_device_fault_goes_to_the_check_of_its_device(kind: str, details: tuple[str, ...], check_id: str) -> None:
    assert _one(kind, *details).id == check_id


@pytest.mark.parametrize(
    ("kind", "check_id"),
    [
        (DeviceKind.FLOPPY, "devices.floppy"),
        (DeviceKind.SERIAL, "devices.port"),
        (DeviceKind.PARALLEL, "devices.port"),
        (DeviceKind.USB, "devices.usb"),
        (DeviceKind.PASSTHROUGH, "devices.passthrough"),
        (DeviceKind.VGPU, "devices.vgpu"),
    ],
)
def test_each_kind_of_device_has_its_check(kind: DeviceKind, check_id: str) -> None:
    site = build.site(vm=build.vm(devices=(build.cdrom(kind=kind, label="it"),)))
    assert _one("CannotAccessVmDevice", "device: it", site=site).id == check_id


VM1 = NamedRef(ref=build.vm_ref(1), name="vm1")
HOST1, HOST2 = (NamedRef(ref=build.host_ref(n), name=f"host{n}") for n in (1, 2))


def _theirs(**changes: Any) -> Finding:
    given: dict[str, Any] = {
        "origin": Origin.VCENTER,
        "message": "vCenter says so",
        "evidence": (("fault", "AFault"), ("vcenter", ("its words",))),
    }
    return build.finding(**given | changes)


def _pairs(findings: tuple[Finding, ...]) -> list[tuple[str, str, str, str]]:
    return [(f.id, f.subject.name, f.severity.value, f.origin.value) for f in findings]


def test_where_both_say_the_same_ours_stays_with_vcenters_words() -> None:
    ours = build.finding()
    assert merge([ours], [_theirs()]) == (build.finding(evidence=(*ours.evidence, ("vcenter", ("its words",)))),)


def test_all_of_vcenters_words_are_kept() -> None:
    (finding,) = merge([build.finding()], [_theirs(), _theirs(evidence=(("vcenter", ("more words",)),))])
    assert dict(finding.evidence)["vcenter"] == ("its words", "more words")


def test_a_finding_without_words_adds_none() -> None:
    (finding,) = merge([build.finding()], [_theirs(evidence=())])
    assert dict(finding.evidence)["vcenter"] == ()


def test_a_single_word_is_kept_as_well() -> None:
    (finding,) = merge([build.finding()], [_theirs(evidence=(("vcenter", "one"),))])
    assert dict(finding.evidence)["vcenter"] == ("one",)


@pytest.mark.parametrize(
    ("ours", "theirs", "together"),
    [
        (Severity.BLOCKER, Severity.WARNING, "blocker"),
        (Severity.WARNING, Severity.BLOCKER, "blocker"),
        (Severity.INFO, Severity.WARNING, "warning"),
    ],
)
def test_the_graver_severity_stands(ours: Severity, theirs: Severity, together: str) -> None:
    (finding,) = merge([build.finding(severity=ours)], [_theirs(severity=theirs)])
    assert (finding.severity.value, finding.origin) == (together, Origin.CLIENT)


def test_what_we_could_not_read_vcenter_may_know() -> None:
    ours = build.finding(severity=Severity.UNKNOWN, evidence=(("property", "x"),))
    assert merge([ours], [_theirs(severity=Severity.WARNING)]) == (
        _theirs(severity=Severity.WARNING, evidence=(*_theirs().evidence, ("property", "x"))),
    )


def test_the_same_check_about_another_object_is_another_finding() -> None:
    merged = merge([build.finding(subject=HOST1)], [_theirs(subject=HOST2)])
    assert [(f.subject.name, f.origin.value) for f in merged] == [("host1", "client"), ("host2", "vcenter")]


def test_vcenter_that_names_no_more_than_the_vm_means_the_object_we_found() -> None:
    network = NamedRef(ref=MoRef(kind="Network", moid="network-1"), name="network1")
    (finding,) = merge([build.finding(subject=network)], [_theirs(subject=VM1)])
    assert (finding.subject, finding.origin) == (network, Origin.CLIENT)


def test_what_only_vcenter_says_stays_vcenters() -> None:
    assert merge([], [_theirs()]) == (_theirs(),)


def test_the_gravest_come_first_and_the_rest_keeps_its_order() -> None:
    severities = [Severity.INFO, Severity.WARNING, Severity.UNKNOWN, Severity.BLOCKER, Severity.WARNING]
    ours = [build.finding(id=f"x.{n}", severity=severity) for n, severity in enumerate(severities)]
    theirs = [_theirs(id="y.0"), _theirs(id="y.1", severity=Severity.INFO)]
    assert [f.id for f in merge(ours, theirs)] == ["x.3", "y.0", "x.2", "x.1", "x.4", "x.0", "y.1"]


def test_a_planted_lack_that_both_see_is_one_finding() -> None:
    site = build.site(destination=build.host(2, vmotion_nics=()))
    fault = Fault(kind="VMotionNotConfigured", message="not configured", details=("failedHostEntity: host-2",))
    merged = merge(run_checks(site, build.move(site)), _findings(fault, site=site))
    assert _pairs(merged) == [("vmknic.missing", "host2", "blocker", "client")]


def test_a_host_that_vcenter_does_not_name_is_the_one_we_found() -> None:
    site = build.site(source=build.host(1, connection_state=ConnectionState.DISCONNECTED))
    fault = Fault(kind="HostNotConnected", message="not connected")
    merged = merge(run_checks(site, build.move(site)), _findings(fault, site=site))
    assert _pairs(merged) == [("host.connection", "host1", "blocker", "client")]


@pytest.mark.parametrize(
    ("kind", "detail", "check_id"),
    [
        ("CannotAccessVmDisk", "fault: InvalidDatastoreState: in maintenance", "storage.maintenance"),
        ("CannotAccessVmConfig", "reason: InvalidDatastoreState: in maintenance", "storage.maintenance"),
        ("CannotAccessVmDisk", "fault: InaccessibleDatastore: away", "storage.reachable"),
        ("CannotAccessVmDisk", "fault: SomethingNew: odd", "storage.reachable"),
        ("CannotAccessVmDisk", "device: Hard disk 1", "storage.reachable"),
        ("DisallowedMigrationDeviceAttached", "fault: SharedBusControllerNotSupported: bus", "devices.shared-bus"),
        ("RDMPointsToInaccessibleDisk", "device: Hard disk 1", "storage.rdm"),
        ("VMOnVirtualIntranet", "device: Network adapter 1", "network.uplink"),
        ("EncryptionKeyRequired", "requiredKey: key-1", "encryption.keys"),
        ("FaultToleranceAntiAffinityViolated", "hostName: host2", "ft.partner"),
        ("WillLoseHAProtection", "resolution: relocate", "cluster.ha-protection"),
        ("NoPermission", "privilegeId: Resource.HotMigrate", "permissions.missing"),
    ],
)
def test_a_fault_has_the_id_of_the_check_that_says_the_same(kind: str, detail: str, check_id: str) -> None:
    assert _one(kind, detail).id == check_id
