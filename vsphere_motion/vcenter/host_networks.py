"""The switches of a host, put together from its physical adapters, port groups and switches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vsphere_motion.model.inventory import HostPortgroup, HostSwitch
from vsphere_motion.vcenter.collector import plain

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
        by_key = {switch.key: switch for switch in switches}
        listed = tuple(_portgroup(one, by_key.get(one.vswitch)) for one in portgroups)
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


def switches_from(proxies: Iterable[Any] | None) -> tuple[HostSwitch, ...] | None:
    """The host's parts of distributed switches; None if they were not read."""
    return None if proxies is None else tuple(_switch(proxy) for proxy in proxies)


def _switch(proxy: Any) -> HostSwitch:
    return HostSwitch(
        uuid=str(proxy.dvsUuid).lower(),
        name=str(proxy.dvsName),
        ports=plain(proxy.numPorts),
        free_ports=plain(proxy.numPortsAvailable),
        reservation_supported=proxy.networkReservationSupported,
        ens_enabled=bool(proxy.ensEnabled),
    )


def _portgroup(one: Any, switch: Any) -> HostPortgroup:
    security = one.computedPolicy.security if one.computedPolicy is not None else None
    return HostPortgroup(
        name=one.spec.name,
        switch=one.spec.vswitchName if switch is None else switch.name,
        vlan=one.spec.vlanId,
        uplink_count=None if switch is None else len(switch.pnic),
        free_ports=None if switch is None else plain(switch.numPortsAvailable),
        promiscuous=getattr(security, "allowPromiscuous", None),
        mac_changes=getattr(security, "macChanges", None),
        forged_transmits=getattr(security, "forgedTransmits", None),
    )
