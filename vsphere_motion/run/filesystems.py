"""Which kind of file system a path lies on: on one that other machines share, SQLite must not use WAL.

Source: sqlite.org/wal.html, "all processes using a database must be on the same host computer; WAL does not work over
a network filesystem".
"""

from __future__ import annotations

import re
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
"""The mounts this process sees (Linux, proc(5)); where there is no such file nothing is known."""

NETWORK_TYPES = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "afs", "ceph", "coda", "gfs2", "glusterfs", "gpfs"),
        *("lustre", "ncpfs", "ocfs2", "orangefs", "beegfs", "vboxsf", "vmhgfs", "prl_fs", "davfs", "sshfs", "s3fs"),
    }
)
_FUSE = ("fuse.", "fuseblk.")
_ESCAPE = re.compile(r"\\([0-7]{3})")


def find_type(path: Path, mounts: Path = MOUNTS) -> str | None:
    """The type of the file system that holds a path, such as `ext4` or `nfs4`; None if it cannot be told."""
    try:
        text = mounts.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    return type_in(text, path.resolve())


def type_in(mountinfo: str, path: Path) -> str | None:
    """The type of the mount with the longest mount point above a path; of equals the last one, which covers them."""
    best: tuple[int, str] | None = None
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        words, kind = before.split(), after.split(" ", 1)[0]
        if len(words) < 5 or not kind:
            continue
        point = Path(_ESCAPE.sub(lambda match: chr(int(match[1], 8)), words[4]))
        if path.is_relative_to(point) and (best is None or len(point.parts) >= best[0]):
            best = (len(point.parts), kind)
    return best[1] if best else None


def is_shared(kind: str | None) -> bool:
    """Whether other machines may have the same file system; one of unknown type counts as this machine's own."""
    if kind is None:
        return False
    name = kind.lower()
    for prefix in _FUSE:
        name = name.removeprefix(prefix)
    return name in NETWORK_TYPES
