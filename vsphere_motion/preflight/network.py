"""Whether the destination has the networks that the VM is attached to."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import Device, DeviceKind
from vsphere_motion.model.refs import MoRef
from vsphere_motion.preflight.check import Check, unknown
from vsphere_motion.preflight.subject import Subject

PRESENT = "network.present"
USABLE = "network.usable"

VM_DEVICES = "config.hardware.device"
NIC_NETWORK = "config.hardware.device.backing.network"
NETWORK_HOSTS = "network"

DISTRIBUTED = "DistributedVirtualPortgroup"


def check_present(subject: Subject) -> Iterator[Finding]:
    """Every NIC's network must exist on the destination.

    A standard network may be missing while the NIC is disconnected; a distributed portgroup may not, because the host
    is no member of its switch then.
    """
    if subject.vm.devices is None:
        yield unknown(PRESENT, subject.named_vm, VM_DEVICES)
        return
    for nic in subject.vm.devices:
        if nic.kind is DeviceKind.NIC:
            yield from _look_at(subject, nic)


def _look_at(subject: Subject, nic: Device) -> Iterator[Finding]:
    if nic.network is None:
        yield unknown(PRESENT, subject.named_vm, f"{NIC_NETWORK} of {nic.label}")
        return
    is_present = _is_present(subject, nic.network)
    if is_present is None:
        yield unknown(PRESENT, subject.destination.named, NETWORK_HOSTS)
    elif not is_present:
        yield _missing(subject, nic, nic.network)


def _is_present(subject: Subject, ref: MoRef) -> bool | None:
    """Whether neither side denies it: the host's list of networks, and the network's list of hosts.

    A network's list can be empty while hosts have it, so an empty one counts only where the host's was not read.
    """
    network = subject.inventory.find_network(ref)
    hosts, networks = network.hosts if network else None, subject.destination.networks
    if networks is None:
        return None if hosts is None else subject.destination.ref in hosts
    return ref in networks and (not hosts or subject.destination.ref in hosts)


def _missing(subject: Subject, nic: Device, ref: MoRef) -> Finding:
    vm, host, network = subject.vm, subject.destination, subject.inventory.name_of(ref)
    assert network is not None, "a reference has a name"
    is_connected = nic.connected is not False
    is_fatal = is_connected or ref.kind == DISTRIBUTED
    return Finding(
        id=PRESENT,
        severity=Severity.BLOCKER if is_fatal else Severity.WARNING,
        subject=network,
        message=f"network {network.name} of {vm.name} ({nic.label}, "
        f"{'connected' if is_connected else 'disconnected'}) is not on {host.name}",
        remedy=f"add {host.name} to the distributed switch of {network.name}, or choose a host that is on it"
        if ref.kind == DISTRIBUTED
        else f"create a port group labelled {network.name} on {host.name}, or choose a host that has it",
        evidence=(("device", nic.label), ("connected", nic.connected), ("host", host.ref.moid)),
    )


CHECKS = (
    Check(
        id=PRESENT,
        severity=Severity.BLOCKER,
        title="every network of the VM on the destination",
        function=check_present,
        reads=(VM_DEVICES, NETWORK_HOSTS),
        source="vSphere API 8.0: CannotAccessNetwork",
    ),
    Check(
        id=USABLE,
        severity=Severity.BLOCKER,
        title="networks that are compatible on both hosts",
        source="vSphere API 8.0: CannotUseNetwork, DestinationSwitchFull, VMOnVirtualIntranet, NetworksMayNotBeTheSame",
    ),
)
