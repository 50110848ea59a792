"""The switches of a host, put together from its physical adapters, port groups and switches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vsphere_motion.model.inventory import HostPortgroup

_MBIT = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplinks:
    """What a switch has below it.

    Args:
        link_bps: speed of the fastest live adapter; 0 if none is live.
        mtu_bytes: maximum transmission unit of the switch.
    """

    link_bps: int
    mtu_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostNetworks:
    """The switches of one host.

    Args:
        by_label: what is below the standard switch of each port group.
        by_switch: what is below each distributed switch, by its UUID.
    """

    portgroups: tuple[HostPortgroup, ...]
    by_label: Mapping[str, Uplinks]
    by_switch: Mapping[str, Uplinks]

    @classmethod
    def of(
        cls, pnics: Iterable[Any], portgroups: Iterable[Any], switches: Iterable[Any], proxies: Iterable[Any]
    ) -> HostNetworks:
        """The switches from pyVmomi's parts of `config.network`."""
        speeds = {pnic.key: _speed_bps(pnic) for pnic in pnics}
        below = {switch.key: _uplinks(switch, speeds) for switch in switches}
        counts = {switch.key: (switch.name, len(switch.pnic)) for switch in switches}
        listed = tuple(_portgroup(one, counts) for one in portgroups)
        labels = {one.spec.name: below[one.vswitch] for one in portgroups if one.vswitch in below}
        return cls(
            portgroups=listed,
            by_label=labels,
            by_switch={proxy.dvsUuid: _uplinks(proxy, speeds) for proxy in proxies},
        )

    def behind(self, candidate: Any) -> Uplinks | None:
        """What is behind a vmknic; None if its switch was not read."""
        port = candidate.spec.distributedVirtualPort
        if port is not None:
            return self.by_switch.get(port.switchUuid)
        return self.by_label.get(candidate.portgroup or "")


def _speed_bps(pnic: Any) -> int:
    """An adapter without a link has no speed."""
    return 0 if pnic.linkSpeed is None else int(pnic.linkSpeed.speedMb) * _MBIT


def _uplinks(switch: Any, speeds: Mapping[str, int]) -> Uplinks:
    return Uplinks(link_bps=max((speeds.get(key, 0) for key in switch.pnic), default=0), mtu_bytes=switch.mtu)


def _portgroup(one: Any, counts: Mapping[str, tuple[str, int]]) -> HostPortgroup:
    switch, uplinks = counts.get(one.vswitch, (one.spec.vswitchName, None))
    return HostPortgroup(name=one.spec.name, switch=switch, vlan=one.spec.vlanId, uplink_count=uplinks)
