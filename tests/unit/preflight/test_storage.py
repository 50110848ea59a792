"""The VM's datastores on the destination."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests import build
from tests.unit.preflight.looking import Brief, brief, look
from vsphere_motion.model.inventory import DatastoreMount, Device, DeviceKind, Inventory, PowerState


def _mounted(mount: DatastoreMount | None, **changes: Any) -> Inventory:
    mounts = (build.mount(1),) if mount is None else (build.mount(1), mount)
    return build.site(datastores=(build.datastore(1, mounts=mounts, **changes),))


BLOCKER, UNKNOWN, WARNING = ([(word, "datastore1")] for word in ("blocker", "unknown", "warning"))
NO_LIST = build.host(2, datastores=None)


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        pytest.param(_mounted(build.mount(2)), [], id="mounted"),
        pytest.param(_mounted(None), BLOCKER, id="no mount there"),
        pytest.param(_mounted(build.mount(2, mounted=False)), BLOCKER, id="not mounted"),
        pytest.param(_mounted(build.mount(2, mounted=None)), [], id="unset means mounted"),
        pytest.param(_mounted(build.mount(2, accessible=False)), BLOCKER, id="not accessible"),
        pytest.param(_mounted(build.mount(2, accessible=None)), [], id="the summary says accessible"),
        pytest.param(_mounted(build.mount(2, accessible=None), accessible=False), BLOCKER, id="the summary says no"),
        pytest.param(_mounted(build.mount(2, accessible=None), accessible=None), UNKNOWN, id="nobody says"),
        pytest.param(_mounted(build.mount(2, access_mode="readOnly")), BLOCKER, id="read-only"),
        pytest.param(_mounted(build.mount(2, access_mode=None)), UNKNOWN, id="access mode unknown"),
        pytest.param(build.site(destination=build.host(2, datastores=())), BLOCKER, id="the host does not list it"),
        pytest.param(build.site(destination=NO_LIST), [], id="the datastore's list is enough"),
        pytest.param(build.site(datastores=(build.datastore(1, mounts=None),)), UNKNOWN, id="mounts unknown"),
        pytest.param(
            build.site(datastores=(), destination=NO_LIST), [("unknown", "datastore-1")], id="datastore unknown"
        ),
        pytest.param(build.site(vm=build.vm(datastores=None)), [("unknown", "vm1")], id="the VM's datastores unknown"),
        pytest.param(build.site(vm=build.vm(datastores=())), [], id="no datastore"),
    ],
)
def test_reachable(site: Inventory, expected: Brief) -> None:
    assert brief("storage.reachable", site) == expected


def test_each_datastore_has_its_finding() -> None:
    refs = (build.datastore_ref(1), build.datastore_ref(2))
    site = build.site(
        vm=build.vm(datastores=refs),
        datastores=(build.datastore(1, mounts=()), build.datastore(2, mounts=())),
        destination=build.host(2, datastores=refs),
    )
    assert [f.message for f in look("storage.reachable", site)] == [
        "datastore datastore1 of vm1 is not mounted on host2",
        "datastore datastore2 of vm1 is not mounted on host2",
    ]


def _with_image(**changes: Any) -> Inventory:
    """vm1 has a CD-ROM drive whose image lies on datastore2, which host2 does not have."""
    given: dict[str, Any] = {"connected": True, "datastore": build.datastore_ref(2)}
    vm = build.vm(
        datastores=(build.datastore_ref(1), build.datastore_ref(2)),
        devices=(build.disk(), build.cdrom(**given | changes)),
    )
    return build.site(vm=vm, datastores=(build.datastore(1), build.datastore(2, maintenance_mode="inMaintenance")))


@pytest.mark.parametrize("check_id", ["storage.reachable", "storage.maintenance"])
def test_a_datastore_with_nothing_but_an_image_is_the_business_of_the_drive(check_id: str) -> None:
    assert brief(check_id, _with_image()) == []
    assert brief(check_id, _with_image(kind=DeviceKind.DISK)) == [("blocker", "datastore2")]


def test_without_the_path_of_its_configuration_file_any_datastore_may_be_its_home() -> None:
    site = _with_image()
    nameless = build.site(vm=replace(site.vms[0], vmx_path=None), datastores=site.datastores)
    assert brief("storage.reachable", nameless) == [("blocker", "datastore2")]


def test_the_home_of_the_vm_is_never_a_mere_image() -> None:
    vm = build.vm(devices=(build.cdrom(datastore=build.datastore_ref(1)),))
    assert brief("storage.reachable", build.site(vm=vm, datastores=(build.datastore(1, mounts=()),))) == BLOCKER


@pytest.mark.parametrize(
    ("site", "path"),
    [
        pytest.param(build.site(datastores=(build.datastore(1, mounts=None),)), "host", id="no mounts"),
        pytest.param(build.site(datastores=()), "host", id="no datastore"),
        pytest.param(_mounted(build.mount(2, access_mode=None)), "host.mountInfo", id="half a mount"),
    ],
)
def test_the_unread_property_is_named(site: Inventory, path: str) -> None:
    assert look("storage.reachable", site)[0].evidence == (("property", path),)


RAW, MULTI, FORGETFUL = (
    build.disk(is_raw=True),
    build.disk(sharing="sharingMultiWriter"),
    build.disk(disk_mode="independent_nonpersistent"),
)


@pytest.mark.parametrize(
    ("check_id", "device", "changes", "expected"),
    [
        pytest.param("storage.disk", RAW, {}, "blocker", id="a raw disk"),
        pytest.param("storage.disk", RAW, {"power_state": PowerState.OFF}, "warning", id="a raw disk, off"),
        pytest.param("storage.multi-writer", MULTI, {}, "warning", id="multi-writer"),
        pytest.param(
            "storage.multi-writer", MULTI, {"ft_instance_uuids": ("a", "b")}, "blocker", id="multi-writer under FT"
        ),
        pytest.param("storage.independent", FORGETFUL, {}, "warning", id="nonpersistent"),
        pytest.param("storage.independent", build.disk(disk_mode="undoable"), {}, "blocker", id="undoable"),
        pytest.param(
            "storage.independent",
            build.disk(disk_mode="undoable"),
            {"power_state": PowerState.OFF},
            "blocker",
            id="undoable, off",
        ),
    ],
)
def test_a_disk_that_does_not_move_like_others(
    check_id: str, device: Device, changes: dict[str, Any], expected: str
) -> None:
    site = build.site(vm=build.vm(devices=(device,), **changes))
    assert [severity for severity, _ in brief(check_id, site)] == [expected]
