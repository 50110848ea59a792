"""Whether the vMotion interfaces of both hosts can reach each other; only a running VM needs them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from typing import TypeAlias

from vsphere_motion.model.finding import EvidenceValue, Finding, Severity
from vsphere_motion.model.inventory import Host, VmkNic
from vsphere_motion.preflight.check import About, Check
from vsphere_motion.preflight.subject import HostSubject, RouteSubject

HOST_VMKNICS = "config.virtualNicManagerInfo.netConfig"
HOST_LINKS = "config.network.pnic"
HOST_SWITCH_MTU = "config.network.vswitch"

# The TCP/IP stack made for vMotion: once a host has a vmknic on it, vMotion on its other vmknics is deactivated
# (vSphere Networking 8.0, "Place vMotion Traffic on the vMotion TCP/IP Stack of an ESXi Host").
VMOTION_STACK = "vmotion"

# VMotionLinkCapacityLow: a link below 1000 Mbit/s. vMotion also works over what is slower, and takes its time.
LOW_BPS = 1_000_000_000

Interface: TypeAlias = IPv4Interface | IPv6Interface


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One end of the move with the vmknics that it uses for vMotion."""

    host: Host
    nics: tuple[VmkNic, ...]

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """The addresses with their subnets, as far as they were read."""
        found = (_interface(nic) for nic in self.nics)
        return tuple(interface for interface in found if interface is not None)


def check_missing(subject: HostSubject) -> Iterator[Finding]:
    """Both hosts need a vmknic that is enabled for vMotion; one finding for each host that has none."""
    host = subject.host
    if not subject.is_live:
        return
    if host.vmotion_nics is None:
        yield MISSING.unknown(host.named, HOST_VMKNICS)
    elif not host.vmotion_nics:
        yield MISSING.found(host.named, f"{host.name} has no vmknic that is enabled for vMotion", vmotion_nics=0)


def check_link(subject: HostSubject) -> Iterator[Finding]:
    """Behind a vMotion vmknic there must be a live uplink, and one of 1000 Mbit/s at least."""
    for nic in _nics_in_use(subject):
        if nic.link_bps is None:
            yield LINK.unknown(subject.host.named, f"{HOST_LINKS} behind {nic.device}")
        elif nic.link_bps < LOW_BPS:
            is_down = nic.link_bps == 0
            speed = "no live uplink" if is_down else f"an uplink of {nic.link_bps // 1_000_000} Mbit/s"
            yield LINK.found(
                subject.host.named,
                f"vMotion vmknic {nic.device} of {subject.host.name} has {speed}",
                severity=Severity.BLOCKER if is_down else Severity.WARNING,
                device=nic.device,
                link_bps=nic.link_bps,
            )


def check_switch_mtu(subject: HostSubject) -> Iterator[Finding]:
    """A switch that carries smaller frames than its vmknic sends drops them: the move stops without a word."""
    for nic in _nics_in_use(subject):
        if nic.mtu_bytes is None or nic.switch_mtu_bytes is None:
            yield SWITCH_MTU.unknown(subject.host.named, f"{HOST_SWITCH_MTU}.mtu behind {nic.device}")
        elif nic.switch_mtu_bytes < nic.mtu_bytes:
            message = f"{nic.device} of {subject.host.name} sends frames of {nic.mtu_bytes}, its switch carries "
            evidence: dict[str, EvidenceValue] = {
                "device": nic.device,
                "mtu_bytes": nic.mtu_bytes,
                "switch_mtu_bytes": nic.switch_mtu_bytes,
            }
            yield SWITCH_MTU.found(subject.host.named, f"{message}{nic.switch_mtu_bytes}", evidence=evidence)


def check_duplicate(subject: HostSubject) -> Iterator[Finding]:
    """Two hosts with one vMotion address answer each other's moves."""
    for nic in _nics_in_use(subject):
        if nic.address is None:
            yield DUPLICATE.unknown(subject.host.named, f"spec.ip of {nic.device}")
            continue
        owners = subject.site.vmotion_addresses.get(nic.address, ())
        others = tuple(host.name for host in owners if host.ref != subject.host.ref)
        if others:
            message = f"{subject.host.name} and {', '.join(others)} have the same vMotion address {nic.address}"
            yield DUPLICATE.found(subject.host.named, message, address=nic.address, hosts=others)


