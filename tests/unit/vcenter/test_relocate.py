"""The relocate spec of a move says what changes and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from vsphere_motion.model.move import DiskPlacement, Manner, Move, Placement, Priority, StoragePolicy
from vsphere_motion.model.refs import MoRef, NamedRef, VmIdentity
from vsphere_motion.vcenter.relocate_spec import move_priority, relocate_spec

VM = VmIdentity(ref=MoRef(kind="VirtualMachine", moid="vm-1"), name="web01", instance_uuid=None)


@dataclass
class NoServer:
    """A session whose objects belong to no server."""

    stub: Any = None


def named(kind: str, moid: str) -> NamedRef:
    return NamedRef(ref=MoRef(kind=kind, moid=moid), name=moid)


HERE = {
    "host": named("HostSystem", "host-1"),
    "pool": named("ResourcePool", "resgroup-1"),
    "folder": named("Folder", "group-v1"),
    "datastores": (named("Datastore", "datastore-1"),),
}


def spec_of(**destination: Any) -> dict[str, str]:
    """The fields of the spec that are set, for a VM that is HERE."""
    move = Move(vm=VM, source=Placement(**HERE), destination=Placement(**destination))
    spec = relocate_spec(NoServer(), move)  # type: ignore[arg-type]
    values = {field.name: getattr(spec, field.name) for field in spec._GetPropertyList()}
    return {name: value._moId for name, value in values.items() if value}


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        pytest.param({}, {}, id="within a cluster the host alone"),
        pytest.param({"pool": HERE["pool"]}, {}, id="the same pool is not named again"),
        pytest.param({"pool": named("ResourcePool", "resgroup-9")}, {"pool": "resgroup-9"}, id="another pool"),
        pytest.param({"folder": HERE["folder"]}, {}, id="the same folder is not named again"),
        pytest.param({"folder": named("Folder", "group-v9")}, {"folder": "group-v9"}, id="another folder"),
        pytest.param({"datastores": HERE["datastores"]}, {}, id="the same datastore is not named again"),
        pytest.param(
            {"datastores": (named("Datastore", "datastore-9"),)}, {}, id="what is not said of files moves no file"
        ),
    ],
)
def test_only_what_changes_is_said(destination: dict[str, Any], expected: dict[str, str]) -> None:
    host = named("HostSystem", "host-9")
    assert spec_of(host=host, **destination) == {"host": "host-9", **expected}


def test_a_pool_is_said_where_the_present_one_is_unknown() -> None:
    move = Move(
        vm=VM,
        source=Placement(host=HERE["host"]),
        destination=Placement(host=named("HostSystem", "host-9"), pool=named("ResourcePool", "resgroup-9")),
    )
    assert relocate_spec(NoServer(), move).pool._moId == "resgroup-9"  # type: ignore[arg-type]


def test_where_files_move_every_disk_is_named_with_its_place_and_the_host_is_not() -> None:
    """What vCenter does with a disk that is not named beside others that are is not documented."""
    here, there = HERE["datastores"][0], named("Datastore", "datastore-9")
    disks = tuple(DiskPlacement(key=key, label=f"Hard disk {key}", datastore=here) for key in (2000, 2001))
    source = Placement(**HERE, config=here, disks=disks)
    wanted = replace(source, disks=(disks[0], replace(disks[1], datastore=there)))
    spec = relocate_spec(NoServer(), Move(vm=VM, source=source, destination=wanted))  # type: ignore[arg-type]
    assert [(one.diskId, one.datastore._moId) for one in spec.disk] == [(2000, "datastore-1"), (2001, "datastore-9")]
    assert (spec.datastore, spec.host, spec.pool, spec.folder) == (None, None, None, None)

    policy = StoragePolicy(id="gold", name="Gold")
    wanted = replace(wanted, config=there, config_policy=policy, disks=(replace(disks[0], policy=policy), disks[1]))
    spec = relocate_spec(NoServer(), Move(vm=VM, source=source, destination=wanted))  # type: ignore[arg-type]
    assert spec.datastore._moId == "datastore-9"
    assert [one.profileId for one in spec.profile] == ["gold"]
    assert [[one.profileId for one in disk.profile] for disk in spec.disk] == [["gold"], []]


def test_a_pool_brings_the_host_along_and_a_folder_does_not() -> None:
    """A pool alone is refused where its cluster has no DRS."""
    source = Placement(**HERE)
    pool = replace(source, pool=named("ResourcePool", "resgroup-9"))
    spec = relocate_spec(NoServer(), Move(vm=VM, source=source, destination=pool))  # type: ignore[arg-type]
    assert (spec.pool._moId, spec.host._moId) == ("resgroup-9", "host-1")
    folder = replace(source, folder=named("Folder", "group-v9"))
    spec = relocate_spec(NoServer(), Move(vm=VM, source=source, destination=folder))  # type: ignore[arg-type]
    assert (spec.folder._moId, spec.host) == ("group-v9", None)


@pytest.mark.parametrize("priority", list(Priority))
def test_every_priority_has_a_word_of_vcenter(priority: Priority) -> None:
    move = Move(vm=VM, source=Placement(**HERE), destination=Placement(**HERE), manner=Manner(priority=priority))
    assert str(move_priority(move)) == f"{priority.value}Priority"
