"""A matrix request to VMs and hosts; every word that cannot be used is told at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests import build
from vsphere_motion.errors import Ambiguous, BadInput, NotFound, UsageProblem
from vsphere_motion.model.request import MatrixRequest
from vsphere_motion.planning.resolve import resolve_matrix
from vsphere_motion.planning.selectors import find_cluster


def request(**changes: Any) -> MatrixRequest:
    return MatrixRequest(**{"selectors": ("vm1",)} | changes)


def names(**changes: Any) -> list[str]:
    _, hosts = resolve_matrix(build.inventory(), request(**changes))
    return [host.name for host in hosts]


def test_without_a_cluster_all_hosts_by_name() -> None:
    site = build.inventory()
    selected, hosts = resolve_matrix(replace(site, hosts=tuple(reversed(site.hosts))), request())
    assert [vm.name for vm in selected.vms] == ["vm1"]
    assert [host.name for host in hosts] == ["host1", "host2", "host3"]


@pytest.mark.parametrize("selector", ["cluster1", f"moid:{build.cluster_ref(1).moid}"])
def test_a_cluster_is_its_hosts(selector: str) -> None:
    assert names(to_cluster=selector) == ["host1", "host2"]


def test_a_host_that_left_the_cluster_after_its_list_was_read_goes_by_its_own_word() -> None:
    site = build.site(destination=build.host(2, compute_resource=build.cluster_ref(2)))
    _, hosts = resolve_matrix(site, request(to_cluster="cluster1"))
    assert [host.name for host in hosts] == ["host1"]


def test_no_cluster_of_the_name_names_those_there_are() -> None:
    with pytest.raises(NotFound) as caught:
        find_cluster(build.inventory(), "nonsense")
    assert caught.value.hint == "the clusters are: cluster1, cluster2"
    with pytest.raises(NotFound, match="no cluster is called clustre1") as misspelt:
        find_cluster(build.inventory(), "clustre1")
    assert "did you mean cluster1" in (misspelt.value.hint or "")


def test_two_clusters_of_one_name_are_listed() -> None:
    twins = (build.cluster(1), build.cluster(2, name="cluster1"))
    with pytest.raises(Ambiguous) as caught:
        find_cluster(build.inventory(clusters=twins), "cluster1")
    assert len(caught.value.details) == 2
    assert caught.value.hint == f"say which one, such as moid:{build.cluster_ref(1).moid}"


def test_a_standalone_host_is_no_cluster() -> None:
    alone = build.inventory(clusters=(build.cluster(1, is_cluster=False),))
    with pytest.raises(NotFound):
        find_cluster(alone, "cluster1")


def test_a_cluster_without_hosts_is_refused() -> None:
    site = replace(build.inventory(), hosts=())
    with pytest.raises(NotFound, match="no hosts to look at"):
        resolve_matrix(replace(site, vms=(build.vm(1),)), request(to_cluster="cluster1"))


def test_all_words_that_cannot_be_used_are_told_at_once() -> None:
    site = build.site(others=(build.vm(2, is_template=True),))
    with pytest.raises(UsageProblem) as caught:
        resolve_matrix(site, request(selectors=("gone", "vm2"), to_cluster="no", skip_checks=("x.y",)))
    text = "\n".join(caught.value.details)
    for part in ("gone", "no cluster is called no", "x.y"):
        assert part in text


def test_a_check_to_skip_has_to_exist() -> None:
    with pytest.raises(BadInput, match=r"no check is called x\.y"):
        resolve_matrix(build.inventory(), request(skip_checks=("x.y",)))
