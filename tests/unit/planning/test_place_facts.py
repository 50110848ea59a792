"""However much of a move is made already: the rest of it is left, nothing is different, and in the end all is done."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.build import vm_ref
from tests.unit.service.test_place_plans import planned, site, two_disks
from vsphere_motion.model.inventory import Vm
from vsphere_motion.model.move import DiskFormat, Encryption, Move
from vsphere_motion.model.plan_file import PlanFile
from vsphere_motion.model.request import DiskWish, NetworkWish, Wishes
from vsphere_motion.planning.facts import Standing, compare
from vsphere_motion.planning.plan_places import PlannedMoves

WISHES = st.builds(
    Wishes,
    to_datastore=st.sampled_from([None, "datastore2"]),
    to_config=st.sampled_from([None, "datastore1", "datastore2"]),
    disks=st.sampled_from([(), (DiskWish(disk="2", datastore="datastore2", format=DiskFormat.EAGER),)]),
    format=st.sampled_from([None, DiskFormat.THICK]),
    to_pool=st.sampled_from([None, "Gold"]),
    to_folder=st.sampled_from([None, "Web"]),
    networks=st.sampled_from([(), (NetworkWish(old="network1", new="network2"),)]),
    encryption=st.sampled_from([None, Encryption.REQUIRED]),
)


def things_of(move: Move) -> list[str]:
    """What a move may change, each in a word."""
    return ["host", "pool", "folder", "config", "setting", *(str(one.key) for one in move.destination.disks), "nics"]


def with_things(vm: Vm, move: Move, made: set[str]) -> Vm:
    """The VM after so much of its move."""
    to = move.destination
    if "host" in made and to.host:
        vm = replace(vm, host=to.host.ref)
    if "pool" in made and to.pool:
        vm = replace(vm, pool=to.pool.ref)
    if "folder" in made and to.folder:
        vm = replace(vm, folder=to.folder.ref)
    if "config" in made and to.config:
        vm = replace(vm, vmx_path=f"[{to.config.name}] vm1/vm1.vmx")
    if "setting" in made and to.encryption:
        vm = replace(vm, migrate_encryption=to.encryption.value)
    devices = []
    for device in vm.devices or ():
        disk, nic = to.disk(device.key), to.nic(device.key)
        if disk is not None and disk.datastore and str(device.key) in made:
            form = disk.format or device.disk_format
            device = replace(device, datastore=disk.datastore.ref, disk_format=form)
        if nic is not None and nic.network and "nics" in made:
            device = replace(device, network=nic.network.ref)
        devices.append(device)
    both = tuple(one.ref for one in site().datastores)
    return replace(vm, devices=tuple(devices), datastores=both)


def seen_after(plan: PlanFile, move: Move, made: set[str]) -> Standing:
    before = site().find_vm(vm_ref(1))
    assert before is not None
    return compare(plan, site(with_things(before, move, made)))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(wishes=WISHES, to_host=st.sampled_from(["host1", "host2"]), data=st.data())
def test_what_was_made_in_part_is_neither_done_nor_different(wishes: Wishes, to_host: str, data: st.DataObject) -> None:
    assume(wishes != Wishes())
    plan = planned(site(two_disks()), wishes, to_host=to_host)
    assume(plan.moves)
    move = PlannedMoves(site()).find(plan.moves[0])
    assert move is not None
    things = things_of(move)
    made = data.draw(st.sets(st.sampled_from(things)))

    assert seen_after(plan, move, set(things)) == Standing(done=frozenset({0}))
    partly = seen_after(plan, move, made)
    assert partly.differences == ()
    left = set(things) - made
    is_all = not any(seen_after(plan, move, set(things) - {one}).done == frozenset() for one in left)
    if not is_all:
        assert partly.done == frozenset()


def test_what_a_thing_is_counts() -> None:
    """The property would hold of a comparison that sees nothing, but for the moves that are not done yet."""
    plan = planned(site(two_disks()), Wishes(to_datastore="datastore2"))
    move = PlannedMoves(site()).find(plan.moves[0])
    assert move is not None

    assert seen_after(plan, move, set(things_of(move)) - {"2001"}).done == frozenset()
