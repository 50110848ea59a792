"""What is wrong with a site as a whole, cluster by cluster, seen from one snapshot: a pure function of it.

Rules of this file: only hosts that are connected are held against each other; what could not be read is said and never
counts as alike; a line that warns or fails names the hosts and what to do.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from vsphere_motion.model.inventory import Cluster, ConnectionState, Host, Inventory, VmkNic

_NAMES = 5


class State(Enum):
    """How bad a line is. `FAIL`: no migration is possible like this."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteLine:
    """One thing looked at in one cluster; `remedy` is empty where nothing is to be done."""

    topic: str
    state: State
    text: str
    remedy: str = ""


def look_at_site(inventory: Inventory) -> tuple[SiteLine, ...]:
    """What is to be said of each cluster of two hosts and more; a host on its own has nobody to differ from."""
    lines: list[SiteLine] = []
    for cluster in sorted(inventory.clusters, key=lambda one: (one.name, one.ref)):
        hosts = [host for host in inventory.hosts if host.compute_resource == cluster.ref]
        if cluster.is_cluster and hosts:
            lines += _look_at_cluster(cluster, hosts)
    return tuple(lines)


def _look_at_cluster(cluster: Cluster, hosts: Sequence[Host]) -> Iterator[SiteLine]:
    up = [host for host in hosts if host.connection_state is ConnectionState.CONNECTED]
    yield from _usable(cluster, hosts)
    yield from _vmknics(cluster, up)
    yield from _drift(cluster, up)
    yield from _versions(cluster, up)
    yield from _evc(cluster, up)


def _usable(cluster: Cluster, hosts: Sequence[Host]) -> Iterator[SiteLine]:
    """The hosts that a move can use at all."""
    away = [host for host in hosts if host.connection_state is not ConnectionState.CONNECTED]
    closed = [host for host in hosts if host.in_maintenance_mode]
    sick = [host for host in hosts if host.in_quarantine_mode]
    for found, words, remedy in (
        (away, "not connected", "reconnect them in vCenter, or check their power and management network"),
        (closed, "in maintenance mode", "exit maintenance mode when the work on them is done"),
        (sick, "in quarantine mode", "repair them; vSphere keeps virtual machines away from them"),
    ):
        if found:
            yield _warn("hosts", f"{cluster.name}: {words}: {_names(found)}", remedy)
    if not (away or closed or sick):
        yield _ok("hosts", f"{cluster.name}: {_count(len(hosts), 'host')}, all connected and in use")


def _vmknics(cluster: Cluster, hosts: Sequence[Host]) -> Iterator[SiteLine]:
    """Hosts that cannot take part in a vMotion."""
    unread = [host for host in hosts if host.vmotion_nics is None]
    bare = [host for host in hosts if host.vmotion_nics == ()]
    equipped = len(hosts) - len(unread) - len(bare)
    if unread:
        text = f"{cluster.name}: the vMotion vmknics of {_names(unread)} could not be read"
        yield _warn("vmknic", text, "give the account the privilege System.Read on these hosts")
    if bare:
        text = f"{cluster.name}: no vmknic is enabled for vMotion on {_names(bare)}"
        remedy = "enable vMotion on a VMkernel adapter of each"
        is_hopeless = equipped < 2 and not unread and len(hosts) > 1
        yield SiteLine(topic="vmknic", state=State.FAIL if is_hopeless else State.WARN, text=text, remedy=remedy)
    if not unread and not bare and hosts:
        yield _ok("vmknic", f"{cluster.name}: every connected host has a vmknic for vMotion")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trait:
    """Something that the vMotion vmknics of a cluster should have in common."""

    noun: str
    of: Callable[[VmkNic], str | None]
    remedy: str


_TRAITS = (
    _Trait(
        noun="MTU",
        of=lambda nic: None if nic.mtu_bytes is None else str(nic.mtu_bytes),
        remedy="give the vMotion vmknics of all hosts, their switches and the physical network one MTU",
    ),
    _Trait(
        noun="TCP/IP stack",
        of=lambda nic: nic.net_stack,
        remedy="use one TCP/IP stack for vMotion on all hosts: mixed stacks do not reach each other",
    ),
    _Trait(
        noun="subnet",
        of=lambda nic: _subnet(nic),
        remedy="put the vMotion vmknics into one subnet, or see that the subnets are routed to each other",
    ),
    _Trait(
        noun="link speed",
        of=lambda nic: None if nic.link_bps is None else f"{nic.link_bps / 1e9:g} Gbit/s",
        remedy="check the uplinks behind the slower vmknics; a vMotion runs at the slower end's speed",
    ),
)


