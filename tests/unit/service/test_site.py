"""What is said of a cluster: drift, missing vmknics, releases, EVC, hosts that are away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests import build
from vsphere_motion.model.inventory import ConnectionState, Host, Inventory
from vsphere_motion.service.site import SiteLine, State, look_at_site

GBPS = 10**9


def hosts(*changes: dict[str, Any]) -> tuple[Host, ...]:
    """One host of cluster1 for each set of changes; `nic` changes its vmknic."""
    made = []
    for number, given_change in enumerate(changes, 1):
        change = dict(given_change)
        nic = build.vmknic(number, **{"link_bps": 10 * GBPS} | change.pop("nic", {}))
        given = {"vmotion_nics": (nic,), "cpu_vendor": "intel", "max_evc_mode": "intel-a", "evc_mode": None} | change
        made.append(build.host(number, **given))
    return tuple(made)


def site(*changes: dict[str, Any]) -> Inventory:
    return build.inventory(hosts=hosts(*changes), clusters=(build.cluster(1),))


def said(inventory: Inventory, topic: str) -> list[tuple[State, str]]:
    return [(line.state, line.text) for line in look_at_site(inventory) if line.topic == topic]


def bad(*changes: dict[str, Any]) -> list[SiteLine]:
    return [line for line in look_at_site(site(*changes)) if line.state is not State.OK]


def test_hosts_that_are_alike_are_ok_line_by_line() -> None:
    assert [(line.topic, line.state, line.remedy) for line in look_at_site(site({}, {}, {}))] == [
        (topic, State.OK, "") for topic in ("hosts", "vmknic", "vMotion", "version", "EVC")
    ]


@pytest.mark.parametrize(
    ("odd", "topic", "words"),
    [
        pytest.param(
            {"nic": {"mtu_bytes": 1500}}, "vMotion",
            "MTU of the vMotion vmknics differs: mostly 9000, but host3 (1500)",
            id="MTU",
        ),
        pytest.param(
            {"nic": {"net_stack": "vmotion"}}, "vMotion",
            "TCP/IP stack of the vMotion vmknics differs: mostly defaultTcpipStack, but host3 (vmotion)", id="stack",
        ),
        pytest.param(
            {"nic": {"address": "172.16.0.9", "prefix_length": 24}}, "vMotion", "but host3 (172.16.0.0/24)", id="subnet"
        ),
        pytest.param({"nic": {"link_bps": GBPS}}, "vMotion", "mostly 10 Gbit/s, but host3 (1 Gbit/s)", id="link"),
        pytest.param({"nic": {"mtu_bytes": None}}, "vMotion", "MTU of the vMotion vmknic could not", id="unread"),
        pytest.param({"vmotion_nics": ()}, "vmknic", "no vmknic is enabled for vMotion on host3", id="no vmknic"),
        pytest.param({"vmotion_nics": None}, "vmknic", "vmknics of host3 could not be read", id="unread vmknics"),
        pytest.param({"version": "7.0.3"}, "version", "1 with 7.0.3, 2 with 8.0.3", id="release"),
        pytest.param({"version": None}, "version", "the version of host3 could not be read", id="unread release"),
        pytest.param({"cpu_vendor": "amd"}, "EVC", "1 amd, 2 intel", id="vendor"),
        pytest.param({"max_evc_mode": "intel-b"}, "EVC", "EVC is off on host1, host2, host3", id="CPUs differ, no EVC"),
        pytest.param({"in_maintenance_mode": True}, "hosts", "in maintenance mode: host3", id="maintenance"),
        pytest.param({"in_quarantine_mode": True}, "hosts", "in quarantine mode: host3", id="quarantine"),
        pytest.param(
            {"connection_state": ConnectionState.DISCONNECTED}, "hosts", "not connected: host3", id="not connected"
        ),
    ],
)  # fmt: skip
def test_one_odd_host_is_one_warning_that_names_it_and_says_what_to_do(
    odd: dict[str, Any], topic: str, words: str
) -> None:
    (line,) = bad({}, {}, odd)
    assert (line.topic, line.state) == (topic, State.WARN)
    assert line.text.startswith("cluster1: ")
    assert words in line.text
    assert line.remedy


def test_a_host_that_is_away_is_held_against_nobody() -> None:
    away = {"connection_state": ConnectionState.NOT_RESPONDING, "version": "6.5.0", "nic": {"mtu_bytes": 1}}
    assert [line.topic for line in bad({}, {}, away)] == ["hosts"]


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        pytest.param([{"vmotion_nics": ()}, {}], State.FAIL, id="one host left: nothing can move"),
        pytest.param([{"vmotion_nics": ()}, {}, {}], State.WARN, id="two left"),
        pytest.param([{"vmotion_nics": ()}, {}, {"vmotion_nics": None}], State.WARN, id="one left and one unread"),
        pytest.param([{"vmotion_nics": ()}], State.WARN, id="a cluster of one"),
    ],
)
def test_missing_vmknics_fail_where_no_two_hosts_are_left(changes: list[dict[str, Any]], state: State) -> None:
    found = [line.state for line in bad(*changes) if line.topic == "vmknic" and "is enabled" in line.text]
    assert found == [state]


def test_different_cpus_are_alike_under_evc() -> None:
    modes = [{"max_evc_mode": mode, "evc_mode": "intel-a"} for mode in ("intel-a", "intel-b")]
    assert said(site(*modes), "EVC") == [(State.OK, "cluster1: EVC mode intel-a")]


def test_what_no_host_says_of_evc_is_not_made_up() -> None:
    unread = {"cpu_vendor": None, "max_evc_mode": None}
    assert said(site(unread, unread), "EVC") == []


def test_all_trouble_is_told_at_once_and_clusters_stand_apart() -> None:
    inventory = site({}, {"nic": {"mtu_bytes": 1500}, "version": "7.0.3"}, {"vmotion_nics": ()})
    alone = replace(build.cluster(2), hosts=(build.host_ref(9),))
    other = build.host(9, compute_resource=build.cluster_ref(2), version="7.0.3")
    both = replace(inventory, clusters=(alone, *inventory.clusters), hosts=(*inventory.hosts, other))
    lines = look_at_site(both)
    assert {line.topic for line in lines if line.state is State.WARN} == {"vMotion", "version", "vmknic"}
    assert all(line.state is State.OK for line in lines if line.text.startswith("cluster2"))


def test_a_standalone_host_is_no_cluster() -> None:
    alone = replace(build.cluster(1), is_cluster=False)
    assert look_at_site(build.inventory(clusters=(alone,))) == ()
