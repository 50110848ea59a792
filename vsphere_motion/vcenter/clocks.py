"""How far the hosts' clocks are off vCenter's."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from vsphere_motion.errors import CallTimeout, PermissionMissing, ProtocolError, VCenterFault
from vsphere_motion.model.refs import MoRef
from vsphere_motion.preflight.surroundings import ClockReading
from vsphere_motion.vcenter.collector import managed_object, read_objects
from vsphere_motion.vcenter.faults import translated

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

CALL_TIMEOUT_S = 10.0
"""For one host; a host that takes longer to tell the time has no reading."""

_SYSTEM = "configManager.dateTimeSystem"
_ABSENT = {"ManagedObjectNotFound", "MethodNotFound", "NotImplemented", "NotSupported"}
_NO_ANSWER = (CallTimeout, PermissionMissing, ProtocolError, VCenterFault)
_log = logging.getLogger(__name__)


def read_clocks(session: Session, hosts: Sequence[MoRef]) -> tuple[ClockReading, ...]:
    """One reading for each host that can tell the time; a host that would not, or was late, has None.

    A reading is good to half of what the call took.

    Calls: CurrentTime, RetrievePropertiesEx, QueryDateTime (one for each host).
    Needs: System.Read.

    Raises:
        SessionEnded, Unreachable: vCenter is away.
    """
    if not hosts:
        return ()
    systems = read_objects(session, hosts, [_SYSTEM])
    asked_s = time.monotonic()
    theirs = session.now()
    offset = theirs - _at(asked_s, time.monotonic())
    return tuple(
        reading
        for host, found in systems.items()
        if (system := found.ref_at(_SYSTEM)) and (reading := _read(session, host, system, offset))
    )


def _read(session: Session, host: MoRef, system: MoRef, offset: timedelta) -> ClockReading | None:
    asked_s = time.monotonic()
    try:
        with session.deadline(CALL_TIMEOUT_S), translated(f"read the clock of {host}"):
            now = managed_object(session, system).QueryDateTime()
    except _NO_ANSWER as error:
        _log.info("%s", error)
        is_absent = isinstance(error, VCenterFault) and error.fault_kind in _ABSENT
        return None if is_absent else ClockReading(host=host, ahead_s=None)
    vcenter_now = _at(asked_s, time.monotonic()) + offset
    return ClockReading(host=host, ahead_s=(now.astimezone(UTC) - vcenter_now).total_seconds())


def _at(asked_s: float, answered_s: float) -> datetime:
    """The middle of a call on this machine's steady clock, which counts from no date in particular."""
    return datetime.fromtimestamp((asked_s + answered_s) / 2, tz=UTC)