def _drift(cluster: Cluster, hosts: Sequence[Host]) -> Iterator[SiteLine]:
    """Where the vMotion network differs between hosts, trait by trait."""
    equipped = [host for host in hosts if host.vmotion_nics]
    if len(equipped) < 2:
        return
    found = [line for trait in _TRAITS for line in _drift_of(cluster, equipped, trait)]
    yield from found
    if not found:
        words = ", ".join(trait.noun for trait in _TRAITS)
        yield _ok("vMotion", f"{cluster.name}: the vMotion network is alike on {len(equipped)} hosts ({words})")


def _drift_of(cluster: Cluster, hosts: Sequence[Host], trait: _Trait) -> Iterator[SiteLine]:
    by_host = {host.name: _values(host, trait) for host in hosts}
    unread = [name for name, values in by_host.items() if values is None]
    if unread:
        text = f"{cluster.name}: {trait.noun} of the vMotion vmknic could not be read on {_listed(unread)}"
        yield _warn("vMotion", text, f"look at the {trait.noun} of these hosts by hand")
    known = Counter(values for values in by_host.values() if values is not None)
    if len(known) < 2:
        return
    (usual, _), *_ = known.most_common()
    odd = [f"{name} ({values})" for name, values in by_host.items() if values not in {None, usual}]
    text = f"{cluster.name}: {trait.noun} of the vMotion vmknics differs: mostly {usual}, but {_listed(odd)}"
    yield _warn("vMotion", text, trait.remedy)


def _values(host: Host, trait: _Trait) -> str | None:
    """The values of all vMotion vmknics of a host as one; None if one of them could not be read."""
    values = {trait.of(nic) for nic in host.vmotion_nics or ()}
    return None if None in values else ", ".join(sorted(value for value in values if value is not None))


def _subnet(nic: VmkNic) -> str | None:
    if nic.address is None or nic.prefix_length is None:
        return None
    return str(ipaddress.ip_interface(f"{nic.address}/{nic.prefix_length}").network)


def _versions(cluster: Cluster, hosts: Sequence[Host]) -> Iterator[SiteLine]:
    """A mix of releases is what an upgrade looks like, and a VM on newer virtual hardware cannot go back."""
    versions = Counter(host.version for host in hosts if host.version)
    unread = [host for host in hosts if not host.version]
    if unread:
        text = f"{cluster.name}: the version of {_names(unread)} could not be read"
        yield _warn("version", text, "give the account the privilege System.Read on these hosts")
    if len(versions) > 1:
        words = ", ".join(f"{count} with {version}" for version, count in sorted(versions.items()))
        yield _warn(
            "version", f"{cluster.name}: the hosts run different releases of ESXi: {words}", "finish the upgrade"
        )
    elif versions and not unread:
        builds = sorted({host.build for host in hosts if host.build})
        words = f"ESXi {next(iter(versions))}, {_count(len(builds), 'build')}: {', '.join(builds)}"
        yield _ok("version", f"{cluster.name}: {words}")


def _evc(cluster: Cluster, hosts: Sequence[Host]) -> Iterator[SiteLine]:
    """Hosts of one vendor with different CPUs need EVC; hosts of two vendors never exchange running VMs."""
    vendors = Counter(host.cpu_vendor for host in hosts if host.cpu_vendor)
    modes = sorted({host.max_evc_mode for host in hosts if host.max_evc_mode})
    without = [host for host in hosts if not host.evc_mode]
    if len(vendors) > 1:
        words = ", ".join(f"{count} {vendor}" for vendor, count in sorted(vendors.items()))
        text = f"{cluster.name}: CPUs of different vendors: {words}; no running VM moves between them"
        yield _warn("EVC", text, "keep one vendor in a cluster")
    elif len(modes) > 1 and without:
        text = f"{cluster.name}: the hosts' CPUs differ ({', '.join(modes)}) and EVC is off on {_names(without)}"
        yield _warn("EVC", text, "enable EVC on the cluster at the oldest host's mode; VMs need a power cycle to join")
    elif modes:
        in_use = sorted({host.evc_mode for host in hosts if host.evc_mode})
        words = f"EVC mode {', '.join(in_use)}" if in_use else "no EVC, and the hosts' CPUs are alike"
        yield _ok("EVC", f"{cluster.name}: {words}")


def _names(hosts: Iterable[Host]) -> str:
    return _listed([host.name for host in hosts])


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(sorted(names)[:_NAMES])
    return f"{shown} and {len(names) - _NAMES} more" if len(names) > _NAMES else shown


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _ok(topic: str, text: str) -> SiteLine:
    return SiteLine(topic=topic, state=State.OK, text=text)


def _warn(topic: str, text: str, remedy: str) -> SiteLine:
    return SiteLine(topic=topic, state=State.WARN, text=text, remedy=remedy)
