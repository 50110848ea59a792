"""Files and directories that their owner alone can read, whatever the umask says."""

from __future__ import annotations

import os
import stat
from pathlib import Path

DIRECTORY_MODE = 0o700
FILE_MODE = 0o600
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_private_directory(path: Path) -> None:
    """Make a directory and what is missing above it, each with mode 0700; one that is there is left as it is.

    Raises:
        OSError: it cannot be made.
    """
    if path.is_dir():
        return
    if path.parent != path:
        make_private_directory(path.parent)
    path.mkdir(mode=DIRECTORY_MODE, exist_ok=True)


def open_private_file(path: Path) -> int:
    """A descriptor of a file with mode 0600, which is made if it is not there. The caller closes it.

    Raises:
        OSError: it cannot be opened for reading and writing, or is a symbolic link.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE)
    if os.fstat(descriptor).st_mode & _OTHERS:
        os.fchmod(descriptor, FILE_MODE)
    return descriptor
