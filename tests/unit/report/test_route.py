"""The way of a move in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vsphere_motion.model.move import (
    DiskFormat,
    DiskPlacement,
    Move,
    NicPlacement,
    OtherVCenter,
    Placement,
    StoragePolicy,
)
from vsphere_motion.model.refs import MoRef, NamedRef, VmIdentity
from vsphere_motion.report.route import destination_words, place_words, route_words


def named(kind: str, name: str) -> NamedRef:
    return NamedRef(ref=MoRef(kind=kind, moid=name), name=name)


ESX2, ESX5 = named("HostSystem", "esx02"), named("HostSystem", "esx05")
SLOW, FAST = named("Datastore", "slow"), named("Datastore", "fast")
ROOT, GOLD, WEB = named("ResourcePool", "Resources"), named("ResourcePool", "Gold"), named("Folder", "Web")
LAN, DMZ = named("Network", "lan"), named("Network", "dmz")
DISKS = tuple(DiskPlacement(key=n, label=f"Hard disk {n}", datastore=SLOW) for n in (1, 2))
NIC = NicPlacement(key=9, label="Network adapter 1", network=LAN)
HERE = Placement(host=ESX2, pool=ROOT, folder=WEB, datastores=(SLOW,), config=SLOW, disks=DISKS, nics=(NIC,))
ALL_FAST = tuple(replace(disk, datastore=FAST) for disk in DISKS)
STORED = replace(HERE, config=FAST, disks=ALL_FAST, datastores=(FAST,))


def move(to: Placement) -> Move:
    vm = VmIdentity(ref=MoRef(kind="VirtualMachine", moid="vm-1"), name="web", instance_uuid=None)
    return Move(vm=vm, source=HERE, destination=to)


@pytest.mark.parametrize(
    ("to", "words"),
    [
        (replace(HERE, host=ESX5), "esx02 -> esx05"),
        (HERE, "esx02 -> esx02"),
        (STORED, "files to fast"),
        (replace(STORED, host=ESX5), "esx02 -> esx05, files to fast"),
        (replace(STORED, config=SLOW), "Hard disk 1 to fast, Hard disk 2 to fast"),
        (replace(HERE, config=FAST), "configuration to fast"),
        (replace(HERE, disks=(replace(DISKS[0], format=DiskFormat.THIN), DISKS[1])), "Hard disk 1 to slow (thin)"),
        (
            replace(STORED, disks=tuple(replace(disk, format=DiskFormat.EAGER) for disk in ALL_FAST)),
            "files to fast (eager)",
        ),
        (
            replace(STORED, disks=tuple(replace(disk, policy=StoragePolicy(id="1", name="Gold")) for disk in ALL_FAST)),
            "files to fast (Gold)",
        ),
        (
            replace(HERE, disks=tuple(replace(disk, policy=StoragePolicy(id="1", name="Gold")) for disk in DISKS)),
            "storage policy Gold",
        ),
        (replace(HERE, pool=GOLD), "pool Gold"),
        (replace(HERE, host=ESX5, pool=named("ResourcePool", "Lead")), "esx02 -> esx05, pool Lead"),
        (replace(HERE, new_folder="A/B"), "folder Web/A/B"),
        (replace(HERE, nics=(replace(NIC, network=DMZ),)), "Network adapter 1 to dmz"),
        (
            replace(HERE, vcenter=OtherVCenter(context="b", host="vc-b", instance_uuid="u", thumbprint="t")),
            "vCenter vc-b",
        ),
    ],
)
def test_a_route_says_what_changes(to: Placement, words: str) -> None:
    assert route_words(move(to)) == words
    assert destination_words(move(to)) == words.replace("esx02 -> ", "")


def test_the_root_pool_of_another_cluster_follows_from_the_host() -> None:
    away = replace(move(replace(HERE, host=ESX5)), source=replace(HERE, pool=GOLD))
    assert route_words(away) == "esx02 -> esx05"


def test_where_a_vm_is_that_needs_no_move() -> None:
    assert place_words(move(HERE)) == "on esx02 with its files on slow"
    assert place_words(move(Placement(host=ESX2))) == "on esx02"
    assert place_words(move(Placement(host=None))) == "on -"
