"""What the lines of vmware.log, hostd and vpxa say of a migration; most of them carry no migration ID.

Rules of this file: forms that published logs show, sourced line by line below. What a line without an ID belongs to is
for `gather.py` to say, by the lines around it. Expressions have bounded repeats.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from vsphere_motion.motionlog.ids import from_mid
from vsphere_motion.motionlog.vmkernel import normal_address

SOURCE, DESTINATION = "source", "destination"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """vmware.log announces a migration: a spec, a request or its settings (ESXi 8: `Receiving Migrate...` follows)."""

    migration_id: str
    side: str | None
    source_ip: str | None
    destination_ip: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoring:
    """The destination's vmware.log opens the stream (KB 436882)."""

    migration_id: str
    source_ip: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StunBegins:
    """`Migrate: VM starting stun`: of a vMotion, or of a hot-add (KB 432796)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unstunned:
    """`Checkpoint_Unstun: vm stopped for N us`: of a vMotion, a snapshot or a hot-add."""

    stopped_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """vmware.log is done with the migration, well or not (KB 320352)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecopyStun:
    """hostd's measure of the standstill with which the pre-copy begins (verbose level)."""

    stopped_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidFailure:
    """A line of vmware.log or hostd that says that the migration failed."""

    text: str
    code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChanged:
    """The sending process goes on to another state (KB 1010634): 2 is the pre-copy."""

    state: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreBegins:
    """The destination has all pages and restores the checkpoint (KB 320352)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrelated:
    """A line that starts a standstill which is no migration's: a snapshot's, for one."""


Said: TypeAlias = Announced | Restoring | StunBegins | Unstunned | Finished | PrecopyStun | SaidFailure | Unrelated

_IP = r"<?(?:([0-9A-Fa-f.:%]{2,64})(?=[>\s,])|[^\s,>]{0,64})>?"
_SPEC = re.compile(r"MigrateVMXdrToSpec: ", re.ASCII)
_SET_INFO = re.compile(r"MigrateSetInfo: (?:state=(?:MIGRATE_(TO|FROM)_\w{1,40}|(\d{1,3})))?", re.ASCII)
_REQUEST = re.compile(
    r"Received migrate '(to|from)' request for mid id (\d{13,19})(?!\d)"
    r"(?:, src ip " + _IP + r")?(?:, dst ip " + _IP + r")?",
    re.ASCII,
)
_RESTORING = re.compile(r"Restoring from " + _IP + r" with migration id (\d{13,19})(?!\d)", re.ASCII)
_MID = re.compile(r"\bmid=([0-9a-fA-F]{8,19})(?![0-9A-Za-z])", re.ASCII)
_SOURCE_IP = re.compile(r"\bsrcIp=" + _IP, re.ASCII)
_DESTINATION_IP = re.compile(r"\bdstIp=" + _IP, re.ASCII)
_UNSTUN = re.compile(r"Checkpoint_Unstun: vm stopped for (\d{1,15}) us", re.ASCII)
_PRECOPY_STUN = re.compile(r"precopyStunTime to (\d{1,15})", re.ASCII)
_SET_FAILURE = re.compile(r"Migrate_SetFailure: (.{1,2000})", re.ASCII)
_MESSAGE = re.compile(
    r"\[((?:msg\.(?:checkpoint|migrate|moduletable|vmotion|cpt|svmotion)|vob\.vmotion)\.[A-Za-z0-9_.]{1,100})\]"
    r" ?(.{0,2000})",
    re.ASCII,
)
_HOSTD_KEY = re.compile(r"key = \"(msg\.(?:checkpoint|migrate|vmotion|svmotion)\.[A-Za-z0-9_.]{1,100})\"", re.ASCII)
_HOSTD_FAULT = re.compile(
    r"(?:ResolveCb: Failed with fault: |Throw )(\(?vmodl?\.fault\.\w{1,64}\)?|\(?vim\.fault\.\w{1,64}\)?)"
)
_HOSTD_FAILED = re.compile(
    r"VMotion[A-Za-z]{1,40} \(\d{13,19}\)[^:]{0,200}[:\]] ?(?:\w{1,40}: )?(Failed .{1,2000})", re.ASCII
)
_CODE = re.compile(r"\b0x0?bad[0-9a-f]{4}\b", re.ASCII | re.IGNORECASE)
_STATE = re.compile(r"MigrateSetState: Transitioning from state .{1,60}? to (?:\w{1,60} \()?(\d{1,2})\)?\.", re.ASCII)
_RESTORE = "Migrate: Remote Log: Beginning checkpoint restore"
_TO_STATES = range(1, 7)
"""States of a VMX that sends: numbers differ by version, but all up to 6 are the sender's (KB 1010634, KB 435078)."""


