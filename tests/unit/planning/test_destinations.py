"""What a person asks for beside the host, word by word, against one snapshot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests import build
from tests.build import GIB
from vsphere_motion.errors import Ambiguous, BadInput, NotFound, UsageProblem
from vsphere_motion.model.inventory import (
    Container,
    Datastore,
    DatastoreCluster,
    Device,
    Inventory,
    Network,
    Vm,
)
from vsphere_motion.model.move import Change, DiskFormat, Encryption, Move, Priority, StoragePolicy
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.request import DiskWish, NetworkWish, Wishes
from vsphere_motion.planning.destinations import Destinations, from_here

POD = MoRef(kind="StoragePod", moid="group-p1")
POLICY = StoragePolicy(id="p-1", name="Gold")
RDM = build.disk(3, rdm_mode="physicalMode", lun="lun-1")


def folder(moid: str, path: str, parent: str, **changes: Any) -> Container:
    parent_kind = "Datacenter" if parent.startswith("datacenter") else "Folder"
    given = {"ref": MoRef(kind="Folder", moid=moid), "name": path.rpartition("/")[2], "path": path, "holds_vms": True}
    return Container(**given | {"parent": MoRef(kind=parent_kind, moid=parent)} | changes)


def datacenter(number: int) -> Container:
    name = f"DC{number}"
    return Container(ref=MoRef(kind="Datacenter", moid=f"datacenter-{number}"), name=name, path=f"/{name}")


def store(number: int, **changes: Any) -> Datastore:
    return build.datastore(number, path=f"/DC0/datastore/datastore{number}", **changes)


def a_vm(**changes: Any) -> Vm:
    return build.vm(devices=(build.disk(1), build.disk(2), build.nic(1), build.nic(2)), **changes)


def site(vm: Vm | None = None, **changes: Any) -> Inventory:
    """DC0 with cluster1 and cluster2, DC1 with host4; datastores 1 to 4, of which 3 and 4 form a cluster."""
    stores = (store(1), store(2), store(3, parent=POD), store(4, parent=POD, free_bytes=1024 * GIB))
    refs = tuple(one.ref for one in stores)
    networks = (
        build.network(1),
        build.network(2),
        Network(
            ref=build.portgroup_ref(3),
            name="switched",
            path="/DC0/network/switched",
            portgroup_key="dvportgroup-3",
            switch_uuid="50 1c",
        ),
        Network(ref=build.portgroup_ref(9), name="uplinks", is_uplink=True),
    )
    nets = tuple(one.ref for one in networks)
    hosts = tuple(
        build.host(number, datastores=refs, networks=nets, **extra)
        for number, extra in (
            (1, {}),
            (2, {}),
            (3, {"compute_resource": build.cluster_ref(2), "path": "/DC0/host/cluster2/host3"}),
            (4, {"compute_resource": build.cluster_ref(3), "path": "/DC1/host/cluster3/host4"}),
        )
    )
    given: dict[str, Any] = {
        "vms": (vm or a_vm(),),
        "hosts": hosts,
        "clusters": (build.cluster(1), build.cluster(2), build.cluster(3, hosts=(build.host_ref(4),))),
        "pools": (
            build.pool(1),
            build.pool(2),
            build.pool(3),
            build.pool(4, name="Gold", owner=build.cluster_ref(1), path="/DC0/host/cluster1/Resources/Gold"),
            build.pool(5, name="Gold", owner=build.cluster_ref(2), path="/DC0/host/cluster2/Resources/Gold"),
            build.pool(6, name="Lead", owner=build.cluster_ref(2)),
            replace(build.pool(7, name="shop", owner=build.cluster_ref(1)), ref=MoRef(kind="VirtualApp", moid="v-7")),
        ),
        "containers": (
            datacenter(0),
            datacenter(1),
            folder("group-v1", "/DC0/vm", "datacenter-0"),
            folder("group-v2", "/DC0/vm/Web", "group-v1"),
            folder("group-v3", "/DC1/vm", "datacenter-1"),
            folder("group-v4", "/DC1/vm/Far", "group-v3"),
            folder("group-h1", "/DC0/host", "datacenter-0", holds_vms=False),
        ),
        "datastores": stores,
        "datastore_clusters": (DatastoreCluster(ref=POD, name="pod", path="/DC0/datastore/pod", sdrs_enabled=True),),
        "networks": networks,
    }
    return build.inventory(**given | changes)


def moved(
    to_host: str = "", where: Inventory | None = None, policy: StoragePolicy | None = None, **wishes: Any
) -> Move:
    """The one move, or its first problem."""
    seen = where or site()
    destinations = Destinations(seen, to_host, Wishes(**wishes), policy)
    moves = destinations.moves(seen.vms)
    if destinations.problems:
        raise destinations.problems[0]
    return moves[0]


def test_what_is_not_named_stays() -> None:
    move = moved("host1")
    assert move.is_noop
    assert (move.destination.disks, move.destination.nics, move.destination.config) == ((), (), None)


def test_without_any_place_the_vm_stays_on_its_host() -> None:
    assert moved(priority=Priority.HIGH).is_noop
    assert moved(priority=Priority.HIGH).manner.priority is Priority.HIGH
    with pytest.raises(BadInput, match="the host of vm1 could not be read"):
        moved(where=site(a_vm(host=None)))


# -- host, pool, folder -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wishes", "host", "pool"),
    [
        pytest.param({"to_pool": "Gold"}, "host1", None, id="two pools"),
        pytest.param({"to_pool": "cluster1/Resources/Gold"}, "host1", "resgroup-4", id="the VM's own cluster"),
        pytest.param({"to_pool": "/DC0/host/cluster2/Resources/Gold"}, "host3", "resgroup-5", id="another cluster"),
        pytest.param({"to_pool": "moid:resgroup-6"}, "host3", "resgroup-6", id="by moid"),
        pytest.param({"to_pool": "Gold", "to_host": "host3"}, "host3", "resgroup-5", id="the host says which"),
        pytest.param({"to_vapp": "shop"}, "host1", "v-7", id="vApp"),
        pytest.param({"to_cluster": "cluster2"}, "host3", "resgroup-2", id="cluster"),
        pytest.param({"to_cluster": "cluster1"}, "host1", "resgroup-1", id="the cluster it is in"),
        pytest.param({"to_datacenter": "DC0", "to_host": "host2"}, "host2", "resgroup-1", id="datacenter"),
        pytest.param({"to_cluster": "cluster1", "to_host": "host2"}, "host2", "resgroup-1", id="host of the cluster"),
    ],
)
def test_a_pool_and_a_host_belong_together(wishes: dict[str, Any], host: str, pool: str | None) -> None:
    to_host = wishes.pop("to_host", "")
    if pool is None:
        with pytest.raises(Ambiguous, match="2 resource pools are called Gold"):
            moved(to_host, **wishes)
        return
    move = moved(to_host, **wishes)
    assert move.destination.host is not None
    assert move.destination.pool is not None
    assert (move.destination.host.name, move.destination.pool.moid) == (host, pool)


@pytest.mark.parametrize(
    ("to_host", "wishes", "kind", "words"),
    [
        ("host3", {"to_pool": "cluster1/Resources/Gold"}, BadInput, "belongs to cluster1, and host3 is in cluster2"),
        ("", {"to_pool": "Bronze"}, NotFound, "no resource pool is called Bronze"),
        ("", {"to_pool": "shop"}, NotFound, "shop is a vApp, not a resource pool"),
        ("", {"to_vapp": "Lead"}, NotFound, "Lead is a resource pool, not a vApp"),
        ("", {"to_cluster": "cluster9"}, NotFound, "no cluster is called cluster9"),
        ("host3", {"to_cluster": "cluster1"}, BadInput, "host3 is not in the cluster cluster1"),
        ("host1", {"to_datacenter": "DC1"}, BadInput, "is not in the datacenter DC1"),
        ("host1", {"to_datacenter": "DC9"}, NotFound, "no datacenter is called DC9"),
        ("", {"to_datacenter": "DC1", "to_cluster": "cluster2"}, BadInput, "is not in the datacenter DC1"),
    ],
)
def test_places_that_cannot_be_used(to_host: str, wishes: dict[str, Any], kind: type[UsageProblem], words: str) -> None:
    with pytest.raises(kind, match=words):
        moved(to_host, **wishes)


def test_a_cluster_without_an_open_host_takes_nothing() -> None:
    closed = tuple(replace(host, in_maintenance_mode=True) for host in site().hosts)
    with pytest.raises(BadInput, match="no host of cluster2 takes virtual machines now"):
        moved(where=site(hosts=closed), to_cluster="cluster2")


@pytest.mark.parametrize(
    ("to_host", "wishes", "folder_moid", "new"),
    [
        pytest.param("", {"to_folder": "Web"}, "group-v2", "", id="by name"),
        pytest.param("", {"to_folder": "vm/Web"}, "group-v2", "", id="by a part of its path"),
        pytest.param("", {"to_folder": "/DC0/vm/Web"}, "group-v2", "", id="by its path"),
        pytest.param("", {"to_folder": "Web/A/B", "create_folder": True}, "group-v2", "A/B", id="new below another"),
        pytest.param("", {"to_folder": "/DC0/vm/C", "create_folder": True}, "group-v1", "C", id="new by a path"),
        pytest.param("host4", {}, "group-v3", "", id="another datacenter has a topmost folder of its own"),
        pytest.param("host4", {"to_folder": "Far"}, "group-v4", "", id="a folder of that datacenter"),
    ],
)
def test_a_folder_is_of_the_datacenter_where_the_vm_goes(
    to_host: str, wishes: dict[str, Any], folder_moid: str, new: str
) -> None:
    move = moved(to_host, **wishes)
    assert move.destination.folder is not None
    assert (move.destination.folder.moid, move.destination.new_folder) == (folder_moid, new)
    assert Change.FOLDER in move.changes


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"to_folder": "Wib"}, "no folder is called Wib"),
        ({"to_folder": "Far"}, "is in another datacenter than the destination, DC0"),
        ({"to_folder": "A//B", "create_folder": True}, "a step of it is empty"),
        ({"to_folder": "/DC1/vm/A", "create_folder": True}, "is no path in the datacenter DC0"),
        ({"to_folder": "moid:group-v99", "create_folder": True}, "no folder is called moid:group-v99"),
    ],
)
def test_folders_that_cannot_be_used(wishes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageProblem, match=words):
        moved(**wishes)


def test_folders_that_were_not_read_are_not_guessed() -> None:
    known = tuple(replace(one, holds_vms=None) for one in site().containers)
    with pytest.raises(BadInput, match="the folders of the datacenter DC1 could not be read"):
        moved("host4", where=site(containers=known))
    unread = moved("host2", where=site(a_vm(folder=None), containers=()))
    assert unread.destination.folder is None


# -- files ------------------------------------------------------------------------------------------------------------


def places(move: Move) -> list[str]:
    """Where the configuration and each disk go."""
    named = [move.destination.config, *(disk.datastore for disk in move.destination.disks)]
    return [one.name if one else "?" for one in named]


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        pytest.param({"to_datastore": "datastore2"}, ["datastore2"] * 3, id="all files"),
        pytest.param({"to_datastore": "/DC0/datastore/datastore2"}, ["datastore2"] * 3, id="by path"),
        pytest.param(
            {"to_datastore": "datastore2", "to_config": "datastore3"},
            ["datastore3", "datastore2", "datastore2"],
            id="configuration apart",
        ),
        pytest.param(
            {"disks": (DiskWish(disk="2", datastore="datastore2"),)},
            ["datastore1", "datastore1", "datastore2"],
            id="one disk by its number",
        ),
        pytest.param(
            {"disks": (DiskWish(disk="Hard disk 1", datastore="datastore2"),), "to_datastore": "datastore3"},
            ["datastore3", "datastore2", "datastore3"],
            id="one disk by its label beside the rest",
        ),
        pytest.param({"to_datastore": "pod"}, ["datastore3"] * 3, id="the member with most room"),
    ],
)
def test_every_file_has_its_place(wishes: dict[str, Any], expected: list[str]) -> None:
    assert places(moved(**wishes)) == expected


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"to_datastore": "datastore9"}, "no datastore is called datastore9"),
        ({"to_config": "pood"}, "no datastore is called pood"),
        ({"disks": (DiskWish(disk="3", datastore="datastore2"),)}, "vm1 has no disk 3"),
        ({"disks": (DiskWish(disk="1", datastore="dataztore2"),)}, "no datastore is called dataztore2"),
    ],
)
def test_a_misspelt_word_about_files_is_an_error(wishes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageProblem, match=words):
        moved(**wishes)


def test_a_half_moved_vm_has_only_its_rest_to_go() -> None:
    half = a_vm()
    devices = (build.disk(1, datastore=build.datastore_ref(2)), build.disk(2), build.nic())
    move = moved(where=site(replace(half, devices=devices)), to_datastore="datastore2")
    assert move.changes == {Change.STORAGE}
    assert [disk.label for disk in move.destination.disks if disk != move.source.disk(disk.key)] == ["Hard disk 2"]


def test_what_is_in_place_is_no_move() -> None:
    assert moved(to_datastore="datastore1").is_noop
    assert moved(disks=(DiskWish(disk="1", datastore="datastore1"),)).is_noop


def test_a_format_is_of_every_virtual_disk_and_of_no_mapping() -> None:
    vm = a_vm()
    thin = replace(vm, devices=(build.disk(1, disk_format=DiskFormat.THIN), build.disk(2), RDM))
    move = moved(where=site(thin), format=DiskFormat.THIN, policy=None)
    assert [disk.format for disk in move.destination.disks] == [DiskFormat.THIN, DiskFormat.THIN, None]
    assert move.changes == {Change.STORAGE}  # what format the second disk has is not known
    with pytest.raises(BadInput, match="is a raw device mapping, which has no format"):
        moved(where=site(thin), disks=(DiskWish(disk="3", format=DiskFormat.THIN),))


def test_a_policy_is_asked_for_where_it_is_another() -> None:
    move = moved(policy=POLICY, to_datastore="datastore1", where=site(replace(a_vm(), devices=(build.disk(1), RDM))))
    assert move.destination.config_policy == POLICY
    assert [disk.policy for disk in move.destination.disks] == [POLICY, None]
    assert move.changes == {Change.STORAGE}


def test_a_policy_alone_is_a_wish_about_files() -> None:
    seen = site()
    (move,) = Destinations(seen, "", Wishes(policy="Gold"), POLICY).moves(seen.vms)
    assert move.changes == {Change.STORAGE}
    known = replace(
        move.source,
        config_policy=POLICY,
        disks=tuple(replace(disk, policy=POLICY) for disk in move.source.disks),
    )
    assert replace(move, source=known).is_noop


@pytest.mark.parametrize("unread", [{"devices": None}, {"vmx_path": None}], ids=["disks", "configuration"])
def test_files_that_were_not_read_are_not_moved(unread: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="where the files of vm1 are could not be read"):
        moved(where=site(replace(a_vm(), **unread)), to_datastore="datastore2")


def test_members_of_a_cluster_of_datastores_that_hold_files_already_take_the_rest() -> None:
    devices = (build.disk(1, datastore=build.datastore_ref(4)), build.disk(2))
    vm = replace(a_vm(), devices=devices, datastores=(build.datastore_ref(1), build.datastore_ref(4)))
    assert places(moved(where=site(vm), to_datastore="pod")) == ["datastore4"] * 3


def test_a_cluster_of_datastores_that_holds_everything_changes_nothing() -> None:
    devices = (build.disk(1, datastore=build.datastore_ref(4)), build.disk(2, datastore=build.datastore_ref(3)))
    vm = replace(
        a_vm(),
        devices=devices,
        vmx_path="[datastore3] a/a.vmx",
        datastores=(build.datastore_ref(3), build.datastore_ref(4)),
    )
    assert moved(where=site(vm), to_datastore="pod").is_noop


def test_what_one_vm_takes_of_a_cluster_of_datastores_is_not_there_for_the_next() -> None:
    vms = tuple(replace(build.vm(number), committed_bytes=600 * GIB, uncommitted_bytes=0) for number in (1, 2, 3))
    stores = (store(1), store(3, parent=POD, free_bytes=1300 * GIB), store(4, parent=POD, free_bytes=1000 * GIB))
    seen = site(vms=vms, datastores=stores)
    moves = Destinations(seen, "", Wishes(to_datastore="pod")).moves(vms)
    assert [places(move)[0] for move in moves] == ["datastore3", "datastore4", "datastore3"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mounts": ()}, "it is not mounted on host1"),
        ({"mounts": (build.mount(1, mounted=False),)}, "it is not mounted on host1"),
        ({"mounts": (build.mount(1, accessible=False),)}, "it is not accessible from host1"),
        ({"mounts": (build.mount(1, accessible=None),), "accessible": False}, "it is not accessible from host1"),
        ({"mounts": (build.mount(1, access_mode="readOnly"),)}, "it is mounted read-only on host1"),
        ({"maintenance_mode": "inMaintenance"}, "it is in inMaintenance"),
        ({"free_bytes": None}, "could not be read"),
        ({"free_bytes": GIB}, "it has 1024 MiB free, and 40960 MiB come"),
    ],
)
def test_why_no_member_of_a_cluster_of_datastores_is_taken(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match="no datastore of pod can take the files of vm1 on host1") as caught:
        moved(where=site(datastores=(store(1), store(3, parent=POD, **changes))), to_datastore="pod")
    assert words in caught.value.details[0]


# -- networks ---------------------------------------------------------------------------------------------------------


def networks(move: Move) -> list[str]:
    return [nic.network.name if nic.network else "?" for nic in move.destination.nics]


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        pytest.param([("network1", "network2")], ["network2", "network2"], id="all adapters on a network"),
        pytest.param([("Network adapter 2", "switched")], ["network1", "switched"], id="one adapter by its label"),
        pytest.param(
            [("Network adapter 2", "switched"), ("network1", "network2")],
            ["network2", "switched"],
            id="first counts",
        ),
        pytest.param(
            [("network1", "network2"), ("Network adapter 2", "switched")],
            ["network2", "switched"],
            id="a label counts first wherever it stands",
        ),
        pytest.param([("network2", "network1")], ["network1", "network1"], id="fulfilled already"),
    ],
)
def test_adapters_go_where_they_were_told(wishes: list[tuple[str, str]], expected: list[str]) -> None:
    move = moved(networks=tuple(NetworkWish(old=old, new=new) for old, new in wishes))
    assert networks(move) == expected
    assert move.is_noop == (expected == ["network1", "network1"])


def test_a_distributed_network_brings_its_switch() -> None:
    move = moved(networks=(NetworkWish(old="network1", new="switched"),))
    backing = move.destination.nics[0].backing
    assert (backing.portgroup_key, backing.switch_uuid) == ("dvportgroup-3", "50 1c")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("network8", "network2", "no network is called network8"),
        ("network1", "network8", "no network is called network8"),
        ("network1", "uplinks", "no network is called uplinks"),
        ("network2", "switched", "no adapter of these virtual machines is on network2"),
        ("Network adapter 7", "switched", "no network is called Network adapter 7"),
    ],
)
def test_a_pair_of_networks_that_fits_nothing_is_an_error(old: str, new: str, words: str) -> None:
    with pytest.raises(UsageProblem, match=words):
        moved(networks=(NetworkWish(old=old, new=new),))


def test_adapters_that_were_not_read_are_not_attached_anew() -> None:
    with pytest.raises(BadInput, match="the network adapters of vm1 could not be read"):
        moved(where=site(replace(a_vm(), devices=None)), networks=(NetworkWish(old="network1", new="network2"),))


def test_pairs_that_follow_each_other_are_refused_because_twice_would_be_further() -> None:
    chain = (NetworkWish(old="network1", new="network2"), NetworkWish(old="network2", new="switched"))
    with pytest.raises(BadInput, match="network1=network2 leads to where network2=switched begins"):
        moved(networks=chain)


def test_a_network_of_the_same_name_takes_the_place_of_one_that_the_host_lacks() -> None:
    namesake = build.network(7, name="network1")
    seen = site(networks=(build.network(1), namesake))
    hosts = tuple(
        replace(host, networks=(namesake.ref,) if host.name == "host2" else host.networks) for host in seen.hosts
    )
    move = moved("host2", where=replace(seen, hosts=hosts))
    assert [nic.network.moid for nic in move.destination.nics if nic.network] == ["network-7", "network-7"]
    assert moved("host1", where=replace(seen, hosts=hosts)).destination.nics == ()


def test_an_adapter_on_no_known_network_stays_as_it_is() -> None:
    vm = replace(a_vm(), devices=(build.nic(1, network=None), build.nic(2)))
    move = moved(where=site(vm), networks=(NetworkWish(old="network1", new="network2"),))
    assert networks(move) == ["?", "network2"]


# -- later ------------------------------------------------------------------------------------------------------------


def test_encryption_is_a_setting_and_no_move() -> None:
    move = moved(encryption=Encryption.REQUIRED)
    assert (move.source.encryption, move.destination.encryption) == (Encryption.OPPORTUNISTIC, Encryption.REQUIRED)
    assert move.is_noop


def test_a_template_is_known_as_one() -> None:
    assert moved("host2", where=site(a_vm(is_template=True))).manner.is_template


def test_a_move_goes_on_from_where_the_vm_is_now_and_undoes_nothing() -> None:
    """One disk has arrived; somebody has moved the other, which was to stay: the move leaves that alone."""
    wishes: dict[str, Any] = {
        "disks": (DiskWish(disk="1", datastore="datastore2"),),
        "networks": (NetworkWish(old="Network adapter 1", new="network2"),),
    }
    move = moved(**wishes)
    arrived: tuple[Device, ...] = (
        build.disk(1, datastore=build.datastore_ref(2)),
        build.disk(2, datastore=build.datastore_ref(4)),
        build.nic(1, network=build.network_ref(2)),
        build.nic(2, network=build.portgroup_ref(3)),
    )
    assert not from_here(site(), move).is_noop
    assert from_here(site(replace(a_vm(), devices=arrived)), move).is_noop
    halfway = from_here(site(replace(a_vm(), devices=(arrived[0], arrived[1], build.nic(1), arrived[3]))), move)
    assert halfway.changes == {Change.NETWORK}


def test_a_pool_and_a_folder_that_were_not_to_change_are_no_reason_to_go_on() -> None:
    move = moved("host2")
    elsewhere = a_vm(host=build.host_ref(2), pool=build.pool_ref(4), folder=MoRef(kind="Folder", moid="group-v2"))
    assert from_here(site(elsewhere), move).is_noop
    placed = moved(to_pool="cluster1/Resources/Gold", to_folder="Web")
    assert from_here(site(elsewhere), placed).changes == {Change.HOST}


def test_a_vm_that_is_gone_has_no_way() -> None:
    assert from_here(site(vms=()), moved("host2")).source.host is None


def test_problems_of_many_vms_are_told_once() -> None:
    vms = (build.vm(1), build.vm(2))
    destinations = Destinations(site(vms=vms), "", Wishes(to_datastore="datastore9", to_folder="Wib"))
    assert len(destinations.moves(vms)) == 2
    assert [problem.message for problem in destinations.problems] == [
        "no folder is called Wib",
        "no datastore is called datastore9",
    ]
