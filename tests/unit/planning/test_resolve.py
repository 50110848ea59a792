"""A request to moves."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import build
from vsphere_motion.errors import Ambiguous, BadInput, NotFound, UsageProblem
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.move import Encryption, Move, Placement
from vsphere_motion.planning.resolve import resolve, resolve_host, resolve_vms

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


def _resolve(*selectors: str, site: Inventory = SITE, **changes: Any) -> tuple[Move, ...]:
    return resolve(site, build.request(selectors=selectors, **changes))


def test_within_a_cluster_nothing_but_the_host_changes() -> None:
    source = Placement(
        host=SITE.name_of(build.host_ref(1)),
        pool=SITE.name_of(build.pool_ref(1)),
        folder=SITE.name_of(build.folder_ref(1)),
        datastores=(build.inventory().name_of(build.datastore_ref(1)),),  # type: ignore[arg-type]
        encryption=Encryption.OPPORTUNISTIC,
    )
    destination = Placement(
        host=SITE.name_of(build.host_ref(2)), pool=source.pool, folder=source.folder, datastores=source.datastores
    )
    assert _resolve("vm1") == (Move(vm=build.vm(1).identity, source=source, destination=destination),)


def test_in_another_cluster_the_vm_goes_to_the_root_pool() -> None:
    (move,) = _resolve("vm1", to_host="host3")
    assert move.destination.pool == SITE.name_of(build.pool_ref(2))
    assert (move.destination.folder, move.destination.datastores) == (move.source.folder, move.source.datastores)


@pytest.mark.parametrize(
    "clusters",
    [
        pytest.param((build.cluster(1),), id="the cluster was not read"),
        pytest.param((build.cluster(1), build.cluster(2, root_pool=None)), id="its pool was not read"),
    ],
)
def test_a_root_pool_that_was_not_read_stays_unknown(clusters: Any) -> None:
    (move,) = _resolve("vm1", site=build.site(clusters=clusters), to_host="host3")
    assert move.destination.pool is None


def test_a_source_host_that_was_not_read_is_no_reason_to_keep_the_pool() -> None:
    site = build.inventory(hosts=(build.host(2),), vms=(build.vm(pool=build.pool_ref(9)),))
    (move,) = _resolve("vm1", site=site)
    assert move.destination.pool == site.name_of(build.pool_ref(1))


def test_unread_datastores_are_none_to_keep() -> None:
    (move,) = _resolve("vm1", site=build.site(vm=build.vm(datastores=None)))
    assert move.source.datastores == move.destination.datastores == ()


def test_a_vm_that_is_already_there_is_a_move_that_does_nothing() -> None:
    (move,) = _resolve("vm3")
    assert move.is_noop


def test_each_vm_moves_once_in_the_order_of_first_mention() -> None:
    moves = _resolve("vm3", "vm[12]", "moid:vm-1", "vm2")
    assert [move.vm.name for move in moves] == ["vm3", "vm1", "vm2"]


def test_a_glob_takes_every_vm_of_a_name() -> None:
    assert [move.vm.moid for move in _resolve("twin*")] == ["vm-4", "vm-5"]


@pytest.mark.parametrize(
    ("selectors", "changes", "kind", "words"),
    [
        pytest.param(("nobody",), {}, NotFound, "no virtual machine is called nobody", id="unknown VM"),
        pytest.param(("vm1",), {"to_host": "host9"}, NotFound, "no host is called host9", id="unknown host"),
        pytest.param(("twin",), {}, Ambiguous, "2 virtual machines are called twin", id="ambiguous"),
        pytest.param(("lost",), {}, BadInput, "lost (vm-7) is on no host", id="on no host"),
        pytest.param((), {}, BadInput, "no virtual machine is named", id="nothing named"),
        pytest.param(("",), {}, BadInput, "no virtual machine is named", id="an empty word"),
        pytest.param(
            ("vm1",), {"skip_checks": ("memory.admision",)}, BadInput, "no check is called memory.admision", id="skip"
        ),
    ],
)
def test_a_word_that_cannot_be_used(
    selectors: tuple[str, ...], changes: dict[str, Any], kind: type[UsageProblem], words: str
) -> None:
    with pytest.raises(kind, match=re.escape(words)) as caught:
        _resolve(*selectors, **changes)
    assert caught.value.exit_code == 2
    assert caught.value.hint


def test_a_misspelt_check_is_answered_with_the_one_it_resembles() -> None:
    with pytest.raises(BadInput) as caught:
        _resolve("vm1", skip_checks=("memory.admision",))
    assert "did you mean memory.admission" in (caught.value.hint or "")


def test_a_check_that_resembles_none_is_answered_with_all() -> None:
    with pytest.raises(BadInput) as caught:
        _resolve("vm1", skip_checks=("x",))
    assert "vm.power-state, " in (caught.value.hint or "")


def test_known_checks_may_be_skipped() -> None:
    assert len(_resolve("vm1", skip_checks=("memory.admission", "vcenter.fault"))) == 1


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(UsageProblem) as caught:
        _resolve("vm1", "nobody", "twin", "golden", "lost", to_host="host9", skip_checks=("no.check",))
    assert type(caught.value) is UsageProblem
    assert caught.value.exit_code == 2
    assert caught.value.message.startswith("5 of the words given cannot be used: no virtual machine is called nobody")
    assert [line for line in caught.value.details if not line.startswith(" ")] == [
        "no virtual machine is called nobody",
        "2 virtual machines are called twin",
        "lost (vm-7) is on no host that vCenter names, so there is nothing to move it from",
        "no check is called no.check",
        "no host is called host9",
    ]
    assert "  /DC0/vm/a/twin on host1 (moid:vm-4)" in caught.value.details


def test_two_swapped_words_are_one_clear_error() -> None:
    with pytest.raises(NotFound) as caught:
        _resolve("host2", to_host="vm1")
    assert caught.value.details == (
        "host2 is a host, not a virtual machine",
        "vm1 is a virtual machine, not a host",
    )
    assert caught.value.hint == "the words may be swapped: virtual machines come first, the host after --to-host"


def test_vms_alone() -> None:
    assert [vm.name for vm in resolve_vms(SITE, ("vm2", "golden", "vm2"))] == ["vm2", "golden"]


def test_unknown_vms_alone_are_all_said() -> None:
    with pytest.raises(NotFound) as caught:
        resolve_vms(SITE, ("a1", "b2"))
    assert len(caught.value.details) == 2


def test_a_host_alone() -> None:
    assert resolve_host(SITE, "host2").ref == build.host_ref(2)


NAMES = st.text(alphabet="ab/%2f5c[]*?-é", min_size=1, max_size=6)


@settings(max_examples=300, deadline=None)
@given(names=st.lists(NAMES, min_size=1, max_size=6), data=st.data())
def test_a_name_never_finds_a_vm_of_another_name(names: list[str], data: st.DataObject) -> None:
    """Names as hostile as names get: the one that was asked for is found alone, or the answer is a refusal."""
    site = build.inventory(vms=tuple(build.vm(n, name=name, path=None) for n, name in enumerate(names, 1)))
    wanted = data.draw(st.sampled_from(names))
    with contextlib.suppress(Ambiguous):
        assert [vm.name for vm in resolve_vms(site, (wanted,))] == [wanted]
