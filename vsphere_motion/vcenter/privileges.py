"""Which of the privileges that something needs the account does not have, object by object.

Rule of this file: the server is asked about its own session, so inherited, group and global permissions all count.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vsphere_motion.errors import CallTimeout, PermissionMissing, ProtocolError, VCenterFault
from vsphere_motion.model.refs import MoRef
from vsphere_motion.vcenter.collector import PAGE_SIZE, from_the_start, managed_object, read_objects, ref_of
from vsphere_motion.vcenter.faults import translated

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

_NO_ANSWER = (CallTimeout, PermissionMissing, ProtocolError, VCenterFault)
_log = logging.getLogger(__name__)


def read_missing(session: Session, wanted: Mapping[MoRef, Sequence[str]]) -> dict[MoRef, tuple[str, ...] | None]:
    """Of the privileges wanted on each object those that the account lacks there; None where it could not be asked.

    One call for all objects of which the same is wanted, so the calls do not grow with the site.

    Calls: RetrievePropertiesEx, HasPrivilegeOnEntities.
    Needs: System.View.

    Raises:
        SessionEnded, Unreachable: vCenter is away.
    """
    return from_the_start(session, lambda: _read_missing(session, wanted))


def _read_missing(session: Session, wanted: Mapping[MoRef, Sequence[str]]) -> dict[MoRef, tuple[str, ...] | None]:
    """The answers of one session: its key is part of each question, so a new session is asked from the start."""
    together: dict[tuple[str, ...], list[MoRef]] = {}
    for ref, privileges in wanted.items():
        together.setdefault(tuple(privileges), []).append(ref)
    missing: dict[MoRef, tuple[str, ...] | None] = dict.fromkeys(wanted)
    key = _session_key(session) if wanted else None
    if key is None:
        return missing
    for privileges, refs in together.items():
        for start in range(0, len(refs), PAGE_SIZE):
            missing |= _ask(session, key, refs[start : start + PAGE_SIZE], privileges)
    return missing


def _session_key(session: Session) -> str | None:
    content: Any = session.content
    manager = ref_of(content.sessionManager)
    reading = read_objects(session, [manager], ["currentSession.key"]).get(manager)
    return None if reading is None else reading.get("currentSession.key")


def _ask(
    session: Session, key: str, refs: Sequence[MoRef], privileges: Sequence[str]
) -> dict[MoRef, tuple[str, ...] | None]:
    content: Any = session.content
    entities = [managed_object(session, ref) for ref in refs]
    try:
        with translated(f"ask for the privileges of {session.user}"):
            answers = content.authorizationManager.HasPrivilegeOnEntities(entities, key, list(privileges))
    except _NO_ANSWER as error:
        _log.info("the privileges of %s are not known: %s", session.user, error)
        return {}
    return {ref_of(answer.entity): _denied(answer, privileges) for answer in answers}


def _denied(answer: Any, privileges: Sequence[str]) -> tuple[str, ...]:
    """What is not granted; a privilege that the answer leaves out is not granted either."""
    granted = {one.privId for one in answer.privAvailability or () if one.isGranted}
    return tuple(privilege for privilege in privileges if privilege not in granted)