_WORDS = (
    "igrat",
    "VMotion",
    "Checkpoint_",
    "precopyStunTime",
    "VM starting stun",
    "SnapshotVMX",
    "[msg.",
    "[vob.",
    "fault.",
    'key = "msg.',
    "Restoring from",
)
"""Words of which every form below has one: looking for them is far cheaper than for the forms."""


def read_said(text: str) -> Said | None:
    """What a line of vmware.log, hostd or vpxa says; None if it says nothing of a migration."""
    for word in _WORDS:
        if word in text:
            return _announced(text) or _standstill(text) or _failed(text)
    return None


def read_progress(text: str) -> StateChanged | StunBegins | RestoreBegins | None:
    """How far a line of the sender's vmware.log shows a migration to be; None if it does not say."""
    if "VM starting stun" in text:
        return StunBegins()
    if _RESTORE in text:
        return RestoreBegins()
    found = _STATE.search(text)
    return StateChanged(state=int(found[1])) if found else None


def _announced(text: str) -> Said | None:
    request = _REQUEST.search(text)
    if request:
        return Announced(
            migration_id=str(int(request[2])),
            side=SOURCE if request[1] == "to" else DESTINATION,
            source_ip=_address(request[3]),
            destination_ip=_address(request[4]),
        )
    restoring = _RESTORING.search(text)
    if restoring:
        return Restoring(migration_id=str(int(restoring[2])), source_ip=_address(restoring[1]))
    return _spec(text)


def _spec(text: str) -> Announced | None:
    is_spec, info = _SPEC.search(text), _SET_INFO.search(text)
    mid = _MID.search(text)
    if not mid or not (is_spec or info):
        return None
    migration_id = from_mid(mid[1], hexadecimal=bool(is_spec))
    if migration_id is None:
        return None
    source, destination = _SOURCE_IP.search(text), _DESTINATION_IP.search(text)
    return Announced(
        migration_id=migration_id,
        side=SOURCE if is_spec else _side_of_state(info),
        source_ip=_address(source[1]) if source else None,
        destination_ip=_address(destination[1]) if destination else None,
    )


def _side_of_state(info: re.Match[str] | None) -> str | None:
    if info is None or (info[1] is None and info[2] in {None, "0"}):
        return None
    is_sending = info[1] == "TO" if info[1] else int(info[2]) in _TO_STATES
    return SOURCE if is_sending else DESTINATION


def _standstill(text: str) -> Said | None:
    unstun = _UNSTUN.search(text)
    if unstun:
        return Unstunned(stopped_s=int(unstun[1]) / 1e6)
    stun = _PRECOPY_STUN.search(text)
    if stun:
        return PrecopyStun(stopped_s=int(stun[1]) / 1e6)
    if "VM starting stun" in text:
        return StunBegins()
    if "MigrateSetStateFinished" in text or "Migrate: cleaning up migration state" in text:
        return Finished()
    return Unrelated() if "SnapshotVMX" in text or "Checkpoint_Stun" in text else None


def _failed(text: str) -> SaidFailure | None:
    found = _SET_FAILURE.search(text)
    if found:
        return _failure(found[1], text)
    found = _MESSAGE.search(text)
    if found:
        return _failure(found[0], text)
    found = _HOSTD_FAULT.search(text) if "fault." in text else None
    if found:
        return _failure(found[0], text)
    found = _HOSTD_KEY.search(text) or (_HOSTD_FAILED.search(text) if "VMotion" in text else None)
    return _failure(found[1], text) if found else None


def _failure(words: str, text: str) -> SaidFailure:
    code = _CODE.search(text)
    return SaidFailure(text=words.strip(), code=code[0] if code else None)


def _address(printed: str | None) -> str | None:
    return normal_address(printed) if printed else None
