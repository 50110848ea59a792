"""The VM's datastores on the destination."""

from __future__ import annotations

from typing import Any

import pytest

from tests import build
from tests.unit.preflight.looking import Brief, brief, look
from vsphere_motion.model.inventory import DatastoreMount, DeviceKind, Inventory


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
    given: dict[str, Any] = {"connected": False, "datastore": build.datastore_ref(2)}
    vm = build.vm(
        datastores=(build.datastore_ref(1), build.datastore_ref(2)),
        devices=(build.disk(), build.cdrom(**given | changes)),
    )
    return build.site(vm=vm, datastores=(build.datastore(1), build.datastore(2)))


@pytest.mark.parametrize(
    ("site", "severity"),
    [
        pytest.param(_with_image(), "warning", id="a disconnected image"),
        pytest.param(_with_image(connected=True), "blocker", id="a connected image"),
        pytest.param(_with_image(connected=None), "blocker", id="an image that may be connected"),
        pytest.param(_with_image(kind=DeviceKind.DISK), "blocker", id="a disk"),
    ],
)
def test_an_image_that_nobody_uses_only_warns(site: Inventory, severity: str) -> None:
    assert brief("storage.reachable", site) == [(severity, "datastore2")]


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
