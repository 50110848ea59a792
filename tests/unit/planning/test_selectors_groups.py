"""Words that may name any number of virtual machines, and what they leave out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import build
from vsphere_motion.errors import Ambiguous, BadInput, NotFound, UsageProblem
from vsphere_motion.model.inventory import Container, Inventory, Pool
from vsphere_motion.model.refs import MoRef
from vsphere_motion.planning.names import composed
from vsphere_motion.planning.resolve import resolve_vms
from vsphere_motion.planning.selection import select
from vsphere_motion.planning.selectors import find_match
from vsphere_motion.preflight.vm import AGENT_MANAGER

ROOT = MoRef(kind="Folder", moid="group-d1")


def folder(number: int, name: str, parent: MoRef | None) -> Container:
    return Container(ref=build.folder_ref(number), name=name, parent=parent)


def centre(number: int, name: str, parent: MoRef) -> Container:
    return Container(ref=MoRef(kind="Datacenter", moid=f"datacenter-{number}"), name=name, parent=parent)


DC0 = centre(1, "DC0", ROOT)
CONTAINERS = (
    DC0,
    folder(1, "vm", DC0.ref),
    folder(2, "web", build.folder_ref(1)),
    folder(3, "deep/er", build.folder_ref(2)),
    folder(4, "db", build.folder_ref(1)),
    folder(5, "host", DC0.ref),
    folder(6, "web", build.folder_ref(5)),
    folder(7, "again", build.folder_ref(1)),
    folder(8, "again", build.folder_ref(2)),
)
POOLS = (
    build.pool(1),
    build.pool(2),
    Pool(ref=build.pool_ref(3), name="Gold", owner=build.cluster_ref(1), parent=build.pool_ref(1)),
    Pool(ref=build.pool_ref(4), name="Inner", owner=build.cluster_ref(1), parent=build.pool_ref(3)),
)
SITE = build.inventory(
    containers=CONTAINERS,
    pools=POOLS,
    datastores=(build.datastore(1), build.datastore(2)),
    vms=(
        build.vm(1, name="web01", folder=build.folder_ref(2), pool=build.pool_ref(3)),
        build.vm(2, name="web02", folder=build.folder_ref(3), pool=build.pool_ref(4), datastores=None),
        build.vm(
            3, name="db01", folder=build.folder_ref(4), host=build.host_ref(3), datastores=(build.datastore_ref(2),)
        ),
        build.vm(4, name="boxed", folder=None, path="/DC0/vm/web/app/boxed"),
        build.vm(5, name="golden", folder=build.folder_ref(2), is_template=True),
        build.vm(6, name="vCLS-4c4c", folder=build.folder_ref(1)),
        build.vm(7, name="agent", folder=build.folder_ref(1), managed_by=AGENT_MANAGER),
        build.vm(8, name="hidden", host=None, folder=None, path=None, unread=("runtime.host",)),
    ),
)
TAGGED = {"env/prod": frozenset({build.vm_ref(1), build.vm_ref(3), build.vm_ref(6), build.host_ref(1)})}


def names(*words: str, exclude: tuple[str, ...] = (), site: Inventory = SITE) -> list[str]:
    return [vm.name for vm in resolve_vms(site, words, exclude, TAGGED)]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        pytest.param("re:web\\d+", ["web01", "web02"], id="expression"),
        pytest.param("re:(?i)WEB01", ["web01"], id="expression without case"),
        pytest.param("host:host3", ["db01"], id="host"),
        pytest.param("host:HOST3", ["db01"], id="hosts have no case"),
        pytest.param("host:moid:host-3", ["db01"], id="host by moid"),
        pytest.param("cluster:cluster1", ["web01", "web02", "boxed"], id="cluster"),
        pytest.param("folder:web", ["web01", "web02", "boxed"], id="folder with what is below, not the hosts' one"),
        pytest.param("folder:/DC0/vm/web", ["web01", "web02", "boxed"], id="folder by path"),
        pytest.param("folder:/DC0/vm/web/deep%2fer", ["web02"], id="folder by escaped path"),
        pytest.param("folder:deep/er", ["web02"], id="folder with a slash"),
        pytest.param("folder:moid:group-v4", ["db01"], id="folder by moid"),
        pytest.param("folder:DC0", ["web01", "web02", "db01", "boxed"], id="datacenter"),
        pytest.param("pool:Gold", ["web01", "web02"], id="pool with what is below"),
        pytest.param("pool:Inner", ["web02"], id="pool"),
        pytest.param("datastore:datastore2", ["db01"], id="datastore"),
        pytest.param("tag:env/prod", ["web01", "db01"], id="tag"),
    ],
)
def test_a_group_names_its_vms(word: str, expected: list[str]) -> None:
    if "group-v4" in word:
        word = f"folder:moid:{build.folder_ref(4).moid}"
    assert names(word) == expected


@pytest.mark.parametrize(
    ("word", "templates", "system", "unread"),
    [
        pytest.param("*", 1, 2, 0, id="glob"),
        pytest.param("cluster:cluster1", 1, 2, 1, id="cluster"),
        pytest.param("datastore:datastore2", 0, 0, 1, id="datastore"),
        pytest.param("folder:vm", 1, 2, 1, id="folder"),
        pytest.param("tag:env/prod", 0, 1, 0, id="tag"),
    ],
)
def test_what_a_group_leaves_out_is_counted(word: str, templates: int, system: int, unread: int) -> None:
    match = find_match(SITE, word, TAGGED)
    assert (match.is_group, match.templates, match.system, match.unread) == (True, templates, system, unread)


def test_a_system_vm_is_chosen_by_its_own_name_alone() -> None:
    assert names("vCLS-4c4c", "moid:vm-7") == ["vCLS-4c4c", "agent"]
    with pytest.raises(NotFound) as caught:
        names("vCLS*")
    assert "vCenter's own, which only their own names choose" in caught.value.message


def test_what_was_matched_is_said_in_words() -> None:
    selected, problems = select(SITE, ("web01", "host:host3", "folder:vm"), ("web02", "vCLS*"), TAGGED)
    assert problems == []
    assert [vm.name for vm in selected.vms] == ["web01", "db01", "boxed"]
    assert selected.notes == (
        "host:host3 names 1 VM; left out: 1 VM of which vCenter does not say whether it belongs there",
        "folder:vm names 4 VMs; left out: 1 template, 2 system VMs, 1 VM of which vCenter does not say whether it "
        "belongs there",
        "--exclude takes out 1 VM",
    )


@pytest.mark.parametrize(
    ("words", "exclude", "kind", "message"),
    [
        pytest.param(("host:",), (), BadInput, "host: names nothing", id="no name"),
        pytest.param(("folder:again",), (), Ambiguous, "2 folders are called again", id="ambiguous folder"),
        pytest.param(("pool:Resources",), (), Ambiguous, "2 resource pools are called Resources", id="ambiguous pool"),
        pytest.param(("pool:Silver",), (), NotFound, "no resource pool is called Silver", id="no pool"),
        pytest.param(("folder:host",), (), NotFound, "no folder is called host", id="a folder of hosts"),
        pytest.param(("datastore:x",), (), NotFound, "no datastore is called x", id="no datastore"),
        pytest.param(("host:host9",), (), NotFound, "no host is called host9", id="no host"),
        pytest.param(("host:host2",), (), NotFound, "names no virtual machine to choose: there is none", id="empty"),
        pytest.param(("re:(a",), (), BadInput, "a ( has no )", id="expression"),
        pytest.param(("re:zzz",), (), NotFound, "re:zzz names no virtual machine", id="expression without a match"),
        pytest.param(("tag:env/x",), (), BadInput, "a snapshot does not say what carries a tag", id="unread tag"),
        pytest.param(("web01",), ("web9*",), NotFound, "--exclude web9*: no virtual machine matches", id="exclude"),
        pytest.param(("web01",), ("folder:web",), BadInput, "every virtual machine that is named is", id="all out"),
    ],
)
def test_what_cannot_be_used_is_told(
    words: tuple[str, ...], exclude: tuple[str, ...], kind: type[UsageProblem], message: str
) -> None:
    with pytest.raises(kind) as caught:
        names(*words, exclude=exclude)
    assert message in caught.value.message


def test_an_empty_group_may_be_excluded() -> None:
    assert names("web01", exclude=("host:host2",)) == ["web01"]


HOSTILE = st.text(alphabet="ab/%2f5\u00e9e\u0301.*:", min_size=1, max_size=4)


@st.composite
def sites(draw: st.DrawFn) -> Inventory:
    """VMs with hostile names, dealt over folders, pools, hosts and datastores with hostile names."""
    labels = draw(st.lists(HOSTILE, min_size=3, max_size=3))
    below = build.folder_ref(1)
    containers = (DC0, folder(1, "vm", DC0.ref), *(folder(n + 2, label, below) for n, label in enumerate(labels)))
    pools = tuple(Pool(ref=build.pool_ref(n), name=label, owner=None) for n, label in enumerate(labels, 1))
    stores = tuple(build.datastore(n, name=label) for n, label in enumerate(labels, 1))
    vms = []
    for n, name in enumerate(draw(st.lists(HOSTILE, min_size=1, max_size=8)), 1):
        at = draw(st.integers(1, 3))
        more: dict[str, Any] = {"folder": build.folder_ref(at + 1), "pool": build.pool_ref(at), "path": None}
        more |= {"datastores": (build.datastore_ref(at),), "host": build.host_ref(at)}
        vms.append(build.vm(n, name=name, is_template=draw(st.sampled_from([False, False, True])), **more))
    return build.inventory(containers=containers, pools=pools, datastores=stores, vms=tuple(vms))


@given(site=sites(), at=st.integers(1, 3), kind=st.sampled_from(["folder", "pool", "datastore", "host"]))
@settings(max_examples=300, deadline=None)
def test_a_group_never_names_a_vm_that_does_not_belong_to_it(site: Inventory, at: int, kind: str) -> None:
    """Asked by a hostile name, the group's own members are found, or the answer is a refusal."""
    label = {"folder": site.containers[at + 1].name, "pool": site.pools[at - 1].name}.get(kind, f"host{at}")
    label = site.datastores[at - 1].name if kind == "datastore" else label
    expected = [vm.ref for vm in site.vms if vm.host == build.host_ref(at) and not vm.is_template]
    try:
        found = resolve_vms(site, (f"{kind}:{label}",))
    except (Ambiguous, NotFound):
        labels = [composed(one.name) for one in site.pools]
        assert kind == "host" or not expected or "%" in label or labels.count(composed(label)) > 1 or label in "vm"
        return
    assert [vm.ref for vm in found] == expected