def check_drift(subject: HostSubject) -> Iterator[Finding]:
    """A host whose vMotion network differs from that of most hosts of its cluster was set up by another hand."""
    cluster, host = subject.facts.cluster, subject.host
    if not subject.is_live or host.vmotion_nics == ():
        return
    if host.vmotion_nics is None:
        yield DRIFT.unknown(host.named, HOST_VMKNICS)
    elif cluster is None:
        yield DRIFT.unknown(host.named, "parent")
    else:
        kinds = Counter(_kind_of(one) for one in subject.site.members(cluster) if one.vmotion_nics)
        usual, count = kinds.most_common(1)[0] if kinds else (_kind_of(host), 0)
        if count * 2 > kinds.total() and _kind_of(host) != usual:
            message = f"vMotion of {host.name} is {_kind_of(host)}, of most hosts of {cluster.name} {usual}"
            yield DRIFT.found(host.named, message, host_has=_kind_of(host), most_have=usual)


def _nics_in_use(subject: HostSubject) -> tuple[VmkNic, ...]:
    """The vmknics that a running VM would use; none where none was read, which is `MISSING`'s to say."""
    return _end(subject.host).nics if subject.is_live else ()


def _kind_of(host: Host) -> str:
    """What should be the same on all hosts of a cluster: number, stack, MTU and prefix length of the vmknics in use."""
    nics = _end(host).nics
    stacks = ", ".join(_words(nic.net_stack for nic in nics))
    mtus = ", ".join(_words(nic.mtu_bytes for nic in nics))
    prefixes = ", ".join(_words(nic.prefix_length for nic in nics))
    return f"{len(nics)} x {stacks} /{prefixes} MTU {mtus}"


def check_stack(subject: RouteSubject) -> Iterator[Finding]:
    """Both hosts must do vMotion on the same TCP/IP stack."""
    for source, destination in _ends(subject):
        yield from _unread(STACK, source, destination, field="net_stack", path="spec.netStackInstanceKey")
        theirs = _words(nic.net_stack for nic in source.nics)
        ours = _words(nic.net_stack for nic in destination.nics)
        if theirs and ours and not set(theirs) & set(ours):
            message = _compare(source, theirs, destination, ours, what="TCP/IP stack")
            yield STACK.found(destination.host.named, message, source_stacks=theirs, destination_stacks=ours)


def check_family(subject: RouteSubject) -> Iterator[Finding]:
    """Both ends' vMotion addresses must be of one IP version."""
    for source, destination in _ends(subject):
        theirs, ours = source.interfaces, destination.interfaces
        yield from _unread_addresses(FAMILY, source, destination)
        if theirs and ours and not {i.version for i in theirs} & {i.version for i in ours}:
            yield _addresses_apart(FAMILY, source, destination, "which share no IP version")


def check_subnet(subject: RouteSubject) -> Iterator[Finding]:
    """In different subnets both ends' vMotion addresses depend on a route."""
    for source, destination in _ends(subject):
        theirs, ours = source.interfaces, destination.interfaces
        yield from _unread_addresses(SUBNET, source, destination)
        has_common_version = bool({i.version for i in theirs} & {i.version for i in ours})
        if has_common_version and not {i.network for i in theirs} & {i.network for i in ours}:
            yield _addresses_apart(SUBNET, source, destination, "which share no subnet")


def check_mtu(subject: RouteSubject) -> Iterator[Finding]:
    """Both ends' vMotion vmknics should have one MTU; vCenter itself warns where they differ."""
    for source, destination in _ends(subject):
        yield from _unread(MTU, source, destination, field="mtu_bytes", path="spec.mtu")
        theirs = _words(nic.mtu_bytes for nic in source.nics)
        ours = _words(nic.mtu_bytes for nic in destination.nics)
        if theirs and ours and theirs != ours:
            message = _compare(source, theirs, destination, ours, what="MTU")
            yield MTU.found(destination.host.named, message, source_mtu_bytes=theirs, destination_mtu_bytes=ours)


