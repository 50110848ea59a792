"""The relocate spec of a move says what changes and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from vsphere_motion.model.move import Move, Placement
from vsphere_motion.model.refs import MoRef, NamedRef, VmIdentity
from vsphere_motion.vcenter.relocate_spec import relocate_spec

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
