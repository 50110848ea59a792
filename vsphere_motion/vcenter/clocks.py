"""How far the hosts' clocks are off vCenter's."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
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

    Calls: CurrentTime (before and after), RetrievePropertiesEx, QueryDateTime (one for each host).
    Needs: System.Read.

    Raises:
        SessionEnded, Unreachable: vCenter is away.
    """
    if not hosts:
        return ()
    systems = read_objects(session, hosts, [_SYSTEM])
    first = _ask(session.now)
    answers = [
        (host, answer)
        for host, found in systems.items()
        if (system := found.ref_at(_SYSTEM)) and (answer := _ask_host(session, host, system))
    ]
    scale = _Scale(first, _ask(session.now))
    return tuple(ClockReading(host=host, ahead_s=scale.ahead_s(answer)) for host, answer in answers)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a clock said, and when that was on this machine's steady clock, in seconds from no date in particular."""

    at_s: float
    said: datetime | None


@dataclass(frozen=True, slots=True)
class _Scale:
    """vCenter's clock between two looks at it: it need not run as fast as ours, a simulated one may not."""

    first: _Answer
    last: _Answer

    def ahead_s(self, answer: _Answer) -> float | None:
        """How far a host's clock was ahead of vCenter's; None for one that would not tell."""
        if answer.said is None or self.first.said is None or self.last.said is None:
            return None
        passed, between_s = self.last.said - self.first.said, self.last.at_s - self.first.at_s
        share = (answer.at_s - self.first.at_s) / between_s if between_s > 0 else 0.0
        return (answer.said - self.first.said - passed * share).total_seconds()


def _ask(clock: Callable[[], datetime]) -> _Answer:
    asked_s = time.monotonic()
    said = clock().astimezone(UTC)
    return _Answer((asked_s + time.monotonic()) / 2, said)


def _ask_host(session: Session, host: MoRef, system: MoRef) -> _Answer | None:
    """What a host's clock says; None for a host that has none."""
    try:
        with session.deadline(CALL_TIMEOUT_S), translated(f"read the clock of {host}"):
            return _ask(managed_object(session, system).QueryDateTime)
    except _NO_ANSWER as error:
        _log.info("%s", error)
        is_absent = isinstance(error, VCenterFault) and error.fault_kind in _ABSENT
        return None if is_absent else _Answer(time.monotonic(), None)