def check_speed(subject: RouteSubject) -> Iterator[Finding]:
    """The slower end sets the pace."""
    for source, destination in _ends(subject):
        theirs, ours = subject.from_facts.link_bps, subject.to_facts.link_bps
        for end, speed in ((source, theirs), (destination, ours)):
            if speed is None:
                yield SPEED.unknown(end.host.named, HOST_LINKS)
        if theirs and ours and theirs != ours:
            slower = source if theirs < ours else destination
            message = f"vMotion runs at the {min(theirs, ours) / 1e9:g} Gbit/s of {slower.host.name}"
            evidence = {"source_link_bps": theirs, "destination_link_bps": ours}
            yield SPEED.found(slower.host.named, message, evidence=evidence)


def check_count(subject: RouteSubject) -> Iterator[Finding]:
    """With several vmknics on one end alone, vMotion uses as many streams as the smaller end has."""
    for source, destination in _ends(subject):
        theirs, ours = len(source.nics), len(destination.nics)
        if theirs != ours:
            message = f"{source.host.name} has {theirs} vMotion vmknics, {destination.host.name} has {ours}"
            yield COUNT.found(destination.host.named, message, source_vmknics=theirs, destination_vmknics=ours)
    if subject.is_live:
        for host in (subject.source, subject.destination):
            yield from COUNT.unread((host, HOST_VMKNICS, host.vmotion_nics))


def _ends(subject: RouteSubject) -> Iterator[tuple[End, End]]:
    """Both ends; nothing where one has no vmknic or was not read, which is `MISSING`'s to say."""
    if not subject.is_live:
        return
    source, destination = _end(subject.source), _end(subject.destination)
    if source.nics and destination.nics:
        yield source, destination


def _end(host: Host) -> End:
    nics = host.vmotion_nics or ()
    return End(host=host, nics=tuple(nic for nic in nics if nic.net_stack == VMOTION_STACK) or nics)


def _unread(check: Check, *ends: End, field: str, path: str) -> Iterator[Finding]:
    for end in ends:
        for nic in end.nics:
            if getattr(nic, field) is None:
                yield check.unknown(end.host.named, f"{path} of {nic.device}")


def _unread_addresses(check: Check, *ends: End) -> Iterator[Finding]:
    for end in ends:
        for nic in end.nics:
            if _interface(nic) is None:
                yield check.unknown(end.host.named, f"spec.ip of {nic.device}")


def _addresses_apart(check: Check, source: End, destination: End, how: str) -> Finding:
    theirs, ours = _words(source.interfaces), _words(destination.interfaces)
    message = f"{_compare(source, theirs, destination, ours, what='address')}, {how}"
    return check.found(destination.host.named, message, source_addresses=theirs, destination_addresses=ours)


def _interface(nic: VmkNic) -> Interface | None:
    if nic.address is None or nic.prefix_length is None:
        return None
    return _interface_of(nic.address, nic.prefix_length)


@lru_cache(maxsize=4096)
def _interface_of(address: str, prefix_length: int) -> Interface | None:
    """Read once for a host, and not for each route from and to it."""
    try:
        return ip_interface(f"{address}/{prefix_length}")
    except ValueError:
        return None


