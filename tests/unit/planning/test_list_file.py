"""List files to moves, on one snapshot."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import build
from vsphere_motion.errors import BadInput
from vsphere_motion.model.inventory import ConnectionState, Inventory
from vsphere_motion.model.move import Change, DiskFormat
from vsphere_motion.model.request import Wishes
from vsphere_motion.planning.list_file import ForAll, ListedMoves, resolve_list
from vsphere_motion.planning.list_text import read_csv
from vsphere_motion.planning.names import composed

GIB = build.GIB


def full_host(number: int, used_gib: int = 63, **changes: Any) -> Any:
    return build.host(number, memory_bytes=64 * GIB, memory_used_bytes=used_gib * GIB, **changes)


def big_vm(number: int, host: int, gib: int = 40) -> Any:
    return build.vm(number, host=build.host_ref(host), memory_bytes=gib * GIB, memory_used_bytes=gib * GIB)


SITE = build.site(
    others=(
        build.vm(2),
        build.vm(3, host=build.host_ref(2)),
        build.vm(4, name="twin", path="/DC0/vm/a/twin"),
        build.vm(5, name="twin", path="/DC0/vm/b/twin"),
        build.vm(6, name="golden", is_template=True),
        build.vm(7, name="lost", host=None),
    )
)


def listed(text: str, site: Inventory = SITE, **more: Any) -> ListedMoves:
    for_all = ForAll(**{name: more.pop(name) for name in ("to_host", "wishes") if name in more})
    return resolve_list(site, read_csv(text, "list.csv"), for_all, **more)


def pairs(found: ListedMoves) -> list[tuple[str, str]]:
    return [(move.vm.name, move.destination.host.name if move.destination.host else "-") for move in found.moves]


def test_each_line_has_a_destination_of_its_own() -> None:
    found = listed("vm,host\nvm1,host2\nvm2,host3\n/DC0/vm/b/twin,moid:host-2\n")
    assert pairs(found) == [("vm1", "host2"), ("vm2", "host3"), ("twin", "host2")]


def test_smaller_priorities_start_first_and_equal_ones_as_the_file_has_them() -> None:
    found = listed("vm,host,priority\nvm1,host2,5\nvm2,host3,\nvm3,host3,-1\nmoid:vm-4,host2,\n")
    assert [move.vm.moid for move in found.moves] == ["vm-3", "vm-2", "vm-4", "vm-1"]


def test_a_line_without_a_destination_takes_the_one_of_all() -> None:
    assert pairs(listed("vm,host\nvm1,\nvm2,host3\n", to_host="host2")) == [("vm1", "host2"), ("vm2", "host3")]


def test_windows_stay_with_their_moves() -> None:
    found = listed("vm,host,window,priority\nvm1,host2,22:00-05:00,2\nvm2,host2,,1\n")
    assert (pairs(found)[0][0], found.windows) == ("vm2", ("", "22:00-05:00"))


def test_what_is_excluded_stays_out_and_is_counted() -> None:
    found = listed("vm,host\nvm*,host2\n", exclude=("vm1",))
    assert ([move.vm.name for move in found.moves], found.selected.excluded) == (["vm2", "vm3"], 1)


def test_a_cluster_gives_a_vm_the_host_with_most_memory_left() -> None:
    hosts = (
        full_host(1),
        full_host(2),
        full_host(3, 10, compute_resource=build.cluster_ref(2)),
        full_host(4, 20, compute_resource=build.cluster_ref(2)),
        full_host(5, 0, compute_resource=build.cluster_ref(2), in_maintenance_mode=True),
        full_host(6, 0, compute_resource=build.cluster_ref(2), connection_state=ConnectionState.DISCONNECTED),
    )
    vms = (big_vm(1, 1, 20), big_vm(2, 1, 20), big_vm(3, 4, 20))
    found = listed("vm,cluster\nvm1,cluster2\nvm2,cluster2\nvm3,cluster2\n", build.inventory(vms=vms, hosts=hosts))
    assert pairs(found) == [("vm1", "host3"), ("vm2", "host4"), ("vm3", "host4")]


def test_every_problem_is_told_at_once_with_its_line() -> None:
    text = (
        "vm,host,cluster,datastore,pool,folder,window,priority,colour\n"
        "nobody,host2,,,,,,,\n"
        "twin,host2,,,,,,,\n"
        "vm1,host9,,,,,,,\n"
        "vm1,host2,,,,,,,\n"
        "vm2,host2,cluster1,,,,,,\n"
        "golden,host2,,,,,,,\n"
        "lost,host2,,,,,,,\n"
        "vm3,,,,,,,,\n"
        "moid:vm-4,host2,,san,Gold,web,05:00-05:00,x,\n"
        "moid:vm-5,,cluster9,,,,22-5,,\n"
    )
    with pytest.raises(BadInput) as caught:
        listed(text, exclude=("nothing*",))
    told = caught.value.details
    assert caught.value.message == f"list.csv cannot be used: {len(told)} problems. Nothing was changed."
    expected = [
        (0, "--exclude nothing*: no virtual machine matches"),
        (1, "no column is called colour"),
        (2, "no virtual machine is called nobody"),
        (3, "2 virtual machines are called twin; /DC0/vm/a/twin on host1 (moid:vm-4); /DC0/vm/b/twin on host1"),
        (4, "no host is called host9"),
        (5, "vm1 (vm-1) is named on line 4 already"),
        (6, "it names a host and a cluster"),
        (8, "is on no host"),
        (9, "it names no destination"),
        (10, "the priority x is no whole number"),
        (10, "the window 05:00-05:00 never opens"),
        (10, "no folder is called web"),
        (10, "no resource pool is called Gold"),
        (10, "no datastore is called san"),
        (11, "22-5 is no window"),
        (11, "no cluster is called cluster9"),
    ]
    assert len(told) == len(expected)
    for line, (number, words) in zip(told, expected, strict=True):
        assert line.startswith(f"list.csv line {number}: " if number else "--exclude"), line
        assert words in line


def test_a_swap_between_full_hosts_is_refused_where_no_third_host_has_room() -> None:
    site = build.inventory(vms=(big_vm(1, 1), big_vm(2, 2)), hosts=(full_host(1), full_host(2)))
    with pytest.raises(BadInput) as caught:
        listed("vm,host\nvm1,host2\nvm2,host1\n", site)
    assert [line.split(":")[0] for line in caught.value.details] == ["list.csv line 2", "list.csv line 3"]
    assert "no third host has room for a detour" in caught.value.details[0]


@pytest.mark.parametrize(
    "site",
    [
        pytest.param(
            build.inventory(vms=(big_vm(1, 1), big_vm(2, 2)), hosts=(full_host(1), full_host(2), full_host(3, 0))),
            id="a third host with room",
        ),
        pytest.param(
            build.inventory(vms=(big_vm(1, 1, 4), big_vm(2, 2, 4)), hosts=(full_host(1, 10), full_host(2, 10))),
            id="hosts with room for both",
        ),
    ],
)
def test_a_swap_that_has_an_order_is_none_to_refuse(site: Inventory) -> None:
    assert pairs(listed("vm,host\nvm1,host2\nvm2,host1\n", site)) == [("vm1", "host2"), ("vm2", "host1")]


def test_fifty_thousand_lines_with_an_error_each_are_read_in_seconds() -> None:
    site = build.site(others=tuple(build.vm(n) for n in range(2, 5000)))
    text = "vm,host\n" + "".join(f"ghost{n},host{n}\n" for n in range(50_000))
    before_s = time.process_time()
    with pytest.raises(BadInput) as caught:
        listed(text, site)
    assert len(caught.value.details) > 50_000
    assert time.process_time() - before_s < 30


NAMES = st.text(alphabet="ab/%2f5\u00e9e\u0301.* ", min_size=1, max_size=5).filter(str.strip)


@given(
    names=st.lists(NAMES, min_size=1, max_size=6), wanted=st.integers(0, 5), host=st.sampled_from(["host1", "host2"])
)
@settings(max_examples=150, deadline=None)
def test_no_line_ever_moves_another_vm_than_the_one_it_names(names: list[str], wanted: int, host: str) -> None:
    site = build.inventory(vms=tuple(build.vm(n, name=name, path=None) for n, name in enumerate(names, 1)))
    named = names[wanted % len(names)]
    cell = named.strip().replace('"', '""')
    try:
        found = listed(f'vm,host\n"{cell}",{host}\n', site)
    except BadInput:
        return
    if any(sign in cell for sign in "*?["):
        return
    assert len(found.moves) == 1
    (move,) = found.moves
    assert move.destination.host is not None
    assert move.destination.host.name == host
    same = {cell, cell.replace("%2f", "/").replace("%25", "%").replace("%5c", "\\")}
    assert composed(move.vm.name) in {composed(word) for word in same} or "%" in cell


def test_a_line_says_more_than_a_host() -> None:
    site = replace(
        SITE,
        datastores=(build.datastore(1), build.datastore(2)),
        networks=(build.network(1), build.network(2)),
    )
    text = (
        "vm;to_host;datastore;disk;format;network\n"
        "vm1;host2;datastore2;;;\n"
        "vm2;;;1=datastore2:thin;;network1=network2|Network adapter 1=network2\n"
        "vm3;host3;;;thin;\n"
    )
    moves = {move.vm.name: move for move in listed(text, site).moves}
    assert moves["vm1"].changes == {Change.HOST, Change.STORAGE}
    assert moves["vm2"].changes == {Change.STORAGE, Change.NETWORK}
    assert moves["vm2"].destination.disks[0].format is DiskFormat.THIN
    assert moves["vm3"].changes == {Change.HOST, Change.POOL, Change.STORAGE}
    assert moves["vm3"].destination.config == moves["vm3"].source.config


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("vm1,1,,,,", "1 is not of the form N=[DATASTORE][:FORMAT]"),
        ("vm1,1=datastore1|1=:thin,,,,", "disk 1 is named twice"),
        ("vm1,,network1,,,", "network1 is not of the form OLD=NEW"),
        ("vm1,,network1=network9,,,", "no network is called network9"),
        ("vm1,,,thinn,,", "the format thinn is none of thin, thick, eager"),
        ("vm1,,,,Gold,shop", "it names a pool and a vApp"),
        ("vm1,,nothing=network1,,,", "no network is called nothing"),
    ],
)
def test_what_a_line_says_is_used_or_complained_about(line: str, told: str) -> None:
    with pytest.raises(BadInput) as caught:
        listed(f"vm,disk,network,format,pool,vapp\n{line}\n")
    assert told in caught.value.details[0]
    assert "line 2" in caught.value.details[0]


def test_a_network_that_no_machine_of_the_line_is_on_is_a_problem_of_that_line() -> None:
    site = replace(SITE, networks=(build.network(1), build.network(2), build.network(3)))
    with pytest.raises(BadInput) as caught:
        listed("vm,network\nvm1,network1=network2\nvm2,network2=network3\n", site)
    assert [line.partition(":")[0] for line in caught.value.details] == ["list.csv line 3"]


def test_what_is_said_for_all_lines_is_for_those_that_say_nothing() -> None:
    site = replace(SITE, datastores=(build.datastore(1), build.datastore(2), build.datastore(3)))
    text = "vm,datastore\nvm1,\nvm2,datastore3\n"
    found = listed(text, site, wishes=Wishes(to_datastore="datastore2"))
    assert [move.destination.config.name for move in found.moves if move.destination.config] == [
        "datastore2",
        "datastore3",
    ]


def test_two_columns_without_a_header_are_a_vm_and_its_destination() -> None:
    site = replace(SITE, datastores=(build.datastore(1), build.datastore(2)))
    found = listed("vm1;host2\nvm2;cluster1\nvm3;datastore2\n", site)
    assert [move.destination.host.name for move in found.moves if move.destination.host] == ["host2", "host1", "host2"]
    assert found.moves[2].changes == {Change.STORAGE}
    with pytest.raises(BadInput) as caught:
        listed("vm1,host2\nvm2,nowhere\n", site)
    assert "no datastore is called nowhere" in caught.value.details[0]


VINFO = "VM,Powerstate,Template,Host,Cluster,Datacenter,Folder,VM UUID,{more}\n"
UUID = build.vm(1).instance_uuid


def test_an_export_of_rvtools_moves_vms_to_the_host_that_somebody_wrote_there() -> None:
    found = listed(VINFO.format(more="CPUs") + f"a name,poweredOn,False,host2,anything,DC0,web,{UUID},4\n")
    assert pairs(found) == [("vm1", "host2")]
    nameless = listed(VINFO.format(more="CPUs") + "vm1,poweredOn,False,host2,anything,DC0,web,,4\n")
    assert pairs(nameless) == [("vm1", "host2")]


def test_columns_that_say_where_to_come_before_those_that_say_where_it_is() -> None:
    site = replace(SITE, datastores=(build.datastore(1), build.datastore(2)))
    text = VINFO.format(more="To Datastore,To host") + f"x,poweredOn,False,host1,,,,{UUID},datastore2,\n"
    (move,) = listed(text, site).moves
    assert move.changes == {Change.STORAGE}
    with pytest.raises(BadInput) as caught:
        listed(VINFO.format(more="To datastor") + f"x,poweredOn,False,host1,,,,{UUID},datastore2\n", site)
    assert "no column is called to datastor; did you mean datastore?" in caught.value.details[0]
