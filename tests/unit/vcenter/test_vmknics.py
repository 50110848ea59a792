"""The vmknics that are selected for vMotion."""

from __future__ import annotations

from typing import Any

import pytest
from pyVmomi import vim

from vsphere_motion.model.inventory import VmkNic
from vsphere_motion.vcenter.vmknics import prefix_length_of, vmotion_nics_from

NetConfig = vim.host.VirtualNicManager.NetConfig


def ipv6(*addresses: tuple[str, int]) -> Any:
    parts = [vim.host.IpConfig.IpV6Address(ipAddress=address, prefixLength=length) for address, length in addresses]
    return vim.host.IpConfig(dhcp=False, ipV6Config=vim.host.IpConfig.IpV6AddressConfiguration(ipV6Address=parts))


def ipv4(address: str, mask: str) -> Any:
    return vim.host.IpConfig(dhcp=False, ipAddress=address, subnetMask=mask)


def candidate(key: str, device: str, ip: Any) -> Any:
    spec = vim.host.VirtualNic.Specification(ip=ip, mtu=9000, netStackInstanceKey="vmotion")
    return vim.host.VirtualNic(key=key, device=device, portgroup="", spec=spec)


def net_config(nic_type: str, selected: list[str], *candidates: Any) -> Any:
    return NetConfig(nicType=nic_type, multiSelectAllowed=True, candidateVnic=list(candidates), selectedVnic=selected)


def test_only_the_selected_vmknics_count() -> None:
    vmk1 = candidate("vmotion.key-vmk1", "vmk1", ipv4("10.20.0.11", "255.255.0.0"))
    vmk0 = candidate("vmotion.key-vmk0", "vmk0", ipv4("10.10.0.11", "255.255.255.0"))
    assert vmotion_nics_from([net_config("vmotion", ["vmotion.key-vmk1"], vmk0, vmk1)]) == (
        VmkNic(device="vmk1", address="10.20.0.11", prefix_length=16, mtu_bytes=9000, net_stack="vmotion"),
    )


def test_a_vmknic_for_management_is_not_for_vmotion() -> None:
    vmk0 = candidate("key-vmk0", "vmk0", ipv4("10.10.0.11", "255.255.255.0"))
    configs = [net_config("management", ["key-vmk0"], vmk0), net_config("vmotion", [], vmk0)]
    assert vmotion_nics_from(configs) == ()


def test_a_selected_vmknic_that_is_not_described_is_kept_with_what_is_known() -> None:
    assert vmotion_nics_from([net_config("vmotion", ["key-vmk7"])]) == (
        VmkNic(device="key-vmk7", address=None, prefix_length=None, mtu_bytes=None, net_stack=None),
    )


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        pytest.param(ipv6(("fe80::1%vmk1", 64), ("2001:db8::11", 56)), ("2001:db8::11", 56), id="not the link-local"),
        pytest.param(ipv6(("fe80::1", 64)), (None, None), id="link-local alone"),
        pytest.param(vim.host.IpConfig(dhcp=True), (None, None), id="no address yet"),
        pytest.param(None, (None, None), id="no IP configuration"),
    ],
)
def test_the_address_is_one_that_another_host_can_reach(ip: Any, expected: tuple[str | None, int | None]) -> None:
    (nic,) = vmotion_nics_from([net_config("vmotion", ["k"], candidate("k", "vmk1", ip))])
    assert (nic.address, nic.prefix_length) == expected


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        ("255.255.255.0", 24),
        ("255.255.255.255", 32),
        ("0.0.0.0", 0),
        ("255.0.255.0", None),
        ("nonsense", None),
        ("", None),
        (None, None),
    ],
)
def test_a_subnet_mask_becomes_a_prefix_length(mask: str | None, expected: int | None) -> None:
    assert prefix_length_of(mask) == expected