def _words(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(sorted({str(value) for value in values if value is not None}))


def _compare(source: End, theirs: tuple[str, ...], destination: End, ours: tuple[str, ...], *, what: str) -> str:
    return (
        f"{source.host.name} does vMotion with {what} {', '.join(theirs)}, "
        f"{destination.host.name} with {what} {', '.join(ours)}"
    )


MISSING = Check(
    id="vmknic.missing",
    severity=Severity.BLOCKER,
    title="a vmknic enabled for vMotion on both hosts",
    about=About.HOSTS,
    on_host=check_missing,
    at_source=True,
    reads=(HOST_VMKNICS,),
    source="vSphere API 8.0: VMotionNotConfigured",
    remedy="enable vMotion on a VMkernel adapter of the host",
)
LINK = Check(
    id="vmknic.link",
    severity=Severity.BLOCKER,
    title="a live and fast enough uplink behind the vMotion vmknics",
    about=About.HOSTS,
    on_host=check_link,
    at_source=True,
    reads=(HOST_VMKNICS, HOST_LINKS),
    source="vSphere API 8.0: VMotionLinkDown, VMotionLinkCapacityLow",
    remedy="check cabling and switch ports of the uplinks behind the vmknic, or give vMotion a faster adapter",
)
SWITCH_MTU = Check(
    id="vmknic.switch-mtu",
    severity=Severity.WARNING,
    title="virtual switches that carry the frames of their vMotion vmknic",
    about=About.HOSTS,
    on_host=check_switch_mtu,
    at_source=True,
    reads=(HOST_VMKNICS, HOST_SWITCH_MTU),
    source="vSphere Networking 8.0, Jumbo Frames",
    remedy="raise the MTU of the virtual switch to that of its vmknics, or lower the MTU of the vmknic",
)
DUPLICATE = Check(
    id="vmknic.duplicate",
    severity=Severity.BLOCKER,
    title="a vMotion address of its own for every host",
    about=About.HOSTS,
    on_host=check_duplicate,
    at_source=True,
    reads=(HOST_VMKNICS,),
    source="KB 1030389: vMotion fails at 14 %, duplicate IP addresses",
    remedy="give one of the hosts another vMotion address",
)
DRIFT = Check(
    id="vmknic.drift",
    severity=Severity.WARNING,
    title="a vMotion network like that of the other hosts of the cluster",
    about=About.DESTINATION,
    on_host=check_drift,
    reads=(HOST_VMKNICS, "parent"),
    source="vCenter Server and Host Management 8.0, Host Configuration for vSphere vMotion",
    remedy="set up number, TCP/IP stack, prefix and MTU of the vMotion vmknics alike on all hosts of the cluster",
)
STACK = Check(
    id="vmknic.stack",
    severity=Severity.BLOCKER,
    title="one TCP/IP stack for vMotion on both hosts",
    about=About.DESTINATION,
    on_route=check_stack,
    reads=(HOST_VMKNICS,),
    source="vSphere Networking 8.0, Place vMotion Traffic on the vMotion TCP/IP Stack of an ESXi Host",
    remedy="create the vMotion vmknics of both hosts on the same TCP/IP stack; a vmknic cannot change it",
)
FAMILY = Check(
    id="vmknic.family",
    severity=Severity.BLOCKER,
    title="vMotion addresses of one IP version",
    about=About.DESTINATION,
    on_route=check_family,
    reads=(HOST_VMKNICS,),
    source="vCenter Server and Host Management 8.0, Host Configuration for vSphere vMotion",
    remedy="give both hosts a vMotion address of the same IP version",
)
SUBNET = Check(
    id="vmknic.subnet",
    severity=Severity.WARNING,
    title="vMotion addresses in one subnet",
    about=About.DESTINATION,
    on_route=check_subnet,
    reads=(HOST_VMKNICS,),
    source="vCenter Server and Host Management 8.0, Host Configuration for vSphere vMotion",
    remedy="put the vMotion vmknics of both hosts into one subnet, or route between their subnets",
)
MTU = Check(
    id="vmknic.mtu",
    severity=Severity.WARNING,
    title="one MTU of the vMotion vmknics of both hosts",
    about=About.DESTINATION,
    on_route=check_mtu,
    reads=(HOST_VMKNICS,),
    source="KB 432825: vCenter warns of different vMotion vNIC MTU configurations",
    remedy="give the vMotion vmknics of both hosts one MTU, and the switches between them at least that",
)
SPEED = Check(
    id="vmknic.speed",
    severity=Severity.INFO,
    title="vMotion links of one speed on both hosts",
    about=About.HOSTS,
    on_route=check_speed,
    reads=(HOST_LINKS,),
    source="vCenter Server and Host Management 8.0, vSphere vMotion Networking Requirements",
    remedy="allow for the slower link, or choose a host with a faster one",
)
COUNT = Check(
    id="vmknic.count",
    severity=Severity.INFO,
    title="as many vMotion vmknics on both hosts",
    about=About.DESTINATION,
    on_route=check_count,
    reads=(HOST_VMKNICS,),
    source="KB 2007467: Multiple-NIC vMotion",
    remedy="give both hosts the same number of vMotion vmknics",
)

CHECKS = (MISSING, LINK, SWITCH_MTU, DUPLICATE, DRIFT, STACK, FAMILY, SUBNET, MTU, SPEED, COUNT)
