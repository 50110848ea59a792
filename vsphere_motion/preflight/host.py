"""Whether both hosts are in a state to send and receive a VM."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import ConnectionState, Host
from vsphere_motion.preflight.check import Check, unknown
from vsphere_motion.preflight.subject import Subject

CONNECTION = "host.connection"
MAINTENANCE = "host.maintenance"
QUARANTINE = "host.quarantine"
FEATURE = "host.feature"
LICENSE = "host.license"
FAILOVER = "host.failover"

HOST_CONNECTION = "runtime.connectionState"
HOST_MAINTENANCE = "runtime.inMaintenanceMode"
HOST_QUARANTINE = "runtime.inQuarantineMode"


def check_connection(subject: Subject) -> Iterator[Finding]:
    """Both hosts must be connected to vCenter: each is told to do its half of the move."""
    for host in subject.hosts:
        if host.connection_state is None:
            yield unknown(CONNECTION, host.named, HOST_CONNECTION)
        elif host.connection_state is not ConnectionState.CONNECTED:
            yield Finding(
                id=CONNECTION,
                severity=Severity.BLOCKER,
                subject=host.named,
                message=f"{_end(subject, host)} {host.name} is {host.connection_state.value} in vCenter",
                remedy=f"reconnect {host.name} in vCenter, or check its power and management network",
                evidence=(("connection_state", host.connection_state.value),),
            )


def check_maintenance(subject: Subject) -> Iterator[Finding]:
    """A host in maintenance mode takes no VM; one may still leave it."""
    for host in subject.hosts:
        if host.in_maintenance_mode is None:
            yield unknown(MAINTENANCE, host.named, HOST_MAINTENANCE)
        elif host.in_maintenance_mode:
            is_destination = host is subject.destination
            yield Finding(
                id=MAINTENANCE,
                severity=Severity.BLOCKER if is_destination else Severity.INFO,
                subject=host.named,
                message=f"{_end(subject, host)} {host.name} is in maintenance mode",
                remedy=f"exit maintenance mode on {host.name}, or choose another host"
                if is_destination
                else "nothing to do: a VM may leave a host in maintenance mode",
                evidence=(("in_maintenance_mode", True),),
            )


def check_quarantine(subject: Subject) -> Iterator[Finding]:
    """DRS avoids a host in quarantine mode, because a health provider calls it degraded."""
    host = subject.destination
    if host.in_quarantine_mode is None:
        yield unknown(QUARANTINE, host.named, HOST_QUARANTINE)
    elif host.in_quarantine_mode:
        yield Finding(
            id=QUARANTINE,
            severity=Severity.WARNING,
            subject=host.named,
            message=f"destination {host.name} is in quarantine mode",
            remedy=f"repair what its health provider reports of {host.name}, or choose another host",
            evidence=(("in_quarantine_mode", True),),
        )


def _end(subject: Subject, host: Host) -> str:
    return "destination" if host is subject.destination else "source"


CHECKS = (
    Check(
        id=CONNECTION,
        severity=Severity.BLOCKER,
        title="hosts that are connected to vCenter",
        function=check_connection,
        reads=(HOST_CONNECTION,),
        source="vSphere API 8.0: HostNotConnected, InvalidHostConnectionState",
    ),
    Check(
        id=MAINTENANCE,
        severity=Severity.BLOCKER,
        title="a destination that is not in maintenance mode",
        function=check_maintenance,
        reads=(HOST_MAINTENANCE,),
        source="vSphere API 8.0: InvalidHostState, NoActiveHostInCluster",
    ),
    Check(
        id=QUARANTINE,
        severity=Severity.WARNING,
        title="a destination that is not in quarantine mode",
        function=check_quarantine,
        reads=(HOST_QUARANTINE,),
        source="vSphere API 8.0: HostRuntimeInfo.inQuarantineMode, QuarantineModeFault",
    ),
    Check(
        id=FEATURE,
        severity=Severity.BLOCKER,
        title="the migration features that this move needs, on both hosts",
        source="vSphere API 8.0: MigrationFeatureNotSupported, VMotionNotSupported",
    ),
    Check(
        id=LICENSE,
        severity=Severity.BLOCKER,
        title="a vMotion licence on both hosts",
        source="vSphere API 8.0: VMotionNotLicensed",
    ),
    Check(
        id=FAILOVER,
        severity=Severity.BLOCKER,
        title="a destination that is no dedicated failover host",
        source="vSphere API 8.0: DisallowedOperationOnFailoverHost",
    ),
)
