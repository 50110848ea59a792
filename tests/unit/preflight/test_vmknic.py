"""The vMotion interfaces of both hosts."""

from __future__ import annotations

from typing import Any

import pytest

from tests import build
from tests.unit.preflight.looking import Brief, brief, look
from vsphere_motion.model.inventory import Inventory, PowerState, Vm, VmkNic

BLOCKER, UNKNOWN, WARNING = ([(word, "host2")] for word in ("blocker", "unknown", "warning"))
V6 = {"address": "fd00::12", "prefix_length": 64}


def _site(destination: Any = None, source: Any = None, vm: Vm | None = None) -> Inventory:
    return build.site(
        vm=vm,
        source=build.host(1, vmotion_nics=(build.vmknic(1),) if source is None else source),
        destination=build.host(2, vmotion_nics=destination),
    )


def _nics(**changes: Any) -> tuple[VmkNic, ...]:
    return (build.vmknic(2, **changes),)


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        pytest.param(build.site(), [], id="both have one"),
        pytest.param(_site(()), BLOCKER, id="destination has none"),
        pytest.param(_site((), ()), [("blocker", "host1"), ("blocker", "host2")], id="neither has one"),
        pytest.param(_site((), (), build.vm(power_state=PowerState.OFF)), [], id="powered off"),
        pytest.param(_site(None), UNKNOWN, id="unknown"),
    ],
)
def test_missing(site: Inventory, expected: Brief) -> None:
    assert brief("vmknic.missing", site) == expected


@pytest.mark.parametrize("check_id", ["vmknic.stack", "vmknic.subnet", "vmknic.mtu"])
@pytest.mark.parametrize(
    "site",
    [
        pytest.param(_site(()), id="none"),
        pytest.param(_site(None), id="unread"),
        pytest.param(
            _site(
                _nics(net_stack="vmotion", mtu_bytes=1500, **V6),
                vm=build.vm(power_state=PowerState.OFF),
            ),
            id="powered off",
        ),
        pytest.param(_site(_nics(mtu_bytes=1500, **V6), vm=build.vm(host=None)), id="on no host"),
    ],
)
def test_without_two_ends_there_is_nothing_to_compare(check_id: str, site: Inventory) -> None:
    assert brief(check_id, site) == []


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        pytest.param(_site(_nics()), [], id="same stack"),
        pytest.param(_site(_nics(net_stack="vmotion")), BLOCKER, id="different stacks"),
        pytest.param(_site((*_nics(), *_nics(net_stack="vmotion"))), BLOCKER, id="the vmotion stack displaces others"),
        pytest.param(_site(_nics(net_stack=None)), UNKNOWN, id="unknown"),
    ],
)
def test_stack(site: Inventory, expected: Brief) -> None:
    assert brief("vmknic.stack", site) == expected


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        pytest.param(_site(_nics()), [], id="same subnet"),
        pytest.param(_site(_nics(address="10.21.0.12")), WARNING, id="another subnet"),
        pytest.param(_site(_nics(prefix_length=16)), WARNING, id="another prefix length"),
        pytest.param(_site((*_nics(address="10.21.0.12"), *_nics())), [], id="one of two is in the subnet"),
        pytest.param(_site((*_nics(address="10.21.0.12"), *_nics(**V6))), WARNING, id="a common IP version"),
        pytest.param(_site(_nics(**V6), _nics(**V6)), [], id="IPv6 on both"),
        pytest.param(_site(_nics(address=None)), UNKNOWN, id="address unknown"),
        pytest.param(_site(_nics(prefix_length=None)), UNKNOWN, id="prefix length unknown"),
        pytest.param(_site(_nics(address="ten")), UNKNOWN, id="no address at all"),
    ],
)
def test_subnet(site: Inventory, expected: Brief) -> None:
    assert brief("vmknic.subnet", site) == expected


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        pytest.param(_site(_nics()), [], id="one IP version"),
        pytest.param(_site(_nics(**V6)), BLOCKER, id="another IP version"),
        pytest.param(_site((*_nics(address="10.21.0.12"), *_nics(**V6))), [], id="a common IP version"),
        pytest.param(_site(_nics(**V6), _nics(**V6)), [], id="IPv6 on both"),
        pytest.param(_site(_nics(address=None)), UNKNOWN, id="address unknown"),
    ],
)
def test_family(site: Inventory, expected: Brief) -> None:
    assert brief("vmknic.family", site) == expected


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        pytest.param(_site(_nics()), [], id="same MTU"),
        pytest.param(_site(_nics(mtu_bytes=1500)), WARNING, id="another MTU"),
        pytest.param(_site(_nics(mtu_bytes=None)), UNKNOWN, id="unknown"),
    ],
)
def test_mtu(site: Inventory, expected: Brief) -> None:
    assert brief("vmknic.mtu", site) == expected


@pytest.mark.parametrize(
    ("check_id", "nic", "message"),
    [
        (
            "vmknic.stack",
            {"net_stack": "vmotion"},
            "with TCP/IP stack defaultTcpipStack, host2 with TCP/IP stack vmotion",
        ),
        (
            "vmknic.subnet",
            {"address": "10.21.0.12"},
            "with address 10.20.0.11/24, host2 with address 10.21.0.12/24, which share no subnet",
        ),
        ("vmknic.family", V6, "10.20.0.11/24, host2 with address fd00::12/64, which share no IP version"),
        ("vmknic.mtu", {"mtu_bytes": 1500}, "host1 does vMotion with MTU 9000, host2 with MTU 1500"),
    ],
)
def test_the_message_has_both_ends(check_id: str, nic: dict[str, Any], message: str) -> None:
    assert look(check_id, _site(_nics(**nic)))[0].message.endswith(message)
