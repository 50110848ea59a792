"""What hosts let a virtual machine have at most, as their configuration options tell."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from vsphere_motion.errors import CallTimeout, PermissionMissing, ProtocolError, VCenterFault
from vsphere_motion.model.inventory import Host
from vsphere_motion.model.refs import MoRef
from vsphere_motion.preflight.surroundings import VmLimits
from vsphere_motion.vcenter.collector import managed_object, plain, read_objects
from vsphere_motion.vcenter.faults import translated

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

CALL_TIMEOUT_S = 20.0
"""For one host; the answer is the longest of all that this program asks for."""

_BROWSER = "environmentBrowser"
_GUEST = "otherGuest64"
"""An answer has every guest system that there is, unless it is asked for one."""

_ABSENT = {"MethodNotFound", "NotImplemented", "NotSupported"}
_NO_ANSWER = (CallTimeout, PermissionMissing, ProtocolError, VCenterFault)
_KIB = 1024
_log = logging.getLogger(__name__)


def read_vm_limits(session: Session, hosts: Sequence[Host]) -> tuple[VmLimits, ...]:
    """The limits of each of these hosts, for VMs of its newest virtual hardware; None where it would not say.

    A vCenter that does not have the call says nothing of its hosts.

    Calls: RetrievePropertiesEx, QueryConfigOptionEx (one for each host).
    Needs: System.View, System.Read.

    Raises:
        SessionEnded, Unreachable: vCenter is away.
    """
    if not hosts:
        return ()
    owners = sorted({host.compute_resource for host in hosts if host.compute_resource is not None})
    found = read_objects(session, owners, [_BROWSER]) if owners else {}
    browsers = {owner: one.ref_at(_BROWSER) for owner, one in found.items()}
    readings = (
        _read(session, host.ref, browsers.get(host.compute_resource) if host.compute_resource else None)
        for host in hosts
    )
    return tuple(reading for reading in readings if reading is not None)


def _read(session: Session, host: MoRef, browser: MoRef | None) -> VmLimits | None:
    unread = VmLimits(host=host, max_video_bytes=None, max_cores_per_socket=None)
    if browser is None:
        return unread
    spec = vim.EnvironmentBrowser.ConfigOptionQuerySpec(host=managed_object(session, host), guestId=[_GUEST])
    try:
        with session.deadline(CALL_TIMEOUT_S), translated(f"read the configuration options of {host}"):
            option = managed_object(session, browser).QueryConfigOptionEx(spec)
    except _NO_ANSWER as error:
        _log.info("%s", error)
        is_absent = isinstance(error, VCenterFault) and error.fault_kind in _ABSENT
        return None if is_absent else unread
    return limits_from(host, option)


def limits_from(host: MoRef, option: Any) -> VmLimits:
    """The limits in a host's configuration options; 0 where they tell none."""
    hardware = option.hardwareOptions if option is not None else None
    if hardware is None:
        return VmLimits(host=host, max_video_bytes=0, max_cores_per_socket=0)
    cards = [one for one in hardware.virtualDeviceOption or () if isinstance(one, vim.vm.device.VirtualVideoCardOption)]
    sizes = [plain(card.videoRamSizeInKB.max) for card in cards if card.videoRamSizeInKB is not None]
    cores = hardware.numCoresPerSocket
    return VmLimits(
        host=host,
        max_video_bytes=max(sizes, default=0) * _KIB,
        max_cores_per_socket=0 if cores is None else plain(cores.max),
    )
