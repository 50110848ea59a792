"""One word to the objects it names."""

from __future__ import annotations

import pytest

from tests import build
from vsphere_motion.errors import Ambiguous, NotFound, UsageProblem
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.planning.selectors import find_host, find_vms

SITE = build.inventory(
    vms=(
        build.vm(1, name="web01", path="/DC0/vm/web/web01"),
        build.vm(2, name="web02", path="/DC0/vm/web/web02"),
        build.vm(3, name="db01", path="/DC0/vm/db/db01", bios_uuid="42000000-0000-4000-8000-00000000aBcD"),
        build.vm(4, name="twin", path="/DC0/vm/a/twin", host=build.host_ref(1)),
        build.vm(5, name="twin", path="/DC0/vm/b/twin", host=build.host_ref(2)),
        build.vm(6, name="odd[1]", path="/DC0/vm/odd[1]"),
        build.vm(7, name="odd1", path="/DC0/vm/odd1"),
        build.vm(8, name="a/b", path="/DC0/vm/a%2fb"),
        build.vm(9, name="webtemplate", is_template=True),
        build.vm(10, name="nowhere", host=None, path=None, bios_uuid=None, instance_uuid=None),
        build.vm(11, name="clone", bios_uuid=build.vm(1).bios_uuid),
    ),
    hosts=(
        build.host(1, name="esx01.example.com", path="/DC0/host/cluster1/esx01.example.com"),
        build.host(2, name="esx02.example.com", path="/DC0/host/cluster1/esx02.example.com"),
        build.host(3, name="esx02.example.org", path="/DC0/host/cluster2/esx02.example.org"),
        build.host(4, name="10.0.0.7", path=None, compute_resource=None),
        build.host(5, name="10.0.0.8", path=None, compute_resource=None),
        build.host(6, name="same", path="/DC0/host/same/same"),
        build.host(7, name="same", path=None, compute_resource=None),
    ),
    unreadable=("vm-99: NoPermission",),
)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        pytest.param("web01", ["vm-1"], id="name"),
        pytest.param("web*", ["vm-1", "vm-2"], id="glob without templates"),
        pytest.param("web0[2-9]", ["vm-2"], id="glob with a range"),
        pytest.param("db0?", ["vm-3"], id="glob with a question mark"),
        pytest.param("twin*", ["vm-4", "vm-5"], id="a glob may find several of one name"),
        pytest.param("odd[1]", ["vm-6"], id="an exact name wins over a glob"),
        pytest.param("/DC0/vm/web/web01", ["vm-1"], id="path"),
        pytest.param("/DC0/vm/b/twin", ["vm-5"], id="path tells twins apart"),
        pytest.param("/DC0/vm/web/*", ["vm-1", "vm-2"], id="path glob"),
        pytest.param("/DC0/vm/odd[1]", ["vm-6"], id="an exact path wins over a glob"),
        pytest.param("/DC0/vm/a%2fb", ["vm-8"], id="escaped path"),
        pytest.param("/DC0/vm/a/b", ["vm-8"], id="plain path"),
        pytest.param("a/b", ["vm-8"], id="name with a slash"),
        pytest.param("a%2fb", ["vm-8"], id="name with an escaped slash"),
        pytest.param("moid:vm-4", ["vm-4"], id="moid"),
        pytest.param("webtemplate", ["vm-9"], id="a template by its name"),
        pytest.param("uuid:50000000-0000-4000-8000-000000000002", ["vm-2"], id="instance UUID"),
        pytest.param("uuid:42000000-0000-4000-8000-00000000abcd", ["vm-3"], id="BIOS UUID in another case"),
        pytest.param("uuid:42000000000040008000000000000002", ["vm-2"], id="UUID without dashes"),
        pytest.param("bios-uuid:42000000-0000-4000-8000-000000000002", ["vm-2"], id="BIOS UUID alone"),
        pytest.param("instance-uuid:50000000-0000-4000-8000-000000000002", ["vm-2"], id="instance UUID alone"),
        pytest.param("name:web01", ["vm-1"], id="a name as it is"),
        pytest.param("name:/DC0/vm/web/web01", ["vm-1"], id="a path as it is"),
    ],
)
def test_a_word_finds_its_vms(selector: str, expected: list[str]) -> None:
    assert [vm.ref.moid for vm in find_vms(SITE, selector)] == expected


