"""The vmknics of a host that are selected for vMotion, from `config.virtualNicManagerInfo.netConfig`."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from vsphere_motion.model.inventory import VmkNic
from vsphere_motion.vcenter.host_networks import HostNetworks

_VMOTION = "vmotion"


def vmotion_nics_from(net_configs: Iterable[Any], networks: HostNetworks | None = None) -> tuple[VmkNic, ...]:
    """The selected vmknics of the nic type `vmotion`; one that is selected and not described has only its key."""
    nics: list[VmkNic] = []
    for config in net_configs:
        if config.nicType == _VMOTION:
            candidates = {candidate.key: candidate for candidate in config.candidateVnic}
            nics += [_vmknic(key, candidates.get(key), networks) for key in config.selectedVnic]
    return tuple(nics)


def prefix_length_of(subnet_mask: str | None) -> int | None:
    """The prefix length of a dotted subnet mask, or None if it is none."""
    try:
        return ipaddress.IPv4Network(f"0.0.0.0/{subnet_mask}").prefixlen if subnet_mask else None
    except ValueError:
        return None


def _vmknic(key: str, candidate: Any, networks: HostNetworks | None) -> VmkNic:
    if candidate is None:
        return VmkNic(device=key, address=None, prefix_length=None, mtu_bytes=None, net_stack=None)
    behind = networks.behind(candidate) if networks else None
    address, prefix_length = _address_of(candidate.spec.ip)
    return VmkNic(
        device=candidate.device,
        address=address,
        prefix_length=prefix_length,
        mtu_bytes=candidate.spec.mtu,
        net_stack=candidate.spec.netStackInstanceKey,
        link_bps=behind.link_bps if behind else None,
        switch_mtu_bytes=behind.mtu_bytes if behind else None,
    )


def _address_of(config: Any) -> tuple[str | None, int | None]:
    """The IPv4 address, else the first IPv6 address that is not link-local."""
    if config is None:
        return None, None
    if config.ipAddress:
        return config.ipAddress, prefix_length_of(config.subnetMask)
    addresses = config.ipV6Config.ipV6Address if config.ipV6Config is not None else ()
    for one in addresses:
        if not ipaddress.ip_address(one.ipAddress.partition("%")[0]).is_link_local:
            return one.ipAddress, one.prefixLength
    return None, None
