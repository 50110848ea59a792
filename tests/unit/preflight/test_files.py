"""Files that go to another datastore along with the VM."""

from __future__ import annotations

from typing import Any

import pytest

from tests import build
from tests.build import GIB
from tests.unit.preflight.cases import RDM, Look, far, storing
from vsphere_motion.model.finding import Finding
from vsphere_motion.model.inventory import DeviceKind, PowerState
from vsphere_motion.preflight.files import CHECKS

OFF = {"power_state": PowerState.OFF}
SNAPSHOT = {"snapshot_count": 1}
UNABLE = {"delta_disks_supported": False, "snapshot_relayout_supported": False}
NATIVE = {"devices": (build.disk(delta_format="nativeFormat"),)}
THERE_ALREADY = {"devices": (build.disk(datastore=build.datastore_ref(2)),)}
HOME = {"vmx_path": "[datastore2] vm1/vm1.vmx", "datastores": (build.datastore_ref(1), build.datastore_ref(2))}
FORGETFUL = {"devices": (build.disk(disk_mode="nonpersistent"),)}
MULTI = {"devices": (build.disk(sharing="sharingMultiWriter"),)}


def _severities(check_id: str, look: Look) -> list[str]:
    return [finding.severity.value for finding in look.findings(check_id)]


def _all(look: Look) -> list[Finding]:
    return [finding for check in CHECKS for finding in look.findings(check.id)]


def test_where_the_files_stay_nothing_is_said_of_them() -> None:
    worst = build.host(2, storage_vmotion_supported=False, full_storage_vmotion_supported=None, **UNABLE)
    vm = build.vm(**NATIVE, snapshot_count=2)
    assert _all(Look(site=build.site(vm=vm, destination=worst))) == []


def test_between_several_datastores_the_files_stay() -> None:
    """One field of a relocate spec cannot say which disk goes where, so none is given."""
    several = {"datastores": (build.datastore_ref(1), build.datastore_ref(2))}
    assert _all(far(several | SNAPSHOT, UNABLE)) == []


@pytest.mark.parametrize(
    ("check_id", "look", "expected"),
    [
        pytest.param("files.vmotion", storing(there={"storage_vmotion_supported": False}), ["blocker"], id="there"),
        pytest.param("files.vmotion", storing(here={"storage_vmotion_supported": False}), ["blocker"], id="here"),
        pytest.param("files.vmotion", storing(there={"full_storage_vmotion_supported": False}), ["blocker"], id="full"),
        pytest.param("files.vmotion", storing(OFF, there={"storage_vmotion_supported": False}), [], id="off"),
        pytest.param("files.source", storing(OFF, here={"in_maintenance_mode": True}), ["blocker"], id="off, source"),
        pytest.param("files.snapshots", storing(SNAPSHOT), [], id="snapshots that can go"),
        pytest.param("files.snapshots", storing(SNAPSHOT, there=UNABLE), ["blocker", "blocker"], id="two lacks"),
        pytest.param("files.snapshots", storing(there=UNABLE), [], id="no snapshot"),
        pytest.param("files.snapshots", storing(NATIVE), ["blocker"], id="native, whatever the destination"),
        pytest.param("files.snapshots", storing(SNAPSHOT | THERE_ALREADY, there=UNABLE), [], id="the disk stays"),
        pytest.param("files.rdm", storing(kind="vsan"), [], id="no mapping"),
        pytest.param("files.size", storing(max_file_bytes=0, max_disk_bytes=0), [], id="no limit told"),
        pytest.param("files.size", storing(max_disk_bytes=40 * GIB - 1), ["blocker"], id="the largest disk"),
        pytest.param("files.size", storing({"devices": (RDM,)}, max_file_bytes=1), [], id="a mapping is small"),
        pytest.param("files.size", storing(THERE_ALREADY, max_file_bytes=1), [], id="a disk that is there"),
        pytest.param("files.swap", storing(max_swap_bytes=0), [], id="no limit of swap files told"),
        pytest.param("files.swap", storing(HOME, max_swap_bytes=1), [], id="the home is there already"),
        pytest.param("storage.independent", storing(FORGETFUL), ["blocker"], id="nonpersistent"),
        pytest.param("storage.independent", storing(FORGETFUL | OFF), ["warning"], id="nonpersistent, off"),
        pytest.param("storage.multi-writer", storing(MULTI), ["blocker"], id="multi-writer"),
        pytest.param("storage.multi-writer", storing(MULTI | OFF), ["warning"], id="multi-writer, off"),
        pytest.param("storage.reachable", storing(mounts=(build.mount(1),)), ["blocker"], id="not mounted"),
        pytest.param("storage.maintenance", storing(maintenance_mode="inMaintenance"), ["blocker"], id="maintenance"),
        pytest.param("storage.space", storing(THERE_ALREADY, free_bytes=0), ["blocker"], id="no space"),
    ],
)
def test_files_on_their_way(check_id: str, look: Look, expected: list[str]) -> None:
    assert _severities(check_id, look) == expected


def test_of_the_datastore_that_is_left_nothing_is_asked() -> None:
    """The destination need not see it, and it may be in maintenance mode: that is why files leave."""
    look = storing(there={"datastores": (build.datastore_ref(2),)})
    old, new = look.site.datastores
    left = build.datastore(1, maintenance_mode="enteringMaintenance", mounts=(build.mount(1),))
    site = build.inventory(vms=look.site.vms, hosts=look.site.hosts, datastores=(left, new))
    assert old.ref == left.ref
    assert [
        Look(site=site, files_to=2).findings(check_id) for check_id in ("storage.reachable", "storage.maintenance")
    ] == [[], []]


@pytest.mark.parametrize(
    ("check_id", "look", "message"),
    [
        (
            "files.rdm",
            storing({"devices": (RDM,)}, kind="NFS"),
            "Hard disk 1 of vm1 is a raw device mapping, and datastore2 (NFS) holds none",
        ),
        (
            "files.size",
            storing(max_file_bytes=GIB),
            "Hard disk 1 of vm1 has 40960 MiB, datastore2 holds files up to 1024 MiB",
        ),
        (
            "files.swap",
            storing(max_swap_bytes=GIB),
            "vm1 has 8192 MiB of memory, datastore2 holds swap files up to 1024 MiB",
        ),
        (
            "files.source",
            storing(here={"in_maintenance_mode": True}),
            "host1 is in maintenance mode and sends no files of vm1 to another datastore",
        ),
        (
            "storage.multi-writer",
            storing(MULTI),
            "Hard disk 1 of vm1 is shared with other VMs (multi-writer), and cannot go to datastore2 while it runs",
        ),
        (
            "storage.reachable",
            storing(mounts=()),
            "datastore datastore2 for the files of vm1 is not mounted on host2",
        ),
    ],
)
def test_the_message_has_the_numbers_and_the_place(check_id: str, look: Look, message: str) -> None:
    assert [finding.message for finding in look.findings(check_id)] == [message]


def test_the_datastore_in_question_is_the_subject() -> None:
    wrong: dict[str, Any] = {"max_file_bytes": 1, "max_swap_bytes": 1, "kind": "NFS"}
    disks = (build.disk(), build.disk(2, rdm_mode="virtualMode", lun="lun-1"), build.cdrom(kind=DeviceKind.CDROM))
    found = _all(storing({"devices": disks}, **wrong))
    assert [(finding.id, finding.subject.name) for finding in found] == [
        ("files.rdm", "datastore2"),
        ("files.size", "datastore2"),
        ("files.swap", "datastore2"),
    ]