@pytest.mark.parametrize(
    "selector",
    [
        pytest.param("name:web*", id="a glob"),
        pytest.param("name:host:esx01.example.com", id="a group"),
        pytest.param("name:moid:vm-1", id="another of these words"),
        pytest.param("instance-uuid:42000000-0000-4000-8000-000000000002", id="a BIOS UUID is no instance UUID"),
        pytest.param("bios-uuid:50000000-0000-4000-8000-000000000002", id="an instance UUID is no BIOS UUID"),
        pytest.param("bios-uuid:", id="no UUID"),
    ],
)
def test_what_is_to_be_taken_as_it_is_is_not_read_in_another_way(selector: str) -> None:
    with pytest.raises(NotFound):
        find_vms(SITE, selector)


def test_an_ambiguous_name_as_it_is_has_the_same_answer() -> None:
    with pytest.raises(Ambiguous) as caught:
        find_vms(SITE, "name:twin")
    assert caught.value.message == "2 virtual machines are called twin"


def test_a_misspelt_name_as_it_is_has_a_suggestion() -> None:
    with pytest.raises(NotFound) as caught:
        find_vms(SITE, "name:wbe01")
    assert caught.value.message == "no virtual machine is called wbe01"
    assert "web01" in (caught.value.hint or "")


def test_an_ambiguous_name_lists_the_candidates_and_how_to_say_them() -> None:
    with pytest.raises(Ambiguous) as caught:
        find_vms(SITE, "twin")
    assert caught.value.message == "2 virtual machines are called twin"
    assert caught.value.hint == "say which one, such as moid:vm-4"
    assert caught.value.details == (
        "/DC0/vm/a/twin on esx01.example.com (moid:vm-4)",
        "/DC0/vm/b/twin on esx02.example.com (moid:vm-5)",
    )


def test_a_bios_uuid_of_a_clone_is_ambiguous() -> None:
    with pytest.raises(Ambiguous) as caught:
        find_vms(SITE, "uuid:42000000-0000-4000-8000-000000000001")
    assert len(caught.value.details) == 2


def test_a_candidate_on_no_host_without_a_path_is_described_too() -> None:
    site = build.inventory(vms=(build.vm(1, path=None, host=None), build.vm(2, name="vm1", path=None)))
    with pytest.raises(Ambiguous) as caught:
        find_vms(site, "vm1")
    assert caught.value.details == ("vm1 on no host (moid:vm-1)", "vm1 on host1 (moid:vm-2)")


@pytest.mark.parametrize(
    ("selector", "message", "hint"),
    [
        pytest.param("web03", "no virtual machine is called web03", "did you mean web02 or web01?", id="close"),
        pytest.param("payroll", "no virtual machine is called payroll", "check the spelling", id="nothing close"),
        pytest.param("zzz*", "no virtual machine matches zzz*", "check the spelling", id="glob"),
        pytest.param("/DC0/vm/web/web03", "is called /DC0/vm/web/web03", "did you mean /DC0/vm/web/web0", id="path"),
        pytest.param("/DC0/*/nothing", "matches /DC0/*/nothing", "check the spelling", id="path glob"),
        pytest.param("moid:vm-42", "no virtual machine is called moid:vm-42", "did you mean moid:vm-", id="moid"),
        pytest.param("moid:vm*", "no virtual machine matches moid:vm*", "check the spelling", id="no moid glob"),
        pytest.param("uuid:1234", "no virtual machine is called uuid:1234", "check the spelling", id="uuid"),
        pytest.param("uuid:", "no virtual machine is called uuid:", "check the spelling", id="empty uuid"),
        pytest.param("WEB01", "no virtual machine is called WEB01", "did you mean web01", id="case"),
        pytest.param("esx01.example.com", "is a host, not a virtual machine", "may be swapped", id="a host"),
        pytest.param("esx01", "esx01 is a host, not a virtual machine", "may be swapped", id="a short host name"),
        pytest.param("moid:host-1", "moid:host-1 is a host, not", "may be swapped", id="a host's moid"),
    ],
)
def test_a_word_that_names_no_vm(selector: str, message: str, hint: str) -> None:
    with pytest.raises(NotFound) as caught:
        find_vms(SITE, selector)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


