"""The VMkernel codes that failures of a migration carry, by number.

Rules of this file: decimal = 195887104 + n (0x0bad0000 + n); vCenter shows the decimal form, logs show `0xbad00e0` or
`bad0006`. Numbering moved once (ESX 4.x printed 0xbad0109 for the switch-over limit), so the text of a failure comes
first and the code second. Source: the table in Seagate's opensea-transport (`vm_nvme_lib.c`, 359 codes), of which
0x00e0 and 0x0006 agree with published logs (KB 308477).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_BASE = 0x0BAD0000
_CODE = re.compile(r"(?:0x)?0?bad([0-9a-f]{4})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class VmkCode:
    """A VMkernel code: `number` as vCenter shows it, its name and its message."""

    number: int
    name: str
    message: str


def _code(offset: int, name: str, message: str) -> VmkCode:
    return VmkCode(number=_BASE + offset, name=name, message=message)


CODES: tuple[VmkCode, ...] = (
    _code(0x0001, "VMK_FAILURE", "Failure"),
    _code(0x0003, "VMK_NOT_FOUND", "Not found"),
    _code(0x0004, "VMK_BUSY", "Busy"),
    _code(0x0006, "VMK_LIMIT_EXCEEDED", "Limit exceeded"),
    _code(0x0007, "VMK_BAD_PARAM", "Bad parameter"),
    _code(0x0014, "VMK_NO_MEMORY", "Out of memory"),
    _code(0x0020, "VMK_NOT_SUPPORTED", "Not supported"),
    _code(0x0021, "VMK_TIMEOUT", "Timeout"),
    _code(0x003F, "VMK_MIG_CONN_CLOSED", "Connection closed by remote host, possibly due to timeout"),
    _code(0x0040, "VMK_NO_CONNECT", "No connection"),
    _code(0x0047, "VMK_ENETDOWN", "Network is down"),
    _code(0x0048, "VMK_ENETUNREACH", "Network unreachable"),
    _code(0x0049, "VMK_ENETRESET", "Network dropped connection on reset"),
    _code(0x004A, "VMK_ECONNABORTED", "Software caused connection abort"),
    _code(0x004B, "VMK_ECONNRESET", "Connection reset by peer"),
    _code(0x004F, "VMK_ECONNREFUSED", "Connection refused"),
    _code(0x0051, "VMK_EHOSTUNREACH", "No route to host"),
    _code(0x0076, "VMK_CPU_ADMIT_FAILED", "CPU admission check failed"),
    _code(0x0081, "VMK_MEM_ADMIT_FAILED", "Memory admission check failed"),
    _code(0x0082, "VMK_NO_SWAP_FILE", "No swap file"),
    _code(0x0092, "VMK_MIGRATE_VMX_FAILURE", "Migration determined a failure by the VMX"),
    _code(0x00A4, "VMK_MIGRATE_PREEMPTIVE_FAIL", "Failed to start for lack of CPU or memory resources"),
    _code(0x00D7, "VMK_NO_SPACE", "No space left on device"),
    _code(0x00E0, "VMK_ABORTED", "IO was aborted"),
    _code(0x0107, "VMK_MIGRATE_MAX_DOWNTIME_EXCEEDED", "Maximum switchover time exceeded"),
    _code(0x0109, "VMK_MIGRATE_PRECOPY_NO_FORWARD_PROGRESS", "Lack of pre-copy forward progress"),
    _code(0x010B, "VMK_VMOTION_CONNECT_FAILED", "The hosts failed to connect over the vMotion network"),
    _code(0x010C, "VMK_NO_MIGRATION_IN_PROGRESS", "No migration in progress"),
    _code(0x0121, "VMK_REMOTE_PAGE_FAULT_FAILURE", "Remote page fault failure"),
)

_BY_NUMBER = {code.number: code for code in CODES}


def find_code(printed: str | None) -> VmkCode | None:
    """The code a log (`0xbad00e0`, `bad0006`) or vCenter (`195887328`) prints; None if it is not in the table."""
    text = (printed or "").strip()
    hexadecimal = _CODE.fullmatch(text)
    if hexadecimal:
        return _BY_NUMBER.get(_BASE + int(hexadecimal[1], 16))
    return _BY_NUMBER.get(int(text)) if text.isascii() and text.isdecimal() and len(text) <= 10 else None
