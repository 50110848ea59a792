"""Plans that know more than hosts: written and read back, compared with how things are, finished where half is done."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.build import (
    GIB,
    cluster,
    datastore,
    datastore_ref,
    disk,
    folder_ref,
    host,
    host_ref,
    inventory,
    network,
    network_ref,
    nic,
    pool,
    pool_ref,
    rule,
    vm,
    vm_ref,
)
from tests.hostile import NAMES, obeyed
from tests.unit.report.schema import load, problems
from vsphere_motion.cli.plan_file_table import change_lines, plan_file_lines
from vsphere_motion.errors import BadInput, UsageProblem
from vsphere_motion.model.inventory import Container, HaAdmission, Inventory, PowerState, RuleKind
from vsphere_motion.model.move import DiskFormat, Encryption, Priority
from vsphere_motion.model.plan_file import Placement, PlanFile, PlanKind
from vsphere_motion.model.plan_request import PlanRequest, request_of
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.request import DiskWish, NetworkWish, Wishes
from vsphere_motion.planning.facts import Standing, compare
from vsphere_motion.planning.list_text import read_csv
from vsphere_motion.planning.plan_checks import problems_of_plan
from vsphere_motion.planning.plan_diff import changes_between
from vsphere_motion.planning.scope import ALREADY_THERE
from vsphere_motion.report.escape import json_text
from vsphere_motion.report.plan_words import destinations
from vsphere_motion.service.apply import standing_of
from vsphere_motion.service.placing import make_plan_file
from vsphere_motion.service.plan_files import csv_text, plan_document, read_plan, write_plan
from vsphere_motion.service.results import plan_file_results

OLD = Path(__file__).parents[2] / "data" / "plans" / "hosts-0.1.json"
"""Written by a release whose plans knew hosts alone."""

DATACENTER = MoRef(kind="Datacenter", moid="datacenter-1")
FOLDERS = (
    Container(ref=DATACENTER, name="DC0", path="/DC0"),
    Container(ref=folder_ref(1), name="vm", parent=DATACENTER, path="/DC0/vm", holds_vms=True),
    Container(ref=folder_ref(2), name="Web", parent=folder_ref(1), path="/DC0/vm/Web", holds_vms=True),
)


def two_disks(number: int = 1, **changes: Any) -> Any:
    """A VM with two disks and an adapter, all on the first of everything."""
    thin = {"disk_format": DiskFormat.THIN}
    return vm(number, **{"devices": (disk(1, **thin), disk(2, **thin), nic())} | changes)


def site(*vms: Any, **changes: Any) -> Inventory:
    """host1 and host2 of one cluster, with two datastores, networks, pools and folders."""
    stores, nets = (datastore_ref(1), datastore_ref(2)), (network_ref(1), network_ref(2))
    hosts = tuple(host(number, datastores=stores, networks=nets) for number in (1, 2))
    given: dict[str, Any] = {
        "vms": vms or (two_disks(),),
        "hosts": hosts,
        "clusters": (cluster(1),),
        "pools": (pool(1), pool(2, name="Gold", owner=cluster(1).ref)),
        "datastores": (datastore(1), datastore(2)),
        "networks": (network(1), network(2)),
        "containers": FOLDERS,
    }
    return inventory(**given | changes)


ALL = Wishes(
    to_datastore="datastore2",
    disks=(DiskWish(disk="2", format=DiskFormat.EAGER),),
    to_pool="Gold",
    to_folder="Web",
    networks=(NetworkWish(old="network1", new="network2"),),
    priority=Priority.HIGH,
    encryption=Encryption.REQUIRED,
)


def planned(seen: Inventory | None = None, wishes: Wishes = ALL, **changes: Any) -> PlanFile:
    given: dict[str, Any] = {"kind": PlanKind.MIGRATE, "words": ("vm1",), "to_host": "host2", "wishes": wishes}
    return make_plan_file(seen or site(), PlanRequest(**given | changes))


def listed(text: str, seen: Inventory, **changes: Any) -> PlanFile:
    request = PlanRequest(kind=PlanKind.MIGRATE, words=(), listed=read_csv(text, "moves.csv"))
    return make_plan_file(seen, replace(request, **changes))


def moved(**changes: Any) -> Any:
    """vm1 as the plan of everything leaves it."""
    after = {
        "host": host_ref(2),
        "pool": pool_ref(2),
        "folder": folder_ref(2),
        "datastores": (datastore_ref(2),),
        "vmx_path": "[datastore2] vm1/vm1.vmx",
        "devices": (on_second(1), on_second(2, disk_format=DiskFormat.EAGER), nic(network=network_ref(2))),
        "migrate_encryption": "required",
    }
    return two_disks(1, **after | changes)


def on_second(number: int, **changes: Any) -> Any:
    given = {"datastore": datastore_ref(2), "disk_format": DiskFormat.THIN}
    return disk(number, **given | changes)


def test_a_plan_of_everything_is_read_as_it_was_written_and_follows_its_schema(tmp_path: Path) -> None:
    plan, file = planned(), tmp_path / "plan.json"

    write_plan(file, plan)

    assert read_plan(file) == plan
    document = json.loads(file.read_text())
    assert problems(load("plan-v1.json"), document) == []
    (move,) = document["moves"]
    assert (move["source"]["name"], move["destination"]["name"]) == ("host1", "host2")
    place = move["place"]
    assert (place["pool"]["name"], place["folder"]["name"], place["config"]["name"]) == ("Gold", "Web", "datastore2")
    assert [(one["label"], one["datastore"]["name"], one["format"]) for one in place["disks"]] == [
        ("Hard disk 1", "datastore2", None),
        ("Hard disk 2", "datastore2", "eager"),
    ]
    assert [(one["label"], one["network"]["name"]) for one in place["adapters"]] == [("Network adapter 1", "network2")]
    assert (place["encryption"], place["vcenter_priority"]) == ("required", "high")
    assert {cost["resource"] for cost in move["costs"]} == {"host", "network_10g", "datastore"}


def test_the_request_of_a_plan_makes_it_again_and_equal_input_gives_an_equal_plan() -> None:
    assert planned() == planned()
    assert make_plan_file(site(), request_of(PlanKind.MIGRATE, planned().choices)) == planned()


def test_a_plan_of_an_earlier_release_is_read_and_means_the_same() -> None:
    plan = read_plan(OLD)

    assert [(move.vm.name, move.destination.name, move.place) for move in plan.moves] == [
        ("vm2", "host2", None),
        ("vm1", "host2", None),
    ]
    assert plan.choices.wishes == Wishes()
    assert problems(load("plan-v1.json"), json.loads(OLD.read_text())) == []
    apart = rule(RuleKind.ANTI_AFFINITY, name="apart", vms=(vm_ref(1), vm_ref(3)))
    now = inventory(vms=(vm(1), vm(2), vm(3)), hosts=(host(1), host(2)), clusters=(cluster(1, rules=(apart,)),))
    assert standing_of(plan, now) == Standing()


def test_nothing_is_different_right_after_a_plan_and_all_is_done_after_its_run() -> None:
    assert compare(planned(), site()) == Standing()
    assert compare(planned(), site(moved())) == Standing(done=frozenset({0}))


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(moved(host=host_ref(1)), id="all but the host"),
        pytest.param(moved(pool=pool_ref(1)), id="all but the pool"),
        pytest.param(moved(folder=folder_ref(1)), id="all but the folder"),
        pytest.param(moved(vmx_path="[datastore1] vm1/vm1.vmx", datastores=(datastore_ref(1),)), id="config"),
        pytest.param(
            moved(devices=(on_second(1), on_second(2), nic(network=network_ref(2)))), id="all but one disk's format"
        ),
        pytest.param(
            moved(devices=(on_second(1), disk(2, disk_format=DiskFormat.THIN), nic(network=network_ref(2)))),
            id="two of three",
        ),
        pytest.param(moved(devices=(on_second(1), on_second(2, disk_format=DiskFormat.EAGER), nic())), id="network"),
        pytest.param(moved(migrate_encryption="opportunistic"), id="all but the encryption"),
    ],
)
def test_what_is_half_done_is_neither_done_nor_different(now: Any) -> None:
    stores = {"datastores": (datastore_ref(1), datastore_ref(2))}
    seen = site(now if now.datastores == (datastore_ref(1),) else replace(now, **stores))

    assert compare(planned(), seen) == Standing()


def elsewhere(**changes: Any) -> Inventory:
    """The site with one thing different that the plan neither found nor brings about."""
    third = {
        "datastores": (datastore(1), datastore(2), datastore(3)),
        "networks": (network(1), network(2), network(3)),
        "pools": (*site().pools, pool(3, name="Silver", owner=cluster(1).ref)),
        "containers": (*FOLDERS, Container(ref=folder_ref(3), name="Old", parent=folder_ref(1), holds_vms=True)),
    }
    given = {"datastores": (datastore_ref(1), datastore_ref(3))}
    return site(two_disks(1, **given | changes), **third)


FIRST, THIN = disk(1, disk_format=DiskFormat.THIN), {"disk_format": DiskFormat.THIN}


@pytest.mark.parametrize(
    ("now", "line"),
    [
        pytest.param(elsewhere(pool=pool_ref(3)), "vm1 is in the pool Silver and was in Resources", id="pool"),
        pytest.param(elsewhere(folder=folder_ref(3)), "vm1 is in the folder Old and was in vm", id="folder"),
        pytest.param(
            elsewhere(vmx_path="[datastore3] vm1/vm1.vmx"),
            "the configuration of vm1 is on the datastore datastore3 and was on datastore1",
            id="configuration",
        ),
        pytest.param(
            elsewhere(devices=(FIRST, disk(2, datastore=datastore_ref(3), **THIN), nic())),
            "Hard disk 2 of vm1 is on the datastore datastore3 and was on datastore1",
            id="a disk elsewhere",
        ),
        pytest.param(
            elsewhere(devices=(disk(1, disk_format=DiskFormat.THICK), disk(2, **THIN), nic())),
            "Hard disk 1 of vm1 is thick and was thin",
            id="another format",
        ),
        pytest.param(
            elsewhere(devices=(FIRST, disk(2, **THIN), disk(3, **THIN), nic())),
            "vm1 has Hard disk 3, which it had not",
            id="a new disk",
        ),
        pytest.param(elsewhere(devices=(FIRST, nic())), "Hard disk 2 of vm1 no longer exists", id="a disk less"),
        pytest.param(
            elsewhere(devices=(FIRST, disk(2, **THIN), nic(network=network_ref(3)))),
            "Network adapter 1 of vm1 is on the network network3 and was on network1",
            id="an adapter elsewhere",
        ),
        pytest.param(
            elsewhere(devices=(FIRST, disk(2, **THIN), nic(), nic(2))),
            "vm1 has Network adapter 2, which it had not",
            id="a new adapter",
        ),
        pytest.param(elsewhere(devices=None), "the devices of vm1 could not be read", id="unread"),
        pytest.param(elsewhere(power_state=PowerState.OFF), "vm1 is poweredOff and was poweredOn", id="off"),
        pytest.param(
            site(datastores=(datastore(1), datastore(2, maintenance_mode="inMaintenance"))),
            "maintenance mode of the datastore datastore2 is inMaintenance and was normal",
            id="datastore in maintenance",
        ),
        pytest.param(
            site(datastores=(datastore(1), datastore(2, accessible=False))),
            "accessible of the datastore datastore2 is False and was True",
            id="datastore not accessible",
        ),
        pytest.param(
            site(networks=(network(1),)),
            "the network network2 (network-2), where vm1 was to go, no longer exists",
            id="network gone",
        ),
        pytest.param(
            site(pools=(pool(1),)), "the resource pool Gold (resgroup-2), where vm1 was to go, no longer exists", id="p"
        ),
        pytest.param(
            site(containers=FOLDERS[:2]),
            "the folder Web (group-v2), where vm1 was to go, no longer exists",
            id="folder",
        ),
        pytest.param(
            site(datastores=(datastore(1),)),
            "the datastore datastore2 (datastore-2), where vm1 was to go, no longer exists",
            id="datastore gone",
        ),
        pytest.param(
            site(datastores=(datastore(1), datastore(2, free_bytes=GIB))),
            "datastore2 has 1024 MiB free, and 40960 MiB are to come",
            id="no room",
        ),
    ],
)
def test_each_difference_has_its_words(now: Inventory, line: str) -> None:
    moves = {0: found} if (found := first_move(planned(), now)) else {}

    assert standing_of(planned(), now, moves).differences == (line,)


def first_move(plan: PlanFile, now: Inventory) -> Any:
    from vsphere_motion.planning.plan_places import PlannedMoves

    return PlannedMoves(now).find(plan.moves[0])


def test_a_check_of_space_that_was_overridden_is_no_difference_later() -> None:
    tight = site(datastores=(datastore(1), datastore(2, free_bytes=GIB)))
    plan = planned(tight, skip_checks=("storage.space",))
    move = first_move(plan, tight)

    assert standing_of(plan, tight, {0: move}).differences == ()


def test_a_folder_that_is_to_be_made_may_be_there_already() -> None:
    plan = planned(wishes=Wishes(to_folder="Web/New", create_folder=True))
    made = Container(ref=folder_ref(9), name="New", parent=folder_ref(2), path="/DC0/vm/Web/New", holds_vms=True)

    (move,) = plan.moves
    assert move.place is not None
    assert (move.place.folder and move.place.folder.name, move.place.new_folder) == ("Web", "New")
    assert compare(plan, site()) == Standing()
    there = site(two_disks(1, host=host_ref(2), folder=folder_ref(9)), containers=(*FOLDERS, made))
    assert compare(plan, there) == Standing(done=frozenset({0}))
    found = first_move(plan, site(containers=(*FOLDERS, made)))
    assert (found.destination.folder.name, found.destination.new_folder) == ("New", "")


def test_who_is_there_is_left_who_cannot_go_is_stuck_and_the_rest_goes() -> None:
    seen = site(
        two_disks(1), two_disks(2, host=host_ref(2)), two_disks(3, snapshot_count=0, committed_bytes=9999 * GIB)
    )

    plan = planned(seen, Wishes(to_datastore="datastore2"), words=("vm1", "vm2", "vm3"))

    assert [move.vm.name for move in plan.moves] == ["vm1", "vm2"]
    assert [one.vm.name for one in plan.stuck] == ["vm3"]
    assert "[storage.space]" in plan.stuck[0].reasons[0].reason
    second = site(moved(pool=pool_ref(1), folder=folder_ref(1), devices=(on_second(1), on_second(2), nic())))
    again = planned(second, Wishes(to_datastore="datastore2"))
    assert (again.moves, [(one.vm.name, one.why) for one in again.left]) == ((), [("vm1", ALREADY_THERE)])


def test_a_vm_whose_setting_alone_is_changed_is_in_the_plan_and_done_afterwards() -> None:
    plan = planned(wishes=Wishes(to_pool="Resources", encryption=Encryption.REQUIRED), to_host="host1")

    assert len(plan.moves) == 1
    assert destinations(plan) == ("encrypted vMotion required",)
    assert compare(plan, site()) == Standing()
    assert compare(plan, site(two_disks(1, migrate_encryption="required"))) == Standing(done=frozenset({0}))


def test_who_needs_room_waits_for_who_makes_it() -> None:
    full = site(
        two_disks(1, memory_bytes=300 * GIB, memory_used_bytes=300 * GIB),
        two_disks(2, host=host_ref(2), memory_bytes=300 * GIB, memory_used_bytes=300 * GIB),
        hosts=tuple(
            host(number, memory_used_bytes=300 * GIB * (number < 3), datastores=(datastore_ref(1), datastore_ref(2)))
            for number in (1, 2, 3)
        ),
    )

    plan = listed("vm,host,datastore\nvm1,host2,datastore2\nvm2,host3,datastore2\n", full)

    assert [(move.vm.name, move.wave, move.relies_on) for move in plan.moves] == [("vm2", 0, ()), ("vm1", 1, (0,))]
    assert plan.stuck == ()


def test_a_list_of_everything_keeps_windows_turns_and_lines() -> None:
    text = "vm,host,datastore,disk,window,priority\nvm1,host2,datastore2,2=:eager,22:00-05:00,2\nvm2,host2,,,,\n"

    plan = listed(text, site(two_disks(1), two_disks(2)), zone="Europe/Berlin", window="01:00-02:00")

    assert [(move.vm.name, move.window, move.priority, move.reason) for move in plan.moves] == [
        ("vm2", "01:00-02:00 Europe/Berlin", 0, "line 3 of moves.csv"),
        ("vm1", "22:00-05:00 Europe/Berlin", 2, "line 2 of moves.csv"),
    ]
    assert destinations(plan) == (
        "host2",
        "host2, configuration to datastore2, Hard disk 1 to datastore2, Hard disk 2 to datastore2 (eager)",
    )


def test_a_table_has_a_column_for_each_thing() -> None:
    (row,) = csv.DictReader(csv_text(planned()).splitlines())

    wanted = {
        "destination": "host2",
        "pool": "Gold",
        "vapp": "",
        "folder": "Web",
        "config": "datastore2",
        "disks": "Hard disk 1=datastore2|Hard disk 2=datastore2:eager",
        "networks": "Network adapter 1=network2",
        "encryption": "required",
        "vcenter_priority": "high",
    }
    assert {name: row[name] for name in wanted} == wanted


def test_plans_differ_by_where_files_go() -> None:
    other = planned(wishes=replace(ALL, networks=()))

    (change,) = changes_between(planned(), other, destinations)

    assert "Network adapter 1 to network2" in change.before[0]
    assert "Network adapter 1" not in change.after[0]
    assert changes_between(planned(), planned()) == ()


@pytest.mark.parametrize(
    "changes", [{"cordoned": ("host1",)}, {"placement": Placement.DRS}], ids=["cordon", "placement"]
)
def test_what_is_for_plans_of_hosts_alone_is_refused_and_not_passed_over(changes: Mapping[str, Any]) -> None:
    with pytest.raises(UsageProblem, match="is for plans that know hosts alone"):
        planned(**changes)


def test_a_policy_cannot_be_looked_up_in_a_snapshot() -> None:
    with pytest.raises(BadInput, match="a snapshot knows none"):
        planned(wishes=Wishes(policy="Gold"))


def changed(plan: PlanFile, **place: Any) -> PlanFile:
    (move,) = plan.moves
    assert move.place is not None
    return replace(plan, moves=(replace(move, place=replace(move.place, **place)),))


PLACE = planned().moves[0].place
assert PLACE is not None


@pytest.mark.parametrize(
    ("plan", "problem"),
    [
        pytest.param(changed(planned(), vapp=PLACE.pool), "names a pool and a vApp", id="pool and vApp"),
        pytest.param(changed(planned(), disks=PLACE.disks * 2), "disks names a device twice", id="disks"),
        pytest.param(changed(planned(), adapters=PLACE.adapters * 2), "adapters names a device twice", id="adapters"),
        pytest.param(changed(planned(), new_folder="a//b"), "new_folder is no path", id="folder"),
        pytest.param(
            replace(planned(), facts=replace(planned().facts, datastores=())), "lacks datastore2", id="no fact of store"
        ),
        pytest.param(
            replace(planned(), moves=(replace(planned().moves[0], place=None),) * 1, facts=planned().facts),
            "",
            id="hosts alone",
        ),
    ],
)
def test_a_plan_that_cannot_be_run_says_why(plan: PlanFile, problem: str) -> None:
    told = problems_of_plan(plan)

    assert any(problem in line for line in told) if problem else told == ()


def test_a_plan_without_where_its_vm_was_cannot_be_run() -> None:
    plan = planned()
    facts = replace(plan.facts, vms=tuple(replace(fact, place=None) for fact in plan.facts.vms))

    assert any("lacks where vm1" in line for line in problems_of_plan(replace(plan, facts=facts)))


def test_no_cell_of_a_table_is_a_formula() -> None:
    named = replace(site(), pools=(pool(1), pool(2, name="=1+1", owner=cluster(1).ref)))

    (row,) = csv.DictReader(csv_text(planned(named, replace(ALL, to_pool="=1+1"))).splitlines())

    assert row["pool"] == "'=1+1"


def test_the_document_of_a_plan_has_no_key_of_a_secret() -> None:
    assert "password" not in json.dumps(plan_document(planned())).lower()


def test_a_playbook_is_told_what_goes_where() -> None:
    (result,) = plan_file_results(planned())

    assert (result["state"], result["changed"]) == ("planned", True)
    assert (result["source"]["host"], result["destination"]["host"]) == ("host1", "host2")
    assert result["destination"]["pool"] == "Gold"
    assert result["source"]["disks"] == {"Hard disk 1": "datastore1", "Hard disk 2": "datastore1"}
    assert result["destination"]["disks"] == {"Hard disk 1": "datastore2", "Hard disk 2": "datastore2"}
    assert "Network adapter 1 to network2" in result["message"]


def test_in_a_cluster_a_host_is_chosen_and_who_is_in_it_stays_on_its_own() -> None:
    far = {"compute_resource": cluster(2).ref, "path": "/DC0/host/cluster2/host3"}
    stores = {"datastores": (datastore_ref(1), datastore_ref(2))}
    hosts = (host(1, memory_used_bytes=400 * GIB, **stores), host(2, **stores), host(3, **far, **stores))
    seen = site(
        two_disks(1),
        two_disks(2, host=host_ref(3), pool=pool_ref(3)),
        hosts=hosts,
        clusters=(cluster(1), cluster(2)),
        pools=(pool(1), pool(3, owner=cluster(2).ref)),
    )

    plan = planned(seen, Wishes(to_datastore="datastore2"), words=("vm1", "vm2"), to_host=None, to_cluster="cluster1")

    assert plan.stuck == ()
    assert destinations(plan) == ("files to datastore2", "host2, files to datastore2")
    assert make_plan_file(seen, request_of(PlanKind.MIGRATE, plan.choices)) == plan


def test_what_is_kept_free_for_failed_hosts_is_kept_unless_it_may_be_used() -> None:
    kept = HaAdmission(enabled=True, memory_percent=90, cpu_percent=1)
    seen = site(two_disks(1, memory_bytes=200 * GIB), clusters=(cluster(1, ha_enabled=True, ha_admission=kept),))
    files = Wishes(to_datastore="datastore2")

    (stuck,) = planned(seen, files, skip_checks=("cluster.ha",)).stuck

    assert stuck.note.endswith("what vSphere HA keeps free for failed hosts (--use-ha-reserve)")
    free = planned(seen, files, skip_checks=("cluster.ha",), keeps_ha_reserve=False)
    assert [move.vm.name for move in free.moves] == ["vm1"]


def test_a_vm_that_is_too_large_for_its_host_is_stuck_with_the_words_of_the_check() -> None:
    (stuck,) = planned(site(two_disks(1, memory_bytes=900 * GIB)), Wishes(to_datastore="datastore2")).stuck

    assert any("[memory.admission]" in one.reason for one in stuck.reasons)


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_of_a_place_reaches_no_output_as_it_is(name: str) -> None:
    pools = (pool(1), pool(2, name=name, owner=cluster(1).ref))
    stores = (datastore(1), datastore(2, name=name))
    seen = site(pools=pools, datastores=stores)
    wishes = replace(ALL, to_pool="moid:resgroup-2", to_datastore="moid:datastore-2")

    plan = planned(seen, wishes)

    told = "\n".join([*plan_file_lines(plan), *change_lines(changes_between(plan, planned(), destinations))])
    assert obeyed(told) == []
    assert obeyed(csv_text(plan)) == []
    (row,) = csv.DictReader(io.StringIO(csv_text(plan), newline=""))
    assert row["pool"][:1] not in {"=", "+", "-", "@", "\t", "\r"}
    assert obeyed(json_text(plan_document(plan), indent=2)) == []
