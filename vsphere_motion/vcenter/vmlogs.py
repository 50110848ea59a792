"""A VM's own logs, vmware.log and the newest of its elder brothers, from the directory vCenter names.

Rules of this file: what cannot be read is a note, not an error; only an ended session is raised. The directory is the
one that vCenter gives, never one made of the VM's name: on vSAN it is called by a UUID.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from vsphere_motion.errors import MotionError, SessionEnded
from vsphere_motion.model.record import LogLine
from vsphere_motion.model.refs import MoRef
from vsphere_motion.motionlog.prefix import LINE_CAP, time_of
from vsphere_motion.vcenter.collector import read_objects
from vsphere_motion.vcenter.download import download_file
from vsphere_motion.vcenter.hostlogs import LogTail

if TYPE_CHECKING:
    from vsphere_motion.vcenter.deadline import Deadline
    from vsphere_motion.vcenter.session import Session

MAX_FILES = 3
"""vmware.log, and the two before it: a migration begins a new one on both sides."""

MAX_BYTES = 4 * 1024 * 1024
"""How much of each is read; one that is rotated by size is smaller."""

FILE_LIMIT_S = 10.0
"""How long one file is waited for."""

MAX_DEPTH = 16
"""Folders between a VM and its datacenter that are climbed at most."""

_NAME = re.compile(r".*/(vmware(?:-(\d{1,6}))?\.log)", re.DOTALL)


def read_vm_logs(session: Session, vm: MoRef, *, deadline: Deadline) -> LogTail:
    """The lines of the VM's newest logs; the `log` of each is its file's name without `.log`, its host is empty.

    Calls: RetrievePropertiesEx, and one GET for each file.
    Needs: System.Read, Datastore.Browse.

    Raises:
        SessionEnded: vCenter no longer knows the session.
    """
    try:
        paths = _newest(_log_files(session, vm))
        datacenter = _datacenter_of(session, vm)
        if not paths or datacenter is None:
            return LogTail(notes=("vCenter names no log of the VM's own",))
        return LogTail(lines=tuple(line for path in paths for line in _lines(session, path, datacenter, deadline)))
    except SessionEnded:
        raise
    except MotionError as error:
        return LogTail(notes=(error.message,))


def _log_files(session: Session, vm: MoRef) -> list[str]:
    """Those of the layout; without any, vmware.log of the log directory, or of the one the VM's file is in."""
    found = read_objects(session, [vm], ["config.files.logDirectory", "config.files.vmPathName", "layoutEx.file"])
    reading = found.get(vm)
    if reading is None:
        return []
    files: list[Any] = reading.get("layoutEx.file") or []
    named = [file.name for file in files if file.type == "log"]
    if named:
        return named
    directory = reading.get("config.files.logDirectory")
    if not directory:
        directory = (reading.get("config.files.vmPathName") or "").rpartition("/")[0]
    return [f"{directory.rstrip('/')}/vmware.log"] if directory else []


def _newest(paths: list[str]) -> list[str]:
    """vmware.log first, then by falling number."""
    numbered = [(found[2], path) for path in paths if (found := _NAME.fullmatch(path))]
    ordered = sorted(numbered, key=lambda pair: int(pair[0]) if pair[0] else 10**9, reverse=True)
    return [path for _, path in ordered[:MAX_FILES]]


def _lines(session: Session, path: str, datacenter: str, deadline: Deadline) -> list[LogLine]:
    in_time = deadline.within(FILE_LIMIT_S)
    text = download_file(session, path, datacenter=datacenter, deadline=in_time, limit_bytes=MAX_BYTES)
    name = path.rpartition("/")[2].removesuffix(".log")
    whole = text.decode("utf-8", errors="replace").splitlines()
    return [
        LogLine(host="", log=name, number=number, at=time_of(line), text=line[:LINE_CAP])
        for number, line in enumerate(whole, 1)
    ]


def _datacenter_of(session: Session, vm: MoRef) -> str | None:
    """Inventory path of the datacenter the VM is in; its folders' names are escaped as the inventory has them."""
    names: list[str] = []
    ref = vm
    for _ in range(MAX_DEPTH):
        paths = ["name", "parent", "parentVApp"] if ref.kind == vm.kind else ["name", "parent"]
        reading = read_objects(session, [ref], paths).get(ref)
        if reading is None:
            return None
        if ref.kind == "Datacenter" or names:
            names.insert(0, str(reading.get("name")))
        above = reading.ref_at("parent") or reading.ref_at("parentVApp")
        if above is None:
            return "/".join(names[1:]) or None
        ref = above
    return None
