"""Whether the VM is within what the destination lets a VM have, as the host's configuration options tell.

Rules of this file: the limits are part of the surroundings, because each host is asked for them; a host that was not
asked, and one that tells no limit (0), has nothing to compare with.
"""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import PowerState
from vsphere_motion.preflight.check import Check
from vsphere_motion.preflight.subject import Subject, VmSubject

VM_DEVICES = "config.hardware.device"
VM_CORES = "config.hardware.numCoresPerSocket"
OPTION_VIDEO = "hardwareOptions.virtualDeviceOption.videoRamSizeInKB"
OPTION_CORES = "hardwareOptions.numCoresPerSocket"

KIB = 1024


def was_asked(subject: VmSubject) -> bool:
    """Whether any host was asked for its limits."""
    return subject.site.surroundings.vm_limits != ()


def check_video(subject: Subject) -> Iterator[Finding]:
    """The video memory of a VM that runs or is suspended; one that is off gets what its next host gives."""
    limits, host = subject.site.vm_limits.get(subject.destination.ref), subject.destination
    if subject.vm.power_state is PowerState.OFF:
        return
    if subject.site.surroundings.vm_limits is None or (limits is not None and limits.max_video_bytes is None):
        yield VIDEO.unknown(host.named, OPTION_VIDEO)
    elif limits is not None and limits.max_video_bytes:
        yield from _video(subject, limits.max_video_bytes)


def _video(subject: Subject, most_bytes: int) -> Iterator[Finding]:
    if subject.vm.devices is None:
        yield VIDEO.unknown(subject.named_vm, VM_DEVICES)
    for card in subject.of_vm.video_cards:
        if card.video_bytes is not None and card.video_bytes > most_bytes:
            message = (
                f"{card.label} of {subject.vm.name} has {card.video_bytes // KIB} KiB of memory, "
                f"{subject.destination.name} allows {most_bytes // KIB} KiB"
            )
            yield VIDEO.found(
                subject.named_vm, message, device=card.label, video_bytes=card.video_bytes, max_bytes=most_bytes
            )


def check_cores(subject: Subject) -> Iterator[Finding]:
    """The VM's cores a socket, whether it runs or not: the topology is part of the VM."""
    limits, vm, host = subject.site.vm_limits.get(subject.destination.ref), subject.vm, subject.destination
    if subject.site.surroundings.vm_limits is None or (limits is not None and limits.max_cores_per_socket is None):
        yield CORES.unknown(host.named, OPTION_CORES)
    elif limits is not None and limits.max_cores_per_socket:
        most = limits.max_cores_per_socket
        if vm.cores_per_socket is None:
            yield CORES.unknown(subject.named_vm, VM_CORES)
        elif vm.cores_per_socket > most:
            message = f"{vm.name} has {vm.cores_per_socket} cores a socket, {host.name} supports up to {most}"
            yield CORES.found(subject.named_vm, message, cores_per_socket=vm.cores_per_socket, max_cores=most)


VIDEO = Check(
    id="limits.video-memory",
    severity=Severity.BLOCKER,
    title="no more video memory than the destination allows",
    on_pair=check_video,
    concerns=was_asked,
    reads=(VM_DEVICES, OPTION_VIDEO),
    source="vSphere API 8.0: IncompatibleDefaultDevice, VirtualVideoCardOption.videoRamSizeInKB",
    remedy="choose another host, or power the VM off and give its video card less memory",
)
CORES = Check(
    id="limits.cores-per-socket",
    severity=Severity.BLOCKER,
    title="no more cores a socket than the destination supports",
    on_pair=check_cores,
    concerns=was_asked,
    reads=(VM_CORES, OPTION_CORES),
    source="vSphere API 8.0: NumVirtualCoresPerSocketNotSupported, VirtualHardwareOption.numCoresPerSocket",
    remedy="choose a newer host, or power the VM off and give it fewer cores a socket",
)

CHECKS = (VIDEO, CORES)
