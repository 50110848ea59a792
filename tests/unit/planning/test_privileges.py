"""What moves and purposes need, object by object."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests import build
from vsphere_motion.model.inventory import Container, PowerState
from vsphere_motion.model.keepsakes import Attribute, Keepsakes, TagName
from vsphere_motion.model.move import OtherVCenter
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.planning.privileges import (
    PURPOSES,
    On,
    needs_of,
    privileges_of_moves,
    privileges_on_site,
    root_of,
)

TAGGED = Keepsakes(tags=(TagName(category="env", name="prod"),), attributes=())
NOTED = Keepsakes(attributes=(Attribute(name="owner", value="web"),))
ROOT = MoRef(kind="Folder", moid="group-d1")
DATACENTER = MoRef(kind="Datacenter", moid="datacenter-2")
SITE = build.inventory(
    containers=(
        Container(ref=DATACENTER, name="DC0", parent=ROOT),
        Container(ref=build.folder_ref(1), name="vm", parent=DATACENTER),
    )
)


@pytest.mark.parametrize(
    ("state", "privileges"),
    [
        pytest.param(PowerState.ON, ("Resource.ColdMigrate", "Resource.HotMigrate"), id="running"),
        pytest.param(None, ("Resource.ColdMigrate", "Resource.HotMigrate"), id="unread: the stricter case"),
        pytest.param(PowerState.OFF, ("Resource.ColdMigrate",), id="off"),
        pytest.param(PowerState.SUSPENDED, ("Resource.ColdMigrate",), id="suspended"),
    ],
)
def test_a_vm_needs_the_privileges_of_its_power_state(state: PowerState | None, privileges: tuple[str, ...]) -> None:
    site = build.site(vm=build.vm(power_state=state))
    assert privileges_of_moves(site, [build.move(site)]) == {build.vm_ref(1): privileges}


def test_another_pool_and_another_datastore_need_theirs() -> None:
    move = build.move()
    pool = NamedRef(ref=build.pool_ref(2), name="Resources")
    there = NamedRef(ref=build.datastore_ref(9), name="new")
    far = replace(move, destination=replace(move.destination, pool=pool, datastores=(*move.source.datastores, there)))
    assert privileges_of_moves(build.inventory(), [far]) == {
        build.vm_ref(1): ("Resource.ColdMigrate", "Resource.HotMigrate"),
        build.pool_ref(2): ("Resource.AssignVMToPool",),
        build.datastore_ref(9): ("Datastore.AllocateSpace",),
    }


@pytest.mark.parametrize(
    ("keepsakes", "more"),
    [
        pytest.param(None, (), id="nothing is kept"),
        pytest.param(Keepsakes(tags=(), attributes=()), (), id="there is nothing to keep"),
        pytest.param(TAGGED, ("InventoryService.Tagging.AttachTag",), id="tags"),
        pytest.param(NOTED, ("Global.SetCustomField",), id="attributes"),
    ],
)
def test_a_vm_that_comes_from_another_vcenter_needs_its_folder_to_take_it_with_what_it_keeps(
    keepsakes: Keepsakes | None, more: tuple[str, ...]
) -> None:
    other = OtherVCenter(context="zurich", host="vc-b", instance_uuid="uuid-b", thumbprint="AB")
    move = build.move()
    to = replace(move.destination, vcenter=other, folder=NamedRef(ref=build.folder_ref(2), name="Web"))
    move = replace(move, destination=to, manner=replace(move.manner, keepsakes=keepsakes))
    found = privileges_of_moves(build.inventory(), [move])
    assert found[build.folder_ref(2)] == ("VirtualMachine.Inventory.Register", *more)


def test_what_two_moves_need_of_one_object_is_asked_once() -> None:
    assert privileges_of_moves(build.inventory(), [build.move(), build.move(to=3)]) == {
        build.vm_ref(1): ("Resource.ColdMigrate", "Resource.HotMigrate")
    }
    assert privileges_of_moves(build.inventory(), []) == {}


def test_a_purpose_on_a_site_is_asked_where_it_applies() -> None:
    wanted = privileges_on_site(SITE, ["evacuate", "logs"])
    assert wanted == {
        ROOT: ("System.View", "System.Read", "Global.Diagnostics"),
        build.vm_ref(1): ("Resource.ColdMigrate", "Resource.HotMigrate"),
        build.pool_ref(1): ("Resource.AssignVMToPool",),
        build.pool_ref(2): ("Resource.AssignVMToPool",),
        **{build.host_ref(number): ("Host.Config.Maintenance",) for number in (1, 2, 3)},
        **{datastore.ref: ("Datastore.Browse",) for datastore in SITE.datastores},
    }


def test_templates_are_not_asked_about() -> None:
    site = replace(SITE, vms=(build.vm(1), build.vm(2, is_template=True)))
    assert build.vm_ref(2) not in privileges_on_site(site, ["migrate"])


def test_the_root_is_what_all_chains_of_parents_end_with() -> None:
    assert root_of(SITE) == NamedRef(ref=ROOT, name="the vCenter's root")
    assert root_of(build.inventory(containers=())) is None


def test_needs_of_several_purposes_are_told_once() -> None:
    needs = needs_of(["migrate", "evacuate", "migrate"])
    assert len(needs) == len(set(needs)) == len(PURPOSES["evacuate"])


@pytest.mark.parametrize("purpose", sorted(PURPOSES))
def test_each_purpose_can_be_seen_and_each_need_has_its_source(purpose: str) -> None:
    needs = PURPOSES[purpose]
    assert {need.privilege for need in needs if need.on is On.ROOT} >= {"System.View", "System.Read"}
    assert all(need.source and need.reason for need in needs)
