"""What other known lines about a migration say: states of the VMX, replication, copies of files, tasks of a host.

Rules of this file: one row a form, with the words for people and what is captured; none decides what a migration's
record says. A VMX state is told by the name that is printed; a number alone stays a number, for numbers differ by
version (KB 1010634, KB 435078). Nothing matches on a source line number; repeats are bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A known line.

    Args:
        key: which form, such as `vmx-state`.
        words: what it says, for people.
        values: what the line names, by name; what it leaves out is left out.
    """

    key: str
    words: str
    values: tuple[tuple[str, str], ...] = ()


_STATE = r"(?:(?P<{0}>[A-Z_]{{3,64}}) \((?P<{0}_number>\d{{1,3}})\)|(?P<{0}_bare>\d{{1,3}}))"
_FORMS: tuple[tuple[str, str, str, str], ...] = (
    (
        "vmx-state",
        "the VMX changes its state",
        "MigrateSetState",
        r"MigrateSetState: Transitioning from state " + _STATE.format("before") + " to " + _STATE.format("after"),
    ),
    (
        "vmx-finished",
        "the VMX is done",
        "MigrateSetStateFinished",
        r"MigrateSetStateFinished: type=(?P<type>\d{1,3}) new state=(?P<after>\w{1,64})",
    ),
    (
        "vmx-request",
        "the VMX is asked to prepare",
        "VigorTransport",
        r"Receiving Migrate\.(?P<request>\w{1,64}) request",
    ),
    (
        "switchover-limit",
        "the switch-over took too long",
        "aximum switchover time",
        r"FSR: \d{1,7}: (?P<id>\d{13,19}) (?P<side>[SD]): .{0,60}aximum switchover time"
        r"(?: \((?P<bracketed_s>\d{1,6}) seconds\)| of (?P<limit_s>\d{1,6}) second)",
    ),
    (
        "replication",
        "a replicated VM is being migrated",
        "Hbr: ",
        r"Migration start received \(worldID=(?P<world>\w{0,20})\) \(migrateType=(?P<type>\d{1,3})\)",
    ),
    (
        "file-copy-failed",
        "the other host cannot be reached for files",
        "NFC ERROR",
        r"Failed to connect to server (?P<address>[0-9A-Za-z.:\-]{1,255}?):(?P<port>\d{1,5})(?!\d)",
    ),
    (
        "file-copy-failed",
        "the other host cannot be reached for files",
        "fc",
        r"(?P<function>NfcEstablishAuthCnxToServer|Nfc_BindAndEstablishAuthdCnx3|NfcNewAuthdConnectionEx)",
    ),
    (
        "host-task",
        "the host's own task of the migration",
        "TaskInfoChannel",
        r"\[TaskInfoChannel::GetTaskInfo\] task: (?P<task>haTask-[\w.\-]{1,200})",
    ),
    ("host-log-id", "the VM's host log names the migration", "MigID:", r"MigID: ?(?P<id>\d{13,19})"),
    (
        "vm-state",
        "hostd changes the VM's state",
        "State Transition",
        r"State Transition \((?P<before>VM_STATE_\w{1,40}) -> (?P<after>VM_STATE_\w{1,40})\)",
    ),
    (
        "objects-check",
        "vSAN objects are checked",
        "all objects accessibility",
        r"Checking for all objects accessibility",
    ),
    (
        "unregister",
        "the source hears whether to unregister",
        "needsUnregister",
        r"needsUnregister = (?P<answer>true|false)",
    ),
    (
        "maintenance",
        "a host is in maintenance mode",
        "is in maintenance mode",
        r"Host (?P<host>\S{1,255}) is in maintenance mode",
    ),
    (
        "waited-for-destination",
        "the source waited for the destination",
        "Remote Log",
        r"Remote Log: Destination waited for (?P<waited_s>\d{1,6}(?:\.\d{1,6})?) seconds",
    ),
    ("destination-said", "the destination says", "Remote Log", r"Remote Log: (?P<text>.{1,500})"),
    (
        "host-log-written",
        "the VM's host log was written",
        "MigrateWriteHostLog",
        r"MigrateWriteHostLog: Writing to log file took (?P<took_us>\d{1,15}) us",
    ),
    ("stunned", "the VM stands still", "successfully stunned", r"VM successfully stunned"),
    (
        "checkpoint-restore",
        "the destination restores the VM",
        "Restoring checkpoint",
        r"(?:CPT|DUMPER): Restoring checkpoint",
    ),
    ("going-on", "the VM goes on at the source", "continue running on the source", r"Attempting to continue running"),
    (
        "error-list",
        "the errors of the migration follow",
        "migration error message list",
        r"Caching migration error message",
    ),
    (
        "log-rotated",
        "vmware.log is rotated",
        "new log file",
        r"Migrate_SetFailureMsgList: switching|Now in new log file",
    ),
    ("vgpu-restore", "the vGPU's state is restored", "vGPU state", r"Start restoring vGPU state"),
    ("vmx-ended", "the VMX has ended", "VMX has left", r"VMX has left the building: (?P<status>-?\d{1,10})"),
    (
        "keepalive-failed",
        "the hosts lost each other",
        "keepalive",
        r"vob\.vmotion\.stream\.keepalive\.read\.fail|failed to read stream keepalive",
    ),
    (
        "tcp-worker",
        "a world sends or receives for an address",
        "Affinitizing",
        r"Affinitizing (?P<address>[0-9A-Fa-f.:]{2,64}) to world (?P<world>\d{1,12})",
    ),
)
_COMPILED = tuple((key, words, cue, re.compile(form, re.ASCII)) for key, words, cue, form in _FORMS)


def read_remark(text: str) -> Remark | None:
    """What a line says; None if it is of none of these forms."""
    for key, words, cue, pattern in _COMPILED:
        found = pattern.search(text) if cue in text else None
        if found:
            values = tuple((name, value) for name, value in found.groupdict().items() if value is not None)
            return Remark(key=key, words=words, values=values)
    return None
