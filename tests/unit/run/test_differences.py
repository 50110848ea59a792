"""In which ways the place of a VM differs from where its move was to bring it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.fakes import FakePlacement
from vsphere_motion.model.current import CurrentDisk, CurrentNic
from vsphere_motion.model.move import DiskFormat, DiskPlacement, Move, NetworkBacking, NicPlacement, Placement
from vsphere_motion.model.refs import MoRef, NamedRef, VmIdentity
from vsphere_motion.run.differences import find_differences


def named(kind: str, moid: str) -> NamedRef:
    return NamedRef(ref=MoRef(kind=kind, moid=moid), name=moid)


HOST, OLD, NEW = named("HostSystem", "host-1"), named("Datastore", "old"), named("Datastore", "new")
FOLDER, OTHER = named("Folder", "group-1"), named("Folder", "group-2")
LAN, DMZ = named("Network", "lan"), named("Network", "dmz")
SWITCHED, OPAQUE = named("DistributedVirtualPortgroup", "pg"), named("OpaqueNetwork", "seg")


def disk(key: int, store: NamedRef, form: DiskFormat | None = None) -> DiskPlacement:
    return DiskPlacement(key=key, label=f"Hard disk {key}", datastore=store, format=form)


def nic(key: int, network: NamedRef | None, **backing: str) -> NicPlacement:
    return NicPlacement(key=key, label=f"Network adapter {key}", network=network, backing=NetworkBacking(**backing))


SOURCE = Placement(
    host=HOST,
    folder=FOLDER,
    datastores=(OLD,),
    config=OLD,
    disks=(disk(1, OLD, DiskFormat.THIN), disk(2, OLD, DiskFormat.THIN)),
    nics=(nic(1, LAN), nic(2, LAN), nic(3, LAN), nic(4, None)),
)
TO = Placement(
    host=HOST,
    folder=OTHER,
    datastores=(NEW, OLD),
    config=NEW,
    disks=(disk(1, NEW, DiskFormat.EAGER), disk(2, OLD)),
    nics=(nic(1, DMZ), nic(2, SWITCHED, portgroup_key="pg-7"), nic(3, OPAQUE, opaque_id="seg-7"), nic(4, None)),
)
MOVE = Move(
    vm=VmIdentity(ref=MoRef(kind="VirtualMachine", moid="vm-1"), name="web", instance_uuid=None),
    source=SOURCE,
    destination=TO,
)
THERE = FakePlacement(
    host=HOST.ref,
    folder=OTHER.ref,
    datastores=(NEW.ref, OLD.ref),
    config_store="new",
    disks=(
        CurrentDisk(key=1, datastore=NEW.ref, format=DiskFormat.EAGER),
        CurrentDisk(key=2, datastore=OLD.ref, format=DiskFormat.THIN),
    ),
    nics=(
        CurrentNic(key=1, label="", network=DMZ.ref),
        CurrentNic(key=2, label="", portgroup_key="pg-7"),
        CurrentNic(key=3, label="", opaque_id="seg-7"),
        CurrentNic(key=4, label="", network=LAN.ref),
    ),
)


def with_disk(key: int, **changes: Any) -> FakePlacement:
    return replace(THERE, disks=tuple(replace(one, **changes) if one.key == key else one for one in THERE.disks or ()))


def with_nic(key: int, **changes: Any) -> FakePlacement:
    return replace(THERE, nics=tuple(replace(one, **changes) if one.key == key else one for one in THERE.nics or ()))


@pytest.mark.parametrize(
    ("seen", "lines"),
    [
        pytest.param(THERE, [], id="all as asked"),
        pytest.param(replace(THERE, folder=FOLDER.ref), ["folder is group-1, not group-2 (group-2)"], id="folder"),
        pytest.param(replace(THERE, folder=None), ["folder is None, not group-2 (group-2)"], id="folder unread"),
        pytest.param(
            replace(THERE, config_store="old"),
            ["the configuration files are on old, not new (new)"],
            id="configuration",
        ),
        pytest.param(
            replace(THERE, config_store=None),
            ["the configuration files are on an unread datastore, not new (new)"],
            id="configuration unread",
        ),
        pytest.param(with_disk(1, datastore=OLD.ref), ["Hard disk 1 is on old, not new (new)"], id="disk elsewhere"),
        pytest.param(with_disk(2, datastore=NEW.ref), ["Hard disk 2 is on new, not old (old)"], id="moved too"),
        pytest.param(with_disk(1, format=DiskFormat.THICK), ["Hard disk 1 is thick, not eager"], id="format"),
        pytest.param(with_disk(1, format=None), ["Hard disk 1 is of an unknown format, not eager"], id="no format"),
        pytest.param(with_disk(2, format=DiskFormat.THICK), [], id="a format that nobody asked for"),
        pytest.param(replace(THERE, disks=None), ["Hard disk 1 could not be read"], id="disks unread"),
        pytest.param(
            replace(THERE, disks=THERE.disks[1:] if THERE.disks else None),
            ["Hard disk 1 is no longer a disk of the VM"],
            id="disk gone",
        ),
        pytest.param(with_nic(1, network=LAN.ref), ["Network adapter 1 is not attached to dmz (dmz)"], id="standard"),
        pytest.param(with_nic(2, portgroup_key="x"), ["Network adapter 2 is not attached to pg (pg)"], id="switch"),
        pytest.param(with_nic(3, opaque_id=None), ["Network adapter 3 is not attached to seg (seg)"], id="opaque"),
        pytest.param(
            replace(THERE, nics=None),
            [f"Network adapter {key} could not be read" for key in (1, 2, 3)],
            id="adapters unread",
        ),
        pytest.param(
            replace(THERE, nics=THERE.nics[1:] if THERE.nics else None),
            ["Network adapter 1 is no longer an adapter of the VM"],
            id="adapter gone",
        ),
    ],
)
def test_each_difference_is_a_line(seen: FakePlacement, lines: list[str]) -> None:
    assert list(find_differences(MOVE, seen)) == lines


def test_what_was_to_stay_and_could_not_be_read_is_no_difference() -> None:
    stays = replace(MOVE, destination=replace(SOURCE, datastores=(OLD,)))
    assert find_differences(stays, replace(THERE, folder=None, config_store=None, disks=None, nics=None)) == ()
