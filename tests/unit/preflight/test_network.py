"""The VM's networks on the destination."""

from __future__ import annotations

from typing import Any

import pytest

from tests import build
from tests.unit.preflight.looking import Brief, brief, look
from vsphere_motion.model.inventory import Inventory

WITHOUT = build.host(2, networks=())
BLOCKER, UNKNOWN, WARNING = ([(word, "network1")] for word in ("blocker", "unknown", "warning"))


BOTH_HOSTS = (build.host_ref(1), build.host_ref(2))
ITS_NETWORK = (build.network_ref(1),)


def _site(*, hosts: Any = BOTH_HOSTS, networks: Any = ITS_NETWORK) -> Inventory:
    """Who has network1, by its own list of hosts and by host2's list of networks."""
    return build.site(networks=(build.network(1, hosts=hosts),), destination=build.host(2, networks=networks))


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        pytest.param(_site(), [], id="both say so"),
        pytest.param(_site(networks=()), BLOCKER, id="the host does not list it"),
        pytest.param(_site(hosts=(build.host_ref(1),)), BLOCKER, id="the network does not list the host"),
        pytest.param(_site(hosts=()), [], id="an empty list of hosts says nothing beside the host's own"),
        pytest.param(_site(hosts=(), networks=None), BLOCKER, id="but it does alone"),
        pytest.param(_site(hosts=None), [], id="the host's word is enough"),
        pytest.param(_site(networks=None), [], id="the network's word is enough"),
        pytest.param(_site(hosts=None, networks=None), [("unknown", "host2")], id="nobody says"),
        pytest.param(build.site(networks=(), destination=build.host(2, networks=None)), [("unknown", "host2")], id="?"),
        pytest.param(build.site(vm=build.vm(devices=None)), [("unknown", "vm1")], id="devices unknown"),
        pytest.param(
            build.site(vm=build.vm(devices=(build.nic(network=None),))),
            [("unknown", "vm1")],
            id="NIC's network unknown",
        ),
        pytest.param(build.site(vm=build.vm(devices=(build.disk(),)), destination=WITHOUT), [], id="no NIC"),
    ],
)
def test_present(site: Inventory, expected: Brief) -> None:
    assert brief("network.present", site) == expected


@pytest.mark.parametrize(
    ("nic", "severity"),
    [
        pytest.param({"connected": True}, "blocker", id="connected"),
        pytest.param({"connected": False}, "warning", id="disconnected"),
        pytest.param({"connected": None}, "blocker", id="perhaps connected"),
        pytest.param({"network": build.portgroup_ref(1), "connected": False}, "blocker", id="distributed"),
    ],
)
def test_only_a_disconnected_nic_of_a_standard_network_may_miss_it(nic: dict[str, Any], severity: str) -> None:
    site = build.site(vm=build.vm(devices=(build.nic(**nic),)), destination=WITHOUT)
    assert [finding.severity.value for finding in look("network.present", site)] == [severity]


def test_each_nic_has_its_finding() -> None:
    nics = (build.nic(1), build.nic(2, network=build.portgroup_ref(2)))
    portgroup = build.network(2, ref=build.portgroup_ref(2), name="prod")
    site = build.site(vm=build.vm(devices=nics), destination=WITHOUT, networks=(build.network(1), portgroup))
    found = look("network.present", site)
    assert [(f.message, f.remedy) for f in found] == [
        (
            "network network1 of vm1 (Network adapter 1, connected) is not on host2",
            "create a port group labelled network1 on host2, or choose a host that has it",
        ),
        (
            "network prod of vm1 (Network adapter 2, connected) is not on host2",
            "add host2 to the distributed switch of prod, or choose a host that is on it",
        ),
    ]
