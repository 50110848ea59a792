"""Whether both hosts are in a state to send and receive a VM."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import ConnectionState, PowerState
from vsphere_motion.preflight.check import About, Check
from vsphere_motion.preflight.hardware import HOST_VERSION
from vsphere_motion.preflight.subject import HostSubject, RouteSubject, Subject, VmSubject

HOST_CONNECTION = "runtime.connectionState"
HOST_POWER = "runtime.powerState"
HOST_MAINTENANCE = "runtime.inMaintenanceMode"
HOST_QUARANTINE = "runtime.inQuarantineMode"
HOST_TASKS = "recentTask"
HOST_REBOOT = "summary.rebootRequired"
HOST_VMOTION = "capability.vmotionSupported"
HOST_SUSPENDED = "capability.suspendedRelocateSupported"
HOST_PARENT = "parent"
CLUSTER_HA = "configurationEx"

ENTERING = frozenset({"EnterMaintenanceMode_Task", "EnterMaintenanceModeTask"})


def check_connection(subject: HostSubject) -> Iterator[Finding]:
    """Both hosts must be connected to vCenter: each is told to do its half of the move."""
    host = subject.host
    if host.connection_state is None:
        yield CONNECTION.unknown(host.named, HOST_CONNECTION)
    elif host.connection_state is not ConnectionState.CONNECTED:
        state = host.connection_state.value
        message = f"{subject.end} {host.name} is {state} in vCenter"
        yield CONNECTION.found(host.named, message, connection_state=state)


def check_power(subject: HostSubject) -> Iterator[Finding]:
    """A host in standby runs nothing until it is powered on."""
    host = subject.host
    if host.power_state is None:
        yield POWER.unknown(host.named, HOST_POWER)
    elif host.power_state in {"standBy", "poweredOff"}:
        word = "in standby" if host.power_state == "standBy" else "powered off"
        yield POWER.found(host.named, f"{subject.end} {host.name} is {word}", power_state=host.power_state)


def check_maintenance(subject: HostSubject) -> Iterator[Finding]:
    """A host in maintenance mode takes no VM; one may still leave it."""
    host = subject.host
    if host.in_maintenance_mode is None:
        yield MAINTENANCE.unknown(host.named, HOST_MAINTENANCE)
    elif host.in_maintenance_mode:
        yield MAINTENANCE.found(
            host.named,
            f"{subject.end} {host.name} is in maintenance mode",
            severity=Severity.BLOCKER if subject.is_destination else Severity.INFO,
            remedy=None if subject.is_destination else "nothing to do: a VM may leave a host in maintenance mode",
            in_maintenance_mode=True,
        )


def check_entering(subject: HostSubject) -> Iterator[Finding]:
    """A host on its way into maintenance mode sends away what comes."""
    host = subject.host
    if host.running_tasks is None:
        yield ENTERING_MAINTENANCE.unknown(host.named, HOST_TASKS)
    for task in host.running_tasks or ():
        if task.name in ENTERING:
            message = f"destination {host.name} is entering maintenance mode ({task.ref.moid})"
            yield ENTERING_MAINTENANCE.found(host.named, message, task=task.ref.moid)


def check_quarantine(subject: HostSubject) -> Iterator[Finding]:
    """DRS avoids a host in quarantine mode, because a health provider calls it degraded."""
    host = subject.host
    if host.in_quarantine_mode is None:
        yield QUARANTINE.unknown(host.named, HOST_QUARANTINE)
    elif host.in_quarantine_mode:
        yield QUARANTINE.found(host.named, f"destination {host.name} is in quarantine mode", in_quarantine_mode=True)


def check_reboot(subject: HostSubject) -> Iterator[Finding]:
    """Who runs there will have to move again."""
    host = subject.host
    if host.reboot_required is None:
        yield REBOOT.unknown(host.named, HOST_REBOOT)
    elif host.reboot_required:
        yield REBOOT.found(host.named, f"destination {host.name} wants a reboot", reboot_required=True)


def check_feature(subject: HostSubject) -> Iterator[Finding]:
    """A host must be able to vMotion at all; without a vmknic for it the host says no as well, see `vmknic.missing`."""
    host = subject.host
    if not subject.is_live:
        return
    if host.vmotion_supported is None:
        yield FEATURE.unknown(host.named, HOST_VMOTION)
    elif not host.vmotion_supported and host.vmotion_nics != ():
        yield FEATURE.found(host.named, f"{subject.end} {host.name} does not support vMotion", vmotion_supported=False)


def is_suspended(subject: VmSubject) -> bool:
    """Whether the VM is suspended; an unread power state is the business of `vm.power-state`."""
    return subject.vm.power_state is PowerState.SUSPENDED


def check_suspended(subject: Subject) -> Iterator[Finding]:
    """A suspended VM moves with its memory in a file, which both hosts must know how to hand over."""
    if not is_suspended(subject.of_vm):
        return
    for host in subject.hosts:
        if host.suspended_relocate_supported is None:
            yield SUSPENDED.unknown(host.named, HOST_SUSPENDED)
        elif not host.suspended_relocate_supported:
            message = f"{host.name} does not relocate suspended VMs, and {subject.vm.name} is suspended"
            yield SUSPENDED.found(host.named, message, suspended_relocate_supported=False)


def check_failover(subject: HostSubject) -> Iterator[Finding]:
    """vSphere HA keeps a dedicated failover host empty and refuses VMs on it."""
    cluster, host = subject.facts.cluster, subject.host
    if cluster is None:
        yield FAILOVER.unknown(host.named, HOST_PARENT)
    elif cluster.is_cluster and (cluster.ha_enabled is None or (cluster.ha_enabled and cluster.ha_admission is None)):
        yield FAILOVER.unknown(host.named, CLUSTER_HA)
    elif cluster.ha_enabled and cluster.ha_admission and host.ref in cluster.ha_admission.failover_hosts:
        message = f"destination {host.name} is a failover host of {cluster.name}"
        yield FAILOVER.found(host.named, message, cluster=cluster.ref.moid)


def check_version(subject: RouteSubject) -> Iterator[Finding]:
    """Back to an older release, a VM may keep what that release does not know."""
    source, destination = subject.source, subject.destination
    if source.version is None or destination.version is None:
        readings = (source, HOST_VERSION, source.version), (destination, HOST_VERSION, destination.version)
        yield from VERSION.unread(*readings)
    elif release(destination.version) < release(source.version):
        message = (
            f"destination {destination.name} runs ESXi {destination.version}, "
            f"older than {source.version} of {source.name}"
        )
        evidence = {"source_version": source.version, "destination_version": destination.version}
        yield VERSION.found(destination.named, message, evidence=evidence)


def release(version: str) -> tuple[int, ...]:
    """The numbers of a version, to compare."""
    return tuple(int(part) for part in version.split(".") if part.isdigit())


CONNECTION = Check(
    id="host.connection",
    severity=Severity.BLOCKER,
    title="hosts that are connected to vCenter",
    about=About.HOSTS,
    on_host=check_connection,
    at_source=True,
    reads=(HOST_CONNECTION,),
    source="vSphere API 8.0: HostNotConnected, InvalidHostConnectionState",
    remedy="reconnect the host in vCenter, or check its power and management network",
)
POWER = Check(
    id="host.power",
    severity=Severity.BLOCKER,
    title="hosts that are powered on",
    about=About.HOSTS,
    on_host=check_power,
    at_source=True,
    reads=(HOST_POWER,),
    source="vSphere API 8.0: HostSystemPowerState, InvalidHostState",
    remedy="power the host on (DPM puts hosts in standby), or choose another host",
)
MAINTENANCE = Check(
    id="host.maintenance",
    severity=Severity.BLOCKER,
    title="a destination that is not in maintenance mode",
    about=About.HOSTS,
    on_host=check_maintenance,
    at_source=True,
    reads=(HOST_MAINTENANCE,),
    source="vSphere API 8.0: InvalidHostState, NoActiveHostInCluster",
    remedy="exit maintenance mode on the host, or choose another host",
)
ENTERING_MAINTENANCE = Check(
    id="host.entering-maintenance",
    severity=Severity.WARNING,
    title="a destination that is not entering maintenance mode",
    about=About.DESTINATION,
    on_host=check_entering,
    reads=(HOST_TASKS,),
    source="vSphere API 8.0: HostSystem.EnterMaintenanceMode_Task",
    remedy="choose another host, or cancel the task that puts the host into maintenance mode",
)
QUARANTINE = Check(
    id="host.quarantine",
    severity=Severity.WARNING,
    title="a destination that is not in quarantine mode",
    about=About.DESTINATION,
    on_host=check_quarantine,
    reads=(HOST_QUARANTINE,),
    source="vSphere API 8.0: HostRuntimeInfo.inQuarantineMode, QuarantineModeFault",
    remedy="repair what the health provider reports of the host, or choose another host",
)
REBOOT = Check(
    id="host.reboot",
    severity=Severity.INFO,
    title="a destination that wants no reboot",
    about=About.DESTINATION,
    on_host=check_reboot,
    reads=(HOST_REBOOT,),
    source="vSphere API 8.0: HostListSummary.rebootRequired",
    remedy="reboot the host before it takes VMs, or expect to move them again",
)
FEATURE = Check(
    id="host.feature",
    severity=Severity.BLOCKER,
    title="the migration features that this move needs, on both hosts",
    about=About.HOSTS,
    on_host=check_feature,
    at_source=True,
    reads=(HOST_VMOTION,),
    source="vSphere API 8.0: HostCapability.vmotionSupported, MigrationFeatureNotSupported, VMotionNotSupported",
    remedy="choose a host that has the feature, or move the VM while it is off",
)
SUSPENDED = Check(
    id="host.suspended-relocate",
    severity=Severity.BLOCKER,
    title="hosts that relocate a suspended VM",
    about=About.HOSTS,
    on_pair=check_suspended,
    concerns=is_suspended,
    reads=("runtime.powerState", HOST_SUSPENDED),
    source="vSphere API 8.0: SuspendedRelocateNotSupported, HostCapability.suspendedRelocateSupported",
    remedy="resume the VM or power it off, and move it then",
)
FAILOVER = Check(
    id="host.failover",
    severity=Severity.BLOCKER,
    title="a destination that is no dedicated failover host",
    about=About.DESTINATION,
    on_host=check_failover,
    reads=(HOST_PARENT, CLUSTER_HA),
    source="vSphere API 8.0: DisallowedOperationOnFailoverHost, ClusterFailoverHostAdmissionControlPolicy",
    remedy="choose a host that is not reserved for failover",
)
VERSION = Check(
    id="host.version",
    severity=Severity.WARNING,
    title="a destination of the source's ESXi release or a newer one",
    about=About.DESTINATION,
    on_route=check_version,
    reads=(HOST_VERSION,),
    source="vCenter Server and Host Management 8.0, Migration with vMotion in mixed environments",
    remedy="update the destination, or choose a host of the same release",
)
LICENSE = Check(
    id="host.license",
    severity=Severity.BLOCKER,
    title="a vMotion licence on both hosts",
    about=About.HOSTS,
    source="vSphere API 8.0: VMotionNotLicensed",
    remedy="license both hosts for vMotion",
)

CHECKS = (
    CONNECTION,
    POWER,
    MAINTENANCE,
    ENTERING_MAINTENANCE,
    QUARANTINE,
    REBOOT,
    FEATURE,
    SUSPENDED,
    FAILOVER,
    VERSION,
    LICENSE,
)
