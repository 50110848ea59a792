"""The lines of a migration as files, one for each log of each host, which `logs --from-file` reads again."""

from __future__ import annotations

import os
import re
from itertools import groupby
from pathlib import Path

from vsphere_motion.errors import BadInput
from vsphere_motion.model.record import MotionRecord
from vsphere_motion.motionlog.belonging import VMWARE
from vsphere_motion.private import make_private_directory, open_private_file

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]|^\.+")


def save_lines(directory: Path, motion: MotionRecord, *, vm_name: str | None = None) -> list[Path]:
    """Write a migration's lines below a directory, as `ID/HOST/LOG.log`; what is there already is replaced.

    Names of hosts come from vCenter, so characters that have a meaning in paths become `_`.

    Args:
        vm_name: the VM's; its own logs go to `ID/HOST/VM/vmware.log`, for that is where the name is read from again.

    Raises:
        BadInput: a file cannot be written.
    """
    lines = sorted(motion.lines, key=lambda line: (line.host, line.log, line.number))
    written: list[Path] = []
    for (host, log), group in groupby(lines, key=lambda line: (line.host, line.log)):
        place = directory / _name(motion.migration_id) / _name(host)
        path = (place / _name(vm_name or "vm") if log.startswith(VMWARE) else place) / f"{_name(log)}.log"
        _write(path, "".join(f"{line.text}\n" for line in group))
        written.append(path)
    return written


def _name(text: str) -> str:
    return _UNSAFE.sub("_", text)[:200] or "_"


def _write(path: Path, text: str) -> None:
    try:
        make_private_directory(path.parent)
        descriptor = open_private_file(path)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="") as file:
            file.truncate()
            file.write(text)
    except OSError as problem:
        raise BadInput(
            f"{path} cannot be written: {problem.strerror}", hint="give a directory of your own with --save"
        ) from problem
