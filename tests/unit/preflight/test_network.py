"""The VM's networks on the destination."""

from __future__ import annotations

from typing import Any

import pytest

from tests import build
from tests.unit.preflight.looking import Brief, brief, look
from vsphere_motion.model.inventory import HostPortgroup, HostSwitch, Inventory

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
            "create a port group labelled network1 on host2, choose a host that has it, or name another network with "
            "--network",
        ),
        (
            "network prod of vm1 (Network adapter 2, connected) is not on host2",
            "add host2 to the distributed switch of prod, choose a host that is on it, or name another network with "
            "--network",
        ),
    ]


def _portgroup(**changes: Any) -> HostPortgroup:
    given: dict[str, Any] = {"name": "network1", "switch": "vSwitch0", "vlan": 10, "uplink_count": 2, "free_ports": 9}
    return HostPortgroup(**given | changes)


def _between(here: HostPortgroup, there: HostPortgroup, **nic: Any) -> Inventory:
    """vm1 goes from one port group to the other."""
    vm = build.vm(devices=(build.nic(**nic),))
    hosts = {"source": build.host(1, portgroups=(here,)), "destination": build.host(2, portgroups=(there,))}
    return build.site(vm=vm, **hosts)


POLICY = {"promiscuous": True, "mac_changes": True, "forged_transmits": True}


@pytest.mark.parametrize(
    ("here", "there", "expected"),
    [
        pytest.param({}, {}, [], id="no policy on either side"),
        pytest.param(POLICY, POLICY, [], id="equal"),
        pytest.param({}, POLICY, [], id="more is allowed there"),
        pytest.param(POLICY, {}, [], id="unset there is inherited"),
        *(pytest.param(POLICY, POLICY | {word: False}, BLOCKER, id=word) for word in POLICY),
        pytest.param({"promiscuous": False}, {"promiscuous": False}, [], id="forbidden on both sides"),
    ],
)
def test_a_policy_must_not_be_stricter_there(here: Any, there: Any, expected: Brief) -> None:
    assert brief("network.usable", _between(_portgroup(**here), _portgroup(**there))) == expected


def test_what_the_policy_rejects_is_named() -> None:
    site = _between(_portgroup(**POLICY), _portgroup(**dict.fromkeys(POLICY, False)))
    assert [finding.message for finding in look("network.usable", site)] == [
        "port group network1 on host2 rejects promiscuous mode, MAC address changes, forged transmits, "
        "which Network adapter 1 of vm1 may do here"
    ]


@pytest.mark.parametrize(("connected", "severity"), [(True, "blocker"), (None, "blocker"), (False, "warning")])
def test_a_disconnected_adapter_only_warns(connected: bool | None, severity: str) -> None:
    site = _between(_portgroup(), _portgroup(free_ports=0), connected=connected)
    assert brief("network.usable", site) == [(severity, "network1")]


@pytest.mark.parametrize(("connected", "severity"), [(True, "blocker"), (False, "warning")])
def test_an_adapter_of_an_old_kind_cannot_move(connected: bool, severity: str) -> None:
    nic = build.nic(network=None, is_legacy=True, connected=connected)
    site = build.site(vm=build.vm(devices=(nic,)))
    assert brief("network.usable", site) == [(severity, "vm1")]
    assert brief("network.present", site) == []


def _switch(**changes: Any) -> HostSwitch:
    given: dict[str, Any] = {"uuid": "dvs-1", "name": "dvSwitch", "ports": 8, "free_ports": 1}
    return HostSwitch(**given | {"reservation_supported": True} | changes)


def _on_distributed(here: HostSwitch | None, there: HostSwitch | None, **nic: Any) -> Inventory:
    portgroup = build.portgroup_ref(1)
    given: dict[str, Any] = {"network": portgroup, "switch_uuid": "dvs-1", "port_key": "7"}
    hosts = [
        build.host(number, networks=(portgroup,), switches=() if switch is None else (switch,))
        for number, switch in ((1, here), (2, there))
    ]
    return build.site(
        vm=build.vm(devices=(build.nic(**given | nic),)),
        source=hosts[0],
        destination=hosts[1],
        networks=(build.network(1), build.network(ref=portgroup, name="prod")),
    )


USUAL, FAST = _switch(), _switch(ens_enabled=True)


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        pytest.param(_on_distributed(USUAL, USUAL), [], id="a free port"),
        pytest.param(_on_distributed(USUAL, _switch(free_ports=0)), ["blocker"], id="no free port"),
        pytest.param(_on_distributed(USUAL, _switch(ports=0, free_ports=0)), [], id="a switch that counts none"),
        pytest.param(_on_distributed(USUAL, None), [], id="no member: network.present"),
        pytest.param(_on_distributed(None, FAST), [], id="the mode of the source is not known"),
        pytest.param(_on_distributed(FAST, FAST), [], id="one mode"),
        pytest.param(_on_distributed(FAST, USUAL), ["blocker"], id="two modes"),
        pytest.param(_on_distributed(USUAL, USUAL, port_key="c-1"), ["blocker"], id="a temporary port"),
        pytest.param(_on_distributed(USUAL, USUAL, port_key="c-1", connected=False), ["blocker"], id="as well idle"),
        pytest.param(_on_distributed(USUAL, USUAL, reserved_bps=1), [], id="a reservation that is kept"),
        pytest.param(
            _on_distributed(USUAL, _switch(reservation_supported=False), reserved_bps=1), ["blocker"], id="not kept"
        ),
        pytest.param(
            _on_distributed(USUAL, _switch(reservation_supported=False), reserved_bps=0), [], id="no reservation"
        ),
    ],
)
def test_a_distributed_switch_takes_the_adapter(site: Inventory, expected: list[str]) -> None:
    found = look("network.usable", site)
    assert [(finding.severity.value, finding.subject.name) for finding in found] == [(one, "prod") for one in expected]