def test_what_could_not_be_read_is_told_where_a_name_is_missed() -> None:
    with pytest.raises(NotFound) as caught:
        find_vms(SITE, "web99")
    assert caught.value.details == ("vm-99: NoPermission",)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        pytest.param("esx01.example.com", "host-1", id="name"),
        pytest.param("ESX01.Example.COM", "host-1", id="names of the DNS have no case"),
        pytest.param("esx01", "host-1", id="short name"),
        pytest.param("ESX01", "host-1", id="short name in capitals"),
        pytest.param("10.0.0.7", "host-4", id="address"),
        pytest.param("moid:host-2", "host-2", id="moid"),
        pytest.param("/DC0/host/cluster2/esx02.example.org", "host-3", id="path"),
    ],
)
def test_a_word_finds_its_host(selector: str, expected: str) -> None:
    assert find_host(SITE, selector).ref.moid == expected


@pytest.mark.parametrize(
    ("selector", "details"),
    [
        pytest.param(
            "esx02",
            (
                "/DC0/host/cluster1/esx02.example.com in cluster1 (moid:host-2)",
                "/DC0/host/cluster2/esx02.example.org in cluster1 (moid:host-3)",
            ),
            id="short name",
        ),
        pytest.param(
            "same", ("/DC0/host/same/same in cluster1 (moid:host-6)", "same in no cluster (moid:host-7)"), id="name"
        ),
    ],
)
def test_an_ambiguous_host_lists_the_candidates(selector: str, details: tuple[str, ...]) -> None:
    with pytest.raises(Ambiguous) as caught:
        find_host(SITE, selector)
    assert caught.value.details == details
    assert "moid:host-" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("selector", "message", "hint"),
    [
        pytest.param("esx03.example.com", "no host is called esx03.example.com", "did you mean esx0", id="close"),
        pytest.param("zzzzzz", "no host is called zzzzzz", "the hosts are: 10.0.0.7, 10.0.0.8, esx01", id="not close"),
        pytest.param("10", "no host is called 10", "the hosts are", id="an address has no short name"),
        pytest.param("esx0*", "no host is called esx0*", "", id="no glob"),
        pytest.param("web01", "web01 is a virtual machine, not a host", "may be swapped", id="a VM"),
        pytest.param("moid:vm-1", "moid:vm-1 is a virtual machine, not a host", "may be swapped", id="a VM's moid"),
        pytest.param(
            "cluster1", "cluster1 is a cluster", "its hosts: esx01.example.com, esx02.example.com", id="cluster"
        ),
        pytest.param("moid:domain-c2", "is a cluster, not a host", "esx02.example.org", id="a cluster's moid"),
    ],
)
def test_a_word_that_names_no_host(selector: str, message: str, hint: str) -> None:
    with pytest.raises(NotFound) as caught:
        find_host(SITE, selector)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("site", "selector", "hint"),
    [
        pytest.param(build.inventory(hosts=()), "zzzzzz", "the hosts are: none that can be read", id="no hosts"),
        pytest.param(
            build.inventory(clusters=(build.cluster(1, hosts=None),)), "cluster1", "none that can be read", id="unread"
        ),
    ],
)
def test_a_site_that_was_not_read_has_nothing_to_offer(site: Inventory, selector: str, hint: str) -> None:
    with pytest.raises(NotFound) as caught:
        find_host(site, selector)
    assert hint in (caught.value.hint or "")


def test_a_path_finds_nothing_where_paths_were_not_read() -> None:
    site = build.inventory(vms=(build.vm(1, path=None),), hosts=(build.host(1, path=None),))
    for call in (lambda: find_vms(site, "/DC0/vm/*"), lambda: find_host(site, "/DC0/host/cluster1/host1")):
        with pytest.raises(UsageProblem):
            call()
