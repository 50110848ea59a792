"""Whether the guest is ready for a moment of standstill: VMware Tools, heartbeat, latency, applications."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.preflight.check import Check
from vsphere_motion.preflight.subject import VmSubject

TOOLS_MOUNTED = "runtime.toolsInstallerMounted"
TOOLS_RUNNING = "guest.toolsRunningStatus"
HEARTBEAT_STATUS = "guestHeartbeatStatus"
LATENCY = "config.latencySensitivity.level"
NOTIFICATION_ON = "config.vmOpNotificationToAppEnabled"
NOTIFICATION_TIMEOUT = "config.vmOpNotificationTimeout"

DEMANDING = frozenset({"high", "medium"})
"""Levels of latency sensitivity that ask for more than the ordinary."""


def check_tools_installer(subject: VmSubject) -> Iterator[Finding]:
    """The installer's image lies on the host and is connected to the VM."""
    vm = subject.vm
    if vm.tools_installer_mounted is None:
        yield TOOLS_INSTALLER.unknown(subject.named_vm, TOOLS_MOUNTED)
    elif vm.tools_installer_mounted:
        message = f"the VMware Tools installer is mounted in {vm.name}"
        severity = Severity.BLOCKER if subject.is_live else Severity.WARNING
        yield TOOLS_INSTALLER.found(subject.named_vm, message, severity=severity, tools_installer_mounted=True)


def check_tools(subject: VmSubject) -> Iterator[Finding]:
    """Without VMware Tools the guest is told nothing, and its heartbeat cannot be compared afterwards."""
    vm = subject.vm
    if not subject.is_live:
        return
    if vm.tools_running is None:
        yield TOOLS.unknown(subject.named_vm, TOOLS_RUNNING)
    elif vm.tools_running == "guestToolsNotRunning":
        message = f"VMware Tools are not running in {vm.name}"
        yield TOOLS.found(subject.named_vm, message, tools_running=vm.tools_running)


def check_heartbeat(subject: VmSubject) -> Iterator[Finding]:
    """A guest whose heartbeat is late or gone may be hung already; grey means that there are no Tools to send one."""
    vm = subject.vm
    if not subject.is_live:
        return
    if vm.heartbeat is None:
        yield HEARTBEAT.unknown(subject.named_vm, HEARTBEAT_STATUS)
    elif vm.heartbeat in {"yellow", "red"}:
        yield HEARTBEAT.found(subject.named_vm, f"the heartbeat of {vm.name} is {vm.heartbeat}", heartbeat=vm.heartbeat)


def check_latency(subject: VmSubject) -> Iterator[Finding]:
    """A guest that wants low latency feels the switch-over and the slowdown before it."""
    vm = subject.vm
    if not subject.is_live:
        return
    if vm.latency_sensitivity is None:
        yield LATENCY_SENSITIVE.unknown(subject.named_vm, LATENCY)
    elif vm.latency_sensitivity in DEMANDING:
        message = f"the latency sensitivity of {vm.name} is {vm.latency_sensitivity}"
        yield LATENCY_SENSITIVE.found(subject.named_vm, message, latency_sensitivity=vm.latency_sensitivity)


def check_notification(subject: VmSubject) -> Iterator[Finding]:
    """Applications in the guest are told first, and may hold the move up as long as the timeout."""
    vm = subject.vm
    if not subject.is_live or vm.app_notification is False:
        return
    if vm.app_notification is None:
        yield NOTIFICATION.unknown(subject.named_vm, NOTIFICATION_ON)
    elif vm.app_notification_timeout_s is None:
        yield NOTIFICATION.unknown(subject.named_vm, NOTIFICATION_TIMEOUT)
    else:
        timeout_s = vm.app_notification_timeout_s
        message = f"applications in {vm.name} are told of the move and may hold it up for {timeout_s} s"
        yield NOTIFICATION.found(subject.named_vm, message, timeout_s=timeout_s)


TOOLS_INSTALLER = Check(
    id="guest.tools-installer",
    severity=Severity.BLOCKER,
    title="no VMware Tools installation under way",
    on_vm=check_tools_installer,
    reads=(TOOLS_MOUNTED,),
    source="vSphere API 8.0: ToolsInstallationInProgress, VirtualMachineRuntimeInfo.toolsInstallerMounted",
    remedy="finish the VMware Tools installation, or end it (Guest OS > Unmount VMware Tools Installer)",
)
TOOLS = Check(
    id="guest.tools",
    severity=Severity.INFO,
    title="VMware Tools that run",
    on_vm=check_tools,
    reads=(TOOLS_RUNNING,),
    source="vSphere API 8.0: GuestInfo.toolsRunningStatus",
    remedy="install or start VMware Tools, or look at the guest yourself after the move",
)
HEARTBEAT = Check(
    id="guest.heartbeat",
    severity=Severity.WARNING,
    title="a guest whose heartbeat is in time",
    on_vm=check_heartbeat,
    reads=(HEARTBEAT_STATUS,),
    source="vSphere API 8.0: NoGuestHeartbeat, VirtualMachine.guestHeartbeatStatus",
    remedy="look at the guest's console first: it may hang or be overloaded",
)
LATENCY_SENSITIVE = Check(
    id="guest.latency-sensitivity",
    severity=Severity.WARNING,
    title="a guest that bears a moment of standstill",
    on_vm=check_latency,
    reads=(LATENCY,),
    source="vSphere Resource Management 8.0, Latency Sensitivity",
    remedy="move it in a quiet hour and alone, or agree on the standstill with its owner",
)
NOTIFICATION = Check(
    id="guest.notification",
    severity=Severity.INFO,
    title="applications that need not be told of the move",
    on_vm=check_notification,
    reads=(NOTIFICATION_ON, NOTIFICATION_TIMEOUT),
    source="vCenter Server and Host Management 8.0, vSphere vMotion Notifications",
    remedy="allow for the timeout, or turn the notification off if no application in the guest uses it",
)

CHECKS = (TOOLS_INSTALLER, TOOLS, HEARTBEAT, LATENCY_SENSITIVE, NOTIFICATION)
