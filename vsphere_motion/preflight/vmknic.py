"""Whether the vMotion interfaces of both hosts can reach each other; only a running VM needs them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from typing import TypeAlias

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import Host, VmkNic
from vsphere_motion.preflight.check import Check, unknown
from vsphere_motion.preflight.subject import Subject

MISSING = "vmknic.missing"
STACK = "vmknic.stack"
SUBNET = "vmknic.subnet"
MTU = "vmknic.mtu"
LINK = "vmknic.link"

HOST_VMKNICS = "config.virtualNicManagerInfo.netConfig"

# The TCP/IP stack made for vMotion: once a host has a vmknic on it, vMotion on its other vmknics is deactivated
# (vSphere Networking 8.0, "Place vMotion Traffic on the vMotion TCP/IP Stack of an ESXi Host").
VMOTION_STACK = "vmotion"

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


def check_missing(subject: Subject) -> Iterator[Finding]:
    """Both hosts need a vmknic that is enabled for vMotion; one finding for each host that has none."""
    if not subject.is_live:
        return
    for host in subject.hosts:
        if host.vmotion_nics is None:
            yield unknown(MISSING, host.named, HOST_VMKNICS)
        elif not host.vmotion_nics:
            yield Finding(
                id=MISSING,
                severity=Severity.BLOCKER,
                subject=host.named,
                message=f"{host.name} has no vmknic that is enabled for vMotion",
                remedy=f"enable vMotion on a VMkernel adapter of {host.name}",
                evidence=(("vmotion_nics", 0),),
            )


def check_stack(subject: Subject) -> Iterator[Finding]:
    """Both hosts must do vMotion on the same TCP/IP stack."""
    for source, destination in _ends(subject):
        yield from _unread(STACK, source, destination, field="net_stack", path="spec.netStackInstanceKey")
        theirs = _words(nic.net_stack for nic in source.nics)
        ours = _words(nic.net_stack for nic in destination.nics)
        if theirs and ours and not set(theirs) & set(ours):
            yield Finding(
                id=STACK,
                severity=Severity.BLOCKER,
                subject=destination.host.named,
                message=_compare(source, theirs, destination, ours, what="TCP/IP stack"),
                remedy="create the vMotion vmknics of both hosts on the same TCP/IP stack; a vmknic cannot change it",
                evidence=(("source_stacks", theirs), ("destination_stacks", ours)),
            )


def check_subnet(subject: Subject) -> Iterator[Finding]:
    """Both ends' vMotion addresses must be of one IP version; in different subnets they depend on a route."""
    for source, destination in _ends(subject):
        yield from _unread_addresses(source, destination)
        theirs, ours = source.interfaces, destination.interfaces
        if not theirs or not ours or {i.network for i in theirs} & {i.network for i in ours}:
            continue
        has_common_version = bool({i.version for i in theirs} & {i.version for i in ours})
        source_words, destination_words = _words(theirs), _words(ours)
        yield Finding(
            id=SUBNET,
            severity=Severity.WARNING if has_common_version else Severity.BLOCKER,
            subject=destination.host.named,
            message=_compare(source, source_words, destination, destination_words, what="address")
            + (", which share no subnet" if has_common_version else ", which share no IP version"),
            remedy="put the vMotion vmknics of both hosts into one subnet, or route between their subnets"
            if has_common_version
            else "give both hosts a vMotion address of the same IP version",
            evidence=(("source_addresses", source_words), ("destination_addresses", destination_words)),
        )


def check_mtu(subject: Subject) -> Iterator[Finding]:
    """Both ends' vMotion vmknics should have one MTU; vCenter itself warns where they differ."""
    for source, destination in _ends(subject):
        yield from _unread(MTU, source, destination, field="mtu_bytes", path="spec.mtu")
        theirs = _words(nic.mtu_bytes for nic in source.nics)
        ours = _words(nic.mtu_bytes for nic in destination.nics)
        if theirs and ours and theirs != ours:
            yield Finding(
                id=MTU,
                severity=Severity.WARNING,
                subject=destination.host.named,
                message=_compare(source, theirs, destination, ours, what="MTU"),
                remedy="give the vMotion vmknics of both hosts one MTU, and the switches between them at least that",
                evidence=(("source_mtu_bytes", theirs), ("destination_mtu_bytes", ours)),
            )


def _ends(subject: Subject) -> Iterator[tuple[End, End]]:
    """Both ends; nothing where one has no vmknic or was not read, which is `MISSING`'s to say."""
    if subject.source is None or not subject.is_live:
        return
    source, destination = _end(subject.source), _end(subject.destination)
    if source.nics and destination.nics:
        yield source, destination


def _end(host: Host) -> End:
    nics = host.vmotion_nics or ()
    return End(host=host, nics=tuple(nic for nic in nics if nic.net_stack == VMOTION_STACK) or nics)


def _unread(check_id: str, *ends: End, field: str, path: str) -> Iterator[Finding]:
    for end in ends:
        for nic in end.nics:
            if getattr(nic, field) is None:
                yield unknown(check_id, end.host.named, f"{path} of {nic.device}")


def _unread_addresses(*ends: End) -> Iterator[Finding]:
    for end in ends:
        for nic in end.nics:
            if _interface(nic) is None:
                yield unknown(SUBNET, end.host.named, f"spec.ip of {nic.device}")


def _interface(nic: VmkNic) -> Interface | None:
    if nic.address is None or nic.prefix_length is None:
        return None
    try:
        return ip_interface(f"{nic.address}/{nic.prefix_length}")
    except ValueError:
        return None


def _words(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(sorted({str(value) for value in values if value is not None}))


def _compare(source: End, theirs: tuple[str, ...], destination: End, ours: tuple[str, ...], *, what: str) -> str:
    return (
        f"{source.host.name} does vMotion with {what} {', '.join(theirs)}, "
        f"{destination.host.name} with {what} {', '.join(ours)}"
    )


CHECKS = (
    Check(
        id=MISSING,
        severity=Severity.BLOCKER,
        title="a vmknic enabled for vMotion on both hosts",
        function=check_missing,
        reads=(HOST_VMKNICS,),
        source="vSphere API 8.0: VMotionNotConfigured",
    ),
    Check(
        id=STACK,
        severity=Severity.BLOCKER,
        title="one TCP/IP stack for vMotion on both hosts",
        function=check_stack,
        reads=(HOST_VMKNICS,),
        source="vSphere Networking 8.0, Place vMotion Traffic on the vMotion TCP/IP Stack of an ESXi Host",
    ),
    Check(
        id=SUBNET,
        severity=Severity.BLOCKER,
        title="vMotion addresses of one IP version, in one subnet or with a route",
        function=check_subnet,
        reads=(HOST_VMKNICS,),
        source="vCenter Server and Host Management 8.0, Host Configuration for vSphere vMotion",
    ),
    Check(
        id=MTU,
        severity=Severity.WARNING,
        title="one MTU of the vMotion vmknics of both hosts",
        function=check_mtu,
        reads=(HOST_VMKNICS,),
        source="KB 432825: vCenter warns of different vMotion vNIC MTU configurations",
    ),
    Check(
        id=LINK,
        severity=Severity.BLOCKER,
        title="a live and fast enough uplink behind the vMotion vmknics",
        source="vSphere API 8.0: VMotionLinkDown, VMotionLinkCapacityLow",
    ),
)
