"""Whether the destination has the networks that the VM is attached to, and whether they lead to the same place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vsphere_motion.model.finding import EvidenceValue, Finding, Severity
from vsphere_motion.model.inventory import Device, Host, HostPortgroup, HostSwitch
from vsphere_motion.model.refs import MoRef
from vsphere_motion.preflight.check import About, Check
from vsphere_motion.preflight.subject import Subject

VM_DEVICES = "config.hardware.device"
NIC_NETWORK = "config.hardware.device.backing.network"
NETWORK_HOSTS = "network"
HOST_PORTGROUPS = "config.network.portgroup"
HOST_SWITCHES = "config.network.vswitch"
HOST_PROXIES = "config.network.proxySwitch"
HOST_CHANGE = "capability.vmotionAcrossNetworkSupported"

DISTRIBUTED = "DistributedVirtualPortgroup"
STANDARD = "Network"

# Begins the key of a port that exists on one host alone, made while vCenter was away (UNVERIFIED; seen as c-0, c-1).
TEMPORARY = "c-"


def check_present(subject: Subject) -> Iterator[Finding]:
    """Every NIC's network must exist on the destination.

    A standard network may be missing while the NIC is disconnected; a distributed portgroup may not, because the host
    is no member of its switch then.
    """
    if subject.vm.devices is None:
        yield PRESENT.unknown(subject.named_vm, VM_DEVICES)
        return
    for nic in _concerned(subject):
        if nic.is_legacy:
            continue  # it names no network of the inventory: the business of `network.usable`
        if nic.network is None:
            yield PRESENT.unknown(subject.named_vm, f"{NIC_NETWORK} of {nic.label}")
            continue
        is_present = _is_present(subject, nic.network)
        if is_present is None:
            yield PRESENT.unknown(subject.destination.named, NETWORK_HOSTS)
        elif not is_present:
            yield _missing(subject, nic, nic.network)


def _is_present(subject: Subject, ref: MoRef) -> bool | None:
    """Whether neither side denies it: the host's list of networks, and the network's list of hosts.

    A network's list can be empty while hosts have it, so an empty one counts only where the host's was not read.
    """
    hosts, networks = subject.site.network_hosts.get(ref), subject.there.networks
    if networks is None:
        return None if hosts is None else subject.destination.ref in hosts
    return ref in networks and (not hosts or subject.destination.ref in hosts)


def _missing(subject: Subject, nic: Device, ref: MoRef) -> Finding:
    vm, host, network = subject.vm, subject.destination, subject.inventory.name_of(ref)
    assert network is not None, "a reference has a name"
    is_connected = nic.connected is not False
    is_fatal = is_connected or ref.kind == DISTRIBUTED
    return PRESENT.found(
        network,
        f"network {network.name} of {vm.name} ({nic.label}, "
        f"{'connected' if is_connected else 'disconnected'}) is not on {host.name}",
        severity=Severity.BLOCKER if is_fatal else Severity.WARNING,
        remedy=f"add {host.name} to the distributed switch of {network.name}, choose a host that is on it, or "
        f"name another network with --network"
        if ref.kind == DISTRIBUTED
        else f"create a port group labelled {network.name} on {host.name}, choose a host that has it, or name another "
        f"network with --network",
        device=nic.label,
        connected=nic.connected,
        host=host.ref.moid,
    )


def check_uplink(subject: Subject) -> Iterator[Finding]:
    """A standard switch without a physical adapter is a network inside one host: the VM would leave its peers."""
    for nic in _on_standard_switches(subject):
        for end in subject.ends if _is_kept(subject, nic) else (subject.there,):
            host, portgroup = end.host, end.portgroups.get(nic.detail or "")
            if host.portgroups is None:
                yield UPLINK.unknown(host.named, HOST_PORTGROUPS)
            elif portgroup is not None and portgroup.uplink_count is None:
                yield UPLINK.unknown(host.named, HOST_SWITCHES)
            elif portgroup is not None and portgroup.uplink_count == 0:
                yield _intranet(subject, nic, host, portgroup)


def _intranet(subject: Subject, nic: Device, host: Host, portgroup: HostPortgroup) -> Finding:
    is_connected = nic.connected is not False
    return UPLINK.found(
        host.named,
        f"{portgroup.switch} of {host.name} with {portgroup.name} of {subject.vm.name} has no physical adapter",
        severity=Severity.BLOCKER if is_connected else Severity.WARNING,
        device=nic.label,
        switch=portgroup.switch,
    )


def check_vlan(subject: Subject) -> Iterator[Finding]:
    """Port groups of one label on two hosts are taken for one network, whatever their VLANs are."""
    if subject.source is None:
        return
    for nic in _on_standard_switches(subject):
        if not _is_kept(subject, nic):
            continue
        here, there = (end.portgroups.get(nic.detail or "") for end in subject.ends)
        for host in subject.hosts:
            if host.portgroups is None:
                yield VLAN.unknown(host.named, HOST_PORTGROUPS)
        if here is None or there is None:
            continue
        if here.vlan is None or there.vlan is None:
            yield VLAN.unknown(subject.destination.named, f"{HOST_PORTGROUPS}.spec.vlanId of {there.name}")
        elif here.vlan != there.vlan:
            names = f"{subject.source.name} and {there.vlan} on {subject.destination.name}"
            message = f"port group {here.name} of {subject.vm.name} has VLAN {here.vlan} on {names}"
            evidence: dict[str, EvidenceValue] = {
                "device": nic.label,
                "source_vlan": here.vlan,
                "destination_vlan": there.vlan,
            }
            yield VLAN.found(subject.destination.named, message, evidence=evidence)


def check_usable(subject: Subject) -> Iterator[Finding]:
    """The networks must take the VM's adapters: a free port, a policy no stricter than here, what they reserve.

    An adapter with a temporary port or one that names its network in the way of the first ESX releases cannot move. A
    disconnected adapter is a warning, because it could not be connected there.
    """
    if subject.vm.devices is None:
        yield USABLE.unknown(subject.named_vm, VM_DEVICES)
    for nic in _concerned(subject):
        if nic.is_legacy:
            yield _unusable(subject, nic, f"{_of(subject, nic)} is on a network of an old kind that cannot be moved")
        elif nic.network is not None and nic.network.kind == DISTRIBUTED:
            yield from _on_switch(subject, nic)
        elif nic.network is not None and nic.network.kind == STANDARD:
            yield from _on_portgroup(subject, nic)


def check_change(subject: Subject) -> Iterator[Finding]:
    """Both hosts must be able to attach a running VM to another network on its way."""
    changed = _changed(subject)
    if not changed or not subject.is_live:
        return
    labels = ", ".join(nic.label for nic in changed)
    for host in dict.fromkeys(subject.hosts):
        if host.network_change_supported is None:
            yield CHANGE.unknown(host.named, HOST_CHANGE)
        elif not host.network_change_supported:
            message = f"{host.name} cannot attach a running VM to another network, here {labels} of {subject.vm.name}"
            yield CHANGE.found(host.named, message, adapters=tuple(nic.label for nic in changed))


def _on_switch(subject: Subject, nic: Device) -> Iterator[Finding]:
    host, there = subject.destination, subject.there.switches.get(nic.switch_uuid or "")
    if (nic.port_key or "").startswith(TEMPORARY):
        message = f"{_of(subject, nic)} has the temporary port {nic.port_key}, which exists on its host alone"
        yield _unusable(subject, nic, message, severity=Severity.BLOCKER)
    if host.switches is None:
        yield USABLE.unknown(host.named, HOST_PROXIES)
    if there is None:
        return  # a host that is no member of the switch is the business of `network.present`
    if there.ports and not there.free_ports:
        yield _unusable(subject, nic, _full(subject, nic, there.name))
    if nic.reserved_bps and there.reservation_supported is False:
        message = f"{_of(subject, nic)} reserves bandwidth, which {there.name} on {host.name} cannot do"
        yield _unusable(subject, nic, message)
    yield from _mode(subject, nic, there)


def _mode(subject: Subject, nic: Device, there: HostSwitch) -> Iterator[Finding]:
    here = subject.of_vm.here.switches.get(there.uuid) if subject.of_vm.here else None
    if here is not None and here.ens_enabled != there.ens_enabled:
        host = subject.destination.name
        message = f"{there.name} is in enhanced data path mode on one host only, and {_of(subject, nic)} goes to {host}"
        yield _unusable(subject, nic, message)


def _on_portgroup(subject: Subject, nic: Device) -> Iterator[Finding]:
    here_at, label = subject.of_vm.here if _is_kept(subject, nic) else None, nic.detail or ""
    for end in (here_at, subject.there):
        if end is not None and end.host.portgroups is None:
            yield USABLE.unknown(end.host.named, HOST_PORTGROUPS)
    there = subject.there.portgroups.get(label)
    if there is None:
        return
    if there.free_ports is None:
        yield USABLE.unknown(subject.destination.named, HOST_SWITCHES)
    elif not there.free_ports:
        yield _unusable(subject, nic, _full(subject, nic, there.switch))
    here = here_at.portgroups.get(label) if here_at else None
    denied = () if here is None else _denied(here, there)
    if denied:
        message = f"port group {there.name} on {subject.destination.name} rejects {', '.join(denied)}"
        yield _unusable(subject, nic, f"{message}, which {_of(subject, nic)} may do here")


def _denied(here: HostPortgroup, there: HostPortgroup) -> tuple[str, ...]:
    """What the security policy allows here and forbids there; unset is inherited, and no difference."""
    pairs = (
        ("promiscuous mode", here.promiscuous, there.promiscuous),
        ("MAC address changes", here.mac_changes, there.mac_changes),
        ("forged transmits", here.forged_transmits, there.forged_transmits),
    )
    return tuple(word for word, before, after in pairs if before and after is False)


def _full(subject: Subject, nic: Device, switch: str) -> str:
    return f"{switch} on {subject.destination.name} has no free port for {_of(subject, nic)}"


def _of(subject: Subject, nic: Device) -> str:
    return f"{nic.label} of {subject.vm.name}"


def _unusable(subject: Subject, nic: Device, message: str, *, severity: Severity | None = None) -> Finding:
    about = subject.inventory.name_of(nic.network) or subject.named_vm
    usual = Severity.WARNING if nic.connected is False else Severity.BLOCKER
    return USABLE.found(
        about,
        message,
        severity=severity or usual,
        device=nic.label,
        connected=nic.connected,
        host=subject.destination.ref.moid,
    )


def _on_standard_switches(subject: Subject) -> Sequence[Device]:
    return [nic for nic in _concerned(subject) if nic.network is not None and nic.network.kind == STANDARD]


def _is_kept(subject: Subject, nic: Device) -> bool:
    """Whether an adapter stays on its network, so that both ends of the move can be compared."""
    return nic in subject.of_vm.nics


def _concerned(subject: Subject) -> tuple[Device, ...]:
    """The adapters as they are after the move: all of them on another host, those that change on the same one."""
    return _changed(subject) if subject.stays else subject.attached


def _changed(subject: Subject) -> tuple[Device, ...]:
    """The adapters that go to another network, as they are after the move."""
    if not subject.nics:
        return ()
    return tuple(after for after, now in zip(subject.attached, subject.of_vm.nics, strict=True) if after is not now)


PRESENT = Check(
    id="network.present",
    severity=Severity.BLOCKER,
    title="every network of the VM on the destination",
    about=About.NETWORK,
    on_pair=check_present,
    on_stay=True,
    reads=(VM_DEVICES, NETWORK_HOSTS),
    source="vSphere API 8.0: CannotAccessNetwork",
    remedy="add the network to the destination, choose a host that has it, or name another one with --network",
)
UPLINK = Check(
    id="network.uplink",
    severity=Severity.BLOCKER,
    title="standard switches with a physical adapter",
    about=About.HOSTS,
    on_pair=check_uplink,
    on_stay=True,
    concerns=lambda subject: bool(subject.nics),
    reads=(VM_DEVICES, HOST_PORTGROUPS, HOST_SWITCHES),
    source="vSphere API 8.0: VMOnVirtualIntranet",
    remedy="add an uplink to the switch, disconnect the adapter, or move all VMs of that network together while off",
    override="vCenter: config.migrate.test.CompatibleNetworks.VMOnVirtualIntranet = false",
)
VLAN = Check(
    id="network.vlan",
    severity=Severity.WARNING,
    title="one VLAN behind port groups of one label",
    about=About.DESTINATION,
    on_pair=check_vlan,
    on_stay=True,
    concerns=lambda subject: bool(subject.nics),
    reads=(VM_DEVICES, HOST_PORTGROUPS),
    source="vSphere Networking 8.0, Standard Port Groups; vCenter compares labels, not VLANs",
    remedy="give the port group the same VLAN ID on both hosts, or use a distributed switch",
)
USABLE = Check(
    id="network.usable",
    severity=Severity.BLOCKER,
    title="networks that take the VM's adapters on the destination",
    about=About.NETWORK,
    on_pair=check_usable,
    on_stay=True,
    reads=(VM_DEVICES, HOST_PORTGROUPS, HOST_SWITCHES, HOST_PROXIES),
    source="vSphere API 8.0: CannotUseNetwork, DestinationSwitchFull, LegacyNetworkInterfaceInUse, VMOnConflictDVPort",
    remedy="make the network of both hosts alike, attach the adapter to another network, or choose another host",
)
CHANGE = Check(
    id="network.change",
    severity=Severity.BLOCKER,
    title="hosts that can attach a running VM to another network",
    about=About.HOSTS,
    on_pair=check_change,
    on_stay=True,
    concerns=lambda subject: bool(subject.nics),
    reads=(HOST_CHANGE,),
    source="vSphere API 8.0: VMotionAcrossNetworkNotSupported, HostCapability.vmotionAcrossNetworkSupported",
    remedy="leave the networks as they are, move the VM while it is off, or choose another host",
)

CHECKS = (PRESENT, UPLINK, VLAN, USABLE, CHANGE)
