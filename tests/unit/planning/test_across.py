"""Requests for another vCenter: who goes, where to, and what has to be said first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests import build
from vsphere_motion.errors import BadInput, UsageProblem
from vsphere_motion.model.elsewhere import is_elsewhere
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.list_file import LineProblem, ListFile, ListLine
from vsphere_motion.model.mapping import NO_MAPPING, VCenterMapping
from vsphere_motion.model.move import Change, DiskFormat, Move, OtherVCenter
from vsphere_motion.model.request import MoveRequest, NetworkWish, Wishes
from vsphere_motion.planning.across import Journey, resolve_across
from vsphere_motion.planning.joined import has_arrived, joined

B = OtherVCenter(context="b", host="vc-b", instance_uuid="b-uuid", thumbprint="AA")
STORE = build.datastore(1).name


def site_b(**changes: object) -> Inventory:
    """The same layout with the same references, and no VM of that name."""
    identity = build.identity()._replace(instance_uuid=B.instance_uuid, host=B.host)
    return replace(build.site(**changes), vcenter=identity, vms=())  # type: ignore[arg-type]


def resolved(
    wishes: Wishes, *, to_host: str = "host2", mapping: VCenterMapping = NO_MAPPING, listed: ListFile | None = None
) -> tuple[Move, ...]:
    source = build.site(vm=build.vm(devices=(build.disk(1), build.nic(1))))
    request = MoveRequest(selectors=() if listed else ("vm1",), to_host=to_host, wishes=wishes, listed=listed)
    moves, _ = resolve_across(joined(source, site_b()), Journey(request=request, other=B, mapping=mapping))
    return moves


def test_every_place_is_the_other_vcenters_though_the_references_are_alike() -> None:
    (move,) = resolved(Wishes(to_datastore=STORE))

    there = move.destination
    assert there.vcenter == B
    assert there.host is not None
    assert there.host.name == "host2"
    assert all(named is not None and is_elsewhere(named.ref) for named in (there.host, there.pool, there.config))
    assert all(disk.datastore is not None and is_elsewhere(disk.datastore.ref) for disk in there.disks)
    assert all(nic.network is not None and is_elsewhere(nic.network.ref) for nic in there.nics)
    assert not is_elsewhere(move.vm.ref)
    assert move.changes >= {Change.VCENTER, Change.HOST, Change.STORAGE, Change.NETWORK}


def test_the_host_of_the_same_name_and_reference_is_another_place() -> None:
    (move,) = resolved(Wishes(to_datastore=STORE), to_host="host1")

    assert not move.is_noop
    assert Change.HOST in move.changes


@pytest.mark.parametrize(
    ("wishes", "to_host", "said"),
    [
        pytest.param(Wishes(), "host2", "on which datastore", id="no datastore"),
        pytest.param(Wishes(to_datastore=STORE), "", "on which host", id="no host"),
        pytest.param(Wishes(to_datastore="nowhere"), "host2", "nowhere", id="no such datastore"),
        pytest.param(
            Wishes(to_datastore=STORE, networks=(NetworkWish(old="nonet", new="network1"),)),
            "host2",
            "nonet",
            id="network",
        ),
    ],
)
def test_what_is_not_said_or_not_there_is_an_error(wishes: Wishes, to_host: str, said: str) -> None:
    with pytest.raises(UsageProblem) as refused:
        resolved(wishes, to_host=to_host)

    assert said in " ".join((refused.value.message, *refused.value.details))


def test_the_mapping_speaks_where_the_options_are_silent() -> None:
    mapping = VCenterMapping(hosts={"host1": "host2"}, datastores={STORE: STORE})

    (move,) = resolved(Wishes(), to_host="", mapping=mapping)

    assert move.destination.host is not None
    assert move.destination.host.name == "host2"
    assert move.destination.config is not None
    assert is_elsewhere(move.destination.config.ref)


def test_a_line_of_a_list_speaks_for_its_vm() -> None:
    listed = ListFile(name="list.csv", lines=(ListLine(line=2, vm="vm1", host="host1", datastore=STORE),))

    (move,) = resolved(Wishes(), to_host="host2", listed=listed)

    assert move.destination.host is not None
    assert move.destination.host.name == "host1"


def test_every_column_of_a_line_counts() -> None:
    line = ListLine(line=2, vm="vm1", host="host1", datastore=STORE, format="thin", network="network1=nonet")
    with pytest.raises(UsageProblem) as refused:
        resolved(Wishes(), listed=ListFile(name="list.csv", lines=(line,)))
    assert "nonet" in " ".join((refused.value.message, *refused.value.details))

    (move,) = resolved(Wishes(), listed=ListFile(name="list.csv", lines=(replace(line, network=None),)))
    assert {disk.format for disk in move.destination.disks} == {DiskFormat.THIN}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"window": "22:00-22:00"}, "never opens", id="window"),
        pytest.param({"format": "fluffy"}, "fluffy", id="format"),
        pytest.param({"cluster": "cluster1"}, "a host and a cluster", id="two places"),
    ],
)
def test_what_a_line_asks_for_and_is_not_done_is_an_error_with_its_line(changes: dict[str, Any], said: str) -> None:
    line = replace(ListLine(line=7, vm="vm1", host="host1", datastore=STORE), **changes)
    with pytest.raises(BadInput) as refused:
        resolved(Wishes(), listed=ListFile(name="list.csv", lines=(line,)))
    assert any("line 7" in detail and said in detail for detail in refused.value.details)


def test_urgent_lines_come_first() -> None:
    vms = tuple(build.vm(number, devices=(build.disk(1), build.nic(1))) for number in (1, 2, 3))
    lines = tuple(
        ListLine(line=number, vm=f"vm{number}", host="host2", datastore=STORE, priority=-number) for number in (1, 2, 3)
    )
    request = MoveRequest(selectors=(), listed=ListFile(name="list.csv", lines=lines))

    both = joined(replace(build.site(), vms=vms), site_b())
    moves, _ = resolve_across(both, Journey(request=request, other=B))

    assert [move.vm.name for move in moves] == ["vm3", "vm2", "vm1"]


@pytest.mark.parametrize(
    ("place", "others", "host", "store"),
    [
        pytest.param("host1", {"datastore": STORE}, "host1", STORE, id="host"),
        pytest.param("cluster2", {"datastore": STORE}, "host3", STORE, id="cluster"),
        pytest.param(STORE, {"host": "host2"}, "host2", STORE, id="datastore"),
    ],
)
def test_a_place_is_a_host_a_cluster_or_a_datastore_of_the_other_vcenter(
    place: str, others: dict[str, Any], host: str, store: str
) -> None:
    line = ListLine(line=2, vm="vm1", place=place, **others)

    (move,) = resolved(Wishes(), to_host="", listed=ListFile(name="list.csv", lines=(line,)))

    to = move.destination
    assert (to.host and to.host.name, to.config and to.config.name) == (host, store)
    assert to.host is not None
    assert is_elsewhere(to.host.ref)


def test_a_vm_on_two_lines_is_an_error_with_its_line() -> None:
    lines = (ListLine(line=2, vm="vm1", host="host1", datastore=STORE), ListLine(line=3, vm="vm*", host="host2"))

    with pytest.raises(BadInput) as refused:
        resolved(Wishes(), listed=ListFile(name="list.csv", lines=lines))

    assert refused.value.details == ("list.csv line 3: vm1 (vm-1) is named on line 2 already",)


def test_everything_that_is_wrong_with_a_list_is_told_by_its_line() -> None:
    lines = (
        ListLine(line=2, vm="vm1", host="nohost", datastore=STORE),
        ListLine(line=3, vm="nobody", host="host1", datastore=STORE),
        ListLine(line=4, vm="vm2", host="host1", datastore="nostore", network="nonet=network1"),
        ListLine(line=5, vm="vm3", host="host1"),
        ListLine(line=6, vm="gone", host="host1", datastore=STORE),
    )
    vms = tuple(build.vm(number, devices=(build.disk(1), build.nic(1))) for number in (1, 2, 3))
    arrived = replace(site_b(), vms=(build.vm(9, name="gone", host=build.host_ref(2)),))
    both = joined(replace(build.site(), vms=vms), arrived)

    with pytest.raises(BadInput) as refused:
        resolve_across(
            both, Journey(request=MoveRequest(selectors=(), listed=ListFile(name="a.csv", lines=lines)), other=B)
        )

    told = refused.value.details
    words = ("nohost", "nobody", "nostore", "nonet", "on which datastore", "on host2, not on host1")
    where = (2, 3, 4, 4, 5, 6)
    assert len(told) == len(words), told
    for line, word in zip(where, words, strict=True):
        assert [one for one in told if word in one and one.startswith(f"a.csv line {line}:")], (line, word, told)


def test_a_list_with_lines_that_could_not_be_read_moves_nothing() -> None:
    line = ListLine(line=2, vm="vm1", host="host1", datastore=STORE)
    problem = LineProblem(line=3, message="no vm is named")
    with pytest.raises(BadInput, match="cannot be used"):
        resolved(Wishes(), listed=ListFile(name="list.csv", lines=(line,), problems=(problem,)))


def test_a_vm_has_arrived_when_its_instance_uuid_is_there() -> None:
    source = build.site()
    (vm,) = (one for one in source.vms if one.name == "vm1")
    here, gone = joined(source, site_b()), joined(replace(source, vms=()), replace(site_b(), vms=(vm,)))
    move = resolved(Wishes(to_datastore=STORE))[0]

    assert not has_arrived(here, move)
    assert has_arrived(gone, move)


def test_a_vm_that_has_arrived_stays_where_it_is_and_elsewhere_is_an_error() -> None:
    source = replace(build.site(), vms=())
    there = replace(site_b(), vms=(build.vm(host=build.host_ref(2)),))
    both = joined(source, there)

    def asked(to_host: str) -> tuple[Move, ...]:
        request = MoveRequest(selectors=("vm1",), to_host=to_host, wishes=Wishes(to_datastore=STORE))
        return resolve_across(both, Journey(request=request, other=B))[0]

    (move,) = asked("host2")
    assert move.is_noop
    with pytest.raises(UsageProblem) as refused:
        asked("host1")
    assert "at the other vCenter already, on host2, not on host1" in refused.value.message


@pytest.mark.parametrize(
    ("changes", "wishes", "said"),
    [
        pytest.param({"is_template": True}, Wishes(to_datastore=STORE), "is a template", id="template"),
        pytest.param({}, Wishes(to_datastore=STORE, create_folder=True), "a folder is not made", id="new folder"),
    ],
)
def test_what_one_vcenter_alone_can_do_is_refused(changes: dict[str, object], wishes: Wishes, said: str) -> None:
    request = MoveRequest(selectors=("vm1",), to_host="host2", wishes=wishes)
    with pytest.raises(UsageProblem) as refused:
        resolve_across(joined(build.site(vm=build.vm(**changes)), site_b()), Journey(request=request, other=B))

    assert said in " ".join((refused.value.message, *refused.value.details))
